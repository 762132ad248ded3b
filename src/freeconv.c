#include "phasesweep/freeconv.h"

#include <assert.h>
#include <math.h>

enum { NODES = 8 }; /* half of the 16-point Gauss-Legendre rule, which is symmetric */

static const double node[NODES] = {
    0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863, 0.6178762444026437484,
    0.7554044083550030339, 0.8656312023878317439, 0.9445750230732325761, 0.9894009349916499326};
static const double weight[NODES] = {
    0.1894506104550684963, 0.1826034150449235889, 0.1691565193950025382, 0.1495959888165767321,
    0.1246289712555338720, 0.0951585116824927848, 0.0622535239386478929, 0.0271524594117540949};

/* v^2 where (1/d) sum 1/((u - s)^2 + v^2) = 1/delta^2.  The reciprocal of the sum is
 * concave and nearly linear in v^2, with slope >= 1, so Newton's method converges from
 * the upper bound delta^2 without a safeguard. */
static double curve_height_squared(const Teacher *teacher, double target, double u)
{
    double y = target;
    for (int step = 0; step < 60; step++) {
        double sum;
        double derivative;
        teacher_lorentzian(teacher, u, y, &sum, &derivative);
        const double slope = -derivative / (sum * sum);
        const double next = y - (1.0 / sum - target) / slope;
        if (!(next > 0.0)) {
            y *= 1e-3; /* concavity: the root is below every iterate, but may be tiny */
        } else if (fabs(next - y) <= 1e-15 * y) {
            return next;
        } else {
            y = next;
        }
        if (y < 1e-300) {
            return 0.0;
        }
    }
    return y;
}

/* True if u lies in a gap: the sum at v = 0 is finite and below 1/delta^2. */
static int in_gap(const Teacher *teacher, double target, double u)
{
    double sum;
    double derivative;
    teacher_lorentzian(teacher, u, 0.0, &sum, &derivative);
    return isfinite(sum) && sum * target <= 1.0;
}

SpectralPoint freeconv_point(const Teacher *teacher, double delta, double u)
{
    assert(delta > 0.0);
    const double t = delta * delta;
    const double y = in_gap(teacher, t, u) ? 0.0 : curve_height_squared(teacher, t, u);
    const double v = sqrt(y);
    double complex g;
    double complex unused;
    teacher_resolvent(teacher, u + I * v, &g, &unused);
    return (SpectralPoint){
        .u = u, .v = v, .x = u + t * creal(g), .hilbert = creal(g), .density = v / (M_PI * t)};
}

typedef struct Path {
    const Teacher *teacher;
    double t;               /* delta^2 */
    double threshold;       /* b */
    SideMoments sum;        /* -(1/pi) Im of the integrals so far, (x - b) in place of g */
} Path;

static void add_node(Path *path, double complex w, double complex dw)
{
    double complex g;
    double complex derivative;
    teacher_resolvent(path->teacher, w, &g, &derivative);
    const double complex f = w + path->t * g - path->threshold;
    const double complex dmu = g * (1.0 + path->t * derivative) * dw;
    path->sum.mass -= cimag(dmu) / M_PI;
    path->sum.first -= cimag(f * dmu) / M_PI;
    path->sum.second -= cimag(f * f * dmu) / M_PI;
    path->sum.hilbert -= cimag(g * dmu) / M_PI;
    path->sum.mixed -= cimag(f * g * dmu) / M_PI;
}

static void add_vertical(Path *path, double u, double low, double high)
{
    const double half = 0.5 * (high - low);
    const double middle = 0.5 * (high + low);
    for (int k = 0; k < NODES; k++) {
        add_node(path, u + I * (middle + half * node[k]), I * half * weight[k]);
        add_node(path, u + I * (middle - half * node[k]), I * half * weight[k]);
    }
}

/* From u + i radius down to the real line at u + side radius. */
static void add_quarter_circle(Path *path, double u, double radius, int side)
{
    const double half = 0.25 * M_PI;
    for (int k = 0; k < 2 * NODES; k++) {
        const double at = k < NODES ? node[k] : -node[k - NODES];
        const double turn = half * (1.0 + at); /* 0: top, pi/2: real line */
        const double complex arm = radius * (side * sin(turn) + I * cos(turn));
        const double complex tangent = radius * (side * cos(turn) - I * sin(turn));
        add_node(path, u + arm, tangent * half * weight[k % NODES]);
    }
}

static double nearest_distance(const Teacher *teacher, double u)
{
    size_t low = 0; /* eigenvalue[low - 1] >= u > eigenvalue[low] */
    size_t high = teacher->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (teacher->eigenvalue[middle] >= u) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    double distance = INFINITY;
    if (low > 0) {
        distance = teacher->eigenvalue[low - 1] - u;
    }
    if (low < teacher->count) {
        distance = fmin(distance, u - teacher->eigenvalue[low]);
    }
    return distance;
}

SideMoments freeconv_side(const Teacher *teacher, double delta, const SpectralPoint *at,
                          int side)
{
    assert(side == 1 || side == -1);
    const double extreme = teacher->eigenvalue[side > 0 ? 0 : teacher->count - 1];
    const double beyond = side * (extreme - at->u) + 2.0 * delta;
    if (at->v == 0.0 && beyond <= 2.0 * delta) {
        return (SideMoments){0}; /* in the gap beyond the last s_i */
    }
    /* twice as far as needed: the circle keeps away from the poles */
    const double radius = 2.0 * fmax(beyond, 4.0 * at->v);
    Path path = {.teacher = teacher, .t = delta * delta, .threshold = at->x};
    double low = at->v;
    while (low < radius) {
        const double reach = hypot(low, nearest_distance(teacher, at->u));
        const double high = low + 2.0 * reach;
        add_vertical(&path, at->u, low, fmin(high, radius));
        low = high;
    }
    add_quarter_circle(&path, at->u, radius, side);
    SideMoments moments = path.sum;
    /* leftwards the path runs the other way, and g = b - x */
    moments.mass *= side;
    moments.second *= side;
    moments.hilbert *= side;
    return moments;
}
