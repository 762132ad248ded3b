/* neurons_state.h - what the parts of a training of neurons share, private to neurons*.c.
 *
 * F = sum (y - f)^2 + lambda (|W|^2 + |a|^2), without the latter where the readout is fixed.
 * Each start: Adam (Kingma & Ba 2015) over batches of whole quanta of rows, in an order that
 * seed, start and epoch make, then L-BFGS on all rows.  The variables are cut into shares as
 * even as can be; every rank has all of them for its rows.
 */
#ifndef PHASESWEEP_TRAINING_NEURONS_STATE_H
#define PHASESWEEP_TRAINING_NEURONS_STATE_H

#include "phasesweep/parallel/lbfgs.h"
#include "phasesweep/training/trainer.h"
#include "neurons_pass.h"
#include "neurons_pairs.h"

typedef enum NeuronsStage { NEURONS_ADAM, NEURONS_DESCENT, NEURONS_END } NeuronsStage;

/* Scalars of a point, the same on all ranks and saved in a checkpoint as they are. */
typedef struct NeuronsProgress {
    NeuronsStage stage;
    Outcome outcome;        /* of the lowest */
    int64_t step;           /* of Adam, in this start */
    int start, last;        /* in hand, and the last one */
    int iterations;         /* of the lowest, steps of Adam included */
    int evaluations;        /* of F on all rows and its gradient; epochs; of all starts */
    double lowest, highest; /* ends of the starts so far, F */
    double estimate;        /* of the lowest: what is left above a minimum nearby */
} NeuronsProgress;

typedef struct NeuronsWork {
    MPI_Comm team;   /* borrowed */
    int rank, ranks; /* of the team */
    int d, p, free;  /* free variables: W, and a if it is trained */
    Problem problem; /* in hand */
    TrainerSettings settings;
    const Dataset *data; /* borrowed */
    int64_t quanta, batches;
    int64_t steps; /* of Adam, a start */
    int limit;     /* evaluations of a descent */
    NeuronsPass pass;
    LbfgsWork *lbfgs;      /* owned as all below */
    int *begin, *count;    /* [ranks] each rank's share of the free variables */
    double *variables;     /* [d * p + p] W and a, on all ranks */
    double *share;         /* [count] this rank's, as all below */
    double *mean, *square; /* Adam's moments */
    double *slope;
    double *best;
    int64_t *order;    /* [quanta] of the epoch in hand */
    int64_t order_of;  /* epoch and start that it is of, -1: none */
    bool started;      /* there is a network */
    NeuronPairs pairs; /* of the last point; owned */
    NeuronsProgress progress;
} NeuronsWork;

/* Collective on the team.  The variables of these shares, on all ranks. */
void neurons_gather(NeuronsWork *work, const double share[]);

/* Local.  lambda |W|^2, and |a|^2 if it is free, of work->variables. */
double neurons_penalty(const NeuronsWork *work);

/* Local.  Stage of a point that no checkpoint was in the midst of. */
void neurons_begin_point(NeuronsWork *work);

/* Collective on the team.  One batch, one evaluation, or a new stage. */
void neurons_step(NeuronsWork *work);

/* Local.  End within a few steps. */
void neurons_hurry(NeuronsWork *work);

#endif
