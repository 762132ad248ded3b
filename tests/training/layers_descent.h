/* layers_descent.h - the quadratic network of h layers before the square trained on the weights
 * of its layers, by L-BFGS from random ones: what trainer_deep is checked against.
 *
 *     F = (1/d^2) |y - A(S)|^2 + (lambda/d^2) sum_l |W_l|_F^2,
 *     S = P^T P / d,   P = W_h ... W_1,   all W_l d x d
 *
 * (theory.md sections 1 and 11; p = d).  Plain loops: d is small.
 */
#ifndef LAYERS_DESCENT_H
#define LAYERS_DESCENT_H

#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/parallel/lbfgs.h"

enum { LAYERS_MOST = 4 };

typedef struct Layers {
    int d, h;
    double weight; /* lambda */
    Samples samples;
    /* d x d by column: P_l = W_l ... W_1 with P_0 = 1; S, dF/dS and dF/dP_l */
    double *product[LAYERS_MOST + 1];
    double *network, *slope, *back, *scratch;
} Layers;

static inline Layers layers_create(const Problem *problem)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_DOUBLE;
    Layers layers = {.d = spec.dimension,
                     .h = problem->depth > 1.0 ? (int)problem->depth : 1,
                     .weight = problem->weight_decay,
                     .samples = samples_create(MPI_COMM_SELF, &spec)};
    const size_t square = (size_t)layers.d * (size_t)layers.d;
    double **room[] = {&layers.network, &layers.slope, &layers.back, &layers.scratch};
    for (size_t k = 0; k < sizeof room / sizeof *room; k++) {
        *room[k] = checked_alloc(square, sizeof(double));
    }
    for (int l = 0; l <= layers.h; l++) {
        layers.product[l] = checked_alloc(square, sizeof(double));
    }
    for (int i = 0; i < layers.d; i++) {
        layers.product[0][i * (layers.d + 1)] = 1.0;
    }
    return layers;
}

static inline void layers_free(Layers *layers)
{
    samples_free(&layers->samples);
    for (int l = 0; l <= layers->h; l++) {
        free(layers->product[l]);
    }
    free(layers->network);
    free(layers->slope);
    free(layers->back);
    free(layers->scratch);
}

/* c = a b, or a^T b, or a b^T. */
static inline void multiply(int d, int turn_a, int turn_b, const double a[], const double b[],
                            double c[])
{
    for (int j = 0; j < d; j++) {
        for (int i = 0; i < d; i++) {
            double sum = 0.0;
            for (int k = 0; k < d; k++) {
                sum += a[turn_a ? k + i * d : i + k * d] * b[turn_b ? j + k * d : k + j * d];
            }
            c[i + j * d] = sum;
        }
    }
}

/* Data term of S, and its slope. */
static inline double layers_loss(Layers *layers)
{
    const int d = layers->d;
    const double *s = layers->network;
    double loss = 0.0;
    memset(layers->slope, 0, (size_t)d * (size_t)d * sizeof(double));
    for (int64_t row = 0; row < layers->samples.rows; row++) {
        const double *x = layers->samples.features + row * d;
        double out = 0.0;
        for (int j = 0; j < d; j++) {
            out -= s[j * (d + 1)];
            for (int i = 0; i < d; i++) {
                out += s[i + j * d] * x[i] * x[j];
            }
        }
        const double r = layers->samples.labels[row] - out / sqrt(d);
        const double pull = -2.0 / d / d * r / sqrt(d);
        loss += r * r / d / d;
        for (int j = 0; j < d; j++) {
            layers->slope[j * (d + 1)] -= pull;
            for (int i = 0; i < d; i++) {
                layers->slope[i + j * d] += pull * x[i] * x[j];
            }
        }
    }
    return loss;
}

/* S of weights [h d d], the first layer first. */
static inline void layers_network(Layers *layers, const double weights[])
{
    const int d = layers->d;
    for (int l = 0; l < layers->h; l++) {
        multiply(d, 0, 0, weights + l * d * d, layers->product[l], layers->product[l + 1]);
    }
    const double *p = layers->product[layers->h];
    multiply(d, 1, 0, p, p, layers->network);
    for (int k = 0; k < d * d; k++) {
        layers->network[k] /= d;
    }
}

/* Value and gradient of F, for lbfgs_minimise. */
static inline double layers_value(const double weights[], double gradient[], void *context)
{
    Layers *layers = context;
    const int d = layers->d;
    const int square = d * d;
    layers_network(layers, weights);
    double value = layers_loss(layers);
    /* dF/dP = (2/d) P dF/dS */
    multiply(d, 0, 0, layers->product[layers->h], layers->slope, layers->back);
    for (int k = 0; k < square; k++) {
        layers->back[k] *= 2.0 / d;
    }
    for (int l = layers->h - 1; l >= 0; l--) {
        const double *w = weights + l * square;
        double *slope = gradient + l * square;
        multiply(d, 0, 1, layers->back, layers->product[l], slope);
        for (int k = 0; k < square; k++) {
            value += layers->weight / d / d * w[k] * w[k];
            slope[k] += 2.0 * layers->weight / d / d * w[k];
        }
        multiply(d, 1, 0, w, layers->back, layers->scratch);
        memcpy(layers->back, layers->scratch, (size_t)square * sizeof(double));
    }
    return value;
}

/* Descend from independent normal weights of this variance; S is left in network. */
static inline double layers_descend(Layers *layers, uint64_t start, double variance)
{
    const int count = layers->h * layers->d * layers->d;
    double *weights = checked_alloc((size_t)count, sizeof *weights);
    LbfgsWork *lbfgs = lbfgs_create(MPI_COMM_SELF, count, 30);
    LbfgsSettings settings = lbfgs_defaults();
    rng_normals(start, RNG_PROBE, 0, count, weights);
    for (int k = 0; k < count; k++) {
        weights[k] *= sqrt(variance);
    }
    const Lbfgs end = lbfgs_minimise(lbfgs, weights, layers_value, layers, &settings);
    layers_network(layers, weights);
    lbfgs_free(lbfgs);
    free(weights);
    return end.value;
}

/* |S - S*|_F^2 / d of that network. */
static inline double layers_risk(const Layers *layers)
{
    const int d = layers->d;
    double risk = 0.0;
    for (int k = 0; k < d * d; k++) {
        const double teacher =
            k % (d + 1) == 0 ? layers->samples.truth.teacher[k / (d + 1)] : 0.0;
        risk += (layers->network[k] - teacher) * (layers->network[k] - teacher) / d;
    }
    return risk;
}

#endif
