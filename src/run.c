#include "phasesweep/run.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/archive.h"
#include "phasesweep/extend.h"
#include "phasesweep/farm.h"
#include "phasesweep/job.h"
#include "phasesweep/lines.h"
#include "phasesweep/lock.h"
#include "phasesweep/plan.h"
#include "phasesweep/point.h"
#include "phasesweep/progress.h"

/* Seconds between two looks at disk, lock and table of runs. */
static const double upkeep_period = 30.0;

struct RunStart {
    Lock *lock;
    char *text;         /* of the job to run */
    char *stored;       /* of the archive's job if that has to be extended, else NULL */
};

typedef struct Run {
    const Job *job;
    Archive   *archive;
    const char *path;       /* of the archive; borrowed */
    Lock      *lock;        /* rank 0 only */
    double     memory;      /* bytes a rank may use */
    PointWork *work;        /* of this rank */
    Plan       plan;        /* of the lines to compute; rank 0 alone has its groups */
    CostModel  costs;       /* rank 0 only: what earlier runs learned */
    size_t     entry_index; /* in the table of runs */
    RunEntry   entry;
    Progress   progress;
    double     kept;
} Run;

static volatile sig_atomic_t stop_asked = 0;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

static bool should_stop(void *context)
{
    (void)context;
    return stop_asked != 0;
}

void run_stop_on_signals(void)
{
    signal(SIGTERM, ask_to_stop);
    signal(SIGINT, ask_to_stop);
    signal(SIGUSR1, ask_to_stop);
}

/* ---- before MPI -------------------------------------------------------------------------- */

static Job parse_or_die(const char *name, const char *text)
{
    Job job;
    char *errors = job_parse(name, text, strlen(text), &job);
    if (errors != NULL) {
        fputs(errors, stderr);
        exit(STATUS_WRONG_INPUT);
    }
    return job;
}

/* Continue an archive of the same points; the stored text wins, so that spelling and comments
 * may change.  Another job is refused, or marked for extension. */
static void meet_archive(const RunRequest *request, RunStart *start, char *stored)
{
    if (start->text == NULL) {
        start->text = stored;
        return;
    }
    Job given = parse_or_die(request->job_path, start->text);
    Job old = parse_or_die(request->archive_path, stored);
    char *difference = job_difference(&old, &given);
    if (difference != NULL && !request->extend) {
        die(STATUS_WRONG_INPUT,
            "%s holds another job than %s: %s; choose another -o, or --extend to keep what both "
            "share",
            request->archive_path, request->job_path, difference);
    }
    if (difference != NULL) {
        start->stored = stored;
    } else {
        free(start->text);
        start->text = stored;
    }
    free(difference);
    job_free(&given);
    job_free(&old);
}

/* Whatever ends this process must not leave the archive locked. */
static void release(void *lock)
{
    lock_release(lock);
}

/* Damage is found before MPI starts. */
static void check_archive(const char *path, const char *stored)
{
    Job job = parse_or_die(path, stored);
    ArchiveReader *reader = archive_reader(path, &job);
    if (!archive_is_raw(reader)) {
        die(STATUS_WRONG_INPUT,
            "%s: was repacked and cannot be continued; allowed: the copy that "
            "`h5repack -l CONTI -f NONE` makes of it",
            path);
    }
    archive_reader_close(reader);
    job_free(&job);
}

RunStart *run_prepare(const RunRequest *request, char *text)
{
    RunStart *start = checked_alloc(1, sizeof *start);
    start->text = text;
    if (text != NULL) {
        Job job = parse_or_die(request->job_path, text);
        job_free(&job);
    }
    char *stored = archive_read_job(request->archive_path);
    if (stored == NULL && text == NULL) {
        die(STATUS_WRONG_INPUT, "%s: no such archive", request->archive_path);
    }
    if (stored != NULL && access(request->archive_path, W_OK) != 0) {
        die(STATUS_WRONG_INPUT, "%s: may not be written; nothing was changed",
            request->archive_path);
    }
    start->lock = lock_take(request->archive_path);
    check_set_cleanup(release, start->lock);
    if (stored != NULL) {
        check_archive(request->archive_path, stored);
        meet_archive(request, start, stored);
    } else {
        Job job = parse_or_die(request->job_path, text);
        archive_create(request->archive_path, &job, text);
        job_free(&job);
    }
    return start;
}

