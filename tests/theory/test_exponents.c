/* Exact exponents against differences of solved points; lines against points solved alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "differences.h"

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
