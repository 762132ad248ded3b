/* deep_case.h - what the tests of deeper diagonal networks share; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_DEEP_CASE_H
#define PHASESWEEP_TESTS_DEEP_CASE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/training/path.h"

/* L layers, gamma = 1.25, Delta = 0.1, teacher with random signs. */
static inline Problem problem_of(int depth, int dimension, int samples, double weight_decay)
{
    return (Problem){.model = MODEL_DIAGONAL,
                     .method = METHOD_TRAINING,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .depth = depth,
                     .dimension = dimension,
                     .samples = samples,
                     .seed = 5,
                     .width = 1,
                     .random_signs = true,
                     .weight_decay = weight_decay,
                     .tolerance = 1e-9};
}

/* One solution without a neighbour; theta [d], or NULL. */
static inline Observed cold(MPI_Comm team, const Problem *problem, double theta[])
{
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(team, &trainer_deep_lasso, &settings);
    const Observed fit = path_solve(path, problem, NULL, NULL);
    if (theta != NULL) {
        memcpy(theta, path_network(path).theta, (size_t)problem->dimension * sizeof *theta);
    }
    path_free(path);
    return fit;
}

/* All rows [n][d + 1], the label last; owned by the caller. */
static inline double *gather(const Problem *problem)
{
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    const int d = spec.dimension;
    double *buffer = calloc((size_t)samples.spec.block_rows * (size_t)d, sizeof *buffer);
    double *rows = calloc((size_t)(samples.rows * (d + 1)), sizeof *rows);
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        for (int row = 0; row < block.rows; row++) {
            double *to = rows + (block.offset + row) * (d + 1);
            memcpy(to, block.features + row * d, (size_t)d * sizeof *to);
            to[d] = block.labels[row];
        }
    }
    free(buffer);
    samples_free(&samples);
    return rows;
}

/* 1/2 sum (y - theta.x)^2 row by row; gradient [d] = its derivative. */
static inline double data_term(const Problem *problem, const double *rows, const double theta[],
                               double gradient[])
{
    const int d = (int)problem->dimension;
    double sum = 0.0;
    memset(gradient, 0, (size_t)d * sizeof *gradient);
    for (int mu = 0; mu < problem->samples; mu++) {
        const double *x = rows + mu * (d + 1);
        double r = x[d];
        for (int i = 0; i < d; i++) {
            r -= theta[i] * x[i];
        }
        sum += 0.5 * r * r;
        for (int i = 0; i < d; i++) {
            gradient[i] -= r * x[i];
        }
    }
    return sum;
}

/* mu_q of theory.md section 11. */
static inline double penalty_weight(const Problem *problem)
{
    const double layers = problem->depth;
    return 0.5 * layers * problem->weight_decay * pow(problem->dimension, 1.0 / layers);
}

static inline double objective(const Problem *problem, const double *rows, const double theta[])
{
    double *gradient = calloc((size_t)problem->dimension, sizeof *gradient);
    double sum = data_term(problem, rows, theta, gradient);
    for (int i = 0; i < problem->dimension; i++) {
        sum += theta[i] == 0.0
                   ? 0.0
                   : penalty_weight(problem) * pow(fabs(theta[i]), 2.0 / problem->depth);
    }
    free(gradient);
    return sum;
}

#endif
