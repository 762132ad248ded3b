/* Predicted spectra against the eigenvalues of sampled matrices. */
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "phasesweep/numerics/tail_statistics.h"
#include "phasesweep/theory/decomposition.h"

enum { D = 120, SAMPLES = 24 };

static OverlapsWork overlaps;
static Bands bands;
static const SpectrumWork work = {.overlaps = &overlaps, .bands = &bands};

static double normal(uint64_t sample, uint64_t i, uint64_t j)
{
    const double radius = sqrt(-2.0 * log(rng_uniform(7, sample, i, 2 * j)));
    return radius * cos(2.0 * M_PI * rng_uniform(7, sample, i, 2 * j + 1));
}

/* Eigenvalues, decreasing, of S* + delta Z, and the squared overlap of the first vector. */
static double sample_matrix(double delta, uint64_t sample, double values[D])
{
    gsl_matrix *m = gsl_matrix_alloc(D, D);
    gsl_matrix *vectors = gsl_matrix_alloc(D, D);
    gsl_eigen_symmv_workspace *space = gsl_eigen_symmv_alloc(D);
    gsl_vector_view view = gsl_vector_view_array(values, D);
    for (size_t i = 0; i < D; i++) {
        for (size_t j = 0; j <= i; j++) {
            const double z = normal(sample, i, j) * sqrt((i == j ? 2.0 : 1.0) / D);
            const double s = i == j ? teacher_eigenvalue(&overlaps.teacher, i + 1.0) : 0.0;
            gsl_matrix_set(m, i, j, s + delta * z);
            gsl_matrix_set(m, j, i, s + delta * z);
        }
    }
    gsl_eigen_symmv(m, &view.vector, vectors, space);
    gsl_eigen_symmv_sort(&view.vector, vectors, GSL_EIGEN_SORT_VAL_DESC);
    const double overlap = gsl_matrix_get(vectors, 0, 0);
    gsl_eigen_symmv_free(space);
    gsl_matrix_free(vectors);
    gsl_matrix_free(m);
    return overlap * overlap;
}

/* Outliers, edge, distribution: finite d differs from mu by O(1/d); the second largest
 * eigenvalue fluctuates by delta sqrt(2/d), its mean over the samples by 1/sqrt(24) of that. */
static void test_sampled(void **unused)
{
    (void)unused;
    const double delta = 0.5;
    const double b = 0.4;
    overlaps.teacher = teacher_create(1.25, D);
    overlaps.width = D;
    overlaps.near.v = -1.0;
    const SpectrumForecast f = spectrum_forecast(work, delta * delta, b);
    const Outlier second = spectrum_outlier(work, delta * delta, b, 2.0);
    assert_true(second.isolated && f.outliers >= 3.0);
    double position = 0.0;
    double overlap = 0.0;
    double values[SAMPLES * D];
    for (int k = 0; k < SAMPLES; k++) {
        overlap += sample_matrix(delta, (uint64_t)k, values + k * D) / SAMPLES;
        for (int i = 0; i < D; i++) {
            values[k * D + i] = fmax(0.0, values[k * D + i] - b);
        }
        position += values[k * D + 1] / SAMPLES;
        assert_true(values[k * D + (int)f.outliers] < 1.25 * f.bulk_edge);
    }
    assert_true(fabs(position - second.position) < 4.0 * delta * sqrt(2.0 / D / SAMPLES));
    assert_true(fabs(overlap - spectrum_outlier(work, delta * delta, b, 1.0).overlap) < 1e-3);
    assert_true(spectrum_distance(work, delta * delta, b, values, SAMPLES * D, 0.0) < 0.01);
    assert_true(fabs((double)summary_count_above(values, SAMPLES * D, 0.0) / SAMPLES - f.rank) <
                1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sampled)};
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    atoms_free(&overlaps.atoms);
    bands_free(&bands);
    return failures;
}
