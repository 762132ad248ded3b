/* The two iterations of training_descent.h on matrices of rank 0.  Both step from `base` to
 * S', remember the move S' - base, and choose the next base as an affine combination of what
 * is remembered; the pass combines the dual vectors by the same shares, which keeps base and
 * v a pair: v = y - A(base) + what message passing adds.  Only inner products of moves enter
 * the choice: HISTORY of them a step, d^2 operations each, little against n d^2.
 *
 * When moves stop shrinking the damping rises a notch, and when it is above its limit, or
 * moves have grown past all bounds (rows of a large kurtosis multiply them by ten a step),
 * message passing has failed on these data: the gradient takes over until the next point.
 */
#include "training_descent.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "matrix_square.h"
#include "matrix_threshold.h"

/* After PATIENCE steps whose moves are not below `shrinks` times the least so far, the damping
 * rises by a notch; beyond `damping_most` message passing has failed. */
enum { PATIENCE = 5, PLAIN_STEPS = 2 };
static const double shrinks = 0.95;
static const double damping_first = 0.1;
static const double damping_notch = 0.15;
static const double damping_most = 0.75;

/* Times the least move: what does not come back.  Trainings that end by message passing stay
 * below 10. */
static const double runs_away = 1e3;

/* S = 0: base and all moves are zero. */
Descent descent_create(int d, double samples, MPI_Comm team, size_t entries)
{
    Descent descent = {.d = d, .team = team, .entries = entries, .alpha = samples / d / d};
    /* theory.md section 8: an estimate that is some per cent too small; descent_curvature
     * mends it */
    const double unknowns = 0.5 * d * (d + 1.0);
    descent.state.smoothness =
        4.0 * descent.alpha / d * pow(1.0 + sqrt(unknowns / samples), 2.0);
    descent.base = checked_alloc(entries, sizeof(double));
    for (int k = 0; k < HISTORY; k++) {
        descent.blend[k] = checked_alloc(entries, sizeof(double));
        descent.move[k] = checked_alloc(entries, sizeof(double));
    }
    descent_restart(&descent, false);
    return descent;
}

void descent_free(Descent *descent)
{
    free(descent->base);
    for (int k = 0; k < HISTORY; k++) {
        free(descent->blend[k]);
        free(descent->move[k]);
    }
    *descent = (Descent){0};
}

/* Only L survives: it is a property of the data. */
void descent_restart(Descent *descent, bool give_up)
{
    DescentState *state = &descent->state;
    *state = (DescentState){.rule = RULE_MESSAGE,
                            .best_move = INFINITY,
                            .least_move = INFINITY,
                            .damping = give_up ? 1.0 : damping_first,
                            .smoothness = state->smoothness,
                            .momentum = 1.0};
}

double descent_scale(const Descent *descent)
{
    const double d = descent->d;
    return descent->state.rule == RULE_MESSAGE ? 0.5 / (descent->alpha * d)
                                               : 2.0 / (d * d * descent->state.smoothness);
}

void descent_matrix(const Descent *descent, const double b[], double a[])
{
    const double s = descent_scale(descent);
    for (size_t k = 0; k < descent->entries; k++) {
        a[k] = descent->base[k] + s * b[k];
    }
}

/* ---- mixing -------------------------------------------------------------------------- */

/* By SIMD lanes: the order of the sum is fixed by the compiler, not by ranks, if one holds the
 * matrix. */
static double inner(const Descent *descent, const double a[], const double b[])
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (size_t k = 0; k < descent->entries; k++) {
        sum += a[k] * b[k];
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, descent->team);
    return sum;
}

/* Gaussian elimination with pivots on the diagonal, k symmetric positive definite. */
static void solve_small(int n, double k[HISTORY][HISTORY], double x[HISTORY])
{
    for (int i = 0; i < n; i++) {
        for (int j = i + 1; j < n; j++) {
            const double ratio = k[j][i] / k[i][i];
            for (int m = i; m < n; m++) {
                k[j][m] -= ratio * k[i][m];
            }
            x[j] -= ratio * x[i];
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int j = i + 1; j < n; j++) {
            x[i] -= k[i][j] * x[j];
        }
        x[i] /= k[i][i];
    }
}

/* share: the affine combination of remembered moves of least norm.  Least squares over x in
 * move_n + sum x_i (move_i - move_n): normal equations from the inner products alone, no
 * matrix is touched. */
