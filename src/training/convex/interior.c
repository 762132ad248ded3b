#include "interior.h"

#include <assert.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/parallel/symmetric_eigen.h"
#include "interior_system.h"
#include "kernels.h"

/* Residual of the system, relative: a step need not be Newton's to all digits, for nu is
 * feasible and S is as good as G says whatever it solves. */
static const double coarsest = 1e-3;
static const double finest = 1e-6; /* where the gap is as small */

/* A gap that grows so much is rounding. */
static const double rises = 2.0;

struct Interior {
    int n, d;
    InteriorState state;
    InteriorSystem system;
    Eigen eigen;
    const Covariance *covariance; /* borrowed */
    double *x, *y;                /* d x n and [n]; owned, as all below */
    double *s;                    /* d x d, as all but the vectors */
    double *slack;                /* M */
    double *g;      /* W = g g^T; in its frame S and M are the same diagonal matrix */
    double *root;   /* [d] that diagonal */
    double *centre; /* what a step would add to S if M stayed */
    double *move_s, *move_slack; /* in the frame of g */
    double *a, *b;               /* scratch */
    double *values;              /* [d] scratch */
    double *nu;                  /* [n], as all below */
    double *outputs, *residual, *right, *step;
};

static const double one = 1.0;
static const double zero = 0.0;

static size_t entries(const Interior *work)
{
    return (size_t)work->d * (size_t)work->d;
}

/* c = op(a) op(b), all d x d. */
static void multiply(const char *op_a, const char *op_b, int d, const double a[],
                     const double b[], double c[])
{
    dgemm_(op_a, op_b, &d, &d, &d, &one, a, &d, b, &d, &zero, c, &d, 1, 1);
}

static void symmetrise(int d, double a[])
{
    const size_t n = (size_t)d;
    for (size_t column = 0; column < n; column++) {
        for (size_t row = column + 1; row < n; row++) {
            const double mean = 0.5 * (a[row + column * n] + a[column + row * n]);
            a[row + column * n] = a[column + row * n] = mean;
        }
    }
}

/* With weights [d], NULL: 1. */
static double trace(int d, const double a[])
{
    double sum = 0.0;
    for (size_t k = 0; k < (size_t)d; k++) {
        sum += a[k * ((size_t)d + 1)];
    }
    return sum;
}

/* ---- life ---------------------------------------------------------------------------- */

Interior *interior_create(int n, int d, double x[], double y[], const Covariance *covariance)
{
    Interior *work = checked_alloc(1, sizeof *work);
    work->n = n;
    work->d = d;
    work->x = x;
    work->y = y;
    work->covariance = covariance;
    work->system = interior_system_create(n, d, x, covariance);
    work->eigen = eigen_create(MPI_COMM_SELF, d, EIGEN_LAPACK);
    double **matrices[] = {&work->s,      &work->slack,      &work->g, &work->centre,
                           &work->move_s, &work->move_slack, &work->a, &work->b};
    for (size_t k = 0; k < sizeof matrices / sizeof *matrices; k++) {
        *matrices[k] = checked_alloc(entries(work), sizeof(double));
    }
    double **vectors[] = {&work->nu, &work->outputs, &work->residual, &work->right,
                          &work->step};
    for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++) {
        *vectors[k] = checked_alloc((size_t)n, sizeof(double));
    }
    work->root = checked_alloc((size_t)d, sizeof(double));
    work->values = checked_alloc((size_t)d, sizeof(double));
    return work;
}

void interior_free(Interior *work)
{
    if (work == NULL) {
        return;
    }
    interior_system_free(&work->system);
    eigen_free(&work->eigen);
    double *owned[] = {work->x,      work->y,       work->s,          work->slack, work->g,
                       work->centre, work->move_s,  work->move_slack, work->a,     work->b,
                       work->nu,     work->outputs, work->residual,   work->right, work->step,
                       work->root,   work->values};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) {
        free(owned[k]);
    }
    free(work);
}

/* Data, system, eleven matrices with those of LAPACK. */
size_t interior_memory(double n, double d)
{
    return interior_system_memory(n, d) + (size_t)(8.0 * (n * d + 11.0 * d * d + 6.0 * n));
}

