/* The LASSO on features correlated in blocks (theory.md section 14): its overlaps against draws
 * and a grid of noises, each minimum by coordinate descent in the coordinates of the weights,
 * limits that are known, and derivatives against differences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/model/features.h"
#include "phasesweep/numerics/rng.h"
#include "differences.h"

enum { MOST = 10 }; /* features of a block here */

static OverlapsWork work_of(double d, double gamma, double a, double rho, int size)
{
    return (OverlapsWork){.teacher = teacher_create(gamma, d),
                          .covariance_exponent = a,
                          .variance_scale = a > 0.0 ? features_variance_scale(a, d) : 1.0,
                          .block_correlation = rho,
                          .block_size = size};
}

/* Sigma of a block, in the features of the rows, and its teacher. */
typedef struct Dense {
    int size;
    double sigma[MOST][MOST];
    double root[MOST]; /* sqrt(sigma_ii) */
    double teacher[MOST];
} Dense;

static double form(const Dense *block, const double x[], const double y[])
{
    double sum = 0.0;
    for (int i = 0; i < block->size; i++) {
        for (int j = 0; j < block->size; j++) {
            sum += x[i] * block->sigma[i][j] * y[j];
        }
    }
    return sum;
}

/* Blocks of `size` features, the last of what is left, theta*^T Sigma theta* = 1 in all. */
static int dense_blocks(const OverlapsWork *work, Dense blocks[])
{
    const int d = (int)work->teacher.dimension;
    int count = 0;
    double square = 0.0;
    for (int first = 0; first < d; first += work->block_size, count++) {
        Dense *block = &blocks[count];
        block->size = d - first < work->block_size ? d - first : work->block_size;
        for (int i = 0; i < block->size; i++) {
            block->root[i] =
                sqrt(work->variance_scale * pow(first + i + 1.0, -work->covariance_exponent));
            block->teacher[i] = pow(first + i + 1.0, -work->teacher.source_exponent);
        }
        for (int i = 0; i < block->size; i++) {
            for (int j = 0; j < block->size; j++) {
                block->sigma[i][j] =
                    (i == j ? 1.0 : work->block_correlation) * block->root[i] * block->root[j];
            }
        }
        square += form(block, block->teacher, block->teacher);
    }
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < blocks[k].size; i++) {
            blocks[k].teacher[i] /= sqrt(square);
        }
    }
    return count;
}

/* argmin (1/2) (theta - theta*)^T Sigma (theta - theta*) - h.(theta - theta*) + b |theta|_1. */
static void descend(const Dense *block, const double h[], double b, double theta[])
{
    double moved = 1.0;
    for (int sweep = 0; sweep < 2000 && moved > 1e-13; sweep++) {
        moved = 0.0;
        for (int i = 0; i < block->size; i++) {
            double pull = h[i];
            for (int j = 0; j < block->size; j++) {
                pull -= j == i ? 0.0 : block->sigma[i][j] * (theta[j] - block->teacher[j]);
            }
            pull += block->sigma[i][i] * block->teacher[i];
            const double next = copysign(fmax(fabs(pull) - b, 0.0), pull) / block->sigma[i][i];
            moved = fmax(moved, fabs(next - theta[i]));
            theta[i] = next;
        }
    }
}

enum { RISK, ACTIVE, TRACE, PRODUCT, SUMS };

static void observe(const Dense *block, const double theta[], double sum[SUMS])
{
    double error[MOST];
    for (int i = 0; i < block->size; i++) {
        error[i] = theta[i] - block->teacher[i];
        sum[ACTIVE] += theta[i] != 0.0;
        sum[TRACE] += fabs(theta[i]);
    }
    sum[RISK] += form(block, error, error);
    sum[PRODUCT] += form(block, block->teacher, theta);
}

