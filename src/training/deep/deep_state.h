/* deep_state.h - what the parts of a training of more layers share; private to deep*.c. */
#ifndef PHASESWEEP_TRAINING_DEEP_STATE_H
#define PHASESWEEP_TRAINING_DEEP_STATE_H

#include "phasesweep/training/trainer.h"
#include "deep_descent.h"
#include "ends.h"

typedef enum DeepStart {
    FROM_NEIGHBOUR,     /* the network of the weight before, on a chain */
    FROM_CONVEX,        /* the convex problem, by way of powers between */
    FROM_ZERO,          /* S = 0, by way of wider edges */
    FROM_INTERPOLATION, /* what nearly interpolates, by way of narrower edges */
    FROM_FEWER          /* the lowest end without its weakest feature, while that leads lower */
} DeepStart;

typedef enum DeepStage {
    DEEP_BLANK,   /* there is no network */
    DEEP_DESCENT, /* of a start */
    DEEP_LAST,    /* the lowest end goes through the data in double precision, */
    DEEP_MEASURE, /* and makes one more step, which is measured */
    DEEP_OVER
} DeepStage;

/* Of the lowest end. */
typedef struct DeepBest {
    double value;      /* F */
    double smoothness; /* L of the last step to it */
    int columns;       /* its rank */
} DeepBest;

/* Scalars of a point, those of rank 0; saved in a checkpoint as they are. */
typedef struct DeepProgress {
    DeepStage stage;
    DeepStart start;
    int rung, steps; /* of the penalties on the way, and steps on it */
    int passes;      /* of all starts together */
    bool cut;        /* a limit was reached */
    bool single;     /* passes are in single precision */
    DeepBest best;
    Ends ends;           /* of the starts followed so far */
    double stationarity; /* of the best */
    PassPlan plan;       /* of the last pass, as sums */
    PassSums sums;
} DeepProgress;

typedef struct DeepWork {
    MPI_Comm team; /* borrowed */
    int rank;      /* in team */
    int d;
    int limit, most; /* passes of this point, and of any */
    Problem problem; /* in hand */
    TrainerSettings settings;
    const Dataset *data; /* borrowed */
    Pass pass;
    Eigen eigen;
    Outcome outcome;
    DeepProgress progress;
    DeepDescent descent; /* rank 0 */
    double *factor;      /* d x d; the network of a pass, on all ranks; owned as below */
    double *matrix;      /* d x d; of the eigenproblem */
    double *values;      /* [d] */
    double *best;        /* d x best.columns; rank 0 */
} DeepWork;

/* Root only, all below.  Begin a point, from its neighbour if there is one. */
void deep_begin_starts(DeepWork *work, bool neighbour);

/* After a step: another precision, another penalty, another start or the last pass, if it is
 * time for it. */
void deep_look(DeepWork *work);

/* A limit is reached: the last pass comes next. */
void deep_cut(DeepWork *work);

/* The penalty of a descent whose pace is that of a checkpoint. */
void deep_resume(DeepWork *work);

#endif
