#include "phasesweep/freeconv.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/roots.h"

enum { NODES = 2 * ATOM_NODES }; /* 16-point Gauss-Legendre, in two batches of 8 */

static const double node[ATOM_NODES] = {
    0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863, 0.6178762444026437484,
    0.7554044083550030339, 0.8656312023878317439, 0.9445750230732325761, 0.9894009349916499326};
static const double weight[ATOM_NODES] = {
    0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382, 0.1495959888165767321,
    0.1246289712555338720, 0.0951585116824927848, 0.0622535239386478929, 0.0271524594117540949};

/* ---- the boundary curve -------------------------------------------------------------- */

/* Atoms good for every w over u up to height delta, above which the curve never rises. */
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

SpectralPoint freeconv_point(const Teacher *teacher, double t, double u, Atoms *atoms)
{
    assert(t > 0.0);
    atoms_over(teacher, u, sqrt(t), atoms);
    const double v = sqrt(curve_height_squared(atoms, t, u));
    double complex derivative;
    const double complex g = atoms_resolvent_at(atoms, u + I * v, &derivative);
    return (SpectralPoint){
        .u = u, .v = v, .x = u + t * creal(g), .density = v / (M_PI * t)};
}

typedef struct Search {
    const Teacher *teacher;
    Atoms *atoms;
    double t, target;
    SpectralPoint at;   /* of the last trial */
} Search;

static double position_error(double u, void *context)
{
    Search *search = context;
    search->at = freeconv_point(search->teacher, search->t, u, search->atoms);
    return search->at.x - search->target;
}

/* Newton's method for w + t G(w) = x.  Every root in the upper half plane is on the curve,
 * and so is every real root where 1 + t G' > 0: one that is found needs no further proof. */
