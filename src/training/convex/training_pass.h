/* training_pass.h - one pass over the data, private to training*.c, narrow.c and
 * amp_quadratic.c.
 *
 * A pass takes the new network S = factor factor^T (less twice the columns that are negative),
 * makes its residual r = y - A(S) block by
 * block, mixes it with vectors of earlier passes into the next dual vector v, and forms
 * B = sum v_mu Z_mu from the same block while that is in cache:
 *     memory[slot] = residual_share r + previous_share v
 *     v            = sum_k share[k] memory[k]
 * Message passing and accelerated gradient differ in these shares only.
 *
 * With a linear unit y and A(S) are those that it leaves (linear_unit.h).
 *
 * v is kept by the rank that owns the rows and never travels; what travels are the factor,
 * to all, and B with the sums, to rank 0: d rank + d^2 numbers a pass, whatever n is.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_PASS_H
#define PHASESWEEP_TRAINING_TRAINING_PASS_H

#include <mpi.h>

#include "phasesweep/data/gaussian_rows.h"
#include "linear_unit.h"

/* Iterates that are mixed; a slot costs a d x d pair on rank 0 and a vector of rows. */
enum { HISTORY = 4 };

/* What rank 0 decides for a pass; sent to the team as bytes. */
typedef struct PassPlan {
    int rank;     /* columns of factor, 0 ... d */
    int slot;     /* of memory, written by this pass */
    int single;   /* arithmetic in single precision */
    int negative; /* columns that count with a minus, the last ones */
    double trace; /* Tr S */
    double below; /* sum of |eigenvalues| of those columns */
    double residual_share, previous_share;
    double share[HISTORY]; /* 0 for slots not in use */
} PassPlan;

/* Sums over all samples, on rank 0. */
typedef struct PassSums {
    double residual; /* r.r */
    double move;     /* |v - r|^2 with the v before the pass */
    double sum;      /* sum v, of the new v as all below */
    double label;    /* v.y */
    double square;   /* v.v */
} PassSums;

typedef struct Pass {
    MPI_Comm team;           /* borrowed */
    const Dataset *data;     /* borrowed */
    LinearUnit *unit;        /* NULL: none; of whoever set it */
    double *vector;          /* [rows] v; owned as all below */
    double *memory[HISTORY]; /* [rows] */
    double *gram;            /* d x d; B on rank 0 after a pass, lower triangle */
    double *block;           /* [block_rows * d] each */
    double *product, *packed;
    float *block_single, *product_single, *packed_single;
    float *factor_single, *gram_single; /* d x d */
} Pass;

/* Local.  Release with pass_free. */
Pass pass_create(MPI_Comm team, const Dataset *data);
void pass_free(Pass *pass);

/* Local.  Bytes of a Pass, its samples apart. */
size_t pass_memory(const SamplesSpec *spec, int ranks);

/* Collective on the team.  factor [d * rank] and plan are the same on all ranks.  Returns the
 * sums and leaves B in gram on rank 0. */
PassSums pass_run(Pass *pass, const PassPlan *plan, const double factor[]);

/* Local.  From outputs x^T S x of a block, out [rows], and their mean Tr(Sigma S) to its new v;
 * adds to the sums.  vector and memory [HISTORY] are of the rows that block.offset counts. */
void pass_mix(const PassPlan *plan, int d, double mean, const SampleBlock *block,
              const double out[], double vector[], double *const memory[HISTORY],
              PassSums *sums);

/* Local.  The bound of theory.md section 8 from nu = s (2/d^2) v at its best scale s.  The dual
 * there is
 *     s linear - s^2 square / 2,  linear = (2/d^2) v.y,  square = (d^2/2) (2/d^2)^2 |v|^2,
 * feasible while
 *     (2/d^2) s lambda_max(B) <= lt/d.
 * weight is lt, largest is lambda_max(B). */
double pass_dual_bound(const PassSums *sums, int d, double weight, double largest);

/* Local.  The largest lambda_max(B) with which that bound reaches `goal`; INFINITY where any
 * does, -INFINITY where none. */
double pass_dual_ceiling(const PassSums *sums, int d, double weight, double goal);

#endif