/* ---- the work ---------------------------------------------------------------------------- */

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

/* Root only.  What must happen now and then while others compute. */
static void keep_up(Run *run, double now, const ScheduleState *state)
{
    run->kept = now;
    run->entry.points = state->points_done;
    archive_put_run(run->archive, run->entry_index, &run->entry);
    archive_sync(run->archive);
    lock_touch(run->lock);
}

static void show_progress(void *context, const ScheduleState *state)
{
    Run *run = context;
    const double now = MPI_Wtime();
    if (now - run->kept > upkeep_period) {
        keep_up(run, now, state);
    }
    progress_show(&run->progress, state, now, false);
}

static int count_failed(const Record records[], size_t count)
{
    int failed = 0;
    for (size_t k = 0; k < count; k++) {
        failed += records[k].outcome != OUTCOME_CONVERGED;
    }
    return failed;
}

static bool team_stops(void *team)
{
    return farm_stopping(team);
}

/* Of the line's training, beside the archive; NULL for methods that need none. */
static char *checkpoint_path(const Run *run, PlanLine line)
{
    const Sweep *sweep = &run->job->sweeps[line.sweep];
    return method_trains(sweep->method)
               ? checked_format("%s.%s.%u.checkpoint", run->path, sweep->name, line.line)
               : NULL;
}

/* Rank 0 of a team writes the rows; every rank of it knows them. */
static int run_line(void *context, FarmTeam *team, size_t index)
{
    Run *run = context;
    const PlanLine task = run->plan.lines[index];
    const Sweep *sweep = &run->job->sweeps[task.sweep];
    size_t first, count;
    Problem problems[LINE_LENGTH];
    Record records[LINE_LENGTH];
    sweep_line(sweep, task.line, &first, &count);
    for (size_t k = 0; k < count; k++) {
        problems[k] = sweep_problem(sweep, first + k);
    }
    int rank;
    MPI_Comm_rank(farm_comm(team), &rank);
    char *checkpoint = checkpoint_path(run, task);
    const PointTeam workers = {.work = run->work, .comm = farm_comm(team), .stopping = team_stops, .context = team,
                               .memory = run->memory, .checkpoint = checkpoint};
    const size_t width = archive_spectrum(sweep);
    double *eigenvalues = width > 0 ? checked_alloc(count * width, sizeof(double)) : NULL;
    if (rank == 0) {
        archive_begin(run->archive, task.sweep, first, count);
    }
    const bool finished = point_solve(&workers, problems, count, records, eigenvalues, width);
    if (rank == 0 && finished) {
        archive_store(run->archive, task.sweep, first, count, records, eigenvalues);
        if (checkpoint != NULL) {
            unlink(checkpoint);
        }
    } else if (rank == 0) {
        archive_give_back(run->archive, task.sweep, first, count);
    }
    free(checkpoint);
    free(eigenvalues);
    return finished ? count_failed(records, count) : FARM_UNFINISHED;
}

/* Root only.  Lines that died with their job come last, so that they do not hold up others. */
static void choose_lines(Run *run, const OpenLines *open)
{
    PlanLine *lines = checked_alloc(open->count, sizeof *lines);
    bool *late = checked_alloc(open->count, sizeof *late);
    size_t count = 0;
    for (size_t k = 0; k < open->count; k++) {
        const OpenLine *line = &open->lines[k];
        if (!line->lost) {
            late[count] = line->interrupted;
            lines[count++] = (PlanLine){line->sweep, line->line};
        }
    }
    const PlanSettings settings = {.memory = run->memory};
    run->plan = plan_of_lines(run->job, &settings, lines, late, count);
    free(late);
}

