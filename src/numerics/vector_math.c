#include "phasesweep/numerics/vector_math.h"

#include <math.h>

#include "phasesweep/base/clones.h"

CLONES
void vector_power(const double x[], int count, double exponent, double out[])
{
#pragma omp simd
    for (int k = 0; k < count; k++) {
        out[k] = exp(exponent * log(x[k]));
    }
}

CLONES
void vector_normal(const double f[], const double h[], const double weight[], int count,
                   double t, double tau, double z[], double mass[])
{
    const double inverse = 1.0 / tau;
#pragma omp simd
    for (int k = 0; k < count; k++) {
        z[k] = (f[k] + h[k] - t) * inverse;
        mass[k] = weight[k] * exp(-0.5 * z[k] * z[k]);
    }
}

CLONES
static void square_root(const double re[], const double im[], int count, double root_re[],
                        double root_im[])
{
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double size = sqrt(re[k] * re[k] + im[k] * im[k]);
        const double large = sqrt(0.5 * (size + fabs(re[k])));
        const double small = 0.5 * im[k] / large;
        root_re[k] = re[k] >= 0.0 ? large : fabs(small);
        root_im[k] = re[k] >= 0.0 ? small : copysign(large, im[k]);
    }
}

CLONES
void vector_root(const double re[], const double im[], int count, int order, double root_re[],
                 double root_im[])
{
    const double inverse = 1.0 / order;
    if (order == 2) {
        square_root(re, im, count, root_re, root_im);
        return;
    }
#pragma omp simd
    for (int k = 0; k < count; k++) {
        const double size = exp(0.5 * inverse * log(re[k] * re[k] + im[k] * im[k]));
        const double angle = inverse * atan2(im[k], re[k]);
        root_re[k] = size * cos(angle);
        root_im[k] = size * sin(angle);
    }
}
