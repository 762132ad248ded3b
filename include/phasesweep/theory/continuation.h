/* continuation.h - fixed points of the state-evolution equations, every model, any width.
 *
 * Unknowns: noise delta (tau) > 0 and threshold b > 0 of overlaps.h, equations (E1) and (E2).
 * Unless a width p < d cuts the quadratic network, training is convex and the solution unique:
 * a cold start brackets it, so it cannot land on a wrong root.  Points after the first of a
 * chain start from their neighbour and its exact derivatives; Newton's method with the exact
 * Jacobian finishes both.  For p < d the solution is the branch reached from p = d by lowering
 * p over whole numbers; where that branch ends in a fold, it goes on from the solution that the
 * iteration of the equations would find.
 *
 * Accuracy.  A converged point has a residual of at most problem->tolerance, in practice 1e-9
 * down to 1e-13.  Compressed spectra and quadrature change R, delta and b by less than 1e-10 of
 * their values (against exact sums at d = 1e4 in test_robust).  The exponents are derivatives
 * of the same sums: right to 1e-6 for n_eff >= 1; at n_eff << 1, where R = 1, to about 1e-3.
 *
 * Nothing here communicates; the same sequence of calls gives bitwise equal results.
 *
 * Outcomes.  NOT_CONVERGED keeps the best iterate and its residual; FAILED means that no
 * bracket was found or a number is not finite.  Neither stops a sweep.
 */
#ifndef PHASESWEEP_THEORY_CONTINUATION_H
#define PHASESWEEP_THEORY_CONTINUATION_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/interrupt.h"
#include "phasesweep/base/outcome.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/theory/overlaps.h"

/* One solved point.  Normalisation of theory.md sections 2, 3 and 10; for FAILED only
 * iterations, residual and outcome mean anything. */
typedef struct Evolution {
    Outcome outcome;         /* CONVERGED, NOT_CONVERGED, or FAILED (no number can be given) */
    double delta;            /* > 0; tau for diagonal and ridge */
    double threshold;        /* of eigenvalues or coefficients, b + shift; > 0 but for k4 < 0 */
    Overlaps overlaps;       /* at (delta, b) */
    double train_loss;       /* data term of the objective */
    double objective;        /* training objective at its minimum, normalised as in theory.md */
    double exponent_samples; /* d log R / d log n at fixed d, weight decay */
    double exponent_weight_decay; /* d log R / d log lambda at fixed d, n */
    double steepness; /* d log(R + noise) / d log t along (E2): of one iteration of (E1); below
                         1 at a solution that it converges to */
    double stability; /* sum E eta'^2 / n without the jump; NAN of a matrix */
    int solutions;    /* found, of those that the iteration converges to; 1: unique */
    double risk_uninformed; /* of the one reached from R = 1 */
    double residual;        /* relative error of (E1), and of (E2) relative to its capacity, or
                               what quadrature loses if that is more */
    int iterations;         /* evaluations of the overlaps */
} Evolution;

/* A solved point from which a neighbour starts.  Both parameters in natural logarithms,
 * weight and n up to constant factors. */
typedef struct EvolutionTrack {
    bool valid;
    double log_n, log_weight;           /* where */
    double log_t, log_r;                /* the solution, r = b / delta */
    double slope_n[2], slope_weight[2]; /* d (log t, log r) / d log n, d log weight */
} EvolutionTrack;

/* The two previous points of a chain, at p >= d. */
typedef struct Track {
    EvolutionTrack last, before;
} Track;

/* What a chain of points shares.  One for each thread or rank: nothing in it may be used by
 * two solutions at once. */
typedef struct EvolutionWork {
    OverlapsWork overlaps;
    Problem problem; /* of the teacher in hand; source_exponent 0: none */
    Track track;
    Interrupt interrupt; /* narrow points, optima and blocks of a LASSO ask it */
} EvolutionWork;

/* Local.  An empty workspace; release with evolution_free.  Plain until the first point, so
 * that it may be copied; not after. */
EvolutionWork evolution_work(void);
void evolution_free(EvolutionWork *work);

/* Local.  The next point starts cold.  Call it where a chain begins. */
void evolution_forget(EvolutionWork *work);

/* Local.  Make the teacher of a problem, if it is not the one in hand. */
void evolution_take(EvolutionWork *work, const Problem *problem);

/* Local.  Solve `count` points of deeper networks (problem_power below 1; theory.md section
 * 11), which may have several solutions: those from R = 0 and from R = 1 are followed both ways
 * along the chain; where they differ the one of lower objective is reported.  Points that
 * differ in more than samples and weight start cold.  False if interrupted. */
bool evolution_branches(EvolutionWork *work, const Problem problems[], size_t count,
                        Evolution evolutions[]);

/* Local.  Solve one point (method state_evolution).  Of a deeper network: from the neighbour
 * alone, or the lower of the two cold solutions.  CONVERGED means that residual is at most
 * problem->tolerance and R is more than rounding; not converging is a result to be archived,
 * not an error.  samples > 0, weight_decay > 0, noise >= 0, width >= 1; a point whose teacher,
 * model or noise differs from the last starts cold by itself. */
Evolution evolution_solve(EvolutionWork *work, const Problem *problem);

#endif
