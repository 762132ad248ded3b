/* trainer.h - networks trained on drawn data: the table of ways to do it, and what all of them
 * take and report.
 *
 *     trainer_convex    quadratic or signed network of width p >= d: a convex problem, with a
 *                       proof
 *     trainer_spread    the same where no rank holds a whole matrix
 *     trainer_factored  quadratic network of any width, on its weights
 *     trainer_deep_matrix
 *                       of more layers before the square: the best of several starts
 *     trainer_lasso     diagonal network of two layers, with a proof
 *     trainer_deep_lasso
 *                       of more layers: the best of several starts
 *     trainer_ridge     linear regression with weight decay, by one factorisation a point
 *     trainer_neurons   two layers of any activation: Adam, then L-BFGS
 *     trainer_amp       message passing for quadratic, signed and diagonal networks, beside
 *                       state evolution
 *     trainer_descent   either network by gradient descent, SGD or Adam, as it is at a time
 *
 * path.h drives every one of them.  An iteration is the only place to stop or to save; the
 * state that a trainer lists is all that it needs to repeat the same iterates after it.
 */
#ifndef PHASESWEEP_TRAINING_TRAINER_H
#define PHASESWEEP_TRAINING_TRAINER_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/data/file_rows.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/parallel/symmetric_eigen.h"

typedef enum LassoLayout {
    LASSO_AUTO,    /* columns unless n > 4 d or memory says otherwise */
    LASSO_COLUMNS, /* X stored, Gram matrix of the working set */
    LASSO_SUMS     /* X drawn once, full Gram matrix */
} LassoLayout;

/* How a convex training goes on. */
typedef enum ConvexWay {
    CONVEX_AUTO,    /* interior steps where the descent takes longer */
    CONVEX_DESCENT, /* never */
    CONVEX_INTERIOR /* from the start */
} ConvexWay;

/* Which eigenpairs a convex training on whole matrices finds in a step. */
typedef enum ConvexPairs {
    PAIRS_AUTO,  /* those that are needed, where that is faster */
    PAIRS_ALL,   /* from decompositions alone */
    PAIRS_ACTIVE /* those that are needed, on any team and for small d too */
} ConvexPairs;

/* Beside the problem; ranks must agree in all that is not marked as read on rank 0. */
typedef struct TrainerSettings {
    size_t memory;       /* bytes a rank may use; read by STORE_AUTO and LASSO_AUTO */
    EigenMethod eigen;   /* convex, amp */
    LassoLayout layout;  /* lasso */
    double active;       /* lasso: most coefficients expected to be active; 0: unknown */
    bool double_only;    /* no single precision in the early iterations */
    bool gradient_only;  /* convex, spread: accelerated gradient from the start, to compare */
    ConvexWay convex;    /* to compare */
    ConvexPairs pairs;   /* the same */
    bool plain_dual;     /* convex: dual vectors are not polished; the same */
    int iteration_limit; /* a point, >= 1; 0: that of the trainer */
    double time_limit;   /* seconds of a point, read by rank 0; 0: none */
    int starts;          /* factored: >= 1, at the first point */
    DataFile data;       /* of problems whose data are not drawn */
    size_t path_room;    /* amp: iterations whose risk is kept */
    /* where the state is saved, NULL: nowhere; borrowed, read on rank 0 */
    const char *checkpoint;
    /* bytes that say whose state it is; borrowed, the same on all ranks */
    const void *identity;
    size_t identity_bytes;
    /* the caller's bytes, saved with the state, restored on all ranks; borrowed */
    void *luggage;
    size_t luggage_bytes;
    /* asked by rank 0 after an iteration; NULL: never stop */
    bool (*stop)(void *context);
    /* called on rank 0 when the state is on the disk; NULL: nobody wants to know */
    void (*saved)(void *context);
    void *stop_context; /* of both; borrowed */
} TrainerSettings;

/* Local.  1 GiB, 3 starts, everything else automatic or none. */
TrainerSettings trainer_defaults(void);

/* Of a network of neurons, which of them is which of the teacher's (theory.md section 8); in
 * the variables u_k = w_k/sqrt d and a_k/sqrt p of f = sum (a_k/sqrt p) sigma(u_k.x). */
