/* State evolution of deeper networks (theory.md section 11). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/model/model.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/theory/decomposition.h"
#include "phasesweep/theory/measured_phase.h"
#include "phasesweep/theory/optimum.h"
#include "solve.h"

static Problem deep(ModelId model, double depth, double n, double d, double gamma, double noise)
{
    Problem p = problem_of(model, n, d, gamma, 1.0, noise);
    p.depth = depth;
    return p;
}

static Problem at_weight(Problem p, double nuclear_weight)
{
    p.weight_decay = problem_weight_decay(&p, nuclear_weight);
    return p;
}

/* The weight decay for which chi n, or 4 chi alpha, is that of a threshold with its edge at b:
 * what the threshold is while few features are learned. */
static Problem at_edge(Problem p, double b)
{
    const Threshold f = threshold_of(problem_power(&p));
    const double chi = threshold_weight(&f, b);
    p.weight_decay = 1.0;
    const Channel channel = model_of(&p)->channel(&p);
    p.weight_decay = chi * channel.capacity / channel.weight;
    return p;
}

static Evolution solve_deep(Problem p)
{
    EvolutionWork work = evolution_work();
    Evolution e;
    assert_true(evolution_branches(&work, &p, 1, &e));
    evolution_free(&work);
    if (e.outcome != OUTCOME_CONVERGED) {
        fail_msg("model %d depth %g gamma %.17g d %g n %.17g lambda %.17g noise %.17g: %g",
                 p.model, p.depth, p.source_exponent, p.dimension, p.samples, p.weight_decay,
                 p.noise, e.residual);
    }
    return e;
}

/* Given as L = 2 or h = 1, a depth changes no bit. */
static void test_least_depth(void **unused)
{
    (void)unused;
    for (int model = MODEL_QUADRATIC; model <= MODEL_DIAGONAL; model++) {
        Problem p = problem_of(model, 2e4, 300, 1.25, 0.5, 0.1);
        const Evolution a = solve(p);
        p.depth = model == MODEL_QUADRATIC ? 1.0 : 2.0;
        const Evolution b = solve(p);
        assert_memory_equal(&a.overlaps, &b.overlaps, sizeof a.overlaps);
        assert_true(a.delta == b.delta && a.objective == b.objective &&
                    a.exponent_samples == b.exponent_samples);
    }
}

/* An independent solver, three digits: d = 400, gamma = 1.25, Delta = .1, lambda such that the
 * edge of the bare chi = mu_q/n is so many sqrt(Delta/n). */
static void test_other_solver(void **unused)
{
    (void)unused;
    static const double table[][4] = {
        {3, 800, 1, 0.0327}, {3, 800, 2, 0.0153}, {3, 800, 3, 0.0141},
        {3, 200, 2, 0.0504}, {3, 200, 3, 0.0380}, {4, 800, 3, 0.0139},
        {4, 800, 2, 0.0178}, {3, 200, 1, 0.119},  {4, 200, 1, 0.212}};
    for (int k = 0; k < 9; k++) {
        const Problem p = deep(MODEL_DIAGONAL, table[k][0], table[k][1], 400, 1.25, 0.1);
        const double edge = table[k][2] * sqrt(0.1 / p.samples);
        const Evolution e = solve_deep(at_edge(p, edge));
        assert_near("risk", e.overlaps.risk, table[k][3], 0.004);
        assert_true(e.solutions == 1 && e.stability > 0.0 && e.stability < 0.41);
    }
}

/* From the density of mu and nothing else. */
static void test_quadrature(void **unused)
{
    (void)unused;
    enum { STEPS = 200000 };
    const double t = 0.3;
    const double b = 0.9;
    OverlapsWork work = {
        .teacher = teacher_create(1.25, 40), .near.v = -1.0, .near_top.v = -1.0, .width = 40};
    for (int h = 2; h <= 4; h++) {
        work.threshold = threshold_of(1.0 / h);
        const Overlaps o = overlaps_quadratic_deep(&work, t, b);
        const double chi = threshold_weight(&work.threshold, b);
        double sum[4] = {0.0};
        SpectralPoint last = freeconv_point(&work.teacher, t, -3.0, &work.atoms);
        for (int k = 1; k <= STEPS; k++) {
            const double u = -3.0 + 10.0 * k / STEPS;
            const SpectralPoint at = freeconv_point(&work.teacher, t, u, &work.atoms);
            const double x = 0.5 * (at.x + last.x);
            const double mass = 0.5 * (at.density + last.density) * (at.x - last.x);
            const double f = x > 0.0 ? threshold_shrink(&work.threshold, x, chi) : 0.0;
            const double hilbert = (x - u + 5.0 / STEPS) / t;
            sum[0] += mass * f * f;
            sum[1] += 2.0 * mass * f * hilbert;
            sum[2] += mass * f * (x - 2.0 * t * hilbert);
            sum[3] += mass * threshold_penalty(&work.threshold, f);
            last = at;
        }
        assert_near("q", o.q, sum[0], 3e-5);
        assert_near("D", o.divergence, sum[1], 3e-5);
        assert_near("m", o.m, sum[2], 3e-5);
        assert_near("penalty", o.penalty, sum[3], 3e-5);
        assert_near("R", o.risk, 1.0 - 2.0 * o.m + o.q, 1e-11);
    }
    atoms_free(&work.atoms);
}

