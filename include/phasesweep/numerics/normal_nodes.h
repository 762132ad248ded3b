/* normal_nodes.h - a rule for E f(z), z a standard normal, that also resolves Hermite
 * functions.
 *
 * Gauss panels that meet at z = 0, where activations have their kinks, to |z| = 13, where
 * sqrt(phi), phi the normal density, is below 1e-18: what psi_l = h_l sqrt(phi), bounded by 1,
 * leaves of the weight to f.  psi_l has about sqrt(l)/pi zeros a unit of z: some 5 a panel of
 * 16 nodes at l = 6000.
 */
#ifndef PHASESWEEP_NUMERICS_NORMAL_NODES_H
#define PHASESWEEP_NUMERICS_NORMAL_NODES_H

#include "phasesweep/numerics/gauss_legendre.h"

enum { NORMAL_PANELS = 128, NORMAL_NODES = NORMAL_PANELS * RULE_NODES };

/* Local.  E f(z) = sum_k weight[k] root[k]^2 f(z[k]), root = sqrt(phi) = psi_0.
 *   z, weight, root  [NORMAL_NODES], z ascending */
void normal_nodes(double z[], double weight[], double root[]);

#endif