static bool locate_by_newton(const Search *search, SpectralPoint *at)
{
    const double t = search->t;
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
        w -= move;
        if (gap ? cimag(w) != 0.0 : cimag(w) <= 0.0) {
            return false;
        }
        if (cabs(move) <= 1e-6 * (gap ? sqrt(t) : cimag(w))) {
            /* quadratic convergence: the step just taken leaves 1e-12 */
            *at = (SpectralPoint){.u = creal(w), .v = cimag(w), .x = search->target,
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
    const double delta = sqrt(t) * (1.0 + 1e-12);
    const double slack = 1e-15 * fabs(x);
    root_bracketed(position_error, &search, x - delta - slack, x + delta + slack, 1e-12);
    return search.at;
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

static double mass_error(double u, void *context)
{
    Search *search = context;
    search->at = freeconv_point(search->teacher, search->t, u, search->atoms);
    const double mass =
        freeconv_mass_above(search->teacher, search->t, &search->at, search->atoms);
    const double error = mass / search->target - 1.0;
    return fabs(error) <= 1e-14 ? 0.0 : error; /* every point of a gap is as good */
}

SpectralPoint freeconv_quantile(const Teacher *teacher, double t, double mass, Atoms *atoms)
{
    assert(mass > 0.0 && mass < 1.0);
    Search search = {.teacher = teacher, .atoms = atoms, .t = t, .target = mass};
    const double delta = sqrt(t);
    /* Weyl: the top p eigenvalues of S* + delta Z are within 2 delta of those of S* */
    const double index = mass * teacher->dimension;
    const double high = teacher_eigenvalue(teacher, fmax(1.0, floor(index))) + 4.0 * delta;
    const double low =
        teacher_eigenvalue(teacher, fmin(teacher->dimension, ceil(index) + 1.0)) - 4.0 * delta;
    root_bracketed(mass_error, &search, low, high, 1e-16);
    return search.at;
}

/* ---- path integrals ------------------------------------------------------------------ */

/* G is split in B, the atoms far to the left of a cut with little mass above it, and the rest
 * O.  Integrals of B alone reduce to a segment of length v at the cut; everything else has a
 * factor O, so a few outliers of mass 1/d each keep their digits at any d. */
typedef struct Path {
    const Teacher *teacher;
    Atoms *atoms;
    double t, b;
    double split;       /* atoms below it belong to B */
    double split_index; /* last index above it */
    SideMoments sum;    /* -(1/pi) Im of the integrals so far, with x - b for g */
} Path;

typedef struct Terms {
    double complex mass, first, second, hilbert, mixed, cubic;
} Terms;

static void accumulate(Path *path, const Terms *terms, double complex dw)
{
    path->sum.mass -= cimag(terms->mass * dw) / M_PI;
    path->sum.first -= cimag(terms->first * dw) / M_PI;
    path->sum.second -= cimag(terms->second * dw) / M_PI;
    path->sum.hilbert -= cimag(terms->hilbert * dw) / M_PI;
    path->sum.mixed -= cimag(terms->mixed * dw) / M_PI;
    path->sum.cubic -= cimag(terms->cubic * dw) * (2.0 / (3.0 * M_PI));
}

/* Integrands at w of G = B alone. */
static Terms plain_terms(const Path *path, double complex w, double complex g,
                         double complex derivative)
{
    const double complex f = w + path->t * g - path->b;
    Terms at;
    at.mass = g * (1.0 + path->t * derivative);
    at.first = f * at.mass;
    at.second = f * at.first;
    at.hilbert = g * at.mass;
    at.mixed = f * at.hilbert;
    at.cubic = g * at.hilbert;
    return at;
}

/* Integrands of G = B + O minus those of B, by ab - a'b' = (a - a') b + a' (b - b'). */
static Terms difference_terms(const Path *path, double complex w, const double complex left[2],
                              const double complex right[2])
{
    const Terms full = plain_terms(path, w, left[0] + right[0], left[1] + right[1]);
    const double complex df = path->t * right[0];
    const double complex f = w + path->t * left[0] - path->b;
    Terms at;
    at.mass = right[0] * (1.0 + path->t * (left[1] + right[1])) + left[0] * path->t * right[1];
    at.first = df * full.mass + f * at.mass;
    at.second = df * full.first + f * at.first;
    at.hilbert = right[0] * full.mass + left[0] * at.mass;
    at.mixed = df * full.hilbert + f * at.hilbert;
    at.cubic = right[0] * full.hilbert + left[0] * at.hilbert;
    return at;
}

/* The atoms on one side of the split; positions decrease. */
static Atoms part_of(const Path *path, bool left)
{
    size_t cut = 0;
    while (cut < path->atoms->count && path->atoms->position[cut] > path->split) {
        cut++;
    }
    return left ? (Atoms){.count = path->atoms->count - cut,
                          .position = path->atoms->position + cut,
                          .mass = path->atoms->mass + cut}
                : (Atoms){.count = cut, .position = path->atoms->position,
                          .mass = path->atoms->mass};
}

static void add_nodes(Path *path, const double complex w[NODES], const double complex dw[NODES])
{
    const Atoms left_atoms = part_of(path, true);
    const Atoms right_atoms = part_of(path, false);
    for (int batch = 0; batch < NODES; batch += ATOM_NODES) {
        double u[ATOM_NODES], v[ATOM_NODES];
        double complex left[2][ATOM_NODES], right[2][ATOM_NODES];
        for (int k = 0; k < ATOM_NODES; k++) {
            u[k] = creal(w[batch + k]);
            v[k] = cimag(w[batch + k]);
        }
        atoms_resolvent(&left_atoms, u, v, left[0], left[1]);
        atoms_resolvent(&right_atoms, u, v, right[0], right[1]);
        for (int k = 0; k < ATOM_NODES; k++) {
            const Terms terms = difference_terms(
                path, w[batch + k], (double complex[2]){left[0][k], left[1][k]},
                (double complex[2]){right[0][k], right[1][k]});
            accumulate(path, &terms, dw[batch + k]);
        }
    }
}

static void add_vertical(Path *path, double u, double low, double high)
{
    const double half = 0.5 * (high - low);
    const double middle = 0.5 * (high + low);
    const double complex samples[3] = {u + I * low, u + I * sqrt(low * high), u + I * high};
    teacher_atoms_split(path->teacher, samples, 3, path->split_index, path->atoms);
    double complex w[NODES], dw[NODES];
    for (int k = 0; k < ATOM_NODES; k++) {
        w[2 * k] = u + I * (middle + half * node[k]);
        w[2 * k + 1] = u + I * (middle - half * node[k]);
        dw[2 * k] = dw[2 * k + 1] = I * half * weight[k];
    }
    add_nodes(path, w, dw);
}

/* From u + i radius down to the real line at u + side radius. */
static void add_quarter_circle(Path *path, double u, double radius, int side)
{
    const double half = 0.25 * M_PI;
    double complex w[NODES], dw[NODES], samples[5];
    for (int k = 0; k < NODES; k++) {
        const double at = k % 2 == 0 ? node[k / 2] : -node[k / 2];
        const double turn = half * (1.0 + at); /* 0: top, pi/2: real line */
        w[k] = u + radius * (side * sin(turn) + I * cos(turn));
        dw[k] = radius * (side * cos(turn) - I * sin(turn)) * half * weight[k / 2];
    }
    for (int k = 0; k < 5; k++) {
        samples[k] = u + radius * (side * sin(k * M_PI / 8.0) + I * cos(k * M_PI / 8.0));
    }
    teacher_atoms_split(path->teacher, samples, 5, path->split_index, path->atoms);
    add_nodes(path, w, dw);
}

/* B alone, from w(c) straight down to the real line, beyond which its integrals are real. */
static void add_left_segment(Path *path, const SpectralPoint *cut)
{
    const double half = 0.5 * cut->v;
    const double complex samples[2] = {cut->u, cut->u + I * cut->v};
    teacher_atoms_split(path->teacher, samples, 2, path->split_index, path->atoms);
    const Atoms left = part_of(path, true);
    for (int k = 0; k < NODES; k++) {
        const double at = k % 2 == 0 ? node[k / 2] : -node[k / 2];
        const double complex w = cut->u + I * half * (1.0 + at);
        double complex derivative;
        const double complex g = atoms_resolvent_at(&left, w, &derivative);
        const Terms terms = plain_terms(path, w, g, derivative);
        accumulate(path, &terms, -I * half * weight[k / 2]);
    }
}

static double nearest_distance(const Teacher *teacher, double u)
{
    const double d = teacher->dimension;
    if (u <= 0.0) {
        return teacher_eigenvalue(teacher, d) - u;
    }
    const double index = pow(teacher->scale / u, 1.0 / teacher->source_exponent);
    const double above = fmin(d, fmax(1.0, floor(index)));
    const double below = fmin(d, above + 1.0);
    return fmin(fabs(u - teacher_eigenvalue(teacher, above)),
                fabs(u - teacher_eigenvalue(teacher, below)));
}

/* B: every s_i further below the cut than twice its height.  Left of a cut there is no small
 * mass to protect and B is empty. */
static void choose_split(Path *path, const SpectralPoint *cut, int side)
{
    const Teacher *teacher = path->teacher;
    const double below = cut->u - 2.0 * cut->v;
    path->split = -INFINITY;
    path->split_index = teacher->dimension;
    if (side < 0 || below <= teacher_eigenvalue(teacher, teacher->dimension)) {
        return;
    }
    const double index = pow(teacher->scale / below, 1.0 / teacher->source_exponent);
    path->split_index = fmax(0.0, floor(index));
    path->split = teacher_eigenvalue(teacher, path->split_index + 0.5);
}

SideMoments freeconv_side(const Teacher *teacher, double t, const SpectralPoint *cut, double b,
                          int side, Atoms *atoms)
{
    assert(side == 1 || side == -1);
    const double delta = sqrt(t);
    const double extreme = teacher_eigenvalue(teacher, side > 0 ? 1.0 : teacher->dimension);
    const double beyond = side * (extreme - cut->u) + 2.0 * delta;
    if (cut->v == 0.0 && beyond <= 2.0 * delta) {
        return (SideMoments){0}; /* in the gap beyond the last s_i */
    }
    Path path = {.teacher = teacher, .atoms = atoms, .t = t, .b = b};
    choose_split(&path, cut, side);
    if (cut->v > 0.0 && path.split > -INFINITY) {
        add_left_segment(&path, cut);
    }
    /* twice as far as needed: the circle keeps away from the poles */
    const double radius = 2.0 * fmax(beyond, 4.0 * cut->v);
    const double nearest = nearest_distance(teacher, cut->u);
    double low = cut->v;
    while (low < radius) {
        /* every pole stays outside the ellipse rho = 2.9 around a panel: error 2.9^-32 */
        const double distance = hypot(low, nearest);
        const double high = low + 2.0 * distance + low;
        add_vertical(&path, cut->u, low, fmin(high, radius));
        low = high;
    }
    add_quarter_circle(&path, cut->u, radius, side);
    SideMoments moments = path.sum;
    /* leftwards the path runs the other way, and g = b - x */
    moments.mass *= side;
    moments.second *= side;
    moments.hilbert *= side;
    moments.cubic *= side;
    return moments;
}
