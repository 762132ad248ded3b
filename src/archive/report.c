/* Archives are looked at while runs write them, and after crashes: counts come from outcomes
 * alone, which is fast and tolerant, and only verify reads payloads.
 *
 * JSON is written by hand, as one line: names in it are ours, and only what the table of runs
 * says needs escapes.
 */
#include "phasesweep/archive/report.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/archive/lock.h"
#include "phasesweep/base/duration.h"
#include "phasesweep/base/text.h"
#include "phasesweep/base/wall_clock.h"
#include "phasesweep/archive/side_files.h"
#include "open_job.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/study/refined.h"

/* Rows that verify names in a sweep; a damaged disk block holds thousands. */
enum { ROWS_NAMED = 10 };

/* ---- status ------------------------------------------------------------------------------ */

typedef struct Counts {
    size_t points, outcome[OUTCOME_COUNT];
    size_t first_hole; /* first point without a result; points if there is none */
} Counts;

/* An outcome out of range is damage, which verify reports; here it is a point still to do. */
static void count_point(void *context, size_t point, int8_t outcome)
{
    Counts *counts = context;
    const bool known = outcome > OUTCOME_NEVER_RUN && outcome < OUTCOME_COUNT;
    counts->outcome[known ? outcome : OUTCOME_NEVER_RUN]++;
    if (counts->first_hole == counts->points && (!known || outcome == OUTCOME_RUNNING)) {
        counts->first_hole = point;
    }
}

static Counts count_sweep(const Opened *opened, size_t s)
{
    assert(s < opened->job->sweep_count);
    const Sweep *sweep = &opened->job->sweeps[s];
    Counts counts = {.points = sweep_points(sweep), .first_hole = sweep_points(sweep)};
    archive_visit_outcomes(opened->reader, s, sweep, count_point, &counts);
    return counts;
}

/* Points without a result; of those RUNNING some may be seconds from theirs.  Which points
 * refinement will ask for is not known, but how many at most. */
static double left_of(const Sweep *sweep, const Counts *counts)
{
    const size_t holes = counts->outcome[OUTCOME_NEVER_RUN] + counts->outcome[OUTCOME_RUNNING];
    const size_t done = counts->points - holes - counts->outcome[OUTCOME_NOT_ASKED];
    const size_t most = sweep_points_most(sweep);
    if (holes == 0 || !sweep_is_refined(sweep)) {
        return (double)holes;
    }
    /* at least one: all that is asked for may be done, but nobody has said so */
    return most > done ? (double)(most - done) : 1.0;
}

/* What the table of runs says. */
typedef struct Usage {
    size_t runs;
    RunEntry entries[ARCHIVE_RUNS];
    double core_hours; /* of the runs that ended, and of the one going on */
    bool running;
    double eta; /* s; NAN if no run is going on or it has not told yet */
    size_t endings[RUN_ENDING_BEYOND - RUN_NO_WORD]; /* NO_WORD: died; the one going on: none */
    SideCheckpoints checkpoints;
} Usage;

/* A run that died has no end: its hours are unknown and left out.  The last entry without
 * one belongs to a run that goes on only if the lock says that somebody lives. */
static void add_usage(const char *path, const Opened *opened, Usage *usage)
{
    const double now = wall_clock();
    char *real = lock_real_path(path);
    usage->checkpoints = side_checkpoints(real, opened->job);
    free(real);
    usage->runs = archive_read_runs(opened->reader, "", usage->entries, ARCHIVE_RUNS);
    usage->running = lock_is_held(path);
    usage->core_hours = 0.0;
    usage->eta = NAN;
    for (size_t k = 0; k < usage->runs; k++) {
        const RunEntry *run = &usage->entries[k];
        const bool going_on = usage->running && k + 1 == usage->runs && run->end == 0.0;
        const double end = going_on ? now : run->end;
        /* files without endings know at least which runs came to their end */
        const bool known = run->ending > RUN_NO_WORD && run->ending < RUN_ENDING_BEYOND;
        usage->endings[known ? run->ending - RUN_NO_WORD : 0] += known || end == 0.0;
        usage->core_hours += end > 0.0 ? run->ranks * (end - run->start) / 3600.0 : 0.0;
        usage->eta = going_on ? archive_run_left(run, now) : NAN;
    }
}

/* One line a sweep; outcomes that no point has are left out.  `held`: somebody computes; else
 * what is RUNNING was in hand when a run died, and is tried again by the next. */
