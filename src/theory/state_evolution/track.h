/* track.h - private to state evolution: solutions along a chain, each the guess for the next.
 */
#ifndef PHASESWEEP_THEORY_TRACK_H
#define PHASESWEEP_THEORY_TRACK_H

#include "fixed_point.h"
#include "phasesweep/theory/continuation.h"

/* Local.  The solution from the last of the track, if there is one and it is near enough; else
 * false, and *at is of no use. */
bool track_follow(const Track *track, Equations *e, Iterate *at);

/* Local.  *at becomes the last of the track. */
void track_step(Track *track, const Equations *e, const Iterate *at);

/* Local.  Where there may be several solutions: of those from R = 0 and from R = 1 the one of
 * lower objective.  False if there is none. */
bool branches_cold(Equations *e, const Problem *problem, Iterate *at);

/* Local.  Outcome, exponents and objective at an iterate, whether it converged or not. */
Evolution track_report(const Equations *e, const Iterate *at, const Problem *problem);

#endif
