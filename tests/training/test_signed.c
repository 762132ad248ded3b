/* The signed network trained (theory.md section 13): its certificate worked out row by row,
 * whatever the team; what it shares with the quadratic network; interpolation. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/training/path.h"
#include "quadratic_case.h"

enum { D = 24 };

static Problem signed_case(double n, double weight)
{
    Problem problem = quadratic_case(D, n, weight, 1e-10);
    problem.model = MODEL_SIGNED;
    problem.random_signs = 1;
    return problem;
}

/* A training; s [D * D], the network by both triangles, if it is not NULL. */
static Observed train(MPI_Comm team, const Problem *problem, const TrainerSettings *settings,
                      double s[])
{
    Path *path = path_create(team, &trainer_convex, settings);
    const Observed training = path_solve(path, problem, NULL, NULL);
    if (s != NULL) {
        const Network network = path_network(path);
        memset(s, 0, sizeof(double) * D * D);
        for (int k = 0; k < network.columns; k++) {
            const double *column = network.factor + k * D;
            const double sign = k < network.columns - network.negative ? 1.0 : -1.0;
            for (int i = 0; i < D * D; i++) {
                s[i] += sign * column[i % D] * column[i / D];
            }
        }
    }
    path_free(path);
    return training;
}

/* Eigenvalues, ascending, of the lower triangle, which is destroyed. */
static void eigenvalues(double a[D * D], double w[D])
{
    static double work[40 * D];
    static int whole[10 * D];
    const int d = D;
    const int length = 40 * D;
    const int whole_length = 10 * D;
    int info;
    dsyevd_("N", "L", &d, a, &d, w, work, &length, whole, &whole_length, &info, 1, 1);
    assert_int_equal(info, 0);
}

/* Sums over the rows, each for itself: |r|^2, r.y, and sum r Z. */
typedef struct Sums {
    double residual, label, gram[D * D];
} Sums;

static Sums sums_by_rows(const Problem *problem, const double s[D * D])
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_DOUBLE;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    Sums sums = {0};
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, NULL);
        for (int row = 0; row < block.rows; row++) {
            const double *x = block.features + (size_t)row * D;
            double output = 0.0;
            for (int i = 0; i < D * D; i++) {
                output += s[i] * (x[i % D] * x[i / D] - (i % D == i / D)) / sqrt(D);
            }
            const double r = block.labels[row] - output;
            sums.residual += r * r;
            sums.label += r * block.labels[row];
            for (int i = 0; i < D * D; i++) {
                sums.gram[i] += r * (x[i % D] * x[i / D] - (i % D == i / D)) / sqrt(D);
            }
        }
    }
    samples_free(&samples);
    return sums;
}

/* (F - bound)/F by the definition: nu = (2/d^2) c r with |sum nu Z| <= lt/d in the spectral
 * norm bounds F from below by nu.y - (d^2/4)|nu|^2.  *objective is F. */
static double gap_by_rows(const Problem *problem, const double s[D * D], double *objective)
{
    const double d = D;
    Sums sums = sums_by_rows(problem, s);
    double copy[D * D];
    double w[D];
    memcpy(copy, s, sizeof copy);
    eigenvalues(copy, w);
    double norm = 0.0;
    for (int i = 0; i < D; i++) {
        norm += fabs(w[i]);
    }
    *objective = sums.residual / d / d + problem->weight_decay / d * norm;
    eigenvalues(sums.gram, w);
    const double nu = 2.0 / d / d;
    const double largest = nu * fmax(w[D - 1], -w[0]);
    const double linear = nu * sums.label;
    const double square = 0.5 * d * d * nu * nu * sums.residual;
    const double scale = fmin(linear / square, problem->weight_decay / d / largest);
    return 1.0 - (scale * linear - 0.5 * scale * scale * square) / *objective;
}

/* The residual of a network with a gap of 1e-10 is off by its root, and so is the bound that it
 * proves itself; the trainer's own, by the mixed dual vector, is better. */
static void test_certificate(void **unused)
{
    (void)unused;
    static const double samples[] = {100.0, 400.0, 2000.0};
    static const double weight[] = {0.02, 0.1, 1.0};
    for (int k = 0; k < 9; k++) {
        for (int gradient = 0; gradient < 2; gradient++) {
            const Problem problem = signed_case(samples[k / 3], weight[k % 3]);
            TrainerSettings settings = trainer_defaults();
            settings.gradient_only = gradient == 1;
            double s[D * D];
            const Observed fit = train(MPI_COMM_WORLD, &problem, &settings, s);
            assert_int_equal(fit.outcome, OUTCOME_CONVERGED);
            double objective;
            const double gap = gap_by_rows(&problem, s, &objective);
            assert_true(fabs(objective / fit.objective - 1.0) < 1e-10);
            assert_true(gap > -1e-12 && gap < 1e-4 && fit.gap <= 1e-10);
        }
    }
}