/* Root only.  A line that is not computed says so in the archive. */
static void give_up(const Run *run, uint32_t s, uint32_t line, Outcome outcome)
{
    const Sweep *sweep = &run->job->sweeps[s];
    Record records[LINE_LENGTH];
    for (size_t i = 0; i < LINE_LENGTH; i++) {
        records[i] = record_empty();
        records[i].outcome = outcome;
    }
    size_t first;
    size_t count;
    sweep_line(sweep, line, &first, &count);
    const size_t width = archive_spectrum(sweep);
    double *none = width > 0 ? checked_alloc(width * count, sizeof(double)) : NULL;
    archive_store(run->archive, s, first, count, records, none);
    free(none);
}

/* Root only.  What died with its job too often, and what fits no team of these ranks. */
static void store_lost(const Run *run, const OpenLines *open)
{
    for (size_t k = 0; k < open->count; k++) {
        if (open->lines[k].lost) {
            give_up(run, open->lines[k].sweep, open->lines[k].line, OUTCOME_LOST);
        }
    }
}

static void store_refused(const Run *run, int ranks)
{
    for (size_t g = 0; g < run->plan.group_count; g++) {
        const TaskGroup *group = &run->plan.groups[g];
        for (size_t k = 0; k < group->count && group->least > ranks; k++) {
            const PlanLine line = run->plan.lines[group->first + k];
            give_up(run, line.sweep, line.line, OUTCOME_REFUSED_MEMORY);
        }
    }
}

/* Root only.  What will not be computed for want of memory, before anything else is. */
static void say_refusals(const Plan *plan, int ranks)
{
    char *refusals = plan_refusals(plan, ranks);
    if (refusals != NULL) {
        fputs(refusals, stderr);
    }
    free(refusals);
}

static void share_lines(MPI_Comm comm, Plan *plan)
{
    unsigned long long count = plan->line_count;
    MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    if (plan->lines == NULL) {
        plan->lines = checked_alloc(count, sizeof *plan->lines);
    }
    plan->line_count = count;
    MPI_Bcast(plan->lines, (int)(2 * count), MPI_UINT32_T, 0, comm);
}

static int ranks_on_node(MPI_Comm comm)
{
    MPI_Comm node;
    int ranks;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &ranks);
    MPI_Comm_free(&node);
    return ranks;
}

