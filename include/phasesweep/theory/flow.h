/* flow.h - population gradient flow of a network, in closed form (theory.md section 17).
 *
 * Gradient flow on E (f - f*)^2 + (lambda/n) |weights|^2 in plain time t, its step size times
 * its steps, is in the time tau of these functions
 *     quadratic  dS/dtau = A S + S A - 2 S^2,   A = S* - l I,   tau = 8 t / (d sqrt(p d)),
 *                l = lambda d sqrt(p d)/(4 n) = lt d^2/(4 n)
 *     diagonal   du/dtau = 2 u (a - u),  u = |theta_i|, a = |theta*_i| - l,  tau = 2 t /
 * sqrt(d), l = lambda sqrt(d)/n from S = W^T W / sqrt(p d) of the start, or from |a| = |w| =
 * sqrt(sqrt(d) |theta|) with the signs of the teacher.  The entries of W start independent and
 * normal with standard deviation start_scale, from the stream of the seed (RNG_PROBE, row =
 * neuron), as do the w of the diagonal network; or aligned: S = start_scale^2 max(p, d)/sqrt(p
 * d) I on the first min(p, d) teacher directions, w = start_scale.
 */
#ifndef PHASESWEEP_THEORY_FLOW_H
#define PHASESWEEP_THEORY_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/model/problem.h"

/* A network on its way; release with flow_free. */
typedef struct Flow Flow;

/* All NAN where LAPACK failed. */
typedef struct FlowPoint {
    double risk;            /* R of theory.md section 1 */
    double exponent;        /* d log R/d log tau, exact; NAN at R = 0 */
    double overlap_q;       /* |S|_F^2/d; |theta|^2 */
    double overlap_m;       /* (1/d) Tr S S*; theta.theta* */
    double trace;           /* Tr S/d; |theta|_1 */
    double largest;         /* of the eigenvalues, or of |theta_i| */
    double rank;            /* those above 1e-6 of it */
    double feature_overlap; /* squared, of the leading eigenvector with its teacher's */
    int steps;              /* closed forms one after the other since the time before */
} FlowPoint;

/* Local.  Can the start be held?  What is refused has more numbers than problem.h says. */
bool flow_fits(const Problem *problem);

/* Local.  Seconds of a point, and bytes. */
double flow_seconds(const Problem *problem);
double flow_memory(const Problem *problem);

/* Local.  At tau = 0.  Reads model, source exponent, dimension, width, seed, start and its
 * scale, samples and weight decay (l); flow_fits. */
Flow *flow_create(const Problem *problem);
void flow_free(Flow *flow);

/* Local.  At time tau >= 0; a time before the last begins again from the start.
 *   spectrum [count], count <= d: leading eigenvalues, or |theta_i|, decreasing; NULL: none.
 */
FlowPoint flow_at(Flow *flow, double tau, size_t count, double spectrum[]);

#endif