/* F - F* <= gap F wherever a limit ends it. */
static void test_limits(void **unused)
{
    (void)unused;
    const Problem problem = signed_case(250.0, 0.05);
    TrainerSettings settings = trainer_defaults();
    const Observed best = train(MPI_COMM_WORLD, &problem, &settings, NULL);
    for (settings.iteration_limit = 2; settings.iteration_limit < 30;
         settings.iteration_limit += 3) {
        const Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        assert_int_equal(t.outcome, OUTCOME_NOT_CONVERGED);
        assert_true(t.objective >= best.objective * (1.0 - 2e-10));
        assert_true(t.objective - best.objective <= t.gap * t.objective * (1.0 + 1e-9));
    }
}

/* Any team, store and precision: 1e-9 in the risk at a gap of 1e-10. */
static void test_teams(void **unused)
{
    (void)unused;
    Problem problem = signed_case(400.0, 0.1);
    TrainerSettings settings = trainer_defaults();
    const Observed alone = train(MPI_COMM_SELF, &problem, &settings, NULL);
    for (int eigen = 0; eigen < EIGEN_COUNT; eigen++) {
        problem.store = eigen % 2 == 0 ? STORE_DOUBLE : STORE_NONE;
        settings.eigen = (EigenMethod)eigen;
        settings.double_only = eigen == 1;
        const Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        assert_int_equal(t.outcome, OUTCOME_CONVERGED);
        assert_true(t.rank == alone.rank && fabs(t.risk - alone.risk) < 1e-9);
        assert_true(fabs(t.trace - alone.trace) < 1e-9);
        assert_true(fabs(t.error_estimate / alone.error_estimate - 1.0) < 1e-4);
    }
}

/* Where the threshold is above the noise a positive teacher leaves no negative eigenvalue, and
 * the two networks have one minimum; at a smaller one the signed network, which has more to
 * choose from, is lower. */
static void test_beside_quadratic(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    for (int k = 0; k < 2; k++) {
        Problem problem = signed_case(k == 0 ? 1000.0 : 200.0, k == 0 ? 3.0 : 0.02);
        problem.random_signs = 0;
        const Observed one = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        problem.model = MODEL_QUADRATIC;
        const Observed two = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        assert_int_equal(one.outcome, OUTCOME_CONVERGED);
        if (k == 0) {
            assert_true(one.rank == two.rank && fabs(one.risk - two.risk) < 1e-7);
            assert_true(fabs(one.objective / two.objective - 1.0) < 1e-9);
        } else {
            assert_true(one.rank > two.rank && one.objective < 0.97 * two.objective);
        }
    }
}

/* With many samples the network has the teacher's signs, in the teacher's order. */
static void test_signs(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    Problem problem = signed_case(20000.0, 0.05);
    problem.noise = 0.01;
    SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    double s[D * D];
    int negative = 0;
    const Observed fit = train(MPI_COMM_WORLD, &problem, &settings, s);
    for (int i = 0; i < D; i++) {
        const double teacher = samples.truth.teacher[i];
        negative += teacher < 0.0;
        assert_true(fabs(s[i * (D + 1)] - teacher) < 0.1);
    }
    samples_free(&samples);
    assert_true(negative > 4 && negative < D - 4);
    assert_true(fit.risk < 1e-3 && fit.overlap_m > 0.9 && fit.feature_overlap > 0.99);
}

/* S has d (d + 1)/2 numbers: 300 at d = 24.  A weight next to 0 lets it fit as many labels. */
static void test_interpolation(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    Problem problem = signed_case(250.0, 1e-5);
    problem.tolerance = 1e-6;
    const Observed below = train(MPI_COMM_WORLD, &problem, &settings, NULL);
    problem.samples = 360.0;
    const Observed above = train(MPI_COMM_WORLD, &problem, &settings, NULL);
    assert_true(below.train_loss < 1e-6 && above.train_loss > 1e-3);
}

static void test_edges(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    Problem problem = signed_case(300.0, 1e4);
    Observed t = train(MPI_COMM_WORLD, &problem, &settings, NULL);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
    assert_true(t.rank == 0.0 && fabs(t.risk - 1.0) < 1e-14); /* S = 0 */
    problem.noise = 1e307;                                    /* squares overflow */
    t = train(MPI_COMM_WORLD, &problem, &settings, NULL);
    assert_int_equal(t.outcome, OUTCOME_FAILED);
    assert_true(isnan(t.risk) && isnan(t.gap) && isnan(t.error_estimate));
    problem = signed_case(1.0, 0.1);
    t = train(MPI_COMM_WORLD, &problem, &settings, NULL);
    assert_int_equal(t.outcome, OUTCOME_CONVERGED);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_teams),       cmocka_unit_test(test_beside_quadratic),
        cmocka_unit_test(test_signs),       cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_edges)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
