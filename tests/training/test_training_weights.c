/* Training seen from the weights: the gradient, and the minimum found by another method. */
#include <gsl/gsl_multimin.h>
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/training/path.h"
#include "convex/training_pass.h"

static Problem problem_of(double d, double n, double weight)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = d,
                     .width = d,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = weight,
                     .seed = 4.0,
                     .tolerance = 1e-11};
}

/* |y - A(W W^T)|^2 and, in pass->gram on rank 0, B. */
static double loss(Pass *pass, const double w[], int d)
{
    PassPlan plan = {.rank = d, .residual_share = 1.0, .share = {1.0}};
    for (int k = 0; k < d * d; k++) {
        plan.trace += w[k] * w[k];
    }
    return pass_run(pass, &plan, w).residual;
}

/* d loss/dW = -4 B W, against central differences; loss is a quartic, so their error is h^2. */
static void test_gradient(void **unused)
{
    (void)unused;
    enum { D = 9 };
    const Problem problem = problem_of(D, 150.0, 0.1);
    const SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    Pass pass = pass_create(MPI_COMM_WORLD, &data);
    double w[D * D];
    double b[D * D];
    rng_normals(1, RNG_PROBE, 0, D * D, w);
    loss(&pass, w, D);
    MPI_Bcast(pass.gram, D * D, MPI_DOUBLE, 0, MPI_COMM_WORLD);
    for (int k = 0; k < D * D; k++) {
        b[k] = k % D >= k / D ? pass.gram[k] : pass.gram[k / D + k % D * D];
    }
    for (int entry = 0; entry < D * D; entry += 7) {
        const double h = 1e-4;
        const double at = w[entry];
        double slope = 0.0;
        for (int k = 0; k < D; k++) {
            slope -= 4.0 * b[entry % D + k * D] * w[k + entry / D * D];
        }
        w[entry] = at + h;
        double difference = loss(&pass, w, D);
        w[entry] = at - h;
        difference = (difference - loss(&pass, w, D)) / (2.0 * h);
        w[entry] = at;
        MPI_Bcast(&difference, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD);
        assert_true(fabs(difference - slope) < 1e-6 * (1.0 + fabs(slope)));
    }
    pass_free(&pass);
    samples_free(&samples);
}

typedef struct Weights {
    Pass *pass;
    Problem problem;
} Weights;

static void network_both(const gsl_vector *w, void *context, double *f, gsl_vector *slope)
{
    const Weights *network = context;
    const int d = (int)network->problem.dimension;
    const double weight = network->problem.weight_decay / d;
    *f = loss(network->pass, w->data, d) / (d * d);
    const double *b = network->pass->gram;
    for (int k = 0; k < d * d; k++) {
        *f += weight * w->data[k] * w->data[k];
        double sum = 0.0;
        for (int j = 0; j < d; j++) {
            const int row = k % d > j ? k % d : j;
            const int column = k % d > j ? j : k % d;
            sum += b[row + column * d] * w->data[j + k / d * d];
        }
        slope->data[k] = -4.0 / (d * d) * sum + 2.0 * weight * w->data[k];
    }
}

static double network_value(const gsl_vector *w, void *context)
{
    double f;
    gsl_vector *slope = gsl_vector_alloc(w->size);
    network_both(w, context, &f, slope);
    gsl_vector_free(slope);
    return f;
}

static void network_slope(const gsl_vector *w, void *context, gsl_vector *slope)
{
    double f;
    network_both(w, context, &f, slope);
}

/* Quasi-Newton descent on the weights W of the full-width network ends at the same loss. */
static void test_weights(void **unused)
{
    (void)unused;
    enum { D = 10 };
    Weights network = {.problem = problem_of(D, 120.0, 0.2)};
    const SamplesSpec spec = samples_spec(&network.problem);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    Pass pass = pass_create(MPI_COMM_SELF, &data);
    network.pass = &pass;
    gsl_multimin_function_fdf f = {network_value, network_slope, network_both, D * D, &network};
    gsl_vector *w = gsl_vector_alloc(D * D);
    rng_normals(1, RNG_PROBE, 0, D * D, w->data);
    gsl_multimin_fdfminimizer *search =
        gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, D * D);
    gsl_multimin_fdfminimizer_set(search, &f, w, 0.01, 0.1);
    for (int k = 0; k < 2000 && gsl_multimin_fdfminimizer_iterate(search) == 0; k++) {
    }
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    const Observed t = path_solve(path, &network.problem, NULL, NULL);
    path_free(path);
    /* a minimiser is found to the square root of rounding, its value to rounding; the flat
     * directions of W at rank-deficient S slow the last digits down */
    assert_true(fabs(search->f / t.objective - 1.0) < 1e-8);
    gsl_multimin_fdfminimizer_free(search);
    gsl_vector_free(w);
    pass_free(&pass);
    samples_free(&samples);
}

/* The ceiling is where the bound falls through the goal. */
static void test_ceiling(void **unused)
{
    (void)unused;
    enum { D = 20 };
    const double weight = 0.3;
    const PassSums sums = {.label = 500.0, .square = 420.0};
    const double best = pass_dual_bound(&sums, D, weight, -1.0);
    for (int k = 1; k < 10; k++) {
        const double goal = 0.1 * k * best;
        const double ceiling = pass_dual_ceiling(&sums, D, weight, goal);
        assert_true(fabs(pass_dual_bound(&sums, D, weight, ceiling) / goal - 1.0) < 1e-12);
        assert_true(pass_dual_bound(&sums, D, weight, 1.001 * ceiling) < goal);
        assert_true(pass_dual_bound(&sums, D, weight, 0.999 * ceiling) > goal);
    }
    assert_true(pass_dual_ceiling(&sums, D, weight, 1.01 * best) == -INFINITY);
    assert_true(pass_dual_ceiling(&sums, D, weight, 0.0) == INFINITY);
    const PassSums none = {.label = -1.0, .square = 1.0};
    assert_true(pass_dual_ceiling(&none, D, weight, 1e-3) == -INFINITY);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_ceiling),
                                       cmocka_unit_test(test_weights)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
