#include "phasesweep/numerics/faddeeva.h"

#include <math.h>
#include <string.h>

#include "phasesweep/base/clones.h"

enum { TERMS = 32 };

/* sqrt(TERMS / sqrt(2)), and the Fourier coefficients of exp(-s^2) (scale^2 + s^2) in the angle
 * of (scale + i s)/(scale - i s): Weideman's recipe in 40 digits. */
static const double scale = 4.75682846001088427;
static const double coefficient[TERMS] = {
    2.5722534081245693,      2.2635372999002678,      1.8256696296324813,
    1.3455441692345451,      0.90192548936479998,     0.54601397206393423,
    0.29544451071508732,     0.14060716226893785,     0.057304403529837191,
    0.019006155784845476,    0.0045195411053492856,   0.00039259136070078965,
    -0.00024532980270018119, -0.00013075449254609854, -2.1409619201818263e-5,
    6.821031944000645e-6,    4.4015317315303742e-6,   4.2558331373556316e-7,
    -4.1840763711855293e-7,  -1.481307891793793e-7,   2.2930439030891306e-8,
    2.3797556704926332e-8,   8.1248891740501905e-10,  -3.2080152206021089e-9,
    -5.2310221157958813e-10, 4.1537422837681178e-10,  1.1658238505513269e-10,
    -5.544247434751948e-11,  -2.1543623534540259e-11, 8.0303941233429979e-12,
    3.7410343579709147e-12,  -1.3033481245090925e-12};

/* All lanes at once: loops over them around one over terms are not made vectors of. */
typedef double Eight __attribute__((vector_size(FADDEEVA_LANES * sizeof(double))));

CLONES
void faddeeva_row(const double x[FADDEEVA_LANES], double y, double re[FADDEEVA_LANES],
                  double im[FADDEEVA_LANES])
{
    const double inverse_root_pi = 0.5 * M_2_SQRTPI;
    Eight u;
    memcpy(&u, x, sizeof u);
    /* v = 1/(scale - i z), and Z = (scale + i z) v, of modulus at most 1 */
    const Eight below = 1.0 / ((scale + y) * (scale + y) + u * u);
    const Eight v_re = (scale + y) * below;
    const Eight v_im = u * below;
    const Eight ratio_re = ((scale - y) * (scale + y) - u * u) * below;
    const Eight ratio_im = 2.0 * scale * v_im;
    /* a polynomial of real coefficients, divided by that of the roots Z and conj Z */
    const Eight twice = 2.0 * ratio_re;
    const Eight square = ratio_re * ratio_re + ratio_im * ratio_im;
    Eight last = {0};
    Eight before = {0};
#pragma GCC unroll 32
    for (int k = TERMS - 1; k > 0; k--) {
        const Eight next = coefficient[k] - square * before + twice * last;
        before = last;
        last = next;
    }
    const Eight sum_re = coefficient[0] - square * before + ratio_re * last;
    const Eight sum_im = ratio_im * last;
    const Eight real = 2.0 * (sum_re * v_re - sum_im * v_im) + inverse_root_pi;
    const Eight imag = 2.0 * (sum_re * v_im + sum_im * v_re);
    const Eight w_re = real * v_re - imag * v_im;
    const Eight w_im = real * v_im + imag * v_re;
    memcpy(re, &w_re, sizeof w_re);
    memcpy(im, &w_im, sizeof w_im);
}
