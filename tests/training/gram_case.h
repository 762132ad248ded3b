/* gram_case.h - a spread Gram matrix and its data, for its tests; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_GRAM_CASE_H
#define PHASESWEEP_TESTS_GRAM_CASE_H

#include <stdlib.h>

#include "phasesweep/numerics/rng.h"
#include "lasso/lasso_gram.h"

/* More than two panels, the last one not full. */
enum { ROWS = 400, SIZE = 2 * GRAM_PANEL + 77 };

/* All of x on every rank, and this rank's rows of it by column. */
static inline void make_data(MPI_Comm team, double *x, double *mine, int *rows)
{
    int rank;
    int ranks;
    MPI_Comm_rank(team, &rank);
    MPI_Comm_size(team, &ranks);
    const int first = ROWS * rank / ranks;
    *rows = ROWS * (rank + 1) / ranks - first;
    for (int j = 0; j < SIZE; j++) {
        rng_normals(3, RNG_PROBE, (uint64_t)j, ROWS, x + j * ROWS);
        for (int i = 0; i < *rows; i++) {
            mine[j * *rows + i] = x[j * ROWS + first + i];
        }
    }
}

static inline double product(const double *x, int i, int j)
{
    double sum = 0.0;
    for (int k = 0; k < ROWS; k++) {
        sum += x[i * ROWS + k] * x[j * ROWS + k];
    }
    return sum;
}

/* Its Gram matrix, grown within and across panels. */
static inline Gram make_gram(double *x)
{
    double *mine = calloc(ROWS * SIZE, sizeof *mine);
    int rows;
    make_data(MPI_COMM_WORLD, x, mine, &rows);
    Gram gram = gram_create(MPI_COMM_WORLD);
    gram_extend(&gram, mine, rows, rows, 50);
    gram_extend(&gram, mine, rows, rows, 60);
    gram_extend(&gram, mine, rows, rows, SIZE);
    free(mine);
    return gram;
}

#endif
