/* The flow of a factor V [d x r], S = V V^T, in closed form (theory.md section 17):
 *     S(tau) = E V (I + V^T K V)^-1 V^T E,   E = e^(tau A),   K = (e^(2 tau A) - 1)/A .
 * With Y = K^(1/2) V and the stack [Y; I] = Q R this is S(tau) = V' V'^T, V' = E V R^-1 =
 * E K^(-1/2) Q: again such a factor, from which the flow goes on.  The rows of the stack differ
 * by e^(tau a_i).  Householder QR is stable row by row if rows stand by size and columns are
 * pivoted (Cox and Higham, BIT 38, 34 (1998)): so that small directions keep their digits until
 * it is their time to grow.  (A solve with R instead of Q loses all of them.)
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/dense_eigen.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/rng.h"
#include "flow_state.h"

static const double vanishing = 1e-6;

/* W^T / (p d)^(1/4), of more rows than d their triangular factor, which has the same S. */
void flow_draw(const Flow *flow, double factor[])
{
    const Problem *problem = &flow->problem;
    const int d = (int)flow->d;
    const int p = (int)problem->width;
    const int columns = (int)flow->columns;
    const double scale = problem->start_scale / pow(problem->width * problem->dimension, 0.25);
    double *row = checked_alloc(flow->d, sizeof *row);
    double *all = checked_alloc(flow->d * (size_t)p, sizeof *all); /* W, p x d */
    for (int k = 0; k < p; k++) {
        rng_normals((uint64_t)problem->seed, RNG_PROBE, (uint64_t)k, d, row);
        for (int i = 0; i < d; i++) {
            all[(size_t)i * (size_t)p + (size_t)k] = scale * row[i];
        }
    }
    if (p > d) {
        const int room = 64 * d;
        int info;
        double *tau = checked_alloc(flow->d, sizeof *tau);
        double *work = checked_alloc((size_t)room, sizeof *work);
        dgeqrf_(&p, &d, all, &p, tau, work, &room, &info);
        assert(info == 0);
        free(tau);
        free(work);
    }
    for (int i = 0; i < d; i++) {
        for (int k = 0; k < columns; k++) {
            factor[(size_t)k * flow->d + (size_t)i] =
                p > d && k > i ? 0.0 : all[(size_t)i * (size_t)p + (size_t)k];
        }
    }
    free(row);
    free(all);
}

/* A row of the stack, by its size. */
typedef struct Row {
    double size;
    size_t from; /* row of Y; d and more: of I */
} Row;

static int by_size(const void *a, const void *b)
{
    const Row *left = a;
    const Row *right = b;
    return left->size != right->size ? (left->size < right->size) - (left->size > right->size)
                                     : (left->from > right->from) - (left->from < right->from);
}

/* Entry of the stack. */
static double entry(const Flow *flow, const double size[], size_t row, size_t column)
{
    if (row >= flow->d) {
        return row - flow->d == column;
    }
    return size[row] * flow->factor[column * flow->d + row];
}

/* Rows of the stack by size: which they are. */
static Row *order_rows(const Flow *flow, const double size[])
{
    const size_t rows = flow->d + flow->columns;
    Row *order = checked_alloc(rows, sizeof *order);
    for (size_t k = 0; k < rows; k++) {
        order[k].from = k;
        for (size_t j = 0; j < flow->columns; j++) {
            order[k].size = fmax(order[k].size, fabs(entry(flow, size, k, j)));
        }
    }
    qsort(order, rows, sizeof *order, by_size);
    return order;
}

/* Q of the stack in its place [rows x columns]; false if LAPACK failed. */
static bool orthogonalise(int rows, int columns, double stack[])
{
    const int room = 2 * columns + 64 * (columns + 1);
    int info;
    double *tau = checked_alloc((size_t)columns, sizeof *tau);
    double *work = checked_alloc((size_t)room, sizeof *work);
    int *pivots = checked_alloc((size_t)columns, sizeof *pivots);
    dgeqp3_(&rows, &columns, stack, &rows, pivots, tau, work, &room, &info);
    if (info == 0) {
        dorgqr_(&rows, &columns, &columns, stack, &rows, tau, work, &room, &info);
    }
    free(tau);
    free(work);
    free(pivots);
    return info == 0;
}

