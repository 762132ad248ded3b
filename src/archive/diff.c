/* report_diff: two archives by what their points are and not by place, so that a job whose
 * sweeps were renamed, reordered or extended, or whose axes have other values between or in
 * another order, is compared where it is the same.  Equal chains pair off first, then the
 * points of the others; what a job holds twice has a partner for each of its copies.
 *
 * Points of unequal chains started from other neighbours: how they were reached is not
 * compared, and the reader is told that their tolerance is what they agree to.  Nor is it under
 * a tolerance, which asks whether results agree: rounding alone changes the number of steps.
 *
 * Seconds are left out: they differ between any two runs.
 *
 * Outcomes must be equal; numbers within the tolerance, relative to the larger; NAN equals
 * NAN.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "phasesweep/archive/report.h"
#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/model/method_facts.h"
#include "content.h"
#include "open_job.h"

/* How one field or series differs over all shared points. */
typedef struct Difference {
    size_t values;  /* that differ; 0: the rest means nothing */
    double largest; /* relative difference; infinite beside a value that is no number */
    double a, b;    /* the two values there */
    char *where;    /* of the largest; owned */
} Difference;

typedef struct Comparison {
    Opened a, b;
    double tolerance;
    size_t shared, only_a, only_b; /* points; only_b: of those in both grids */
    size_t unpaired;               /* asked for in one of them alone, though in both grids */
    size_t apart;                  /* of those shared: reached from other points */
    Difference outcome, field[FIELD_COUNT], series[SERIES_COUNT];
} Comparison;

/* Relative to the larger value; infinite if only one of them is a number. */
static double distance(double a, double b)
{
    if (a == b || (isnan(a) && isnan(b))) {
        return 0.0;
    }
    const double scale = fmax(fabs(a), fabs(b));
    /* infinity - infinity and NAN beside a number: no number, and as different as can be */
    const double relative = fabs(a - b) / scale;
    return isnan(relative) ? INFINITY : relative;
}

