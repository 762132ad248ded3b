#include "narrow_kernels.h"

#include <assert.h>

#include "phasesweep/base/clones.h"

/* A cache line: what is read at once. */
enum { LINE = 64 };

/* Rows and columns whose sums fill the registers; lines of a column that stay in the nearest
 * cache while the groups of a strip go by. */
enum { GROUP = 4, TOGETHER = 4, PIECE_LINES = 32 };

#define INLINE static inline __attribute__((always_inline))

#define REAL double
#define NAME(x) x##_double
#define KERNELS narrow_double
#include "narrow_kernels_body.h"
#undef REAL
#undef NAME
#undef KERNELS

#define REAL float
#define NAME(x) x##_single
#define KERNELS narrow_single
#include "narrow_kernels_body.h"
