/* Laws of the entries of rows, their fourth moments, and the variances of the coordinates. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/features.h"

enum { D = 12, SIDE = D * D };
static const int64_t rows = 200000;

static Problem problem_of(FeatureLaw law, double exponent)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .features = law,
                     .degrees_of_freedom = law == FEATURES_STUDENT ? 24.0 : 0.0,
                     .sparse_share = law == FEATURES_SPARSE ? 0.25 : 0.0,
                     .covariance_exponent = exponent,
                     .source_exponent = 1.0,
                     .noise = 0.0,
                     .dimension = D,
                     .width = D,
                     .samples = (double)rows,
                     .store = STORE_DOUBLE};
}

static Samples draw(const Problem *problem)
{
    const SamplesSpec spec = samples_spec(problem);
    return samples_create(MPI_COMM_SELF, &spec);
}

/* Mean of f over the entries of all rows, and its standard error. */
static double mean_of(const Samples *samples, int power, double *error)
{
    const size_t count = (size_t)rows * D;
    double sum = 0.0;
    double square = 0.0;
    for (size_t k = 0; k < count; k++) {
        const double value = pow(samples->features[k], power);
        sum += value;
        square += value * value;
    }
    *error = sqrt((square / (double)count - pow(sum / (double)count, 2.0)) / (double)count);
    return sum / (double)count;
}

/* 4 errors of the mean are missed once in 16,000 draws of a law. */
static void test_moments(void **unused)
{
    (void)unused;
    for (int law = 0; law < FEATURES_COUNT; law++) {
        const Problem problem = problem_of((FeatureLaw)law, 0.0);
        Samples samples = draw(&problem);
        const double expected[5] = {1.0, 0.0, 1.0, 0.0, 3.0 + features_kurtosis(&problem)};
        for (int power = 1; power <= 4; power++) {
            double error;
            const double mean = mean_of(&samples, power, &error);
            assert_true(fabs(mean - expected[power]) <= 4.0 * error + 1e-12);
        }
        samples_free(&samples);
    }
}

/* theory.md section 14: E (Tr E Z)^2 = 2 |E|^2/d + (k4/d) sum E_ii^2, for the error E = -S* of
 * a network that has learned nothing, in a turned basis too: then labels are its predictions.
 */
static void test_prediction(void **unused)
{
    (void)unused;
    for (int law = 0; law < FEATURES_COUNT; law++) {
        for (int rotated = 0; rotated < 2; rotated++) {
            Problem problem = problem_of((FeatureLaw)law, 0.0);
            problem.rotated = rotated;
            Samples samples = draw(&problem);
            double diagonal = 0.0;
            for (int i = 0; i < D; i++) {
                double entry = rotated ? 0.0 : samples.truth.teacher[i];
                for (int k = 0; rotated && k < D; k++) {
                    entry +=
                        pow(samples.truth.rotation[i + k * D], 2.0) * samples.truth.teacher[k];
                }
                diagonal += entry * entry / D;
            }
            double sum = 0.0;
            double square = 0.0;
            for (int64_t row = 0; row < rows; row++) {
                sum += pow(samples.labels[row], 2.0) / (double)rows;
                square += pow(samples.labels[row], 4.0) / (double)rows;
            }
            const double error = sqrt((square - sum * sum) / (double)rows);
            const double expected = 2.0 + features_kurtosis(&problem) * diagonal;
            /* 4 errors, as above; 12 draws */
            assert_true(fabs(sum - expected) <= 4.0 * error + 1e-12);
            samples_free(&samples);
        }
    }
}

/* A row is the same in any dimension that it is made for, and on any rank. */
static void test_prefix(void **unused)
{
    (void)unused;
    for (int law = 0; law < FEATURES_COUNT; law++) {
        Problem problem = problem_of((FeatureLaw)law, 0.0);
        problem.samples = 70.0;
        Samples samples = draw(&problem);
        problem.dimension = D + 37;
        Samples wider = draw(&problem);
        const Dataset data = samples_dataset(&wider);
        double again[D + 37];
        dataset_rows(&data, 69, 1, again);
        assert_memory_equal(samples.features + (size_t)69 * D, again, D * sizeof(double));
        samples_free(&samples);
        samples_free(&wider);
    }
}

/* Variances have mean 1; a row is that of isotropic data times their roots, and labels are
 * those of the whitened teacher, whose exponent is the sum. */
static void test_covariance(void **unused)
{
    (void)unused;
    Problem problem = problem_of(FEATURES_LAPLACE, 0.7);
    problem.samples = 100.0;
    Samples samples = draw(&problem);
    problem.source_exponent += 0.7;
    problem.covariance_exponent = 0.0;
    Samples white = draw(&problem);
    assert_null(white.variances);
    double sum = 0.0;
    for (int i = 0; i < D; i++) {
        sum += samples.variances[i];
        assert_true(fabs(samples.variances[i] / samples.variances[0] / pow(i + 1.0, -0.7) -
                         1.0) < 1e-14);
    }
    assert_true(fabs(sum / D - 1.0) < 1e-14);
    for (int k = 0; k < 100 * D; k++) {
        const double expected = white.features[k] * sqrt(samples.variances[k % D]);
        assert_true(fabs(samples.features[k] - expected) <= 1e-15 * fabs(expected));
    }
    assert_memory_equal(samples.labels, white.labels, 100 * sizeof(double));
    samples_free(&samples);
    samples_free(&white);
}

/* Against the sum, term by term from the smallest; rounding of it is some 1e-16 a term. */
static void test_scale(void **unused)
{
    (void)unused;
    static const double exponents[] = {0.0, 0.3, 1.0, 1.0 + 1e-9, 2.5, 10.0};
    static const double sides[] = {2.0, 63.0, 64.0, 65.0, 5000.0, 1e6};
    for (int a = 0; a < 6; a++) {
        for (int d = 0; d < 6; d++) {
            double sum = 0.0;
            for (double i = sides[d]; i >= 1.0; i--) {
                sum += pow(i, -exponents[a]);
            }
            const double scale = features_variance_scale(exponents[a], sides[d]);
            assert_true(fabs(scale * sum / sides[d] - 1.0) < 1e-12);
        }
    }
}

static void test_unbounded(void **unused)
{
    (void)unused;
    Problem problem = problem_of(FEATURES_STUDENT, 0.0);
    problem.degrees_of_freedom = 4.0;
    assert_true(features_kurtosis(&problem) == INFINITY);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments), cmocka_unit_test(test_prediction),
        cmocka_unit_test(test_prefix),  cmocka_unit_test(test_covariance),
        cmocka_unit_test(test_scale),   cmocka_unit_test(test_unbounded),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
