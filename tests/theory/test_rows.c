/* Rows that are not isotropic and Gaussian (theory.md section 14), against dense sums and plain
 * iteration, against limits that are known, and their exponents against differences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/model/features.h"
#include "phasesweep/numerics/normal.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/theory/optimum.h"
#include "slow_matrix.h"
#include "differences.h"

static Problem with_law(Problem problem, FeatureLaw law, bool rotated)
{
    problem.features = law;
    problem.rotated = rotated;
    problem.degrees_of_freedom = law == FEATURES_STUDENT ? 6.0 : 0.0;
    problem.sparse_share = law == FEATURES_SPARSE ? 0.25 : 0.0; /* k4 = 9 */
    return problem;
}

/* The same problem for the slow solver. */
static SlowMatrix slow_of(const Problem *p)
{
    const int d = (int)p->dimension;
    const double a = p->covariance_exponent;
    const double scale = features_variance_scale(a, p->dimension);
    const Teacher teacher = teacher_create(features_source_exponent(p), p->dimension);
    SlowMatrix s = {.count = d,
                    .kurtosis = features_kurtosis(p),
                    .rotated = p->rotated,
                    .alpha = p->samples / p->dimension / p->dimension,
                    .weight = problem_nuclear_weight(p),
                    .noise = p->noise};
    assert_in_range(d, 2, SLOW_MOST);
    for (int i = 0; i < d; i++) {
        s.target[i] = teacher_eigenvalue(&teacher, i + 1.0);
        s.penalty[i] = pow(i + 1.0, a) / scale;
        s.mass[i] = 1.0 / d;
    }
    return s;
}

static void compare_with_slow(const Problem *p, double kept)
{
    SlowMatrix s = slow_of(p);
    if (!slow_solve(&s, kept)) {
        fail_msg("rows %d, a = %g: the iteration did not settle", p->features,
                 p->covariance_exponent);
    }
    const Evolution e = solve(*p);
    assert_near("risk", e.overlaps.risk, s.risk, 1e-6);
    assert_near("prediction risk", 2.0 * (e.overlaps.risk + e.overlaps.surplus),
                s.prediction_risk, 1e-6);
    assert_near("delta", e.delta, sqrt(s.t), 1e-6);
    assert_near("threshold", e.threshold - e.overlaps.shift, s.b, 1e-6);
    assert_near("q", e.overlaps.q, s.q, 1e-6);
}

static void test_rotated(void **unused)
{
    (void)unused;
    static const FeatureLaw laws[] = {FEATURES_RADEMACHER, FEATURES_UNIFORM, FEATURES_LAPLACE,
                                      FEATURES_GAUSSIAN};
    for (size_t k = 0; k < sizeof laws / sizeof *laws; k++) {
        const Problem p = with_law(
            problem_of(MODEL_QUADRATIC, 0.4 * 60 * 60, 60, 0.8, 0.3, 0.5), laws[k], true);
        compare_with_slow(&p, 0.5);
    }
}

/* Uniform in [low, high), a fixed sequence. */
static double draw(uint64_t *counter, double low, double high)
{
    return low + (high - low) * rng_uniform(5, 41, (*counter)++, 0);
}

/* Rows of any kurtosis, from -2 up to 300. */
static Problem draw_rotated(uint64_t *counter)
{
    const double d = floor(pow(10.0, draw(counter, 0.7, 7.0)));
    const double n = pow(d, draw(counter, 0.5, 4.5));
    const double gamma = draw(counter, 0.51, 2.5);
    const double noise = pow(10.0, draw(counter, -4.0, 2.0));
    Problem p =
        problem_of(MODEL_QUADRATIC, n, d, gamma, pow(d, draw(counter, -2.0, 2.0)), noise);
    const double kind = draw(counter, 0.0, 4.0);
    p = with_law(p,
                 kind < 1.0   ? FEATURES_RADEMACHER
                 : kind < 2.0 ? FEATURES_UNIFORM
                 : kind < 3.0 ? FEATURES_STUDENT
                              : FEATURES_SPARSE,
                 true);
    if (p.features == FEATURES_STUDENT) {
        p.degrees_of_freedom = 4.0 + pow(10.0, draw(counter, -1.0, 1.0));
    } else if (p.features == FEATURES_SPARSE) {
        p.sparse_share = pow(10.0, draw(counter, -2.0, 0.0));
    }
    return p;
}

