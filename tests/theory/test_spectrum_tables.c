/* Predicted spectra: their parts make up the whole law, at any phase and width. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/spectrum_tables.h"

enum { D = 400, NODES = 2000 };

static EvolutionWork evolution;
static Bands bands;

/* Of a solved point. */
typedef struct Portrait {
    Evolution e;
    double t;
    double position[NODES], density[NODES];
    double outlier[D], overlap[D];
} Portrait;

static Portrait portrait;

static SpectrumWork work(void)
{
    return (SpectrumWork){.overlaps = &evolution.overlaps, .bands = &bands};
}

static void draw(double n_eff, double weight, double width)
{
    const Problem p = {.model = MODEL_QUADRATIC,
                       .source_exponent = 1.25,
                       .dimension = D,
                       .noise = 0.1,
                       .width = width,
                       .samples = n_eff * D,
                       .weight_decay = weight * sqrt(D / width),
                       .tolerance = 1e-9};
    Portrait *q = &portrait;
    q->e = evolution_solve(&evolution, &p);
    assert_int_equal(q->e.outcome, OUTCOME_CONVERGED);
    q->t = q->e.delta * q->e.delta;
    spectrum_table_density(work(), q->t, q->e.threshold, q->position, q->density, NODES);
    spectrum_table_outliers(work(), q->t, q->e.threshold, q->outlier, q->overlap, D);
}

/* int x^power over the drawn parts; an isolated band has the variance t/d of a semicircle. */
static double moment(int power)
{
    const Portrait *q = &portrait;
    double sum = 0.0;
    for (int k = 0; k + 1 < NODES && !isnan(q->position[0]); k++) {
        const double step = q->position[k + 1] - q->position[k];
        assert_true(step > 0.0 && q->density[k] >= 0.0);
        sum += 0.5 * step *
               (q->density[k] * pow(q->position[k], power) +
                q->density[k + 1] * pow(q->position[k + 1], power));
    }
    for (int i = 0; i < D && !isnan(q->outlier[i]); i++) {
        sum += (pow(q->outlier[i], power) + (power == 2 ? q->t / D : 0.0)) / D;
    }
    return sum;
}

/* Mass, trace and |S|^2 against the integrals by paths that solved the point. */
static void test_whole(void **unused)
{
    (void)unused;
    /* phases Ia, II, III, IV, VIa, VIa again, VIb; then two narrow networks */
    const double cases[][3] = {{0.3, 1e-2, D}, {20, 1.0, D},    {1e5, 30.0, D},
                               {20, 1e-3, D},  {1e3, 1e-2, D},  {400, 0.5, D},
                               {1e9, 1e-3, D}, {1e3, 0.05, 60}, {1e3, 0.05, 7}};
    for (int k = 0; k < 9; k++) {
        draw(cases[k][0], cases[k][1], cases[k][2]);
        const Overlaps *o = &portrait.e.overlaps;
        /* trapezoids: 10/NODES^2 */
        assert_true(fabs(moment(0) - o->rank / D) < 3e-6);
        assert_true(fabs(moment(1) - o->trace) < 3e-6 * o->trace);
        /* half of the bands' variance: neighbours that nearly touch widen each other */
        assert_true(fabs(moment(2) - o->q) < 3e-6 * o->q + 0.5 * o->rank * portrait.t / D / D);
    }
}

/* Means and overlaps of outliers whose neighbours have merged nowhere near them. */
static void test_outliers(void **unused)
{
    (void)unused;
    draw(1e3, 0.01, D);
    const SpectrumForecast f = spectrum_forecast(work(), portrait.t, portrait.e.threshold);
    assert_true(f.learned == f.outliers && f.learned > 10.0 && f.learned < 60.0);
    double values[D];
    spectrum_quantiles(work(), portrait.t, portrait.e.threshold, values, D);
    for (int i = 0; i < D; i++) {
        assert_true(isnan(portrait.outlier[i]) == (i >= f.learned));
        if (i < f.learned) {
            /* the mean of a narrow band against its median */
            assert_true(fabs(portrait.outlier[i] - values[i]) < 0.1 * sqrt(portrait.t / D));
            assert_true(portrait.overlap[i] > 0.0 && portrait.overlap[i] < 1.0);
            assert_true(portrait.outlier[i] > f.bulk_edge);
        }
    }
    assert_true(portrait.position[NODES - 1] == f.bulk_edge ||
                fabs(portrait.position[NODES - 1] / f.bulk_edge - 1.0) < 1e-9);
}

/* With little noise every feature is learned: the teacher's own tail, 1 + 1/gamma. */
static void test_tail(void **unused)
{
    (void)unused;
    draw(1e12, 1e-6, D);
    const TailFit fit = spectrum_table_tail(work(), portrait.t, portrait.e.threshold);
    assert_true(fabs(fit.exponent - 1.8) < fit.error && fit.error < 0.1);
    draw(20, 40.0, D);
    assert_true(isnan(spectrum_table_tail(work(), portrait.t, portrait.e.threshold).exponent));
}

int main(void)
{
    evolution = evolution_work();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_outliers),
        cmocka_unit_test(test_tail),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    evolution_free(&evolution);
    bands_free(&bands);
    return failures;
}
