/* neurons_pass.h - value and gradient of the loss of a two-layer network of any activation,
 * private to neurons*.c.
 *
 *     f(x) = (1/sqrt p) sum_k a_k (sigma(w_k.x / sqrt d) - mean_k)
 *
 * in the variables of theory.md section 1, W [d x p] by neuron and a [p].  mean_k = 0 but for
 * the quadratic activation, where it is |w_k|^2/d - 1, so that f = Tr[S Z] as there.  A block
 * of rows takes two products, W^T x before the activation and the way back, 4 d p operations a
 * row.
 */
#ifndef PHASESWEEP_TRAINING_NEURONS_PASS_H
#define PHASESWEEP_TRAINING_NEURONS_PASS_H

#include <stdint.h>

#include "phasesweep/data/dataset.h"
#include "phasesweep/model/activation.h"

typedef struct NeuronsPass {
    const Dataset *data;   /* borrowed */
    Activation activation; /* sigma */
    int width, strip;      /* p; rows whose values are in hand together */
    double *block; /* [block_rows * d] rows as they are handed out; owned as all below */
    double *rows, *labels; /* [strip * d], [strip] gathered from several places */
    double *directions;    /* [d * p] w_k / sqrt d */
    double *readout;       /* [p] a_k / sqrt p */
    double *mean;          /* [p] */
    double *value, *slope; /* [strip * p] sigma and sigma' */
    double *residual;      /* [strip] */
    double *sum;           /* [d * p + p + 2] */
} NeuronsPass;

/* Local.  Release with neurons_pass_free. */
NeuronsPass neurons_pass_create(const Dataset *data, const Activation *activation, int width);
void neurons_pass_free(NeuronsPass *pass);

/* Local.  Bytes of it beside the samples. */
size_t neurons_pass_memory(int dimension, int width);

/* Local.  Returns sum r^2, r = y - f, over this rank's rows, at
 * variables [d * p + p]: W, then a; and in pass->sum [d * p + p] this
 * rank's share of its gradient.
 *   quanta  [count] numbers of the quanta of rows, of which the rank takes those that it has;
 *           NULL: all rows */
double neurons_pass_run(NeuronsPass *pass, const double variables[], const int64_t quanta[],
                        int64_t count);

/* Local.  out [rows]: f of rows x [rows * d], after a run at these variables. */
void neurons_pass_outputs(NeuronsPass *pass, int rows, const double x[], double out[]);

#endif
