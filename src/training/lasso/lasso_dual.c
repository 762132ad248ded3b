/* The augmented Lagrangian of the dual problem by semismooth Newton steps (Li, Sun & Toh 2018).
 *
 * A proximal point step from a centre c, the minimum of F(theta) + |theta - c|^2/(2 sigma), is
 * theta(u) = soft(c + sigma X^T u; sigma w) where u is the minimum of
 *     phi(u) = |u|^2/2 - y.u + |theta(u)|^2/(2 sigma),
 * which is strongly convex with gradient u - (y - X theta(u)).  Its Newton step
 *     (1 + sigma X_A X_A^T) du = y - X theta - u
 * has a solution on every active set A, also of more coefficients than data, and steps of it
 * with a line search converge from anywhere.  With A's part of the Gram matrix it is
 *     du = q - X_A (G_AA + 1/sigma)^-1 X_A^T q,    q = y - X theta - u.
 * u keeps its digits where the residual, next to nothing beside y, has lost them in rounding,
 * and (F - D(s u)) = |r - s u|^2/2 + sum (w |theta_j| - s theta_j x_j.u) has no terms that
 * cancel: the certificate holds at any weight.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "lasso_state.h"

/* Steps from one centre; how much nearer than the rest of the gap u must be to y - X theta;
 * growth of sigma from one centre to the next, and what 1/sigma must be beside the diagonal of
 * G for a factor. */
enum { STEPS = 30, HALVINGS = 40, CENTRES = 60, FRUITLESS = 6 };
static const double near_enough = 0.1;
static const double fastest = 5.0;
static const double least_shift = 1e-14;

/* Active coefficients a sample from which the system of the samples is the better one: near 1
 * that of the coefficients is nearly singular; and most of them that one rank solves for. */
static const double many_active = 0.5;
enum { ROWS_MOST = 20000, COLUMNS_TOGETHER = 256 };

/* Sums over the rows of the team. */
typedef struct RowSums {
    double square;   /* |r|^2 */
    double rest;     /* |q|^2 = |r - u|^2 */
    double rest_u;   /* q.u */
    double u_square; /* |u|^2 */
    double label_u;  /* y.u */
} RowSums;

static RowSums row_sums(const LassoWork *work, const double rest[])
{
    const double *u = work->dual.u;
    const double *y = work->data->labels;
    double sums[5] = {0.0};
    for (int row = 0; row < work->rows; row++) {
        const double r = rest[row] + u[row];
        sums[0] += r * r;
        sums[1] += rest[row] * rest[row];
        sums[2] += rest[row] * u[row];
        sums[3] += u[row] * u[row];
        sums[4] += y[row] * u[row];
    }
    lasso_sum(work, sums, 5);
    return (RowSums){sums[0], sums[1], sums[2], sums[3], sums[4]};
}

static double soft(double x, double threshold)
{
    return copysign(fmax(fabs(x) - threshold, 0.0), x);
}

/* theta(u) where X^T u = gradient. */
static void take_network(LassoWork *work, const double gradient[], double theta[])
{
    const Dual *dual = &work->dual;
    for (int j = 0; j < work->progress.domain; j++) {
        theta[j] = soft(dual->centre[j] + dual->sigma * gradient[j],
                        dual->sigma * work->progress.weight);
    }
}

/* F and its gap by the dual vector s u, s <= 1 the largest that is feasible; *rest: the part of
 * |F| that is the distance of u from the residual. */
static LassoValue value_of(const LassoWork *work, const RowSums *sums, double *rest)
{
    const LassoProgress *progress = &work->progress;
    const double *gradient = work->dual.gradient;
    double norm = 0.0;
    double steepest = progress->weight;
    for (int j = 0; j < progress->domain; j++) {
        norm += fabs(work->theta[j]);
        steepest = fmax(steepest, fabs(gradient[j]));
    }
    const double scale = progress->weight / steepest;
    const double off = 1.0 - scale;
    double slack = 0.0;
    for (int j = 0; j < progress->domain; j++) {
        slack +=
            fmax(progress->weight * fabs(work->theta[j]) - scale * work->theta[j] * gradient[j],
                 0.0);
    }
    const double objective = 0.5 * sums->square + progress->weight * norm;
    const double apart =
        fmax(sums->rest + 2.0 * off * sums->rest_u + off * off * sums->u_square, 0.0);
    *rest = 0.5 * sums->rest / objective;
    return (LassoValue){.objective = objective,
                        .gap = (0.5 * apart + slack) / objective,
                        .square = sums->square};
}