static double draw(uint64_t *counter, double low, double high)
{
    return low + (high - low) * rng_uniform(3, 14, (*counter)++, 0);
}

static Problem draw_problem(uint64_t *counter)
{
    const ModelId model = draw(counter, 0.0, 1.0) < 0.6 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
    const double d = floor(pow(10.0, draw(counter, 0.7, 6.0)));
    const double n = pow(d, draw(counter, -0.5, 4.5)) * (model == MODEL_QUADRATIC ? d : 1.0);
    const double depth = floor(draw(counter, 2.0, 6.99)) + (model == MODEL_DIAGONAL);
    /* one after the other: the order of arguments is the compiler's */
    const double noise = pow(10.0, draw(counter, -3.0, 2.0));
    const double source_exponent = draw(counter, 0.51, 3.5);
    Problem p = deep(model, depth, n, d, source_exponent, noise);
    p.weight_decay = pow(d, draw(counter, -2.0, 3.0));
    return p;
}

/* d log R / d log n, or d log lambda, by differences of fourth order of cold solutions. */
static double difference(const Problem *problem, bool in_samples, double h)
{
    static const double steps[] = {-2.0, -1.0, 1.0, 2.0};
    double value[4];
    for (int k = 0; k < 4; k++) {
        Problem p = *problem;
        *(in_samples ? &p.samples : &p.weight_decay) *= exp(steps[k] * h);
        value[k] = log(solve_deep(p).overlaps.risk);
    }
    return (8.0 * (value[2] - value[1]) - (value[3] - value[0])) / (12.0 * h);
}

/* Derivatives with everything that jumps, at the step where they agree best. */
static void test_differences(void **unused)
{
    (void)unused;
    uint64_t counter = 0;
    for (int k = 0; k < 60; k++) {
        const Problem p = draw_problem(&counter);
        const Evolution e = solve_deep(p);
        const double exact[2] = {e.exponent_samples, e.exponent_weight_decay};
        for (int way = 0; way < 2; way++) {
            double off = INFINITY;
            for (double h = 1e-3; h > 1e-7 && off > 1e-5; h *= 0.1) {
                off = fmin(off, fabs(difference(&p, way == 0, h) - exact[way]) /
                                    (1.0 + fabs(exact[0]) + fabs(exact[1])));
            }
            if (!(off <= 1e-5)) {
                fail_msg("%d: model %d depth %g gamma %g d %g n %g lambda %g noise %g: %g", k,
                         p.model, p.depth, p.source_exponent, p.dimension, p.samples,
                         p.weight_decay, p.noise, off);
            }
        }
    }
}

/* Exponents of II and III at d = 1e6, where the noise smears the steps: threshold at the K-th
 * feature, n Delta^-1 of order K^(2 gamma + 1). */
static void test_phases(void **unused)
{
    (void)unused;
    static const double depths[] = {3, 4, 6};
    static const double gammas[] = {0.75, 1.25, 2.0};
    const double d = 1e6;
    for (int k = 0; k < 9; k++) {
        const double gamma = gammas[k % 3];
        const double edge = teacher_create(gamma, d).scale / sqrt(d);
        const double learned = 300.0;
        const Problem p =
            deep(MODEL_DIAGONAL, depths[k / 3], pow(learned, 2.0 * gamma + 1.0), d, gamma, 0.1);
        const Evolution two = solve_deep(at_edge(p, edge * pow(learned, -gamma)));
        double expected[2];
        phase_exponents(p.model, gamma, problem_power(&p), PHASE_II, expected);
        assert_true(fabs(two.exponent_samples - expected[0]) < 0.02);
        assert_true(fabs(two.exponent_weight_decay - expected[1]) < 0.02);
        Problem all = p;
        all.samples = pow(d, 2.0 * gamma + 2.0);
        const double chi_of = pow(1e-3, 1.0 / (2.0 - problem_power(&p)));
        all = at_edge(all, chi_of * edge * pow(d, -gamma));
        const Evolution three = solve_deep(all);
        assert_true(fabs(three.exponent_samples + 2.0) < 0.02);
        assert_true(fabs(three.exponent_weight_decay - 2.0) < 0.02);
        assert_int_equal(phase_predicted(&all), PHASE_III);
        const Teacher teacher = teacher_create(gamma, d);
        assert_int_equal(phase_measured(&all, &teacher, &three), PHASE_III);
    }
}