/* Cold starts anywhere converge, and exponents are derivatives. */
static void test_rotated_anywhere(void **unused)
{
    (void)unused;
    uint64_t counter = 0;
    for (int k = 0; k < 200; k++) {
        const Problem p = draw_rotated(&counter);
        const Evolution e = solve(p);
        if (k % 8 == 0 && e.overlaps.risk > 1e-9) {
            check_differences(&p);
        }
    }
}

/* (E1), (E2) of the LASSO at one t: b by bisection, sums term by term; the error of (E1). */
static double lasso_error(const Problem *p, double t, double *risk)
{
    const int d = (int)p->dimension;
    const double a = p->covariance_exponent;
    const double scale = features_variance_scale(a, p->dimension);
    const Teacher teacher = teacher_create(features_source_exponent(p), p->dimension);
    const double tau = sqrt(t);
    double low = -100.0;
    double high = 100.0;
    for (int step = 0; step < 100; step++) {
        const double b = exp(0.5 * (low + high));
        double active = 0.0;
        *risk = 0.0;
        for (int i = d; i >= 1; i--) {
            const double theta = teacher_eigenvalue(&teacher, i) / sqrt(d);
            const SoftMoments m = normal_soft(theta, tau, b / sqrt(scale * pow(i, -a)));
            active += m.active;
            *risk += m.error;
        }
        const double error = b * (p->samples - active) - p->weight_decay * sqrt(d);
        *(error < 0.0 ? &low : &high) = log(b);
    }
    return p->samples * t - *risk - p->noise;
}

static void test_lasso(void **unused)
{
    (void)unused;
    static const double exponents[] = {0.3, 1.0, 2.5};
    for (int k = 0; k < 6; k++) {
        Problem p =
            problem_of(MODEL_DIAGONAL, k < 3 ? 150 : 3000, 1000, 0.8, k < 3 ? 3.0 : 0.5, 0.2);
        p.covariance_exponent = exponents[k % 3];
        double low = log(p.noise / p.samples);
        double high = low + 20.0;
        double risk;
        for (int step = 0; step < 60; step++) {
            const double middle = 0.5 * (low + high);
            *(lasso_error(&p, exp(middle), &risk) < 0.0 ? &low : &high) = middle;
        }
        const Evolution e = solve(p);
        assert_near("risk", e.overlaps.risk, risk, 1e-9);
        assert_near("tau", e.delta, exp(0.5 * low), 1e-9);
        check_differences(&p);
    }
}

/* Variances that hardly differ, on the path of those that do, and the table of theory.md
 * section 14: numbers of three and four digits. */
static void test_lasso_limits(void **unused)
{
    (void)unused;
    Problem p = problem_of(MODEL_DIAGONAL, 1000, 500, 0.8, 0.3, 0.2);
    const Evolution plain = solve(p);
    assert_near("table", plain.overlaps.risk, 0.08161, 1e-4);
    p.covariance_exponent = 1e-14; /* each change is proportional to it */
    const Evolution near = solve(p);
    assert_near("risk", near.overlaps.risk, plain.overlaps.risk, 1e-10);
    assert_near("tau", near.delta, plain.delta, 1e-10);
    assert_near("trace", near.overlaps.trace, plain.overlaps.trace, 1e-10);
    p.covariance_exponent = 0.7;
    assert_near("table", solve(p).overlaps.risk, 0.03892, 2e-4);
    p.weight_decay = 0.6 * sqrt(2.0);
    assert_near("table", solve(p).overlaps.risk, 0.0152, 4e-3);
    p.weight_decay = 0.1 * sqrt(2.0);
    p.covariance_exponent = 1.4;
    assert_near("table", solve(p).overlaps.risk, 0.0293, 2e-3);
}

