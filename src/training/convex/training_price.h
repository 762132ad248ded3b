/* training_price.h - what passes over the data cost where S is found as a convex problem, and
 * how many there are, from its rank at the minimum; private to convex/ and spread/. */
#ifndef PHASESWEEP_TRAINING_CONVEX_TRAINING_PRICE_H
#define PHASESWEEP_TRAINING_CONVEX_TRAINING_PRICE_H

#include "phasesweep/training/trainer.h"

/* Local.  The price of a descent on drawn rows, interior steps left out.
 *   active  rank of S that is expected, INFINITY if unknown */
TrainerPrice training_price(const Problem *problem, double active);

#endif
