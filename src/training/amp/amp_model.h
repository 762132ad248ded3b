/* amp_model.h - what a model is to message passing; private to amp*.c.
 *
 * Sums over all samples and everything about S live on rank 0; the team shares the rows.
 */
#ifndef PHASESWEEP_TRAINING_AMP_MODEL_H
#define PHASESWEEP_TRAINING_AMP_MODEL_H

#include "phasesweep/data/covariance.h"
#include "phasesweep/numerics/roots.h"
#include "phasesweep/numerics/threshold.h"
#include "phasesweep/training/trainer.h"

/* One iteration, on rank 0. */
typedef struct AmpStep {
    /* set by the caller: k; the last b, and the share of the way from it to that of M which is
     * gone; see amp_floor */
    double keep, before, follow, hold;
    /* set by the step */
    double threshold;                         /* b */
    double move;                              /* |S' - S| where |S*| = 1 */
    double risk, trace, overlap_q, overlap_m; /* of S', as in Observed */
    double penalty;                           /* sum |f|^q / d; |theta|_q^q */
    int rank;
    double residual; /* |y - A(S')|^2 */
    double square;   /* |z|^2 after the step */
} AmpStep;

typedef struct AmpModel {
    /* Collective on the team.  Draw the data. */
    void *(*create)(MPI_Comm team, const Dataset *data, const Problem *problem,
                    const TrainerSettings *settings);
    /* Collective on the team, as all below. */
    void (*release)(void *state);
    /* S = 0, z = y, for a weight in the notation of overlaps.h; |y|^2 on rank 0. */
    double (*begin)(void *state, double weight);
    /* False if numbers have become infinite; all ranks agree. */
    bool (*step)(void *state, AmpStep *step);
    /* spectrum [d] on rank 0, of the last S'; returns the feature overlap. */
    double (*observe)(void *state, double spectrum[]);
    Network (*network)(const void *state);
    /* What the next step depends on. */
    void (*state)(void *state, StateVisitor *visitor);
    size_t (*memory)(const Problem *problem, int ranks, SampleStore store);
} AmpModel;

extern const AmpModel amp_quadratic;
extern const AmpModel amp_diagonal;

/* Local.  The threshold of a step where M asks for b. */
double amp_follow(const AmpStep *step, double b);

/* Local.  Where a threshold with its edge at b jumps, what was active in the step before stays
 * so down to here: from b at hold = 0 to nearly the end of the branch of f that is not 0 at 1.
 * At a fixed point the gradient vanishes all the same, though 0 may be lower for what is held.
 */
double amp_floor(const Threshold *threshold, const AmpStep *step, double b);

/* Local.  Root b of b(C - active) = w for d decreasing magnitudes of coefficients; exact. */
double amp_threshold_vector(const double magnitudes[], int d, double capacity, double weight);

/* Local.  theta [d] = argmin_w 1/2 w^T Sigma w - w^T D^(1/2) pull + b |w|_1 of features in
 * blocks (covariance.h), b > 0, to rounding; how many of it are not 0 is returned: D. */
int amp_threshold_blocks(const Covariance *sigma, const double pull[], double b,
                         double theta[]);

/* Of the root b of b (C - D) = w where every b asks for a D of its own. */
typedef struct AmpSearch {
    double capacity, weight;
    Bracket bracket; /* of x = log b */
    double x;        /* of the trial, or the root */
    double last; /* x of the trial before, and b (C - D)/w - 1 there; NAN before the first */
    double error;
    int trials;
} AmpSearch;

/* Local.  The first trial: the threshold of the step before, if any. */
AmpSearch amp_search_begin(double before, double capacity, double weight);

/* Local.  With D of the trial: true if x is the next one, false if it is the root.  A D that
 * jumps there closes the bracket. */
bool amp_search_goes_on(AmpSearch *search, double divergence);

/* Local.  D of a threshold that jumps, with its edge at b, for magnitudes whose noise is of
 * size tau; and the root of chi (C - D) = w. */
double amp_divergence_jump(const Threshold *threshold, const double magnitudes[], int d,
                           double tau, double b);
double amp_threshold_jump(const Threshold *threshold, const double magnitudes[], int d,
                          double tau, double capacity, double weight);

#endif