/* At any d, against sums of all terms at one (t, b), and cold starts that converge. */
static void test_lasso_anywhere(void **unused)
{
    (void)unused;
    uint64_t counter = 1u << 20;
    for (int k = 0; k < 100; k++) {
        const double d = floor(pow(10.0, draw(&counter, 0.7, 6.0)));
        Problem p = problem_of(MODEL_DIAGONAL, pow(d, draw(&counter, 0.0, 3.0)), d,
                               draw(&counter, 0.51, 2.5), pow(d, draw(&counter, -1.0, 2.0)),
                               pow(10.0, draw(&counter, -4.0, 1.0)));
        p.covariance_exponent = draw(&counter, 0.05, 3.0);
        const Evolution e = solve(p);
        if (k % 8 == 0 && d < 1e4) {
            OverlapsWork work = {.teacher = teacher_create(features_source_exponent(&p), d),
                                 .covariance_exponent = p.covariance_exponent,
                                 .variance_scale =
                                     features_variance_scale(p.covariance_exponent, d)};
            work.teacher.exact = true;
            const Overlaps exact =
                overlaps_diagonal_stretched(&work, e.delta * e.delta, e.threshold);
            assert_near("risk", e.overlaps.risk, exact.risk, 1e-10);
            assert_near("divergence", e.overlaps.divergence, exact.divergence, 1e-10);
            atoms_free(&work.atoms);
        }
    }
}

static Problem with_variances(Problem problem, double covariance_exponent)
{
    problem.covariance_exponent = covariance_exponent;
    return problem;
}

/* The teacher aligned with the coordinates of rows of a kurtosis, of unequal variances, or
 * both, at 60 and 90 coordinates in bands of many shapes. */
static void test_aligned(void **unused)
{
    (void)unused;
    static const struct {
        FeatureLaw law;
        double a, kept; /* of the slow iteration; theory.md section 14: it needs much of it */
    } rows[] = {
        {FEATURES_RADEMACHER, 0.0, 0.6}, {FEATURES_UNIFORM, 0.0, 0.5},
        {FEATURES_LAPLACE, 0.0, 0.75},   {FEATURES_SPARSE, 0.0, 0.9},
        {FEATURES_GAUSSIAN, 0.5, 0.5},   {FEATURES_GAUSSIAN, 1.2, 0.6},
        {FEATURES_LAPLACE, 0.5, 0.75},   {FEATURES_RADEMACHER, 0.7, 0.3},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const double d = k % 2 == 0 ? 60 : 90;
        const Problem plain =
            problem_of(MODEL_QUADRATIC, (k < 4 ? 0.25 : 0.6) * d * d, d, 0.7, 0.3, 0.5);
        const Problem p = with_variances(with_law(plain, rows[k].law, false), rows[k].a);
        compare_with_slow(&p, rows[k].kept);
    }
}

/* Variances that hardly differ, on the path of those that do: each coordinate by itself is as
 * the compressed sums over all. */
static void test_aligned_limits(void **unused)
{
    (void)unused;
    for (int k = 0; k < 5; k++) {
        Problem p = problem_of(MODEL_QUADRATIC, pow(200.0, 1.0 + 0.5 * k), 200, 0.8,
                               k % 2 == 0 ? 0.3 : 0.05, 0.2);
        const Evolution plain = solve(p);
        p.covariance_exponent = 1e-14;
        const Evolution near = solve(p);
        assert_near("risk", near.overlaps.risk, plain.overlaps.risk, 1e-10);
        assert_near("delta", near.delta, plain.delta, 1e-10);
        assert_near("threshold", near.threshold, plain.threshold, 1e-10);
        assert_near("trace", near.overlaps.trace, plain.overlaps.trace, 1e-10);
        assert_near("rank", near.overlaps.rank, plain.overlaps.rank, 1e-7);
        assert_near("objective", near.objective, plain.objective, 1e-10);
        assert_near("exponent", near.exponent_samples, plain.exponent_samples, 1e-8);
        assert_near("exponent", near.exponent_weight_decay, plain.exponent_weight_decay, 1e-8);
    }
}

/* The table of theory.md section 14, which does not say all of its units: to 2 %.  There (1/d)
 * sum s_i^2 = 1: in units of labels where (1/d) sum (sigma_i s_i)^2 is, R and noise are divided
 * by what that was, lt by its root. */
static void test_aligned_table(void **unused)
{
    (void)unused;
    static const double table[][3] = {{0.25, 0.5, 0.382}, {0.5, 0.2, 0.255}};
    const double d = 90;
    const double scale = features_variance_scale(0.5, d);
    const Teacher weights = teacher_create(0.6, d);
    double norm = 0.0;
    for (int i = 1; i <= 90; i++) {
        norm += pow(scale * pow(i, -0.5) * teacher_eigenvalue(&weights, i), 2.0) / d;
    }
    for (int k = 0; k < 2; k++) {
        const Problem p = with_variances(problem_of(MODEL_QUADRATIC, table[k][0] * d * d, d,
                                                    0.6, table[k][1] / sqrt(norm), 0.5 / norm),
                                         0.5);
        assert_near("risk", norm * solve(p).overlaps.risk, table[k][2], 0.02);
    }
}

