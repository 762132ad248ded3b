/* matrix_threshold.h - (E2) on one realised spectrum, for training and message passing: its
 * divergence stands in for the expected one, which decorrelates the errors of successive steps
 * on these data and not only on average.  Private. */
#ifndef PHASESWEEP_TRAINING_MATRIX_THRESHOLD_H
#define PHASESWEEP_TRAINING_MATRIX_THRESHOLD_H

#include <stdbool.h>

#include "phasesweep/numerics/threshold.h"

/* Local.  How many of the d ascending values are above b: the last ones. */
int threshold_active(const double values[], int d, double b);

/* Local.  How many of the d ascending values are below -b: the first ones. */
int threshold_below(const double values[], int d, double b);

/* Local.  D of (x - b)_+ on the d ascending eigenvalues, b >= 0. */
double threshold_divergence(const double values[], int d, double b);

/* Local.  Root b of b(C - D) = w, C = 2 alpha and w = lt/2, where (x - b)_+ acts on the d
 * ascending eigenvalues, or `both`, sign(x) (|x| - b)_+.  Found to a relative tolerance; it
 * need not be accurate, because 1 - D/C = w/(b C) uses the b that was found.  C > 0, w > 0. */
double threshold_matrix(const double values[], int d, bool both, double capacity, double weight,
                        double tolerance);

/* Local.  Root b of chi (C - D) = w for a threshold that jumps at its edge b, of whatever
 * divergence D(b) >= 0 that is 0 far above all values.  To a relative tolerance; C > 0, w > 0.
 */
double threshold_jump_root(const Threshold *threshold,
                           double (*divergence_of)(double b, void *of), void *of,
                           double capacity, double weight, double tolerance);

/* Local.  The same where f jumps at its edge b: root of chi (C - D) = w. */
double threshold_matrix_jump(const Threshold *threshold, const double values[], int d,
                             double capacity, double weight, double tolerance);

#endif
