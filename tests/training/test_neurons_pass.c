/* Loss and gradient of two-layer networks of every activation. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/numerics/rng.h"
#include "factored/narrow_pass.h"
#include "narrow_case.h"
#include "neurons/neurons_pass.h"

enum { D = 9, P = 4, N = 300, VARIABLES = (D + 1) * P };

/* Some He_l of each parity. */
static Activation activation_of(ActivationId id)
{
    return (Activation){.id = id, .coefficient = {0.1, 0.3, -0.5, 0.2, 0.05}};
}

static Samples draw(SampleStore store)
{
    const Problem problem = problem_of(D, P, N, 0.1);
    SamplesSpec spec = samples_spec(&problem);
    spec.store = store;
    return samples_create(MPI_COMM_WORLD, &spec);
}

static void draw_variables(double variables[])
{
    rng_normals(3, RNG_PROBE, 0, VARIABLES, variables);
}

/* Over all rows. */
static double run(NeuronsPass *pass, const double variables[], const int64_t quanta[],
                  int64_t count)
{
    double loss = neurons_pass_run(pass, variables, quanta, count);
    MPI_Allreduce(MPI_IN_PLACE, &loss, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    return loss;
}

/* Against central differences of fourth order, whose error is h^4 of a fifth derivative: 1e-9
 * of the smooth ones at h = 2e-3.  Where a kink of relu or abs lies between the points the
 * slope of a row jumps there: h |x| / (sqrt(2 pi d)) of the n rows do, each by |r x|, so that
 * 1e-3 of the largest slope bounds it at this h, a wrong factor not. */
static void test_gradient(void **unused)
{
    (void)unused;
    Samples samples = draw(STORE_DOUBLE);
    const Dataset data = samples_dataset(&samples);
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const Activation activation = activation_of(id);
        const bool kinked = id == ACTIVATION_RELU || id == ACTIVATION_ABS;
        const bool bent = id == ACTIVATION_ELU;
        NeuronsPass pass = neurons_pass_create(&data, &activation, P);
        double variables[VARIABLES];
        double slope[VARIABLES];
        double largest = 0.0;
        draw_variables(variables);
        run(&pass, variables, NULL, 0);
        MPI_Allreduce(pass.sum, slope, VARIABLES, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        for (int k = 0; k < VARIABLES; k++) {
            largest = fmax(largest, fabs(slope[k]));
        }
        for (int k = 0; k < VARIABLES; k += 3) {
            const double at = variables[k];
            const double h = 2e-3;
            double sum = 0.0;
            for (int j = -2; j <= 2; j++) {
                static const double weight[] = {1.0, -8.0, 0.0, 8.0, -1.0};
                variables[k] = at + j * h;
                sum += weight[j + 2] * run(&pass, variables, NULL, 0);
            }
            variables[k] = at;
            const double error = fabs(sum / (12.0 * h) - slope[k]);
            assert_true(error < (kinked ? 1e-3 : bent ? 1e-5 : 1e-7) * largest);
        }
        neurons_pass_free(&pass);
    }
    samples_free(&samples);
}

/* Quadratic neurons with a = 1 are the matrix S = W^T W / sqrt(p d), whose pass has other
 * sums: to rounding. */
static void test_quadratic(void **unused)
{
    (void)unused;
    Samples samples = draw(STORE_DOUBLE);
    const Dataset data = samples_dataset(&samples);
    const Activation activation = {.id = ACTIVATION_QUADRATIC};
    NeuronsPass pass = neurons_pass_create(&data, &activation, P);
    NarrowPass narrow = narrow_pass_create(MPI_COMM_WORLD, &data, P, 1, false);
    double variables[VARIABLES];
    double factor[D * P];
    double loss;
    draw_variables(variables);
    for (int k = 0; k < VARIABLES; k++) {
        variables[k] = k < D * P ? variables[k] : 1.0;
    }
    for (int k = 0; k < D * P; k++) {
        factor[k] = variables[k] / pow((double)P * D, 0.25);
    }
    const double own = run(&pass, variables, NULL, 0);
    narrow_pass_run(&narrow, 1, factor, &loss);
    assert_true(fabs(own / loss - 1.0) < 1e-12);
    for (int k = 0; k < D * P; k++) {
        const double slope = -4.0 * narrow.sum[k] / pow((double)P * D, 0.25);
        assert_true(fabs(pass.sum[k] - slope) < 1e-11 * loss);
    }
    narrow_pass_free(&narrow);
    neurons_pass_free(&pass);
    samples_free(&samples);
}

/* Batches that cut the quanta, in any order and from rows in any store, add up to all rows. */
static void test_batches(void **unused)
{
    (void)unused;
    enum { QUANTA = (N + SAMPLES_QUANTUM - 1) / SAMPLES_QUANTUM };
    static const int64_t quanta[QUANTA] = {3, 0, 4, 2, 1};
    for (int store = 0; store < 2; store++) {
        Samples samples = draw(store == 0 ? STORE_DOUBLE : STORE_NONE);
        const Dataset data = samples_dataset(&samples);
        const Activation activation = activation_of(ACTIVATION_TANH);
        NeuronsPass pass = neurons_pass_create(&data, &activation, P);
        double variables[VARIABLES];
        double whole[VARIABLES];
        draw_variables(variables);
        const double loss = run(&pass, variables, NULL, 0);
        memcpy(whole, pass.sum, sizeof whole);
        double sum = run(&pass, variables, quanta, 2);
        for (int k = 0; k < VARIABLES; k++) {
            whole[k] -= pass.sum[k];
        }
        sum += run(&pass, variables, quanta + 2, QUANTA - 2);
        assert_true(fabs(sum / loss - 1.0) < 1e-12);
        for (int k = 0; k < VARIABLES; k++) {
            assert_true(fabs(whole[k] - pass.sum[k]) < 1e-11 * loss);
        }
        neurons_pass_free(&pass);
        samples_free(&samples);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_quadratic),
                                       cmocka_unit_test(test_batches)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
