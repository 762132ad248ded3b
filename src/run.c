#include "phasesweep/run.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/archive.h"
#include "phasesweep/farm.h"
#include "phasesweep/job.h"
#include "phasesweep/point.h"

typedef struct Task {
    uint32_t sweep, line;
} Task;

typedef struct Run {
    const Job *job;
    Archive   *archive;
    Task      *tasks;       /* [count], lines that are not finished; owned */
    size_t     count;
    double     begin, shown;
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

static void print_progress(void *context, size_t done)
{
    Run *run = context;
    const double now = MPI_Wtime();
    const bool terminal = isatty(STDERR_FILENO);
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
    point_solve(problems, count, records);
    archive_store(run->archive, task.sweep, first, count, records);
}

/* A point costs about as much as its dimension. */
static double line_cost(const Job *job, Task task)
{
    size_t first;
    size_t count;
    sweep_line(&job->sweeps[task.sweep], task.line, &first, &count);
    return (double)count * sweep_problem(&job->sweeps[task.sweep], first).dimension;
}

typedef struct Costed {
    double cost;
    Task   task;
} Costed;

static int by_cost(const void *a, const void *b)
{
    const Costed *x = a;
    const Costed *y = b;
    if (x->cost != y->cost) {
        return x->cost < y->cost ? 1 : -1;
    }
    return x->task.sweep != y->task.sweep ? (x->task.sweep < y->task.sweep ? -1 : 1)
                                          : (x->task.line < y->task.line ? -1 : 1);
}

/* Root only.  Lines with a point that never ran, the largest first. */
static void find_open_lines(Run *run, const char *path)
{
    Costed *open = NULL;
    for (uint32_t s = 0; s < run->job->sweep_count; s++) {
        const Sweep *sweep = &run->job->sweeps[s];
        int8_t *outcome = checked_alloc(sweep_points(sweep), 1);
        archive_read_outcomes(path, sweep, outcome);
        for (uint32_t line = 0; line < sweep_lines(sweep); line++) {
            size_t first;
            size_t count;
            sweep_line(sweep, line, &first, &count);
            if (memchr(outcome + first, OUTCOME_NEVER_RUN, count) != NULL) {
                open = checked_realloc(open, run->count + 1, sizeof *open);
                open[run->count].task = (Task){s, line};
                open[run->count].cost = line_cost(run->job, open[run->count].task);
                run->count++;
            }
        }
        free(outcome);
    }
    qsort(open, run->count, sizeof *open, by_cost);
    run->tasks = checked_alloc(run->count, sizeof *run->tasks);
    for (size_t k = 0; k < run->count; k++) {
        run->tasks[k] = open[k].task;
    }
    free(open);
}

/* Root only.  Text of the job to run, taken over; continues *exists archives of the same job only. */
static char *choose_job(const char *job_path, char *text, const char *archive_path,
                        bool *exists)
{
    char *stored = NULL;
    *exists = archive_read_job(archive_path, &stored);
    if (text == NULL && !*exists) {
        die(STATUS_WRONG_INPUT, "%s: no such archive", archive_path);
    }
    if (text != NULL && *exists && strcmp(text, stored) != 0) {
        size_t line = 1;
        for (size_t k = 0; text[k] != '\0' && text[k] == stored[k]; k++) {
            line += text[k] == '\n';
        }
        die(STATUS_WRONG_INPUT, "%s:%zu: differs from the job that %s holds; choose another -o",
            job_path, line, archive_path);
    }
    if (text == NULL) {
        return stored;
    }
    free(stored);
    return text;
}

static size_t count_unconverged(const Job *job, const char *path)
{
    size_t bad = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        const size_t points = sweep_points(&job->sweeps[s]);
        int8_t *outcome = checked_alloc(points, 1);
        archive_read_outcomes(path, &job->sweeps[s], outcome);
        for (size_t i = 0; i < points; i++) {
            bad += outcome[i] != OUTCOME_CONVERGED;
        }
        free(outcome);
    }
    return bad;
}

static ExitStatus work_through(MPI_Comm comm, Run *run, const char *path)
{
    unsigned long long count = run->count;
    MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    if (run->tasks == NULL) {
        run->tasks = checked_alloc(count, sizeof *run->tasks);
    }
    run->count = count;
    MPI_Bcast(run->tasks, (int)(2 * count), MPI_UINT32_T, 0, comm);
    run->archive = archive_open(comm, path, run->job);
    run->begin = run->shown = MPI_Wtime();
    const FarmWork work = {run->count, run_line, print_progress, should_stop, run};
    const size_t done = count > 0 ? farm_run(comm, &work) : 0;
    archive_close(run->archive);
    return done < count ? STATUS_STOPPED : STATUS_DONE;
}

ExitStatus run_job(MPI_Comm comm, const char *job_path, char *text, const char *archive_path)
{
    int rank;
    MPI_Comm_rank(comm, &rank);
    signal(SIGTERM, ask_to_stop);
    signal(SIGINT, ask_to_stop);
    signal(SIGUSR1, ask_to_stop);
    bool exists = true;
    text = rank == 0 ? choose_job(job_path, text, archive_path, &exists) : NULL;
    text = broadcast_text(comm, text);
    Job job;
    char *errors = job_parse(job_path != NULL ? job_path : archive_path, text, strlen(text), &job);
    if (errors != NULL) {
        if (rank == 0) {
            fputs(errors, stderr);
        }
        free(errors);
        free(text);
        return STATUS_WRONG_INPUT;
    }
    Run run = {.job = &job};
    if (rank == 0) {
        if (!exists) {
            archive_create(archive_path, &job, text);
        }
        find_open_lines(&run, archive_path);
    }
    int status = work_through(comm, &run, archive_path);
    if (rank == 0 && status == STATUS_DONE) {
        const size_t bad = count_unconverged(&job, archive_path);
        if (bad > 0) {
            fprintf(stderr, "phasesweep: %zu points did not converge\n", bad);
            status = STATUS_POINTS_FAILED;
        }
    }
    MPI_Bcast(&status, 1, MPI_INT, 0, comm);
    free(run.tasks);
    free(text);
    job_free(&job);
    return (ExitStatus)status;
}

ExitStatus run_status(const char *archive_path)
{
    char *text;
    if (!archive_read_job(archive_path, &text)) {
        die(STATUS_WRONG_INPUT, "%s: no such archive", archive_path);
    }
    Job job;
    if (job_parse(archive_path, text, strlen(text), &job) != NULL) {
        die(STATUS_WRONG_INPUT, "%s: the job inside cannot be read", archive_path);
    }
    for (size_t s = 0; s < job.sweep_count; s++) {
        size_t counts[OUTCOME_COUNT] = {0};
        const size_t points = sweep_points(&job.sweeps[s]);
        int8_t *outcome = checked_alloc(points, 1);
        archive_read_outcomes(archive_path, &job.sweeps[s], outcome);
        for (size_t i = 0; i < points; i++) {
            counts[outcome[i]]++;
        }
        printf("%s: %zu points", job.sweeps[s].name, points);
        for (int k = 0; k < OUTCOME_COUNT; k++) {
            if (counts[k] > 0) {
                printf(", %zu %s", counts[k], outcome_name((Outcome)k));
            }
        }
        printf("\n");
        free(outcome);
    }
    free(text);
    job_free(&job);
    return STATUS_DONE;
}
