/* From moments of mu to the order parameters of theory.md section 2, and for the diagonal
 * network from moments of one coordinate to those of section 3.  The first have two forms,
 * equal in exact arithmetic, and the one is chosen that does not cancel.  Derivatives are
 * exact, because the exponents of a point and Newton's method rest on them.
 *
 * Quadratic overlaps are per d, |S|^2/d and so on; diagonal ones are sums over the
 * coefficients theta, of which each is of order 1/sqrt(d).
 */
#include "phasesweep/theory/overlaps.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/normal.h"

/* R and D from the moments above the cut, f = x - b: nothing cancels when little mass is
 * there, not even where all of 1 = |S*|^2/d is learned.  With x = f + b on the support, m =
 * int f (x - 2 t H) = int f^2 + b int f - t int 2 f H (theory.md section 2). */
static Overlaps from_above(const SideMoments *f, double t, double b)
{
    const double bf = b * f->first;
    return (Overlaps){
        .risk = f->risk,
        .divergence = f->mixed,
        .q = f->second,
        .trace = f->first,
        .rank = f->mass,
        .m = f->second + bf - t * f->mixed,
    };
}

/* The same from the moments below it, g = b - x: what theory.md calls the complement form;
 * nothing cancels when most of the mass is above.  The moments of all of mu are known: mean
 * Tr S* / d, second moment 1 + t, int 2 H = 0.  For p < d g is negative between b and the
 * cut, and the identities hold all the same. */
static Overlaps from_below(const SideMoments *g, double t, double b, double mean)
{
    const double risk = t + b * b + g->second - 2.0 * b * g->first + 2.0 * t * g->mixed;
    const double q = 1.0 + t - 2.0 * b * mean + b * b - g->second;
    return (Overlaps){
        .risk = risk,
        .divergence = 1.0 + g->mixed,
        .q = q,
        .trace = mean - b + g->first,
        .rank = 1.0 - g->mass,
        .m = 0.5 * (1.0 + q - risk),
    };
}

/* Derivatives at fixed mass above the cut.  mu flows in t with velocity H (Burgers), so
 * d/dt int phi = int phi' H; for the divergence the flow of H rho adds a term at a cut that
 * truncates f at a jump (p < d).  hilbert, cubic, mass: of the part above the cut. */
static void differentiate(Overlaps *o, double t, double b, const SpectralPoint *cut,
                          double hilbert, double cubic)
{
    const double jump = fmax(cut->x - b, 0.0);
    const double flux = 2.0 / 3.0 * M_PI * M_PI * pow(cut->density, 3.0);
    /* d/dt int 2 f H rho = int 2 (H^2 - pi^2 rho^2/3) rho over the part, less what flows out
     * at a jump of f */
    const double divergence_t = cubic - jump * flux;
    o->divergence_t = t * divergence_t;
    o->divergence_b = -b * hilbert;
    o->risk_t = t * (o->divergence - b * hilbert + 2.0 * t * divergence_t);
    /* at a fixed cut df/db = -1, so dR/db = -2 dm/db + dq/db = 2 int (b - 2 t H) over the
     * part */
    o->risk_b = b * (2.0 * b * o->rank - 2.0 * t * hilbert);
    /* what the last p/d of the mass contributes: 2 H = 2 (x - u)/t, f at the cut is the jump,
     * and R gains f^2 - 2 f (x - 2 t H) a unit of mass */
    const double twice_h = 2.0 * (cut->x - cut->u) / t;
    o->risk_p = o->rank * jump * (jump - 2.0 * cut->x + 2.0 * t * twice_h);
    o->divergence_p = o->rank * jump * twice_h;
}

SpectralPoint overlaps_cut(OverlapsWork *work, double t, double b)
{
    const Teacher *teacher = &work->teacher;
    /* the last find is kept as a guess only: freeconv_locate and freeconv_quantile converge
     * to the same point from any */
    const double share = work->width / teacher->dimension;
    if (share < 1.0) {
        work->near_top = freeconv_quantile(teacher, t, share, work->near_top, &work->atoms);
        if (work->near_top.x >= b) {
            return work->near_top;
        }
    }
    work->near = freeconv_locate(teacher, t, b, work->near, &work->atoms);
    return work->near;
}

double overlaps_learned(const OverlapsWork *work, double b, double x)
{
    const Threshold *threshold = &work->threshold;
    return threshold->jump > 0.0
               ? threshold->shrink(threshold->power, fmax(x, b), threshold_weight(threshold, b))
               : x - b;
}

double overlaps_slope(const OverlapsWork *work, double b, double x)
{
    const double q = work->threshold.power;
    const double f = overlaps_learned(work, b, x);
    return work->threshold.jump > 0.0
               ? 1.0 / (1.0 -
                        (1.0 - q) * q * threshold_weight(&work->threshold, b) * pow(f, q - 2.0))
               : 1.0;
}