typedef struct NeuronPairs {
    size_t students, teachers; /* counted here, NEURONS_STORED at most */
    double *readout;           /* [students] a_k/sqrt p */
    double *gram;              /* [students * students] u_k.u_l */
    double *overlap;           /* [students * teachers] u_k.w*_j, a row a student's neuron */
} NeuronPairs;

/* What is reported of a point, in the normalisation of theory.md section 1 and the same on all
 * ranks; S stands for theta in the diagonal network.  A number that a trainer does not have, or
 * that has no meaning after a failure, is NAN. */
typedef struct Observed {
    Outcome outcome;     /* CONVERGED; STATIONARY: a minimum that cannot be proven the least, of
                            a deeper network; NOT_CONVERGED: limit reached or rounding; FAILED:
                            not finite; DIVERGED: amp, beyond all bounds; RUNNING if stopped */
    bool stopped;        /* settings.stop said so; the state is in the checkpoint */
    int iterations;      /* of the solution; factored: of the descents that led to it; if
                            stopped those of this call */
    int evaluations;     /* the same; factored: of F and its gradient, all starts together */
    int factorisations;  /* lasso */
    double rank;         /* of S; active coefficients */
    double gap;          /* (F - lower bound of the minimum) / F >= 0; factored: of the convex
                            problem, a proof only where it is near 0 */
    double estimate;     /* factored: of F - minimum nearby, relative to F */
    double spread;       /* factored, deeper networks: (highest - lowest end of the starts) /
                            lowest, of F */
    double risk_spread;  /* deeper networks: highest - lowest R of the ends */
    double specialised;  /* neurons: of the teacher's those that a student's one is near */
    double sampled_risk; /* neurons: mean of (f - f*)^2 over rows that no training sees */
    double stationarity; /* neurons: |grad F| |(W, a)| / F; deeper networks: |S' - S| / |S'| of
                            one more proximal step of all coefficients or of the matrix; / |S*|
                            where S' = 0 */
    double objective;    /* F */
    double train_loss;   /* mean squared residual over the samples */
    double risk;         /* R = |S - S*|_F^2 / d; |theta - theta*|^2 */
    double prediction_risk; /* E (f - f*)^2 */
    double trace;           /* Tr S / d, signed |S|_* / d; |theta|_1 */
    double overlap_q;       /* |S|_F^2 / d; |theta|^2 */
    double overlap_m;       /* Tr S S* / d; theta . theta* */
    double feature_overlap; /* squared, of the leading vector with its teacher */
    /* from the training data alone (theory.md section 12): E (y - f)^2, noise included; R; the
     * variance of the noise; NAN where there is no estimate */
    double error_estimate, risk_estimate, noise_estimate;
    /* on the rows held out, if there are any: mean squared error; share of wrong signs, if all
     * their labels are 1 or -1 */
    double test_error, classification_error;
    double linear_square; /* E (w.x + c)^2 of a linear unit */
    double smoothness;    /* convex: Lipschitz constant of the gradient, as estimated so far */
    double damping;       /* amp: k of the last iteration */
    double residual;      /* amp: |S' - S| / |S'| in it; / |S*| where S' = 0 */
    double delta;         /* amp: effective noise, from z alone; tau */
    double threshold;     /* amp: b */
    /* amp: R of S' and k by iteration, the first place being iteration 1, NAN beyond the last
     * [settings.path_room]; borrowed until the next point */
    const double *risk_path, *kept_path;
    const NeuronPairs *pairs; /* neurons, NULL where there are none; likewise */
} Observed;

/* The network of the last point, the same on all ranks; borrowed until the next. */
typedef struct Network {
    int columns;          /* of factor, 0 ... d, or p */
    int negative;         /* the last of them, which count with a minus */
    const double *factor; /* S = factor factor^T: d x columns by column; NULL: no matrix, or
                             spread over the team */
    const double *unit;   /* c and w of a linear unit beside the matrix: [1 + d], or NULL */
    const double *theta;  /* diagonal network: [d], or NULL */
} Network;