/* One draw of all blocks; h has the covariance Sigma. */
static void draw(const Dense blocks[], int count, double rho, uint64_t row, double tau,
                 double b, double sum[SUMS])
{
    for (int k = 0; k < count; k++) {
        double z[MOST + 1];
        double h[MOST];
        double theta[MOST] = {0};
        rng_normals(5, RNG_PROBE, row * 100 + (uint64_t)k, MOST + 1, z);
        for (int i = 0; i < blocks[k].size; i++) {
            h[i] = tau * blocks[k].root[i] * (sqrt(1.0 - rho) * z[i] + sqrt(rho) * z[MOST]);
        }
        descend(&blocks[k], h, b, theta);
        observe(&blocks[k], theta, sum);
    }
}

static void check_draws(double d, double a, double rho, double tau, double b)
{
    enum { DRAWS = 4000 };
    OverlapsWork work = work_of(d, 0.8, a, rho, MOST);
    Dense blocks[3];
    const int count = dense_blocks(&work, blocks);
    double mean[SUMS] = {0};
    double square[SUMS] = {0};
    for (uint64_t k = 0; k < DRAWS; k++) {
        double sum[SUMS] = {0};
        draw(blocks, count, rho, k, tau, b, sum);
        for (int j = 0; j < SUMS; j++) {
            mean[j] += sum[j] / DRAWS;
            square[j] += sum[j] * sum[j] / DRAWS;
        }
    }
    const Overlaps o = overlaps_diagonal_blocks(&work, tau * tau, b);
    const double expected[SUMS] = {o.risk, o.divergence, o.trace, o.m};
    for (int j = 0; j < SUMS; j++) {
        const double error = sqrt((square[j] - mean[j] * mean[j]) / DRAWS);
        if (!(fabs(mean[j] - expected[j]) < 4.0 * error + 1e-9)) {
            fail_msg("d %g a %g rho %g tau %g b %g, sum %d: %g, drawn %g(%g)", d, a, rho, tau,
                     b, j, expected[j], mean[j], error);
        }
    }
    overlaps_free(&work);
}

static void test_draws(void **unused)
{
    (void)unused;
    check_draws(23, 0.0, 0.5, 0.1, 0.08);
    check_draws(23, 0.9, 0.6, 0.05, 0.2);
    check_draws(23, 0.0, 0.9, 0.3, 0.2);
    check_draws(23, 0.4, 0.3, 0.02, 0.001);
    check_draws(MOST + 1, 0.5, 0.98, 0.1, 0.05); /* the last block has one feature */
    check_draws(MOST, 0.3, 0.8, 0.1, 0.05);      /* one block */
    check_draws(7, 0.0, 0.6, 0.1, 0.05);         /* B > d */
}

/* Two features: the mean over both noises by the rule of midpoints, of what is continuous.  The
 * rule itself is 4e-6 off in R, 9e-7 and 2e-8 with twice and four times as many points. */
static void test_grid(void **unused)
{
    (void)unused;
    enum { SIDE = 900 };
    const double width = 15.0;
    const double rho = 0.7;
    const double tau = 0.4;
    const double b = 0.25;
    OverlapsWork work = work_of(2, 0.9, 0.5, rho, 2);
    Dense block;
    assert_int_equal(dense_blocks(&work, &block), 1);
    double mean[SUMS] = {0};
    for (int k = 0; k < SIDE * SIDE; k++) {
        const double z = width * ((k % SIDE + 0.5) / SIDE - 0.5);
        const double z_other = width * ((k / SIDE + 0.5) / SIDE - 0.5);
        const double mass = exp(-0.5 * (z * z + z_other * z_other)) / (2.0 * M_PI) *
                            (width / SIDE) * (width / SIDE);
        if (mass < 1e-14) {
            continue;
        }
        const double h[2] = {tau * block.root[0] * z,
                             tau * block.root[1] * (rho * z + sqrt(1.0 - rho * rho) * z_other)};
        double theta[MOST] = {0};
        double sum[SUMS] = {0};
        descend(&block, h, b, theta);
        observe(&block, theta, sum);
        for (int j = 0; j < SUMS; j++) {
            mean[j] += mass * sum[j];
        }
    }
    const Overlaps o = overlaps_diagonal_blocks(&work, tau * tau, b);
    assert_near("R", o.risk, mean[RISK], 1e-5);
    assert_near("trace", o.trace, mean[TRACE], 1e-5);
    assert_near("m", o.m, mean[PRODUCT], 1e-5); /* which D is in */
    overlaps_free(&work);
}

