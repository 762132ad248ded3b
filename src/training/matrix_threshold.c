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

int threshold_below(const double values[], int d, double b)
{
    int below = 0;
    while (below < d && values[below] < -b) {
        below++;
    }
    return below;
}

typedef struct Spectrum {
    const double *values; /* [d] ascending */
    int d;
    bool both; /* of either sign */
    double capacity, weight;
} Spectrum;

/* Sum of (f_i - f_j)/(x_i - x_j) over i < below and all j that are not there. */
static double divergence_below(const Spectrum *s, int below, int rest, double b)
{
    double sum = 0.0;
    for (int i = 0; i < below; i++) {
        const double x = s->values[i];
        double share = 0.0;
        for (int j = below; j < rest; j++) {
            share += 1.0 / (s->values[j] - x);
        }
        for (int j = rest; j < s->d; j++) {
            sum += (s->values[j] - x - 2.0 * b) / (s->values[j] - x);
        }
        sum += (-x - b) * share;
    }
    return sum;
}

/* D of theory.md section 8: a pair of active eigenvalues of one sign counts 1. */
static double divergence(const Spectrum *s, double b)
{
    const int active = threshold_active(s->values, s->d, b);
    const int below = s->both ? threshold_below(s->values, s->d, b) : 0;
    const int rest = s->d - active;
    double sum = 0.0;
    for (int i = rest; i < s->d; i++) {
        const double x = s->values[i];
        double share = 0.0;
#pragma omp simd reduction(+ : share)
        for (int j = below; j < rest; j++) {
            share += 1.0 / (x - s->values[j]);
        }
        sum += (x - b) * share;
    }
    sum += divergence_below(s, below, rest, b);
    const double pairs = (double)active * (active + 1.0) + (double)below * (below + 1.0);
    return (pairs + 2.0 * sum) / s->d / s->d;
}

double threshold_divergence(const double values[], int d, double b)
{
    const Spectrum s = {.values = values, .d = d};
    return divergence(&s, b);
}

static double error_of(double log_b, void *context)
{
    const Spectrum *s = context;
    const double b = exp(log_b);
    return b * (s->capacity - divergence(s, b)) - s->weight;
}

double threshold_matrix(const double values[], int d, bool both, double capacity, double weight,
                        double tolerance)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    Spectrum s = {values, d, both, capacity, weight};
    /* D >= 0, and D = 0 above the largest |eigenvalue| */
    const double low = log(weight / capacity);
    double high = low + 0.5;
    for (double step = 0.5; error_of(high, &s) < 0.0; step *= 2.0) {
        high += step;
    }
    return exp(root_bracketed(error_of, &s, low, high, tolerance));
}

/* ---- thresholds that jump ---------------------------------------------------------------- */

typedef struct Balance {
    const Threshold *threshold;
    double (*divergence_of)(double b, void *of);
    void *of;
    double capacity, weight;
} Balance;

static double balance_error(double log_b, void *context)
{
    const Balance *e = context;
    const double b = exp(log_b);
    return threshold_weight(e->threshold, b) * (e->capacity - e->divergence_of(b, e->of)) -
           e->weight;
}

double threshold_jump_root(const Threshold *threshold,
                           double (*divergence_of)(double b, void *of), void *of,
                           double capacity, double weight, double tolerance)
{
    assert(capacity > 0.0 && weight > 0.0);
    Balance e = {threshold, divergence_of, of, capacity, weight};
    const double low = log(threshold_edge(threshold, weight / capacity));
    double high = low + 0.1;
    for (double step = 0.1; balance_error(high, &e) < 0.0; step *= 1.5) {
        high += step;
    }
    return exp(root_bracketed(balance_error, &e, low, high, tolerance));
}

typedef struct Jumping {
    const double *values;
    int d;
    const Threshold *threshold;
    double *f; /* [d] of the values */
} Jumping;

/* D of theory.md section 8, with f_i - f_j over x_i - x_j for each pair: eigenvalues keep
 * apart, so that the pairs at the jump have its share and no density is needed. */
static double divergence_jump(double b, void *context)
{
    const Jumping *s = context;
    const double chi = threshold_weight(s->threshold, b);
    const int rest = s->d - threshold_active(s->values, s->d, b);
    double sum = 0.0;
    for (int i = rest; i < s->d; i++) {
        s->f[i] = s->threshold->shrink(s->threshold->power, s->values[i], chi);
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
            active += x > s->values[k] ? (s->f[i] - s->f[k]) / (x - s->values[k])
                                       : threshold_slope(s->threshold, x, chi);
        }
        sum += s->f[i] * share + active + threshold_slope(s->threshold, x, chi);
    }
    return 2.0 * sum / s->d / s->d;
}

double threshold_matrix_jump(const Threshold *threshold, const double values[], int d,
                             double capacity, double weight, double tolerance)
{
    assert(d >= 1);
    Jumping s = {values, d, threshold, checked_alloc((size_t)d, sizeof(double))};
    const double b =
        threshold_jump_root(threshold, divergence_jump, &s, capacity, weight, tolerance);
    free(s.f);
    return b;
}
