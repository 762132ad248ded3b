/* narrow_pass.h - value and gradient of the loss of a narrow network, private to narrow*.c. */
#ifndef PHASESWEEP_TRAINING_NARROW_PASS_H
#define PHASESWEEP_TRAINING_NARROW_PASS_H

#include <mpi.h>
#include <stdbool.h>

#include "phasesweep/data/gaussian_rows.h"

typedef struct NarrowPass {
    MPI_Comm team;       /* borrowed */
    const Dataset *data; /* borrowed */
    int width, networks; /* p, and how many there is room for side by side */
    bool single;         /* arithmetic in single precision */
    double *block;       /* [block_rows * d]; owned as all below */
    double *product;     /* [block_rows * p * networks] */
    double *residual;    /* [block_rows] */
    double *sum;         /* d x p * networks */
    float *copy;         /* [rows * d] of the share, or NULL */
    float *block_single, *product_single;
    float *factor_single, *sum_single; /* d x p * networks */
    double *sums;                      /* [2 * networks] of r^2 and r */
} NarrowPass;

/* Local.  `copy` keeps the rows in single precision too; with STORE_FLOAT they are anyway.
 * Release with narrow_pass_free. */
NarrowPass narrow_pass_create(MPI_Comm team, const Dataset *data, int width, int networks,
                              bool copy);
void narrow_pass_free(NarrowPass *pass);

/* Local.  Bytes of a NarrowPass with so many columns, its samples and a copy of them apart;
 * bytes of that copy. */
size_t narrow_pass_memory(const SamplesSpec *spec, int columns);
size_t narrow_copy_memory(const SamplesSpec *spec, int ranks);

/* Collective on the team.  For each of `networks`: loss = |r|^2 over all samples, r = y - A(S),
 * S = F F^T with F its p columns of `factor`, d x p * networks and the same on all ranks; and
 * in its columns of pass->sum this rank's share of sum_mu r_mu Z_mu F. */
void narrow_pass_run(NarrowPass *pass, int networks, const double factor[], double loss[]);

#endif
