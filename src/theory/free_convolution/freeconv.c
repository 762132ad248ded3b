/* Points of mu from points u of the boundary curve and back (Biane 1997).  Over every real u
 * the curve has one height; x(u) increases.  The other direction, from x or from a mass to
 * u, is a root; Newton's method from a neighbouring point needs few evaluations.
 *
 * The mass above a point is known in closed form (theory.md section 2), so that the cut of
 * the top p/d needs no quadrature either.
 */
#include "phasesweep/theory/freeconv.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/numerics/roots.h"

/* Atoms good for every w over u up to height delta, above which the curve never rises. 1/t =
 * (1/d) sum 1/|w - s|^2 <= 1/v^2 on the curve. */
static void atoms_over(const Teacher *teacher, double u, double delta, Atoms *atoms)
{
    double complex w[16];
    int count = 0;
    w[count++] = u;
    for (double v = delta; count < 16 && v > 1e-3 * fabs(u); v /= 4.0) {
        w[count++] = u + I * v;
    }
    teacher_atoms_resolvent(teacher, w, count, atoms);
}

/* y = v^2 where (1/d) sum 1/((u - s)^2 + y) = 1/t, or 0 in a gap.  The reciprocal of the sum is
 * concave and nearly linear in y, with slope >= 1, so Newton's method converges from the
 * upper bound t without a safeguard. */
static double curve_height_squared(const Atoms *atoms, double t, double u)
{
    double sum;
    double derivative;
    atoms_lorentzian(atoms, u, 0.0, &sum, &derivative);
    if (isfinite(sum) && sum * t <= 1.0) {
        return 0.0;
    }
    /* h(y) = 1/sum - t has the slope -derivative/sum^2 */
    double y = t;
    for (int step = 0; step < 60 && y > 1e-300; step++) {
        atoms_lorentzian(atoms, u, y, &sum, &derivative);
        const double next = y - (1.0 / sum - t) * (sum * sum) / -derivative;
        if (!(next > 0.0)) {
            y *= 1e-3; /* concavity: the root is below every iterate, but may be tiny */
            continue;
        }
        if (fabs(next - y) <= 1e-15 * y) {
            return next;
        }
        y = next;
    }
    return y;
}

SpectralPoint freeconv_point_of(const Atoms *atoms, double t, double u)
{
    assert(t > 0.0);
    /* theory.md section 2: x = u + t Re G, density v/(pi t) */
    const double v = sqrt(curve_height_squared(atoms, t, u));
    double complex derivative;
    const double complex g = atoms_resolvent_at(atoms, u + I * v, &derivative);
    return (SpectralPoint){.u = u, .v = v, .x = u + t * creal(g), .density = v / (M_PI * t)};
}

SpectralPoint freeconv_point(const Teacher *teacher, double t, double u, Atoms *atoms)
{
    atoms_over(teacher, u, sqrt(t), atoms);
    return freeconv_point_of(atoms, t, u);
}

typedef struct Search {
    const Teacher *teacher;
    Atoms *atoms;
    double t, target;
    SpectralPoint at; /* of the last trial */
} Search;

/* At u = target + shift sqrt(t). */
static double position_error(double shift, void *context)
{
    Search *search = context;
    const double u = search->target + shift * sqrt(search->t);
    search->at = freeconv_point(search->teacher, search->t, u, search->atoms);
    return search->at.x - search->target;
}

/* Newton's method for w + t G(w) = x.  Every root in the upper half plane is on the curve,
 * and so is every real root where 1 + t G' > 0: one that is found needs no further proof. */
