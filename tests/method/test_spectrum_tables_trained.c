/* Trained spectra against the predicted law in the proportional regime: d = 400, five seeds. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/spectrum_tables.h"
#include "phasesweep/training/path.h"

enum { D = 400, SEEDS = 5, OUTLIERS = 64 };

static double values[SEEDS * D], overlaps[SEEDS * D];

/* n = d^2/5; the weight is near the best one, so that few iterations are needed.  A gap of 1e-4
 * leaves 1e-4 of the objective in doubt, and far less of any eigenvalue than it fluctuates. */
static Problem train_all(void)
{
    Problem problem = {.model = MODEL_QUADRATIC,
                       .method = METHOD_TRAINING,
                       .dimension = D,
                       .width = D,
                       .samples = 0.2 * D * D,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .weight_decay = 0.5,
                       .tolerance = 1e-4};
    for (int k = 0; k < SEEDS; k++) {
        const TrainerSettings settings = trainer_defaults();
        problem.seed = k;
        Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
        const Observed t = path_solve(path, &problem, values + k * D, overlaps + k * D);
        path_free(path);
        assert_int_equal(t.outcome, OUTCOME_CONVERGED);
    }
    return problem;
}

static void check_law(SpectrumWork work, double t, double b)
{
    double mean = 0.0;
    for (int k = 0; k < SEEDS; k++) {
        mean += spectrum_distance(work, t, b, values + k * D, D, 0.0) / SEEDS;
    }
    /* eigenvalues repel each other: distances are a few times 1/d, whatever the seed */
    assert_true(mean < 4.0 / D);
    /* the mass at 0 alone */
    const double rank = spectrum_forecast(work, t, b).rank;
    for (int k = 0; k < SEEDS; k++) {
        assert_true(fabs((double)summary_count_above(values + k * D, D, 0.0) - rank) < 4.0);
    }
}

/* An eigenvalue of S* + delta Z far from others fluctuates by delta sqrt(2/d). */
static void check_outliers(SpectrumWork work, double t, double b)
{
    double position[OUTLIERS], overlap[OUTLIERS];
    spectrum_table_outliers(work, t, b, position, overlap, OUTLIERS);
    const double unit = sqrt(2.0 * t / D);
    int found = 0;
    for (; found < OUTLIERS && !isnan(position[found]); found++) {
        double mean = 0.0;
        for (int k = 0; k < SEEDS; k++) {
            const double x = (values[k * D + found] - position[found]) / unit;
            assert_true(fabs(x) < 4.0);
            mean += x / SEEDS;
        }
        assert_true(fabs(mean) < 4.0 / sqrt(SEEDS));
    }
    assert_true(found >= 8);
    /* neighbours mix more and more towards the bulk; the first stands alone */
    for (int k = 0; k < SEEDS; k++) {
        assert_true(fabs(overlaps[k * D] - overlap[0]) < 0.5 * (1.0 - overlap[0]));
    }
}

static void check_tail(SpectrumWork work, double t, double b)
{
    const TailFit predicted = spectrum_table_tail(work, t, b);
    double mean = 0.0;
    for (int k = 0; k < SEEDS; k++) {
        mean += summary_tail(values + k * D, D, 0.0).exponent / SEEDS;
    }
    /* the error is that of independent values, which eigenvalues are not: it is ample */
    assert_true(fabs(mean - predicted.exponent) < predicted.error);
}

static void test_trained(void **unused)
{
    (void)unused;
    Problem problem = train_all();
    problem.tolerance = 1e-9;
    EvolutionWork evolution = evolution_work();
    Bands bands = {0};
    const SpectrumWork work = {.overlaps = &evolution.overlaps, .bands = &bands};
    const Evolution e = evolution_solve(&evolution, &problem);
    const double t = e.delta * e.delta;
    check_law(work, t, e.threshold);
    check_outliers(work, t, e.threshold);
    check_tail(work, t, e.threshold);
    evolution_free(&evolution);
    bands_free(&bands);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trained)};
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failures;
}
