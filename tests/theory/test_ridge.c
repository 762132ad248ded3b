/* Ridge regression against its closed form (theory.md section 10). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/model/features.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/measured_phase.h"
#include "phasesweep/theory/optimum.h"
#include "phasesweep/theory/overlaps.h"

static Problem problem_of(double n, double d, double noise, double weight_decay)
{
    return (Problem){.model = MODEL_RIDGE,
                     .method = METHOD_STATE_EVOLUTION,
                     .source_exponent = 1.25,
                     .dimension = d,
                     .width = d,
                     .noise = noise,
                     .samples = n,
                     .weight_decay = weight_decay,
                     .tolerance = 1e-9};
}

static Evolution solve(const Problem *problem)
{
    EvolutionWork work = evolution_work();
    const Evolution e = evolution_solve(&work, problem);
    evolution_free(&work);
    assert_int_equal(e.outcome, OUTCOME_CONVERGED);
    return e;
}

/* The resolvent of a Wishart matrix of d columns and n rows with entries of variance 1, at
 * -lambda: m = (1/d) E Tr (X^T X + lambda)^-1 solves lambda d m^2 + (lambda + n - d) m - 1 = 0
 * (Marchenko and Pastur 1967); slope: -dm/dlambda. */
static double resolvent(double n, double d, double lambda, double *slope)
{
    const double linear = lambda + n - d;
    const double root = sqrt(linear * linear + 4.0 * lambda * d);
    /* the stable form of the positive root */
    const double m = 2.0 / (linear + root);
    *slope = (d * m * m + m) / (2.0 * lambda * d * m + linear);
    return m;
}

/* R = lambda^2 m' + Delta d (m - lambda m'), m' = -dm/dlambda: bias and variance of the
 * estimate for a teacher of norm 1 and isotropic features. */
static double closed_form(const Problem *p)
{
    double slope;
    const double lambda = p->weight_decay;
    const double m = resolvent(p->samples, p->dimension, lambda, &slope);
    return lambda * lambda * slope + p->noise * p->dimension * (m - lambda * slope);
}

/* (E1) at kappa, all sums term by term: with 1/(1 + kappa/sigma_i) what is left of coordinate i
 * n = sum left_i + lambda/kappa (theory.md section 14). */
static double dense_risk(const Problem *p, double kappa)
{
    const double a = p->covariance_exponent;
    const double scale = features_variance_scale(a, p->dimension);
    const double exponent = features_source_exponent(p);
    double bias = 0.0;
    double variance = 0.0;
    double norm = 0.0;
    for (double i = p->dimension; i >= 1.0; i--) {
        const double sigma = scale * pow(i, -a);
        const double left = 1.0 / (1.0 + kappa / sigma);
        norm += pow(i, -2.0 * exponent);
        bias += pow(i, -2.0 * exponent) * pow(1.0 - left, 2.0);
        variance += left * left;
    }
    /* R n/(n - variance) of Hastie, Montanari, Rosset & Tibshirani (Ann. Stat. 50, 2022) */
    return (bias / norm * p->samples + p->noise * variance) / (p->samples - variance);
}

static double dense_kappa(const Problem *p)
{
    const double scale = features_variance_scale(p->covariance_exponent, p->dimension);
    double low = -200.0;
    double high = 200.0;
    for (int step = 0; step < 200; step++) {
        const double kappa = exp(0.5 * (low + high));
        double left = 0.0;
        for (double i = p->dimension; i >= 1.0; i--) {
            left += 1.0 / (1.0 + kappa / scale * pow(i, p->covariance_exponent));
        }
        const double error = kappa * (p->samples - left) - p->weight_decay;
        *(error < 0.0 ? &low : &high) = log(kappa);
    }
    return exp(0.5 * (low + high));
}

/* Unequal variances, fewer and more samples than coordinates. */
static void test_stretched(void **unused)
{
    (void)unused;
    static const double exponents[] = {1e-13, 0.5, 1.5, 3.0};
    for (int k = 0; k < 16; k++) {
        Problem p = problem_of(k & 4 ? 300.0 : 4000.0, k & 8 ? 20000.0 : 700.0, 0.1, 3.0);
        p.covariance_exponent = exponents[k & 3];
        const Evolution e = solve(&p);
        const double expected = dense_risk(&p, dense_kappa(&p));
        assert_true(fabs(e.overlaps.risk / expected - 1.0) < 1e-8);
    }
}