/* Count a pair of values that differ by more than the tolerance, and remember the worst. */
static void compare(Difference *difference, double a, double b, double tolerance,
                    const Sweep *sweep, size_t point)
{
    const double size = distance(a, b);
    assert(size >= 0.0);
    if (!(size > tolerance)) {
        return;
    }
    difference->values++;
    if (size > difference->largest) {
        free(difference->where);
        char *place = sweep_point_name(sweep, point);
        difference->where = checked_format("%s: %s", sweep->name, place);
        free(place);
        difference->largest = size;
        difference->a = a;
        difference->b = b;
    }
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Number by number; what one of them stores no room for counts as NAN. */
static void compare_series(Comparison *c, SeriesId id, const Sweep *sweep, size_t point,
                           size_t i, size_t j)
{
    const Series *a = &c->a.rows->series;
    const Series *b = &c->b.rows->series;
    const size_t rows = larger(series_rows(a->length, id), series_rows(b->length, id));
    const size_t columns = larger(series_columns(a->length, id), series_columns(b->length, id));
    for (size_t k = 0; k < rows * columns; k++) {
        const double left = series_number(a, id, i, k / columns, k % columns);
        const double right = series_number(b, id, j, k / columns, k % columns);
        compare(&c->series[id], left, right, c->tolerance, sweep, point);
    }
}

/* What tells how a result was reached, and not what it is. */
static bool tells_the_way(int field)
{
    return field == FIELD_ITERATIONS || field == FIELD_RESIDUAL || field == FIELD_GAP;
}

/* Row i of a against row k of b; `point` is that of a.  A row that is not finished differs from
 * one that is by its outcome alone; a point that one of them was not asked for is in the other.
 */
static void compare_rows(Comparison *c, const Sweep *sweep, size_t point, size_t i, size_t k,
                         bool apart)
{
    const Record *a = &c->a.rows->records[i];
    const Record *b = &c->b.rows->records[k];
    if ((a->outcome == OUTCOME_NOT_ASKED) != (b->outcome == OUTCOME_NOT_ASKED)) {
        c->unpaired++;
        (*(a->outcome == OUTCOME_NOT_ASKED ? &c->only_b : &c->only_a))++;
        return;
    }
    c->shared++;
    compare(&c->outcome, a->outcome, b->outcome, 0.0, sweep, point);
    if (!outcome_has_row(a->outcome) || !outcome_has_row(b->outcome)) {
        return;
    }
    c->apart += apart;
    for (int field = 0; field < FIELD_COUNT; field++) {
        const bool way = !apart && c->tolerance == 0.0;
        if (field != FIELD_SECONDS && (way || !tells_the_way(field))) {
            compare(&c->field[field], a->value[field], b->value[field], c->tolerance, sweep,
                    point);
        }
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        compare_series(c, id, sweep, point, i, k);
    }
}

/* Was a part of the chain perhaps computed without the rest?  Of chains whose points do not
 * stand alone that cannot be. */
static bool any_taken(const Sweep *sweep, const Rows *rows, size_t count)
{
    bool taken = false;
    for (size_t i = 0; i < count && method_facts(sweep_method(sweep))->shares_data; i++) {
        taken = taken || archive_is_taken(rows->records[i].outcome, rows->attempts[i]);
    }
    return taken;
}

static void compare_chain(Comparison *c, uint32_t s, uint32_t chain, const ContentRef *b)
{
    const Sweep *sweep = &c->a.job->sweeps[s];
    size_t first;
    size_t place;
    size_t count;
    sweep_chain(&c->b.job->sweeps[b->sweep], b->place, &place, &count);
    archive_read_rows(c->b.reader, b->sweep, place, count, c->b.rows);
    sweep_chain(sweep, chain, &first, &count);
    archive_read_rows(c->a.reader, s, first, count, c->a.rows);
    const bool apart = any_taken(sweep, c->a.rows, count) || any_taken(sweep, c->b.rows, count);
    for (size_t i = 0; i < count; i++) {
        compare_rows(c, sweep, first + i, i, i, apart);
    }
}

/* The points of a chain that b lacks as a whole. */
static void compare_points(Comparison *c, uint32_t s, uint32_t chain, ContentIndex *points,
                           ContentRows *a, ContentRows *b)
{
    const Sweep *sweep = &c->a.job->sweeps[s];
    const MethodFacts *facts = method_facts(sweep_method(sweep));
    const bool apart = !facts->stands_alone || facts->shares_data;
    size_t first;
    size_t count;
    sweep_chain(sweep, chain, &first, &count);
    for (size_t point = first; point < first + count; point++) {
        ContentRef *found = content_unused(points, sweep_point_id(sweep, point));
        if (found == NULL) {
            c->only_a++;
            continue;
        }
        found->used = 1;
        const size_t i = content_row(a, s, point);
        const size_t k = content_row(b, found->sweep, found->place);
        compare_rows(c, sweep, point, i, k, apart);
    }
}

/* Whether finished or not. */
static size_t points_of(const Job *job)
{
    size_t points = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        points += sweep_points(&job->sweeps[s]);
    }
    return points;
}

/* Pair off equal chains; met: [chains of a in the order of the job] those that have a partner.
 */
static void compare_chains(Comparison *c, ContentIndex *theirs, bool met[])
{
    const Job *job = c->a.job;
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        const Sweep *sweep = &job->sweeps[s];
        for (uint32_t chain = 0; chain < sweep_chains(sweep); chain++, met++) {
            ContentRef *found = content_unused(theirs, sweep_chain_id(sweep, chain));
            if (found != NULL) {
                found->used = *met = true;
                compare_chain(c, s, chain, found);
            }
        }
    }
}