/* A step of tau; false if LAPACK failed. */
static bool step(Flow *flow, double tau)
{
    const size_t rows = flow->d + flow->columns;
    double *size = checked_alloc(flow->d, sizeof *size);
    double *stack = checked_alloc(rows * flow->columns, sizeof *stack);
    for (size_t i = 0; i < flow->d; i++) {
        const double a = flow->teacher[i] - flow->decay;
        size[i] = exp(tau * fmax(a, 0.0)) * sqrt(flow_growth(tau, a));
    }
    Row *order = order_rows(flow, size);
    for (size_t k = 0; k < flow->columns * rows; k++) {
        stack[k] = entry(flow, size, order[k % rows].from, k / rows);
    }
    const bool good = orthogonalise((int)rows, (int)flow->columns, stack);
    for (size_t k = 0; k < flow->columns * rows && good; k++) {
        const size_t i = order[k % rows].from;
        if (i < flow->d) {
            /* E V R^-1 = E K^(-1/2) Q, growth cancelled */
            const double a = flow->teacher[i] - flow->decay;
            flow->factor[k / rows * flow->d + i] =
                exp(tau * fmin(a, 0.0)) / sqrt(flow_growth(tau, a)) * stack[k];
        }
    }
    free(order);
    free(size);
    free(stack);
    return good;
}

int flow_advance(Flow *flow, double tau)
{
    const double fastest = fmax(flow->teacher[0] - flow->decay, 0.0);
    const double steps = ceil(tau * fastest / FLOW_GROWTH_MOST);
    const int count = tau > 0.0 ? (int)fmax(steps, 1.0) : 0;
    for (int k = 0; k < count; k++) {
        if (!step(flow, tau / count)) {
            return -1;
        }
    }
    return count;
}

/* Eigenvalues of S [r], ascending, and the overlap of the leading vector, from V^T V. */
static bool decompose(const Flow *flow, double values[], double *overlap)
{
    const int d = (int)flow->d;
    const int columns = (int)flow->columns;
    const double one = 1.0;
    const double zero = 0.0;
    double *gram = checked_alloc(flow->columns * flow->columns, sizeof *gram);
    dsyrk_("L", "T", &columns, &d, &one, flow->factor, &d, &zero, gram, &columns, 1, 1);
    const bool done = dense_eigen(columns, gram, values);
    const double *leading = gram + (flow->columns - 1) * flow->columns;
    double first = 0.0;
    for (size_t k = 0; k < flow->columns; k++) {
        first += leading[k] * flow->factor[k * flow->d];
    }
    *overlap = first * first / values[columns - 1];
    free(gram);
    return done;
}

/* M = S - S* (lower triangle) and from it R, dR/dtau = -(4/d) (|M V|^2 + l Tr M S), q, m. */
static FlowPoint measure(const Flow *flow)
{
    const int d = (int)flow->d;
    const int columns = (int)flow->columns;
    const double one = 1.0;
    const double zero = 0.0;
    FlowPoint point = {0};
    double *error = checked_alloc(flow->d * flow->d, sizeof *error);
    double *product = checked_alloc(flow->d * flow->columns, sizeof *product);
    dsyrk_("L", "N", &d, &columns, &one, flow->factor, &d, &zero, error, &d, 1, 1);
    for (size_t i = 0; i < flow->d; i++) {
        double *column = error + i * flow->d;
        point.trace += flow->unit * column[i];
        point.overlap_q += flow->unit * column[i] * column[i];
        point.overlap_m += flow->unit * column[i] * flow->teacher[i];
        column[i] -= flow->teacher[i];
        point.risk += flow->unit * column[i] * column[i];
        double below = 0.0;
        for (size_t j = i + 1; j < flow->d; j++) {
            below += column[j] * column[j];
        }
        point.overlap_q += 2.0 * flow->unit * below;
        point.risk += 2.0 * flow->unit * below;
    }
    dsymm_("L", "L", &d, &columns, &one, error, &d, flow->factor, &d, &zero, product, &d, 1, 1);
    double change = 0.0;
    for (size_t k = 0; k < flow->d * flow->columns; k++) {
        change += product[k] * (product[k] + flow->decay * flow->factor[k]);
    }
    /* times tau by the caller */
    point.exponent = -4.0 * flow->unit * change / point.risk;
    free(error);
    free(product);
    return point;
}

FlowPoint flow_matrix(const Flow *flow, size_t count, double spectrum[])
{
    FlowPoint point = measure(flow);
    double *values = checked_alloc(flow->columns, sizeof *values);
    if (!decompose(flow, values, &point.feature_overlap)) {
        free(values);
        return (FlowPoint){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0};
    }
    point.largest = values[flow->columns - 1];
    for (size_t k = 0; k < flow->columns; k++) {
        point.rank += values[k] > vanishing * point.largest;
    }
    for (size_t k = 0; k < count && spectrum != NULL; k++) {
        /* rounding of V^T V may be below 0 */
        spectrum[k] = k < flow->columns ? fmax(values[flow->columns - 1 - k], 0.0) : 0.0;
    }
    free(values);
    return point;
}