/* Its derivatives, by central differences of step 1e-4 in the logarithms: 1e-8 of them. */
static void test_stretched_terms(void **unused)
{
    (void)unused;
    const Problem p = {.model = MODEL_RIDGE,
                       .covariance_exponent = 1.2,
                       .source_exponent = 0.8,
                       .dimension = 900.0};
    OverlapsWork work = {.teacher = teacher_create(features_source_exponent(&p), 900.0),
                         .covariance_exponent = 1.2,
                         .variance_scale = features_variance_scale(1.2, 900.0)};
    const double t = 1e-3;
    const double b = 0.2;
    const double step = 1e-4;
    const Overlaps o = overlaps_ridge_stretched(&work, t, b);
    const Overlaps above = overlaps_ridge_stretched(&work, t * exp(step), b);
    const Overlaps below = overlaps_ridge_stretched(&work, t * exp(-step), b);
    assert_true(fabs((above.risk - below.risk) / (2.0 * step) / o.risk_t - 1.0) < 1e-7);
    const Overlaps right = overlaps_ridge_stretched(&work, t, b * exp(step));
    const Overlaps left = overlaps_ridge_stretched(&work, t, b * exp(-step));
    assert_true(fabs((right.risk - left.risk) / (2.0 * step) / o.risk_b - 1.0) < 1e-6);
    assert_true(fabs((right.divergence - left.divergence) / (2.0 * step) / o.divergence_b -
                     1.0) < 1e-7);
    assert_true(fabs(o.risk - (o.q - 2.0 * o.m + 1.0)) < 1e-10);
    atoms_free(&work.atoms);
}

static void test_closed_form(void **unused)
{
    (void)unused;
    for (double d = 50; d <= 5e6; d *= 100) {
        for (double ratio = 0.01; ratio < 1e4; ratio *= 3) {
            for (double lambda = 1e-3; lambda < 1e3; lambda *= 10) {
                const Problem p = problem_of(ratio * d, d, 0.1, lambda * d);
                const Evolution e = solve(&p);
                assert_true(fabs(e.overlaps.risk / closed_form(&p) - 1.0) < 1e-7);
                /* R = 1 - 2 m + q */
                const double split = 1.0 - 2.0 * e.overlaps.m + e.overlaps.q;
                assert_true(fabs(split - e.overlaps.risk) < 1e-12);
            }
        }
    }
}

enum { DENSE = 30, BLOCK = 7 }; /* the last block has 2 */

/* Sigma_ij of correlated blocks and variances ~ i^-a. */
static double sigma_at(const Problem *p, int i, int j)
{
    double sum = 0.0;
    for (int k = DENSE; k >= 1; k--) {
        sum += pow(k, -p->covariance_exponent) / DENSE;
    }
    const double c = i == j ? 1.0 : i / BLOCK == j / BLOCK ? p->block_correlation : 0.0;
    return c * pow((i + 1.0) * (j + 1.0), -0.5 * p->covariance_exponent) / sum;
}

/* rows = (Sigma + b)^-1 Sigma by elimination without pivots, of a positive definite matrix. */
static void shrinker(const Problem *p, double b, double rows[DENSE][DENSE])
{
    double left[DENSE][DENSE];
    for (int k = 0; k < DENSE * DENSE; k++) {
        rows[k / DENSE][k % DENSE] = sigma_at(p, k / DENSE, k % DENSE);
        left[k / DENSE][k % DENSE] =
            rows[k / DENSE][k % DENSE] + (k / DENSE == k % DENSE ? b : 0.0);
    }
    for (int pivot = 0; pivot < DENSE; pivot++) {
        const double scale = 1.0 / left[pivot][pivot];
        for (int j = 0; j < DENSE; j++) {
            left[pivot][j] *= scale;
            rows[pivot][j] *= scale;
        }
        for (int i = 0; i < DENSE; i++) {
            const double factor = i == pivot ? 0.0 : left[i][pivot];
            for (int j = 0; j < DENSE; j++) {
                left[i][j] -= factor * left[pivot][j];
                rows[i][j] -= factor * rows[pivot][j];
            }
        }
    }
}

/* R with K = (Sigma + b)^-1 Sigma: n = Tr K + lambda/b, R = |b (Sigma + b)^-1 theta*|_Sigma^2 +
 * (R + Delta) Tr K^2/n. */
static double correlated_risk(const Problem *p)
{
    double k[DENSE][DENSE];
    double low = 1e-9;
    double high = 1e9;
    for (int step = 0; step < 200; step++) {
        const double b = sqrt(low * high);
        double trace = 0.0;
        shrinker(p, b, k);
        for (int i = 0; i < DENSE; i++) {
            trace += k[i][i];
        }
        *(trace + p->weight_decay / b > p->samples ? &low : &high) = b;
    }
    double theta[DENSE];
    double left[DENSE];
    double square = 0.0;
    double bias = 0.0;
    double twice = 0.0;
    for (int i = 0; i < DENSE; i++) {
        theta[i] = pow(i + 1.0, -p->source_exponent);
    }
    for (int i = 0; i < DENSE; i++) {
        left[i] = theta[i];
        for (int j = 0; j < DENSE; j++) {
            left[i] -= k[i][j] * theta[j];
            twice += k[i][j] * k[j][i];
        }
    }
    for (int e = 0; e < DENSE * DENSE; e++) {
        const int i = e / DENSE;
        const int j = e % DENSE;
        square += theta[i] * sigma_at(p, i, j) * theta[j];
        bias += left[i] * sigma_at(p, i, j) * left[j];
    }
    twice /= p->samples;
    return (bias / square + p->noise * twice) / (1.0 - twice);
}

