/* amp.h - approximate message passing on drawn data, beside its state evolution.
 *
 * One iteration of theory.md section 8, in the notation of overlaps.h (capacity C, weight w):
 *     M  = S + A^T z / (n, or 2n/d for the quadratic network)
 *     S' = f(M),   b(C - D) = w with the divergence D of f on this very M          (E2)
 *     z' = y - A(S') + z D/C
 * from S = 0, z = y.  f takes b off eigenvalues or coefficients.  A fixed point is the trained
 * network, whatever b led there.  Damping keeps a part k of S and of z: S = (1-k) S' + k S, and
 * z alike.  M has Gaussian noise at any k, of variance t = (1 + noise)/C at first, then
 *     C t' = (1-k)^2 (R + noise) + 2k (1-k) (O + noise) + k^2 C t                     (E1)
 * with R of f at (t, b(t)) and O the overlap of its error with those that z is made of: 1 - m
 * with S* itself, the error of S = 0, and taken to be R with every other, as it were if S' were
 * a conditional mean.  So the predicted path of R is exact as d grows if k = 0, and for two
 * iterations at any k; then good to 6 % at k = .3, 16 % at k = .6 (d = 2000), its end exact.
 *
 * Without damping the iteration may go round in circles, or grow without end, where d is small
 * or the weight decay is: so by default damping is raised whenever steps stop shrinking.
 *
 * A team of ranks shares the rows; rank 0 of the team decides.
 */
#ifndef PHASESWEEP_TRAINING_AMP_H
#define PHASESWEEP_TRAINING_AMP_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/parallel/symmetric_eigen.h"

typedef struct AmpSettings {
    SampleStore store;
    size_t memory;               /* bytes a rank may use; read by STORE_AUTO */
    EigenMethod eigen;           /* quadratic network */
    double damping;              /* in [0, 1); negative: as little as it needs */
    double tolerance;            /* > 0: of residual below */
    int iteration_limit;         /* >= 1 */
    bool (*stop)(void *context); /* asked by rank 0 once an iteration; NULL: never stop */
    void *stop_context;          /* borrowed */
} AmpSettings;

/* The report of a solution, S being its last S'. */
typedef struct Amp {
    Outcome outcome; /* CONVERGED; NOT_CONVERGED: limit reached; DIVERGED: z grew beyond
                        all bounds or is not finite, and all numbers of S are NAN;
                        RUNNING if stopped */
    bool stopped;    /* settings.stop said so */
    int iterations;
    int rank;               /* of S; active coefficients */
    double damping;         /* k of the last iteration */
    double residual;        /* |S' - S| / |S'| in the last iteration; / |S*| where S' = 0 */
    double delta;           /* effective noise, from z alone; tau */
    double threshold;       /* b */
    double objective;       /* as trained; theory.md section 1 */
    double train_loss;      /* mean squared residual y - A(S) over the samples */
    double risk;            /* R */
    double trace;           /* Tr S / d; |theta|_1 */
    double overlap_q;       /* |S|^2 / d; |theta|^2 */
    double overlap_m;       /* Tr S S* / d; theta . theta* */
    double feature_overlap; /* squared, of the leading vector with its teacher; NAN: none */
} Amp;

/* R by iteration, the first place being iteration 1; NAN beyond the last iteration, and cut
 * where the room ends. */
typedef struct AmpPath {
    size_t room;  /* places of the arrays */
    double *risk; /* [room] of S' on these data; borrowed */
    double *kept; /* [room] k, the part of the last iterate kept; borrowed */
} AmpPath;

typedef struct AmpWork AmpWork;

/* Local.  Auto store with 1 GiB, damping as needed, tolerance 1e-6, 5000 iterations. */
AmpSettings amp_defaults(void);

/* Collective on team, which is borrowed and must outlive the work.  Draws the data of the
 * problem's (seed, n, d, gamma, Delta, signs).  Width is p >= d.  Release with amp_free. */
AmpWork *amp_create(MPI_Comm team, const Problem *problem, const AmpSettings *settings);
void amp_free(AmpWork *work);

/* Collective on the team.  Iterate from S = 0 at problem->weight_decay and width, tolerance
 * problem->tolerance if that is > 0; the rest of problem is that of amp_create.
 *   spectrum  [d] eigenvalues of S, or |theta_i|, decreasing, or NULL
 *   path      or NULL
 * Report and arrays are the same on all ranks. */
Amp amp_solve(AmpWork *work, const Problem *problem, double spectrum[], const AmpPath *path);

/* Local.  Bytes the busiest of `ranks` ranks needs; store must not be STORE_AUTO. */
size_t amp_memory(const Problem *problem, int ranks, SampleStore store);

#endif