static void assert_same(const Overlaps *x, const Overlaps *y, double tolerance)
{
    assert_near("R", x->risk, y->risk, tolerance);
    assert_near("R_t", x->risk_t, y->risk_t, tolerance);
    assert_near("R_b", x->risk_b, y->risk_b, tolerance);
    assert_near("D", x->divergence, y->divergence, tolerance);
    assert_near("D_t", x->divergence_t, y->divergence_t, tolerance);
    assert_near("D_b", x->divergence_b, y->divergence_b, tolerance);
    assert_near("trace", x->trace, y->trace, tolerance);
    assert_near("q", x->q, y->q, tolerance);
    assert_near("m", x->m, y->m, tolerance);
}

/* A correlation next to 0 is none: sums over coordinates. */
static void test_uncorrelated(void **unused)
{
    (void)unused;
    for (int k = 0; k < 8; k++) {
        const double a = k & 1 ? 0.7 : 0.0;
        const double t = k & 2 ? 1e-2 : 1e-4;
        const double b = sqrt(t) * (k & 4 ? 2.0 : 0.3);
        OverlapsWork blocks = work_of(57, 0.8, a, 1e-12, MOST);
        OverlapsWork none = work_of(57, 0.8 + 0.5 * a, a, 0.0, 0);
        const Overlaps next = overlaps_diagonal_blocks(&blocks, t, b);
        const Overlaps at =
            a > 0.0 ? overlaps_diagonal_stretched(&none, t, b) : overlaps_diagonal(&none, t, b);
        assert_same(&next, &at, 1e-9);
        overlaps_free(&blocks);
        overlaps_free(&none);
    }
}

/* By central differences of step 1e-4 in the logarithms: 1e-8 of them. */
static void test_terms(void **unused)
{
    (void)unused;
    static const double correlation[] = {0.05, 0.5, 0.95};
    const double h = 1e-4;
    for (int k = 0; k < 3; k++) {
        OverlapsWork work = work_of(33, 0.8, 0.6 * k, correlation[k], MOST);
        const double t = 2e-3;
        const double b = 0.04;
        const Overlaps o = overlaps_diagonal_blocks(&work, t, b);
        const Overlaps above = overlaps_diagonal_blocks(&work, t * exp(h), b);
        const Overlaps below = overlaps_diagonal_blocks(&work, t * exp(-h), b);
        const Overlaps right = overlaps_diagonal_blocks(&work, t, b * exp(h));
        const Overlaps left = overlaps_diagonal_blocks(&work, t, b * exp(-h));
        assert_near("R_t", (above.risk - below.risk) / (2.0 * h), o.risk_t, 1e-7);
        assert_near("R_b", (right.risk - left.risk) / (2.0 * h), o.risk_b, 1e-7);
        assert_near("D_t", (above.divergence - below.divergence) / (2.0 * h), o.divergence_t,
                    1e-7);
        assert_near("D_b", (right.divergence - left.divergence) / (2.0 * h), o.divergence_b,
                    1e-7);
        overlaps_free(&work);
    }
}

static Problem correlated(double n, double d, double weight_decay, double a, double rho)
{
    Problem p = problem_of(MODEL_DIAGONAL, n, d, 0.8, weight_decay, 0.2);
    p.covariance_exponent = a;
    p.block_correlation = rho;
    p.block_size = 6.0;
    return p;
}

/* A block of more features than there are is one of all. */
static void test_sizes(void **unused)
{
    (void)unused;
    OverlapsWork all = work_of(9, 0.8, 0.5, 0.6, 9);
    OverlapsWork more = work_of(9, 0.8, 0.5, 0.6, 1000);
    const Overlaps expected = overlaps_diagonal_blocks(&all, 1e-2, 0.1);
    const Overlaps seen = overlaps_diagonal_blocks(&more, 1e-2, 0.1);
    assert_memory_equal(&expected, &seen, sizeof seen);
    overlaps_free(&all);
    overlaps_free(&more);
}

