/* What a job costs, printed; nothing is computed and no archive is written.  Without
 * --learned the seconds are those of the table in plan_cost.c, measured on one machine: a
 * bill is right to a factor, and a run corrects it.
 *
 * A simulated run is the schedule of the farm on a clock that only counts: what --ranks
 * prints is what the farm would do if every estimate were right.
 */
#include "plan_command.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/lock.h"
#include "phasesweep/archive/resume.h"
#include "phasesweep/base/duration.h"
#include "phasesweep/base/files.h"
#include "phasesweep/base/memory_limit.h"
#include "phasesweep/base/text.h"
#include "phasesweep/base/wall_clock.h"
#include "phasesweep/study/refined.h"
#include "deadline.h"
#include "run_start.h"

enum { BEST_MOST = 4096, RANKS_PRESET = 64 };

static const double margin_shortest = 120.0; /* seconds between USR1 and the end of a job */
static const double time_longest = 86400.0;  /* seconds asked for; the script requeues itself */
static const double time_spare = 1.5;        /* estimates are estimates */

/* ---- what was asked for ------------------------------------------------------------------ */

/* Dies naming the option if text is no number of ranks. */
static int read_ranks(const char *option, const char *text)
{
    const double value = text_number(text);
    if (!(value >= 1.0 && value <= PLAN_RANKS_MOST && value == floor(value))) {
        die(STATUS_WRONG_INPUT, "plan: %s: %s; allowed: a whole number from 1 to %d", option,
            text_show(text).text, PLAN_RANKS_MOST);
    }
    return (int)value;
}

/* Bytes; 4G, 500M or plain bytes. */
static double read_memory(const char *text)
{
    static const char units[] = "KMGT";
    const size_t length = strlen(text);
    const char *unit = length > 0 ? strchr(units, text[length - 1]) : NULL;
    char *number = checked_format("%.*s", (int)(length - (unit != NULL)), text);
    const double value = text_number(number);
    free(number);
    if (!(value > 0.0)) {
        die(STATUS_WRONG_INPUT,
            "plan: --memory: %s; allowed: bytes a rank may use, as in 500M or 4G",
            text_show(text).text);
    }
    return value * (unit != NULL ? pow(1e3, (double)(unit - units + 1)) : 1.0);
}

/* What the last run of an archive of the same job has learned. */
static CostModel learned_by(const char *path, const Job *job)
{
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    ArchiveReader *reader = archive_reader(path, job);
    char *classes = plan_classes();
    const size_t count = archive_read_runs(reader, classes, entries, ARCHIVE_RUNS);
    free(classes);
    CostModel model = cost_model();
    /* the latest knows most: every run begins with what the last one learned */
    if (count > 0) {
        model = cost_import(entries[count - 1].coefficients);
    }
    archive_reader_close(reader);
    free(entries);
    return model;
}

static CostModel read_learned(const char *path)
{
    archive_probe(path);
    char *text = archive_read_job(path);
    if (text == NULL) {
        die(STATUS_WRONG_INPUT, "plan: --learned: %s: no such archive", path);
    }
    Job job;
    char *errors = job_parse(path, text, strlen(text), &job);
    if (errors != NULL) {
        die(STATUS_WRONG_INPUT, "plan: --learned: %s: the job inside cannot be read", path);
    }
    const CostModel model = learned_by(path, &job);
    job_free(&job);
    free(text);
    return model;
}

/* ---- the archive of a dry run ------------------------------------------------------------ */

/* Is there one of this job?  *job becomes that of the archive, whose numbers count.  Dies as
 * the run would if it holds another. */
static bool turn_to_archive(const PlanRequest *request, Job *job)
{
    const char *path = request->archive;
    archive_probe(path);
    char *text = archive_read_job(path);
    if (text == NULL) {
        printf("%s: does not exist yet\n", path);
        return false;
    }
    Job stored = run_parse(path, text);
    char *difference = run_difference(path, &stored, job);
    const bool same = difference == NULL;
    if (!same && !request->extend) {
        die(STATUS_WRONG_INPUT, "%s holds another job than %s: %s", path, request->job_path,
            difference);
    }
    if (same) {
        const Job given = *job;
        *job = stored;
        stored = given;
    } else {
        printf("%s: holds another job; what both share is taken over, and not looked at here\n",
               path);
    }
    free(difference);
    free(text);
    job_free(&stored);
    return same;
}

