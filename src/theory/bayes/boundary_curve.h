/* boundary_curve.h - batches of nodes on the boundary curve of mu, private to mmse_matrix.c.
 *
 * Notation of freeconv.h: w = u + i v with (1/d) sum 1/|w - s|^2 = 1/t.  The law of s given an
 * eigenvalue x of S* + delta Z has density t/|w - s|^2 over the teacher's spectrum; its mean is
 * x - 2 t H and its variance, averaged over mu, the Bayes risk (theory.md section 6).
 */
#ifndef PHASESWEEP_THEORY_BOUNDARY_CURVE_H
#define PHASESWEEP_THEORY_BOUNDARY_CURVE_H

#include <stdbool.h>

#include "local_resolvent.h"

/* Local.  y = v^2 over ATOM_NODES values of u, none of them in a gap; y > 0 is a guess. */
void curve_heights(const Field *field, double t, const double u[ATOM_NODES],
                   double y[ATOM_NODES]);

/* Local.  rho dx/du times the variance, and times its change per log t that moves along with
 * mu; integrated over u they are the risk and its derivative.  missing: of t minus the variance
 * instead. */
void curve_variances(const Field *field, double t, bool missing, const double u[ATOM_NODES],
                     const double y[ATOM_NODES], double risk[ATOM_NODES],
                     double slope[ATOM_NODES]);

#endif
