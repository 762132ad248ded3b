/* Compiled with -ffast-math for the vectorised exp and log; no sum is formed here.
 *
 * A few units in the last place are lost against exp and log of the library.  Compressed sums
 * have larger errors.
 */
#include "phasesweep/numerics/power_law.h"

#include <math.h>

#include "phasesweep/base/clones.h"

CLONES
void power_law(double scale, double exponent, double first, int count, double out[])
{
#pragma omp simd
    for (int k = 0; k < count; k++) {
        out[k] = scale * exp(-exponent * log(first + k));
    }
}

CLONES
void power_law_at(double scale, double exponent, double first, const double offset[], int count,
                  double out[])
{
#pragma omp simd
    for (int k = 0; k < count; k++) {
        out[k] = scale * exp(-exponent * log(first + offset[k]));
    }
}