/* What a run would find in it now. */
static Plan plan_open(const PlanRequest *request, const Job *job, PlanSettings *settings,
                      CostModel *model)
{
    const char *path = request->archive;
    OpenChains open = chains_find(path, job, (ChainsWish){.retry = request->retry});
    double points = 0.0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        points += (double)sweep_points(&job->sweeps[s]);
    }
    printf("%s: %.0f of %.0f points are finished%s\n", path, open.finished, points,
           lock_is_held(path) ? "; a run is writing it"
           : open.count == 0  ? "; nothing to do"
           : open.more        ? "; what remains, before refine asks for more:"
                              : "; what remains:");
    if (request->learned == NULL) {
        *model = learned_by(path, job);
        settings->model = model;
    }
    char *real = lock_real_path(path);
    Plan plan = plan_of_open(job, settings, &open, real);
    free(real);
    chains_free(&open);
    return plan;
}

/* ---- the table --------------------------------------------------------------------------- */

/* One row; "none" for ranks where no team has the memory for some chain. */
static void print_total(const char *name, const PlanTotal *total)
{
    char ranks[32];
    if (total->least == INT_MAX) {
        snprintf(ranks, sizeof ranks, "none");
    } else if (total->least == total->most) {
        snprintf(ranks, sizeof ranks, "%d", total->least);
    } else {
        snprintf(ranks, sizeof ranks, "%d-%d", total->least, total->most);
    }
    printf("%-24s %11zu %9zu %12s %12s %9s\n", name, total->points, total->chains,
           text_digits(total->seconds / 3600.0, 4).text, ranks,
           text_digits(total->memory / 1e9, 3).text);
}

/* Core-hours are of one core; the sum over sweeps is printed if there are several. */
static void print_table(const Plan *plan)
{
    PlanTotal all = {.least = 1};
    printf("%-24s %11s %9s %12s %12s %9s\n", "sweep", "points", "chains", "core-hours",
           "ranks a chain", "GB a rank");
    for (size_t s = 0; s < plan->job->sweep_count; s++) {
        const PlanTotal total = plan_total(plan, s);
        print_total(plan->job->sweeps[s].name, &total);
        all.points += total.points;
        all.chains += total.chains;
        all.seconds += total.seconds;
        all.memory = fmax(all.memory, total.memory);
        all.least = total.least > all.least ? total.least : all.least;
        all.most = total.most > all.most ? total.most : all.most;
    }
    if (plan->job->sweep_count > 1) {
        print_total("all", &all);
    }
    for (size_t s = 0; s < plan->job->sweep_count; s++) {
        if (sweep_is_refined(&plan->job->sweeps[s])) {
            printf("%s: what refine may ask for at most\n", plan->job->sweeps[s].name);
        }
    }
    printf("archive: %s MB\n", text_digits(1e-6 * archive_bytes(plan->job), 4).text);
}

/* Useful: the part of ranks x time in which tasks would also keep one rank busy. */
static void print_run(const char *what, int ranks, const Simulated *run)
{
    printf("%s%s: %s", what, text_count(ranks, "rank").text,
           duration_text(plan_wall(run)).text);
    if (run->makespan > 0.0) {
        printf(", %.0f %% of the core time is useful",
               100.0 * run->serial / ranks / run->makespan);
    }
    if (run->refused > 0) {
        printf("; %s need%s more ranks", text_count((double)run->refused, "chain").text,
               run->refused == 1 ? "s" : "");
    }
    putchar('\n');
}

/* Ranks separated by commas, each on a clock that only counts. */
static void print_simulated(const Plan *plan, const char *list)
{
    /* strsep writes into its argument, which belongs to argv */
    char *copy = checked_format("%s", list);
    char *rest = copy;
    for (const char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        const int ranks = read_ranks("--simulate", word);
        const Simulated run = plan_simulate(plan, ranks);
        print_run("", ranks, &run);
    }
    free(copy);
}

