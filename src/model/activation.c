/* One kernel a row.  Compiled with fast-math (src/CMakeLists.txt), which gives the vector forms
 * of exp, tanh, erf and cos; no kernel forms a sum over its elements. */
#include "phasesweep/model/activation.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "phasesweep/base/clones.h"

/* E z tanh(2 z) */
static const double steep_mean = 0.72947753148612015;

typedef void Kernel(const double c[], const double z[], int count, double value[],
                    double derivative[]);

CLONES
static void quadratic(const double c[], const double z[], int count, double value[],
                      double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        value[k] = x * x - 1.0;
        derivative[k] = 2.0 * x;
    }
}

CLONES
static void relu(const double c[], const double z[], int count, double value[],
                 double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        value[k] = x > 0.0 ? x : 0.0;
        derivative[k] = x > 0.0 ? 1.0 : 0.0;
    }
}

CLONES
static void gelu(const double c[], const double z[], int count, double value[],
                 double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        const double mass = 0.5 * (1.0 + erf(x * M_SQRT1_2));
        value[k] = x * mass;
        derivative[k] = mass + x * exp(-0.5 * x * x) * (0.5 * M_SQRT1_2 * M_2_SQRTPI);
    }
}

CLONES
static void silu(const double c[], const double z[], int count, double value[],
                 double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        const double small = exp(-fabs(x));
        const double near = 1.0 / (1.0 + small);
        const double share = x > 0.0 ? near : small * near;
        value[k] = x * share;
        derivative[k] = share + x * small * near * near;
    }
}

CLONES
static void softplus(const double c[], const double z[], int count, double value[],
                     double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        const double small = exp(-fabs(x));
        const double near = 1.0 / (1.0 + small);
        value[k] = (x > 0.0 ? x : 0.0) + log1p(small);
        derivative[k] = x > 0.0 ? near : small * near;
    }
}

CLONES
static void elu(const double c[], const double z[], int count, double value[],
                double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        const double low = exp(x < 0.0 ? x : 0.0);
        value[k] = x > 0.0 ? x : low - 1.0;
        derivative[k] = low;
    }
}

CLONES
static void absolute(const double c[], const double z[], int count, double value[],
                     double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        value[k] = fabs(x);
        derivative[k] = x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0;
    }
}

CLONES
static void tangent(const double c[], const double z[], int count, double value[],
                    double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double t = tanh(z[k]);
        value[k] = t;
        derivative[k] = 1.0 - t * t;
    }
}

CLONES
static void error_function(const double c[], const double z[], int count, double value[],
                           double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        value[k] = erf(x * M_SQRT1_2);
        derivative[k] = M_SQRT1_2 * M_2_SQRTPI * exp(-0.5 * x * x);
    }
}

CLONES
static void cosine(const double c[], const double z[], int count, double value[],
                   double derivative[])
{
    (void)c;
    /* apart: together they become one function that has no vector form */
#pragma omp simd
    for (int k = 0; k < count; k++) {
        derivative[k] = -sin(z[k]);
    }
#pragma omp simd
    for (int k = 0; k < count; k++) {
        value[k] = cos(z[k]);
    }
}

CLONES
static void steep_tangent(const double c[], const double z[], int count, double value[],
                          double derivative[])
{
    (void)c;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        const double t = tanh(2.0 * x);
        value[k] = t - steep_mean * x;
        derivative[k] = 2.0 * (1.0 - t * t) - steep_mean;
    }
}

/* He_{l+1} = z He_l - l He_{l-1}, He_l' = l He_{l-1} */
CLONES
static void hermite(const double c[], const double z[], int count, double value[],
                    double derivative[])
{
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double x = z[k];
        double before = 0.0;
        double here = 1.0;
        double sum = c[0];
        double slope = 0.0;
        for (int l = 1; l < HERMITE_KEYS; l++) {
            const double next = x * here - (l - 1) * before;
            slope += c[l] * l * here;
            sum += c[l] * next;
            before = here;
            here = next;
        }
        value[k] = sum;
        derivative[k] = slope;
    }
}

static const struct {
    const char *name;
    Kernel *kernel;
} activations[ACTIVATION_COUNT] = {
    [ACTIVATION_QUADRATIC] = {"quadratic", quadratic},
    [ACTIVATION_RELU] = {"relu", relu},
    [ACTIVATION_GELU] = {"gelu", gelu},
    [ACTIVATION_SILU] = {"silu", silu},
    [ACTIVATION_SOFTPLUS] = {"softplus", softplus},
    [ACTIVATION_ELU] = {"elu", elu},
    [ACTIVATION_ABS] = {"abs", absolute},
    [ACTIVATION_TANH] = {"tanh", tangent},
    [ACTIVATION_ERF] = {"erf", error_function},
    [ACTIVATION_COS] = {"cos", cosine},
    [ACTIVATION_STEEP_TANH] = {"steep_tanh", steep_tangent},
    [ACTIVATION_HERMITE] = {"hermite", hermite},
};

const char *activation_name(ActivationId id)
{
    assert(id >= 0 && id < ACTIVATION_COUNT);
    return activations[id].name;
}

void activation_block(const Activation *activation, const double z[], int count, double value[],
                      double derivative[])
{
    assert(activation->id >= 0 && activation->id < ACTIVATION_COUNT && count >= 0);
    activations[activation->id].kernel(activation->coefficient, z, count, value, derivative);
}
