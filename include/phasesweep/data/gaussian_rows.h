/* gaussian_rows.h - rows of data and labels, the same for any number of ranks.
 *
 * Row mu is x_mu, x_i = sqrt(sigma_i) z_i with independent z_i of mean 0 and variance 1
 * (features.h), and a label y_mu, noise included (theory.md section 1):
 *     quadratic  y = Tr[S* Z] + sqrt(Delta) xi,  Z = (z z^T - I)/sqrt(d),  S* = O diag(s) O^T
 *     diagonal   y = theta*.z + sqrt(Delta) xi,  theta*_i = +-s_i/sqrt(d)
 *     signed     as quadratic, s_i with signs
 *     ridge      as diagonal
 *     neurons    y = sum_k v_k sigma(w_k.x) + sqrt(Delta) xi (neuron_teacher.h)
 * Correlated features have x = D^(1/2) C^(1/2) z (features.h), and labels of x in place of z.
 * Both depend on (seed, mu) alone, so the data are nested in n.  O is the identity unless a
 * rotation is asked for: where rows are isotropic and Gaussian a diagonal S* is statistically
 * the same, exact, and spares every row a product with O.
 *
 * The rows are cut into quanta of SAMPLES_QUANTUM, and each rank of the team owns a contiguous
 * run of quanta, which it hands out in blocks.  The team's size only decides who owns which
 * quantum: sums over all rows agree between teams to rounding.
 *
 * Nothing communicates: every rank makes its own rows, labels and teacher.  Rounded rows
 * (STORE_FLOAT) are other data than exact ones, to 6e-8, and are a choice of the job.
 */
#ifndef PHASESWEEP_DATA_GAUSSIAN_ROWS_H
#define PHASESWEEP_DATA_GAUSSIAN_ROWS_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phasesweep/data/dataset.h"
#include "phasesweep/data/neuron_teacher.h"
#include "phasesweep/model/problem.h"

/* What the data are, and how a rank is to hold them; only the former changes numbers, but
 * for STORE_FLOAT, which rounds the rows and not the labels. */
typedef struct SamplesSpec {
    ModelId model;
    FeatureLaw law;
    double degrees_of_freedom;  /* of student */
    double sparse_share;        /* of sparse */
    double covariance_exponent; /* a >= 0 */
    double block_correlation;   /* rho in [0, 1) */
    int block_size;             /* of correlated features, at least 2, else 0 */
    double source_exponent;     /* of the teacher in the coordinates z: > 1/2 */
    double noise;               /* Delta >= 0, a variance */
    uint64_t seed;
    int dimension;     /* d >= 2 */
    int64_t samples;   /* n >= 1 */
    bool rotated;      /* Haar rotation of the teacher (quadratic, signed) */
    bool random_signs; /* of the teacher's coefficients; read where the model has them */
    NeuronTeacherSpec neurons; /* of networks that are its like */
    SampleStore store;
    size_t memory;  /* bytes a rank may use for rows; read by STORE_AUTO */
    int block_rows; /* a multiple of SAMPLES_QUANTUM; 0: chosen for cache */
} SamplesSpec;

/* A rank's share of the rows. */
typedef struct Samples {
    SamplesSpec spec;      /* store and block_rows resolved */
    int64_t first, rows;   /* this rank's share */
    Truth truth;           /* owned, as all below */
    double *variances;     /* [d] sigma_i, NULL where Sigma is I */
    double *deviations;    /* [d] their square roots, likewise */
    Covariance covariance; /* borrows both */
    double mean;           /* of quadratic_output of rows that have their covariance */
    double *labels;        /* [rows]; owned */
    double *features;      /* [rows * d] if STORE_DOUBLE; owned */
    float *rounded;        /* [rows * d] if STORE_FLOAT; owned */
} Samples;

/* Local.  The parameters of a point that concern its data, everything else default: memory 0.
 * The samples must be a whole number. */
SamplesSpec samples_spec(const Problem *problem);

/* Local.  Are rows, labels and teacher of these problems the same?  Weight decay, width and
 * tolerance do not matter. */
bool samples_same_data(const Problem *a, const Problem *b);

/* Local.  Rows of a block: those asked for, or what the caches hold. */
int samples_block_rows(const SamplesSpec *spec);

/* Local.  Bytes a rank of `ranks` needs for rows, labels and one block.  store must not be
 * STORE_AUTO; samples_create makes that choice.  The rotation is counted too. */
size_t samples_memory(const SamplesSpec *spec, int ranks);

/* Local apart from asking team for rank and size; team is not kept.  The labels are made at
 * once and the rows too if they are stored. */
Samples samples_create(MPI_Comm team, const SamplesSpec *spec);

/* Local.  Leaves *samples empty, so a second call is harmless. */
void samples_free(Samples *samples);

/* Local.  What a training reads of them; borrows. */
Dataset samples_dataset(const Samples *samples);

#endif
