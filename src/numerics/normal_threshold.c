/* With f = eta as the variable, y = f + h, h = chi q f^(q - 1), dy = df / eta' and 1/eta' =
 * 1 - (1 - q) h / f.  Both halves, y > b and y < -b, are the same integral with t and -t.  Sums
 * are of eta - t = tau z - h, and D is E eta' and the jump (Stein), so that nothing cancels
 * where t is large.
 *
 * Terms with the density at the edge are what the jump J adds: there (eta - t)^2 steps from t^2
 * to (J - t)^2, and the edge lies at z = A = (b - t)/tau, which moves with tau and b.
 */
#include "phasesweep/numerics/normal_threshold.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/normal.h"
#include "phasesweep/numerics/vector_math.h"

enum { HALF = JUMP_PANEL / 2, PANELS = 4, HERMITE = 12, WHOLE = 48 };

/* Gauss-Legendre of 20 nodes, the positive half; Gauss-Hermite of 12, likewise. */
static const double node[HALF] = {
    0.076526521133497338, 0.2277858511416451, 0.37370608871541955, 0.51086700195082713,
    0.63605368072651502,  0.7463319064601508, 0.83911697182221878, 0.91223442825132584,
    0.96397192727791381,  0.99312859918509488};
static const double weight[HALF] = {
    0.15275338713072578,  0.14917298647260366, 0.14209610931838187,  0.13168863844917653,
    0.11819453196151825,  0.10193011981724026, 0.083276741576704671, 0.062672048334109443,
    0.040601429800386217, 0.017614007139153273};

static const double hermite[HERMITE / 2] = {0.44440300194413895, 1.3403751971516167,
                                            2.2594644510007988,  3.2237098287700974,
                                            4.2718258479322815,  5.500901704467748};
/* Times exp(x^2 / 2). */
static const double hermite_weight[HERMITE / 2] = {0.35504894756384792, 0.36086763652181136,
                                                   0.37386743408203754, 0.39787798466624946,
                                                   0.44381631660617948, 0.55837789321661435};

/* All in tau. */
static const double reach = 8.5;    /* beyond lies 1e-17 of a normal law */
static const double nothing = 12.0; /* so far below the edge nothing is active */
static const double step = 0.6;     /* of the midpoint rule: exp(-2 pi^2 / step^2) */
static const double ends[PANELS + 1] = {0.0, 2.0, 5.7, 11.4, 17.1}; /* of panels, above b */
static const double falls = 36.0; /* a tail is followed until it has fallen by exp(-36) */

static void add_panel(JumpNodes *nodes, double low, double high)
{
    const double middle = 0.5 * (low + high);
    const double half = 0.5 * (high - low);
    for (int k = 0; k < HALF; k++) {
        nodes->f[nodes->count] = middle - half * node[k];
        nodes->weight[nodes->count++] = half * weight[k];
        nodes->f[nodes->count] = middle + half * node[k];
        nodes->weight[nodes->count++] = half * weight[k];
    }
}

/* Powers of eta are smooth on a panel that is short against the distance from 0. */
static void add_graded(JumpNodes *nodes, double low, double high)
{
    while (6.0 * low < high && low > 0.0 && nodes->count < JUMP_NODES - 5 * JUMP_PANEL) {
        add_panel(nodes, low, 6.0 * low);
        low *= 6.0;
    }
    add_panel(nodes, low, high);
}

/* h and the slope at every node; weights become those of z, but for exp(-z^2 / 2). */
static void complete(JumpNodes *nodes, const JumpNoise *noise, double scale)
{
    const double q = noise->threshold.power;
    vector_power(nodes->f, nodes->count, q - 1.0, nodes->h);
    for (int k = 0; k < nodes->count; k++) {
        /* filled above: NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign) */
        nodes->h[k] *= noise->chi * q;
        const double rise = 1.0 - (1.0 - q) * nodes->h[k] / nodes->f[k];
        nodes->slope[k] = 1.0 / rise;
        nodes->weight[k] *= scale / noise->tau * rise;
    }
}

static const double normal = 0.5 * M_2_SQRTPI * M_SQRT1_2; /* 1/sqrt(2 pi) */

void jump_noise(JumpNoise *noise, const Threshold *threshold, double tau, double b)
{
    assert(threshold->power > 0.0 && threshold->power <= 1.0 && tau > 0.0 && b > 0.0);
    noise->threshold = *threshold;
    noise->tau = tau;
    noise->b = b;
    noise->chi = threshold_weight(threshold, b);
    noise->jump = threshold->jump / threshold->edge * b;
    noise->near.count = 0;
    double low = noise->jump;
    for (int k = 0; k < PANELS; k++) {
        const double high =
            threshold->shrink(threshold->power, b + ends[k + 1] * tau, noise->chi);
        noise->first[k] = noise->near.count;
        add_graded(&noise->near, low, high);
        low = high;
    }
    noise->first[PANELS] = noise->near.count;
    complete(&noise->near, noise, normal);
}

/* Of 1, z, z^2, h, zh, h^2 and, times eta', 1, z^2, zh, h^2, eta'. */
typedef struct Sums {
    double one, zz, h, z, zh, hh, s, zzs, zhs, hhs, ss;
} Sums;