static void anderson(const DescentState *state, double share[HISTORY])
{
    const double(*p)[HISTORY] = state->product;
    const int newest = state->slot;
    assert(state->depth >= 1 && state->depth <= HISTORY);
    const int older = state->steps < PLAIN_STEPS ? 0 : state->depth - 1;
    int slot[HISTORY];
    double k[HISTORY][HISTORY];
    double x[HISTORY];
    for (int i = 0; i < older; i++) {
        slot[i] = (newest + HISTORY - 1 - i) % HISTORY;
        x[i] = p[newest][newest] - p[slot[i]][newest];
        for (int j = 0; j <= i; j++) {
            k[i][j] = p[slot[i]][slot[j]] - p[slot[i]][newest] - p[slot[j]][newest] +
                      p[newest][newest];
            k[j][i] = k[i][j];
        }
        k[i][i] *= 1.0 + 1e-8; /* nearly parallel moves must not blow up the shares */
        k[i][i] += 1e-300;
    }
    solve_small(older, k, x);
    memset(share, 0, HISTORY * sizeof *share);
    share[newest] = 1.0;
    for (int i = 0; i < older; i++) {
        share[slot[i]] = x[i];
        share[newest] -= x[i];
    }
}

/* Nesterov's shares of the last two networks; 1, 0 at the beginning and after a restart. */
static void nesterov(Descent *descent, double share[HISTORY])
{
    DescentState *state = &descent->state;
    const int before = (state->slot + HISTORY - 1) % HISTORY;
    const double *move = descent->move[state->slot];
    memset(share, 0, HISTORY * sizeof *share);
    share[state->slot] = 1.0;
    if (state->depth < 2) {
        return;
    }
    if (inner(descent, move, descent->blend[state->slot]) <
        inner(descent, move, descent->blend[before])) {
        state->momentum = 1.0; /* the step went against the momentum */
    }
    /* Nesterov's sequence: t' = (1 + sqrt(1 + 4 t^2))/2, extrapolation (t - 1)/t' */
    const double next = 0.5 + sqrt(0.25 + state->momentum * state->momentum);
    const double beta = (state->momentum - 1.0) / next;
    state->momentum = next;
    share[state->slot] += beta;
    share[before] -= beta;
}

/* The next base, the shares of the remembered blends; v is mixed by the same shares in the
 * pass. */
static void combine(Descent *descent, const double share[HISTORY])
{
    memset(descent->base, 0, descent->entries * sizeof(double));
    for (int k = 0; k < HISTORY; k++) {
        if (share[k] != 0.0) {
            for (size_t i = 0; i < descent->entries; i++) {
                descent->base[i] += share[k] * descent->blend[k][i];
            }
        }
    }
}

/* Raise the damping when the moves have stopped shrinking. */
static void watch(DescentState *state)
{
    const double size = sqrt(state->product[state->slot][state->slot]);
    state->least_move = fmin(state->least_move, size);
    if (size > runs_away * state->least_move) {
        state->damping = 1.0;
    } else if (size < shrinks * state->best_move) {
        state->best_move = size;
        state->stale = 0;
    } else if (++state->stale >= PATIENCE) {
        state->damping += damping_notch;
        state->stale = 0;
        state->best_move = size;
        state->depth = 1;
    }
}

double *descent_room(const Descent *descent)
{
    return descent->blend[(descent->state.slot + 1) % HISTORY];
}

/* The network in the room becomes the newest, with its move and its inner products.
 * blend = base + (1 - keep) move; the oldest slot was overwritten. */
static void remember(Descent *descent, double keep)
{
    DescentState *state = &descent->state;
    state->slot = (state->slot + 1) % HISTORY;
    state->depth += state->depth < HISTORY;
    double *blend = descent->blend[state->slot];
    double *move = descent->move[state->slot];
    state->size = sqrt(inner(descent, blend, blend));
    for (size_t i = 0; i < descent->entries; i++) {
        move[i] = blend[i] - descent->base[i];
        blend[i] -= keep * move[i];
    }
    for (int age = 0; age < state->depth; age++) {
        const int k = (state->slot + HISTORY - age) % HISTORY;
        state->product[state->slot][k] = inner(descent, move, descent->move[k]);
        state->product[k][state->slot] = state->product[state->slot][k];
    }
}

void descent_freeze(Descent *descent, double b)
{
    assert(b > 0.0);
    descent->state.frozen = b;
}

double descent_known_threshold(const Descent *descent)
{
    const DescentState *state = &descent->state;
    assert(state->smoothness > 0.0);
    return state->rule == RULE_MESSAGE ? state->frozen
                                       : descent->weight / (descent->d * state->smoothness);
}

double descent_threshold(const Descent *descent, const double values[], PassPlan *plan)
{
    double b = descent_known_threshold(descent);
    if (!(b > 0.0)) {
        b = threshold_matrix(values, descent->d, descent->both, 2.0 * descent->alpha,
                             0.5 * descent->weight, 1e-7);
    }
    plan->negative = descent->both ? threshold_below(values, descent->d, b) : 0;
    plan->rank = threshold_active(values, descent->d, b) + plan->negative;
    return b;
}

