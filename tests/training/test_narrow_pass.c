/* The pass over the data of narrow networks: losses and gradients, of one and of several. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "factored/narrow_pass.h"
#include "narrow_case.h"

static double loss(NarrowPass *pass, const double factor[])
{
    double value;
    narrow_pass_run(pass, 1, factor, &value);
    return value;
}

/* d |r|^2 / dF = -4 sum r Z F against central differences; the loss is a quartic, so their
 * error is h^2; in single precision to its rounding. */
static void test_gradient(void **unused)
{
    (void)unused;
    enum { D = 9, P = 4 };
    const Problem problem = problem_of(D, P, 150.0, 0.1);
    const SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    NarrowPass pass = narrow_pass_create(MPI_COMM_WORLD, &data, P, 1, true);
    double factor[D * P];
    double sum[D * P];
    rng_normals(1, RNG_PROBE, 0, D * P, factor);
    for (int single = 0; single < 2; single++) {
        pass.single = single == 1;
        loss(&pass, factor);
        MPI_Allreduce(pass.sum, sum, D * P, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        pass.single = false;
        for (int k = 0; k < D * P; k += 5) {
            const double h = 1e-4;
            const double at = factor[k];
            factor[k] = at + h;
            double difference = loss(&pass, factor);
            factor[k] = at - h;
            difference = (difference - loss(&pass, factor)) / (2.0 * h);
            factor[k] = at;
            const double slope = -4.0 * sum[k];
            assert_true(fabs(difference - slope) <
                        (single ? 1e-5 : 1e-6) * (100.0 + fabs(slope)));
        }
    }
    narrow_pass_free(&pass);
    samples_free(&samples);
}

/* Networks side by side are as each alone: to rounding, in both precisions. */
static void test_side_by_side(void **unused)
{
    (void)unused;
    enum { D = 17, P = 3, NETWORKS = 4 };
    const Problem problem = problem_of(D, P, 300.0, 0.1);
    const SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    NarrowPass pass = narrow_pass_create(MPI_COMM_WORLD, &data, P, NETWORKS, true);
    double factor[NETWORKS * D * P];
    double sum[NETWORKS * D * P];
    double together[NETWORKS];
    rng_normals(2, RNG_PROBE, 0, NETWORKS * D * P, factor);
    for (int single = 0; single < 2; single++) {
        const double tolerance = single ? 1e-4 : 1e-12;
        pass.single = single == 1;
        narrow_pass_run(&pass, NETWORKS, factor, together);
        memcpy(sum, pass.sum, sizeof sum);
        for (int k = 0; k < NETWORKS; k++) {
            assert_true(fabs(loss(&pass, factor + k * D * P) / together[k] - 1.0) < tolerance);
            for (int i = 0; i < D * P; i++) {
                const double scale = 1000.0 + fabs(pass.sum[i]);
                assert_true(fabs(pass.sum[i] - sum[k * D * P + i]) < tolerance * scale);
            }
        }
    }
    narrow_pass_free(&pass);
    samples_free(&samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_side_by_side)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
