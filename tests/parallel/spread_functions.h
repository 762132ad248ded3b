/* spread_functions.h - functions with known minima for test_lbfgs*, their variables spread over
 * all ranks. */
#ifndef PHASESWEEP_TESTS_SPREAD_FUNCTIONS_H
#define PHASESWEEP_TESTS_SPREAD_FUNCTIONS_H

#include <math.h>
#include <mpi.h>
#include <stdbool.h>

#include "phasesweep/parallel/lbfgs.h"

/* Variables first ... first + count - 1 of SIZE are this rank's; uneven on purpose. */
enum { SIZE = 60 };
typedef struct Share {
    int first, count;
} Share;

static inline Share share_of(void)
{
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int first = rank == 0 ? 0 : SIZE - 20 + 20 * (rank - 1) / ranks;
    const int end = rank == ranks - 1 ? SIZE : SIZE - 20 + 20 * rank / ranks;
    return (Share){first, end - first};
}

/* Every rank sees all variables, computes all, keeps its part of the gradient. */
static inline void see_all(const Share *share, const double x[], double all[SIZE])
{
    for (int i = 0; i < SIZE; i++) {
        const bool mine = i >= share->first && i < share->first + share->count;
        all[i] = mine ? x[i - share->first] : 0.0;
    }
    MPI_Allreduce(MPI_IN_PLACE, all, SIZE, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}

/* Sum over pairs of 100 (b - a^2)^2 + (1 - a)^2: minimum 0 at 1, curved valleys. */
static inline double rosenbrock(const double x[], double gradient[], void *context)
{
    const Share *share = context;
    double all[SIZE];
    double slope[SIZE];
    see_all(share, x, all);
    double sum = 0.0;
    for (int i = 0; i < SIZE; i += 2) {
        const double off = all[i + 1] - all[i] * all[i];
        const double left = 1.0 - all[i];
        sum += 100.0 * off * off + left * left;
        slope[i] = -400.0 * off * all[i] - 2.0 * left;
        slope[i + 1] = 200.0 * off;
    }
    for (int i = 0; i < share->count; i++) {
        gradient[i] = slope[share->first + i];
    }
    return sum;
}

/* Weights from 1 to 10 on a chain of coupled variables, condition about 1e4; minimum -1 where z
 * = 0, z_i = x_i - x_(i-1) - 1. */
static inline double quadratic(const double x[], double gradient[], void *context)
{
    const Share *share = context;
    double all[SIZE];
    double slope[SIZE + 1] = {0};
    see_all(share, x, all);
    double sum = -1.0;
    for (int i = 0; i < SIZE; i++) {
        const double weight = pow(10.0, i / (SIZE - 1.0));
        const double z = all[i] - (i > 0 ? all[i - 1] : 0.0) - 1.0;
        sum += 0.5 * weight * z * z;
        slope[i] += weight * z;
        if (i > 0) {
            slope[i - 1] -= weight * z;
        }
    }
    for (int i = 0; i < share->count; i++) {
        gradient[i] = slope[share->first + i];
    }
    return sum;
}

/* No minimum: exp(-sum x) falls for ever. */
static inline double bottomless(const double x[], double gradient[], void *context)
{
    const Share *share = context;
    double all[SIZE];
    see_all(share, x, all);
    double sum = 0.0;
    for (int i = 0; i < SIZE; i++) {
        sum += all[i];
    }
    for (int i = 0; i < share->count; i++) {
        gradient[i] = -exp(-sum);
    }
    return exp(-sum);
}

/* With room for `memory` pairs. */
static inline Lbfgs minimise(const Share *share, int memory, double x[], LbfgsFunction function,
                             const LbfgsSettings *settings)
{
    Share copy = *share;
    LbfgsWork *work = lbfgs_create(MPI_COMM_WORLD, share->count, memory);
    const Lbfgs report = lbfgs_minimise(work, x, function, &copy, settings);
    lbfgs_free(work);
    return report;
}

#endif
