/* Features of unequal variances: every trainer minimises the same function of the data, and
 * what it reports of the error is that in the coordinates where the data are isotropic.
 */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/training/path.h"

enum { D = 14 };

static Problem problem_of(ModelId model, double samples)
{
    return (Problem){.model = model,
                     .method = METHOD_TRAINING,
                     .source_exponent = 0.8,
                     .covariance_exponent = 0.6,
                     .features = FEATURES_LAPLACE,
                     .noise = 0.2,
                     .dimension = D,
                     .width = D,
                     .samples = samples,
                     .weight_decay = 0.3,
                     .tolerance = 1e-10};
}

/* Of a trained network, from rows and labels alone, with d x d matrices in full. */
typedef struct Direct {
    double objective, risk, overlap_q, overlap_m, diagonal;
} Direct;

/* S~* and sigma by brute force; the rotation is that of the samples. */
static void make_target(const Samples *samples, double target[D][D])
{
    const Truth *truth = &samples->truth;
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
            target[i][j] = i == j && truth->rotation == NULL ? truth->teacher[i] : 0.0;
            for (int k = 0; truth->rotation != NULL && k < D; k++) {
                target[i][j] += truth->rotation[i + k * D] * truth->rotation[j + k * D] *
                                truth->teacher[k] *
                                sqrt(samples->variances[i] * samples->variances[j]);
            }
        }
    }
}

static Direct evaluate(const Problem *problem, const Network *network)
{
    Problem stored = *problem;
    stored.store = STORE_DOUBLE;
    const SamplesSpec spec = samples_spec(&stored);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    double s[D][D] = {{0}};
    double target[D][D];
    make_target(&samples, target);
    Direct direct = {0};
    for (int k = 0; k < network->columns; k++) {
        for (int i = 0; i < D * D; i++) {
            s[i / D][i % D] += network->factor[i / D + k * D] * network->factor[i % D + k * D];
        }
    }
    for (int64_t row = 0; row < samples.rows; row++) {
        const double *x = samples.features + row * D;
        double output = 0.0;
        for (int i = 0; i < D * D; i++) {
            const double mean = i / D == i % D ? samples.variances[i / D] : 0.0;
            output += s[i / D][i % D] * (x[i / D] * x[i % D] - mean);
        }
        direct.objective += pow(samples.labels[row] - output / sqrt(D), 2.0) / (D * D);
    }
    for (int i = 0; i < D; i++) {
        direct.objective += problem_nuclear_weight(problem) * s[i][i] / D;
        for (int j = 0; j < D; j++) {
            const double entry = s[i][j] * sqrt(samples.variances[i] * samples.variances[j]);
            direct.risk += pow(entry - target[i][j], 2.0) / D;
            direct.overlap_q += entry * entry / D;
            direct.overlap_m += entry * target[i][j] / D;
        }
        direct.diagonal += pow(s[i][i] * samples.variances[i] - target[i][i], 2.0) / D;
    }
    samples_free(&samples);
    return direct;
}

static Observed train(const Trainer *trainer, const Problem *problem,
                      const TrainerSettings *settings, Direct *direct)
{
    Path *path = path_create(MPI_COMM_WORLD, trainer, settings);
    const Observed observed = path_solve(path, problem, NULL, NULL);
    const Network network = path_network(path);
    if (direct != NULL) {
        *direct = evaluate(problem, &network);
    }
    path_free(path);
    return observed;
}

/* To rounding of sums of a few hundred terms. */
static void check(const Problem *problem, const Observed *seen, const Direct *direct)
{
    assert_int_equal(seen->outcome, OUTCOME_CONVERGED);
    assert_true(fabs(seen->objective / direct->objective - 1.0) < 1e-11);
    assert_true(fabs(seen->risk / direct->risk - 1.0) < 1e-10);
    assert_true(fabs(seen->overlap_q / direct->overlap_q - 1.0) < 1e-10);
    assert_true(fabs(seen->overlap_m / direct->overlap_m - 1.0) < 1e-10);
    const double prediction =
        2.0 * direct->risk + features_kurtosis(problem) * direct->diagonal;
    assert_true(fabs(seen->prediction_risk / prediction - 1.0) < 1e-10);
}

