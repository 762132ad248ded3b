/* deep_descent.h - the quadratic network of more layers, on rank 0: which matrix next.  Private
 * to deep*.c.
 *
 *     F(S) = (1/d^2) |y - A(S)|^2 + (lt/d) sum s_i^q,   S >= 0,   0 < q <= 1
 *
 * (theory.md section 11) by proximal gradient: from `base`, whose dual vector v = y - A(base)
 * is known here through B = sum v_mu Z_mu, a step leads to S', which is base + 2/(d^2 L) B with
 * its eigenvalues shrunk by eta_q at chi = lt/(d L).  Base is Nesterov's extrapolation of the
 * last two networks, but a network counts only if F falls, and otherwise the step is made again
 * from the network in hand without it (monotone, Li & Lin 2015): F, which is not convex, never
 * rises.
 *
 * L is as small as F allows, from 4 alpha/d on, the mean curvature: a longer step cuts more and
 * jumps farther, so that fewer networks are left where it stays.  The minimum is one of them
 * for every L that bounds the curvature.
 *
 * Matrices are d x d, full, on rank 0; of a and B the lower triangle is used.  Everything is
 * deterministic.
 */
#ifndef PHASESWEEP_TRAINING_DEEP_DESCENT_H
#define PHASESWEEP_TRAINING_DEEP_DESCENT_H

#include <stdbool.h>

#include "phasesweep/numerics/threshold.h"
#include "convex/training_pass.h"

/* Everything but the matrices: saved in a checkpoint as it is. */
typedef struct DeepPace {
    double smoothness; /* L of the next step */
    double used;       /* that of the last one */
    double momentum;   /* Nesterov's t; 1: none */
    double residual;   /* |y - A(S)|^2 */
    double moved;      /* |S' - base|_F of the last step, over |S'|_F */
    int columns;       /* rank of S */
    int most;          /* rank that S' may have */
    int slot;          /* of its residuals in the pass */
    bool plain;        /* base is S */
    bool direct;       /* the last step began at the network itself */
    bool unknown;      /* B is not that of base: a pass with S is wanted */
} DeepPace;

typedef struct DeepDescent {
    int d;
    double alpha; /* n/d^2 */
    Threshold threshold;
    double weight; /* lt */
    DeepPace pace;
    double *network, *before; /* S and the one before; owned as all below */
    double *base, *trial;     /* S' in trial until it counts */
    double *factor;           /* [d * columns] of S */
    double *spectrum;         /* [d] of S, decreasing, 0 beyond its rank */
    double *shrunk;           /* [d] of S' */
} DeepDescent;

/* Local, as all below.  S = 0.  Release with deep_descent_free. */
DeepDescent deep_descent_create(int d, double samples);
void deep_descent_free(DeepDescent *descent);

/* S has at most so many features from here on, until it is placed again. */
void deep_descent_bound(DeepDescent *descent, int columns);

/* 4 alpha/d. */
double deep_descent_curvature(const DeepDescent *descent);

/* The penalty from here on. */
void deep_descent_penalise(DeepDescent *descent, double power, double weight);

/* Go to S = factor factor^T, whose `columns` columns are orthogonal, the longest first. */
void deep_descent_place(DeepDescent *descent, int columns, const double factor[]);

/* F of the network in hand, if its residual is known. */
double deep_descent_value(const DeepDescent *descent);

/* Plan of the pass with S, and its factor [d * rank]; then the sums of that pass. */
void deep_descent_return(DeepDescent *descent, double factor[], PassPlan *plan);
void deep_descent_returned(DeepDescent *descent, const PassSums *sums);

/* a = base + 2/(d^2 L) B. */
void deep_descent_matrix(const DeepDescent *descent, const double b[], double a[]);

/* From its ascending eigenvalues [d], how many of them stay. */
int deep_descent_shrink(DeepDescent *descent, const double values[]);

/* From the last plan->rank eigenvectors (by column) S': its factor [d * rank] and the plan of
 * the pass that makes its residual; then whether it counts, by the sums of that pass: S is S'
 * or what it was. */
void deep_descent_step(DeepDescent *descent, const double vectors[], double factor[],
                       PassPlan *plan);
bool deep_descent_judge(DeepDescent *descent, const PassPlan *plan, const PassSums *sums,
                        const double factor[]);

/* |S' - S|_F / |S'|_F of such a step, which is not taken; 0 if both are 0.  The room is as for
 * a factor of S'. */
double deep_descent_move(DeepDescent *descent, const double vectors[], double room[], int rank);

#endif
