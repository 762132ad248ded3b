/* narrow_state.h - what the parts of a narrow training share, private to narrow*.c. */
#ifndef PHASESWEEP_TRAINING_NARROW_STATE_H
#define PHASESWEEP_TRAINING_NARROW_STATE_H

#include "phasesweep/parallel/lbfgs.h"
#include "phasesweep/training/trainer.h"
#include "narrow_pass.h"

typedef enum NarrowStage {
    NARROW_SEARCH, /* a group of starts, coarsely */
    NARROW_POLISH, /* the lowest of them, or the neighbour's network, to the tolerance */
    NARROW_END
} NarrowStage;

/* Scalars of a point, the same on all ranks and saved in a checkpoint as they are. */
typedef struct NarrowProgress {
    NarrowStage stage;
    int first, group;       /* starts in hand: the first one, and how many */
    double lowest, highest; /* ends of the starts so far */
    int iterations;         /* of the lowest */
    int evaluations;        /* of all */
} NarrowProgress;

typedef struct NarrowWork {
    MPI_Comm team;   /* borrowed */
    int rank, ranks; /* of the team */
    int d, p;
    Problem problem; /* in hand */
    TrainerSettings settings;
    int limit;           /* evaluations of a descent */
    const Dataset *data; /* borrowed */
    NarrowPass pass;
    int together;       /* starts that descend side by side; owned as all below */
    LbfgsWork **lbfgs;  /* [together]; the first one goes on after the search */
    int *begin, *count; /* [ranks] each rank's share of the variables */
    double *factor;     /* d x p, together times; F by column, on all ranks */
    double *best;       /* [count] this rank's share of the lowest network */
    double *share;      /* [count] and of the one in hand */
    double weight;      /* lt */
    bool started;       /* there is a network */
    NarrowProgress progress;
} NarrowWork;

/* Collective on the team.  The network of these shares becomes the first factor. */
void narrow_gather(NarrowWork *work, const double share[]);

/* Local.  Stage and descents of a point that no checkpoint was in the midst of. */
void narrow_begin_point(NarrowWork *work);

/* Collective on the team.  One evaluation of every descent in hand, or a new stage. */
void narrow_step(NarrowWork *work);

/* Local.  Descents whose state matters now: the leading ones. */
int narrow_descents(const NarrowWork *work);

#endif
