#include "phasesweep/parallel/active_eigen.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

static const double one = 1.0;
static const double zero = 0.0;

/* Share of n above which a decomposition is as fast, and what a basis holds beside the active
 * pairs: a share of them and some. */
static const double share_most = 0.36;
static const double beside_share = 0.2;
enum { BESIDE = 6, BESIDE_LEAST = 3 };

/* Products of a round of the filter, rounds of a solution, solutions that are left out at most.
 */
enum { DEGREE_LEAST = 2, DEGREE_MOST = 12, ROUNDS = 3, WAIT_MOST = 16 };
static const double rate_first = 0.25;
static const double rate_least = 0.1;
static const double rate_most = 2.0;

/* Of the goal: the margin of the proof. */
static const double margin = 0.0625;

/* Of the goal: where the filter aims. */
static const double aim = 0.5;

/* Of the filter: amplification at most, and how far below the estimated spectrum it damps. */
static const double amplification = 1e8;
static const double below = 0.1;

/* Steps of Lanczos towards the lowest eigenvalue, from where the last solution left it. */
enum { LOW_STEPS = 5 };

static int columns_most(double n, int least)
{
    return n >= least ? (int)(share_most * n) : 0;
}

/* Of dsyevd. */
static double work_length(double most)
{
    return 1.0 + 6.0 * most + 2.0 * most * most;
}

ActiveEigen active_eigen_create(int n, int least)
{
    ActiveEigen active = {.n = n, .most = columns_most(n, least), .state.rate = rate_first};
    const size_t most = (size_t)active.most;
    const size_t side = active.most > 0 ? (size_t)n : 0;
    active.work_length = (int)work_length(active.most);
    active.basis = checked_alloc(side * most, sizeof(double));
    active.image = checked_alloc(side * most, sizeof(double));
    active.turned = checked_alloc(side * most, sizeof(double));
    active.lowest = checked_alloc(side, sizeof(double));
    active.square = checked_alloc(side * side, sizeof(double));
    active.small = checked_alloc(most * most, sizeof(double));
    active.ritz = checked_alloc(most, sizeof(double));
    active.work = checked_alloc((size_t)active.work_length, sizeof(double));
    return active;
}

void active_eigen_free(ActiveEigen *active)
{
    free(active->basis);
    free(active->image);
    free(active->turned);
    free(active->lowest);
    free(active->square);
    free(active->small);
    free(active->ritz);
    free(active->work);
    *active = (ActiveEigen){0};
}

size_t active_eigen_memory(double n, int least)
{
    const double most = columns_most(n, least);
    const double entries = n * n + (3.0 * most + 1.0) * n + 4.0 * most * most;
    return most > 0.0 ? (size_t)(8.0 * entries) : 0;
}

static int wish(const ActiveEigen *active, int rank)
{
    const int columns = rank + (int)(beside_share * rank) + BESIDE;
    return columns <= active->most ? columns : 0;
}

int active_eigen_wish(const ActiveEigen *active, int rank)
{
    const int columns = active->state.wait > 0 ? 0 : wish(active, rank);
    return columns > 0 ? columns : rank;
}

void active_eigen_learn(ActiveEigen *active, const double vectors[], int count, int rank)
{
    const size_t n = (size_t)active->n;
    active->state.columns = 0;
    if (count > rank && count <= active->most) {
        active->state.columns = count;
        memcpy(active->basis, vectors + n * (n - (size_t)count),
               n * (size_t)count * sizeof *vectors);
        for (size_t i = 0; i < n; i++) {
            active->lowest[i] = i % 3 == 0 ? 1.0 : -0.5; /* no better guess */
        }
    }
}

/* ---- the lowest eigenvalue ------------------------------------------------------------- */

static bool all_finite(int n, const double a[])
{
    double sum = 0.0;
    for (size_t column = 0; column < (size_t)n; column++) {
        for (size_t row = column; row < (size_t)n; row++) {
            sum += fabs(a[row + column * (size_t)n]);
        }
    }
    return isfinite(sum);
}

static double product(int n, const double x[], const double y[])
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++) {
        sum += x[i] * y[i];
    }
    return sum;
}

/* x += c y */
static void add(int n, double c, const double y[], double x[])
{
    for (int i = 0; i < n; i++) {
        x[i] += c * y[i];
    }
}

