/* sweep_check.h - the parts of sweep_check.  Private to study.
 *
 * Everything is Local; mistakes are added to errors.
 */
#ifndef PHASESWEEP_STUDY_SWEEP_CHECK_H
#define PHASESWEEP_STUDY_SWEEP_CHECK_H

#include <stdbool.h>

#include "phasesweep/study/sweep.h"

/* Written, whether rightly or not: what is given wrongly is not missing as well. */
bool sweep_given(const Sweep *sweep, KeyId id);

/* Under the name of the key, where it is written, or else where its value comes from: the
 * dimension of a file from the file, a default from the sweep.  Takes message over. */
void sweep_refuse(const Sweep *sweep, KeyId id, Diagnostics *errors, char *message);

/* False after a mistake at a point. */
typedef bool (*PointCheck)(const Sweep *sweep, const Problem *p, Diagnostics *errors);

/* At the points where the axes ids[count], ten at most, have their least or largest value, the
 * others being at their place; false after the first mistake. */
bool sweep_check_corners(const Sweep *sweep, const KeyId ids[], int count,
                         const size_t others[AXIS_COUNT], PointCheck check,
                         Diagnostics *errors);

/* Every law of rows, for none is between two others. */
void sweep_check_laws(const Sweep *sweep, Diagnostics *errors);

/* Every pair of activations, likewise. */
void sweep_check_activations(const Sweep *sweep, Diagnostics *errors);

#endif
