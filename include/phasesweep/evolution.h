/* evolution.h - fixed point of the state-evolution equations of the quadratic network.
 *
 * Unknowns: noise delta > 0 and threshold b >= 0 of theory.md section 2, equations (E1)
 * and (E2), alpha = n/d^2, for width p >= d, where the problem is convex and the solution
 * unique.  At fixed delta (E2) has one root b; what remains is a scalar root in delta.
 * Both are bracketed, so the solver cannot leave for a wrong root.
 *
 * Nothing here communicates or keeps state: equal arguments give bitwise equal results.
 */
#ifndef PHASESWEEP_EVOLUTION_H
#define PHASESWEEP_EVOLUTION_H

#include "outcome.h"
#include "problem.h"
#include "teacher.h"

typedef struct Evolution {
    Outcome outcome;    /* CONVERGED, NOT_CONVERGED, or FAILED (no bracket was found) */
    double  risk;       /* R = (1/d) |S - S*|^2, without Delta */
    double  delta;      /* > 0 */
    double  threshold;  /* b >= 0 */
    double  overlap_q;  /* int f^2 dmu = |S|^2 / d */
    double  overlap_m;  /* Tr S S* / d */
    double  trace;      /* Tr S / d */
    double  rank;       /* expected number of positive eigenvalues */
    double  objective;  /* training objective at its minimum */
    double  residual;   /* larger relative error of (E1) and (E2) */
    int     iterations; /* values of delta tried */
} Evolution;

/* Local.  Solve at `problem` (quadratic, width >= dimension, positive samples and weight);
 * teacher belongs to its source exponent and dimension.  CONVERGED means that residual is
 * at most problem->tolerance; not converging is a result to be archived, not an error. */
Evolution evolution_quadratic(const Teacher *teacher, const Problem *problem);

#endif
