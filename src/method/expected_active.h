/* expected_active.h - how many numbers of a solution theory expects to be active, for the
 * prices of a plan; private to methods that train.
 *
 * A plan asks for the same points again and again, for every seed and number of ranks, and for
 * thousands that are near each other: answers are kept from call to call, for the whole
 * process.  The first points are solved; from EXACT_MOST on those of a grid of quarters of a
 * decade stand for what lies between; and once SOLVED_MOST are known, or theory has taken as
 * long as a plan may, the nearest that is known does.  So a price may depend on what was asked
 * before, but never changes once it was given.  Where ranks must agree this is not to be used.
 */
#ifndef PHASESWEEP_METHOD_EXPECTED_ACTIVE_H
#define PHASESWEEP_METHOD_EXPECTED_ACTIVE_H

#include <stdbool.h>

#include "phasesweep/model/problem.h"

/* Local.  Rank of a matrix, or active coefficients of a vector, at the minimum of the problem,
 * its seed left out, at least depth if it is a matrix: 0 ... d by state evolution, INFINITY
 * where that does not tell; of matrices on rows that are not Gaussian and isotropic that of
 * those that are.  *near: the answer is that of a point nearby. */
double expected_active(const Problem *problem, bool *near);

/* Local.  The same of the problem itself, solved now, whatever its rows. */
double solved_active(const Problem *problem);

#endif