double overlaps_position(const OverlapsWork *work, double b, double f)
{
    const Threshold *threshold = &work->threshold;
    const double jump = threshold->jump > 0.0 ? threshold->jump / threshold->edge * b : 0.0;
    if (jump == 0.0) {
        return f + b;
    }
    const double q = threshold->power;
    return f > jump ? f + q * threshold_weight(threshold, b) * pow(f, q - 1.0) : b;
}

/* Little mass above the cut: few s_i, and if it is in the bulk, near its upper edge. */
static bool few_above(const Teacher *teacher, double t, const SpectralPoint *cut)
{
    const double share = 0.05;
    const double low = teacher_eigenvalue(teacher, 1.0 + share * teacher->dimension);
    return cut->u > low && cut->v * cut->v < 0.5 * t;
}

Overlaps overlaps_matrix(OverlapsWork *work, double t, double b, MatrixParts *parts)
{
    assert(t > 0.0);
    const Teacher *teacher = &work->teacher;
    const SpectralPoint cut = overlaps_cut(work, t, b);
    Overlaps o;
    /* the form whose leading term is the smaller cancels less: 1 above, t + b^2 below the
     * cut */
    if (t + b * b > 1.0 || few_above(teacher, t, &cut)) {
        const SideMoments f = contour_side(teacher, t, &cut, b, 1, &work->atoms);
        o = from_above(&f, t, b);
        *parts = (MatrixParts){f.hilbert, 1.0 - f.mass, f.first - teacher->mean + b};
        differentiate(&o, t, b, &cut, f.hilbert, f.cubic);
    } else {
        const SideMoments g = contour_side(teacher, t, &cut, b, -1, &work->atoms);
        o = from_below(&g, t, b, teacher->mean);
        *parts = (MatrixParts){-g.hilbert, g.mass, g.first};
        differentiate(&o, t, b, &cut, -g.hilbert, -g.cubic);
    }
    o.rank *= teacher->dimension;
    return o;
}

Overlaps overlaps_quadratic(OverlapsWork *work, double t, double b)
{
    assert(b > 0.0);
    MatrixParts unused;
    return overlaps_matrix(work, t, b, &unused);
}

/* The tail below -b as that of -S* above b: the same law reflected, where H is odd. */
static Overlaps from_tail(OverlapsWork *work, double t, double b)
{
    const Teacher *teacher = &work->teacher;
    work->near_low = freeconv_locate(teacher, t, -b, work->near_low, &work->atoms);
    SideMoments g = contour_tail(teacher, t, &work->near_low, -b, &work->atoms);
    g.hilbert = -g.hilbert;
    g.mixed = -g.mixed;
    Overlaps o = from_above(&g, t, b);
    /* with f = g alone R - 1 = q - 2 m */
    o.risk = o.q - 2.0 * o.m;
    const SpectralPoint reflected = {.u = -work->near_low.u, .v = work->near_low.v, .x = b};
    differentiate(&o, t, b, &reflected, g.hilbert, g.cubic);
    return o;
}

/* f is that of S >= 0 and of its reflection, which act on two parts of the spectrum: all sums
 * add. */
Overlaps overlaps_signed(OverlapsWork *work, double t, double b)
{
    Overlaps o = overlaps_quadratic(work, t, b);
    const Overlaps low = from_tail(work, t, b);
    o.risk += low.risk;
    o.risk_t += low.risk_t;
    o.risk_b += low.risk_b;
    o.divergence += low.divergence;
    o.divergence_t += low.divergence_t;
    o.divergence_b += low.divergence_b;
    o.q += low.q;
    o.m += low.m;
    o.trace += low.trace;
    o.rank += low.rank * work->teacher.dimension;
    return o;
}

Overlaps overlaps_diagonal(OverlapsWork *work, double t, double b)
{
    assert(t > 0.0 && b > 0.0);
    /* theory.md section 3, summed over d coordinates; derivatives in log t are half those in
     * log tau */
    const double tau = sqrt(t);
    const double d = work->teacher.dimension;
    const double root = sqrt(d); /* theta*_i = s_i / sqrt(d) */
    /* beyond ten tau above the threshold a coordinate is active: error tau^2 + b^2; as far
     * below it is not: error t^2 */
    teacher_atoms_smooth(&work->teacher, tau * root, (b - 10.0 * tau) * root,
                         (b + 10.0 * tau) * root, &work->atoms);
    Overlaps o = {0};
    for (size_t k = work->atoms.count; k-- > 0;) { /* small terms first */
        const double count = work->atoms.mass[k] * d;
        const SoftMoments s = normal_soft(work->atoms.position[k] / root, tau, b);
        o.risk += count * s.error;
        o.risk_t += count * s.error_tau * 0.5 * tau;
        o.risk_b += count * s.error_b * b;
        o.divergence += count * s.active;
        o.divergence_t += count * s.active_tau * 0.5 * tau;
        o.divergence_b += count * s.active_b * b;
        o.q += count * s.square;
        o.m += count * s.product;
        o.trace += count * s.magnitude;
    }
    o.rank = o.divergence;
    return o;
}
