/* Population gradient flow in closed form against an independent Runge-Kutta integration of
 * dS/dtau = A S + S A - 2 S^2 and of the coordinates, and where it must go (theory.md section
 * 17).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/model/teacher.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/theory/flow.h"

enum { D = 12 };

static Problem problem_of(ModelId model, double p, double weight_decay)
{
    return (Problem){.model = model,
                     .method = METHOD_FLOW,
                     .source_exponent = 0.9,
                     .dimension = D,
                     .width = p,
                     .samples = 100.0,
                     .weight_decay = weight_decay,
                     .start_scale = 0.3,
                     .seed = 5.0};
}

/* ---- Runge-Kutta ------------------------------------------------------------------------- */

/* l of the header, written out. */
static double decay_of(const Problem *p)
{
    const double d = p->dimension;
    return p->model == MODEL_DIAGONAL
               ? p->weight_decay * sqrt(d) / p->samples
               : p->weight_decay * d * sqrt(p->width * d) / (4.0 * p->samples);
}

static double teacher_of(const Problem *p, int i)
{
    const Teacher teacher = teacher_create(p->source_exponent, p->dimension);
    return teacher_eigenvalue(&teacher, i + 1) /
           (p->model == MODEL_DIAGONAL ? sqrt(p->dimension) : 1.0);
}

static void change_matrix(const double a[D], const double s[D * D], double out[D * D])
{
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
            double square = 0.0;
            for (int k = 0; k < D; k++) {
                square += s[i * D + k] * s[k * D + j];
            }
            out[i * D + j] = (a[i] + a[j]) * s[i * D + j] - 2.0 * square;
        }
    }
}

/* Of a diagonal network the same without the coordinates that do not meet: S = diag(u). */
static void integrate(const double a[D], double tau, int steps, double s[D * D])
{
    double k[4][D * D];
    double at[D * D];
    const double h = tau / steps;
    static const double part[4] = {0.0, 0.5, 0.5, 1.0};
    for (int step = 0; step < steps; step++) {
        for (int stage = 0; stage < 4; stage++) {
            for (int i = 0; i < D * D; i++) {
                at[i] = s[i] + (stage > 0 ? part[stage] * h * k[stage - 1][i] : 0.0);
            }
            change_matrix(a, at, k[stage]);
        }
        for (int i = 0; i < D * D; i++) {
            s[i] += h / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
        }
    }
}

static void start_of(const Problem *p, double s[D * D])
{
    double row[D];
    memset(s, 0, D * D * sizeof *s);
    const double square = p->start_scale * p->start_scale;
    for (int k = 0; k < (p->model == MODEL_DIAGONAL ? 1 : (int)p->width); k++) {
        rng_normals((uint64_t)p->seed, RNG_PROBE, (uint64_t)k, D, row);
        for (int i = 0; i < D; i++) {
            for (int j = 0; j < D; j++) {
                const bool meets = p->model != MODEL_DIAGONAL || i == j;
                s[i * D + j] += meets ? square * row[i] * row[j] /
                                            (p->model == MODEL_DIAGONAL ? sqrt((double)D)
                                                                        : sqrt(p->width * D))
                                      : 0.0;
            }
        }
    }
}

/* R, its derivative in log tau, and sums, from S itself. */
static FlowPoint slow_point(const Problem *p, double tau, int steps)
{
    double s[D * D];
    double a[D];
    double slope[D * D];
    FlowPoint point = {0};
    const bool matrix = p->model != MODEL_DIAGONAL;
    const double unit = matrix ? 1.0 / D : 1.0;
    for (int i = 0; i < D; i++) {
        a[i] = teacher_of(p, i) - decay_of(p);
    }
    start_of(p, s);
    integrate(a, tau, steps, s);
    change_matrix(a, s, slope);
    for (int i = 0; i < D * D; i++) {
        const double star = i % D == i / D ? teacher_of(p, i / D) : 0.0;
        const double error = s[i] - star;
        point.risk += unit * error * error;
        point.exponent += 2.0 * unit * error * slope[i];
        point.overlap_q += unit * s[i] * s[i];
        point.overlap_m += unit * s[i] * star;
        point.trace += i % D == i / D ? (matrix ? 1.0 / D : 1.0) * s[i] : 0.0;
    }
    point.exponent *= tau / point.risk;
    return point;
}

static void check(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-10 * fmax(1.0, fabs(expected)))) {
        fail_msg("%.15g is not %.15g", got, expected);
    }
}

/* Widths below, at and above d; a weight decay that makes A indefinite (l between the s_i) and
 * one that leaves it nearly alone.  Runge-Kutta's own error, h^4 at h = 4e-4 and rates up to
 * 10, is below 1e-11. */
