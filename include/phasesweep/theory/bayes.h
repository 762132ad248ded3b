/* bayes.h - the Bayes-optimal risk of every model, all fixed points.
 *
 * R = mmse(t) of mmse.h closed by (E1): capacity t = R + noise, with overlaps.h's capacity
 * and noise (theory.md section 6).  The quadratic number holds for a teacher rotated at random
 * whose spectrum is known.  For diagonal and ridge the prior is the empirical law of the
 * coefficients; with and without random signs are two different numbers, and the caller says
 * which.  Weight decay and width play no part.
 *
 * mmse(t) does not depend on samples and noise: its values on a fixed grid in log t are kept
 * and tell where roots can be.  Between them it is tabulated, to 1e-8 of it, by polynomials
 * that points and chains share: a point costs no evaluation once its neighbourhood is known.
 * A tolerance below 1e-7 (the default is 1e-7) adds one or two evaluations at each root.
 *
 * Several roots are possible; those at an odd place, counted from R = 1, are stable.
 * The optimal one has the lowest free energy, found by integrating
 *     dPsi/dR = capacity (R - mmse) / (k (R + noise)^2),  k = 4 quadratic, else 2,
 * Psi being the mutual information of teacher and labels (per d^2, in all) up to a constant.
 * Without noise R = 0 is a root of free energy -infinity wherever it is stable.
 *
 * Nothing here communicates; results do not depend on what was asked before.
 */
#ifndef PHASESWEEP_THEORY_BAYES_H
#define PHASESWEEP_THEORY_BAYES_H

#include "phasesweep/base/interrupt.h"
#include "phasesweep/base/outcome.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/theory/mmse.h"

enum { BAYES_ROOTS = 9 };

typedef struct BayesRoot {
    double risk;             /* R */
    double delta;            /* delta or tau there; 0 if R = noise = 0 */
    double free_energy;      /* Psi minus that of the first root */
    double exponent_samples; /* d log R / d log n at fixed d; NAN if R = 0 */
    double residual;         /* relative error of (E1), that of the table included */
} BayesRoot;

typedef struct Bayes {
    Outcome outcome; /* CONVERGED, or NOT_CONVERGED if a residual exceeds the tolerance */
    int roots;       /* odd, 1 ... BAYES_ROOTS */
    BayesRoot root[BAYES_ROOTS]; /* R decreasing; [0] is what an iteration reaches from R = 1 */
    int optimal;                 /* index of the lowest free energy */
    int iterations;              /* values of mmse that were asked for, tabulated or not */
} Bayes;

/* What is known of mmse, of the last teacher and prior. */
typedef struct BayesWork BayesWork;

/* Local.  Release with bayes_free; that of NULL is harmless. */
BayesWork *bayes_create(void);
void bayes_free(BayesWork *work);

/* Local.  What asks whether to leave a point half done. */
void bayes_interrupt(BayesWork *work, Interrupt interrupt);

/* Local.  random_signs: read where the model has TRAIT_SIGNS. */
Bayes bayes_solve(BayesWork *work, const Problem *problem, bool random_signs);

/* Local.  The optimal root. */
static inline const BayesRoot *bayes_best(const Bayes *bayes)
{
    return &bayes->root[bayes->optimal];
}

#endif
