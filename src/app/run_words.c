#define _GNU_SOURCE /* program_invocation_name */
#include "run_words.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "phasesweep/base/duration.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/refined.h"
#include "deadline.h"

/* Several lines or none; taken over. */
static void say(char *lines)
{
    if (lines != NULL) {
        fputs(lines, stderr);
    }
    free(lines);
}

void words_begin(const char *path, const Plan *plan, int workers)
{
    double points = 0.0;
    for (size_t g = 0; g < plan->group_count; g++) {
        points += (double)plan->groups[g].count * plan->groups[g].points;
    }
    if (plan->chain_count > 0) {
        fprintf(stderr, "phasesweep: %s: %s in %s on %s\n", path,
                text_count(points, "point").text,
                text_count((double)plan->chain_count, "chain").text,
                text_count(workers, "rank").text);
    }
}

void words_finished(const char *path, const OpenChains *open)
{
    if (open->count == 0 && !open->more) {
        fprintf(stderr, "phasesweep: %s: all %s are finished; nothing to do\n", path,
                text_count(open->finished, "point").text);
    }
}

void words_round(const char *path, size_t round, const Plan *plan)
{
    if (plan->chain_count > 0) {
        fprintf(stderr, "phasesweep: %s: refine, round %zu: %zu points\n", path, round,
                plan->chain_count);
    }
}

/* What decides, by the names of its fields. */
static const char *refined_by(const Sweep *sweep)
{
    FieldId fields[REFINE_FIELDS];
    sweep_refined_fields(sweep, fields);
    return record_fields[fields[0]].name;
}

void words_refined(const char *path, const Job *job, const OpenChains *open)
{
    for (size_t k = 0; k < open->refined_count; k++) {
        const RefinedSweep *its = &open->refined[k];
        const Sweep *sweep = &job->sweeps[its->sweep];
        const size_t points = sweep_points(sweep);
        fprintf(stderr, "phasesweep: %s: %s: refined with %zu of %zu points (%.3g %%)", path,
                sweep->name, its->asked, points, 100.0 * (double)its->asked / (double)points);
        if (its->waiting > 0) {
            fprintf(stderr, "; refine_budget %g ends it: %zu cells would ask for more",
                    sweep->settings.value[KEY_REFINE_BUDGET], its->waiting);
        }
        if (its->blind > 0) {
            fprintf(stderr,
                    "; %zu of %zu planes have no %s to compare, and their coarsest corners "
                    "alone",
                    its->blind, its->planes, refined_by(sweep));
        }
        fputc('\n', stderr);
    }
}

void words_refusals(const Plan *plan, int workers)
{
    say(plan_refusals(plan, workers));
}

void words_too_long(const Plan *plan, int workers, double limit, const CostModel *costs)
{
    say(plan_too_long(plan, workers, limit, costs));
}

void words_deadline(const RunRequest *request, double margin)
{
    fprintf(stderr,
            "phasesweep: nothing starts that would not end by %s (%s); trainings are saved %s "
            "before\n",
            deadline_text(request->deadline).text, request->deadline_source,
            duration_text(margin).text);
}

/* "did not converge", after "3 points". */
static const char *what_happened(Outcome outcome)
{
    switch (outcome) {
    case OUTCOME_NOT_CONVERGED:
        return "did not converge";
    case OUTCOME_FAILED:
        return "failed";
    case OUTCOME_REFUSED_MEMORY:
        return "refused (no team of ranks has the memory)";
    case OUTCOME_LOST:
        return "lost (a run died there three times)";
    case OUTCOME_DIVERGED:
        return "diverged";
    default:
        return outcome_name(outcome);
    }
}

/* "; small at samples = 3, weight_decay = 1 (12 iterations, off by 0.02)" */
static void say_point(const Job *job, const BadPoint *bad, const char *before)
{
    char *name = sweep_point_name(&job->sweeps[bad->sweep], bad->point);
    fprintf(stderr, "%s%s at %s", before, job->sweeps[bad->sweep].name, name);
    free(name);
    if (bad->iterations > 0.0) {
        fprintf(stderr, " (%s", text_count(bad->iterations, "iteration").text);
        if (isfinite(bad->off)) {
            fprintf(stderr, ", off by %.2g", bad->off);
        }
        fputc(')', stderr);
    }
}

