/* coordinates.h - private to theory: the network of matrices where the eigenvectors of teacher
 * and covariance are the coordinates, so that each of the d has numbers of its own.
 *
 * In the coordinates where rows are isotropic (theory.md section 14)
 *     S = (Y + delta Z)_+ ,   y_i = s_i - b/sigma_i - (k4/2) E_ii ,   E_ii = int f dmu_i - s_i
 * . The y_i are solved for by Newton's method, with products of its matrix along one path of
 * base_path.h; rates in t and b come from the same matrix.
 */
#ifndef PHASESWEEP_THEORY_COORDINATES_H
#define PHASESWEEP_THEORY_COORDINATES_H

#include "phasesweep/theory/overlaps.h"

typedef struct Coordinates Coordinates;

/* Local.  d coordinates: target s_i > 0 and penalty 1/sigma_i [count], copied; masses 1/count.
 * Owned by the caller; release with coordinates_free, which takes NULL. */
Coordinates *coordinates_create(size_t count, const double target[], const double penalty[]);
void coordinates_free(Coordinates *at);

/* Local.  Others of as many [count]. */
void coordinates_set(Coordinates *at, const double target[], const double penalty[]);

/* Local.  What coordinate i has learned at the last overlaps, f_i = int f dmu_i; and d f_i/d
 * y_i with mu held. */
double coordinates_learned(const Coordinates *at, size_t i);
double coordinates_slope(const Coordinates *at, size_t i);

/* Local.  Those of a work's teacher and covariance: the ones in hand, or new ones. */
Coordinates *coordinates_of(OverlapsWork *work);

/* Local.  The next solution starts from nothing. */
void coordinates_forget(Coordinates *at);

/* Local.  At noise t and threshold b > 0, for a kurtosis k4 >= -2.  All NAN if Newton's method
 * finds no base points. */
Overlaps coordinates_overlaps(Coordinates *at, double kurtosis, double t, double b);

#endif