static bool locate_by_newton(const Search *search, SpectralPoint *at)
{
    const double t = search->t;
    /* from a real guess Newton stays on the real line, where it is of use in a gap only */
    const bool gap = at->v == 0.0;
    double complex w = at->u + I * at->v;
    for (int step = 0; step < 8; step++) {
        teacher_atoms_resolvent(search->teacher, &w, 1, search->atoms);
        double complex derivative;
        const double complex g = atoms_resolvent_at(search->atoms, w, &derivative);
        const double complex slope = 1.0 + t * derivative;
        const double complex move = (w + t * g - search->target) / slope;
        if (!isfinite(creal(move)) || (gap && creal(slope) <= 0.0)) {
            return false;
        }
        /* leaving the half plane: the guess belonged to another band */
        w -= move;
        if (gap ? cimag(w) != 0.0 : cimag(w) <= 0.0) {
            return false;
        }
        if (cabs(move) <= 1e-6 * (gap ? sqrt(t) : cimag(w))) {
            /* quadratic convergence: the step just taken leaves 1e-12 */
            *at = (SpectralPoint){.u = creal(w),
                                  .v = cimag(w),
                                  .x = search->target,
                                  .density = cimag(w) / (M_PI * t)};
            return true;
        }
    }
    return false;
}

SpectralPoint freeconv_locate(const Teacher *teacher, double t, double x, SpectralPoint near,
                              Atoms *atoms)
{
    Search search = {.teacher = teacher, .atoms = atoms, .t = t, .target = x, .at = near};
    if (near.v >= 0.0 && locate_by_newton(&search, &near)) {
        return near;
    }
    /* |x - u| = |t Re G| <= delta, because |G|^2 <= (1/d) sum 1/|w - s|^2 <= 1/t */
    const double reach = 1.0 + 1e-12 + 1e-15 * fabs(x) / sqrt(t);
    root_bracketed(position_error, &search, -reach, reach, 1e-9);
    near = search.at;
    return near.v >= 0.0 && locate_by_newton(&search, &near) ? near : search.at;
}

/* Closed form: theory.md section 2. */
double freeconv_mass_above(const Teacher *teacher, double t, const SpectralPoint *at,
                           Atoms *atoms)
{
    const double complex w = at->u + I * at->v;
    teacher_atoms_resolvent(teacher, &w, 1, atoms);
    double complex derivative;
    const double complex g = atoms_resolvent_at(atoms, w, &derivative);
    return (atoms_argument(atoms, w) + 0.5 * t * cimag(g * g)) / M_PI;
}

/* Position, density and log of the mass above, with d log mass / du. */
static double log_mass(const Search *search, double u, SpectralPoint *at, double *slope)
{
    const double t = search->t;
    *at = freeconv_point(search->teacher, t, u, search->atoms);
    const double complex w = u + I * at->v;
    double complex derivative;
    const double complex g = atoms_resolvent_at(search->atoms, w, &derivative);
    const double mass = (atoms_argument(search->atoms, w) + 0.5 * t * cimag(g * g)) / M_PI;
    const double complex dz = 1.0 + t * derivative;
    /* dx/du = |1 + t G'|^2 / Re(1 + t G'), and d mass/du = -density dx/du */
    const double dx = creal(dz) + cimag(dz) * cimag(dz) / creal(dz);
    *slope = -at->density * dx / mass;
    return mass > 0.0 ? log(mass / search->target) : -INFINITY;
}

SpectralPoint freeconv_quantile(const Teacher *teacher, double t, double mass,
                                SpectralPoint near, Atoms *atoms)
{
    assert(mass > 0.0 && mass < 1.0);
    const Search search = {.teacher = teacher, .atoms = atoms, .t = t, .target = mass};
    const double delta = sqrt(t);
    /* Weyl: the top p eigenvalues of S* + delta Z are within 2 delta of those of S* */
    const double index = mass * teacher->dimension;
    Bracket bracket = {
        teacher_eigenvalue(teacher, fmin(teacher->dimension, ceil(index) + 1.0)) - 4.0 * delta,
        teacher_eigenvalue(teacher, fmax(1.0, floor(index))) + 4.0 * delta};
    const bool guess = near.v >= 0.0 && near.u > bracket.low && near.u < bracket.high;
    double u = guess ? near.u : 0.5 * (bracket.low + bracket.high);
    SpectralPoint at;
    for (int step = 0;; step++) {
        double slope;
        /* increasing in u; logarithms, because the mass above falls over many orders */
        const double error = -log_mass(&search, u, &at, &slope);
        /* every point of a gap is as good */
        if (fabs(error) <= 1e-13 || bracket_exhausted(&bracket)) {
            return at;
        }
        u = bracket_next(&bracket, u, error, -slope, step < 30 ? INFINITY : 0.0);
    }
}
