#include "spread_kernels.h"

#include <string.h>

#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/lapack.h"

#define REAL double
#define NAME(x) x##_double
#define KERNELS spread_double
#define GEMM dgemm_
#define ACCUMULATES 1
#include "spread_kernels_body.h"
#undef REAL
#undef NAME
#undef KERNELS
#undef GEMM
#undef ACCUMULATES

#define REAL float
#define NAME(x) x##_single
#define KERNELS spread_single
#define GEMM sgemm_
#define ACCUMULATES 0
#include "spread_kernels_body.h"
