/* differences.h - exact exponents against differences of solved points; include after cmocka.h.
 */
#ifndef PHASESWEEP_TESTS_DIFFERENCES_H
#define PHASESWEEP_TESTS_DIFFERENCES_H

#include "solve.h"

/* d log R / d log n, or d log lambda, by differences of fourth order: at the step where those
 * of second order agree best, because features enter within any small change of b. */
static inline double difference(const Problem *problem, bool in_samples)
{
    static const double steps[] = {-2.0, -1.0, 1.0, 2.0};
    double best = NAN;
    double least = INFINITY;
    for (double h = 1e-3; h > 1e-6; h *= 0.1) {
        double value[4];
        for (int k = 0; k < 4; k++) {
            Problem p = *problem;
            *(in_samples ? &p.samples : &p.weight_decay) *= exp(steps[k] * h);
            value[k] = log(solve(p).overlaps.risk);
        }
        const double second = (value[2] - value[1]) / (2.0 * h);
        const double fourth = (4.0 * second - (value[3] - value[0]) / (4.0 * h)) / 3.0;
        if (fabs(second - fourth) < least) {
            least = fabs(second - fourth);
            best = fourth;
        }
    }
    return best;
}

static inline void check_differences(const Problem *p)
{
    const Evolution e = solve(*p);
    const double along_n = difference(p, true);
    const double along_lambda = difference(p, false);
    /* near the peak exponents are large and change within a step */
    const double size = 1.0 + fabs(e.exponent_samples) + fabs(e.exponent_weight_decay);
    if (!(fabs(e.exponent_samples - along_n) < 1e-5 * size &&
          fabs(e.exponent_weight_decay - along_lambda) < 1e-5 * size)) {
        fail_msg(
            "model %d rows %d rotated %d a %g gamma %g d %g n %g lambda %g noise %g p %g: %.8g "
            "%.8g, not %.8g %.8g",
            p->model, p->features, p->rotated, p->covariance_exponent, p->source_exponent,
            p->dimension, p->samples, p->weight_decay, p->noise, p->width, e.exponent_samples,
            e.exponent_weight_decay, along_n, along_lambda);
    }
}

#endif
