/* linear_unit.h - weights w and a bias c beside S, f = Tr S Z + w.x + c, without a penalty:
 * what labels of real data have and a square does not.  Private to training*.c.
 *
 * For every S the best (c, w) is least squares on the columns of U = [1 x], so that the
 * residual is P (y - A(S)), P = I - U (U^T U)^-1 U^T.  Training S on labels P y and outputs P
 * A(S) is the same convex problem with P A for A, and its certificate is the same with dual
 * vectors in the range of P (theory.md section 13): both are made of residuals, which are.
 */
#ifndef PHASESWEEP_TRAINING_LINEAR_UNIT_H
#define PHASESWEEP_TRAINING_LINEAR_UNIT_H

#include <mpi.h>
#include <stdbool.h>

#include "phasesweep/data/dataset.h"

typedef struct LinearUnit {
    MPI_Comm team;       /* borrowed */
    const Dataset *data; /* borrowed */
    int columns;         /* of U, d + 1 */
    bool regular;      /* U has full rank and fewer columns than rows; the same on all ranks */
    double *factor;    /* columns x columns, Cholesky factor of U^T U, upper; owned as below */
    double *labels;    /* [rows] P y */
    double *of_labels; /* [columns] c, w of y */
    double *fit;       /* [columns] U^T out so far, then c, w of out */
    double *weights;   /* [columns] c, w of the network of the last pass */
} LinearUnit;

/* Collective on the team: passes over the rows.  Release with linear_unit_free, which takes
 * NULL. Not regular: nothing can be trained; so it is where columns of U nearly depend on each
 * other. */
LinearUnit *linear_unit_create(MPI_Comm team, const Dataset *data);
void linear_unit_free(LinearUnit *unit);

/* Local.  Bytes of one on a rank of so many rows. */
size_t linear_unit_memory(double d, double rows);

/* From outputs of all rows to P of them: begin, add every block, solve, take away from every
 * block; out [block.rows].  To solve is collective on the team: weights are then those of y -
 * scale (out - mean). */
void linear_unit_begin(LinearUnit *unit);
void linear_unit_add(LinearUnit *unit, const SampleBlock *block, const double out[]);
void linear_unit_solve(LinearUnit *unit, double scale, double mean);
void linear_unit_take_away(LinearUnit *unit, const SampleBlock *block, double out[]);

/* Local.  E (w.x + c)^2 over fresh rows. */
double linear_unit_square(const LinearUnit *unit);

#endif
