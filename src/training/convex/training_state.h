/* training_state.h - what the parts of a training share; private to training*.c.
 *
 * Rank 0 of the team holds the matrices and decides; all ranks hold their rows of v and follow.
 * A checkpoint holds all of this but what can be drawn again, so that a resumed training
 * repeats the same iterates.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_STATE_H
#define PHASESWEEP_TRAINING_TRAINING_STATE_H

#include "phasesweep/training/trainer.h"
#include "interior.h"
#include "training_descent.h"
#include "training_pass.h"

typedef enum Stage {
    STAGE_DESCENT,  /* of training_descent.h, to the end */
    STAGE_INTERIOR, /* steps of interior.h; network and sums are older */
    STAGE_LANDED    /* the last network is that of the interior steps */
} Stage;

/* A gap and the pass after which it was certified. */
typedef struct Mark {
    double gap;
    int at;
} Mark;

/* Scalars of an iteration on rank 0, saved in a checkpoint as they are. */
typedef struct Progress {
    PassSums sums;          /* of the last pass */
    double bound;           /* best lower bound of the minimum, -infinity: none */
    double gap;             /* relative, of the last certificate */
    Mark mark, mark_before; /* of this point; from the latter on the rate is measured */
    double hard;            /* lt of the last point that interior steps took over, 0: none */
    double goal;            /* gap at which interior steps end */
    Stage stage;            /* the same on all ranks where a point begins */
    int iterations;         /* passes of this point, and interior steps */
    int unchecked;          /* passes since the last certificate */
    int single;             /* passes are in single precision */
    PassPlan plan;          /* of the last pass */
} Progress;

typedef struct TrainingWork {
    MPI_Comm team; /* borrowed */
    int rank;      /* in team */
    int d;
    Problem problem; /* in hand */
    TrainerSettings settings;
    int limit;           /* passes of a point */
    const Dataset *data; /* borrowed */
    Pass pass;
    Eigen eigen;
    Descent descent;    /* rank 0 */
    Interior *interior; /* rank 0, NULL until it is needed */
    Progress progress;  /* rank 0, but for plan.rank, which all know */
    Outcome outcome;    /* of the point; rank 0 */
    double *factor;     /* d x d; the network, on all ranks; owned as below */
    double *matrix;     /* d x d; of the eigenproblem */
    double *values;     /* [d] */
    bool started;       /* there is an iterate; the same on all ranks, as below */
    bool gathered;      /* rank 0 has the interior */
} TrainingWork;

#endif
