/* gmres.h - linear systems whose matrix is known by its products alone (Saad & Schultz 1986).
 *
 * For matrices close to the identity, or to a multiple of few directions more: nothing is
 * restarted.  Nothing here communicates.
 */
#ifndef PHASESWEEP_NUMERICS_GMRES_H
#define PHASESWEEP_NUMERICS_GMRES_H

#include <stddef.h>

enum { GMRES_MOST = 80 };

/* Local.  x [n] with A x = right [n], from x = 0 to a residual of tolerance |right|, by at most
 * GMRES_MOST products; returns the residual over |right|.  product: out = A x. */
double gmres(size_t n, void (*product)(const double x[], double out[], void *context),
             void *context, const double right[], double tolerance, double x[]);

#endif
