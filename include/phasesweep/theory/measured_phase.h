/* measured_phase.h - the phase whose exponents a solution of state evolution has (theory.md
 * section 4).
 */
#ifndef PHASESWEEP_THEORY_MEASURED_PHASE_H
#define PHASESWEEP_THEORY_MEASURED_PHASE_H

#include "phasesweep/model/phase.h"
#include "phasesweep/theory/continuation.h"

/* Local.  The phase whose exponents are nearest to those of the solution; Ia and Ib, flat at
 * R = 1, are told apart by whether samples or weight decay hold the threshold, VIa and VIb by
 * whether every feature stands above the noise.  NONE without a solution or at noise 0,
 * UNDEFINED for width < d. */
Phase phase_measured(const Problem *problem, const Teacher *teacher, const Evolution *solution);

#endif