InteriorState *interior_state(Interior *work, double **s, double **nu)
{
    *s = work->s;
    *nu = work->nu;
    work->state.single = work->system.single;
    return &work->state;
}

const InteriorState *interior_progress(const Interior *work)
{
    return &work->state;
}

/* ---- where it stands ----------------------------------------------------------------- */

/* M = c I - A^*(nu). */
static void make_slack(Interior *work)
{
    const size_t d = (size_t)work->d;
    double *b = work->a;
    double sum = 0.0;
    memset(b, 0, d * d * sizeof *b);
    kernels_double.add_squares(work->d, work->n, work->x, work->nu, work->system.packed, NULL,
                               b);
    for (int row = 0; row < work->n; row++) {
        sum += work->nu[row];
    }
    const double scale = 1.0 / sqrt((double)d);
    for (size_t column = 0; column < d; column++) {
        for (size_t row = column; row < d; row++) {
            const double value = -scale * b[row + column * d];
            work->slack[row + column * d] = work->slack[column + row * d] = value;
        }
        const double variance = covariance_variance(work->covariance, (int)column);
        work->slack[column * (d + 1)] += work->state.weight + scale * sum * variance;
        const size_t end = (size_t)covariance_block_end(work->covariance, (int)column);
        for (size_t row = column + 1; row < end; row++) {
            const double entry = covariance_entry(work->covariance, (int)row, (int)column);
            work->slack[row + column * d] += scale * sum * entry;
            work->slack[column + row * d] += scale * sum * entry;
        }
    }
}

void interior_resume(Interior *work)
{
    work->system.single = work->state.single;
    make_slack(work);
}

/* Gap of S and nu; outputs = A(S).  The best scale of nu is below 1 or nu itself, for nothing
 * above is known to be feasible. */
static void measure(Interior *work)
{
    const size_t n = (size_t)work->n;
    double loss = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double r = work->y[k] - work->outputs[k];
        loss += 0.5 * r * r;
    }
    const double value = loss + work->state.weight * trace(work->d, work->s);
    const double linear = interior_dot(work->nu, work->y, n);
    const double square = interior_dot(work->nu, work->nu, n);
    const double scale = square > 0.0 ? fmin(fmax(linear / square, 0.0), 1.0) : 0.0;
    const double bound = scale * linear - 0.5 * scale * scale * square;
    work->state.gap = value > 0.0 ? (value - bound) / value : 0.0;
}

/* S = I in units of the labels, nu = y scaled to half its largest feasible length. */
void interior_begin(Interior *work, double weight)
{
    const size_t d = (size_t)work->d;
    const size_t n = (size_t)work->n;
    const double power = interior_dot(work->y, work->y, n) / (double)n;
    work->state =
        (InteriorState){.weight = 0.5 * weight * (double)d, .gap = 1.0, .single = true};
    work->system.single = true;
    memset(work->s, 0, entries(work) * sizeof(double));
    for (size_t k = 0; k < d; k++) {
        work->s[k * (d + 1)] = power > 0.0 ? sqrt(0.5 * power) : 1.0;
    }
    memcpy(work->nu, work->y, n * sizeof(double));
    make_slack(work);
    /* A^*(y) = c I - M */
    for (size_t k = 0; k < entries(work); k++) {
        work->a[k] = -work->slack[k];
    }
    const double largest =
        eigen_largest(&work->eigen, work->a, work->values) + work->state.weight;
    const double scale = largest > 0.0 ? fmin(0.5 * work->state.weight / largest, 0.9) : 0.9;
    for (size_t k = 0; k < n; k++) {
        work->nu[k] *= scale;
    }
    make_slack(work);
}

/* ---- a step -------------------------------------------------------------------------- */

/* g and root: with S = L L^T and the eigenvectors V of L^T M L = V root^2 V^T,
 * g = L V root^-1/2 makes g^T M g = g^-1 S g^-T = root. */