static void scale(int n, double c, double x[])
{
    for (int i = 0; i < n; i++) {
        x[i] *= c;
    }
}

/* Rows of Lanczos from `lowest`, orthogonal to all before; q [n * LOW_STEPS], t its matrix.
 * Returns how many, and the norm of what would come next. */
static int krylov(const ActiveEigen *active, const double a[], double q[],
                  double t[LOW_STEPS * LOW_STEPS], double *next)
{
    const int n = active->n;
    const int stride = 1;
    int steps = 0;
    memcpy(q, active->lowest, (size_t)n * sizeof *q);
    memset(t, 0, LOW_STEPS * LOW_STEPS * sizeof *t);
    *next = sqrt(product(n, q, q));
    while (steps<LOW_STEPS && * next> 0.0) {
        double *x = q + (size_t)steps * (size_t)n;
        scale(n, 1.0 / *next, x);
        double *y = steps + 1 < LOW_STEPS ? x + n : active->work;
        dsymv_("L", &n, &one, a, &n, x, &stride, &zero, y, &stride, 1);
        for (int k = steps; k >= 0; k--) {
            const double *older = q + (size_t)k * (size_t)n;
            const double share = product(n, older, y);
            t[steps + k * LOW_STEPS] = share;
            add(n, -share, older, y);
        }
        *next = sqrt(product(n, y, y));
        steps++;
    }
    return steps;
}

/* Below all eigenvalues, nearly: the least Ritz value less its residual. */
static void find_floor(ActiveEigen *active, const double a[])
{
    const int n = active->n;
    const int side = LOW_STEPS;
    double t[LOW_STEPS * LOW_STEPS];
    double w[LOW_STEPS];
    double work[1 + 6 * LOW_STEPS + 2 * LOW_STEPS * LOW_STEPS];
    int whole[3 + 5 * LOW_STEPS];
    const int length = sizeof work / sizeof *work;
    const int integers = sizeof whole / sizeof *whole;
    double next;
    int info;
    const int steps = krylov(active, a, active->turned, t, &next);
    assert(steps >= 1);
    dsyevd_("V", "L", &steps, t, &side, w, work, &length, whole, &integers, &info, 1, 1);
    active->floor = w[0] - next * fabs(t[steps - 1]);
    memset(active->lowest, 0, (size_t)n * sizeof *active->lowest);
    for (int k = 0; k < steps; k++) {
        add(n, t[k], active->turned + (size_t)k * (size_t)n, active->lowest);
    }
}

/* ---- pairs of a subspace ---------------------------------------------------------------- */

static void swap(double **x, double **y)
{
    double *other = *x;
    *x = *y;
    *y = other;
}

/* x = x u, by way of `turned`. */
static void turn(ActiveEigen *active, double **x)
{
    const int n = active->n;
    const int k = active->state.columns;
    dgemm_("N", "N", &n, &k, &k, &one, *x, &n, active->small, &k, &zero, active->turned, &n, 1,
           1);
    swap(x, &active->turned);
}

/* Rayleigh-Ritz: basis, its image and ritz of the subspace. */
static bool pairs(ActiveEigen *active, const double a[])
{
    const int n = active->n;
    const int k = active->state.columns;
    dsymm_("L", "L", &n, &k, &one, a, &n, active->basis, &n, &zero, active->image, &n, 1, 1);
    dgemm_("T", "N", &k, &k, &n, &one, active->basis, &n, active->image, &n, &zero,
           active->small, &k, 1, 1);
    const int integers = 3 + 5 * k;
    int *whole = checked_alloc((size_t)integers, sizeof *whole);
    int info;
    dsyevd_("V", "L", &k, active->small, &k, active->ritz, active->work, &active->work_length,
            whole, &integers, &info, 1, 1);
    free(whole);
    turn(active, &active->basis);
    turn(active, &active->image);
    return info == 0;
}

/* |A v - theta v|^2 over the last `count` pairs. */
static double residual(const ActiveEigen *active, int count)
{
    const int n = active->n;
    double sum = 0.0;
    for (int k = active->state.columns - count; k < active->state.columns; k++) {
        const double *v = active->basis + (size_t)k * (size_t)n;
        const double *w = active->image + (size_t)k * (size_t)n;
        const double theta = active->ritz[k];
#pragma omp simd reduction(+ : sum)
        for (int i = 0; i < n; i++) {
            const double r = w[i] - theta * v[i];
            sum += r * r;
        }
    }
    return sum;
}

