/* What theory on correlated blocks is planned to cost, against CPU seconds that were measured
 * on one core: no clock is asked here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/method/method.h"

static void test_prices(void **unused)
{
    (void)unused;
    static const struct {
        ModelId model;
        MethodId method;
        double dimension, block_size, correlation, seconds;
    } measured[] = {
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 500, 10, 0.5, 0.49},
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 500, 10, 0.9, 0.93},
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 500, 10, 0.99, 4.3},
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 100, 10, 0.999, 5.4},
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 500, 50, 0.99, 7.7},
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 1024, 256, 0.5, 0.71},
        {MODEL_DIAGONAL, METHOD_STATE_EVOLUTION, 20000, 10, 0.5, 1.67},
        {MODEL_DIAGONAL, METHOD_OPTIMAL, 100, 10, 0.5, 1.84},
        {MODEL_DIAGONAL, METHOD_OPTIMAL, 100, 10, 0.9, 5.5},
        {MODEL_RIDGE, METHOD_STATE_EVOLUTION, 20000, 256, 0.5, 1.15},
        {MODEL_RIDGE, METHOD_STATE_EVOLUTION, 2000, 256, 0.5, 0.09},
        {MODEL_RIDGE, METHOD_OPTIMAL, 2000, 256, 0.5, 1.75},
        {MODEL_RIDGE, METHOD_OPTIMAL, 2000, 50, 0.5, 0.25},
    };
    for (size_t k = 0; k < sizeof measured / sizeof *measured; k++) {
        const Problem problem = {.model = measured[k].model,
                                 .method = measured[k].method,
                                 .source_exponent = 0.8,
                                 .noise = 0.2,
                                 .dimension = measured[k].dimension,
                                 .samples = 2.0 * measured[k].dimension,
                                 .width = 1.0,
                                 .weight_decay = 0.3,
                                 .block_correlation = measured[k].correlation,
                                 .block_size = measured[k].block_size,
                                 .tolerance = 1e-9};
        double fixed;
        const double ratio = method_seconds(&problem, true, &fixed) / measured[k].seconds;
        if (!(ratio > 0.5 && ratio < 2.0)) {
            fail_msg("row %zu: planned over measured %g", k, ratio);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_prices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