/* Columns first, first + step, ... of the eigenvectors, `count` of them, times the roots of
 * what the threshold leaves of their eigenvalues; returns the sum of that. */
static double scaled_columns(const Descent *descent, int count, int first, int step, double b,
                             const double vectors[], const double values[], double factor[])
{
    const size_t d = (size_t)descent->d;
    double trace = 0.0;
    for (int k = 0; k < count; k++) {
        const int column = first + k * step;
        const double root = sqrt(fabs(values[column]) - b);
        trace += root * root;
        for (size_t i = 0; i < d; i++) {
            factor[i + (size_t)k * d] = root * vectors[i + (size_t)column * d];
        }
    }
    return trace;
}

/* The plan is for the pass that follows: its shares make v what base has become. */
void descent_step(Descent *descent, double b, const double vectors[], const double values[],
                  double factor[], PassPlan *plan)
{
    const int positive = plan->rank - plan->negative;
    double *negative = factor + (size_t)positive * (size_t)descent->d;
    assert(b > 0.0 && positive == threshold_active(values, descent->d, b));
    plan->below = scaled_columns(descent, plan->negative, 0, 1, b, vectors, values, negative);
    plan->trace =
        scaled_columns(descent, positive, descent->d - 1, -1, b, vectors, values, factor) -
        plan->below;
    matrix_square(descent->d, plan->rank, plan->negative, factor, descent_room(descent));
    descent_take(descent, b, plan);
}

void descent_take(Descent *descent, double b, PassPlan *plan)
{
    DescentState *state = &descent->state;
    const bool message = state->rule == RULE_MESSAGE;
    const double keep = message && state->steps > 0 ? state->damping : 0.0;
    remember(descent, keep);
    if (message) {
        /* kept = (1 - keep)(r + kappa v) + keep v: v is damped as base is */
        const double kappa = 1.0 - descent->weight / (4.0 * b * descent->alpha);
        plan->residual_share = 1.0 - keep;
        plan->previous_share = keep + (1.0 - keep) * kappa;
        watch(state);
        anderson(state, plan->share);
    } else {
        plan->residual_share = 1.0;
        plan->previous_share = 0.0;
        nesterov(descent, plan->share);
    }
    plan->slot = state->slot;
    combine(descent, plan->share);
    state->steps++;
}

void descent_curvature(Descent *descent, double sum)
{
    DescentState *state = &descent->state;
    const double length = state->product[state->slot][state->slot];
    const double d = descent->d;
    /* F has the curvature 2 |A(move)|^2/d^2 along the move */
    const double seen = 2.0 * sum / (d * d * length);
    if (state->rule == RULE_GRADIENT && length > 0.0 && seen > state->smoothness) {
        state->smoothness = 1.02 * seen;
        state->momentum = 1.0;
    }
}

double descent_relative_move(const Descent *descent)
{
    const DescentState *state = &descent->state;
    return state->size > 0.0 ? sqrt(state->product[state->slot][state->slot]) / state->size
                             : NAN;
}

bool descent_stuck(const Descent *descent)
{
    return descent->state.rule == RULE_MESSAGE && descent->state.damping > damping_most;
}

/* The network stays, the dual vector does not: the pass makes it the residual of this
 * network. */
void descent_switch(Descent *descent, const double factor[], PassPlan *plan)
{
    matrix_square(descent->d, plan->rank, plan->negative, factor, descent->base);
    descent_turn(descent, plan);
}

void descent_jump(Descent *descent, const double factor[], PassPlan *plan)
{
    double *next = descent->blend[1];
    double *move = descent->move[0];
    matrix_square(descent->d, plan->rank, plan->negative, factor, next);
    for (size_t k = 0; k < descent->entries; k++) {
        move[k] = next[k] - descent->base[k];
        descent->base[k] = next[k];
    }
    descent_turn(descent, plan);
    descent->state.size = sqrt(inner(descent, next, next));
    descent->state.product[0][0] = inner(descent, move, move);
}

void descent_moved(Descent *descent, double length)
{
    DescentState *state = &descent->state;
    state->product[state->slot][state->slot] = length * length;
}

void descent_turn(Descent *descent, PassPlan *plan)
{
    DescentState *state = &descent->state;
    descent_restart(descent, false);
    state->rule = RULE_GRADIENT;
    state->slot = 0;
    state->depth = 1;
    memcpy(descent->blend[0], descent->base, descent->entries * sizeof(double));
    plan->residual_share = 1.0;
    plan->previous_share = 0.0;
    plan->slot = 0;
    memset(plan->share, 0, sizeof plan->share);
    plan->share[0] = 1.0;
}
