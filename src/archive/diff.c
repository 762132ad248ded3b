/* report_diff: two archives chain by chain, matched by content and not by place, so that a job
 * whose sweeps were renamed, reordered or extended is compared where it is the same.  A chain
 * that a job holds twice has a partner for each of its copies.
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
#include "phasesweep/archive/resume.h"
#include "phasesweep/base/check.h"
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
    size_t shared, only_a; /* points */
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
        char *place = open_job_point_name(sweep, point);
        difference->where = checked_format("%s: %s", sweep->name, place);
        free(place);
        difference->largest = size;
        difference->a = a;
        difference->b = b;
    }
}

/* Number by number; what one of them stores no room for counts as NAN. */
static void compare_series(Comparison *c, SeriesId id, const Sweep *sweep, size_t first,
                           size_t row)
{
    const Series *a = &c->a.rows->series;
    const Series *b = &c->b.rows->series;
    const size_t most = a->length[id] > b->length[id] ? a->length[id] : b->length[id];
    for (size_t k = 0; k < most; k++) {
        const double left = k < a->length[id] ? series_row(a, id, row)[k] : (double)NAN;
        const double right = k < b->length[id] ? series_row(b, id, row)[k] : (double)NAN;
        compare(&c->series[id], left, right, c->tolerance, sweep, first + row);
    }
}

/* A row that is not finished differs from one that is by its outcome alone. */
static void compare_rows(Comparison *c, const Sweep *sweep, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Record *a = &c->a.rows->records[i];
        const Record *b = &c->b.rows->records[i];
        compare(&c->outcome, a->outcome, b->outcome, 0.0, sweep, first + i);
        const bool finished = a->outcome > OUTCOME_RUNNING && b->outcome > OUTCOME_RUNNING;
        for (int field = 0; field < FIELD_COUNT && finished; field++) {
            if (field != FIELD_SECONDS) {
                compare(&c->field[field], a->value[field], b->value[field], c->tolerance, sweep,
                        first + i);
            }
        }
        for (SeriesId id = 0; id < SERIES_COUNT && finished; id++) {
            compare_series(c, id, sweep, first, i);
        }
    }
}

/* b is NULL for a chain that only the first archive has. */
static void compare_chain(Comparison *c, const ChainRef *a, const ChainRef *b)
{
    const Sweep *sweep = &c->a.job->sweeps[a->sweep];
    size_t first;
    size_t count;
    sweep_chain(sweep, a->chain, &first, &count);
    if (b == NULL) {
        c->only_a += count;
        return;
    }
    size_t place;
    sweep_chain(&c->b.job->sweeps[b->sweep], b->chain, &place, &count);
    /* equal ids are equal problems, so that the lengths agree as well */
    assert(count <= CHAIN_LENGTH && a->chain < sweep_chains(sweep));
    archive_read_rows(c->a.reader, a->sweep, first, count, c->a.rows);
    archive_read_rows(c->b.reader, b->sweep, place, count, c->b.rows);
    c->shared += count;
    compare_rows(c, sweep, first, count);
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

/* Every chain of a against one of b.  chains_lookup gives a used chain only when no other is
 * left: then a has the chain more often than b. */
static void compare_all(Comparison *c)
{
    ChainIndex index = chains_index(c->b.job);
    for (uint32_t s = 0; s < c->a.job->sweep_count; s++) {
        const Sweep *sweep = &c->a.job->sweeps[s];
        for (uint32_t chain = 0; chain < sweep_chains(sweep); chain++) {
            const ChainRef ref = {.sweep = s, .chain = chain};
            ChainRef *found = chains_lookup(&index, sweep_chain_id(sweep, chain));
            compare_chain(c, &ref, found != NULL && !found->used ? found : NULL);
            if (found != NULL) {
                found->used = true;
            }
        }
    }
    chains_index_free(&index);
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
    compare_all(c);
    /* shared chains pair off, so what b has beyond them nobody asked for */
    assert(c->shared <= points_of(c->b.job));
    const size_t only_b = points_of(c->b.job) - c->shared;
    bool differ = c->only_a > 0 || only_b > 0;
    differ |= print_difference("outcome", "points", &c->outcome);
    free(c->outcome.where);
    for (int field = 0; field < FIELD_COUNT; field++) {
        differ |= print_difference(record_fields[field].name, "points", &c->field[field]);
        free(c->field[field].where);
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        differ |= print_difference(record_series[id].name, "values", &c->series[id]);
        free(c->series[id].where);
    }
    printf("%zu points shared, %zu only in %s, %zu only in %s; %s\n", c->shared, c->only_a,
           path_a, only_b, path_b, differ ? "different" : "equal");
    free(jobs);
    open_job_close(&c->a);
    open_job_close(&c->b);
    free(c);
    return differ ? STATUS_POINTS_FAILED : STATUS_DONE;
}

ExitStatus report_diff(const char *path_a, const char *path_b, double tolerance)
{
    DiffRequest request = {path_a, path_b, tolerance};
    char *both = checked_format("%s or %s", path_a, path_b);
    const ExitStatus status = archive_apart(both, diff, &request);
    free(both);
    return status;
}