/* ---- the filter ------------------------------------------------------------------------- */

/* Degree that takes `error` below the goal by the rate seen so far, within what the leading
 * values bear: products are cheaper than another round. */
static int degree(const ActiveEigen *active, double error, double goal)
{
    const double half = 0.5 * (active->ritz[0] - active->floor);
    const double leading =
        (active->ritz[active->state.columns - 1] - active->ritz[0]) / half + 1.0;
    const double bearable = log(amplification) / acosh(fmax(leading, 1.0 + 1e-3));
    const double wanted = ceil(log(error / (aim * goal)) / active->state.rate);
    return (int)fmin(fmax(wanted, DEGREE_LEAST), fmin(bearable, DEGREE_MOST));
}

/* Coefficients of T' = alpha (A - centre) T - T'', damping from the floor to the cut. */
typedef struct Interval {
    double centre, half;
} Interval;

static Interval damped(const ActiveEigen *active)
{
    const double cut = active->ritz[0];
    const double low = active->floor - below * (cut - active->floor);
    return (Interval){0.5 * (cut + low), 0.5 * (cut - low)};
}

/* basis = T_m(A) basis, image = A basis before. */
static void filter_double(ActiveEigen *active, const double a[], int m)
{
    const int n = active->n;
    const int k = active->state.columns;
    const size_t side = (size_t)n;
    const Interval interval = damped(active);
    const double alpha = 2.0 / interval.half;
    const double minus = -1.0;
    memcpy(active->square, a, side * side * sizeof *a);
    for (size_t i = 0; i < side; i++) {
        active->square[i * (side + 1)] -= interval.centre;
    }
    for (size_t i = 0; i < side * (size_t)k; i++) {
        active->image[i] =
            (active->image[i] - interval.centre * active->basis[i]) / interval.half;
    }
    for (int step = 1; step < m; step++) {
        dsymm_("L", "L", &n, &k, &alpha, active->square, &n, active->image, &n, &minus,
               active->basis, &n, 1, 1);
        swap(&active->basis, &active->image);
    }
    swap(&active->basis, &active->image);
}

/* The same in single precision: what a product of floats loses, 1e-7 |A|, is little against
 * the goal. */
static void filter_single(ActiveEigen *active, const double a[], int m)
{
    const int n = active->n;
    const int k = active->state.columns;
    const size_t side = (size_t)n;
    const size_t entries = side * (size_t)k;
    const Interval interval = damped(active);
    const float alpha = (float)(2.0 / interval.half);
    const float minus = -1.0F;
    float *shifted = (float *)active->square;
    float *before = (float *)active->turned;
    float *now = before + entries;
    for (size_t column = 0; column < side; column++) {
        for (size_t row = column; row < side; row++) {
            shifted[row + column * side] = (float)a[row + column * side];
        }
        shifted[column * (side + 1)] = (float)(a[column * (side + 1)] - interval.centre);
    }
    for (size_t i = 0; i < entries; i++) {
        const double x = active->basis[i];
        before[i] = (float)x;
        now[i] = (float)((active->image[i] - interval.centre * x) / interval.half);
    }
    for (int step = 1; step < m; step++) {
        ssymm_("L", "L", &n, &k, &alpha, shifted, &n, now, &n, &minus, before, &n, 1, 1);
        float *other = before;
        before = now;
        now = other;
    }
    for (size_t i = 0; i < entries; i++) {
        active->basis[i] = now[i];
    }
}

/* Columns of the basis to length 1, then twice by Cholesky: the first leaves what its condition
 * costs, the second rounding.  false: they are dependent. */
