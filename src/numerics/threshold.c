/* Closed forms for q = 1/2 (Xu, Chang, Xu & Zhang 2012) and q = 2/3 (Cao, Sun & Xu 2013), in
 * which lam = 2 chi; every other q by Newton's method, which from t = y falls monotonically
 * onto the larger root, because y(t) = t + chi q t^(q - 1) is convex.
 */
#include "phasesweep/numerics/threshold.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static double hard(double power, double y, double chi)
{
    (void)power;
    (void)chi;
    return y;
}

double threshold_newton(double power, double y, double chi)
{
    double t = y;
    for (int step = 0; step < 60; step++) {
        const double bias = chi * power * pow(t, power - 1.0);
        const double move = (t + bias - y) / (1.0 - (1.0 - power) * bias / t);
        t -= move;
        if (!(move > 1e-16 * t)) {
            break; /* a step that is no step down is rounding */
        }
    }
    return t;
}

static double half(double power, double y, double chi)
{
    (void)power;
    const double angle = acos(fmin(1.0, 0.25 * chi * pow(y / 3.0, -1.5)));
    return 2.0 / 3.0 * y * (1.0 + cos(2.0 / 3.0 * (M_PI - angle)));
}

static double two_thirds(double power, double y, double chi)
{
    (void)power;
    const double lam = 2.0 * chi;
    const double bend =
        acosh(fmax(1.0, 27.0 / 16.0 * (y / pow(lam, 0.75)) * (y / pow(lam, 0.75))));
    const double a = 2.0 / sqrt(3.0) * pow(lam, 0.25) * sqrt(cosh(bend / 3.0));
    const double root = 0.5 * (a + sqrt(2.0 * y / a - a * a));
    return root * root * root;
}

static double soft(double power, double y, double chi)
{
    (void)power;
    return y - chi;
}

static double ridge(double power, double y, double chi)
{
    (void)power;
    return y / (1.0 + 2.0 * chi);
}

/* Rows without numbers hold for every q. */
static const Threshold rows[] = {
    {"hard", 0.0, M_SQRT2, M_SQRT2, hard},
    {"half", 0.5, 1.5, 1.0, half},
    {"two thirds", 2.0 / 3.0, NAN, NAN, two_thirds},
    {"soft", 1.0, 1.0, 0.0, soft},
    {"ridge", 2.0, 0.0, 0.0, ridge},
    {"root", NAN, NAN, NAN, threshold_newton},
};

Threshold threshold_of(double power)
{
    assert((power >= 0.0 && power <= 1.0) || power == 2.0);
    size_t k = 0;
    while (!isnan(rows[k].power) && rows[k].power != power) {
        k++;
    }
    Threshold threshold = rows[k];
    threshold.power = power;
    if (isnan(threshold.edge)) {
        /* 0 and t_+ are equally good at the edge */
        threshold.jump = pow(2.0 * (1.0 - power), 1.0 / (2.0 - power));
        threshold.edge = threshold.jump + power * pow(threshold.jump, power - 1.0);
    }
    return threshold;
}

double threshold_edge(const Threshold *threshold, double chi)
{
    assert(threshold->power <= 1.0);
    return threshold->edge * pow(chi, 1.0 / (2.0 - threshold->power));
}

double threshold_jump(const Threshold *threshold, double chi)
{
    assert(threshold->power <= 1.0);
    return threshold->jump * pow(chi, 1.0 / (2.0 - threshold->power));
}

double threshold_weight(const Threshold *threshold, double edge)
{
    /* nothing is to be rounded at q = 1 */
    return threshold->power == 1.0 ? edge : pow(edge / threshold->edge, 2.0 - threshold->power);
}

double threshold_branch(const Threshold *threshold, double edge)
{
    const double q = threshold->power;
    assert(q > 0.0 && q < 1.0);
    const double t = pow(q * (1.0 - q), 1.0 / (2.0 - q));
    return (t + q * pow(t, q - 1.0)) / threshold->edge * edge;
}

double threshold_shrink(const Threshold *threshold, double y, double chi)
{
    const double size = fabs(y);
    const bool cut = threshold->power <= 1.0 && size <= threshold_edge(threshold, chi);
    return cut ? 0.0 : copysign(threshold->shrink(threshold->power, size, chi), y);
}

double threshold_slope(const Threshold *threshold, double y, double chi)
{
    const double q = threshold->power;
    const double t = fabs(threshold_shrink(threshold, y, chi));
    if (q == 2.0) {
        return 1.0 / (1.0 + 2.0 * chi);
    }
    return t == 0.0 ? 0.0 : 1.0 / (1.0 - (1.0 - q) * q * chi * pow(t, q - 2.0));
}

double threshold_penalty(const Threshold *threshold, double t)
{
    return t == 0.0 ? 0.0 : pow(fabs(t), threshold->power);
}
