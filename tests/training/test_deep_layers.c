/* Quadratic networks of more layers against descent on the weights of the layers themselves,
 * from random ones. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "deep_matrix_case.h"
#include "layers_descent.h"

enum { D = 12, STARTS = 16 };

/* The gradient of what is descended against central differences, whose error is h^2. */
static void test_gradient(void **unused)
{
    (void)unused;
    for (int depth = 1; depth <= 3; depth++) {
        const Problem problem = problem_of(depth, D, 100, 0.3);
        Layers layers = layers_create(&problem);
        const int count = depth * D * D;
        double *weights = checked_alloc((size_t)count, sizeof *weights);
        double *slope = checked_alloc((size_t)count, sizeof *slope);
        double *scratch = checked_alloc((size_t)count, sizeof *scratch);
        rng_normals(9, RNG_PROBE, 0, count, weights);
        layers_value(weights, slope, &layers);
        for (int k = 0; k < count; k += 31) {
            const double h = 1e-4;
            const double here = weights[k];
            weights[k] = here + h;
            double difference = layers_value(weights, scratch, &layers);
            weights[k] = here - h;
            difference = (difference - layers_value(weights, scratch, &layers)) / (2.0 * h);
            weights[k] = here;
            assert_true(fabs(difference - slope[k]) < 1e-4 * (1.0 + fabs(slope[k])));
        }
        free(weights);
        free(slope);
        free(scratch);
        layers_free(&layers);
    }
}

/* Weight decay on the layers is the penalty: where both find the same minimum, and with enough
 * data the lowest is found by both, F and the risk are the same. */
static void test_layers(void **unused)
{
    (void)unused;
    for (int depth = 2; depth <= 3; depth++) {
        for (int k = 0; k < 3; k++) {
            const Problem problem = problem_of(depth, D, 220, 0.15 * (1 << (2 * k)));
            const Observed fit = cold(MPI_COMM_WORLD, &problem, NULL);
            Layers layers = layers_create(&problem);
            double lowest = INFINITY;
            double risk = NAN;
            for (uint64_t start = 0; start < STARTS; start++) {
                const double scale = pow(2.0, (double)(start % 3) - 1.0);
                const double end =
                    layers_descend(&layers, start, scale * pow(D, 1.0 / depth - 1.0));
                risk = end < lowest ? layers_risk(&layers) : risk;
                lowest = fmin(lowest, end);
            }
            assert_true(fabs(lowest / fit.objective - 1.0) < 1e-6);
            assert_true(fabs(risk / fit.risk - 1.0) < 0.01);
            layers_free(&layers);
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_layers)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