/* A line an outcome, with the first few of its points. */
static void say_bad(const char *path, const Job *job, const PointCounts *counts)
{
    for (int outcome = OUTCOME_RUNNING + 1; outcome < OUTCOME_COUNT; outcome++) {
        const size_t count = counts->outcome[outcome];
        if (count == 0 || outcome_is_good((Outcome)outcome)) {
            continue;
        }
        fprintf(stderr, "phasesweep: %s: %s %s", path, text_count((double)count, "point").text,
                what_happened((Outcome)outcome));
        for (size_t k = 0; k < count && k < POINTS_NAMED; k++) {
            say_point(job, &counts->bad[outcome][k], k == 0 ? ": " : "; ");
        }
        if (count > POINTS_NAMED) {
            fprintf(stderr, "; and %zu more", count - POINTS_NAMED);
        }
        fputc('\n', stderr);
    }
}

/* What started this run, as far as the environment tells; NULL: nothing did. */
static const char *launcher(void)
{
    if (getenv("OMPI_COMM_WORLD_SIZE") != NULL) {
        return "mpirun";
    }
    /* Hydra, of MPICH, counts the ranks of a node, and starts its daemons as a step of Slurm */
    if (getenv("MPI_LOCALNRANKS") == NULL && getenv("SLURM_STEP_ID") != NULL) {
        return "srun";
    }
    return getenv("PMI_SIZE") != NULL ? "mpiexec" : NULL;
}

/* Ranks of this node may have been more than its cores, which Open MPI wants to be told. */
static char *launch(int ranks)
{
    const char *here = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    const bool crowded = here != NULL && strtol(here, NULL, 10) > sysconf(_SC_NPROCESSORS_ONLN);
    const char *by = launcher();
    char *program = text_quoted(program_invocation_name);
    char *line = ranks == 1 && by == NULL
                     ? checked_format("%s", program)
                     : checked_format("%s -n %d %s%s", by != NULL ? by : "mpirun", ranks,
                                      crowded ? "--oversubscribe " : "", program);
    free(program);
    return line;
}

char *words_resume(const char *path, const char *option, int ranks)
{
    char *begin = launch(ranks);
    char *file = text_quoted(path);
    char *line = checked_format("%s resume %s%s", begin, option, file);
    free(begin);
    free(file);
    return line;
}

void words_end(const char *path, const Job *job, const PointCounts *counts, int ranks)
{
    say_bad(path, job, counts);
    /* theory ends alike each time, but for want of memory or a life; and has no limit to set */
    const bool by_chance =
        counts->outcome[OUTCOME_REFUSED_MEMORY] + counts->outcome[OUTCOME_LOST] > 0;
    if (counts->drawn > 0 || by_chance) {
        char *line = words_resume(path, "--retry ", ranks);
        fprintf(stderr, "phasesweep: `%s` tries them again%s\n", line,
                counts->drawn > 0
                    ? ", with `--set iteration_limit=N` or `--set time_limit=S` (0: none) "
                      "where trainings met that limit"
                    : "");
        free(line);
    }
    char *file = text_quoted(path);
    fprintf(stderr,
            "phasesweep: %s is complete; `phasesweep status %s` counts its points, "
            "`phasesweep-report %s` (analysis/report.py) draws them on one page, "
            "`phasesweep-figure --help` names the figures\n",
            path, file, file);
    free(file);
}

void words_stopped(const char *path, const ScheduleState *state, bool hopeless, int ranks)
{
    char *line = words_resume(path, "", ranks);
    fprintf(stderr, "phasesweep: %s: %s, with %.0f of %s done", path,
            hopeless ? "all that is left takes longer than the time limit" : "stopped",
            state->points_done, text_count(state->points, "open point").text);
    if (state->failed > 0) {
        fprintf(stderr, ", %zu of them failed", state->failed);
    }
    fprintf(stderr, "; `%s` goes on%s\n", line, hopeless ? " where there is more time" : "");
    free(line);
}