static bool scale(Interior *work)
{
    const int d = work->d;
    const size_t side = (size_t)d;
    double *lower = work->b;
    int info;
    memcpy(lower, work->s, entries(work) * sizeof(double));
    dpotrf_("L", &d, lower, &d, &info, 1);
    if (info != 0) {
        return false;
    }
    for (size_t column = 1; column < side; column++) {
        memset(lower + column * side, 0, column * sizeof(double));
    }
    multiply("N", "N", d, work->slack, lower, work->g);
    multiply("T", "N", d, lower, work->g, work->a);
    symmetrise(d, work->a);
    if (eigen_values(&work->eigen, work->a, work->root) != OUTCOME_CONVERGED ||
        eigen_vectors(&work->eigen, d, work->a) != OUTCOME_CONVERGED || work->root[0] <= 0.0) {
        return false;
    }
    multiply("N", "N", d, lower, work->a, work->g);
    for (size_t column = 0; column < side; column++) {
        work->root[column] = sqrt(work->root[column]);
        const double factor = 1.0 / sqrt(work->root[column]);
        for (size_t row = 0; row < side; row++) {
            work->g[row + column * side] *= factor;
        }
    }
    return true;
}

/* A(S) and y - A(S) - nu; S is diagonal in the frame of g. */
static void residuals(Interior *work)
{
    const size_t d = (size_t)work->d;
    const double whole = covariance_trace(work->covariance, work->s);
    for (size_t row = 0; row < (size_t)work->n; row++) {
        const double *x = work->system.turned + row * d;
        double sum = 0.0;
#pragma omp simd reduction(+ : sum)
        for (size_t k = 0; k < d; k++) {
            sum += work->root[k] * x[k] * x[k];
        }
        work->outputs[row] = (sum - whole) / sqrt((double)d);
        work->residual[row] = work->y[row] - work->outputs[row] - work->nu[row];
    }
}

/* The longest step in [0, 1] that keeps root + step * move positive definite, less `share` of
 * what is beyond. */
static double step_length(Interior *work, const double move[], double share)
{
    const size_t d = (size_t)work->d;
    for (size_t column = 0; column < d; column++) {
        for (size_t row = column; row < d; row++) {
            work->a[row + column * d] =
                -move[row + column * d] / sqrt(work->root[row] * work->root[column]);
        }
    }
    const double largest = eigen_largest(&work->eigen, work->a, work->values);
    return largest > 0.0 ? fmin(1.0, share / largest) : 1.0;
}

/* mu after steps of these lengths. */
static double next_mu(const Interior *work, double length_s, double length_slack)
{
    const size_t d = (size_t)work->d;
    double sum = length_s * length_slack * interior_dot(work->move_s, work->move_slack, d * d);
    for (size_t k = 0; k < d; k++) {
        sum += work->root[k] * (work->root[k] + length_s * work->move_s[k * (d + 1)] +
                                length_slack * work->move_slack[k * (d + 1)]);
    }
    return sum / (double)d;
}

/* From the image of the step of nu: M moves by minus it, S by centre plus it. */
static void set_moves(Interior *work)
{
    for (size_t k = 0; k < entries(work); k++) {
        work->move_slack[k] = -work->move_s[k];
        work->move_s[k] += work->centre[k];
    }
}

/* Towards mu = 0; returns the mu to aim at, relative to that of now, and in *share how near to
 * the boundary to go. */
static double predict(Interior *work, double mu, double *share)
{
    const size_t d = (size_t)work->d;
    memset(work->centre, 0, entries(work) * sizeof(double));
    for (size_t k = 0; k < d; k++) {
        work->centre[k * (d + 1)] = -work->root[k];
    }
    for (size_t k = 0; k < (size_t)work->n; k++) {
        work->right[k] = work->residual[k] + work->outputs[k]; /* A(centre) = -A(S) */
    }
    interior_system_solve(&work->system, work->g, work->right, INFINITY, work->step,
                          work->move_s);
    set_moves(work);
    const double length_s = step_length(work, work->move_s, 0.98);
    const double length_slack = step_length(work, work->move_slack, 0.98);
    *share = 0.9 + 0.09 * fmin(length_s, length_slack);
    return fmin(1.0, pow(fmax(next_mu(work, length_s, length_slack), 0.0) / mu, 3.0));
}

