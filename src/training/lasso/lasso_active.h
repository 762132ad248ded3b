/* lasso_active.h - linear systems on active sets that change a little from one to the next.
 *
 * A Cholesky factor of G on a set B serves the sets near it: with columns A added to B and R
 * taken away, G v = b on B - R + A is the bordered system
 *     [ G_BB   G_BA  E_R ] [v_B]   [b_B]
 *     [ G_AB   G_AA   0  ] [v_A] = [b_A]        (mu enforces v_R = 0)
 *     [ E_R^T   0     0  ] [ mu]   [ 0 ],
 * whose Schur complement has one row for each column that changed.  Its rows need U^-1 times a
 * column of G or of the identity, which is kept as long as the factor is: on a chain most
 * systems cost a few substitutions instead of a factorisation.
 */
#ifndef PHASESWEEP_TRAINING_LASSO_ACTIVE_H
#define PHASESWEEP_TRAINING_LASSO_ACTIVE_H

#include <stdbool.h>

#include "lasso_gram.h"

typedef struct ActiveSystem {
    GramFactor base;
    int factorisations; /* so far */
    int slots;          /* columns of the border known so far */
    int capacity;
    int *column;   /* [capacity] column of G for each slot; owned */
    double *y;     /* base.size x capacity: U^-1 G_BA or U^-1 E_R; owned */
    double *schur; /* capacity x capacity, by column; owned */
} ActiveSystem;

/* Local.  Leaves *system empty. */
void active_free(ActiveSystem *system);

/* Collective on the team of gram, whose state came before.  The factor itself is made again. */
void active_state(const Gram *gram, ActiveSystem *system, StateVisitor *visitor);

/* Collective on the team of gram.  Solve on the columns index[size], ascending, size > 0;
 * b[size] becomes the solution, the same on all ranks.  False if the matrix is not positive
 * definite. */
bool active_solve(const Gram *gram, ActiveSystem *system, const int index[], int size,
                  double b[]);

#endif
