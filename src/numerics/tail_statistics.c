/* Statistics of a list alone.  Nothing here knows the theory, so that a trained spectrum can
 * be held against a predicted one: both are given to the same functions.  Lists are a few
 * thousand long, hence quadratic algorithms where they are the plain ones.
 *
 * Outliers are found without the theory too, by gaps between neighbours (Onatski 2010), to
 * be compared with the count that the bands give.
 */
#include "phasesweep/numerics/tail_statistics.h"

#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

enum { SMALLEST_TAIL = 5, LEAST_TELLING = 50, EDGE_POINTS = 5, MAX_ROUNDS = 20 };

/* For qsort; no NAN gets here. */
static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x < y) - (x > y);
}

void summary_sort(double values[], size_t count)
{
    qsort(values, count, sizeof *values, descending);
}

/* The values above the tolerance, decreasing; owned by the caller. */
static double *sorted_positive(const double values[], size_t count, double tolerance,
                               size_t *rank)
{
    double *x = checked_alloc(count, sizeof *x);
    *rank = 0;
    for (size_t k = 0; k < count; k++) {
        if (values[k] > tolerance) {
            x[(*rank)++] = values[k];
        }
    }
    summary_sort(x, *rank);
    return x;
}

/* Distance of the empirical law of x[0] >= ... >= x[n-1] from x^-exponent above x[n-1], or a
 * part of it that is not below `most`.  The tail of the law is (x/start)^(1 - exponent). */
static double tail_distance(const double x[], size_t n, double exponent, double most)
{
    double distance = 0.0;
    for (size_t k = 0; k < n && distance < most; k++) {
        const double above = exp((1.0 - exponent) * log(x[k] / x[n - 1]));
        const double upper = fabs((double)(k + 1) / (double)n - above);
        const double lower = fabs((double)k / (double)n - above);
        distance = fmax(distance, fmax(upper, lower));
    }
    return distance;
}

/* Every start is tried, from the largest value down.  Maximum likelihood gives
 *     exponent = 1 + n / sum log(x / start),
 * in O(1) from the start before; the distance costs O(n), all of it O(rank^2). */
static TailFit fit_tail(const double x[], size_t rank)
{
    TailFit best = {.exponent = NAN, .error = NAN, .start = NAN, .distance = INFINITY};
    double logs = 0.0; /* sum of log(x / x[0]) of the first n */
    for (size_t n = 1; n <= rank; n++) {
        logs += log(x[n - 1] / x[0]);
        const double sum = logs - (double)n * log(x[n - 1] / x[0]);
        /* a start within equal values would take only some of them */
        if (n < SMALLEST_TAIL || sum <= 0.0 || (n < rank && x[n] == x[n - 1])) {
            continue;
        }
        const double exponent = 1.0 + (double)n / sum;
        const double distance = tail_distance(x, n, exponent, best.distance);
        if (distance < best.distance) {
            best = (TailFit){.exponent = exponent,
                             .error = (exponent - 1.0) / sqrt((double)n),
                             .start = x[n - 1],
                             .distance = distance,
                             .count = n};
        }
    }
    return best;
}

/* Slope of x[j] ... x[j + EDGE_POINTS - 1] against (j + 1)^(2/3), ..., as eigenvalues hang
 * below the edge of a bulk.  A density that vanishes like a square root leaves them at edge
 * - const j^(2/3). */
static double edge_slope(const double x[], size_t j)
{
    double sx = 0.0;
    double sy = 0.0;
    double sxx = 0.0;
    double sxy = 0.0;
    for (size_t k = 0; k < EDGE_POINTS; k++) {
        const double at = pow((double)(j + k), 2.0 / 3.0);
        sx += at;
        sy += x[j + k];
        sxx += at * at;
        sxy += at * x[j + k];
    }
    const double n = EDGE_POINTS;
    return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

/* Gaps alone: Onatski, Rev. Econ. Stat. 92, 1004 (2010).  An outlier is followed by a gap at
 * least twice the slope at the edge, which is measured just below the outliers found. */
static size_t outliers_by_gaps(const double x[], size_t rank)
{
    if (rank < 2 * EDGE_POINTS) {
        return rank; /* too few to make a bulk */
    }
    /* below every candidate stay enough eigenvalues to measure the slope */
    const size_t most = rank - EDGE_POINTS - 1;
    size_t outliers = rank / 2 < most ? rank / 2 : most;
    /* self-consistent: outliers change where the slope is measured; it may cycle, so rounds
     * end */
    for (int round = 0; round < MAX_ROUNDS; round++) {
        const double least = 2.0 * fabs(edge_slope(x, outliers));
        size_t found = 0;
        for (size_t i = 1; i <= most && i <= rank / 2; i++) {
            found = x[i - 1] - x[i] >= least ? i : found;
        }
        if (found == outliers) {
            break;
        }
        outliers = found;
    }
    return outliers;
}

TailFit summary_tail(const double values[], size_t count, double tolerance)
{
    size_t rank;
    double *x = sorted_positive(values, count, tolerance, &rank);
    const TailFit fit = fit_tail(x, rank);
    free(x);
    return fit;
}

bool summary_tail_tells(const TailFit *fit)
{
    return fit->count >= LEAST_TELLING;
}

SpectrumSummary summary_of(const double values[], size_t count, double tolerance)
{
    SpectrumSummary s = {.stable_rank = NAN, .participation = NAN};
    double *x = sorted_positive(values, count, tolerance, &s.rank);
    double sum = 0.0;
    double square = 0.0;
    for (size_t k = s.rank; k-- > 0;) { /* small terms first */
        sum += x[k];
        square += x[k] * x[k];
    }
    if (s.rank > 0) {
        s.largest = x[0];
        s.stable_rank = square / (x[0] * x[0]);
        s.participation = sum * sum / square;
    }
    s.outliers = outliers_by_gaps(x, s.rank);
    s.bulk_edge = s.outliers < s.rank ? x[s.outliers] : 0.0;
    s.tail = fit_tail(x, s.rank);
    free(x);
    return s;
}

/* The edge may be the predicted one: then this is the number of learned features. */
size_t summary_count_above(const double values[], size_t count, double edge)
{
    size_t above = 0;
    for (size_t k = 0; k < count; k++) {
        above += values[k] > edge;
    }
    return above;
}