/* q = y - X theta - u of the network in hand. */
static void take_rest(const LassoWork *work, double rest[])
{
    lasso_residual(work, rest);
    for (int row = 0; row < work->rows; row++) {
        rest[row] -= work->dual.u[row];
    }
}

/* Go on from the centre with this sigma. */
static void set_sigma(LassoWork *work, double sigma)
{
    Dual *dual = &work->dual;
    dual->sigma = sigma;
    dual->step = 0;
    work->gram.shift = 1.0 / sigma;
    active_free(&work->system);
}

/* The next centre is the network in hand. */
static void move_centre(LassoWork *work)
{
    Dual *dual = &work->dual;
    memcpy(dual->centre, work->theta, (size_t)work->progress.domain * sizeof(double));
    memcpy(dual->kept, dual->u, (size_t)work->rows * sizeof *dual->u);
}

/* Largest sigma for which G_AA + 1/sigma has a factor. */
static double largest_sigma(const LassoWork *work)
{
    double height = 0.0;
    for (int j = 0; j < work->progress.domain; j++) {
        height = fmax(height, work->height[j]);
    }
    return 1.0 / (least_shift * height);
}

/* What the largest feasible multiple of v proves, and that multiple. */
static double proved_by(LassoWork *work, const double v[], double *scale)
{
    const int domain = work->progress.domain;
    double steepest = work->progress.weight;
    double sums[2] = {0.0};
    lasso_project(work, domain, v, work->dual.gradient);
    for (int j = 0; j < domain; j++) {
        steepest = fmax(steepest, fabs(work->dual.gradient[j]));
    }
    for (int row = 0; row < work->rows; row++) {
        sums[0] += work->data->labels[row] * v[row];
        sums[1] += v[row] * v[row];
    }
    lasso_sum(work, sums, 2);
    *scale = work->progress.weight / steepest;
    return *scale * sums[0] - 0.5 * *scale * *scale * sums[1];
}

/* From the last dual vector, which the weight has changed little but for its length, or from
 * the residual, whichever proves more. */
static void begin_vector(LassoWork *work)
{
    Dual *dual = &work->dual;
    double scale[2];
    double *residual = checked_alloc((size_t)work->rows, sizeof *residual);
    lasso_residual(work, residual);
    const double by_last = proved_by(work, dual->u, &scale[0]);
    const double by_residual = proved_by(work, residual, &scale[1]);
    const bool last = lasso_agree(work, by_last > by_residual);
    for (int row = 0; row < work->rows; row++) {
        dual->u[row] = last ? scale[0] * dual->u[row] : scale[1] * residual[row];
    }
    free(residual);
    lasso_project(work, work->progress.domain, dual->u, dual->gradient);
}

/* From the network in hand; a step of sigma can move a coefficient by sigma w, and should by
 * about its size. */
void dual_begin(LassoWork *work)
{
    const LassoProgress *progress = &work->progress;
    Dual *dual = &work->dual;
    assert(work->x != NULL && progress->domain <= work->gram.size);
    double norm = 0.0;
    double height = 0.0;
    int active = 0;
    for (int j = 0; j < progress->domain; j++) {
        norm += fabs(work->theta[j]);
        active += work->theta[j] != 0.0;
        height += work->height[j] / progress->domain;
    }
    work->search.stage = SEARCH_DUAL;
    begin_vector(work);
    dual->best = INFINITY;
    dual->growth = fastest;
    dual->centres = dual->fruitless = 0;
    dual->far = false;
    const double size = active > 0 ? norm / active / progress->weight : 0.0;
    move_centre(work);
    set_sigma(work, fmin(fmax(size, 1.0 / height), largest_sigma(work)));
}

/* phi at u + a du. */
typedef struct Chord {
    double u_square, cross, du_square; /* of u and du */
    double label_u, label_du;
} Chord;

