/* descent.h - weights on their way down, private to descent*.c.
 *
 * The loss is L = (1/m) sum r^2 + (lambda/n) |weights|^2 over the m rows of a batch.  Variables
 * and what is their gradient here, with time tau and l of flow.h:
 *     quadratic  F = W^T/(p d)^(1/4), d x p by column:  g = l F - (d/(2 m)) sum r Z F
 *     diagonal   a, w [2 d]:  g_a = l a - (1/m) (X^T r) w,  g_w likewise with a,  theta = a
 * w/sqrt(d) so that gradient descent is F -= dtau g, in plain weights a step size of dtau d
 * sqrt(p d)/8, diagonal dtau sqrt(d)/2.
 */
#ifndef PHASESWEEP_TRAINING_DESCENT_H
#define PHASESWEEP_TRAINING_DESCENT_H

#include "phasesweep/training/trainer.h"
#include "factored/narrow_pass.h"
#include "batch.h"

/* Saved in a checkpoint as it is. */
typedef struct DescentProgress {
    int64_t step;   /* steps made since the start */
    int64_t target; /* of the point in hand */
    int64_t begun;  /* where that began */
    int lost;       /* not finite any more */
} DescentProgress;

typedef struct DescentWork {
    MPI_Comm team; /* borrowed */
    int rank, ranks;
    const Dataset *data; /* borrowed */
    Problem problem;     /* in hand */
    TrainerSettings settings;
    bool matrix, late;
    int d, p;
    size_t count;     /* of variables */
    double decay;     /* l */
    double *x;        /* [count] variables, the same on all ranks; owned, as all below */
    double *gradient; /* [count] g */
    double *first;    /* [count] running means of Adam, of g and of its squares; NULL: none */
    double *second;
    double *sum; /* diagonal: [d] X^T r, then theta [d] and a strip's product */
    Batch batch;
    NarrowPass pass; /* quadratic */
    DescentProgress progress;
} DescentWork;

/* Local.  The weights at time 0: as flow.h says, with rows of RNG_PROBE. */
void descent_draw(DescentWork *work);

/* Collective.  g at x over the batch in hand, the same on all ranks; returns sum r^2 of all
 * ranks. */
double descent_gradient(DescentWork *work);

/* Local.  One step along -g, number progress.step. */
void descent_move(DescentWork *work);

/* Collective.  X^T r [d] and sum r^2 of the diagonal network over rows, on all ranks. */
double descent_vector_pass(const DescentWork *work, const Dataset *rows, const double theta[],
                           double sum[]);

/* Local.  theta [d] of a and w. */
void descent_theta(const DescentWork *work, double theta[]);

/* Collective.  Loss, gap and sums of the diagonal network, on rank 0. */
void descent_describe_vector(DescentWork *work, Observed *observed, double spectrum[]);

#endif
