/* The middle of a run: which chains are open, farm them out, keep table and lock alive, judge.
 *
 * Rank 0 alone looks at files and decides; the others learn the job's text and the list of
 * chains from it.  While chains are computed the archive sees raw writes of whole chains by
 * whoever leads a team, and of the table of runs by rank 0; everything that opens, creates or
 * closes it lies before or after, where all ranks are together.
 */
#include "phasesweep/app/run.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/app/progress.h"
#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/extend.h"
#include "phasesweep/archive/resume.h"
#include "phasesweep/archive/side_files.h"
#include "phasesweep/base/files.h"
#include "phasesweep/base/text.h"
#include "phasesweep/base/wall_clock.h"
#include "phasesweep/engine/farm.h"
#include "phasesweep/method/method.h"
#include "data_survey.h"
#include "deadline.h"
#include "libraries.h"
#include "phasesweep/model/method_facts.h"
#include "run_start.h"
#include "run_words.h"
#include "phasesweep/study/refined.h"
#include "team_memory.h"

/* Share of a job's time that is left when chains begin. */
static const double started = 0.9;

typedef struct Run {
    const Job *job;
    Archive *archive;
    const char *path;   /* of the archive; borrowed */
    const char *id;     /* its random name; borrowed */
    Lock *lock;         /* held by rank 0, shared by the others; borrowed */
    double memory;      /* bytes a rank may use */
    FarmMaster master;  /* rank 0 */
    char *classes;      /* names of the classes of costs; owned, rank 0 only */
    PointWork *work;    /* of this rank */
    FileStamp *stamps;  /* [sweeps] of their files of data, as the run begins; owned */
    Plan plan;          /* of the chains to compute; rank 0 alone has its groups */
    CostModel costs;    /* rank 0 only: what earlier runs learned */
    size_t entry_index; /* in the table of runs */
    RunEntry entry;
    Progress progress;
    double seconds;      /* until nothing may run any more; INFINITY: no limit; rank 0 */
    double limit;        /* the most that a run may have of them */
    bool hopeless;       /* all that is left does not fit into them */
    ScheduleState state; /* at the end */
    OpenChains open;     /* of this round; owned, rank 0 only */
    size_t round;        /* of refinement, from 0 */
    bool more;           /* there may be another */
    double points;       /* finished in earlier ones; rank 0 */
    double kept;         /* when keep_up was last done, on the clock of MPI_Wtime */
} Run;

/* Of drawn data, and of a set that is named behind the file, nothing. */
static FileStamp *stamp_files(const Job *job)
{
    FileStamp *stamps = checked_alloc(job->sweep_count, sizeof *stamps);
    for (size_t k = 0; k < job->sweep_count; k++) {
        stamps[k] = file_stamp(job->sweeps[k].source.file);
    }
    return stamps;
}

/* ---- the work ---------------------------------------------------------------------------- */