static double phi(const LassoWork *work, const Chord *chord, const double image[], double a)
{
    const Dual *dual = &work->dual;
    double square = 0.0;
    for (int j = 0; j < work->progress.domain; j++) {
        const double theta =
            soft(dual->centre[j] + dual->sigma * (dual->gradient[j] + a * image[j]),
                 dual->sigma * work->progress.weight);
        square += theta * theta;
    }
    return 0.5 * chord->u_square + a * chord->cross + 0.5 * a * a * chord->du_square -
           chord->label_u - a * chord->label_du + 0.5 * square / dual->sigma;
}

/* Length of the step along du with X^T du = image; 0 if there is none. */
static double search_chord(const LassoWork *work, const RowSums *sums, const double rest[],
                           const double du[], const double image[])
{
    const double *u = work->dual.u;
    double s[4] = {0.0};
    for (int row = 0; row < work->rows; row++) {
        s[0] += u[row] * du[row];
        s[1] += du[row] * du[row];
        s[2] += work->data->labels[row] * du[row];
        s[3] -= rest[row] * du[row];
    }
    lasso_sum(work, s, 4);
    const Chord chord = {sums->u_square, s[0], s[1], sums->label_u, s[2]};
    const double here = phi(work, &chord, image, 0.0);
    const double rounding = 1e-14 * (fabs(here) + chord.u_square + fabs(chord.label_u));
    double a = 1.0;
    for (int k = 0; k < HALVINGS; k++, a *= 0.5) {
        if (lasso_agree(work,
                        phi(work, &chord, image, a) <= here + 1e-4 * a * s[3] + rounding)) {
            return a;
        }
    }
    return 0.0;
}

/* du from q and X^T q by the system of the active coefficients; false if it has no factor. */
static bool solve_columns(LassoWork *work, const ActiveSet *set, const double pull[],
                          double du[])
{
    double *b = checked_alloc((size_t)set->size, sizeof *b);
    double *v = checked_alloc((size_t)work->d, sizeof *v);
    for (int k = 0; k < set->size; k++) {
        b[k] = pull[set->column[k]];
    }
    const bool solved =
        set->size == 0 || active_solve(&work->gram, &work->system, set->column, set->size, b);
    for (int k = 0; k < set->size && solved; k++) {
        v[set->column[k]] = -b[k];
    }
    if (solved) {
        lasso_add_columns(work, work->progress.domain, v, du);
    }
    free(v);
    free(b);
    return solved;
}

/* The rows of a rank, and the first of them. */
typedef struct Shares {
    int *count, *first; /* [ranks]; owned */
} Shares;

static Shares share_rows(const LassoWork *work)
{
    Shares shares = {checked_alloc((size_t)work->ranks, sizeof(int)),
                     checked_alloc((size_t)work->ranks, sizeof(int))};
    MPI_Allgather(&work->rows, 1, MPI_INT, shares.count, 1, MPI_INT, work->team);
    for (int k = 1; k < work->ranks; k++) {
        shares.first[k] = shares.first[k - 1] + shares.count[k - 1];
    }
    return shares;
}

/* This rank's rows of some active columns. */
static void copy_columns(const LassoWork *work, const int column[], int count, double to[])
{
    for (int k = 0; k < count; k++) {
        memcpy(to + (size_t)k * (size_t)work->rows,
               work->x + (size_t)column[k] * (size_t)work->ld, (size_t)work->rows * sizeof *to);
    }
}

/* Add a few active columns' part of X_A X_A^T to this rank's columns of it, n x rows, from the
 * diagonal down: each rank's rows of X_A come by in turn. */
static void add_products(const LassoWork *work, int count, const Shares *shares,
                         const double mine[], double other[], double kernel[])
{
    const int n = (int)work->data->samples;
    const int rows = work->rows;
    const double one = 1.0;
    for (int from = 0; from < work->ranks; from++) {
        const int others = shares->count[from];
        double *to = kernel + shares->first[from];
        if (from == work->rank) {
            memcpy(other, mine, (size_t)rows * (size_t)count * sizeof *other);
        }
        MPI_Bcast(other, others * count, MPI_DOUBLE, from, work->team);
        if (from == work->rank && rows > 0) {
            dsyrk_("L", "N", &rows, &count, &one, mine, &rows, &one, to, &n, 1, 1);
        } else if (from > work->rank && rows > 0 && others > 0) {
            dgemm_("N", "T", &others, &rows, &count, &one, other, &others, mine, &rows, &one,
                   to, &n, 1, 1);
        }
    }
}

