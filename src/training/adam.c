#include "adam.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/base/clones.h"

/* As published. */
static const double keep_first = 0.9;
static const double keep_second = 0.999;
static const double floor_of_root = 1e-8;

CLONES
static void move(size_t count, double step, double scale, double floor, const double gradient[],
                 double first[], double second[], double x[])
{
#pragma omp simd
    for (size_t k = 0; k < count; k++) {
        first[k] = keep_first * first[k] + (1.0 - keep_first) * gradient[k];
        second[k] = keep_second * second[k] + (1.0 - keep_second) * gradient[k] * gradient[k];
        x[k] -= step * first[k] / (sqrt(scale * second[k]) + floor);
    }
}

void adam_move(const AdamStep *adam, size_t count, const double gradient[], double first[],
               double second[], double x[])
{
    assert(adam->steps >= 1 && adam->slope > 0.0);
    const double steps = (double)adam->steps;
    /* both means go with the slope: only the floor feels it */
    move(count, adam->rate / (1.0 - pow(keep_first, steps)),
         1.0 / (1.0 - pow(keep_second, steps)), floor_of_root / adam->slope, gradient, first,
         second, x);
}
