/* One noisy coordinate under a threshold that jumps. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/numerics/normal.h"
#include "phasesweep/numerics/normal_threshold.h"

enum { MOMENTS = sizeof(JumpMoments) / sizeof(double) };

static JumpMoments moments(const Threshold *threshold, double t, double tau, double b)
{
    JumpNoise noise;
    jump_noise(&noise, threshold, tau, b);
    return normal_threshold(&noise, t);
}

static void near(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%s: %.15g, not %.15g", what, value, expected);
    }
}

/* At q = 1 they are the closed forms of soft thresholding. */
static void test_soft(void **unused)
{
    (void)unused;
    const Threshold soft = threshold_of(1.0);
    for (double t = 0.0; t < 40.0; t = 1.3 * t + 0.01) {
        for (double b = 0.003; b < 30.0; b *= 1.7) {
            const double tau = 1.3;
            const JumpMoments a = moments(&soft, t, tau, b);
            const SoftMoments s = normal_soft(t, tau, b);
            const double size = 1.0 + t * t + b * b;
            near("error", a.error, s.error, 1e-13 * size);
            near("error_tau", a.error_tau, s.error_tau, 1e-12 * size);
            near("error_b", a.error_b, s.error_b, 1e-13 * size);
            near("divergence", a.divergence, s.active, 1e-13 * (1.0 + t));
            near("divergence_tau", a.divergence_tau, s.active_tau, 1e-12 * (1.0 + t));
            near("divergence_b", a.divergence_b, s.active_b, 1e-12 * (1.0 + t));
            near("active", a.active, s.active, 1e-13);
            near("slope", a.slope, s.active, 1e-13);
            near("magnitude", a.magnitude, s.magnitude, 1e-13 * size);
            near("penalty", a.penalty, s.magnitude, 1e-13 * size);
            near("product", a.product, s.product, 1e-13 * size);
            near("square", a.square, s.square, 1e-13 * size);
        }
    }
}

/* The midpoint rule on each side of the edges, which sees eta and nothing else. */
static JumpMoments by_sums(const Threshold *f, double t, double tau, double b)
{
    enum { STEPS = 40000 };
    const double chi = threshold_weight(f, b);
    const double ends[4] = {-12.0, fmin(12.0, fmax(-12.0, (-b - t) / tau)),
                            fmin(12.0, fmax(-12.0, (b - t) / tau)), 12.0};
    JumpMoments m = {0};
    for (int part = 0; part < 3; part++) {
        const double step = (ends[part + 1] - ends[part]) / STEPS;
        for (int k = 0; k < STEPS; k++) {
            const double z = ends[part] + (k + 0.5) * step;
            const double w = normal_density(z) * step;
            const double eta = part == 1 ? 0.0 : threshold_shrink(f, t + tau * z, chi);
            const double slope = part == 1 ? 0.0 : threshold_slope(f, t + tau * z, chi);
            m.error += w * (eta - t) * (eta - t);
            m.divergence += w * z * eta / tau;
            m.active += part == 1 ? 0.0 : w;
            m.magnitude += w * fabs(eta);
            m.product += w * t * eta;
            m.square += w * eta * eta;
            m.penalty += w * threshold_penalty(f, eta);
            m.slope += w * slope * slope;
        }
    }
    return m;
}

static void test_sums_and_differences(void **unused)
{
    (void)unused;
    static const double powers[] = {0.05, 0.4, 0.5, 2.0 / 3.0};
    static const double cases[][3] = {{0.0, 1.0, 1.5}, {0.3, 1.0, 0.1},  {2.0, 0.4, 2.2},
                                      {5.0, 0.5, 0.7}, {9.0, 0.5, 4.0},  {1.0, 0.3, 3.0},
                                      {3.0, 2.0, 4.0}, {20.0, 1.0, 11.3}};
    for (int p = 0; p < 4; p++) {
        const Threshold f = threshold_of(powers[p]);
        for (int c = 0; c < 8; c++) {
            const double t = cases[c][0];
            const double tau = cases[c][1];
            const double b = cases[c][2];
            const JumpMoments a = moments(&f, t, tau, b);
            const JumpMoments s = by_sums(&f, t, tau, b);
            near("error", a.error, s.error, 3e-7 * (1.0 + t * t));
            near("divergence", a.divergence, s.divergence, 3e-7 * (1.0 + t));
            near("active", a.active, s.active, 3e-7);
            near("magnitude", a.magnitude, s.magnitude, 3e-7 * (1.0 + t));
            near("product", a.product, s.product, 3e-7 * (1.0 + t * t));
            near("square", a.square, s.square, 3e-7 * (1.0 + t * t));
            near("penalty", a.penalty, s.penalty, 3e-7 * (1.0 + t));
            near("slope", a.slope, s.slope, 3e-7);
            const double h = 1e-4;
            const JumpMoments wide = moments(&f, t, tau + h, b);
            const JumpMoments thin = moments(&f, t, tau - h, b);
            const JumpMoments high = moments(&f, t, tau, b + h);
            const JumpMoments low = moments(&f, t, tau, b - h);
            near("error_tau", a.error_tau, (wide.error - thin.error) / (2.0 * h), 1e-5);
            near("error_b", a.error_b, (high.error - low.error) / (2.0 * h), 1e-5);
            near("divergence_tau", a.divergence_tau,
                 (wide.divergence - thin.divergence) / (2.0 * h), 1e-5);
            near("divergence_b", a.divergence_b, (high.divergence - low.divergence) / (2.0 * h),
                 1e-5);
        }
    }
}

/* Moments do not depend on the rule: nothing is seen where another one takes over. */
static void test_rules_meet(void **unused)
{
    (void)unused;
    static const double powers[] = {0.1, 0.5, 2.0 / 3.0};
    for (int p = 0; p < 3; p++) {
        const Threshold f = threshold_of(powers[p]);
        for (double b = 0.3; b < 400.0; b *= 2.0) {
            for (double t = b; t < b + 9.0; t += 8.5) {
                const JumpMoments at[2] = {moments(&f, t * (1.0 - 1e-15), 1.0, b),
                                           moments(&f, t * (1.0 + 1e-15), 1.0, b)};
                double value[2][MOMENTS];
                memcpy(value, at, sizeof at);
                for (int k = 0; k < MOMENTS; k++) {
                    near("both sides", value[0][k], value[1][k], 1e-12 * (1.0 + t * t));
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_soft),
        cmocka_unit_test(test_sums_and_differences),
        cmocka_unit_test(test_rules_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
