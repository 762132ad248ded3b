/* State evolution of the signed network (theory.md section 13): both tails of mu against sums
 * over its density, derivatives, and what the solutions have to do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/overlaps.h"
#include "solve.h"

static OverlapsWork work_of(double gamma, double d)
{
    return (OverlapsWork){.teacher = teacher_create(gamma, d),
                          .near.v = -1.0,
                          .near_top.v = -1.0,
                          .near_low.v = -1.0,
                          .width = d};
}

/* By the density along the boundary curve, with f on both tails. */
static Overlaps by_density(OverlapsWork *work, double t, double b)
{
    enum { NODES = 40000 };
    const double low = -3.0 * sqrt(t);
    const double high = work->teacher.scale + 3.0 * sqrt(t);
    Overlaps o = {0};
    SpectralPoint before = freeconv_point(&work->teacher, t, low, &work->atoms);
    for (int k = 1; k <= NODES; k++) {
        const double u = low + (high - low) * k / NODES;
        const SpectralPoint at = freeconv_point(&work->teacher, t, u, &work->atoms);
        const double mass = 0.5 * (at.density + before.density) * (at.x - before.x);
        const double x = 0.5 * (at.x + before.x);
        const double h = (x - 0.5 * (at.u + before.u)) / t;
        const double f = x > b ? x - b : x < -b ? x + b : 0.0;
        o.q += f * f * mass;
        o.m += f * (x - 2.0 * t * h) * mass;
        o.divergence += 2.0 * f * h * mass;
        o.trace += fabs(f) * mass;
        o.rank += (f != 0.0) * mass * work->teacher.dimension;
        before = at;
    }
    o.risk = 1.0 - 2.0 * o.m + o.q;
    return o;
}

/* The middle rule on 40000 nodes, kinks at +-b among them: 1e-4 of sums of order 1. */
static void test_density(void **unused)
{
    (void)unused;
    OverlapsWork work = work_of(1.25, 30.0);
    for (double t = 0.01; t < 20.0; t *= 6.0) {
        for (double r = 0.01; r < 3.0; r *= 3.0) {
            const double b = r * sqrt(t);
            const Overlaps one = overlaps_signed(&work, t, b);
            const Overlaps two = by_density(&work, t, b);
            const double most = 2e-4 * (1.0 + t);
            assert_true(fabs(one.q - two.q) < most && fabs(one.m - two.m) < most);
            assert_true(fabs(one.trace - two.trace) < most);
            assert_true(fabs(one.risk - two.risk) < 3.0 * most);
            assert_true(fabs(one.divergence - two.divergence) < most);
            assert_true(fabs(one.rank - two.rank) < 0.01);
            /* the same sums in two ways */
            assert_true(fabs(one.risk - (1.0 - 2.0 * one.m + one.q)) < 1e-11 * (1.0 + t));
        }
    }
    atoms_free(&work.atoms);
}

/* Central differences of step 1e-4 in the logarithms: 1e-7 of what is differentiated. */
static void test_derivatives(void **unused)
{
    (void)unused;
    const double h = 1e-4;
    OverlapsWork work = work_of(0.9, 1000.0);
    for (double t = 0.01; t < 20.0; t *= 6.0) {
        for (double r = 0.1; r < 3.0; r *= 3.0) {
            const double b = r * sqrt(t);
            const Overlaps o = overlaps_signed(&work, t, b);
            const Overlaps t_up = overlaps_signed(&work, t * exp(h), b);
            const Overlaps t_down = overlaps_signed(&work, t * exp(-h), b);
            const Overlaps b_up = overlaps_signed(&work, t, b * exp(h));
            const Overlaps b_down = overlaps_signed(&work, t, b * exp(-h));
            const double most = 1e-6 * (1.0 + t);
            assert_true(fabs((t_up.risk - t_down.risk) / 2.0 / h - o.risk_t) < most);
            assert_true(fabs((b_up.risk - b_down.risk) / 2.0 / h - o.risk_b) < most);
            assert_true(fabs((t_up.divergence - t_down.divergence) / 2.0 / h - o.divergence_t) <
                        most);
            assert_true(fabs((b_up.divergence - b_down.divergence) / 2.0 / h - o.divergence_b) <
                        most);
        }
    }
    atoms_free(&work.atoms);
}

