/* interior.h - the convex training by an interior point method, on rank 0.  Private to
 * training*.c.
 *
 * For G(S) = |y - A(S)|^2/2 + c Tr S, A(S) = (x^T S x - Tr(Sigma S))/sqrt(d), c = lt d/2 (d^2/2
 * times F of theory.md section 8), with the dual vector nu and the slack M = c I - A^*(nu) >= 0
 * the minimum is where nu = y - A(S) and M S = 0.  Newton's method follows M S = mu I to mu = 0
 * in the scaling of Nesterov & Todd (1997), W M W = S, with Mehrotra's predictor and corrector;
 * S and M stay positive definite, so that every nu is dual feasible: each iterate has a
 * certificate.  About a dozen steps reach a gap of 1e-6 whatever the weight decay and the
 * number of samples are; a step costs n^3/3 + n^2 d + O(n d^2 + d^3) flops.
 *
 * The network is S without what belongs to the kernel of M: (S - sigma M)_+.
 */
#ifndef PHASESWEEP_TRAINING_INTERIOR_H
#define PHASESWEEP_TRAINING_INTERIOR_H

#include "phasesweep/data/covariance.h"

#include <stdbool.h>
#include <stddef.h>

/* Saved in a checkpoint as it is. */
typedef struct InteriorState {
    double weight; /* c */
    double gap;    /* (G - bound)/G of the iterate; 1 at the beginning */
    double move;   /* relative change of S in the last step */
    int steps;     /* since the beginning */
    int single;    /* the system is in single precision */
} InteriorState;

typedef struct Interior Interior;

/* Local, as all below.  x [d * n], rows of data by column, and y [n] become the work's own;
 * the covariance of the rows is borrowed. */
Interior *interior_create(int n, int d, double x[], double y[], const Covariance *covariance);
void interior_free(Interior *work);

/* Bytes of one with its data. */
size_t interior_memory(double n, double d);

/* Turn to a weight lt, from the beginning. */
void interior_begin(Interior *work, double weight);

/* One step; false if the iterate is not finite or rounding stops it. */
bool interior_step(Interior *work);

/* factor [d * d]: eigenvectors times the roots of their eigenvalues, leading first; returns how
 * many columns it has, -1 if the decomposition failed. */
int interior_network(Interior *work, double factor[]);

const InteriorState *interior_progress(const Interior *work);

/* State to be saved and put back: *s [d * d] and *nu [n]; interior_resume after it came back.
 */
InteriorState *interior_state(Interior *work, double **s, double **nu);
void interior_resume(Interior *work);

#endif
