#include "phasesweep/theory/contour.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "contour_penalty.h"
#include "half_rule.h"

enum { NODES = 2 * ATOM_NODES }; /* 16-point Gauss-Legendre, in two batches of 8 */

/* G is split in B, the atoms far to the left of a cut with little mass above it, and the rest
 * O.  Integrals of B alone reduce to a segment of length v at the cut; everything else has a
 * factor O, so a few outliers of mass 1/d each keep their digits at any d.  Where O reaches far
 * beyond the cut, its nearer atoms join B on the way: once the path is higher than they are
 * away, a quarter circle to the real line closes their integrals, so that large s_i meet none
 * but large s_i in (w - s)^2 G dw. */
typedef struct Path {
    const Teacher *teacher;
    Atoms *atoms;
    double t, b;
    double split;          /* atoms below it belong to B */
    double split_index;    /* last index above it */
    double top;            /* atoms above it are left out */
    bool learned;          /* sum learned_term */
    bool moments;          /* sum the moments */
    SideMoments sum;       /* -(1/pi) Im of the integrals so far, with x - b for g */
    double learned_sum;    /* the same of learned_term */
    Penalty *penalty;      /* of f with a branch point, else NULL; borrowed */
    double complex branch; /* w of that point */
} Path;

typedef struct Terms {
    double complex mass, first, second, hilbert, mixed, cubic;
} Terms;

/* On the curve Im G = -pi rho, Im G^2 = -2 pi H rho, Im G^3 = -pi rho (3 H^2 - pi^2 rho^2). */
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

/* Residues of the integrand of contour_learned and of the risk, without its exact derivatives
 * and with w^2 G for the squares, are those of b^2 G - 2 t b G^2 + t G^2 (w + t G).  Here for
 * G = B + O, minus the same for B, which has no pole above the gap. */
static double complex learned_term(const Path *path, double complex w, double complex left,
                                   double complex right)
{
    const double t = path->t;
    const double b = path->b;
    return right * (b * b + t * (2.0 * left + right) * (w - 2.0 * b) +
                    t * t * (3.0 * left * (left + right) + right * right));
}

/* The atoms above a position; positions decrease. */
static size_t count_above(const Atoms *atoms, double position)
{
    size_t count = 0;
    while (count < atoms->count && atoms->position[count] > position) {
        count++;
    }
    return count;
}

