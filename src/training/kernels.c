#include "kernels.h"

#include <math.h>

#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/lapack.h"

CLONES
void round_to_single(const double from[], size_t count, float to[])
{
    for (size_t k = 0; k < count; k++) {
        to[k] = (float)from[k];
    }
}

CLONES
void add_multiple(double factor, const double a[], double sum[], int count)
{
#pragma omp simd
    for (int i = 0; i < count; i++) {
        sum[i] += factor * a[i];
    }
}

#define REAL double
#define NAME(x) x##_double
#define KERNELS kernels_double
#define GEMM dgemm_
#define SYRK dsyrk_
#define ACCUMULATES 1
#include "kernels_body.h"
#undef REAL
#undef NAME
#undef KERNELS
#undef GEMM
#undef SYRK
#undef ACCUMULATES

#define REAL float
#define NAME(x) x##_single
#define KERNELS kernels_single
#define GEMM sgemm_
#define SYRK ssyrk_
#define ACCUMULATES 0
#include "kernels_body.h"
