/* block_soft.h - the LASSO of one block of equicorrelated features under Gaussian noise, and
 * its expectations.  Private.
 *
 *     phi = argmin (1/2) |C^(1/2) (phi - phi*) - g|^2 + b sum_j r_j |phi_j| ,
 *     C = (1 - rho) I + rho 1 1^T ,   g ~ N(0, I)
 *
 * in units of the noise tau.  Coordinates feel each other only through
 *
 *     M = sum_j (phi_j - phi*_j)
 *
 * and through the common part z_0 of C^(1/2) g = sqrt(1 - rho) z + sqrt(rho) z_0 1:
 *
 *     phi_j = eta(phi*_j + a + sigma z_j; b r_j sigma^2) ,   sigma^2 = 1/(1 - rho) ,
 *     sqrt(rho) z_0 = (1 - rho) a + rho M .
 *
 * z_0 is an increasing function of a at given z, so that a may be integrated over in its place;
 * at given a the phi_j are independent, and the density of z_0 is the integral over omega of
 * e^(i omega z_0 - omega^2/2)/(2 pi), in which M is a product over coordinates of moments in
 * closed form.  Both integrals are sums over equidistant nodes, which converge as those of
 * entire functions do: no draw is made, whatever the size of the block (theory.md section 14).
 *
 * Nothing communicates; equal arguments give equal bits.
 */
#ifndef PHASESWEEP_THEORY_BLOCK_SOFT_H
#define PHASESWEEP_THEORY_BLOCK_SOFT_H

#include "phasesweep/base/interrupt.h"

/* Numbers of a block in units of tau; borrowed. */
typedef struct SoftBlock {
    int size;              /* >= 1 */
    double correlation;    /* rho in (0, 1) */
    const double *teacher; /* [size] phi*_j >= 0 */
    const double *penalty; /* [size] r_j > 0, ascending */
} SoftBlock;

/* Expectations; derivatives at fixed phi* and b, in tau where tau = 1. */
typedef struct SoftBlockMoments {
    double norm;   /* of 1: what differs from it is the error of the sums */
    double risk;   /* (phi - phi*)^T C (phi - phi*) */
    double active; /* phi_j that are not 0 */
    double trace;  /* sum r_j |phi_j| */
    double risk_tau, trace_tau, trace_b;
    long nodes; /* pairs (a, omega) that it took */
} SoftBlockMoments;

/* What evaluations share: room for nodes. */
typedef struct SoftBlockRoom SoftBlockRoom;
SoftBlockRoom *soft_block_room(void);
void soft_block_free(SoftBlockRoom *room); /* NULL is no mistake */

/* Local.  b > 0.  Errors are below 1e-10 of each number or of the size of the block, in units
 * of tau.  `interrupt` is asked at every a; norm and risk are NAN when it says yes. */
SoftBlockMoments soft_block_moments(SoftBlockRoom *room, const SoftBlock *block, double b,
                                    const Interrupt *interrupt);

#endif