/* The atoms on one side of the split. */
static Atoms part_of(const Path *path, bool left)
{
    const size_t split = count_above(path->atoms, path->split);
    const size_t first = left ? split : count_above(path->atoms, path->top);
    return (Atoms){.count = (left ? path->atoms->count : split) - first,
                   .position = path->atoms->position + first,
                   .mass = path->atoms->mass + first};
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
        if (path->penalty != NULL) {
            penalty_add(path->penalty, w + batch, left_atoms.count > 0 ? left : NULL, right,
                        dw + batch);
        }
        for (int k = 0; path->learned && k < ATOM_NODES; k++) {
            const double complex term =
                learned_term(path, w[batch + k], left[0][k], right[0][k]);
            path->learned_sum -= cimag(term * dw[batch + k]) / M_PI;
        }
        for (int k = 0; path->moments && k < ATOM_NODES; k++) {
            const Terms terms = difference_terms(path, w[batch + k],
                                                 (double complex[2]){left[0][k], left[1][k]},
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
        w[2 * k] = u + I * (middle + half * half_node[k]);
        w[2 * k + 1] = u + I * (middle - half * half_node[k]);
        dw[2 * k] = dw[2 * k + 1] = I * half * half_weight[k];
    }
    add_nodes(path, w, dw);
}

/* From u + i radius down to the real line at u + side radius. */
static void add_quarter_circle(Path *path, double u, double radius, int side)
{
    const double half = 0.25 * M_PI;
    double complex w[NODES], dw[NODES], samples[5];
    for (int k = 0; k < NODES; k++) {
        const double at = k % 2 == 0 ? half_node[k / 2] : -half_node[k / 2];
        const double turn = half * (1.0 + at); /* 0: top, pi/2: real line */
        w[k] = u + radius * (side * sin(turn) + I * cos(turn));
        dw[k] = radius * (side * cos(turn) - I * sin(turn)) * half * half_weight[k / 2];
    }
    for (int k = 0; k < 5; k++) {
        samples[k] = u + radius * (side * sin(k * M_PI / 8.0) + I * cos(k * M_PI / 8.0));
    }
    teacher_atoms_split(path->teacher, samples, 5, path->split_index, path->atoms);
    add_nodes(path, w, dw);
}

/* From left + i height to right + i height, at most as far as it is high. */
static void add_crossing(Path *path, double left, double right, double height)
{
    const double half = 0.5 * (right - left);
    double complex w[NODES], dw[NODES];
    for (int k = 0; k < NODES; k++) {
        const double at = k % 2 == 0 ? half_node[k / 2] : -half_node[k / 2];
        w[k] = left + half * (1.0 + at) + I * height;
        dw[k] = half * half_weight[k / 2];
    }
    const double complex samples[3] = {left + I * height, left + half + I * height,
                                       right + I * height};
    teacher_atoms_split(path->teacher, samples, 3, path->split_index, path->atoms);
    add_nodes(path, w, dw);
}

/* B alone, from w(c) straight down to the real line, beyond which its integrals are real. */
static void add_left_segment(Path *path, const SpectralPoint *cut)
{
    const double half = 0.5 * cut->v;
    const double complex samples[2] = {cut->u, cut->u + I * cut->v};
    teacher_atoms_split(path->teacher, samples, 2, path->split_index, path->atoms);
    const Atoms left = part_of(path, true);
    for (int batch = 0; batch < NODES; batch += ATOM_NODES) {
        double complex w[ATOM_NODES], g[2][ATOM_NODES], dw[ATOM_NODES];
        for (int k = 0; k < ATOM_NODES; k++) {
            const int n = batch + k;
            const double at = n % 2 == 0 ? half_node[n / 2] : -half_node[n / 2];
            w[k] = cut->u + I * half * (1.0 + at);
            dw[k] = -I * half * half_weight[n / 2]; /* downwards: dw = -i dv */
            g[0][k] = atoms_resolvent_at(&left, w[k], &g[1][k]);
        }
        for (int k = 0; path->moments && k < ATOM_NODES; k++) {
            const Terms terms = plain_terms(path, w[k], g[0][k], g[1][k]);
            accumulate(path, &terms, dw[k]);
        }
        if (path->penalty != NULL) {
            penalty_add(path->penalty, w, NULL, g, dw);
        }
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

/* Half of the longest panel up from w that leaves the branch point outside its ellipse
 * rho = 2.6: its distances from the two ends add up to 2.985 halves. */
static double branch_reach(const Path *path, double complex w)
{
    const double ends = 2.6 + 1.0 / 2.6;
    const double above = cimag(path->branch - w);
    return (2.0 * ends * cabs(path->branch - w) - 4.0 * above) / (ends * ends - 4.0);
}

/* How high a path must be before it may leave the vertical line: well above the branch point.
 */
static double branch_height(const Path *path)
{
    return path->penalty != NULL ? 2.0 * cimag(path->branch) : 0.0;
}

/* Up from u + i low to u + i high. */
static void add_rise(Path *path, double u, double low, double high)
{
    /* a cut that rounding puts onto an s_i must not hold up the path */
    const double nearest = fmax(nearest_distance(path->teacher, u), 1e-16 * fabs(u));
    const double far = 2.0 * sqrt(path->t);
    while (low < high) {
        /* Every pole stays outside the ellipse rho = 3.7 around a panel: error 3.7^-32.  It may
         * be of fifth order where t G is as large as w - s; beyond, rho = 2.9 will do. */
        double distance = hypot(low, nearest);
        if (path->penalty != NULL) {
            distance = fmin(distance, fmax(1e-9 * high, branch_reach(path, u + I * low)));
        }
        const double top = low + 2.0 * distance + (low > far ? low : 0.0);
        add_vertical(path, u, low, fmin(top, high));
        low = top;
    }
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

/* How far a quarter circle goes at least, as a multiple of the distance of the last pole inside
 * it: every pole stays outside the ellipse rho = 3.1. */
static const double clearance = 2.5;

/* Rise from `low` until the atoms from index 2^octave on can be closed, and close them. */
static double close_shell(Path *path, double u, double low, int octave, int side)
{
    const Teacher *teacher = path->teacher;
    const double first = side > 0 ? ldexp(1.0, octave) : teacher->dimension;
    const double farthest = teacher_eigenvalue(teacher, first);
    const double radius =
        fmax(fmax(low, clearance * side * (farthest - u)) + sqrt(path->t), branch_height(path));
    add_rise(path, u, low, radius);
    path->top = octave > 0 ? teacher_eigenvalue(teacher, first - 0.5) : INFINITY;
    add_quarter_circle(path, u, radius, side);
    if (octave > 0) {
        path->split = path->top;
        path->split_index = teacher->dimension; /* octaves are never straddled */
        path->top = INFINITY;
    }
    return radius;
}

/* Octaves whose shells are closed on the way to s_1: the first where no s_i is much larger than
 * the typical 1 or the cut, the next ones in factors of 16 in s. */
static int first_octave(const Teacher *teacher, const SpectralPoint *cut)
{
    const double near = 4.0 * fmax(1.0, fabs(cut->u)) + cut->v;
    const double index = pow(teacher->scale / near, 1.0 / teacher->source_exponent);
    return index > 1.0 ? ilogb(index) : 0;
}

/* What learned_term leaves out: its exact derivatives are those of this. */
static double complex learned_end(const Path *path, double complex w, double complex g)
{
    const double t = path->t;
    const double b = path->b;
    return t * g * g * (0.5 * (b * b - w * w) + t * g * (0.25 * t * g - 2.0 / 3.0 * b));
}

/* The rest of the risk, for atoms split as at the beginning of the path: below the split all
 * squares; above it, with w^2 O for them,
 *     s^2 - (1/pi) Im (w^2/2 + s w + s^2 log(w - s)),
 * and the ends of the exact derivatives. */
static double risk_at_cut(Path start, const SpectralPoint *cut)
{
    const double complex w = cut->u + I * cut->v;
    teacher_atoms_split(start.teacher, &w, 1, start.split_index, start.atoms);
    const Atoms left = part_of(&start, true);
    const Atoms right = part_of(&start, false);
    double sum = 0.0;
    for (size_t k = left.count; k-- > 0;) { /* small terms first */
        sum += left.mass[k] * left.position[k] * left.position[k];
    }
    if (cut->v == 0.0) {
        return sum;
    }
    for (size_t k = right.count; k-- > 0;) {
        const double s = right.position[k];
        const double angle = atan2(cut->v, s - cut->u); /* pi - arg(w - s) */
        sum += right.mass[k] / M_PI * (s * s * angle - (s + cut->u) * cut->v);
    }
    double complex unused;
    const double complex b = atoms_resolvent_at(&left, w, &unused);
    const double complex o = atoms_resolvent_at(&right, w, &unused);
    return sum + cimag(learned_end(&start, w, b + o) - learned_end(&start, w, b)) / M_PI;
}

/* In the gap beyond the last s_i of the side. */
static bool is_beyond(const Teacher *teacher, const SpectralPoint *cut, int side)
{
    const double extreme = teacher_eigenvalue(teacher, side > 0 ? 1.0 : teacher->dimension);
    return cut->v == 0.0 && side * (extreme - cut->u) <= 0.0;
}

/* int f^2 - 2 int f (x - 2 t H) from its parts. */
static double plain_risk(const Path *path, const SideMoments *f)
{
    return 2.0 * path->t * f->mixed - f->second - 2.0 * path->b * f->first;
}

/* From the cut, where B alone was summed, to beyond the last s_i of the side. */
static void walk_side(Path *path, const SpectralPoint *cut, int side)
{
    double height = cut->v;
    if (side > 0) {
        const int stride = (int)fmax(1.0, 4.0 / path->teacher->source_exponent);
        for (int octave = first_octave(path->teacher, cut); octave > 0; octave -= stride) {
            height = close_shell(path, cut->u, height, octave, 1);
        }
    }
    if (path->split < path->teacher->scale) {
        close_shell(path, cut->u, height, 0, side);
    }
}

/* Leftwards the path runs the other way, and g = b - x. */
static void turn_left(SideMoments *moments)
{
    moments->mass = -moments->mass;
    moments->second = -moments->second;
    moments->hilbert = -moments->hilbert;
    moments->cubic = -moments->cubic;
}

SideMoments contour_side(const Teacher *teacher, double t, const SpectralPoint *cut, double b,
                         int side, Atoms *atoms)
{
    assert(side == 1 || side == -1);
    if (is_beyond(teacher, cut, side)) {
        return (SideMoments){.risk = 1.0};
    }
    Path path = {.teacher = teacher,
                 .atoms = atoms,
                 .t = t,
                 .b = b,
                 .top = INFINITY,
                 .learned = side > 0,
                 .moments = true};
    choose_split(&path, cut, side);
    const Path start = path;
    if (cut->v > 0.0 && path.split > -INFINITY) {
        add_left_segment(&path, cut);
    }
    const SideMoments left = path.sum;
    walk_side(&path, cut, side);
    SideMoments moments = path.sum;
    if (side < 0) {
        turn_left(&moments);
    }
    moments.risk = 1.0 + plain_risk(&path, &moments);
    if (side > 0 && moments.risk < 0.2) {
        moments.risk = path.learned_sum + plain_risk(&path, &left) + risk_at_cut(start, cut);
    }
    return moments;
}

/* Where all s_i are on the right, farther away than the cut is high, all of G is B. */
SideMoments contour_tail(const Teacher *teacher, double t, const SpectralPoint *cut, double b,
                         Atoms *atoms)
{
    const double apart = teacher_eigenvalue(teacher, teacher->dimension) - cut->u;
    if (apart < 2.0 * cut->v || is_beyond(teacher, cut, -1)) {
        return contour_side(teacher, t, cut, b, -1, atoms);
    }
    Path path = {.teacher = teacher,
                 .atoms = atoms,
                 .t = t,
                 .b = b,
                 .split = INFINITY,
                 .split_index = teacher->dimension,
                 .top = INFINITY,
                 .moments = true};
    add_left_segment(&path, cut);
    turn_left(&path.sum);
    return path.sum;
}

/* Below the split only B is left at the cut, whose z = w + t B must not come near the branch
 * point on the way down to the real line. */
static void check_split(Path *path, const SpectralPoint *cut, double branch)
{
    if (cut->v == 0.0 || path->split == -INFINITY) {
        return;
    }
    double complex unused;
    teacher_atoms_split(path->teacher, (double complex[1]){cut->u}, 1, path->split_index,
                        path->atoms);
    const Atoms left = part_of(path, true);
    const double down = cut->u + path->t * creal(atoms_resolvent_at(&left, cut->u, &unused));
    if (down < 0.5 * (branch + cut->x) ||
        cabs(cut->u + I * cut->v - path->branch) < 0.7 * cut->v) {
        path->split = -INFINITY;
        path->split_index = path->teacher->dimension;
    }
}

/* A path of x itself, b = 0, that sums the penalty's integrands on the way. */
static Path penalty_path(const Teacher *teacher, double t, const SpectralPoint *cut,
                         const Threshold *threshold, double b, Penalty *penalty, Atoms *atoms)
{
    const double branch = threshold_branch(threshold, b);
    *penalty = penalty_begin(threshold, t, b);
    const SpectralPoint at = freeconv_locate(teacher, t, branch, *cut, atoms);
    Path path = {.teacher = teacher,
                 .atoms = atoms,
                 .t = t,
                 .top = INFINITY,
                 .penalty = penalty,
                 .branch = at.u + I * at.v};
    choose_split(&path, cut, 1);
    check_split(&path, cut, branch);
    return path;
}

static ThresholdMoments moments_of(const Penalty *penalty)
{
    ThresholdMoments moments = {0};
    static_assert(sizeof moments == sizeof penalty->sum + sizeof moments.risk, "one order");
    memcpy(&moments, penalty->sum, sizeof penalty->sum);
    return moments;
}

/* plain_risk of the line x = f + h through 0. */
static double line_risk(const ThresholdMoments *f, double t)
{
    return 2.0 * t * (f->mixed + f->bias_mixed) - f->second - 2.0 * f->bias_first -
           f->bias_second;
}

/* With f = x - h the squares of features cancel in the part of x, as for a line through 0, and
 * what is left of h has no large terms. */
ThresholdMoments contour_threshold(const Teacher *teacher, double t, const SpectralPoint *cut,
                                   const Threshold *threshold, double b, Atoms *atoms)
{
    if (is_beyond(teacher, cut, 1)) {
        return (ThresholdMoments){.risk = 1.0};
    }
    Penalty penalty;
    Path path = penalty_path(teacher, t, cut, threshold, b, &penalty, atoms);
    path.learned = true;
    const Path start = path;
    if (cut->v > 0.0 && path.split > -INFINITY) {
        add_left_segment(&path, cut);
    }
    const ThresholdMoments left = moments_of(&penalty);
    walk_side(&path, cut, 1);
    ThresholdMoments moments = moments_of(&penalty);
    double line = 1.0 + line_risk(&moments, t);
    if (line < 0.2) {
        line = path.learned_sum + line_risk(&left, t) + risk_at_cut(start, cut);
    }
    moments.risk = line + moments.bias_second - 2.0 * t * moments.bias_mixed;
    return moments;
}

/* Where a path from the cut crosses to a gap. */
static double crossing_height(const Path *path, const SpectralPoint *cut, double gap)
{
    return fmax(fmax(gap - cut->u, 2.0 * cut->v), branch_height(path));
}

/* Up, across, and minus the way up in the gap: panels must grow away from the real line.
 * Returns the part to be taken off. */
static Path sum_between(Path *path, const SpectralPoint *cut, double gap)
{
    if (cut->v > 0.0 && path->split > -INFINITY) {
        add_left_segment(path, cut);
    }
    const double height = crossing_height(path, cut, gap);
    add_rise(path, cut->u, cut->v, height);
    add_crossing(path, cut->u, gap, height);
    Path down = *path;
    down.sum = (SideMoments){0};
    return down;
}

SideMoments contour_between(const Teacher *teacher, double t, const SpectralPoint *cut,
                            double gap, double b, Atoms *atoms)
{
    assert(gap > cut->u);
    Path path = {
        .teacher = teacher, .atoms = atoms, .t = t, .b = b, .top = INFINITY, .moments = true};
    choose_split(&path, cut, 1);
    Path down = sum_between(&path, cut, gap);
    add_rise(&down, gap, 0.0, crossing_height(&path, cut, gap));
    return (SideMoments){.mass = path.sum.mass - down.sum.mass,
                         .first = path.sum.first - down.sum.first,
                         .second = path.sum.second - down.sum.second,
                         .hilbert = path.sum.hilbert - down.sum.hilbert,
                         .mixed = path.sum.mixed - down.sum.mixed,
                         .cubic = path.sum.cubic - down.sum.cubic};
}

ThresholdMoments contour_threshold_between(const Teacher *teacher, double t,
                                           const SpectralPoint *cut, double gap,
                                           const Threshold *threshold, double b, Atoms *atoms)
{
    assert(gap > cut->u);
    Penalty penalty;
    Path path = penalty_path(teacher, t, cut, threshold, b, &penalty, atoms);
    Path down = sum_between(&path, cut, gap);
    Penalty off = penalty;
    memset(off.sum, 0, sizeof off.sum);
    down.penalty = &off;
    add_rise(&down, gap, 0.0, crossing_height(&path, cut, gap));
    for (size_t k = 0; k < sizeof off.sum / sizeof *off.sum; k++) {
        penalty.sum[k] -= off.sum[k];
    }
    return moments_of(&penalty);
}

double contour_learned(const Teacher *teacher, double t, double gap, double b, Atoms *atoms)
{
    const double beyond = teacher_eigenvalue(teacher, 1.0) - gap + 2.0 * sqrt(t);
    const SpectralPoint cut = {.u = gap};
    Path path = {
        .teacher = teacher, .atoms = atoms, .t = t, .b = b, .top = INFINITY, .learned = true};
    choose_split(&path, &cut, 1);
    add_rise(&path, gap, 0.0, 2.0 * beyond);
    add_quarter_circle(&path, gap, 2.0 * beyond, 1);
    return path.learned_sum;
}
