/* narrow.h - the quadratic network of any width trained on its weights, by L-BFGS.
 *
 * For width p < d training is not convex:
 *     F = (1/d^2) |y - A(S)|^2 + (lt/d) Tr S,   S = W^T W / sqrt(p d),   W is p x d
 * (theory.md sections 1, 8).  The first point of a line starts several times, from W with
 * independent N(0, 1) entries; the lowest end is kept and the spread of the ends reported.
 * Later points start from their neighbour.  The variables are F^T = W / (p d)^(1/4), so that
 * S = F F^T with F d x p; a gradient costs two products per block of rows, 4 n d p operations,
 * and is summed over the team.  The starts descend side by side, so that one pass over the rows
 * serves all and the products are wide enough to be fast; in single precision, where vector
 * units do twice the work, before the lowest one ends in double.
 *
 * The duality gap of the convex problem without a bound on the rank (theory.md section 8) is
 * reported: near 0 it proves that the network is a global minimum, which is possible only where
 * the convex solution has rank <= p; a large one proves nothing.
 */
#ifndef PHASESWEEP_TRAINING_NARROW_H
#define PHASESWEEP_TRAINING_NARROW_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/problem.h"

typedef struct NarrowSettings {
    SampleStore store;
    size_t memory;               /* bytes a rank may use for rows; read by STORE_AUTO, and
                                              for a copy in single precision, kept if it fits too */
    bool rotated;                /* Haar-rotated teacher, see gaussian_rows.h */
    bool double_only;            /* no single precision in the early iterations */
    double tolerance;            /* > 0: F - minimum nearby, estimated, relative to F */
    int evaluation_limit;        /* >= 1, per descent */
    int starts;                  /* >= 1, at the first point of a line */
    const char *checkpoint;      /* path, NULL: none; borrowed, read on rank 0 */
    double checkpoint_period;    /* seconds between checkpoints */
    void *luggage;               /* the caller's bytes, saved and restored with the state */
    size_t luggage_bytes;        /*   on rank 0; borrowed; the same number on all ranks */
    bool (*stop)(void *context); /* asked by rank 0 once an evaluation; NULL: never stop */
    void *stop_context;          /* borrowed */
} NarrowSettings;

typedef struct Narrow {
    Outcome outcome;        /* CONVERGED to a stationary point, NOT_CONVERGED (limit reached),
                               FAILED (not finite: all numbers NAN), or RUNNING if stopped */
    bool stopped;           /* settings.stop said so; the state is in the checkpoint */
    int iterations;         /* of the descents that led to the network kept */
    int evaluations;        /* of F and its gradient, all starts together */
    int rank;               /* eigenvalues of S above 1e-6 of the largest; others are 0 */
    double gap;             /* relative duality gap of the convex problem, >= 0 */
    double estimate;        /* of F - minimum nearby, relative to F */
    double spread;          /* (highest - lowest end of the starts) / lowest; 0 for one start */
    double objective;       /* F */
    double risk;            /* R = |S - S*|_F^2 / d */
    double prediction_risk; /* E (f - f*)^2 = 2 R */
    double train_loss;      /* mean squared residual over the samples */
    double trace;           /* Tr S / d */
    double overlap_q;       /* |S|_F^2 / d */
    double overlap_m;       /* Tr S S* / d */
} Narrow;

typedef struct NarrowWork NarrowWork;

/* Local.  Tolerance 1e-7, auto store with 1 GiB, 5000 evaluations, 3 starts, 300 s, nothing
 * else. */
NarrowSettings narrow_defaults(void);

/* Collective on team, which is borrowed and must outlive the work.  Draws the data of the
 * problem's (seed, n, d, gamma, Delta) for networks of its width.  If settings->checkpoint
 * names a file that was written for the same data and width, its state and luggage are taken
 * over, and the point that it was in is gone on with; other files are ignored.  Release with
 * narrow_free. */
NarrowWork *narrow_create(MPI_Comm team, const Problem *problem,
                          const NarrowSettings *settings);
void narrow_free(NarrowWork *work);

/* Collective on the team.  Train at problem->weight_decay, tolerance problem->tolerance if that
 * is > 0; the rest of problem is that of narrow_create.  Starts from where the previous call
 * ended.
 *   eigenvalues  [d] of S, decreasing, or NULL
 *   overlaps     [d] squared overlap of the k-th eigenvector with the teacher's k-th, 0 beyond
 *                the rank, or NULL
 * Report and arrays are the same on all ranks. */
Narrow narrow_solve(NarrowWork *work, const Problem *problem, double eigenvalues[],
                    double overlaps[]);

/* Local.  W [p x d] of the last solution, row after row. */
void narrow_weights(const NarrowWork *work, double weights[]);

/* Local.  Bytes the busiest of `ranks` ranks needs; store must not be STORE_AUTO. */
size_t narrow_memory(const Problem *problem, int ranks, SampleStore store);

/* Local.  Useful floating-point operations of the products, 4 n d p an evaluation. */
double narrow_flops(const Problem *problem, double evaluations);

#endif
