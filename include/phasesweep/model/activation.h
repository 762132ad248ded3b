/* activation.h - activation functions of a two-layer network and their Hermite series.
 *
 * theory.md section 16.  With z ~ N(0, 1) and the orthonormal Hermite polynomials
 * h_l = He_l / sqrt(l!),
 *     sigma(z) = sum_l a_l h_l(z),   a_l = E sigma h_l = mu_l / sqrt(l!),   mu_l = E sigma He_l
 * so that for unit vectors w, w' of overlap q and x ~ N(0, I)
 *     E sigma(w.x) tau(w'.x) = sum_l a_l b_l q^l .
 *
 *     quadratic   z^2 - 1 = He_2
 *     relu        max(z, 0)
 *     gelu        z Phi(z), Phi the normal distribution function
 *     silu        z / (1 + exp(-z))
 *     softplus    log(1 + exp(z))
 *     elu         z above 0, exp(z) - 1 below
 *     abs         |z|
 *     tanh        tanh(z)
 *     erf         erf(z / sqrt(2)) = 2 Phi(z) - 1
 *     cos         cos(z)
 *     steep_tanh  tanh(2 z) - mu_1 z, mu_1 = .7294...: without its linear part
 *     hermite     sum_l c_l He_l(z), l < HERMITE_KEYS
 *
 * Everything is local, plain values without allocation; of equal arguments the bits are equal
 * on one kind of CPU.
 */
#ifndef PHASESWEEP_MODEL_ACTIVATION_H
#define PHASESWEEP_MODEL_ACTIVATION_H

/* Places are part of the content of a chain: append, never reorder. */
typedef enum ActivationId {
    ACTIVATION_QUADRATIC,
    ACTIVATION_RELU,
    ACTIVATION_GELU,
    ACTIVATION_SILU,
    ACTIVATION_SOFTPLUS,
    ACTIVATION_ELU,
    ACTIVATION_ABS,
    ACTIVATION_TANH,
    ACTIVATION_ERF,
    ACTIVATION_COS,
    ACTIVATION_STEEP_TANH,
    ACTIVATION_HERMITE,
    ACTIVATION_COUNT
} ActivationId;

enum {
    HERMITE_KEYS = 7,    /* coefficients c_0 ... c_6 of `hermite` */
    HERMITE_TERMS = 1024 /* of a series; what lies beyond is known in sum */
};

typedef struct Activation {
    ActivationId id;
    double coefficient[HERMITE_KEYS]; /* c_l of `hermite`; others do not look */
} Activation;

/* As written in job files; static. */
const char *activation_name(ActivationId id);

/* value[k] = sigma(z[k]), derivative[k] = sigma'(z[k]), k < count; at a kink the derivative is
 * that of one side (abs: 0).  z is finite; arrays do not overlap, but value may be z itself.
 * Vectorised: errors of a few 1e-16 of max(1, |sigma|). */
void activation_block(const Activation *activation, const double z[], int count, double value[],
                      double derivative[]);

/* A series: coefficients to 1e-14 of the root of square. */
typedef struct HermiteSeries {
    double a[HERMITE_TERMS]; /* a_l */
    double square;           /* E sigma^2 = sum a_l^2, over all l */
    double slope_square;     /* E sigma'^2 = sum l a_l^2 */
    double tail, slope_tail; /* of these what lies at l >= HERMITE_TERMS */
    double decay;            /* a_l^2 ~ l^-decay beyond, of a kink; 0: nothing is left there */
    int parity;              /* of the l that are left, 0 or 1 */
} HermiteSeries;

/* Quadrature of 16 nodes a panel, split at the kink; some 10 ms. */
void activation_series(const Activation *activation, HermiteSeries *series);

/* mu_2 alone, at a hundredth of the cost; 0 where it is rounding. */
double activation_curvature(const Activation *activation);

/* mu_l = E sigma He_l = a_l sqrt(l!), l <= 20. */
double series_moment(const HermiteSeries *series, int l);

/* sum_{l >= first} a_l b_l q^l of two activations, -1 <= q <= 1, and its derivative in q (of
 * kinked ones 1e-9 and 1e-6 near |q| = 1, else 1e-14): first = 0 is the covariance of two
 * neurons of overlap q. */
double series_overlap(const HermiteSeries *one, const HermiteSeries *other, double q, int first,
                      double *slope);

/* g(q) = sum_{l >= 3} mu_l^2 q^l / l!, 0 <= q <= 1, and its derivative: what a quadratic
 * student cannot follow. */
double series_g(const HermiteSeries *series, double q, double *slope);

#endif