/* ---- the batch script -------------------------------------------------------------------- */

/* For the shell, whatever the path holds. */
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
        } else {
            putchar(*text);
        }
    }
    putchar('\'');
}

/* The longest chain decides how long before the end the run has to be told. */
static double signal_margin(const Plan *plan)
{
    double longest = 0.0;
    for (size_t g = 0; g < plan->group_count; g++) {
        const TaskGroup *group = &plan->groups[g];
        if (group->most < INT_MAX) {
            const CostModel none = cost_model();
            longest = fmax(longest, cost_estimate(&none, group, group->most));
        }
    }
    return fmin(fmax(margin_shortest, 2.0 * longest), 0.25 * time_longest);
}

/* The absolute path of a file that must be there; owned by the caller. */
static char *whole_path(const char *path)
{
    char *whole = realpath(path, NULL);
    if (whole == NULL) {
        die(STATUS_ENVIRONMENT, "plan: --sbatch: %s: %s", path, strerror(errno));
    }
    return whole;
}

/* The batch script of this program: in its source tree, beside build/ or build/X/, or where it
 * was installed; owned by the caller. */
static char *batch_script(const char *program)
{
    static const char *const places[] = {"slurm", "../slurm", "share/phasesweep/slurm"};
    char *folder = file_folder(program);
    char *found = NULL;
    for (size_t k = 0; k < sizeof places / sizeof *places && found == NULL; k++) {
        char *path = checked_format("%s/../%s/phasesweep.sbatch", folder, places[k]);
        found = realpath(path, NULL);
        free(path);
    }
    if (found == NULL) {
        die(STATUS_ENVIRONMENT,
            "plan: --sbatch: no slurm/phasesweep.sbatch beside %s, nor share/phasesweep/slurm",
            folder);
    }
    free(folder);
    return found;
}

/* Nothing of it depends on where it is submitted, or on PATH. */
static void print_commands(const char *job_path)
{
    char *program = whole_path("/proc/self/exe");
    char *script = batch_script(program);
    char *job = whole_path(job_path);
    fputs("export PHASESWEEP=", stdout);
    print_quoted(program);
    fputs("\nexec bash ", stdout);
    print_quoted(script);
    fputs(" \"$@\" ", stdout);
    print_quoted(job);
    putchar('\n');
    free(program);
    free(script);
    free(job);
}

/* Only what depends on the job; the rest, traps and requeueing, is in
 * slurm/phasesweep.sbatch.  Memory with a fifth to spare, for MPI and libraries. */
static void print_script(const Plan *plan, const char *job_path, int ranks, double longest)
{
    const Simulated run = plan_simulate(plan, ranks);
    double memory = 0.0;
    for (size_t s = 0; s < plan->job->sweep_count; s++) {
        memory = fmax(memory, plan_total(plan, s).memory);
    }
    const double margin = signal_margin(plan);
    const double wanted = time_spare * plan_wall(&run) + 2.0 * margin + 300.0;
    /* in steps of ten minutes, but not beyond the deadline */
    const int minutes =
        (int)fmin(ceil(wanted / 600.0) * 10.0, fmax(1.0, floor(longest / 60.0)));
    printf("#!/bin/bash\n"
           "#SBATCH --job-name=phasesweep\n"
           "#SBATCH --ntasks=%d\n"
           "#SBATCH --time=%02d:%02d:00\n"
           "#SBATCH --mem-per-cpu=%.0fM\n"
           "#SBATCH --signal=B:USR1@%.0f\n"
           "#SBATCH --requeue\n"
           "#SBATCH --open-mode=append\n"
           "#SBATCH --output=%%x-%%j.out\n",
           ranks, minutes / 60, minutes % 60, ceil(1.2 * memory / 1e6) + 100.0, margin);
    printf("# expected: %s; requeues itself until all is done.  Options of sbatch win over "
           "these,\n"
           "# but memory is --mem-per-cpu alone, which Slurm does not let --mem replace; those "
           "of\n"
           "# phasesweep.sbatch, as --launcher or --extra-rank, go behind this file.\n",
           duration_text(plan_wall(&run)).text);
    print_commands(job_path);
}

/* ---- the command ------------------------------------------------------------------------- */