static void test_against_runge_kutta(void **state)
{
    (void)state;
    static const double widths[] = {3.0, 12.0, 30.0};
    static const double decays[] = {1e-40, 2.0};
    static const double times[] = {0.05, 0.4, 1.7};
    for (int w = 0; w < 3; w++) {
        for (int l = 0; l < 4; l++) {
            const ModelId model = l < 2 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
            const Problem p = problem_of(model, widths[w],
                                         decays[l % 2] * (model == MODEL_DIAGONAL ? 4.0 : 1.0));
            Flow *flow = flow_create(&p);
            for (int t = 0; t < 3; t++) {
                const FlowPoint got = flow_at(flow, times[t], 0, NULL);
                const FlowPoint slow = slow_point(&p, times[t], 4000);
                check(got.risk, slow.risk);
                check(got.exponent, slow.exponent);
                check(got.overlap_q, slow.overlap_q);
                check(got.overlap_m, slow.overlap_m);
                check(got.trace, slow.trace);
            }
            flow_free(flow);
        }
    }
}

/* l of these lies between the s_i: else the test above would not see an A of both signs. */
static void test_decay_is_in_the_middle(void **state)
{
    (void)state;
    const Problem p = problem_of(MODEL_QUADRATIC, 12.0, 2.0);
    const Problem vector = problem_of(MODEL_DIAGONAL, 12.0, 8.0);
    assert_true(teacher_of(&p, 0) > decay_of(&p) && teacher_of(&p, D - 1) < decay_of(&p));
    assert_true(teacher_of(&vector, 0) > decay_of(&vector) &&
                teacher_of(&vector, D - 1) < decay_of(&vector));
}

/* One closed form over all the time, growing by e^(tau a) = e^140, is as many short ones: small
 * directions keep their digits.  And at the end S is the best of rank p, sum_{i > p} s_i^2/d.
 */
static void test_steps_join(void **state)
{
    (void)state;
    static const double widths[] = {3.0, 12.0, 20.0};
    for (int w = 0; w < 3; w++) {
        const Problem p = problem_of(MODEL_QUADRATIC, widths[w], 1e-40);
        const double tau = 140.0 / teacher_of(&p, 0);
        Flow *once = flow_create(&p);
        Flow *often = flow_create(&p);
        const FlowPoint end = flow_at(once, tau, 0, NULL);
        for (int k = 1; k <= 40; k++) {
            flow_at(often, tau * k / 40.0, 0, NULL);
        }
        const FlowPoint same = flow_at(often, tau, 0, NULL);
        assert_int_equal(end.steps, 1);
        check(same.risk, end.risk);
        /* dR/dlog tau: R itself may be as small as rounding */
        check(same.exponent * same.risk, end.exponent * end.risk);
        double missed = 0.0;
        for (int i = (int)widths[w]; i < D; i++) {
            missed += teacher_of(&p, i) * teacher_of(&p, i) / D;
        }
        const FlowPoint late = flow_at(once, 1e4, 0, NULL);
        check(late.risk, missed);
        flow_free(once);
        flow_free(often);
    }
}

/* An aligned start is a drawn one whose W^T W is a multiple of the unit matrix: very wide.
 * W^T W / p differs from it by about sqrt(d/p), 1e-2 here. */
static void test_aligned(void **state)
{
    (void)state;
    Problem p = problem_of(MODEL_QUADRATIC, 1e5, 1e-40);
    Flow *drawn = flow_create(&p);
    p.start_aligned = 1;
    Flow *aligned = flow_create(&p);
    for (double tau = 0.01; tau < 5.0; tau *= 4.0) {
        const double risk = flow_at(drawn, tau, 0, NULL).risk;
        assert_true(fabs(flow_at(aligned, tau, 0, NULL).risk / risk - 1.0) < 0.1);
    }
    /* by hand, of the logistic */
    const double s0 = 0.09 * sqrt(1e5 / D);
    const double s = teacher_of(&p, 0);
    double spectrum[1];
    flow_at(aligned, 0.3, 1, spectrum);
    check(spectrum[0], s * s0 * exp(0.6 * s) / (s + s0 * (exp(0.6 * s) - 1.0)));
    /* e^(2 tau s) is far beyond doubles */
    assert_true(flow_at(aligned, 1e6, 1, spectrum).risk < 1e-20);
    check(spectrum[0], s);
    flow_free(drawn);
    flow_free(aligned);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_runge_kutta),
        cmocka_unit_test(test_decay_is_in_the_middle),
        cmocka_unit_test(test_steps_join),
        cmocka_unit_test(test_aligned),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