static bool orthonormalise(ActiveEigen *active)
{
    const int n = active->n;
    const int k = active->state.columns;
    for (int column = 0; column < k; column++) {
        double *x = active->basis + (size_t)column * (size_t)n;
        scale(n, 1.0 / sqrt(product(n, x, x)), x);
    }
    for (int turn = 0; turn < 2; turn++) {
        int info;
        dsyrk_("L", "T", &k, &n, &one, active->basis, &n, &zero, active->small, &k, 1, 1);
        dpotrf_("L", &k, active->small, &k, &info, 1);
        /* with the pivots of NAN */
        if (info != 0 || !isfinite(active->small[(size_t)k * (size_t)k - 1])) {
            return false;
        }
        dtrsm_("R", "L", "T", "N", &n, &k, &one, active->small, &k, active->basis, &n, 1, 1, 1,
               1);
    }
    return true;
}

/* ---- the proof -------------------------------------------------------------------------- */

/* Is nothing above b beside the last `rank` pairs?  The matrix of the header, with
 * W = A V - V (Theta + c)/2 and so W V^T + V W^T for all that is taken off. */
static bool complete(ActiveEigen *active, const double a[], int rank, double b, double slack)
{
    const double c = active->ritz[0];
    const int n = active->n;
    const size_t side = (size_t)n;
    const size_t first = (size_t)(active->state.columns - rank);
    const double *v = active->basis + first * side;
    for (size_t k = 0; k < (size_t)rank; k++) {
        const double middle = 0.5 * (active->ritz[first + k] + c);
        for (size_t i = 0; i < side; i++) {
            active->turned[i + k * side] =
                active->image[i + (first + k) * side] - middle * v[i + k * side];
        }
    }
    for (size_t column = 0; column < side; column++) {
        for (size_t row = column; row < side; row++) {
            active->square[row + column * side] = -a[row + column * side];
        }
        active->square[column * (side + 1)] += b + slack;
    }
    if (rank > 0) {
        dsyr2k_("L", "N", &n, &rank, &one, active->turned, &n, v, &n, &one, active->square, &n,
                1, 1);
    }
    int info;
    dpotrf_("L", &n, active->square, &n, &info, 1);
    return info == 0;
}

/* ---- all of it -------------------------------------------------------------------------- */

/* Pairs above b. */
static int above(const ActiveEigen *active, double b)
{
    int rank = 0;
    while (rank < active->state.columns && active->ritz[active->state.columns - 1 - rank] > b) {
        rank++;
    }
    return rank;
}

/* The rounds; *rank pairs of the basis are what is wanted. */
static bool solve(ActiveEigen *active, const ActiveGoal *goal, const double a[], int *rank)
{
    const double b = goal->threshold;
    double before = 0.0;
    int power = 0;
    if (!all_finite(active->n, a)) {
        return false;
    }
    find_floor(active, a);
    for (int round = 0; pairs(active, a); round++) {
        *rank = above(active, b);
        if (*rank > active->state.columns - BESIDE_LEAST) {
            return false;
        }
        const double error = sqrt(2.0 * residual(active, *rank));
        if (round > 0) {
            const double rate = log(before / error) / power;
            active->state.rate = fmin(fmax(rate, rate_least), rate_most);
        }
        if (error <= goal->error && complete(active, a, *rank, b, margin * goal->error)) {
            return true;
        }
        power = degree(active, error, goal->error);
        before = error;
        if (round == ROUNDS) {
            return false;
        }
        (goal->single ? filter_single : filter_double)(active, a, power);
        if (!orthonormalise(active)) {
            return false;
        }
    }
    return false;
}

bool active_eigen_solve(ActiveEigen *active, const ActiveGoal *goal, double a[],
                        double values[], int *rank)
{
    ActiveState *state = &active->state;
    assert(goal->error > 0.0);
    if (state->wait > 0 || state->columns == 0) {
        state->wait -= state->wait > 0;
        return false;
    }
    if (!solve(active, goal, a, rank)) {
        state->columns = 0;
        state->rate = rate_first;
        state->wait = (1 << state->vain) - 1;
        state->vain += state->wait < WAIT_MOST;
        return false;
    }
    const size_t n = (size_t)active->n;
    const size_t found = (size_t)*rank;
    const size_t columns = (size_t)state->columns;
    state->vain = 0;
    state->found++;
    memcpy(a + n * (n - found), active->basis + n * (columns - found), n * found * sizeof *a);
    for (size_t k = 0; k < n; k++) {
        values[k] = k < n - columns ? active->ritz[0] : active->ritz[k - (n - columns)];
    }
    return true;
}