static void multiply_rows(const LassoWork *work, const ActiveSet *set, const Shares *shares,
                          double kernel[])
{
    int most = 0;
    for (int k = 0; k < work->ranks; k++) {
        most = shares->count[k] > most ? shares->count[k] : most;
    }
    const size_t room = (size_t)most * COLUMNS_TOGETHER;
    double *mine = checked_alloc(2 * room, sizeof *mine);
    for (int first = 0; first < set->size; first += COLUMNS_TOGETHER) {
        const int left = set->size - first;
        const int count = left < COLUMNS_TOGETHER ? left : COLUMNS_TOGETHER;
        copy_columns(work, set->column + first, count, mine);
        add_products(work, count, shares, mine, mine + room, kernel);
    }
    free(mine);
}

/* All of them to rank 0, a column an item: counts stay small. */
static void gather_columns(const LassoWork *work, int n, const Shares *shares,
                           const double columns[], double kernel[])
{
    MPI_Datatype column;
    MPI_Type_contiguous(n, MPI_DOUBLE, &column);
    MPI_Type_commit(&column);
    MPI_Gatherv(columns, work->rows, column, kernel, shares->count, shares->first, column, 0,
                work->team);
    MPI_Type_free(&column);
}

/* Rank 0.  (kernel + shift) v = v; false if there is no factor. */
static bool solve_kernel(int n, double kernel[], double shift, double v[])
{
    static const int one = 1;
    int info;
    for (int row = 0; row < n; row++) {
        kernel[(size_t)row * ((size_t)n + 1)] += shift;
    }
    dpotrf_("L", &n, kernel, &n, &info, 1);
    if (info == 0) {
        dtrsv_("L", "N", "N", &n, kernel, &n, v, &one, 1, 1, 1);
        dtrsv_("L", "T", "N", &n, kernel, &n, v, &one, 1, 1, 1);
    }
    return info == 0;
}

/* du from q by the system of the samples, where no digits are lost to 1/sigma: rank 0 solves.
 */
static bool solve_rows(LassoWork *work, const ActiveSet *set, const double rest[], double du[])
{
    const int n = (int)work->data->samples;
    const double shift = 1.0 / work->dual.sigma;
    const size_t size = (size_t)n;
    Shares shares = share_rows(work);
    double *columns = checked_alloc(size * (size_t)work->rows, sizeof *columns);
    const bool gathers = work->rank == 0 && work->ranks > 1;
    double *kernel = gathers ? checked_alloc(size * size, sizeof *kernel) : columns;
    double *v = checked_alloc(work->rank == 0 ? size : 0, sizeof *v);
    multiply_rows(work, set, &shares, columns);
    if (work->ranks > 1) {
        gather_columns(work, n, &shares, columns, kernel);
    }
    MPI_Gatherv(rest, work->rows, MPI_DOUBLE, v, shares.count, shares.first, MPI_DOUBLE, 0,
                work->team);
    bool solved = false;
    if (work->rank == 0) {
        for (int row = 0; row < n; row++) {
            v[row] *= shift;
        }
        solved = solve_kernel(n, kernel, shift, v);
    }
    MPI_Scatterv(v, shares.count, shares.first, MPI_DOUBLE, du, work->rows, MPI_DOUBLE, 0,
                 work->team);
    free(v);
    if (gathers) {
        free(kernel);
    }
    free(columns);
    free(shares.count);
    free(shares.first);
    return lasso_agree(work, solved);
}

/* du from q and X^T q; false if there is no factor. */
static bool newton_step(LassoWork *work, const double rest[], const double pull[], double du[])
{
    ActiveSet *set = &work->set[0];
    lasso_present(work, set);
    if (set->size > many_active * work->data->samples && work->data->samples <= ROWS_MOST) {
        return solve_rows(work, set, rest, du);
    }
    memcpy(du, rest, (size_t)work->rows * sizeof *du);
    return solve_columns(work, set, pull, du);
}

