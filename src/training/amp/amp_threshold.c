/* What the model decides of the threshold; that on eigenvalues is in matrix_threshold.c. */
#include <assert.h>
#include <math.h>

#include "amp_model.h"

double amp_follow(const AmpStep *step, double b)
{
    return step->follow < 1.0 ? step->before + step->follow * (b - step->before) : b;
}

/* b (C - active) only grows with b, by jumps where a coefficient becomes inactive: the root is
 * w/(C - k) with the k largest active, or at the jump from k to k - 1. */
double amp_threshold_vector(const double magnitudes[], int d, double capacity, double weight)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    int k = 0;
    while (k < d && k < capacity && weight / (capacity - k) < magnitudes[k]) {
        k++;
    }
    const double jump = k > 0 ? magnitudes[k - 1] : INFINITY;
    return k < capacity ? fmin(weight / (capacity - k), jump) : jump;
}