/* Both kinds of teacher, more and fewer samples than unknowns, both ways of a convex training;
 * minima of one problem to a gap of 1e-10 agree in the objective. */
static void test_convex(void **unused)
{
    (void)unused;
    for (int k = 0; k < 8; k++) {
        Problem problem = problem_of(MODEL_QUADRATIC, k & 1 ? 60.0 : 300.0);
        problem.rotated = k >> 1 & 1;
        TrainerSettings settings = trainer_defaults();
        settings.convex = k >> 2 & 1 ? CONVEX_INTERIOR : CONVEX_DESCENT;
        Direct direct;
        const Observed seen = train(&trainer_convex, &problem, &settings, &direct);
        check(&problem, &seen, &direct);
        settings.convex = CONVEX_AUTO;
        const Observed again = train(&trainer_convex, &problem, &settings, NULL);
        assert_true(fabs(again.objective / seen.objective - 1.0) < 2e-10);
    }
}

/* The spread matrices and the weights of a network of full width reach the same minimum. */
static void test_others(void **unused)
{
    (void)unused;
    Problem problem = problem_of(MODEL_QUADRATIC, 300.0);
    const TrainerSettings settings = trainer_defaults();
    Direct direct;
    const Observed whole = train(&trainer_convex, &problem, &settings, NULL);
    const Observed spread = train(&trainer_spread, &problem, &settings, NULL);
    assert_int_equal(spread.outcome, OUTCOME_CONVERGED);
    assert_true(fabs(spread.objective / whole.objective - 1.0) < 2e-10);
    /* what is of the first order in S differs by more: 2e-10 on one machine */
    assert_true(fabs(spread.risk / whole.risk - 1.0) < 1e-8);
    assert_true(fabs(spread.prediction_risk / whole.prediction_risk - 1.0) < 1e-8);
    assert_true(fabs(spread.overlap_q / whole.overlap_q - 1.0) < 1e-8);
    assert_true(fabs(spread.overlap_m / whole.overlap_m - 1.0) < 1e-8);
    const Observed factored = train(&trainer_factored, &problem, &settings, &direct);
    assert_true(fabs(factored.objective / direct.objective - 1.0) < 1e-10);
    assert_true(fabs(factored.risk / direct.risk - 1.0) < 1e-9);
    assert_true(factored.objective / whole.objective - 1.0 > -1e-9);
    assert_true(factored.objective / whole.objective - 1.0 < 1e-6);
}

/* Message passing of a vector ends where the LASSO does; the LASSO's own gap is its proof. */
static void test_vector(void **unused)
{
    (void)unused;
    Problem problem = problem_of(MODEL_DIAGONAL, 100.0);
    problem.dimension = 60.0;
    problem.weight_decay = 1.0;
    problem.random_signs = 1;
    const TrainerSettings settings = trainer_defaults();
    const Observed lasso = train(&trainer_lasso, &problem, &settings, NULL);
    problem.method = METHOD_AMP;
    const Observed amp = train(&trainer_amp, &problem, &settings, NULL);
    assert_int_equal(lasso.outcome, OUTCOME_CONVERGED);
    assert_int_equal(amp.outcome, OUTCOME_CONVERGED);
    assert_true(fabs(amp.objective / lasso.objective - 1.0) < 1e-9);
    /* an objective to 1e-10 leaves 1e-5 in the coefficients */
    assert_true(fabs(amp.risk / lasso.risk - 1.0) < 1e-4);
    assert_int_equal(amp.rank, lasso.rank);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convex),
                                       cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_vector)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