/* Rows of any kurtosis and variances at up to 300 coordinates. */
static Problem draw_aligned(uint64_t *counter)
{
    Problem p = draw_rotated(counter);
    p.rotated = 0;
    p.dimension = p.width = floor(pow(10.0, draw(counter, 0.7, 2.5)));
    p.samples = pow(p.dimension, draw(counter, 0.5, 3.5));
    p.weight_decay = pow(p.dimension, draw(counter, -1.0, 1.0));
    return with_variances(p, fmax(0.0, draw(counter, -1.0, 1.5)));
}

static void test_aligned_anywhere(void **unused)
{
    (void)unused;
    uint64_t counter = 2u << 20;
    for (int k = 0; k < 100; k++) {
        const Problem p = draw_aligned(&counter);
        const Evolution e = solve(p);
        if (k % 8 == 0 && e.overlaps.risk > 1e-9) {
            check_differences(&p);
        }
    }
}

/* The best weight decay is where neighbours are worse; without noise the truth is found, R =
 * b^2 as it is approached, by the exponent that the limit has. */
static void check_optimum(Problem p)
{
    EvolutionWork work = evolution_work();
    const Optimum best = optimal_weight_decay(&work, &p);
    assert_int_equal(best.evolution.outcome, OUTCOME_CONVERGED);
    if (p.noise > 0.0) {
        assert_int_equal(best.place, OPTIMUM_INSIDE);
        for (int side = -1; side <= 1; side += 2) {
            p.weight_decay = best.weight_decay * (1.0 + 0.02 * side);
            assert_true(solve(p).overlaps.risk > best.evolution.overlaps.risk);
        }
    } else {
        assert_int_equal(best.place, OPTIMUM_AT_ZERO);
        p.weight_decay = 1e-6;
        assert_near("exponent", solve(p).exponent_samples, best.evolution.exponent_samples,
                    1e-4);
    }
    evolution_free(&work);
}

static void test_optima(void **unused)
{
    (void)unused;
    for (int rotated = 0; rotated < 2; rotated++) {
        const Problem p = problem_of(MODEL_QUADRATIC, 8e3, 100, 0.9, NAN, 0.3);
        check_optimum(with_law(p, FEATURES_LAPLACE, rotated));
        check_optimum(with_law(p, FEATURES_UNIFORM, rotated));
        Problem silent = with_law(p, FEATURES_LAPLACE, rotated);
        silent.noise = 0.0;
        check_optimum(silent);
    }
    check_optimum(with_variances(problem_of(MODEL_QUADRATIC, 8e3, 100, 0.9, NAN, 0.3), 0.6));
    check_optimum(with_variances(problem_of(MODEL_DIAGONAL, 400, 300, 0.9, NAN, 0.3), 0.6));
    check_optimum(with_variances(problem_of(MODEL_DIAGONAL, 400, 300, 0.9, NAN, 0.0), 0.6));
}

/* A share of 1 is the Gaussian law: the same bits. */
static void test_no_kurtosis(void **unused)
{
    (void)unused;
    Problem p = problem_of(MODEL_QUADRATIC, 3e4, 300, 0.9, 0.2, 0.3);
    const Evolution gaussian = solve(p);
    for (int rotated = 0; rotated < 2; rotated++) {
        p = with_law(p, FEATURES_SPARSE, rotated);
        p.sparse_share = 1.0;
        const Evolution e = solve(p);
        assert_memory_equal(&e.overlaps, &gaussian.overlaps, sizeof e.overlaps);
        assert_true(e.delta == gaussian.delta && e.threshold == gaussian.threshold);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotated),          cmocka_unit_test(test_rotated_anywhere),
        cmocka_unit_test(test_no_kurtosis),      cmocka_unit_test(test_aligned),
        cmocka_unit_test(test_aligned_limits),   cmocka_unit_test(test_aligned_table),
        cmocka_unit_test(test_aligned_anywhere), cmocka_unit_test(test_lasso),
        cmocka_unit_test(test_optima),           cmocka_unit_test(test_lasso_limits),
        cmocka_unit_test(test_lasso_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
