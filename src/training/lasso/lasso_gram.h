/* lasso_gram.h - the Gram matrix of data columns, spread over a team, and its Cholesky factor.
 *
 * The matrix grows at the end.  Its upper triangle is cut into panels of GRAM_PANEL columns,
 * dealt to the ranks in turn; a panel holds the rows down to its own diagonal block, so that
 * growth never touches an older panel.  The factor of a principal submatrix keeps the columns
 * with their owners: G = U U^T, U upper, from the last column block to the first.  A finished
 * block is broadcast and its product with itself taken off the blocks on its left, each rank's
 * own: upper panels need no row that another rank holds.
 */
#ifndef PHASESWEEP_TRAINING_LASSO_GRAM_H
#define PHASESWEEP_TRAINING_LASSO_GRAM_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "checkpoint.h"

enum { GRAM_PANEL = 128 };

typedef struct Gram {
    MPI_Comm team;   /* borrowed */
    int rank, ranks; /* of the team */
    int size;        /* columns covered so far */
    double shift;    /* added to the diagonal in factors and entries */
    int panels;      /* ceil(size / GRAM_PANEL) */
    double **panel;  /* [panels] column-major, (k + 1) GRAM_PANEL rows, or NULL where another
                        rank owns it; owned */
} Gram;

/* Local apart from asking team for rank and size.  An empty matrix. */
Gram gram_create(MPI_Comm team);

/* Local.  Leaves *gram empty. */
void gram_free(Gram *gram);

/* Collective on the team.  Cover `size` columns of the matrix whose rows are spread over the
 * team: x is rows x (at least size) by column, leading dimension ld. */
void gram_extend(Gram *gram, const double *x, int rows, int ld, int size);

/* Collective on the team.  Take over a sum over the ranks of d x d matrices, upper triangle,
 * by column; `partial` is this rank's term. */
void gram_collect(Gram *gram, const double *partial, int d);

/* Collective on the team.  out = G v over the leading `size` columns; v, and out to the
 * bit, the same on all ranks. */
void gram_apply(const Gram *gram, int size, const double v[], double out[]);

/* Collective on the team.  out [rows x columns] by column: entries of G at these indices, in
 * any order. */
void gram_entries(const Gram *gram, const int row[], int rows, const int column[], int columns,
                  double out[]);

/* Collective on the team.  The panels, each with its owner. */
void gram_state(Gram *gram, StateVisitor *visitor);

typedef struct GramFactor {
    int size;   /* order of the submatrix; 0: none */
    int *index; /* [size] its columns in the Gram matrix, ascending; owned */
    int blocks;
    int *begin;  /* [blocks + 1] first position of each block in index; owned */
    int *owner;  /* [blocks] rank; owned */
    int columns; /* held by this rank */
    double *u;   /* size x columns by column; owned */
} GramFactor;

/* Local.  Leaves *factor empty. */
void gram_factor_free(GramFactor *factor);

/* Collective on the team.  Factor the submatrix of `index` (ascending, copied), replacing what
 * *factor held.  False, and *factor empty, if it is not positive definite. */
bool gram_factor(const Gram *gram, const int index[], int size, GramFactor *factor);

/* Collective on the team.  b [size x count] by column, the same on all ranks, becomes U^-1 b;
 * b [size] becomes U^-T b.  One after the other solves a system. */
void gram_forward(const Gram *gram, const GramFactor *factor, int count, double b[]);
void gram_backward(const Gram *gram, const GramFactor *factor, double b[]);

#endif
