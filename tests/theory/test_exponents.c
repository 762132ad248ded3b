/* Exact exponents against differences of solved points; lines against points solved alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "solve.h"

/* Uniform in [low, high), a fixed sequence. */
static double draw(uint64_t *counter, double low, double high)
{
    return low + (high - low) * rng_uniform(3, 14, (*counter)++, 0);
}

/* Anywhere in the diagrams of theory.md section 4 and beyond. */
static Problem draw_problem(uint64_t *counter)
{
    const ModelId model = draw(counter, 0.0, 1.0) < 0.6 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
    const double d = floor(pow(10.0, draw(counter, 0.7, 8.0)));
    const double gamma = draw(counter, 0.51, 3.5);
    const double noise = pow(10.0, draw(counter, -5.0, 2.0));
    const double x = draw(counter, -0.5, 4.5);
    const double n = pow(d, x) * (model == MODEL_QUADRATIC ? d : 1.0);
    return problem_of(model, n, d, gamma, pow(d, draw(counter, -2.0, 3.0)), noise);
}

/* d log R / d log n, or d log lambda, by differences of fourth order: at the step where those
 * of second order agree best, because features enter within any small change of b. */
static double difference(const Problem *problem, bool in_samples)
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

static void check_differences(const Problem *p)
{
    const Evolution e = solve(*p);
    const double along_n = difference(p, true);
    const double along_lambda = difference(p, false);
    /* near the peak exponents are large and change within a step */
    const double size = 1.0 + fabs(e.exponent_samples) + fabs(e.exponent_weight_decay);
    if (!(fabs(e.exponent_samples - along_n) < 1e-5 * size &&
          fabs(e.exponent_weight_decay - along_lambda) < 1e-5 * size)) {
        fail_msg(
            "model %d gamma %g d %g n %g lambda %g noise %g p %g: %.8g %.8g, not %.8g %.8g",
            p->model, p->source_exponent, p->dimension, p->samples, p->weight_decay, p->noise,
            p->width, e.exponent_samples, e.exponent_weight_decay, along_n, along_lambda);
    }
}

static void test_differences(void **unused)
{
    (void)unused;
    uint64_t counter = 0;
    for (int k = 0; k < 200; k++) {
        const Problem p = draw_problem(&counter);
        check_differences(&p);
    }
}

static void test_differences_narrow(void **unused)
{
    (void)unused;
    uint64_t counter = 1u << 20;
    for (int k = 0; k < 60;) {
        const Problem wide = draw_problem(&counter);
        const Problem p = at_width(wide, floor(pow(wide.dimension, draw(&counter, 0.0, 1.0))));
        if (wide.model == MODEL_QUADRATIC && wide.dimension < 1e5) {
            check_differences(&p);
            k++;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_differences_narrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
