/* overlaps.h - the order parameters of a network at given noise and threshold.
 *
 * All models have a state evolution of one form in (t, b), t = delta^2 or tau^2:
 *     capacity t = R + noise            (E1), of rows with a kurtosis R + surplus + noise
 *     capacity = D + weight / b         (E2)
 * with quadratic (theory.md section 2) capacity = 2 n/d^2, noise = Delta/2, weight = lt/2,
 * diagonal (section 3) capacity = n, noise = Delta, weight = lambda sqrt(d), and ridge (section
 * 10) capacity = n, noise = Delta, weight = lambda.  A model is the pair R(t, b),
 * D(t, b) with exact derivatives: a new one is a new function here.
 *
 * Sums are over the compressed atoms of teacher.h or along the paths of contour.h; their
 * errors are below 1e-10 relative (continuation.h).  Nothing here communicates; the workspace
 * belongs to one caller at a time.
 */
#ifndef PHASESWEEP_THEORY_OVERLAPS_H
#define PHASESWEEP_THEORY_OVERLAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "phasesweep/base/interrupt.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/model/teacher.h"
#include "phasesweep/numerics/threshold.h"
#include "phasesweep/theory/contour.h"

/* At one (t, b), per d as beside each.  Derivatives are partial ones in the logarithms of t,
 * b and p, with the other two held. */
typedef struct Overlaps {
    double risk, risk_t, risk_b;                   /* R; derivatives in log t, log b */
    double divergence, divergence_t, divergence_b; /* D, and the same */
    double risk_p, divergence_p; /* derivatives in log width; 0 unless it cuts f */
    double q;                    /* |S|^2 / d; |theta|^2 */
    double m;                    /* Tr S S* / d; theta . theta* */
    double trace;                /* Tr S / d; |theta|_1 */
    /* sum s^q / d; |theta|_q^q; only where a threshold jumps, and |theta|^2 of ridge regression
     */
    double penalty;
    double slope; /* sum E eta'^2 without the jump; likewise, vectors only */
    double rank;  /* expected positive eigenvalues; active coefficients */
    /* of rows with a kurtosis k4 (theory.md section 14), else 0: (k4/2) sum E_ii^2 / d, E = S -
     * S*, which (E1) has beside R, and its derivatives; b_eff - b of a rotated teacher */
    double surplus, surplus_t, surplus_b;
    double shift;
    /* of 1 by quadrature, in the worst block of a LASSO: >= 0, mostly 2e-13, infinite where the
     * sum is no number; else 0 */
    double lost;
} Overlaps;

/* What an evaluation borrows and remembers between calls.  The guesses change no result
 * beyond the accuracy of freeconv_locate. */
typedef struct OverlapsWork {
    Teacher teacher;
    Atoms atoms;            /* scratch */
    SpectralPoint near;     /* last threshold found, a guess for the next; v = -1 for none */
    SpectralPoint near_top; /* the same for the cut of the top p eigenvalues */
    SpectralPoint near_low; /* the same for -b, of the signed network */
    double width;           /* p of the quadratic network, real while it is continued */
    Threshold threshold;    /* of the penalty; soft if all 0 */
    double kurtosis;        /* k4 of the rows, at least -2 */
    /* sigma_i = variance_scale i^-covariance_exponent of the rows; risk, m and q are then in
     * the coordinates where the rows are isotropic, and so is the teacher */
    double covariance_exponent, variance_scale;
    struct Coordinates *coordinates; /* one by one, where they are asked for; owned */
    double block_correlation;        /* of the rows (features.h), 0: none are correlated */
    int block_size;
    struct Blocks *blocks; /* of correlated features, where they are asked for; owned */
    struct SoftBlockRoom *soft_room; /* scratch of those of the LASSO; owned */
    /* asked by evaluations that take from a millisecond to an hour, of turned matrices and of
     * blocks of a LASSO; evolution_take sets it, with a context borrowed from whoever solves;
     * {0}: never */
    Interrupt interrupt;
    bool rotated;          /* is the teacher turned against the coordinates of the rows? */
    uint64_t seed;         /* of its rotation, where that matters */
    struct Turned *turned; /* matrices, where they are asked for; owned */
} OverlapsWork;

