/* power_law.h - a power law at many indices at once, to a few units in the last place.
 *
 * In a file of its own, because that file alone may be compiled with fast-math.
 */
#ifndef PHASESWEEP_NUMERICS_POWER_LAW_H
#define PHASESWEEP_NUMERICS_POWER_LAW_H

/* Local.  out[k] = scale (first + k)^-exponent, k < count; first >= 1.  Vectorised, and
 * therefore not bit for bit what teacher_eigenvalue gives. */
void power_law(double scale, double exponent, double first, int count, double out[]);

/* Local.  out[k] = scale (first + offset[k])^-exponent. */
void power_law_at(double scale, double exponent, double first, const double offset[], int count,
                  double out[]);

#endif
