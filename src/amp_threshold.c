/* (E2) on one realised M: its divergence stands in for the expected one, which decorrelates the
 * errors of successive steps on these data and not only on average.
 */
#include <assert.h>
#include <math.h>

#include "amp_model.h"
#include "phasesweep/roots.h"

double amp_capacity(const Problem *problem)
{
    const double d = problem->dimension;
    return problem->model == MODEL_QUADRATIC ? 2.0 * problem->samples / d / d
                                             : problem->samples;
}

/* ---- eigenvalues ----------------------------------------------------------------------- */

typedef struct Spectrum {
    const double *values; /* [d] ascending */
    int d;
    double capacity, weight;
} Spectrum;

/* D of theory.md section 8: a pair of active eigenvalues counts 1. */
static double divergence(const Spectrum *s, double b)
{
    int rest = s->d;
    while (rest > 0 && s->values[rest - 1] > b) {
        rest--;
    }
    double sum = 0.0;
    for (int i = rest; i < s->d; i++) {
        const double x = s->values[i];
        double share = 0.0;
#pragma omp simd reduction(+ : share)
        for (int j = 0; j < rest; j++) {
            share += 1.0 / (x - s->values[j]);
        }
        sum += (x - b) * share;
    }
    const double active = s->d - rest;
    return (active * (active + 1.0) + 2.0 * sum) / s->d / s->d;
}

static double error_of(double log_b, void *context)
{
    const Spectrum *s = context;
    const double b = exp(log_b);
    return b * (s->capacity - divergence(s, b)) - s->weight;
}

double amp_threshold_matrix(const double values[], int d, double capacity, double weight)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    Spectrum s = {values, d, capacity, weight};
    /* D >= 0, and D = 0 above the largest eigenvalue */
    const double low = log(weight / capacity);
    double high = low + 0.5;
    for (double step = 0.5; error_of(high, &s) < 0.0; step *= 2.0) {
        high += step;
    }
    return exp(root_bracketed(error_of, &s, low, high, 1e-13));
}

/* ---- coefficients ---------------------------------------------------------------------- */

/* b (C - active) only grows with b, by jumps where a coefficient becomes inactive: the root is
 * w/(C - k) with the k largest active, or at the jump from k to k - 1. */
double amp_threshold_vector(const double magnitudes[], int d, double capacity, double weight)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    int k = 0;
    while (k < d && k < capacity && weight / (capacity - k) < magnitudes[k]) {
        k++;
    }
    const double jump = k > 0 ? magnitudes[k - 1] : INFINITY;
    return k < capacity ? fmin(weight / (capacity - k), jump) : jump;
}
