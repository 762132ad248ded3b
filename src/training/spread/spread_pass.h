/* spread_pass.h - one pass over the data where the matrices are spread over a grid.  Private to
 * src/training/spread.
 *
 * The same as training_pass.h: outputs of the network, the next dual vector v, B = sum v_mu
 * Z_mu. Rank (i, j) of the grid has S_IJ and B_IJ, and of a panel of samples it takes x_I and
 * x_J: x^T S x = sum over ranks of x_I^T S_IJ x_J,    B_IJ += x_I diag(v) x_J^T. Two sums over
 * the team travel for each panel, of one number a sample; nothing else does.  A pass is n d^2
 * flops for either product, parted evenly.
 */
#ifndef PHASESWEEP_TRAINING_SPREAD_PASS_H
#define PHASESWEEP_TRAINING_SPREAD_PASS_H

#include "convex/training_pass.h"
#include "lower_triangle.h"
#include "panel.h"

typedef struct SpreadPass {
    MPI_Comm team;                 /* borrowed */
    const Dataset *data;           /* borrowed */
    const DistMatrix *shape;       /* borrowed; any matrix on the grid */
    const LowerTriangle *triangle; /* borrowed */
    Panel panel;                   /* owned, as all below */
    double *vector;                /* [rows] v */
    double *memory[HISTORY];       /* [rows] */
    float *network_single;         /* [local entries] */
    void *left, *right, *scaled;   /* x_I, x_J and v x_J of a panel, in either precision */
    void *product;                 /* a strip of results, of S x_J and of B_IJ */
    double *out, *dual;            /* [samples of a panel] x^T S x, v */
} SpreadPass;

/* Collective on team.  Release with spread_pass_free, collective too. */
SpreadPass spread_pass_create(MPI_Comm team, const Dataset *data, const DistMatrix *shape,
                              const LowerTriangle *triangle);
void spread_pass_free(SpreadPass *pass);

/* Local.  Bytes beside the samples, of a rank with so many rows and columns of the matrices, on
 * a team of `ranks`. */
size_t spread_pass_memory(int d, int64_t samples, int ranks, int rows, int columns);

/* Collective on the team.  network: S, folded (lower_triangle.h).  Returns the sums, on all
 * ranks, and leaves the lower triangle of B in gram. */
PassSums spread_pass_run(SpreadPass *pass, const PassPlan *plan, const DistMatrix *network,
                         DistMatrix *gram);

#endif