static void print_counts(const Sweep *sweep, const Counts *counts, bool held)
{
    printf("%s: %s", sweep->name, text_count((double)counts->points, "point").text);
    for (int k = 0; k < OUTCOME_COUNT; k++) {
        if (counts->outcome[k] > 0) {
            printf(", %zu %s", counts->outcome[k],
                   k == OUTCOME_RUNNING && !held ? "in hand when their run died"
                                                 : outcome_name((Outcome)k));
        }
    }
    assert(counts->first_hole <= counts->points);
    if (counts->first_hole < counts->points && sweep_is_refined(sweep)) {
        printf("; refine asks for %zu at most", sweep_points_most(sweep));
    } else if (counts->first_hole < counts->points) {
        char *name = sweep_point_name(sweep, counts->first_hole);
        printf("; first hole at %s", name);
        free(name);
    }
    printf("\n");
}

/* Names need no escapes: those of sweeps are a-z, 0-9, _ and the rest are ours. */
static void print_json_counts(const Sweep *sweep, const Counts *counts)
{
    printf("{\"name\": \"%s\", \"model\": \"%s\", \"method\": \"%s\", \"points\": %zu, "
           "\"outcomes\": {",
           sweep->name, model_name(sweep_model(sweep)), method_name(sweep_method(sweep)),
           counts->points);
    for (int k = 0; k < OUTCOME_COUNT; k++) {
        printf("%s\"%s\": %zu", k > 0 ? ", " : "", outcome_name((Outcome)k),
               counts->outcome[k]);
    }
    printf("}, \"holes\": %.0f}", left_of(sweep, counts));
}

/* JSON has no NaN: what is unknown, or damaged, is null. */
static void print_json_number(const char *format, double number)
{
    printf(isfinite(number) ? format : "null", number);
}

/* What a file holds may be no text at all: anything but plain ASCII becomes an escape. */
static void print_json_text(const char *text)
{
    printf("\"");
    for (; *text != '\0'; text++) {
        const unsigned char letter = (unsigned char)*text;
        const bool plain = letter >= ' ' && letter <= '~' && letter != '"' && letter != '\\';
        printf(plain ? "%c" : "\\u%04x", letter);
    }
    printf("\"");
}

static void print_json_run(const RunEntry *run)
{
    printf("{\"start\": ");
    print_json_number("%.3f", run->start);
    printf(", \"end\": ");
    print_json_number("%.3f", run->end);
    printf(", \"ending\": \"%s\", \"ranks\": %d, \"points\": ", run_ending_name(run->ending),
           run->ranks);
    print_json_number("%.0f", run->points);
    printf(", \"host\": ");
    print_json_text(run->host);
    printf(", \"slurm_job\": ");
    print_json_text(run->slurm_job);
    printf("}");
}

static void print_json_usage(const Job *job, const Usage *usage)
{
    printf("], \"running\": %s, \"core_hours\": ", usage->running ? "true" : "false");
    print_json_number("%.6g", usage->core_hours);
    printf(", \"eta_seconds\": ");
    print_json_number("%.3g", usage->eta);
    printf(", \"runs\": [");
    for (size_t k = 0; k < usage->runs; k++) {
        printf("%s", k > 0 ? ", " : "");
        print_json_run(&usage->entries[k]);
    }
    printf("], \"checkpoints\": [");
    for (size_t k = 0; k < usage->checkpoints.count; k++) {
        const SideCheckpoint *side = &usage->checkpoints.list[k];
        printf("%s{\"sweep\": \"%s\", \"chain\": %zu, \"saved\": %.0f}", k > 0 ? ", " : "",
               job->sweeps[side->sweep].name, side->chain, side->saved);
    }
    printf("]}\n");
}

static void print_checkpoints(const Job *job, const SideCheckpoints *checkpoints)
{
    for (size_t k = 0; k < checkpoints->count; k++) {
        const SideCheckpoint *side = &checkpoints->list[k];
        const Sweep *sweep = &job->sweeps[side->sweep];
        const time_t saved = (time_t)side->saved;
        char date[64];
        size_t first, count;
        sweep_chain(sweep, side->chain, &first, &count);
        char *name = sweep_point_name(sweep, first);
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", gmtime(&saved));
        printf("%s: checkpoint of chain %zu, from %s on, saved %s\n", sweep->name, side->chain,
               name, date);
        free(name);
    }
}