/* Seconds until the deadline, or of the longest job that is asked for. */
static double time_given(const PlanRequest *request)
{
    const double now = wall_clock();
    const double seconds = request->sbatch ? time_longest : INFINITY;
    return request->deadline == NULL
               ? seconds
               : fmin(seconds, deadline_find("plan", request->deadline, now).end - now);
}

/* Whether every chain ends in so many seconds, or can be interrupted; says so if not. */
static bool fits_the_time(const Plan *plan, int workers, double seconds)
{
    char *late =
        plan_too_long(plan, workers, seconds - deadline_margin(seconds), plan->settings.model);
    if (late != NULL) {
        fputs(late, stderr);
        free(late);
    }
    return late == NULL;
}

/* How many jobs that end with the deadline the work takes; with one they are all over by it. */
static void print_jobs(const PlanRequest *request, double makespan, double seconds)
{
    const double useful = seconds - deadline_margin(seconds);
    if (request->deadline == NULL) {
        return;
    }
    printf("deadline %s: every chain fits or can be interrupted; ", request->deadline);
    if (makespan <= useful) {
        printf("all is done %s before it\n", duration_text(seconds - makespan).text);
    } else {
        printf("all takes about %.0f such times, resumed\n", ceil(makespan / useful));
    }
}

/* Table, one run per wish, and the best number of ranks; or the batch script alone. */
static ExitStatus print_plan(const PlanRequest *request, const Plan *plan)
{
    const int ranks = request->ranks != NULL ? read_ranks("--ranks", request->ranks) : 0;
    /* a bill for chains that cannot run would be wrong: better none */
    bool master;
    char *refusals =
        plan_refusals(plan, plan_workers(ranks > 0 ? ranks : PLAN_RANKS_MOST, &master));
    if (refusals != NULL) {
        fprintf(stderr, "%s", refusals);
        free(refusals);
        return STATUS_WRONG_INPUT;
    }
    const double seconds = time_given(request);
    if (!fits_the_time(plan, plan_workers(ranks > 0 ? ranks : BEST_MOST, &master), seconds)) {
        return STATUS_WRONG_INPUT;
    }
    if (request->sbatch) {
        print_script(plan, request->job_path, ranks > 0 ? ranks : RANKS_PRESET, seconds);
        return STATUS_DONE;
    }
    print_table(plan);
    if (ranks > 0) {
        const Simulated run = plan_simulate(plan, ranks);
        print_run("", ranks, &run);
    }
    if (request->simulate != NULL) {
        print_simulated(plan, request->simulate);
    }
    Simulated best;
    const int best_ranks = plan_best_ranks(plan, BEST_MOST, &best);
    print_run("best: ", best_ranks, &best);
    const Simulated asked = ranks > 0 ? plan_simulate(plan, ranks) : best;
    print_jobs(request, plan_wall(&asked), seconds);
    return STATUS_DONE;
}

ExitStatus cli_plan(const PlanRequest *request, char *text)
{
    /* the script names the job file, in which the changed keys are not */
    if (request->sbatch && request->overridden) {
        die(STATUS_WRONG_INPUT, "plan: --sbatch takes no --set; write it into the job file");
    }
    Job job;
    char *errors = job_parse(request->job_path, text, strlen(text), &job);
    if (errors != NULL) {
        fputs(errors, stderr);
        free(errors);
        free(text);
        return STATUS_WRONG_INPUT;
    }
    CostModel model = cost_model();
    if (request->learned != NULL) {
        model = read_learned(request->learned);
    }
    /* as if a rank sat on every core of a node like this one */
    const int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    PlanSettings settings = {.memory = request->memory != NULL ? read_memory(request->memory)
                                                               : memory_per_rank(cores),
                             .model = &model};
    Plan plan = request->archive != NULL && turn_to_archive(request, &job)
                    ? plan_open(request, &job, &settings, &model)
                    : plan_create(&job, &settings);
    /* of an archive that is finished there is nothing to say */
    const ExitStatus status = plan.chain_count > 0 ? print_plan(request, &plan) : STATUS_DONE;
    plan_free(&plan);
    job_free(&job);
    free(text);
    return status;
}