/* What quadrature misses, and that a point says so. */
static void test_lost(void **unused)
{
    (void)unused;
    static const double correlations[] = {1e-6, 0.3, 0.9, 0.98};
    for (int k = 0; k < 4; k++) {
        OverlapsWork work = work_of(21, 0.8, 0.4, correlations[k], MOST);
        for (double t = 1e-8; t < 1e4; t *= 1e3) {
            const Overlaps o = overlaps_diagonal_blocks(&work, t, 0.5 * sqrt(t));
            assert_true(o.lost >= 0.0 && o.lost < 1e-11);
        }
        overlaps_free(&work);
    }
    const Evolution e = solve(correlated(60.0, 24.0, 0.4, 0.5, 0.5));
    assert_true(e.overlaps.lost > 0.0 && e.residual >= e.overlaps.lost);
}

/* Rules over many blocks against each block by itself. */
static void test_rules(void **unused)
{
    (void)unused;
    OverlapsWork work = work_of(1003, 0.8, 0.7, 0.5, 4);
    const double t = 1e-3;
    const Overlaps rules = overlaps_diagonal_blocks(&work, t, 0.03);
    work.teacher.exact = true;
    const Overlaps all = overlaps_diagonal_blocks(&work, t, 0.03);
    assert_same(&rules, &all, 1e-10);
    overlaps_free(&work);
}

/* Exponents, and solutions wherever there are any. */
static void test_solutions(void **unused)
{
    (void)unused;
    const Problem p = correlated(60.0, 24.0, 0.4, 0.5, 0.5);
    check_differences(&p);
    for (double n = 3.0; n < 1e10; n *= 70.0) {
        for (double weight_decay = 1e-4; weight_decay < 1e5; weight_decay *= 90.0) {
            const Evolution e = solve(correlated(n, 24.0, weight_decay, 0.0, 0.6));
            assert_int_equal(e.outcome, OUTCOME_CONVERGED);
            assert_true(e.residual <= 1e-9 && e.overlaps.rank <= 24.0 + 1e-9);
        }
    }
    Problem near = correlated(60.0, 24.0, 0.4, 0.5, 1e-9);
    Problem none = correlated(60.0, 24.0, 0.4, 0.5, 0.0);
    none.block_size = 0.0;
    assert_near("R", solve(near).overlaps.risk, solve(none).overlaps.risk, 1e-7);
}

/* Says no `left` times, then yes, and how often. */
typedef struct Patience {
    int left, more;
} Patience;

static bool asked(void *context)
{
    Patience *patience = context;
    if (patience->left > 0) {
        patience->left--;
        return false;
    }
    patience->more++;
    return true;
}

/* Whoever does not want it any more gets no number, and soon: in the middle of a block at the
 * next a, and evaluations after that, which a search for a bracket asks for, end at once. */
static void test_interrupt(void **unused)
{
    (void)unused;
    const Problem p = correlated(60.0, 24.0, 0.4, 0.5, 0.5);
    for (int k = 0; k < 300; k += 70) {
        Patience patience = {.left = k};
        EvolutionWork work = evolution_work();
        work.interrupt = (Interrupt){asked, &patience};
        assert_int_equal(evolution_solve(&work, &p).outcome, OUTCOME_FAILED);
        assert_true(patience.left == 0 && patience.more <= 100);
        evolution_free(&work);
    }
    Patience patience = {.left = 30};
    OverlapsWork work = work_of(21, 0.8, 0.4, 0.98, MOST);
    work.interrupt = (Interrupt){asked, &patience};
    const Overlaps o = overlaps_diagonal_blocks(&work, 1e-2, 0.05);
    assert_true(isnan(o.risk) && isinf(o.lost) && patience.left == 0 && patience.more == 1);
    overlaps_free(&work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_draws),        cmocka_unit_test(test_grid),
        cmocka_unit_test(test_uncorrelated), cmocka_unit_test(test_terms),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_rules),        cmocka_unit_test(test_solutions),
        cmocka_unit_test(test_interrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
