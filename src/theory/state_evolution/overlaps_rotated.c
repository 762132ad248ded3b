/* Rows whose entries have a kurtosis k4, and a teacher whose eigenvectors are a Haar rotation
 * (theory.md section 14): the diagonal of E = S - S* is that of tau I, tau = (Tr S - Tr S*)/d,
 * so that the network is the one of Gaussian rows with its eigenvalues cut at s = b + k4 tau
 * / 2.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/roots.h"
#include "phasesweep/theory/overlaps.h"

enum { MAX_STEPS = 200 };

/* 1 + k4/2 (mass above), of a left side that falls to 0 with the mass below where k4 = -2. */
static double slope_of(double half, const MatrixParts *parts)
{
    return 1.0 + half - half * parts->below;
}

/* s - k4 tau(s) / 2 = b, where tau = lost - s.  The left side increases and is concave for k4 >
 * 0, convex for k4 < 0: Newton's method from the side where it stays does not pass the root. */
static Overlaps solve_shift(OverlapsWork *work, double t, double b, double *cut,
                            MatrixParts *parts)
{
    const double half = 0.5 * work->kurtosis;
    const double mean = work->teacher.mean;
    double s = half > 0.0 ? fmax(0.0, b - half * mean) : b - half * mean;
    Overlaps o = overlaps_matrix(work, t, s, parts);
    /* at k4 = -2 there is no root where nothing is lost, nor a slope: rounding may end there.
     * Trace <= trace + lost at 0, and nothing is below -2 delta. */
    Bracket bracket = half > 0.0 ? (Bracket){-b, s + b + half * (mean + parts->lost)}
                                 : (Bracket){-3.0 * sqrt(t), s + b};
    bool last = false;
    for (int step = 0; step < MAX_STEPS && !last; step++) {
        const double kept = (1.0 + half) * s - b;
        const double error = kept - half * parts->lost;
        if (!(fabs(error) > 1e-15 * (fabs(kept) + b))) {
            break;
        }
        const double next = bracket_next(&bracket, s, error, slope_of(half, parts), INFINITY);
        /* quadratic convergence: the step just taken leaves rounding */
        last = !(fabs(next - s) > 1e-8 * (fabs(s) + sqrt(t)));
        s = next;
        o = overlaps_matrix(work, t, s, parts);
    }
    *cut = s;
    return o;
}

Overlaps overlaps_quadratic_rotated(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0 && work->width >= work->teacher.dimension);
    const double half = 0.5 * work->kurtosis;
    double s;
    MatrixParts parts;
    Overlaps o = solve_shift(work, t, b, &s, &parts);
    const double tau = parts.lost - s;
    const double mass = o.rank / work->teacher.dimension;
    /* of s, by the implicit-function theorem; logarithmic in t and b */
    const double slope = slope_of(half, &parts);
    const double s_t = t * half * 0.5 * parts.hilbert / slope;
    const double s_b = b / slope;
    const double risk_s = 2.0 * s * mass - 2.0 * t * parts.hilbert;
    o.risk_t += risk_s * s_t;
    o.risk_b = risk_s * s_b;
    o.divergence_t -= parts.hilbert * s_t;
    o.divergence_b = -parts.hilbert * s_b;
    o.surplus = half * tau * tau;
    o.surplus_t = 2.0 * half * tau * (0.5 * t * parts.hilbert - mass * s_t);
    o.surplus_b = -2.0 * half * tau * mass * s_b;
    o.shift = s - b;
    return o;
}
