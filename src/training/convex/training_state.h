/* training_state.h - what the parts of a training share; private to training*.c.
 *
 * Rank 0 of the team holds the matrices and decides; all ranks hold their rows of v and follow.
 * A checkpoint holds all of this but what can be drawn again, so that a resumed training
 * repeats the same iterates.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_STATE_H
#define PHASESWEEP_TRAINING_TRAINING_STATE_H

#include "phasesweep/parallel/active_eigen.h"
#include "phasesweep/parallel/core_lending.h"
#include "phasesweep/training/trainer.h"
#include "interior.h"
#include "training_progress.h"

typedef struct TrainingWork {
    MPI_Comm team; /* borrowed */
    int rank;      /* in team */
    int d;
    Problem problem; /* in hand */
    TrainerSettings settings;
    const Dataset *data; /* borrowed */
    Pass pass;
    Eigen eigen;
    ActiveEigen active;
    Descent descent;    /* rank 0 */
    Interior *interior; /* rank 0, NULL until it is needed */
    Cores cores;        /* lent to it, found when they first are */
    Progress progress;  /* rank 0, but for plan.rank, which all know */
    int limit;          /* passes of the point */
    Outcome outcome;    /* of the point; rank 0 */
    double *factor;     /* d x d; the network, on all ranks; owned as below */
    double *matrix;     /* d x d; of the eigenproblem */
    double *values;     /* [d] */
    bool started;       /* there is an iterate; the same on all ranks, as below */
    bool gathered;      /* rank 0 has the interior */
} TrainingWork;

#endif
