/* ends.h - how far apart the ends of several starts lie, for trainings that are not convex.
 * Private. */
#ifndef PHASESWEEP_TRAINING_ENDS_H
#define PHASESWEEP_TRAINING_ENDS_H

#include "phasesweep/training/trainer.h"

/* All 0: none yet.  Saved in a checkpoint as it is. */
typedef struct Ends {
    int count;
    double highest;               /* F */
    double least_risk, most_risk; /* NAN: no truth */
} Ends;

/* Local, as all below.  Another end, of F = objective. */
void ends_add(Ends *ends, double objective, double risk);

/* What was counted is no end: nothing is known of how far apart they are. */
void ends_unknown(Ends *ends);

/* Spreads of F, over the objective reported, and of the risk. */
void ends_report(const Ends *ends, Observed *observed);

#endif