/* The quadratic network's bands are so thin that II is a staircase up to K ~ sqrt(d): its mean
 * slope over a decade of K is that of the table. */
static void test_staircase(void **unused)
{
    (void)unused;
    for (int h = 2; h <= 3; h++) {
        const double gamma = 1.25;
        const double d = 1e8;
        const double scale = teacher_create(gamma, d).scale;
        const double n_eff = 1e2 * pow(3e3, 2.0 * gamma);
        const Problem p = deep(MODEL_QUADRATIC, h, n_eff * d, d, gamma, 0.1);
        const Problem ends[2] = {at_edge(p, scale * pow(200, -gamma)),
                                 at_edge(p, scale * pow(2000, -gamma))};
        const double ratio =
            solve_deep(ends[0]).overlaps.risk / solve_deep(ends[1]).overlaps.risk;
        double expected[2];
        phase_exponents(p.model, gamma, problem_power(&p), PHASE_II, expected);
        const double slope = log(ratio) / log(ends[0].weight_decay / ends[1].weight_decay);
        assert_true(fabs(slope - expected[1]) < 0.003);
    }
}

/* lambda -> 0 at n_eff << d: noise is learned in pieces as large as itself, R = 2 (1 - q)/q
 * times the channel's noise however many the samples. */
static void test_plateau(void **unused)
{
    (void)unused;
    for (int h = 2; h <= 3; h++) {
        const Problem p = deep(MODEL_QUADRATIC, h, 300 * 1e8, 1e8, 2.0, 0.1);
        const Evolution e = solve_deep(at_weight(p, 1e-9));
        assert_near("V", e.overlaps.risk, 2.0 * (h - 1.0) * 0.05, 0.08);
        assert_true(fabs(e.exponent_samples) < 0.05);
    }
}

/* The four parts of the risk are the risk; what is learned has a law of mass rank/d. */
static void check_decomposition(const Problem *p, Bands *bands)
{
    EvolutionWork work = evolution_work();
    Evolution e;
    evolution_branches(&work, p, 1, &e);
    const SpectrumWork spectrum = {&work.overlaps, bands};
    const double t = e.delta * e.delta;
    const Decomposition r = spectrum_decompose(spectrum, t, e.threshold);
    const double sum = r.overfitting + r.underfitting + r.approximation + r.cross;
    assert_true(fabs(sum - e.overlaps.risk) < 1e-11 * (1.0 + e.overlaps.risk));
    const SpectrumForecast f = spectrum_forecast(spectrum, t, e.threshold);
    assert_true(fabs(f.rank - e.overlaps.rank) < 1e-6 * (1.0 + f.rank));
    const double jump = threshold_jump(&work.overlaps.threshold,
                                       threshold_weight(&work.overlaps.threshold, e.threshold));
    const double above = spectrum_mass_above(spectrum, t, e.threshold, 0.5 * jump);
    assert_true(fabs(above * p->dimension - f.rank) < 1e-6 * (1.0 + f.rank));
    double largest[1];
    spectrum_quantiles(spectrum, t, e.threshold, largest, 1);
    assert_true(largest[0] == 0.0 || largest[0] > 0.999 * jump);
    evolution_free(&work);
}

static void test_decomposition(void **unused)
{
    (void)unused;
    uint64_t counter = 1u << 20;
    Bands bands = {0};
    for (int k = 0; k < 60;) {
        Problem p = draw_problem(&counter);
        if (p.model == MODEL_QUADRATIC && p.dimension <= 1e4) {
            check_decomposition(&p, &bands);
            k++;
        }
    }
    bands_free(&bands);
}

/* The branch point of the threshold lies higher than the cut, and beside the path up from it.
 */
static void test_branch_above_cut(void **unused)
{
    (void)unused;
    Bands bands = {0};
    const double samples[] = {12505.925075009782, 373471.0, 3187.6};
    const double dimension[] = {1486, 2824, 1075};
    const double source_exponent[] = {1.8147575702851257, 1.96323, 3.31837};
    const double weight_decay[] = {2.1850610623107585e-05, 1e-4, 1e-5};
    const double noise[] = {2.8591830174339723, 1.5, 0.1};
    for (int k = 0; k < 3; k++) {
        Problem p =
            deep(MODEL_QUADRATIC, 2, samples[k], dimension[k], source_exponent[k], noise[k]);
        p.weight_decay = weight_decay[k];
        check_decomposition(&p, &bands);
    }
    bands_free(&bands);
}