/* Collective on comm.  The text of rank 0, owned by the caller; others pass NULL. */
static char *broadcast_text(MPI_Comm comm, char *text)
{
    unsigned long long length = text == NULL ? 0 : strlen(text);
    MPI_Bcast(&length, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    if (text == NULL) {
        text = checked_alloc(length + 1, 1);
    }
    MPI_Bcast(text, (int)length, MPI_CHAR, 0, comm);
    return text;
}

/* Seconds between what status and watch are told of a run. */
static const double told_every = 5.0;

/* Root only.  What must happen now and then while others compute. */
static void keep_up(Run *run, double now, const ScheduleState *state)
{
    assert(run->lock != NULL);
    run->kept = now;
    lock_touch(run->lock);
    run->entry.points = run->points + state->points_done;
    run->entry.told = wall_clock();
    /* what the next rounds will ask for nobody knows */
    run->entry.left = run->more ? NAN : state->seconds_left;
    archive_put_run(run->archive, run->entry_index, &run->entry, run->classes);
    archive_sync(run->archive);
}

/* Root only, called by the farm ten times a second, but not while rank 0 itself is inside a
 * task that does not ask farm_stopping: such a task should be short against lock_silence. */
static void show_progress(void *context, const ScheduleState *state)
{
    Run *run = context;
    const double now = MPI_Wtime();
    if (now - run->kept > fmin(told_every, lock_silence() / 10.0)) {
        keep_up(run, now, state);
    }
    progress_show(&run->progress, state, now, false);
}

static int count_failed(const Record records[], size_t count)
{
    int failed = 0;
    for (size_t k = 0; k < count; k++) {
        failed += !outcome_is_good(records[k].outcome);
    }
    return failed;
}

/* Of the chain's training, beside the archive; NULL for methods that need none. */
static char *checkpoint_path(const Run *run, PlanChain chain)
{
    const Sweep *sweep = &run->job->sweeps[chain.sweep];
    return method_facts(sweep_method(sweep))->draws_data
               ? side_checkpoint(run->path, sweep, chain.chain)
               : NULL;
}

/* The rows of a chain that this run computes: all but those taken over. */
typedef struct ChainRows {
    uint32_t sweep;
    uint32_t count;
    size_t first;                  /* of the chain */
    uint16_t places[CHAIN_LENGTH]; /* [count], ascending, from first */
} ChainRows;

static ChainRows rows_to_compute(const Run *run, PlanChain chain)
{
    ChainRows rows = {.sweep = chain.sweep};
    size_t count;
    size_t missing[CHAIN_LENGTH];
    sweep_chain(&run->job->sweeps[chain.sweep], chain.chain, &rows.first, &count);
    rows.count =
        (uint32_t)archive_missing(run->archive, chain.sweep, rows.first, count, missing);
    for (size_t k = 0; k < rows.count; k++) {
        rows.places[k] = (uint16_t)missing[k];
    }
    return rows;
}

/* Where the neighbours from k on end: the archive is written in runs of rows. */
static size_t run_of_rows(const ChainRows *rows, size_t k, size_t *first)
{
    size_t end = k + 1;
    while (end < rows->count && rows->places[end] == rows->places[end - 1] + 1) {
        end++;
    }
    *first = rows->first + rows->places[k];
    return end;
}

static void store_rows(const Run *run, const ChainRows *rows, const Record records[],
                       const Series *series)
{
    size_t first;
    for (size_t k = 0, end; k < rows->count; k = end) {
        end = run_of_rows(rows, k, &first);
        const Series rest = series_from(series, k);
        archive_store(run->archive, rows->sweep, first, end - k, records + k, &rest);
    }
}

static void mark_rows(const Run *run, const ChainRows *rows,
                      void (*mark)(Archive *archive, size_t sweep, size_t first, size_t count,
                                   bool how),
                      bool how)
{
    size_t first;
    for (size_t k = 0, end; k < rows->count; k = end) {
        end = run_of_rows(rows, k, &first);
        mark(run->archive, rows->sweep, first, end - k, how);
    }
}

/* A chain and who computes it, for those who interrupt it. */
typedef struct InHand {
    const Run *run;
    FarmTeam *team;
    const ChainRows *rows;
} InHand;

static bool team_stops(void *context)
{
    const InHand *hand = context;
    const bool stops = farm_stopping(hand->team);
    if (stops) {
        run_stop_heard(); /* the signal may have come to rank 0 alone */
    }
    return stops;
}

static void state_saved(void *context)
{
    const InHand *hand = context;
    const ChainRows *rows = hand->rows;
    size_t first;
    lock_check(hand->run->lock);
    for (size_t k = 0, end; k < rows->count; k = end) {
        end = run_of_rows(rows, k, &first);
        archive_progress(hand->run->archive, rows->sweep, first, end - k);
    }
}

/* Rank 0 of a team writes the rows; every rank of it knows them.  Where some were taken over
 * the others are a chain of their own: each starts from the one before it. */
static int run_chain(void *context, FarmTeam *team, size_t index)
{
    Run *run = context;
    assert(index < run->plan.chain_count);
    const PlanChain task = run->plan.chains[index];
    const Sweep *sweep = &run->job->sweeps[task.sweep];
    Problem problems[CHAIN_LENGTH];
    Record records[CHAIN_LENGTH];
    int rank, ranks;
    MPI_Comm_rank(farm_comm(team), &rank);
    MPI_Comm_size(farm_comm(team), &ranks);
    ChainRows rows = {0};
    if (rank == 0) {
        rows = rows_to_compute(run, task);
    }
    MPI_Bcast(&rows, sizeof rows, MPI_BYTE, 0, farm_comm(team));
    for (size_t k = 0; k < rows.count; k++) {
        problems[k] = sweep_problem(sweep, rows.first + rows.places[k]);
    }
    char *checkpoint = checkpoint_path(run, task);
    InHand hand = {run, team, &rows};
    DataFile data = data_file_of(sweep);
    data.stamp = run->stamps[task.sweep];
    const PointTeam workers = {.work = run->work,
                               .comm = farm_comm(team),
                               .stopping = team_stops,
                               .saved = state_saved,
                               .context = &hand,
                               .memory = run->memory,
                               .data = data,
                               .checkpoint = checkpoint,
                               .archive = run->id};
    size_t length[SERIES_COUNT];
    sweep_series(sweep, length);
    Series series = series_create(length, rows.count);
    lock_check(run->lock);
    if (rank == 0) {
        mark_rows(run, &rows, archive_begin, ranks > 1);
    }
    const bool finished = point_solve(&workers, problems, rows.count, records, &series);
    lock_check(run->lock);
    if (rank == 0 && finished) {
        store_rows(run, &rows, records, &series);
        if (checkpoint != NULL) {
            unlink(checkpoint);
        }
    } else if (rank == 0) {
        mark_rows(run, &rows, archive_settle, false);
    }
    free(checkpoint);
    series_free(&series);
    return finished ? count_failed(records, rows.count) : FARM_UNFINISHED;
}

/* Root only.  A chain that is not computed says so in the archive, as finished rows without
 * numbers, or every resume would meet it again. */
static void give_up(const Run *run, PlanChain chain, Outcome outcome)
{
    assert(chain.sweep < run->job->sweep_count && outcome > OUTCOME_RUNNING);
    const Sweep *sweep = &run->job->sweeps[chain.sweep];
    const ChainRows rows = rows_to_compute(run, chain);
    Record records[CHAIN_LENGTH];
    size_t length[SERIES_COUNT];
    sweep_series(sweep, length);
    for (size_t k = 0; k < rows.count; k++) {
        const Problem problem = sweep_problem(sweep, rows.first + rows.places[k]);
        records[k] = record_unsolved(&problem, outcome);
    }
    Series none = series_create(length, rows.count);
    store_rows(run, &rows, records, &none);
    series_free(&none);
}

/* Root only, before any chain is begun: rows taken over of which one is damaged, what the last
 * run left as if it went on, and what died with its job too often. */
static void settle_chains(const Run *run, const OpenChains *open)
{
    for (size_t k = 0; k < open->count; k++) {
        const OpenChain *chain = &open->chains[k];
        size_t first, count;
        sweep_chain(&run->job->sweeps[chain->sweep], chain->chain, &first, &count);
        if (chain->spoilt) {
            archive_forget(run->archive, chain->sweep, first, count);
        } else if (chain->running) {
            archive_settle(run->archive, chain->sweep, first, count, !open->excused);
        }
        if (chain->lost) {
            give_up(run, (PlanChain){chain->sweep, chain->chain}, OUTCOME_LOST);
        }
    }
}

/* Root only.  The rows of which refinement wants nothing any more; those that somebody computed
 * for another reason keep their results. */
static void leave_out(const Run *run, const RefinedSweep *refined)
{
    const Sweep *sweep = &run->job->sweeps[refined->sweep];
    for (size_t k = 0; refined->unmarked && k < sweep_points(sweep); k++) {
        const size_t most = k + sweep_block(sweep, k);
        size_t end = k;
        while (end < most && !refined->kept[end]) {
            end++;
        }
        if (end > k) {
            archive_leave_out(run->archive, refined->sweep, k, end - k);
            k = end - 1;
        }
    }
}

/* Root only.  What fits no team of these ranks; a resume with more ranks tries it again. */
static void store_refused(const Run *run, int ranks)
{
    for (size_t g = 0; g < run->plan.group_count; g++) {
        const TaskGroup *group = &run->plan.groups[g];
        for (size_t k = 0; k < group->count && group->least > ranks; k++) {
            give_up(run, run->plan.chains[group->first + k], OUTCOME_REFUSED_MEMORY);
        }
    }
}

/* Root only.  How long chains may run, and the most that a run has; said before they do. */
static void set_deadline(Run *run, const RunRequest *request, int workers)
{
    const double left = fmax(request->deadline - wall_clock(), 0.0);
    const double margin = deadline_margin(left);
    run->seconds = left - margin;
    /* a run that begins late leaves to the next what that can end, with time to start */
    const double whole = request->time_limit - deadline_margin(request->time_limit);
    run->limit = fmax(run->seconds, isinf(whole) ? run->seconds : started * whole);
    if (!isinf(left) && run->plan.chain_count > 0) {
        if (run->round == 0) {
            words_deadline(request, margin);
        }
        words_too_long(&run->plan, workers, run->limit, &run->costs);
    }
}

/* Collective on comm.  Task k of the farm is chain k: all ranks need the list, its groups
 * with their costs only the master. */
static void share_chains(MPI_Comm comm, Plan *plan)
{
    static_assert(sizeof(PlanChain) == 2 * sizeof(uint32_t), "a chain is two words to MPI");
    unsigned long long count = plan->chain_count;
    MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    int rank;
    MPI_Comm_rank(comm, &rank);
    if (rank != 0) {
        free(plan->chains); /* of the last round */
        plan->chains = checked_alloc(count, sizeof *plan->chains);
    }
    assert(count <= INT_MAX / 2);
    plan->chain_count = count;
    MPI_Bcast(plan->chains, (int)(2 * count), MPI_UINT32_T, 0, comm);
}

/* Root only.  Before the archive is opened for writing: take the next entry of the table of
 * runs, and the cost model where the last run left it. */
static void enter_run(MPI_Comm comm, Run *run, const char *path)
{
    assert(run->archive == NULL);
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    ArchiveReader *reader = archive_reader(path, run->job);
    run->classes = plan_classes();
    run->entry_index = archive_read_runs(reader, run->classes, entries, ARCHIVE_RUNS);
    archive_reader_close(reader);
    const size_t last = run->entry_index;
    run->costs = last > 0 ? cost_import(entries[last - 1].coefficients) : cost_model();
    free(entries);
    const char *job = getenv("SLURM_JOB_ID");
    RunEntry *entry = &run->entry;
    entry->start = wall_clock();
    MPI_Comm_size(comm, &entry->ranks);
    for (int k = 0; k < RUN_COEFFICIENTS; k++) {
        entry->coefficients[k] = NAN;
    }
    cost_export(&run->costs, entry->coefficients);
    /* one byte less: a name that is cut need not end in a NUL */
    gethostname(entry->host, sizeof entry->host - 1);
    snprintf(entry->slurm_job, sizeof entry->slurm_job, "%s", job != NULL ? job : "");
}

/* Collective on comm.  Farm the chains out.  Returns whether nothing is left to do, the same
 * on all ranks: what is refused for memory is done, too. */
static bool compute(MPI_Comm comm, Run *run, bool root)
{
    _Static_assert((int)COST_COEFFICIENTS <= (int)RUN_COEFFICIENTS, "the model can be kept");
    /* the first time at once: others look too */
    run->kept = -INFINITY;
    run->progress = progress_begin(stderr, MPI_Wtime());
    run->progress.of = run->more ? " of this round" : "";
    const FarmWork work = {.groups = run->plan.groups,
                           .group_count = run->plan.group_count,
                           .model = &run->costs,
                           .deadline = run->seconds,
                           .limit = run->limit,
                           .master = run->master,
                           .run = run_chain,
                           .progress = show_progress,
                           .stop = run_should_stop,
                           .context = run};
    assert(run->archive != NULL && run->plan.chains != NULL);
    const FarmReport report = farm_run(comm, &work);
    run->state = report.state;
    if (root) {
        if (run->plan.chain_count > 0) {
            progress_show(&run->progress, &report.state, MPI_Wtime(), true);
        }
        store_refused(run, report.state.ranks);
        run->points += report.state.points_done;
        run->entry.points = run->points;
        run->costs = report.learned;
        cost_export(&report.learned, run->entry.coefficients);
    }
    const size_t left =
        report.state.tasks - report.state.done - report.state.refused - report.too_long;
    run->hopeless = report.too_long > 0 && left == 0;
    return report.state.done + report.state.refused == report.state.tasks;
}

/* Root only.  Status of a run that was not stopped, from the file alone: what is at the path
 * must be the archive of this job, and whole. */
static ExitStatus judge(const Run *run, const char *text)
{
    char *stored = archive_read_job(run->path);
    if (stored == NULL || strcmp(stored, text) != 0) {
        die(STATUS_ENVIRONMENT, "%s: is not the archive that this run wrote", run->path);
    }
    free(stored);
    const PointCounts counts = chains_count(run->path, run->job);
    if (counts.unfinished > 0) {
        die(STATUS_ENVIRONMENT,
            "%s: %s without a result although all were computed; `phasesweep resume` "
            "goes on",
            run->path, text_count((double)counts.unfinished, "point").text);
    }
    words_end(run->path, run->job, &counts, run->entry.ranks);
    return counts.unconverged > 0 ? STATUS_POINTS_FAILED : STATUS_DONE;
}

/* Root only.  Teams of all ranks need the master too, though it shares a core then. */
static FarmMaster master_wish(MPI_Comm comm, const Plan *plan)
{
    int ranks;
    MPI_Comm_size(comm, &ranks);
    FarmMaster wish = FARM_MASTER_AUTO;
    for (size_t g = 0; g < plan->group_count; g++) {
        const TaskGroup *group = &plan->groups[g];
        wish = group->count > 0 && group->least == ranks ? FARM_MASTER_COMPUTES : wish;
    }
    return wish;
}

/* Root only.  What this round computes. */
static void find_open(MPI_Comm comm, Run *run, const RunRequest *request)
{
    const bool first = run->round == 0;
    const ChainsWish wish = {.retry = request->retry && first,
                             .node_loss = first && lock_after_node_loss(run->lock),
                             .last = first ? NULL : &run->open};
    if (first) {
        enter_run(comm, run, run->path);
    }
    const OpenChains open = chains_find(run->path, run->job, wish);
    chains_free(&run->open);
    plan_free(&run->plan);
    run->open = open;
    const PlanSettings settings = {.memory = run->memory, .model = &run->costs};
    method_prices_interrupt((Interrupt){run_should_stop, NULL});
    run->plan = plan_of_open(run->job, &settings, &open, run->path);
    run->master = master_wish(comm, &run->plan);
    run->more = open.more;
}

/* Root only, before this round begins. */
static void speak(const Run *run, int workers)
{
    const OpenChains *open = &run->open;
    words_refusals(&run->plan, workers);
    if (run->round == 0) {
        words_finished(run->path, open);
        words_begin(run->path, &run->plan, workers);
    } else {
        words_round(run->path, run->round, &run->plan);
    }
    words_refined(run->path, run->job, open);
}

/* Root only.  The entry of this run, as the round leaves it: only the last one ends it. */
static void end_round(Run *run, bool finished)
{
    const bool last = !finished || !run->more;
    run->entry.end = last ? wall_clock() : 0.0;
    archive_put_run(run->archive, run->entry_index, &run->entry, run->classes);
    archive_put_ending(run->archive, run->entry_index,
                       !last      ? RUN_NO_WORD
                       : finished ? RUN_FINISHED
                                  : RUN_STOPPED);
    archive_require_at(run->archive, run->path);
}

/* Collective on comm.  One round: returns whether every chain of it is done.  The order
 * matters: reading is over before all ranks open the file together, and the entry of this run
 * is in the table before the first chain starts, so that a run that dies at once leaves a
 * trace. */
static bool compute_open(MPI_Comm comm, Run *run, const RunRequest *request, bool root)
{
    if (root) {
        find_open(comm, run, request);
    }
    share_chains(comm, &run->plan);
    MPI_Bcast(&run->entry_index, sizeof run->entry_index, MPI_BYTE, 0, comm);
    MPI_Bcast(&run->more, 1, MPI_C_BOOL, 0, comm);
    const int workers = farm_workers(comm, run->master);
    if (root) {
        speak(run, workers);
        set_deadline(run, request, workers);
    }
    /* collective from here to archive_close; only raw writes in between */
    run->archive = archive_open(comm, run->path, run->job);
    if (root) {
        settle_chains(run, &run->open);
        for (size_t k = 0; k < run->open.refined_count; k++) {
            leave_out(run, &run->open.refined[k]);
        }
        archive_put_run(run->archive, run->entry_index, &run->entry, run->classes);
        archive_put_ending(run->archive, run->entry_index, RUN_NO_WORD);
    }
    archive_speak_for(run->archive, run->entry_index);
    run_stop_speak_for(run->archive);
    const bool finished = compute(comm, run, root);
    lock_check(run->lock);
    if (root) {
        end_round(run, finished);
    }
    run_stop_speak_for(NULL);
    archive_close(run->archive);
    run->archive = NULL;
    return finished;
}

/* Collective on comm.  What is open, and then what refinement asks for as it sees the results,
 * round by round, each with the archive opened anew: so rank 0 reads what others have written,
 * on any file system. */
static bool compute_all(MPI_Comm comm, Run *run, const RunRequest *request, bool root)
{
    run->memory = team_memory(comm);
    bool finished = compute_open(comm, run, request, root);
    while (finished && run->more) {
        run->round++;
        finished = compute_open(comm, run, request, root);
    }
    return finished;
}

/* Root only.  Before anybody has the archive open: it is replaced by another file. */
static void extend_if_asked(const RunStart *start, const Job *job)
{
    if (start->stored != NULL) {
        Job old = run_parse(start->path, start->stored);
        char *libraries = libraries_text();
        char *classes = plan_classes();
        const char *text = start->written != NULL ? start->written : start->text;
        extend_archive(start->path, &old, job, &(Provenance){text, libraries, classes});
        lock_fence(start->lock);
        free(libraries);
        free(classes);
        job_free(&old);
    }
}

/* Collective on comm.  Limits and ranks of the job that was given, if one was beside the
 * archive's. */
static void take_effort(MPI_Comm comm, Job *job, const char *path, const RunStart *start)
{
    char *given = NULL;
    if (start != NULL) {
        given = checked_format("%s", start->effort != NULL ? start->effort : "");
    }
    given = broadcast_text(comm, given);
    if (given[0] != '\0') {
        Job effort = run_parse(path, given);
        job_take_effort(job, &effort);
        job_free(&effort);
    }
    free(given);
}

/* Collective on comm.  The lock as each rank sees it. */
static Lock *share_lock(MPI_Comm comm, const char *path, const RunStart *start)
{
    if (start != NULL) {
        char *token = checked_format("%s", lock_token(start->lock));
        free(broadcast_text(comm, token));
        return start->lock;
    }
    char *token = broadcast_text(comm, NULL);
    Lock *lock = lock_share(path, token);
    free(token);
    return lock;
}

/* Collective on comm: all ranks leave with one status, for launchers report whichever they see
 * first. */
static ExitStatus agree_on_status(MPI_Comm comm, const Run *run, const char *text, bool root,
                                  bool finished)
{
    /* a job that is requeued would meet the same limit again */
    int status = finished ? STATUS_DONE : run->hopeless ? STATUS_ENVIRONMENT : STATUS_STOPPED;
    if (root) {
        lock_touch(run->lock);
    }
    if (root && finished) {
        status = judge(run, text);
        side_remove_checkpoints(run->path);
    } else if (root) {
        words_stopped(run->path, &run->state, run->hopeless, run->entry.ranks);
    }
    MPI_Bcast(&status, 1, MPI_INT, 0, comm);
    return (ExitStatus)status;
}

/* What `die` does on any rank while points are computed.  A run that was taken for dead has no
 * say in the archive any more. */
static void leave(void *context)
{
    const Run *run = context;
    if (run->archive != NULL && lock_is_ours(run->lock)) {
        archive_last_words(run->archive, RUN_ENVIRONMENT);
    }
    lock_release(run->lock);
}

ExitStatus run_job(MPI_Comm comm, const RunRequest *request, RunStart *start)
{
    assert(comm != MPI_COMM_NULL && request != NULL);
    const bool root = start != NULL;
    char *text = broadcast_text(comm, root ? start->text : NULL);
    char *path = broadcast_text(comm, root ? start->path : NULL);
    Job job = run_parse(path, text); /* rank 0 found no error in it */
    take_effort(comm, &job, path, start);
    run_apply_sets(request, &job);
    Run run = {
        .job = &job, .path = path, .work = point_work(), .lock = share_lock(comm, path, start)};
    run.stamps = stamp_files(&job);
    check_set_cleanup(leave, &run);
    if (root) {
        extend_if_asked(start, &job);
    }
    char *id = broadcast_text(comm, root ? archive_read_id(path) : NULL);
    run.id = id;
    const bool finished = compute_all(comm, &run, request, root);
    const ExitStatus status = agree_on_status(comm, &run, text, root, finished);
    /* in this order: the cleanup must not find a lock that is freed */
    check_set_cleanup(NULL, NULL);
    lock_release(run.lock);
    if (root) {
        free(start->effort);
        free(start->stored);
        free(start->written);
        free(start);
    }
    point_work_free(run.work);
    chains_free(&run.open);
    plan_free(&run.plan);
    free(run.classes);
    free(run.stamps);
    free(id);
    free(path);
    free(text);
    job_free(&job);
    return status;
}
