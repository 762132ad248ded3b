#include "matrix_threshold.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/roots.h"

int threshold_active(const double values[], int d, double b)
{
    int active = 0;
    while (active < d && values[d - 1 - active] > b) {
        active++;
    }
    return active;
}

typedef struct Spectrum {
    const double *values; /* [d] ascending */
    int d;
    double capacity, weight;
} Spectrum;

/* D of theory.md section 8: a pair of active eigenvalues counts 1. */
static double divergence(const Spectrum *s, double b)
{
    const int active = threshold_active(s->values, s->d, b);
    const int rest = s->d - active;
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
    return ((double)active * (active + 1.0) + 2.0 * sum) / s->d / s->d;
}

static double error_of(double log_b, void *context)
{
    const Spectrum *s = context;
    const double b = exp(log_b);
    return b * (s->capacity - divergence(s, b)) - s->weight;
}

double threshold_matrix(const double values[], int d, double capacity, double weight,
                        double tolerance)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    Spectrum s = {values, d, capacity, weight};
    /* D >= 0, and D = 0 above the largest eigenvalue */
    const double low = log(weight / capacity);
    double high = low + 0.5;
    for (double step = 0.5; error_of(high, &s) < 0.0; step *= 2.0) {
        high += step;
    }
    return exp(root_bracketed(error_of, &s, low, high, tolerance));
}

/* ---- thresholds that jump ---------------------------------------------------------------- */

typedef struct Jumping {
    Spectrum spectrum;
    const Threshold *threshold;
    double *f; /* [d] of the values */
} Jumping;

/* D of theory.md section 8, with f_i - f_j over x_i - x_j for each pair: eigenvalues keep
 * apart, so that the pairs at the jump have its share and no density is needed. */
static double divergence_jump(const Jumping *j, double b)
{
    const Spectrum *s = &j->spectrum;
    const double chi = threshold_weight(j->threshold, b);
    const int rest = s->d - threshold_active(s->values, s->d, b);
    double sum = 0.0;
    for (int i = rest; i < s->d; i++) {
        j->f[i] = j->threshold->shrink(j->threshold->power, s->values[i], chi);
    }
    for (int i = rest; i < s->d; i++) {
        const double x = s->values[i];
        double share = 0.0;
        double active = 0.0;
#pragma omp simd reduction(+ : share)
        for (int k = 0; k < rest; k++) {
            share += 1.0 / (x - s->values[k]);
        }
        for (int k = rest; k < i; k++) {
            active += x > s->values[k] ? (j->f[i] - j->f[k]) / (x - s->values[k])
                                       : threshold_slope(j->threshold, x, chi);
        }
        sum += j->f[i] * share + active + threshold_slope(j->threshold, x, chi);
    }
    return 2.0 * sum / s->d / s->d;
}

static double error_jump(double log_b, void *context)
{
    const Jumping *j = context;
    const double b = exp(log_b);
    return threshold_weight(j->threshold, b) * (j->spectrum.capacity - divergence_jump(j, b)) -
           j->spectrum.weight;
}

double threshold_matrix_jump(const Threshold *threshold, const double values[], int d,
                             double capacity, double weight, double tolerance)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    Jumping j = {.spectrum = {values, d, capacity, weight}, .threshold = threshold};
    j.f = checked_alloc((size_t)d, sizeof *j.f);
    const double low = log(threshold_edge(threshold, weight / capacity));
    double high = low + 0.1;
    for (double step = 0.1; error_jump(high, &j) < 0.0; step *= 1.5) {
        high += step;
    }
    const double b = exp(root_bracketed(error_jump, &j, low, high, tolerance));
    free(j.f);
    return b;
}
