/* training_progress.h - where a convex training stands and when it ends: the same whether rank
 * 0 decides, who holds whole matrices, or all ranks alike.  Private to training*.c and spread/.
 *
 * Early passes are in single precision, where vector units do twice the work; whatever is
 * reported, certificate included, is computed in double.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_PROGRESS_H
#define PHASESWEEP_TRAINING_TRAINING_PROGRESS_H

#include "phasesweep/training/trainer.h"
#include "training_descent.h"

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

/* Scalars of an iteration, saved in a checkpoint as they are. */
typedef struct Progress {
    PassSums sums; /* of the last pass */
    double bound;  /* best lower bound of the minimum, -infinity: none */
    double gap;    /* relative, of the last certificate; NAN: something is not finite */
    Mark mark, mark_before; /* of this point; from the latter on the rate is measured */
    double at_zero;         /* F of S = 0 */
    double hard;            /* lt of the last point that interior steps took over, 0: none */
    double goal;            /* gap at which interior steps end */
    double early;   /* gap from which a better dual vector is looked for, over the tolerance;
                       1: none is */
    double tried;   /* gap at which that was done last, INFINITY: not yet */
    Stage stage;    /* the same on all ranks where a point begins */
    int iterations; /* passes of this point, and interior steps */
    int unchecked;  /* passes since the last certificate */
    int single;     /* passes are in single precision */
    int steady;     /* steps since the rank changed, to these; more where one is enough */
    int steady_rank, steady_negative;
    int failures;  /* Newton steps that gained too little, less those that gained enough */
    int pending;   /* the pass before a Newton step is done, the step is not */
    PassPlan plan; /* of the last pass */
} Progress;

/* Local, as all below.  Passes that a point may have. */
int training_limit(const TrainerSettings *settings);

/* Begin a point. */
void training_begin(Progress *progress, const TrainerSettings *settings);

/* A pass is done. */
void training_count(Progress *progress);

/* F of theory.md section 8 for the network of the last pass, lt = weight. */
double training_objective(const Progress *progress, int d, double weight);

/* Is its F above that of S = 0, or not finite?  Where message passing has run away it is by
 * many orders of magnitude, which a gradient would have to make good. */
bool training_worse_than_zero(const Progress *progress, int d, double weight);

/* S = 0 in the plan. */
void training_forget_network(Progress *progress);

/* Are the sums of the last pass finite? */
bool training_finite(const Progress *progress);

/* Is a certificate due?  It costs about 5 d^3, a pass n d^2: not oftener than costs a tenth. */
bool training_unproved(const Progress *progress, const Problem *problem, int limit);

/* The largest eigenvalue of B up to which a certificate matters: what waits for a gap, the end
 * or double precision, is then near.  INFINITY: in any case, to end or to say why not. */
double training_ceiling(const Progress *progress, const Problem *problem, int limit);

/* Instead of a certificate, where that eigenvalue is above the ceiling: the gap by the bounds
 * found before. */
void training_postpone(Progress *progress, const Problem *problem);

/* Refresh the gap from the largest eigenvalue of B; NAN if there is none. */
void training_certify(Progress *progress, const Problem *problem, double largest);

/* values [d]: from eigenvalues of B to those of (2/(d lt)) sum r_mu Z_mu.  None is above 1 at
 * the minimum, where v is a multiple of the residual r. */
void training_dual(const Progress *progress, int d, double weight, double values[]);

/* Is a step so short that nothing moves by more than the tolerance?  The gap bounds F alone,
 * and F - F* is quadratic in the error of S: a mixed iterate may be off by the root of the gap.
 */
bool training_short(double relative_move, double tolerance);

/* After a certificate: of the point; OUTCOME_RUNNING if it goes on. */
Outcome training_outcome(const Progress *progress, const Descent *descent, double tolerance,
                         int limit);

/* Leave single precision where it has done what it can; rounding in it is no proof. */
void training_refine(Progress *progress, const Descent *descent, double tolerance, int limit);

#endif