typedef struct StateVisitor StateVisitor;

/* What the iterations of a point cost; an estimate for one core of 2024, which multiplies
 * matrices of doubles at 33 GF/s and of floats at 65. */
typedef struct TrainerPrice {
    double first, next; /* iterations of the first point of a chain, of others; as observed */
    double flops;       /* of an iteration, over the data: shared by a team */
    double eigen;       /* of its decomposition: at small d on one rank */
    double words;       /* numbers that the ranks add up in it */
    double rate;        /* flops a second of a core */
    double once;        /* flops before the first iteration of a chain, beside drawing */
} TrainerPrice;

/* All but accepts, price and memory are collective on the team of create. */
typedef struct Trainer {
    const char *name;
    /* Local. */
    bool (*accepts)(const Problem *problem);
    bool reads_once; /* rows need not be kept for it */
    /* For these data and the weight of the problem; all but the problem are borrowed. */
    void *(*create)(MPI_Comm team, const Dataset *data, const Problem *problem,
                    const TrainerSettings *settings);
    void (*release)(void *work);
    /* Turn to a point of the same data, from where the one before ended. */
    void (*begin)(void *work, const Problem *problem);
    /* One iteration; false, on all ranks, at the end of the point. */
    bool (*advance)(void *work);
    /* A limit is reached: end within the next few iterations, with what there is; the data are
     * drawn in any case.  NULL: a point takes only a few. */
    void (*hurry)(void *work);
    /* spectrum: [d] eigenvalues of S, of the signed network their sizes, or |theta_i|,
     * decreasing; overlaps: [d] squared, of the k-th eigenvector with the teacher's k-th, 0
     * beyond the rank, NAN where there are none. */
    void (*observe)(void *work, Observed *observed, double spectrum[], double overlaps[]);
    Network (*network)(const void *work);
    /* Everything that the next iteration depends on and create does not make. */
    void (*state)(void *work, StateVisitor *visitor);
    /* Local.  active: eigenvalues or coefficients of the solution that are expected not to be
     * 0, INFINITY if unknown. */
    TrainerPrice (*price)(const Problem *problem, double active);
    /* Local.  Bytes the busiest of `ranks` ranks needs; store is not STORE_AUTO; active:
     * numbers of a vector that are expected not to be 0, INFINITY if unknown. */
    size_t (*memory)(const Problem *problem, int ranks, SampleStore store, double active);
} Trainer;

extern const Trainer trainer_descent;
extern const Trainer trainer_convex;
extern const Trainer trainer_spread;
extern const Trainer trainer_factored;
extern const Trainer trainer_deep_matrix;
extern const Trainer trainer_lasso;
extern const Trainer trainer_deep_lasso;
extern const Trainer trainer_amp;
extern const Trainer trainer_ridge;
extern const Trainer trainer_neurons;

/* Local.  The first that accepts the problem. */
const Trainer *trainer_of(const Problem *problem);

/* Local.  The one for a team of `ranks` of which each has `memory` bytes: trainer_spread where
 * the first is trainer_convex, and its matrices do not fit or are so large that a team of 2 or
 * more had better share them; never for a rotated teacher, which is d x d on every rank, nor
 * for rows of a file, of which a rank has only its own. */
const Trainer *trainer_for(const Problem *problem, int ranks, double memory);

/* Local.  Memory of that trainer in the layout that it would choose. */
size_t trainer_memory(const Problem *problem, int ranks, SampleStore store, double active,
                      double memory);

/* Local.  Seconds of a point on one rank, the first of its chain or another; *fixed: those of
 * them that more ranks do not shorten, the same share at any weight.  active as in price. */
double trainer_seconds(const Problem *problem, double active, bool first, double *fixed);

/* Local.  Seconds that one rank would have taken for what a team of `ranks` took `seconds` for,
 * by trainer_seconds: seconds / (serial + (1 - serial) / ranks), as in cost.h. */
double trainer_alone(const Problem *problem, int ranks, double seconds);

/* Local.  Nothing observed yet: all numbers NAN. */
Observed observed_nothing(Outcome outcome);

#endif
