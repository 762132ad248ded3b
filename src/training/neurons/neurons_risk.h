/* neurons_risk.h - population risk and overlaps of a student and its teacher, both two-layer
 * networks.  Private.
 *
 * x ~ N(0, I).  A neuron of norm r and direction u is sigma(r u.x) = sum_l a_l(r) h_l(u.x), h_l
 * the orthonormal Hermite polynomials and a_l(r) = E sigma(r z) h_l(z), so that
 *     E sigma(r u.x) tau(s v.x) = sum_l a_l(r) b_l(s) (u.v)^l .
 * Coefficients by quadrature for each neuron; the series ends where |u.v|^l is rounding, else
 * at RISK_TERMS, and what is left is at most |u.v|^L times the roots of what is missing of
 * E sigma^2 and E tau^2.
 */
#ifndef PHASESWEEP_TRAINING_NEURONS_RISK_H
#define PHASESWEEP_TRAINING_NEURONS_RISK_H

#include <stddef.h>

#include "phasesweep/model/activation.h"

enum { RISK_TERMS = 1024 };

/* f(x) = sum_k readout_k (sigma(direction_k . x) - mean_k); mean_k = |direction_k|^2 - 1 of the
 * quadratic activation, else 0.  Borrows. */
typedef struct NeuronNet {
    Activation activation;
    int dimension, neurons;
    const double *directions; /* [d * neurons], neuron by neuron */
    const double *readout;    /* [neurons] */
} NeuronNet;

typedef struct NeuronRisk {
    double risk;             /* E (f - f*)^2 */
    double bound;            /* of what the series leaves out */
    double constant;         /* E (f - f*), whose square is part of the risk */
    double student, teacher; /* E f^2, E f*^2 */
} NeuronRisk;

/* Local.  Bytes that it takes for a network. */
size_t neurons_risk_memory(int dimension, int neurons);

/* Local.  Both of the same dimension. */
NeuronRisk neurons_risk(const NeuronNet *student, const NeuronNet *teacher);

/* Local.  best [teacher->neurons]: the largest |cosine| of a teacher's neuron with any of the
 * student's; 0 with neurons that are 0. */
void neurons_overlaps(const NeuronNet *student, const NeuronNet *teacher, double best[]);

#endif