static double seconds_since_1970(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Root only. */
static void enter_run(MPI_Comm comm, Run *run, const char *path)
{
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    ArchiveReader *reader = archive_reader(path, run->job);
    run->entry_index = archive_read_runs(reader, entries, ARCHIVE_RUNS);
    archive_reader_close(reader);
    const size_t last = run->entry_index;
    run->costs = last > 0 ? cost_import(entries[last - 1].coefficients) : cost_model();
    free(entries);
    const char *job = getenv("SLURM_JOB_ID");
    RunEntry *entry = &run->entry;
    entry->start = seconds_since_1970();
    MPI_Comm_size(comm, &entry->ranks);
    for (int k = 0; k < RUN_COEFFICIENTS; k++) {
        entry->coefficients[k] = NAN;
    }
    cost_export(&run->costs, entry->coefficients);
    gethostname(entry->host, sizeof entry->host - 1);
    snprintf(entry->slurm_job, sizeof entry->slurm_job, "%s", job != NULL ? job : "");
}

/* Collective.  Returns whether nothing is left to do. */
static bool compute(MPI_Comm comm, Run *run, bool root)
{
    _Static_assert((int)COST_COEFFICIENTS <= (int)RUN_COEFFICIENTS, "the model can be kept");
    run->kept = MPI_Wtime();
    run->progress = progress_begin(stderr, run->kept);
    const FarmWork work = {.groups = run->plan.groups,
                           .group_count = run->plan.group_count,
                           .model = &run->costs,
                           .deadline = INFINITY,
                           .run = run_line,
                           .progress = show_progress,
                           .stop = should_stop,
                           .context = run};
    const FarmReport report = farm_run(comm, &work);
    if (root) {
        if (run->plan.line_count > 0) {
            progress_show(&run->progress, &report.state, MPI_Wtime(), true);
        }
        store_refused(run, report.state.ranks);
        run->entry.points = report.state.points_done;
        cost_export(&report.learned, run->entry.coefficients);
    }
    return report.state.done + report.state.refused == report.state.tasks;
}

static size_t count_unconverged(const Job *job, const char *path)
{
    size_t bad = 0;
    ArchiveReader *reader = archive_reader(path, job);
    for (size_t s = 0; s < job->sweep_count; s++) {
        for (size_t line = 0; line < sweep_lines(&job->sweeps[s]); line++) {
            size_t first;
            size_t count;
            int8_t outcome[LINE_LENGTH];
            int32_t attempts[LINE_LENGTH];
            sweep_line(&job->sweeps[s], line, &first, &count);
            archive_read_outcomes(reader, s, first, count, outcome, attempts);
            for (size_t i = 0; i < count; i++) {
                bad += outcome[i] != OUTCOME_CONVERGED;
            }
        }
    }
    archive_reader_close(reader);
    return bad;
}

/* Root only.  Status of a run that was not stopped. */
static ExitStatus judge(const Job *job, const char *path)
{
    const size_t bad = count_unconverged(job, path);
    if (bad > 0) {
        fprintf(stderr, "phasesweep: %zu points did not converge, failed, were lost or refused\n", bad);
    }
    return bad > 0 ? STATUS_POINTS_FAILED : STATUS_DONE;
}

/* Collective.  Returns whether every line is done. */
static bool work_through(MPI_Comm comm, Run *run, const RunRequest *request, bool root)
{
    OpenLines open = {0};
    run->memory = plan_memory_here(ranks_on_node(comm));
    if (root) {
        open = lines_find(request->archive_path, run->job, request->retry);
        choose_lines(run, &open);
        enter_run(comm, run, request->archive_path);
    }
    share_lines(comm, &run->plan);
    if (root) {
        say_refusals(&run->plan, run->entry.ranks);
    }
    run->archive = archive_open(comm, request->archive_path, run->job);
    if (root) {
        store_lost(run, &open);
        archive_put_run(run->archive, run->entry_index, &run->entry);
    }
    const bool finished = compute(comm, run, root);
    if (root) {
        run->entry.end = seconds_since_1970();
        archive_put_run(run->archive, run->entry_index, &run->entry);
    }
    archive_close(run->archive);
    lines_free(&open);
    return finished;
}

/* Root only. */
static void extend_if_asked(const RunRequest *request, const RunStart *start, const Job *job)
{
    if (start->stored != NULL) {
        Job old = parse_or_die(request->archive_path, start->stored);
        extend_archive(request->archive_path, &old, job, start->text);
        job_free(&old);
    }
}

ExitStatus run_job(MPI_Comm comm, const RunRequest *request, RunStart *start)
{
    const bool root = start != NULL;
    char *text = broadcast_text(comm, root ? start->text : NULL);
    Job job = parse_or_die(request->archive_path, text); /* rank 0 found no error in it */
    Run run = {.job = &job, .path = request->archive_path, .work = point_work(), .lock = root ? start->lock : NULL};
    if (root) {
        extend_if_asked(request, start, &job);
    }
    const bool finished = work_through(comm, &run, request, root);
    int status = finished ? STATUS_DONE : STATUS_STOPPED;
    if (root && finished) {
        status = judge(&job, request->archive_path);
    }
    MPI_Bcast(&status, 1, MPI_INT, 0, comm);
    if (root) {
        check_set_cleanup(NULL, NULL);
        lock_release(start->lock);
        free(start->stored);
        free(start);
    }
    point_work_free(run.work);
    plan_free(&run.plan);
    free(text);
    job_free(&job);
    return (ExitStatus)status;
}