/* " (2 finished, 1 stopped)"; nothing if no run ended. */
static void print_endings(const Usage *usage)
{
    const char *before = " (";
    for (int code = RUN_NO_WORD; code < RUN_ENDING_BEYOND; code++) {
        const size_t runs = usage->endings[code - RUN_NO_WORD];
        if (runs > 0) {
            printf("%s%zu %s", before, runs,
                   code == RUN_NO_WORD ? "died without a word" : run_ending_name(code));
            before = ", ";
        }
    }
    printf("%s", before[0] == ',' ? ")" : "");
}

/* The last lines of the text form. */
static void print_usage(const Job *job, const Usage *usage)
{
    print_checkpoints(job, &usage->checkpoints);
    printf("%s", text_count((double)usage->runs, "run").text);
    print_endings(usage);
    printf(", %s core-hours", text_digits(usage->core_hours, 3).text);
    if (usage->running) {
        printf("; running");
        if (isfinite(usage->eta)) {
            printf(", ETA %s", duration_text(usage->eta).text);
        }
    }
    printf("\n");
}

typedef struct StatusRequest {
    const char *path;
    bool json;
} StatusRequest;

static ExitStatus show_status(void *context)
{
    const StatusRequest *request = context;
    const char *path = request->path;
    const bool json = request->json;
    Opened opened = open_job_archive(path);
    const bool held = !json && lock_is_held(path);
    if (json) {
        printf("{\"sweeps\": [");
    }
    for (size_t s = 0; s < opened.job->sweep_count; s++) {
        const Counts counts = count_sweep(&opened, s);
        if (json) {
            printf("%s", s > 0 ? ", " : "");
            print_json_counts(&opened.job->sweeps[s], &counts);
        } else {
            print_counts(&opened.job->sweeps[s], &counts, held);
        }
    }
    /* a table of ARCHIVE_RUNS entries is too large for a stack */
    Usage *usage = checked_alloc(1, sizeof *usage);
    add_usage(path, &opened, usage);
    (json ? print_json_usage : print_usage)(opened.job, usage);
    free(usage->checkpoints.list);
    free(usage);
    open_job_close(&opened);
    return STATUS_DONE;
}

ExitStatus report_status(const char *path, bool json)
{
    StatusRequest request = {path, json};
    return archive_apart(path, NULL, show_status, &request);
}

/* ---- verify ------------------------------------------------------------------------------ */

/* Of one sweep, in points. */
typedef struct Verdict {
    size_t points, finished, wrong;
} Verdict;

/* Rows that never finished have no checksum to be wrong. */
static void verify_rows(const Opened *opened, size_t s, size_t first, size_t count,
                        Verdict *verdict)
{
    const Sweep *sweep = &opened->job->sweeps[s];
    archive_read_rows(opened->reader, s, first, count, opened->rows);
    for (size_t i = 0; i < count; i++) {
        /* an outcome out of range counts as finished, and is wrong */
        const bool finished = !outcome_is_hole(opened->rows->records[i].outcome);
        verdict->finished += finished;
        if (finished && !opened->rows->sound[i] && ++verdict->wrong <= ROWS_NAMED) {
            char *name = sweep_point_name(sweep, first + i);
            printf("%s: wrong checksum at %s\n", sweep->name, name);
            free(name);
        }
    }
    verdict->points += count;
}

/* Also of copies repacked with h5repack: only values count, not how they are stored. */
static ExitStatus verify(void *path)
{
    Opened opened = open_job_archive(path);
    size_t wrong = 0;
    /* what the rows mean comes before what they are */
    if (!archive_structure_sound(opened.reader)) {
        printf("job, axes or attributes were changed: wrong structure_checksum\n");
        wrong++;
    }
    for (size_t s = 0; s < opened.job->sweep_count; s++) {
        Verdict verdict = {0};
        const size_t points = sweep_points(&opened.job->sweeps[s]);
        for (size_t first = 0, count; first < points; first += count) {
            count = sweep_block(&opened.job->sweeps[s], first);
            verify_rows(&opened, s, first, count, &verdict);
        }
        printf("%s: %s, %zu finished, %zu with a wrong checksum\n", opened.job->sweeps[s].name,
               text_count((double)verdict.points, "point").text, verdict.finished,
               verdict.wrong);
        wrong += verdict.wrong;
    }
    open_job_close(&opened);
    return wrong == 0 ? STATUS_DONE : STATUS_POINTS_FAILED;
}

ExitStatus report_verify(const char *path)
{
    return archive_apart(path, NULL, verify, (void *)path);
}
