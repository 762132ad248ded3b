/* training_descent.h - the iteration on rank 0: which matrix next.  Private to training*.c.
 *
 * An iterate is a symmetric matrix `base` with its dual vector v, known here through
 * B = sum v_mu Z_mu.  One step is S' = f(base + s B), f(x) = (x - b)_+ or, where S may have
 * eigenvalues of either sign, sign(x) (|x| - b)_+ .
 *
 * Message passing: s = d/(2n); v' = y - A(S') + kappa v, and kappa = 1 - lt/(4 b alpha) makes
 * every fixed point the minimiser of F whatever b is; b is the root of (E2) with the divergence
 * of the spectrum at hand, which decorrelates the errors of successive steps.  The new iterate
 * is Anderson's: the affine combination of the last iterates whose moves S' - base nearly
 * cancel, (1 - damping) of the way towards their S'.
 *
 * Accelerated gradient: s = 2/(d^2 L), b = lt/(d L), v = y - A(base), base by Nesterov's
 * extrapolation restarted when it points uphill (O'Donoghue & Candes 2015).  L only grows, when
 * a step shows more curvature than assumed, so this converges from anywhere.
 *
 * All matrices are symmetric and full, but for a and B, of which the lower triangle is used.
 * They may be spread over a team: nothing here but descent_step and descent_switch asks where
 * an entry belongs.  Everything is deterministic: equal inputs give equal bits.
 */
#ifndef PHASESWEEP_TRAINING_TRAINING_DESCENT_H
#define PHASESWEEP_TRAINING_TRAINING_DESCENT_H

#include <stdbool.h>

#include "training_pass.h"

typedef enum Rule { RULE_MESSAGE, RULE_GRADIENT } Rule;

/* Everything but the matrices: saved in a checkpoint as it is. */
typedef struct DescentState {
    Rule rule;
    int depth;         /* iterates remembered, 0 ... HISTORY */
    int slot;          /* of the newest */
    int steps;         /* since the rule began */
    int stale;         /* steps in which the move did not shrink */
    double best_move;  /* least |S' - base|_F since the damping was last raised */
    double least_move; /* and since the rule began */
    double damping;    /* in [0, 1) */
    double smoothness; /* L */
    double momentum;   /* Nesterov's t */
    double size;       /* |S'|_F of the newest */
    double frozen;     /* b of message passing from now on, 0: that of (E2) */
    double product[HISTORY][HISTORY]; /* <move_i, move_j> */
} DescentState;

typedef struct Descent {
    int d;
    MPI_Comm team;  /* inner products are sums over it; borrowed */
    size_t entries; /* this rank holds of a matrix */
    double alpha;   /* n/d^2 */
    double weight;  /* lt of the point in hand */
    bool both;      /* eigenvalues of S may have either sign; set after descent_create */
    DescentState state;
    double *base;           /* [entries]; owned as all below */
    double *blend[HISTORY]; /* [entries], base + (1 - damping) move */
    double *move[HISTORY];  /* [entries], S' - base */
} Descent;

/* Local.  Starts at S = 0.  A matrix held whole has d^2 entries and the team MPI_COMM_SELF; one
 * that is spread any numbers whose products, summed over the team, are those of the matrices.
 * Release with descent_free. */
Descent descent_create(int d, double samples, MPI_Comm team, size_t entries);
void descent_free(Descent *descent);

/* Local.  Forget the iterates but not where they led; message passing begins anew, or is
 * given up at once. */
void descent_restart(Descent *descent, bool give_up);

/* Local.  s, and a = base + s B, lower triangle. */
double descent_scale(const Descent *descent);
void descent_matrix(const Descent *descent, const double b[], double a[]);

/* Local.  Keep b to the end of the rule, so that steps need no spectrum: the minimiser is a
 * fixed point of message passing whatever b is, but the base that leads to it changes with b.
 */
void descent_freeze(Descent *descent, double b);

/* Local.  b of the next step if it needs no spectrum, or 0. */
double descent_known_threshold(const Descent *descent);

/* Local.  The threshold b > 0 on the ascending eigenvalues [d] of that matrix; plan->rank of
 * them are above it, or plan->negative of these below -b. */
double descent_threshold(const Descent *descent, const double values[], PassPlan *plan);

/* Local.  From the last plan->rank eigenvectors (by column) of that matrix, or all where some
 * are below -b, its eigenvalues and their threshold b: the new network's factor [d *
 * plan->rank], leading column first, then the negative ones, lowest first; the next base, and
 * the plan of the pass that makes its dual vector. */
void descent_step(Descent *descent, double b, const double vectors[], const double values[],
                  double factor[], PassPlan *plan);

/* Collective on the team.  A step in two parts, for matrices that are spread: S' goes into the
 * room, then the rest of descent_step follows, but for rank and trace. */
double *descent_room(const Descent *descent);
void descent_take(Descent *descent, double b, PassPlan *plan);

/* Local.  After the pass of a gradient step: learn from its curvature, |A(move)|^2 = sum. */
void descent_curvature(Descent *descent, double sum);

/* Local.  |S' - base|_F / |S'|_F of the last step; NAN before the first, or if S' = 0. */
double descent_relative_move(const Descent *descent);

/* Local.  Message passing makes no progress however damped? */
bool descent_stuck(const Descent *descent);

/* Local.  Change to the accelerated gradient, from the network of this factor; the plan is
 * that of the pass that makes v its residual. */
void descent_switch(Descent *descent, const double factor[], PassPlan *plan);

/* Local.  From base, a network, to that of the factor, by a step that is none of its own; the
 * plan is that of the pass that makes v its residual. */
void descent_jump(Descent *descent, const double factor[], PassPlan *plan);

/* Local.  The length of that step where it was found by way of others; INFINITY: not to be
 * taken for a short one. */
void descent_moved(Descent *descent, double length);

/* Local.  The same from a network that is in base already. */
void descent_turn(Descent *descent, PassPlan *plan);

#endif