/* Features correlated in blocks: dense matrices, bisection to the end; and a correlation next
 * to 0 is none. */
static void test_blocks(void **unused)
{
    (void)unused;
    for (int k = 0; k < 8; k++) {
        Problem p = problem_of(k & 1 ? 20 : 100, DENSE, 0.3, k & 2 ? 30.0 : 0.5);
        p.covariance_exponent = k & 4 ? 0.8 : 0.0;
        p.source_exponent = 0.9;
        p.block_size = BLOCK;
        p.block_correlation = 0.7;
        assert_true(fabs(solve(&p).overlaps.risk / correlated_risk(&p) - 1.0) < 1e-9);
        Problem none = p;
        p.block_correlation = 1e-9;
        none.block_correlation = none.block_size = 0.0;
        const Evolution next = solve(&p);
        const Evolution at = solve(&none);
        /* |theta|_1 by atoms, and E |x| has a slope */
        assert_true(fabs(next.overlaps.risk / at.overlaps.risk - 1.0) < 1e-7);
        assert_true(fabs(next.overlaps.trace / at.overlaps.trace - 1.0) < 1e-6);
    }
}

/* The objective's derivative in lambda is the penalty without it: |theta|^2. */
static void test_objective(void **unused)
{
    (void)unused;
    const double h = 1e-4;
    for (double lambda = 1; lambda < 1e4; lambda *= 7) {
        const Problem below = problem_of(300, 100, 0.1, lambda * (1 - h));
        const Problem above = problem_of(300, 100, 0.1, lambda * (1 + h));
        const Problem at = problem_of(300, 100, 0.1, lambda);
        const double slope =
            (solve(&above).objective - solve(&below).objective) / (2 * h * lambda);
        assert_true(fabs(slope / solve(&at).overlaps.q - 1.0) < 1e-6);
    }
}

/* The prior of variance 1/d and the noise Delta make lambda = d Delta the Bayes estimate of a
 * rotated teacher: no other weight decay does better. */
static void test_optimal(void **unused)
{
    (void)unused;
    for (double d = 100; d <= 1e6; d *= 100) {
        for (double n = 0.1 * d; n < 20 * d; n *= 4) {
            EvolutionWork work = evolution_work();
            const Problem p = problem_of(n, d, 0.3, NAN);
            const Optimum best = optimal_weight_decay(&work, &p);
            evolution_free(&work);
            assert_true(fabs(best.weight_decay / (0.3 * d) - 1.0) < 1e-6);
        }
    }
}

/* Exponents are those of the closed form; no phase of the networks is claimed. */
static void test_exponents(void **unused)
{
    (void)unused;
    const double h = 1e-5;
    const Problem p = problem_of(300, 100, 0.1, 3);
    Problem more = p;
    Problem stronger = p;
    more.samples *= exp(h);
    stronger.weight_decay *= exp(h);
    const Evolution e = solve(&p);
    const double of_n = log(closed_form(&more) / closed_form(&p)) / h;
    const double of_lambda = log(closed_form(&stronger) / closed_form(&p)) / h;
    assert_true(fabs(e.exponent_samples - of_n) < 1e-4);
    assert_true(fabs(e.exponent_weight_decay - of_lambda) < 1e-4);
    assert_int_equal(phase_predicted(&p), PHASE_UNDEFINED);
}

/* Every derivative of the overlaps, and |theta|_1 of a teacher without noise. */
static void test_overlaps(void **unused)
{
    (void)unused;
    OverlapsWork work = {.teacher = teacher_create(1.25, 1000)};
    const double h = 1e-6;
    for (double t = 1e-8; t < 1; t *= 30) {
        for (double b = 1e-3; b < 1e3; b *= 10) {
            const Overlaps at = overlaps_ridge(&work, t, b);
            const Overlaps up_t = overlaps_ridge(&work, t * exp(h), b);
            const Overlaps up_b = overlaps_ridge(&work, t, b * exp(h));
            assert_true(fabs((up_t.risk - at.risk) / h - at.risk_t) < 1e-4 * at.risk);
            assert_true(fabs((up_b.risk - at.risk) / h - at.risk_b) < 1e-4 * at.risk);
            assert_true(fabs((up_b.divergence - at.divergence) / h - at.divergence_b) <
                        1e-4 * at.divergence);
            assert_true(at.divergence_t == 0.0);
        }
    }
    double sum = 0.0;
    for (int i = 1; i <= 1000; i++) {
        sum += teacher_eigenvalue(&work.teacher, i) / sqrt(1000);
    }
    assert_true(fabs(overlaps_ridge(&work, 1e-30, 1e-12).trace / sum - 1.0) < 1e-9);
    atoms_free(&work.atoms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_form),     cmocka_unit_test(test_stretched),
        cmocka_unit_test(test_stretched_terms), cmocka_unit_test(test_objective),
        cmocka_unit_test(test_optimal),         cmocka_unit_test(test_exponents),
        cmocka_unit_test(test_overlaps),        cmocka_unit_test(test_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
