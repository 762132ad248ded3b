/* normal_threshold.h - coordinates under Gaussian noise and a threshold that jumps.
 *
 * The moments of normal.h for eta of a penalty |t|^q, 0 < q <= 1 (threshold.h).  The
 * integration variable is eta itself: the noisy number is an explicit and smooth function of
 * it, so that no root is solved at a node and the branch point below the edge is not seen.
 * Nodes near the edge are the same for all coordinates of one noise; their number is chosen for
 * 1e-12.
 *
 * Nothing here communicates, allocates or keeps state.
 */
#ifndef PHASESWEEP_NUMERICS_NORMAL_THRESHOLD_H
#define PHASESWEEP_NUMERICS_NORMAL_THRESHOLD_H

#include "phasesweep/numerics/threshold.h"

/* Expectations over z ~ N(0, 1), y = t + tau z, eta = eta(y; chi) with its edge at b.
 * Derivatives are partial ones in tau and b and hold what the jump adds. */
typedef struct JumpMoments {
    double error, error_tau, error_b;                /* E (eta - t)^2 */
    double divergence, divergence_tau, divergence_b; /* E z eta / tau: with the jump */
    double active;                                   /* P(|y| > b) */
    double magnitude;                                /* E |eta| */
    double product;                                  /* E t eta */
    double square;                                   /* E eta^2 */
    double penalty;                                  /* E |eta|^q */
    double slope;                                    /* E eta'^2 without the jump */
} JumpMoments;

enum { JUMP_PANEL = 20, JUMP_NODES = 24 * JUMP_PANEL };

/* Nodes in eta, h = y - eta, d eta / dy, weights. */
typedef struct JumpNodes {
    int count;
    double f[JUMP_NODES], h[JUMP_NODES], slope[JUMP_NODES], weight[JUMP_NODES];
} JumpNodes;

/* What all coordinates of one (tau, b) share. */
typedef struct JumpNoise {
    Threshold threshold;
    double tau, b, chi, jump;
    JumpNodes near; /* up to 17 tau above the edge, in panels */
    int first[5];   /* node with which a panel begins; the last is their number */
} JumpNoise;

/* Local.  tau > 0, b > 0, q in (0, 1]. */
void jump_noise(JumpNoise *noise, const Threshold *threshold, double tau, double b);

/* Local.  t >= 0.  What lies more than 12 tau below the edge counts as 0. */
JumpMoments normal_threshold(const JumpNoise *noise, double t);

#endif
