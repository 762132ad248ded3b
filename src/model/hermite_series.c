/* Hermite series by quadrature of sigma h_l phi, phi the normal density: the functions
 * psi_l = h_l sqrt(phi) are bounded by 1 and stable by their recurrence, so that the weight
 * left to sigma is sqrt(phi), below 1e-18 where the panels end.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/model/activation.h"
#include "phasesweep/numerics/normal_nodes.h"

/* Kinks at 0: of the slope, a_l^2 ~ l^(-5/2) at even l; of the second derivative, l^(-7/2) at
 * odd l first. */
static const struct {
    double decay;
    int parity;
} kinks[ACTIVATION_COUNT] = {
    [ACTIVATION_RELU] = {2.5, 0}, [ACTIVATION_ABS] = {2.5, 0}, [ACTIVATION_ELU] = {3.5, 1}};

typedef struct Nodes {
    double z[NORMAL_NODES];
    double sigma[NORMAL_NODES],
        slope[NORMAL_NODES];     /* times sqrt(phi) and the weight of the node */
    double square, slope_square; /* E sigma^2, E sigma'^2 */
    double before[NORMAL_NODES], here[NORMAL_NODES]; /* psi_{l-1}, psi_l */
} Nodes;

static void place(const Activation *activation, Nodes *nodes)
{
    double weight[NORMAL_NODES];
    normal_nodes(nodes->z, weight, nodes->here);
    activation_block(activation, nodes->z, NORMAL_NODES, nodes->sigma, nodes->slope);
    for (int k = 0; k < NORMAL_NODES; k++) {
        const double root = nodes->here[k];
        nodes->square += weight[k] * pow(nodes->sigma[k] * root, 2.0);
        nodes->slope_square += weight[k] * pow(nodes->slope[k] * root, 2.0);
        nodes->sigma[k] *= weight[k] * root;
    }
}

/* sqrt(l + 1) psi_{l+1} = z psi_l - sqrt(l) psi_{l-1} */
static double project(Nodes *nodes, int l)
{
    const double inverse = 1.0 / sqrt(l + 1.0);
    const double root = sqrt((double)l);
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int k = 0; k < NORMAL_NODES; k++) {
        const double here = nodes->here[k];
        sum += nodes->sigma[k] * here;
        nodes->here[k] = (nodes->z[k] * here - root * nodes->before[k]) * inverse;
        nodes->before[k] = here;
    }
    return sum;
}

static void sum_squares(HermiteSeries *series)
{
    double square = 0.0;
    double slope_square = 0.0;
    for (int l = HERMITE_TERMS - 1; l >= 0; l--) {
        square += series->a[l] * series->a[l];
        slope_square += l * series->a[l] * series->a[l];
    }
    if (series->decay > 0.0) {
        series->tail = series->square - square;
        series->slope_tail = series->slope_square - slope_square;
    } else {
        series->square = square; /* nothing is left, and this has the smaller error */
        series->slope_square = slope_square;
    }
}

/* c_l He_l = c_l sqrt(l!) h_l */
static void copy_coefficients(const double c[], HermiteSeries *series)
{
    double root = 1.0;
    for (int l = 0; l < HERMITE_KEYS; l++) {
        series->a[l] = c[l] * root;
        root *= sqrt(l + 1.0);
    }
}

void activation_series(const Activation *activation, HermiteSeries *series)
{
    *series = (HermiteSeries){.decay = kinks[activation->id].decay,
                              .parity = kinks[activation->id].parity};
    if (activation->id == ACTIVATION_HERMITE) {
        copy_coefficients(activation->coefficient, series);
    } else if (activation->id == ACTIVATION_QUADRATIC) {
        series->a[2] = M_SQRT2;
    } else {
        Nodes nodes = {.square = 0.0};
        place(activation, &nodes);
        for (int l = 0; l < HERMITE_TERMS; l++) {
            series->a[l] = project(&nodes, l);
        }
        series->square = nodes.square;
        series->slope_square = nodes.slope_square;
    }
    sum_squares(series);
}

double activation_curvature(const Activation *activation)
{
    if (activation->id == ACTIVATION_QUADRATIC) {
        return 2.0;
    }
    if (activation->id == ACTIVATION_HERMITE) {
        return 2.0 * activation->coefficient[2];
    }
    Nodes nodes = {.square = 0.0};
    place(activation, &nodes);
    double a = 0.0;
    for (int l = 0; l <= 2; l++) {
        a = project(&nodes, l);
    }
    return fabs(a) > 1e-12 ? a * M_SQRT2 : 0.0;
}

double series_moment(const HermiteSeries *series, int l)
{
    assert(l >= 0 && l <= 20);
    return series->a[l] * sqrt(tgamma(l + 1.0));
}

/* (s - 1) E_s(x), the exponential integral of half a whole order s = 3/2, 5/2, 7/2, over its
 * value at x = 0: sum_{l > L} l^-s q^l over the same at q = 1, x = -L log q. */
static double share_left(double s, double x)
{
    double e = sqrt(M_PI) * erfc(sqrt(x)); /* sqrt(x) E_{1/2} */
    e = 2.0 * (exp(-x) - sqrt(x) * e);
    for (double order = 1.5; order < s; order += 1.0) {
        e = (exp(-x) - x * e) / order;
    }
    return (s - 1.0) * e;
}

/* What a pair of kinked activations has beyond the terms.  To leading order a_l is the same
 * power with another factor, whatever else they are, and of one sign at the l of one parity. */
static double left_over(const HermiteSeries *one, const HermiteSeries *other, double q,
                        double *slope)
{
    const double size = fabs(q);
    *slope = 0.0;
    if (one->decay == 0.0 || one->decay != other->decay || size < 0.5) {
        return 0.0; /* 2^-HERMITE_TERMS */
    }
    const double x = -(HERMITE_TERMS - 1.0 + one->parity) * log(size);
    const double sign = q < 0.0 && one->parity == 1 ? -1.0 : 1.0;
    const double slope_sign = q < 0.0 ? -sign : sign;
    *slope = slope_sign * sqrt(one->slope_tail * other->slope_tail) *
             share_left(one->decay - 1.0, x) / size;
    return sign * sqrt(one->tail * other->tail) * share_left(one->decay, x);
}

double series_overlap(const HermiteSeries *one, const HermiteSeries *other, double q, int first,
                      double *slope)
{
    assert(fabs(q) <= 1.0 && first >= 0 && first < HERMITE_TERMS);
    /* q^last below the last bit of what comes before */
    const double last = q == 0.0 ? 2.0 : first + 2.0 + 40.0 / fabs(log(fabs(q)));
    double sum = 0.0;
    double rise = 0.0;
    for (int l = (int)fmin(last, HERMITE_TERMS - 1.0); l >= first; l--) {
        rise = rise * q + sum;
        sum = sum * q + one->a[l] * other->a[l];
    }
    /* of q^first times that sum */
    const double power = pow(q, first);
    double extra;
    const double more = left_over(one, other, q, &extra);
    *slope = (first == 0 ? 0.0 : first * pow(q, first - 1) * sum) + power * rise + extra;
    return power * sum + more;
}

double series_g(const HermiteSeries *series, double q, double *slope)
{
    assert(q >= 0.0 && q <= 1.0);
    return series_overlap(series, series, q, 3, slope);
}