/* A chain gives what its points give alone. */
static void test_chain(void **unused)
{
    (void)unused;
    enum { COUNT = 40 };
    for (int model = MODEL_QUADRATIC; model <= MODEL_DIAGONAL; model++) {
        Problem p[COUNT];
        Evolution e[COUNT];
        for (int k = 0; k < COUNT; k++) {
            p[k] = deep(model, 4, model == MODEL_QUADRATIC ? 1e5 : 200, 500, 1.25, 0.1);
            p[k].weight_decay = pow(10.0, -4.0 + 0.2 * k);
        }
        EvolutionWork work = evolution_work();
        assert_true(evolution_branches(&work, p, COUNT, e));
        evolution_free(&work);
        for (int k = 0; k < COUNT; k++) {
            const Evolution alone = solve_deep(p[k]);
            assert_near("risk", e[k].overlaps.risk, alone.overlaps.risk, 1e-8);
            assert_true(e[k].steepness < 1.0);
        }
    }
}

/* Where nothing is learned its sums are 0, not rounding below it. */
static void test_nothing_learned(void **unused)
{
    (void)unused;
    for (int depth = 3; depth <= 6; depth++) {
        for (double n = 0.01; n < 10.0; n *= 1.7) {
            for (double decay = 0.3; decay < 4.0; decay *= 1.3) {
                Problem p = deep(MODEL_DIAGONAL, depth, n, 1e4, 1.25, 0.1);
                p.weight_decay = decay;
                const Overlaps o = solve_deep(p).overlaps;
                assert_true(o.q >= 0.0 && o.m >= 0.0 && o.trace >= 0.0 && o.rank >= 0.0);
                assert_true(o.penalty >= 0.0 && o.slope >= 0.0);
            }
        }
    }
}

/* The best weight decay is at a flat place of the risk, the risk below that of two layers,
 * which cannot be below what no estimate beats. */
static void test_optimum(void **unused)
{
    (void)unused;
    EvolutionWork work = evolution_work();
    double last = INFINITY;
    for (int depth = 2; depth <= 4; depth++) {
        const Problem p = deep(MODEL_DIAGONAL, depth, 1e4, 1e4, 1.25, 0.1);
        const Optimum best = optimal_weight_decay(&work, &p);
        assert_int_equal(best.evolution.outcome, OUTCOME_CONVERGED);
        assert_int_equal(best.place, OPTIMUM_INSIDE);
        assert_true(fabs(best.evolution.exponent_weight_decay) < 1e-6);
        assert_true(depth > 3 || best.evolution.overlaps.risk < last);
        last = best.evolution.overlaps.risk;
    }
    evolution_free(&work);
}

/* No point of a line of weight decays is better than the best: where nothing is learned yet
 * that changes the risk, and where features enter one by one. */
static void test_no_better_point(void **unused)
{
    (void)unused;
    static const struct {
        ModelId model;
        double depth, n, d, gamma;
    } cases[] = {{MODEL_DIAGONAL, 6, 15.848932, 1e4, 2.0},
                 {MODEL_QUADRATIC, 2, 115415.99, 200, 2.0},
                 {MODEL_QUADRATIC, 5, 251188643.15, 1e4, 2.0},
                 {MODEL_QUADRATIC, 5, 2511886.43, 200, 1.25}};
    EvolutionWork work = evolution_work();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Problem p =
            deep(cases[k].model, cases[k].depth, cases[k].n, cases[k].d, cases[k].gamma, 0.1);
        const Optimum best = optimal_weight_decay(&work, &p);
        assert_int_equal(best.evolution.outcome, OUTCOME_CONVERGED);
        for (double decay = 1e-2; decay < 1e3; decay *= 1.03) {
            p.weight_decay = decay;
            const Evolution e = evolution_solve(&work, &p);
            const double ratio = e.overlaps.risk / best.evolution.overlaps.risk;
            if (e.outcome == OUTCOME_CONVERGED && !(ratio >= 1.0 - 1e-6)) {
                fail_msg("case %zu: at %g the risk is %g of that at %g", k, decay, ratio,
                         best.weight_decay);
            }
        }
    }
    evolution_free(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_depth),      cmocka_unit_test(test_other_solver),
        cmocka_unit_test(test_quadrature),       cmocka_unit_test(test_differences),
        cmocka_unit_test(test_phases),           cmocka_unit_test(test_staircase),
        cmocka_unit_test(test_plateau),          cmocka_unit_test(test_decomposition),
        cmocka_unit_test(test_branch_above_cut), cmocka_unit_test(test_chain),
        cmocka_unit_test(test_nothing_learned),  cmocka_unit_test(test_optimum),
        cmocka_unit_test(test_no_better_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