/* Without a threshold S = M: R = t, and all d^2/2 numbers are free, D = 1.  Above the spectrum
 * nothing is learned.  Where the lower tail is empty it is the quadratic network. */
static void test_ends(void **unused)
{
    (void)unused;
    OverlapsWork work = work_of(1.25, 1e4);
    for (double t = 1e-3; t < 100.0; t *= 10.0) {
        const Overlaps all = overlaps_signed(&work, t, 1e-9 * sqrt(t));
        assert_true(fabs(all.divergence - 1.0) < 1e-6 && fabs(all.risk / t - 1.0) < 1e-6);
        assert_true(fabs(all.rank / 1e4 - 1.0) < 1e-6);
        const Overlaps none =
            overlaps_signed(&work, t, 3.0 * sqrt(t) + 2.0 * work.teacher.scale);
        assert_true(none.risk == 1.0 && none.rank == 0.0 && none.divergence == 0.0);
        const Overlaps above = overlaps_signed(&work, t, 2.5 * sqrt(t));
        const Overlaps same = overlaps_quadratic(&work, t, 2.5 * sqrt(t));
        /* another guess of the cut: the last digits */
        assert_true(fabs(above.risk / same.risk - 1.0) < 1e-12);
        assert_true(fabs(above.divergence / same.divergence - 1.0) < 1e-12);
    }
    atoms_free(&work.atoms);
}

/* On a grid of sizes, samples and weights: the equations are solved, the derivative of the
 * objective in the weight is the penalty without it, the local exponent is that of neighbouring
 * solutions, and more freedom does not raise the objective. */
static void test_solutions(void **unused)
{
    (void)unused;
    const double h = 1e-4;
    for (double d = 50.0; d <= 5e6; d *= 1000.0) {
        for (double alpha = 0.01; alpha < 100.0; alpha *= 6.0) {
            for (double weight = 0.001; weight < 20.0; weight *= 10.0) {
                const double n = alpha * d * d;
                const Evolution e = solve(problem_of(MODEL_SIGNED, n, d, 1.25, weight, 0.1));
                const Evolution up =
                    solve(problem_of(MODEL_SIGNED, n, d, 1.25, weight * exp(h), 0.1));
                const Evolution down =
                    solve(problem_of(MODEL_SIGNED, n, d, 1.25, weight * exp(-h), 0.1));
                const Evolution positive =
                    solve(problem_of(MODEL_QUADRATIC, n, d, 1.25, weight, 0.1));
                const double slope = (up.objective - down.objective) / (weight * 2.0 * sinh(h));
                assert_true(fabs(slope - e.overlaps.trace) < 1e-6 * (1.0 + e.objective));
                const double exponent = log(up.overlaps.risk / down.overlaps.risk) / (2.0 * h);
                assert_true(fabs(exponent - e.exponent_weight_decay) < 1e-5);
                assert_true(e.objective <= positive.objective * (1.0 + 1e-9));
            }
        }
    }
}

/* d (d + 1)/2 numbers: next to no weight the loss vanishes below n = d^2/2 only. */
static void test_interpolation(void **unused)
{
    (void)unused;
    const double d = 1000.0;
    const Evolution below = solve(problem_of(MODEL_SIGNED, 0.45 * d * d, d, 1.25, 1e-6, 0.1));
    const Evolution above = solve(problem_of(MODEL_SIGNED, 0.55 * d * d, d, 1.25, 1e-6, 0.1));
    assert_true(below.train_loss < 1e-8 && above.train_loss > 1e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_density), cmocka_unit_test(test_derivatives),
        cmocka_unit_test(test_ends), cmocka_unit_test(test_solutions),
        cmocka_unit_test(test_interpolation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
