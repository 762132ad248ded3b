/* training.h - the quadratic network trained to its global minimum, with a proof.
 *
 * For width p >= d training is the convex problem of theory.md sections 1 and 8,
 *     F(S) = (1/d^2) |y - A(S)|^2 + (lt/d) Tr S,   S >= 0,   A(S)_mu = Tr S Z_mu,
 * whatever p is (it enters lt alone).  The iteration is message passing with Anderson mixing,
 * M = S + (d/2n) sum z_mu Z_mu, S' = (M - b)_+, z' = y - A(S') + kappa z with b and kappa tied
 * so that the fixed point is exactly the minimiser; where it makes no progress, accelerated
 * proximal gradient, which always converges, takes over (training_descent.h).  The duality gap
 * of theory.md section 8 decides when to stop: gap <= tolerance proves that F is within that
 * share of its global minimum.
 *
 * Early iterations go through the data in single precision, where vector units do twice the
 * work; whatever is reported, certificate included, is computed in double.
 *
 * A team of ranks shares the rows; rank 0 of the team holds the d x d matrices and decides.
 *
 * Units are those of theory.md section 1: lt is the nuclear weight, F has no 1/n and no 1/2.
 * A training costs 2 n d rank + n d^2 flops and one eigendecomposition an iteration; memory
 * is that of training_memory.  Whatever the team, the data are the same and results agree to
 * what the gap allows; bits are equal at most for
 * equal teams and one method of symmetric_eigen.h.
 */
#ifndef PHASESWEEP_TRAINING_H
#define PHASESWEEP_TRAINING_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/parallel/symmetric_eigen.h"

/* Ranks must agree in all that is not marked as read on rank 0. */
typedef struct TrainingSettings {
    SampleStore store;
    size_t memory; /* bytes a rank may use; read by STORE_AUTO */
    EigenMethod eigen;
    bool rotated;                /* Haar-rotated teacher, see gaussian_rows.h */
    bool double_only;            /* no single precision in the early iterations */
    bool gradient_only;          /* accelerated gradient from the start, to compare */
    double tolerance;            /* > 0: relative duality gap to reach */
    int iteration_limit;         /* >= 1, per call of training_solve */
    const char *checkpoint;      /* path, NULL: none; borrowed, read on rank 0 */
    double checkpoint_period;    /* seconds between checkpoints */
    void *luggage;               /* the caller's bytes, saved and restored with the state */
    size_t luggage_bytes;        /*   on rank 0; borrowed; the same number on all ranks */
    bool (*stop)(void *context); /* asked by rank 0 once an iteration; NULL: never stop */
    void *stop_context;          /* borrowed */
} TrainingSettings;

/* Normalisation of theory.md section 1; the same on all ranks. */
typedef struct Training {
    Outcome outcome;        /* CONVERGED, NOT_CONVERGED (limit reached; see gap), FAILED (not
                               finite: all numbers NAN), or RUNNING if stopped */
    bool stopped;           /* settings.stop said so; the state is in the checkpoint */
    int iterations;         /* passes over the data since the line's previous point */
    int rank;               /* of S */
    double gap;             /* (F - lower bound of the minimum) / F >= 0 */
    double objective;       /* F */
    double risk;            /* R = |S - S*|_F^2 / d */
    double prediction_risk; /* E (f - f*)^2 = 2 R */
    double train_loss;      /* mean squared residual over the samples */
    double trace;           /* Tr S / d */
    double overlap_q;       /* |S|_F^2 / d */
    double overlap_m;       /* Tr S S* / d */
    double smoothness;      /* Lipschitz constant of the gradient, as estimated so far */
} Training;

/* Data, iterate and workspace of a line of trainings on a team; opaque.  It holds what the
 * next point of the line starts from. */
typedef struct TrainingWork TrainingWork;

/* Local.  Tolerance 1e-6, auto store with 1 GiB, 20000 iterations, 300 s, nothing else. */
TrainingSettings training_defaults(void);

/* Collective on team, which is borrowed and must outlive the work.  Draws the data of the
 * problem's (seed, n, d, gamma, Delta).  If settings->checkpoint names a file that was written
 * for the same data, its state and luggage are taken over; a file of other data or of another
 * version is ignored.  Release with training_free. */
TrainingWork *training_create(MPI_Comm team, const Problem *problem,
                              const TrainingSettings *settings);
void training_free(TrainingWork *work);

/* Local.  Weight decay of the point in which the restored state was, NAN if none was restored.
 * The caller continues its line there. */
double training_resumes_at(const TrainingWork *work);

/* Collective on the team.  Train at problem->weight_decay and width, tolerance
 * problem->tolerance if that is > 0; the rest of problem is that of training_create.  Starts
 * from where the previous call, or the checkpoint, ended.
 *   eigenvalues  [d] of S, decreasing, or NULL
 *   overlaps     [d] squared overlap of the k-th eigenvector with the teacher's k-th, 0 beyond
 *                the rank, or NULL
 * Report and arrays are the same on all ranks. */
Training training_solve(TrainingWork *work, const Problem *problem, double eigenvalues[],
                        double overlaps[]);

/* Local.  The network of the last solution, S = factor factor^T: d x rank by column, borrowed
 * until the next call.  The same on all ranks. */
const double *training_factor(const TrainingWork *work, int *rank);

/* Local.  Bytes the busiest of `ranks` ranks needs; store must not be STORE_AUTO. */
size_t training_memory(const Problem *problem, int ranks, SampleStore store);

/* Local.  Useful floating-point operations: 2 n d rank + n d^2 an iteration.  What a rate in
 * GF/s is computed from: products with X alone, not the eigenproblem. */
double training_flops(const Problem *problem, double iterations, double rank);

#endif
