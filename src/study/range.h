/* range.h - private to the reader of axes: the numbers between two ends. */
#ifndef PHASESWEEP_STUDY_RANGE_H
#define PHASESWEEP_STUDY_RANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/study/sweep.h"

/* Local.  values: [count >= 2] from one end to the other, both as they are written.  Between
 * them what should be round is round: the powers of ten of a logarithmic range (its ends are
 * above 0), and the whole numbers of a linear one if its numbers are `exponents`. */
void range_fill(double from, double to, size_t count, Spacing spacing, bool exponents,
                double values[]);

#endif