/* Local.  Where f begins: the threshold, or the cut of the top p eigenvalues if that is
 * higher.  Quadratic network; work->teacher and work->width must be set. */
SpectralPoint overlaps_cut(OverlapsWork *work, double t, double b);

/* Local.  f of an eigenvalue x of mu that is above the cut (below the edge: what f is there),
 * its derivative there, and the x of an f. */
double overlaps_learned(const OverlapsWork *work, double b, double x);
double overlaps_slope(const OverlapsWork *work, double b, double x);
double overlaps_position(const OverlapsWork *work, double b, double f);

/* Local.  t > 0, b > 0; work->teacher must be set, and work->width for the quadratic network
 * (p >= d: no cut).  Sums over compressed atoms: the cost grows as log d. */
Overlaps overlaps_quadratic(OverlapsWork *work, double t, double b);
/* Local.  The same of the signed network, p >= d, for a positive teacher, f(x) = sign(x) (|x| -
 * b)_+: trace is the nuclear norm over d, rank that of both signs (theory.md section 13). */
Overlaps overlaps_signed(OverlapsWork *work, double t, double b);
Overlaps overlaps_diagonal(OverlapsWork *work, double t, double b);

/* Local.  Rows of unequal variances, work->covariance_exponent above 0: b is that of (E2),
 * coordinate i is cut at b/sqrt(sigma_i).  theory.md section 14. */
Overlaps overlaps_diagonal_stretched(OverlapsWork *work, double t, double b);

/* Local.  Correlated features, work->block_correlation above 0; the teacher is then that of the
 * coordinates of the rows, and b that of (E2).  risk NAN when interrupted. */
Overlaps overlaps_diagonal_blocks(OverlapsWork *work, double t, double b);

/* Local.  The same of ridge regression, a <= 3: b / sigma_i in place of b. */
Overlaps overlaps_ridge_stretched(OverlapsWork *work, double t, double b);

/* Local.  The same of correlated features, work->block_correlation above 0; the teacher is then
 * that of the coordinates of the rows. */
Overlaps overlaps_ridge_blocks(OverlapsWork *work, double t, double b);

/* What overlaps_matrix has besides: d R / d b = 2 b rank/d - 2 t hilbert, d D / d b = -hilbert,
 * d trace / d t = hilbert / 2 and d trace / d b = -rank/d. */
typedef struct MatrixParts {
    double hilbert; /* int 2 H dmu over what is above the cut */
    double below;   /* mass of what is not */
    double lost;    /* int (b - x) dmu of that: trace - Tr S* / d + b, where that cancels */
} MatrixParts;

/* Local.  Any threshold b, negative too; derivatives in log b are then of no use. */
Overlaps overlaps_matrix(OverlapsWork *work, double t, double b, MatrixParts *parts);

/* Local.  Rows of work->kurtosis, a rotated teacher: b is that of (E2), eigenvalues are cut at
 * b + shift.  theory.md section 14. */
Overlaps overlaps_quadratic_rotated(OverlapsWork *work, double t, double b);

/* Local.  Rows of work->kurtosis and unequal variances, a teacher aligned with their
 * coordinates, d of at most FEATURES_ALIGNED_MOST: b is that of (E2).  NAN where no solution is
 * found. */
Overlaps overlaps_quadratic_aligned(OverlapsWork *work, double t, double b);

/* Local.  Gaussian rows whose covariance and teacher have eigenvectors of their own, d of at
 * most FEATURES_TURNED_MOST: b is that of (E2).  d^3 operations for each new b. */
Overlaps overlaps_quadratic_turned(OverlapsWork *work, double t, double b);

/* Local.  What an evaluation remembers is forgotten, or freed. */
void overlaps_forget(OverlapsWork *work);
void overlaps_free(OverlapsWork *work);

/* Local.  The same for a penalty |.|^q, q < 1, of work->threshold, with its edge at b; no width
 * p < d.  theory.md section 11. */
Overlaps overlaps_quadratic_deep(OverlapsWork *work, double t, double b);
Overlaps overlaps_diagonal_deep(OverlapsWork *work, double t, double b);

Overlaps overlaps_ridge(OverlapsWork *work, double t, double b);

#endif
