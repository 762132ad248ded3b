/* neuron_moments.h - a teacher of neurons as a student sees it that learns its quadratic part
 * (theory.md section 16).
 *
 * f* = sum_k v_k sigma*(w_k.x), k <= teacher_width, sum v_k^2 = 1.  Errors are E (f - f*)^2 in
 * its units, where the quadratic activation has E f*^2 = 2.
 *
 * Quadratic student, n = Theta(d^2): its matrix learns (mu_2/2) sum v_k w_k w_k^T, and what is
 * left of f* is to it label noise.  In units of the quadratic network, y scaled by 2/mu_2:
 *     noise  2 (Delta + g(1) [+ mu_1^2 |sum v_k w_k|^2 + (mu_0 sum v_k)^2]) / (mu_2^2/2)
 *     weight decay  lambda 2/mu_2
 *     error  mu_2^2/2 R + what is not learned;
 * the terms in brackets are those that a linear unit and a bias take away.  Orthonormal
 * directions, k = d, so that the spectrum is the power law of the quadratic network.
 *
 * Nothing communicates.
 */
#ifndef PHASESWEEP_MODEL_NEURON_MOMENTS_H
#define PHASESWEEP_MODEL_NEURON_MOMENTS_H

#include "phasesweep/model/problem.h"

/* Least noise of neurons that are all alike (theory/neurons.h): where little else is left of
 * the error, below it all is rounding. */
#define ALIKE_LEAST_NOISE 1e-6

/* Of the teacher's activation, and of the teacher. */
typedef struct NeuronMoments {
    double constant, linear, quadratic; /* mu_0, mu_1, mu_2 */
    double higher;                      /* g(1) */
    double lost;                        /* what a student without linear unit and bias leaves */
} NeuronMoments;

/* Local.  linear_unit of the problem says whether `lost` is 0. */
NeuronMoments neuron_moments(const Problem *problem);

/* Local.  Delta_eff of a student that learns the quadratic part, in units of the quadratic
 * network; INFINITY if mu_2 = 0. */
double neuron_noise(const Problem *problem, const NeuronMoments *moments);

/* Local.  The same problem as one of the quadratic network; mu_2 > 0, orthonormal directions
 * and teacher_width = d. */
Problem neuron_as_quadratic(const Problem *problem, const NeuronMoments *moments);

#endif
