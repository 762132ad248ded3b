/* orthogonal_factor.h - a symmetric matrix of low rank from any factor of it, W sign W^T, to
 * the one whose columns are orthogonal.  Private to tangent.c.  All local. */
#ifndef PHASESWEEP_TRAINING_ORTHOGONAL_FACTOR_H
#define PHASESWEEP_TRAINING_ORTHOGONAL_FACTOR_H

#include <stdbool.h>

#include "training_pass.h"

/* Place among ascending eigenvalues [k] of column j of a factor: the leading one first, then
 * the negative ones, lowest first. */
int factor_place(int j, int k, int negative);

/* factor [d * plan->rank], the last plan->negative columns with a minus: columns become
 * orthogonal and in that order; trace and sum of the negative ones into the plan.  False if
 * LAPACK fails. */
bool factor_make_orthogonal(int d, double factor[], PassPlan *plan);

#endif
