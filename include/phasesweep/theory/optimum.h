/* optimum.h - state evolution at the best weight decay, and at the best width.
 *
 * At fixed n the risk is followed along weight decay from where the network is collapsed
 * (S = 0, R = 1) to where it no longer changes as lambda -> 0; every change of sign of the
 * exact exponent d log R / d log lambda is then narrowed down to the root.  Several local
 * minima are possible (features are learned one by one); the lowest is reported.  The risk
 * often falls all the way to lambda -> 0: that is an answer too, told by `place`.
 *
 * Nothing here communicates.  Every call starts cold and depends on its problem alone.
 */
#ifndef PHASESWEEP_THEORY_OPTIMUM_H
#define PHASESWEEP_THEORY_OPTIMUM_H

#include "phasesweep/theory/continuation.h"

typedef enum OptimumPlace {
    OPTIMUM_INSIDE,    /* the exponent vanishes there */
    OPTIMUM_AT_ZERO,   /* R falls down to lambda -> 0; weight_decay is 0 */
    OPTIMUM_COLLAPSED, /* nothing is better than S = 0; weight_decay is INFINITY */
} OptimumPlace;

typedef struct Optimum {
    Evolution evolution; /* at the optimum; its outcome is the outcome of all.  AT_ZERO: at a
                            lambda so small that R has its limit to 1e-7, or without noise
                            the limit itself, R = delta = threshold = 0 */
    double weight_decay; /* lambda; a limit at the ends of the range */
    double width;        /* p */
    OptimumPlace place;
    int minima;     /* local minima seen inside, and the end if that is lower */
    int skipped;    /* points that did not converge, left out of the search */
    int iterations; /* evaluations of the overlaps in all */
} Optimum;

/* Local.  The best weight decay at the problem's n and width; its own is not read.  R is within
 * 1e-9 of the minimum, relative. */
Optimum optimal_weight_decay(EvolutionWork *work, const Problem *problem);

/* Local.  The best whole width in [1, d] at the problem's n and nuclear weight lt, quadratic
 * network; p = d stands for every width above the rank.  Local minima closer than 25 % in p are
 * not told apart. */
Optimum optimal_width(EvolutionWork *work, const Problem *problem);

#endif
