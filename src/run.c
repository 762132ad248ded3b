#include "phasesweep/run.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/archive.h"
#include "phasesweep/farm.h"
#include "phasesweep/job.h"
#include "phasesweep/plan.h"
#include "phasesweep/point.h"
#include "phasesweep/progress.h"

typedef struct Run {
    const Job *job;
    Archive   *archive;
    Plan       plan;        /* of the lines that are not finished; groups on rank 0 only */
    Progress   progress;
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

static void show_progress(void *context, const ScheduleState *state)
{
    Run *run = context;
    progress_show(&run->progress, state, MPI_Wtime(), false);
}

static int run_line(void *context, FarmTeam *team, size_t index)
{
    (void)team; /* state evolution has teams of one rank */
    Run *run = context;
    const PlanLine task = run->plan.lines[index];
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
    int failed = 0;
    for (size_t k = 0; k < count; k++) {
        failed += records[k].outcome != OUTCOME_CONVERGED;
    }
    return failed;
}

/* Root only.  Lines with a point that never ran, the largest first. */
static void find_open_lines(Run *run, const char *path)
{
    PlanLine *open = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (uint32_t s = 0; s < run->job->sweep_count; s++) {
        const Sweep *sweep = &run->job->sweeps[s];
        int8_t *outcome = checked_alloc(sweep_points(sweep), 1);
        archive_read_outcomes(path, sweep, outcome);
        for (uint32_t line = 0; line < sweep_lines(sweep); line++) {
            size_t first;
            size_t points;
            sweep_line(sweep, line, &first, &points);
            if (memchr(outcome + first, OUTCOME_NEVER_RUN, points) == NULL) {
                continue;
            }
            if (count == capacity) {
                capacity = 2 * capacity + 64;
                open = checked_realloc(open, capacity, sizeof *open);
            }
            open[count++] = (PlanLine){s, line};
        }
        free(outcome);
    }
    const PlanSettings settings = {.memory = INFINITY};
    run->plan = plan_of_lines(run->job, &settings, open, count);
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
    Plan *plan = &run->plan;
    unsigned long long count = plan->line_count;
    MPI_Bcast(&count, 1, MPI_UNSIGNED_LONG_LONG, 0, comm);
    if (plan->lines == NULL) {
        plan->lines = checked_alloc(count, sizeof *plan->lines);
    }
    MPI_Bcast(plan->lines, (int)(2 * count), MPI_UINT32_T, 0, comm);
    run->archive = archive_open(comm, path, run->job);
    run->progress = progress_begin(stderr, MPI_Wtime());
    const FarmWork work = {.groups = plan->groups,
                           .group_count = plan->group_count,
                           .deadline = INFINITY,
                           .run = run_line,
                           .progress = show_progress,
                           .stop = should_stop,
                           .context = run};
    const FarmReport report = farm_run(comm, &work);
    int rank;
    MPI_Comm_rank(comm, &rank);
    if (rank == 0 && count > 0) {
        progress_show(&run->progress, &report.state, MPI_Wtime(), true);
    }
    archive_close(run->archive);
    return report.state.done < count ? STATUS_STOPPED : STATUS_DONE;
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
    plan_free(&run.plan);
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