/* Then the points of what is left. */
static void compare_all(Comparison *c)
{
    const Job *job = c->a.job;
    ContentIndex theirs = content_chains(c->b.job);
    size_t chains = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        chains += sweep_chains(&job->sweeps[s]);
    }
    bool *const met = checked_alloc(chains, sizeof *met);
    compare_chains(c, &theirs, met);
    ContentIndex points = content_points(c->b.job, &theirs);
    ContentRows a = {.reader = c->a.reader, .job = job, .rows = c->a.rows};
    ContentRows b = {.reader = c->b.reader, .job = c->b.job, .rows = c->b.rows};
    const bool *here = met;
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        for (uint32_t chain = 0; chain < sweep_chains(&job->sweeps[s]); chain++) {
            if (!*here++) {
                compare_points(c, s, chain, &points, &a, &b);
            }
        }
    }
    content_free(&points);
    content_free(&theirs);
    free(met);
}

/* True if there is one. */
static bool print_difference(const char *name, const char *unit, const Difference *difference)
{
    if (difference->values == 0) {
        return false;
    }
    assert(difference->where != NULL);
    printf("%s: %zu %s differ, most at %s: %.9g and %.9g", name, difference->values, unit,
           difference->where, difference->a, difference->b);
    if (isfinite(difference->largest)) {
        printf(" (relative %.3g)", difference->largest);
    }
    printf("\n");
    return true;
}

/* Outcomes are words, and none is larger than another. */
static bool print_outcomes(const Difference *difference)
{
    if (difference->values == 0) {
        return false;
    }
    printf("outcome: %zu points differ, one at %s: %s and %s\n", difference->values,
           difference->where, outcome_name((Outcome)difference->a),
           outcome_name((Outcome)difference->b));
    return true;
}

typedef struct DiffRequest {
    const char *a, *b;
    double tolerance;
} DiffRequest;

static ExitStatus diff(void *context)
{
    const DiffRequest *request = context;
    const char *path_a = request->a;
    const char *path_b = request->b;
    const double tolerance = request->tolerance;
    /* Opened and the differences of all fields: too large for a stack */
    assert(tolerance >= 0.0);
    Comparison *c = checked_alloc(1, sizeof *c);
    c->a = open_job_archive(path_a);
    c->b = open_job_archive(path_b);
    c->tolerance = tolerance;
    char *jobs = job_difference(c->a.job, c->b.job);
    if (jobs != NULL) {
        printf("jobs: %s (archive: %s, job: %s)\n", jobs, path_a, path_b);
    }
    /* from here on rows are not asked whether they are sound, which the numbers of the file say
     */
    bool rounded = job_adopt(c->b.job, c->a.job);
    rounded |= job_adopt(c->a.job, c->b.job);
    if (rounded) {
        printf("axes: numbers of ranges that differ by rounding alone count as equal\n");
    }
    compare_all(c);
    /* shared points pair off, so what b has beyond them nobody asked for */
    assert(c->shared <= points_of(c->b.job));
    const size_t only_b = points_of(c->b.job) - c->shared - c->unpaired + c->only_b;
    bool differ = c->only_a > 0 || only_b > 0;
    differ |= print_outcomes(&c->outcome);
    free(c->outcome.where);
    for (int field = 0; field < FIELD_COUNT; field++) {
        differ |= print_difference(record_fields[field].name, "points", &c->field[field]);
        free(c->field[field].where);
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        differ |= print_difference(record_series[id].name, "values", &c->series[id]);
        free(c->series[id].where);
    }
    if (c->apart > 0) {
        printf(
            "%zu of the shared points reached from other starts, in unequal chains or "
            "before an --extend: they agree to their tolerance, trainings that are not convex "
            "(width < d, or more layers) perhaps not\n",
            c->apart);
    }
    printf("%s shared, %zu only in %s, %zu only in %s; %s\n",
           text_count((double)c->shared, "point").text, c->only_a, path_a, only_b, path_b,
           differ ? "different" : "equal");
    free(jobs);
    open_job_close(&c->a);
    open_job_close(&c->b);
    free(c);
    return differ ? STATUS_POINTS_FAILED : STATUS_DONE;
}

ExitStatus report_diff(const char *path_a, const char *path_b, double tolerance)
{
    DiffRequest request = {path_a, path_b, tolerance};
    return archive_apart(path_a, path_b, diff, &request);
}