CLONES
static Sums add_up(const double z[], const double mass[], const double h[],
                   const double slope[], int count)
{
    double one = 0.0, z1 = 0.0, zz = 0.0, h1 = 0.0, zh = 0.0, hh = 0.0;
    double s = 0.0, zzs = 0.0, zhs = 0.0, hhs = 0.0, ss = 0.0;
#pragma omp simd reduction(+ : one, z1, zz, h1, zh, hh, s, zzs, zhs, hhs, ss)
    for (int k = 0; k < count; k++) {
        const double w = mass[k];
        const double wz = w * z[k];
        const double wh = w * h[k];
        const double ws = w * slope[k];
        one += w;
        z1 += wz;
        zz += wz * z[k];
        h1 += wh;
        zh += wz * h[k];
        hh += wh * h[k];
        s += ws;
        zzs += ws * z[k] * z[k];
        zhs += ws * z[k] * h[k];
        hhs += ws * h[k] * h[k];
        ss += ws * slope[k];
    }
    return (Sums){one, zz, h1, z1, zh, hh, s, zzs, zhs, hhs, ss};
}

static Sums sum_nodes(const JumpNodes *nodes, int from, int to, double t, double tau)
{
    double z[JUMP_NODES], mass[JUMP_NODES];
    const int count = to - from;
    vector_normal(nodes->f + from, nodes->h + from, nodes->weight + from, count, t, tau, z,
                  mass);
    return add_up(z, mass, nodes->h + from, nodes->slope + from, count);
}

/* The panels in which the law of y has mass. */
static Sums sum_near(const JumpNoise *noise, double t, double edge)
{
    const double last = (edge < 0.0 ? reach : sqrt(edge * edge + 2.0 * falls)) - edge;
    int from = 0;
    while (ends[from + 1] < -edge - reach) {
        from++;
    }
    int to = from + 1;
    while (to < PANELS && ends[to] < last) {
        to++;
    }
    return sum_nodes(&noise->near, noise->first[from], noise->first[to], t, noise->tau);
}

/* eta to a small part of tau, h and slope there. */
static void find_middle(const JumpNoise *noise, double t, double *f, double *h, double *slope)
{
    const double q = noise->threshold.power;
    *f = t;
    for (int k = 0; k < 20; k++) {
        *h = noise->chi * q * pow(*f, q - 1.0);
        *slope = 1.0 / (1.0 - (1.0 - q) * *h / *f);
        const double move = (*f + *h - t) * *slope;
        if (fabs(move) < 1e-3 * noise->tau) {
            break;
        }
        *f -= move;
    }
}

/* No edge in sight: Gauss-Hermite where y is nearly linear in eta, else the midpoint rule,
 * which converges exponentially for what vanishes at both ends. */
static Sums sum_whole(const JumpNoise *noise, double t)
{
    const double q = noise->threshold.power;
    const double tau = noise->tau;
    double f, h, slope;
    find_middle(noise, t, &f, &h, &slope);
    JumpNodes nodes;
    if (0.5 * (1.0 - q) * (2.0 - q) * h / f * (slope * slope) * tau < 0.003 * f) {
        const double sigma = tau * slope;
        for (int k = 0; k < HERMITE; k++) {
            const double x = k % 2 == 0 ? hermite[k / 2] : -hermite[k / 2];
            nodes.f[k] = f + sigma * x;
            nodes.weight[k] = hermite_weight[k / 2];
        }
        nodes.count = HERMITE;
        complete(&nodes, noise, sigma);
    } else {
        const double low = fmax(noise->jump, f - reach * tau / (1.0 - 0.5 * q));
        const double high = f + reach * tau * slope;
        nodes.count = (int)fmin(WHOLE, ceil((high - low) / (step * tau)));
        for (int k = 0; k < nodes.count; k++) {
            nodes.f[k] = low + (high - low) * ((double)k + 0.5) / nodes.count;
            nodes.weight[k] = (high - low) / nodes.count;
        }
        complete(&nodes, noise, normal);
    }
    return sum_nodes(&nodes, 0, nodes.count, t, tau);
}

/* t may be negative: the half y > b of a coordinate whose size towards that side is t. */
static void add_half(const JumpNoise *noise, double t, JumpMoments *sum)
{
    const double q = noise->threshold.power;
    const double tau = noise->tau;
    const double b = noise->b;
    const double edge = (b - t) / tau;
    if (edge > nothing) {
        return;
    }
    const Sums m = edge < -reach ? sum_whole(noise, t) : sum_near(noise, t, edge);
    const double off = tau * m.z - m.h; /* of eta - t */
    const double off2 = tau * tau * m.zz - 2.0 * tau * m.zh + m.hh;
    const double eta = t * m.one + off;
    /* d eta / db at fixed y */
    const double sink = -(2.0 - q) / b;
    const double there = normal_density(edge) / tau;
    const double divergence = m.s + noise->jump * there;
    const double change = noise->jump * (noise->jump - 2.0 * t) * there;
    sum->active += m.one;
    sum->magnitude += eta;
    sum->product += t * eta;
    sum->square += t * t * m.one + 2.0 * t * off + off2;
    sum->penalty += (t * m.h + tau * m.zh - m.hh) / (noise->chi * q);
    sum->slope += m.ss;
    sum->error += off2;
    sum->error_tau += 2.0 * (tau * m.zzs - m.zhs) + change * edge;
    sum->error_b += 2.0 * sink * (tau * m.zhs - m.hhs) - change;
    sum->divergence += divergence;
    sum->divergence_tau += (m.zzs - divergence + noise->jump * edge * edge * there) / tau;
    sum->divergence_b += (sink * m.zhs - noise->jump * edge * there) / tau;
}

JumpMoments normal_threshold(const JumpNoise *noise, double t)
{
    const double b = noise->b;
    JumpMoments sum = {0};
    add_half(noise, t, &sum);
    add_half(noise, -t, &sum);
    sum.error +=
        t * t * (normal_tail((t - b) / noise->tau) - normal_tail((t + b) / noise->tau));
    return sum;
}
