#include "phasesweep/run.h"

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
#include "phasesweep/point.h"

/* Seconds between two looks at disk, lock and table of runs. */
static const double upkeep_period = 30.0;

struct RunStart {
    Lock *lock;
    char *text;         /* of the job to run */
    char *stored;       /* of the archive's job if that has to be extended, else NULL */
};

typedef struct Task {
    uint32_t sweep, line;
} Task;

typedef struct Run {
    const Job *job;
    Archive   *archive;
    Lock      *lock;        /* rank 0 only */
    Task      *tasks;       /* [count], lines to compute; owned */
    size_t     count;
    double     points;      /* in those lines */
    size_t     entry_index; /* in the table of runs */
    RunEntry   entry;
    double     begin, shown, kept;
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
static void keep_up(Run *run, double now, size_t done)
{
    run->kept = now;
    run->entry.points = run->points * (double)done / (double)run->count;
    archive_put_run(run->archive, run->entry_index, &run->entry);
    archive_sync(run->archive);
    lock_touch(run->lock);
}

static void print_progress(void *context, size_t done)
{
    Run *run = context;
    const double now = MPI_Wtime();
    const bool terminal = isatty(STDERR_FILENO);
    if (now - run->kept > upkeep_period) {
        keep_up(run, now, done);
    }
    if (done < run->count && now - run->shown < (terminal ? 0.2 : 60.0)) {
        return;
    }
    run->shown = now;
    const double spent = now - run->begin;
    const double left = done > 0 ? spent / (double)done * (double)(run->count - done) : 0.0;
    const int filled = (int)(30 * done / run->count);
    if (terminal) {
        fprintf(stderr, "\r[%.*s%*s] %zu/%zu lines, %.0f s, ETA %.0f s ", filled,
                "##############################", 30 - filled, "", done, run->count, spent, left);
    } else {
        fprintf(stderr, "%zu/%zu lines, %.0f s, ETA %.0f s", done, run->count, spent, left);
    }
    if (!terminal || done == run->count) {
        fputc('\n', stderr);
    }
}

static void run_line(void *context, MPI_Comm team, size_t index)
{
    (void)team; /* teams of one rank so far */
    Run *run = context;
    const Task task = run->tasks[index];
    const Sweep *sweep = &run->job->sweeps[task.sweep];
    size_t first;
    size_t count;
    sweep_line(sweep, task.line, &first, &count);
    Problem problems[LINE_LENGTH];
    Record records[LINE_LENGTH];
    for (size_t k = 0; k < count; k++) {
        problems[k] = sweep_problem(sweep, first + k);
    }
    archive_begin(run->archive, task.sweep, first, count);
    point_solve(problems, count, records);
    archive_store(run->archive, task.sweep, first, count, records, NULL);
}

/* A point costs about as much as its dimension. */
static double line_cost(const Job *job, const OpenLine *line)
{
    size_t first;
    size_t count;
    sweep_line(&job->sweeps[line->sweep], line->line, &first, &count);
    return (double)count * sweep_problem(&job->sweeps[line->sweep], first).dimension;
}

typedef struct Costed {
    double   cost;
    OpenLine line;
} Costed;

/* The largest first; lines that died with their job last, so that they do not hold up others. */
static int by_cost(const void *a, const void *b)
{
    const Costed *x = a;
    const Costed *y = b;
    if (x->line.interrupted != y->line.interrupted) {
        return x->line.interrupted ? 1 : -1;
    }
    if (x->cost != y->cost) {
        return x->cost < y->cost ? 1 : -1;
    }
    return x->line.sweep != y->line.sweep ? (x->line.sweep < y->line.sweep ? -1 : 1)
                                          : (x->line.line < y->line.line ? -1 : 1);
}

/* Root only. */
static void choose_tasks(Run *run, const OpenLines *open)
{
    Costed *costed = checked_alloc(open->count, sizeof *costed);
    for (size_t k = 0; k < open->count; k++) {
        costed[k] = (Costed){line_cost(run->job, &open->lines[k]), open->lines[k]};
    }
    qsort(costed, open->count, sizeof *costed, by_cost);
    run->tasks = checked_alloc(open->count, sizeof *run->tasks);
    for (size_t k = 0; k < open->count; k++) {
        const OpenLine *line = &costed[k].line;
        size_t first;
        size_t count;
        if (!line->lost) {
            sweep_line(&run->job->sweeps[line->sweep], line->line, &first, &count);
            run->tasks[run->count++] = (Task){line->sweep, line->line};
            run->points += (double)count;
        }
    }
    free(costed);
}

/* Root only.  What died with its job too often is given up, and says so in the archive. */
static void store_lost(const Run *run, const OpenLines *open)
{
    Record lost[LINE_LENGTH];
    for (size_t i = 0; i < LINE_LENGTH; i++) {
        lost[i] = record_empty();
        lost[i].outcome = OUTCOME_LOST;
    }
    for (size_t k = 0; k < open->count; k++) {
        const OpenLine *line = &open->lines[k];
        size_t first;
        size_t count;
        if (line->lost) {
            sweep_line(&run->job->sweeps[line->sweep], line->line, &first, &count);
            const size_t width = archive_spectrum(&run->job->sweeps[line->sweep]);
            double *none = width > 0 ? checked_alloc(width * count, sizeof(double)) : NULL;
            archive_store(run->archive, line->sweep, first, count, lost, none);
            free(none);
        }
    }
}

static void share_tasks(MPI_Comm comm, Run *run)
{
    unsigned long long count = run->count;
    MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    if (run->tasks == NULL) {
        run->tasks = checked_alloc(count, sizeof *run->tasks);
    }
    run->count = count;
    MPI_Bcast(run->tasks, (int)(2 * count), MPI_UINT32_T, 0, comm);
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
    free(entries);
    const char *job = getenv("SLURM_JOB_ID");
    RunEntry *entry = &run->entry;
    entry->start = seconds_since_1970();
    MPI_Comm_size(comm, &entry->ranks);
    gethostname(entry->host, sizeof entry->host - 1);
    snprintf(entry->slurm_job, sizeof entry->slurm_job, "%s", job != NULL ? job : "");
}

static size_t compute(MPI_Comm comm, Run *run)
{
    run->begin = run->shown = run->kept = MPI_Wtime();
    const FarmWork work = {run->count, run_line, print_progress, should_stop, run};
    return run->count > 0 ? farm_run(comm, &work) : 0;
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
        fprintf(stderr, "phasesweep: %zu points did not converge\n", bad);
    }
    return bad > 0 ? STATUS_POINTS_FAILED : STATUS_DONE;
}

/* Collective.  Returns whether every line is done. */
static bool work_through(MPI_Comm comm, Run *run, const RunRequest *request, bool root)
{
    OpenLines open = {0};
    if (root) {
        open = lines_find(request->archive_path, run->job, request->retry);
        choose_tasks(run, &open);
        enter_run(comm, run, request->archive_path);
    }
    share_tasks(comm, run);
    run->archive = archive_open(comm, request->archive_path, run->job);
    if (root) {
        store_lost(run, &open);
        archive_put_run(run->archive, run->entry_index, &run->entry);
    }
    const size_t done = compute(comm, run);
    if (root) {
        run->entry.points = run->count > 0 ? run->points * (double)done / (double)run->count : 0;
        run->entry.end = seconds_since_1970();
        archive_put_run(run->archive, run->entry_index, &run->entry);
    }
    archive_close(run->archive);
    lines_free(&open);
    return done == run->count;
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
    Run run = {.job = &job, .lock = root ? start->lock : NULL};
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
    free(run.tasks);
    free(text);
    job_free(&job);
    return (ExitStatus)status;
}