/* One Newton step on u; false if there is none to take. */
static bool step(LassoWork *work, const RowSums *sums, const double rest[])
{
    Dual *dual = &work->dual;
    const int domain = work->progress.domain;
    double *du = checked_alloc((size_t)work->rows, sizeof *du);
    double *image = checked_alloc((size_t)domain, sizeof *image);
    lasso_project(work, domain, rest, image);
    bool good = newton_step(work, rest, image, du);
    if (good) {
        lasso_project(work, domain, du, image);
        const double a = search_chord(work, sums, rest, du, image);
        for (int row = 0; row < work->rows; row++) {
            dual->u[row] += a * du[row];
        }
        for (int j = 0; j < domain; j++) {
            dual->gradient[j] += a * image[j];
        }
        good = a > 0.0;
    }
    free(image);
    free(du);
    return good;
}

/* The minimum about this centre is found: on to the next, or the end where that comes no
 * nearer. */
static Progression next_centre(LassoWork *work)
{
    Dual *dual = &work->dual;
    const bool nearer = lasso_agree(work, work->progress.value.gap < 0.9 * dual->best);
    dual->fruitless = nearer ? 0 : dual->fruitless + 1;
    dual->best = fmin(dual->best, work->progress.value.gap);
    move_centre(work);
    if (++dual->centres >= CENTRES || dual->fruitless >= FRUITLESS) {
        return GIVEN_UP;
    }
    set_sigma(work, fmin(dual->growth * dual->sigma, largest_sigma(work)));
    lasso_project(work, work->progress.domain, dual->u, dual->gradient);
    return GOES_ON;
}

/* It is too far away, or lost in rounding: shorter steps from the same centre. */
static Progression shorten(LassoWork *work)
{
    Dual *dual = &work->dual;
    memcpy(dual->u, dual->kept, (size_t)work->rows * sizeof *dual->u);
    lasso_project(work, work->progress.domain, dual->u, dual->gradient);
    const double growth = dual->growth;
    dual->growth = sqrt(growth);
    set_sigma(work, dual->sigma / growth);
    dual->far = dual->centres == 0;
    return dual->far || ++dual->centres >= CENTRES || ++dual->fruitless >= FRUITLESS ? GIVEN_UP
                                                                                     : GOES_ON;
}

Progression dual_advance(LassoWork *work)
{
    Dual *dual = &work->dual;
    LassoProgress *progress = &work->progress;
    double *rest = checked_alloc((size_t)work->rows, sizeof *rest);
    double apart;
    take_network(work, dual->gradient, work->theta);
    take_rest(work, rest);
    const RowSums sums = row_sums(work, rest);
    progress->value = value_of(work, &sums, &apart);
    progress->iterations++;
    Progression end = GOES_ON;
    /* NaN ends it too */
    if (lasso_agree(work, !(progress->value.gap > work->search.tolerance))) {
        end = REACHED;
    } else if (lasso_agree(work, apart <= near_enough * progress->value.gap)) {
        end = next_centre(work);
    } else if (++dual->step > STEPS || !step(work, &sums, rest)) {
        end = shorten(work);
    }
    free(rest);
    if (end == GIVEN_UP) {
        memcpy(work->theta, dual->centre, (size_t)progress->domain * sizeof(double));
        memcpy(dual->u, dual->kept, (size_t)work->rows * sizeof *dual->u);
    }
    if (end != GOES_ON) {
        dual_leave(work);
    }
    return end;
}

void dual_leave(LassoWork *work)
{
    work->gram.shift = 0.0;
    active_free(&work->system);
    lasso_image(work, work->theta, work->image);
    work->dual.holds = true;
}

void dual_certify(LassoWork *work)
{
    double *rest = checked_alloc((size_t)work->rows, sizeof *rest);
    double apart;
    lasso_project(work, work->progress.domain, work->dual.u, work->dual.gradient);
    take_rest(work, rest);
    const RowSums sums = row_sums(work, rest);
    const LassoValue value = value_of(work, &sums, &apart);
    free(rest);
    if (lasso_agree(work, value.gap < work->progress.value.gap)) {
        work->progress.value.gap = value.gap;
    }
}
