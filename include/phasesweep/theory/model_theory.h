/* model_theory.h - what theory needs of a network: one row each, beside its row in model.h.
 *
 * Every network has a row.  Nobody tests for NULL: a network without some theory is without the
 * methods that ask for it (Model.methods).
 */
#ifndef PHASESWEEP_THEORY_MODEL_THEORY_H
#define PHASESWEEP_THEORY_MODEL_THEORY_H

#include "phasesweep/model/model.h"
#include "phasesweep/theory/mmse.h"
#include "phasesweep/theory/overlaps.h"

typedef struct ModelTheory {
    /* R(t, b) and D(t, b) with their derivatives */
    Overlaps (*overlaps)(OverlapsWork *work, double t, double b);
    /* the same where the penalty is |.|^q, q < 1; only of a network with layers */
    Overlaps (*overlaps_deep)(OverlapsWork *work, double t, double b);
    /* the same where coordinates of the rows have unequal variances; NULL: no theory */
    Overlaps (*overlaps_stretched)(OverlapsWork *work, double t, double b);
    Overlaps (*overlaps_blocks)(OverlapsWork *work, double t, double b);
    /* D at (t, b) from the other overlaps, and what rounding leaves of it: an answer is checked
     * by (E2) without the sums that solved it */
    double (*divergence)(const Overlaps *others, double t, double b, double *rounding);
    /* of the solution, times penalty_scale and weight: the penalty of the objective */
    double (*penalty)(const Overlaps *overlaps);
    /* Bayes-optimal: error of the teacher seen through noise of variance t */
    Denoised (*mmse)(Denoiser *denoiser, const Teacher *teacher, double t, bool signs);
    /* the same at a t far below smallest_t: of a spectrum whose s_i are never mistaken for each
     * other */
    Denoised (*mmse_apart)(double t, double dimension);
    /* most that mmse is over t: numbers to be learned, in units of the capacity */
    double (*unknowns)(double dimension);
    /* t below which nothing more can happen, for a smallest distance of neighbouring s_i */
    double (*smallest_t)(double gap, double dimension);
} ModelTheory;

/* Local.  The overlaps of a problem: of its network, the penalty of its depth and the law of
 * its rows. */
typedef Overlaps (*OverlapsFunction)(OverlapsWork *work, double t, double b);
OverlapsFunction overlaps_of(const Problem *problem);

/* Local.  k4 of the rows where it is of consequence, in the network of matrices; else 0. */
double matrix_kurtosis(const Problem *problem);

/* Local.  D of a network whose threshold jumps, `bias` = chi q times the penalty (theory.md
 * section 11), and what rounding leaves of it. */
double divergence_of_penalty(const Overlaps *others, double t, double bias, double *rounding);

/* Local.  Static. */
const ModelTheory *model_theory(ModelId id);

#endif