/* To mu = aim with the second order of the step predicted; false if no such step is found. */
static bool correct(Interior *work, double aim)
{
    const size_t d = (size_t)work->d;
    multiply("N", "N", work->d, work->move_s, work->move_slack, work->a);
    symmetrise(work->d, work->a);
    for (size_t column = 0; column < d; column++) {
        for (size_t row = 0; row < d; row++) {
            const size_t k = row + column * d;
            const double diagonal =
                row == column ? aim - work->root[row] * work->root[row] : 0.0;
            work->centre[k] =
                2.0 * (diagonal - work->a[k]) / (work->root[row] + work->root[column]);
        }
    }
    interior_system_outputs(&work->system, work->centre, work->right);
    for (size_t k = 0; k < (size_t)work->n; k++) {
        work->right[k] = work->residual[k] - work->right[k];
    }
    const double accuracy = fmin(coarsest, fmax(finest, work->state.gap));
    const bool solved = interior_system_solve(&work->system, work->g, work->right, accuracy,
                                              work->step, work->move_s);
    set_moves(work);
    return solved;
}

/* Add the step; A(move of S) is the residual less the step of nu and what the solution has
 * left. */
static void add_step(Interior *work, double length_s, double length_slack)
{
    for (size_t k = 0; k < entries(work); k++) {
        work->s[k] += length_s * work->b[k];
    }
    for (size_t k = 0; k < (size_t)work->n; k++) {
        work->outputs[k] += length_s * (work->residual[k] - work->step[k] - work->right[k]);
        work->nu[k] += length_slack * work->step[k];
    }
    make_slack(work);
    measure(work);
}

/* Go; false if rounding stops it, where it stood before. */
static bool go(Interior *work, double length_s, double length_slack)
{
    const double gap = work->state.gap;
    const double before = sqrt(interior_dot(work->s, work->s, entries(work)));
    multiply("N", "N", work->d, work->g, work->move_s, work->a);
    multiply("N", "T", work->d, work->a, work->g, work->b);
    symmetrise(work->d, work->b);
    work->state.move = length_s * sqrt(interior_dot(work->b, work->b, entries(work))) / before;
    add_step(work, length_s, length_slack);
    if (work->state.gap <= rises * gap) {
        return true;
    }
    add_step(work, -length_s, -length_slack);
    const bool again = work->system.single;
    work->system.single = false;
    return again && isfinite(work->state.gap);
}

bool interior_step(Interior *work)
{
    const size_t d = (size_t)work->d;
    work->state.steps++;
    if (!scale(work)) {
        return false;
    }
    interior_system_turn(&work->system, work->g);
    residuals(work);
    if (!interior_system_factor(&work->system, work->g)) {
        return false;
    }
    const double mu = interior_dot(work->root, work->root, d) / (double)d;
    double share;
    const double aim = mu * predict(work, mu, &share);
    if (!correct(work, aim)) {
        return false;
    }
    const double length_s = step_length(work, work->move_s, share);
    const double length_slack = step_length(work, work->move_slack, share);
    return go(work, length_s, length_slack);
}

/* ---- the end ------------------------------------------------------------------------- */

int interior_network(Interior *work, double factor[])
{
    const size_t d = (size_t)work->d;
    /* in the units of both */
    const double sigma = trace(work->d, work->s) / (work->state.weight * (double)d);
    for (size_t k = 0; k < entries(work); k++) {
        work->a[k] = work->s[k] - sigma * work->slack[k];
    }
    if (eigen_values(&work->eigen, work->a, work->values) != OUTCOME_CONVERGED) {
        return -1;
    }
    int rank = 0;
    while (rank < work->d && work->values[work->d - 1 - rank] > 0.0) {
        rank++;
    }
    if (eigen_vectors(&work->eigen, rank, work->a) != OUTCOME_CONVERGED) {
        return -1;
    }
    for (size_t k = 0; k < (size_t)rank; k++) {
        const double root = sqrt(work->values[d - 1 - k]);
        for (size_t i = 0; i < d; i++) {
            factor[i + k * d] = root * work->a[i + (d - 1 - k) * d];
        }
    }
    return rank;
}
