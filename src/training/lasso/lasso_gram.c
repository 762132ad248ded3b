#include "lasso_gram.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

/* Rows of a panel that are multiplied from both sides before the next ones: a piece that stays
 * in a core's second-level cache is read from memory once. */
enum { APPLY_ROWS = 512 };

/* Columns of one product when the matrix grows: the left operand is packed once for them. */
enum { EXTEND_COLUMNS = 4 * GRAM_PANEL };

static const int one = 1;

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

Gram gram_create(MPI_Comm team)
{
    Gram gram = {.team = team};
    MPI_Comm_rank(team, &gram.rank);
    MPI_Comm_size(team, &gram.ranks);
    return gram;
}

void gram_free(Gram *gram)
{
    for (int k = 0; k < gram->panels; k++) {
        free(gram->panel[k]);
    }
    free(gram->panel);
    *gram = (Gram){.team = MPI_COMM_NULL};
}

static bool owns(const Gram *gram, int panel)
{
    return panel % gram->ranks == gram->rank;
}

static void make_room(Gram *gram, int size)
{
    const int panels = (size + GRAM_PANEL - 1) / GRAM_PANEL;
    gram->panel = checked_realloc(gram->panel, (size_t)panels, sizeof *gram->panel);
    for (int k = gram->panels; k < panels; k++) {
        const size_t entries = (size_t)(k + 1) * GRAM_PANEL * GRAM_PANEL;
        gram->panel[k] = owns(gram, k) ? checked_alloc(entries, sizeof(double)) : NULL;
    }
    gram->panels = panels;
}

/* Sum the columns first ... first + columns - 1, all of one panel, over the team into it; they
 * have `rows` rows and leading dimension `rows`. */
static void deliver(Gram *gram, const double *term, int rows, int first, int columns)
{
    const int k = first / GRAM_PANEL;
    const bool mine = owns(gram, k);
    const size_t entries = (size_t)rows * (size_t)columns;
    /* not in place: MPICH 4.0 and 4.1 crash where the root is not rank 0 (pmodels/mpich #6540)
     */
    double *sum = mine ? checked_alloc(entries, sizeof *sum) : NULL;
    MPI_Reduce(term, sum, (int)entries, MPI_DOUBLE, MPI_SUM, k % gram->ranks, gram->team);
    const size_t ld = (size_t)(k + 1) * GRAM_PANEL;
    const int copied = smaller(rows, (int)ld);
    for (int j = 0; mine && j < columns; j++) {
        memcpy(gram->panel[k] + (size_t)(first % GRAM_PANEL + j) * ld,
               sum + (size_t)j * (size_t)rows, (size_t)copied * sizeof *sum);
    }
    free(sum);
}

/* This rank's term of the columns first ... end - 1, rows 0 ... end - 1, upper triangle. */
static void multiply_columns(const double *x, int rows, int ld, int first, int end,
                             double out[])
{
    const double unit = 1.0;
    const double zero = 0.0;
    const int columns = end - first;
    const double *right = x + (size_t)first * (size_t)ld;
    dgemm_("T", "N", &first, &columns, &rows, &unit, x, &ld, right, &ld, &zero, out, &end, 1,
           1);
    dsyrk_("U", "T", &columns, &rows, &unit, right, &ld, &zero, out + first, &end, 1, 1);
}

void gram_extend(Gram *gram, const double *x, int rows, int ld, int size)
{
    assert(size >= gram->size);
    make_room(gram, size);
    double *sum = checked_alloc((size_t)size * EXTEND_COLUMNS, sizeof *sum);
    for (int first = gram->size; first < size;) {
        const int end = smaller(size, (first / GRAM_PANEL) * GRAM_PANEL + EXTEND_COLUMNS);
        multiply_columns(x, rows, ld, first, end, sum);
        for (int from = first; from < end;) {
            const int to = smaller(end, (from / GRAM_PANEL + 1) * GRAM_PANEL);
            deliver(gram, sum + (size_t)(from - first) * (size_t)end, end, from, to - from);
            from = to;
        }
        first = end;
    }
    free(sum);
    gram->size = size;
}

void gram_collect(Gram *gram, const double *partial, int d)
{
    assert(gram->size == 0 && d >= 1);
    make_room(gram, d);
    double *sum = checked_alloc((size_t)d * GRAM_PANEL, sizeof *sum);
    for (int first = 0; first < d; first += GRAM_PANEL) {
        const int end = smaller(d, first + GRAM_PANEL);
        for (int j = first; j < end; j++) {
            memcpy(sum + (size_t)(j - first) * (size_t)end, partial + (size_t)j * (size_t)d,
                   (size_t)end * sizeof *sum);
        }
        deliver(gram, sum, end, first, end - first);
    }
    free(sum);
    gram->size = d;
}

/* Only columns that are covered. */
void gram_state(Gram *gram, StateVisitor *visitor)
{
    int size = gram->size;
    visit_common(visitor, &size, sizeof size);
    visit_common(visitor, &gram->shift, sizeof gram->shift);
    if (visit_loading(visitor)) {
        make_room(gram, size);
        gram->size = size;
    }
    for (int k = 0; k < gram->panels; k++) {
        const size_t columns = (size_t)smaller(size - k * GRAM_PANEL, GRAM_PANEL);
        const size_t bytes = columns * (size_t)(k + 1) * GRAM_PANEL * sizeof(double);
        visit_shares(visitor, gram->panel[k], owns(gram, k) ? bytes : 0);
    }
}

/* One panel's part of out = G v: its rectangle from both sides, its diagonal block. */
static void apply_panel(const double *a, int first, int columns, const double v[], double out[])
{
    const int ld = (first / GRAM_PANEL + 1) * GRAM_PANEL;
    const double unit = 1.0;
    for (int row = 0; row < first; row += APPLY_ROWS) {
        const int rows = smaller(APPLY_ROWS, first - row);
        dgemv_("N", &rows, &columns, &unit, a + row, &ld, v + first, &one, &unit, out + row,
               &one, 1);
        dgemv_("T", &rows, &columns, &unit, a + row, &ld, v + row, &one, &unit, out + first,
               &one, 1);
    }
    dsymv_("U", &columns, &unit, a + first, &ld, v + first, &one, &unit, out + first, &one, 1);
}

void gram_apply(const Gram *gram, int size, const double v[], double out[])
{
    assert(size <= gram->size);
    memset(out, 0, (size_t)size * sizeof *out);
    for (int first = 0; first < size; first += GRAM_PANEL) {
        if (owns(gram, first / GRAM_PANEL)) {
            apply_panel(gram->panel[first / GRAM_PANEL], first,
                        smaller(GRAM_PANEL, size - first), v, out);
        }
    }
    /* an MPI_Allreduce may differ between ranks by rounding */
    MPI_Reduce(gram->rank == 0 ? MPI_IN_PLACE : out, out, size, MPI_DOUBLE, MPI_SUM, 0,
               gram->team);
    MPI_Bcast(out, size, MPI_DOUBLE, 0, gram->team);
}

void gram_entries(const Gram *gram, const int row[], int rows, const int column[], int columns,
                  double out[])
{
    for (int j = 0; j < columns; j++) {
        for (int i = 0; i < rows; i++) {
            const int last = row[i] > column[j] ? row[i] : column[j];
            const int first = row[i] > column[j] ? column[j] : row[i];
            const int k = last / GRAM_PANEL;
            const size_t ld = (size_t)(k + 1) * GRAM_PANEL;
            out[(size_t)j * (size_t)rows + (size_t)i] =
                owns(gram, k)
                    ? gram->panel[k][(size_t)(last % GRAM_PANEL) * ld + (size_t)first] +
                          (first == last ? gram->shift : 0.0)
                    : 0.0;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, out, rows * columns, MPI_DOUBLE, MPI_SUM, gram->team);
}

/* ---- factor -------------------------------------------------------------------------- */

void gram_factor_free(GramFactor *factor)
{
    free(factor->index);
    free(factor->begin);
    free(factor->owner);
    free(factor->u);
    *factor = (GramFactor){0};
}

/* The blocks of the submatrix are what is left of the panels. */
static GramFactor cut_blocks(const Gram *gram, const int index[], int size)
{
    GramFactor factor = {.size = size};
    factor.index = checked_alloc((size_t)size, sizeof *factor.index);
    factor.begin = checked_alloc((size_t)gram->panels + 1, sizeof *factor.begin);
    factor.owner = checked_alloc((size_t)gram->panels, sizeof *factor.owner);
    memcpy(factor.index, index, (size_t)size * sizeof *index);
    for (int position = 0; position < size;) {
        const int panel = index[position] / GRAM_PANEL;
        factor.owner[factor.blocks] = panel % gram->ranks;
        while (position < size && index[position] / GRAM_PANEL == panel) {
            factor.columns += owns(gram, panel);
            position++;
        }
        factor.begin[++factor.blocks] = position;
    }
    return factor;
}

static void copy_submatrix(const Gram *gram, GramFactor *factor)
{
    factor->u = checked_alloc((size_t)factor->size * (size_t)factor->columns, sizeof(double));
    double *to = factor->u;
    for (int j = 0; j < factor->size; j++) {
        /* a copy made after the free: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        const int k = factor->index[j] / GRAM_PANEL;
        if (owns(gram, k)) {
            const double *from = gram->panel[k] + (size_t)(factor->index[j] % GRAM_PANEL) *
                                                      (size_t)(k + 1) * GRAM_PANEL;
            for (int i = 0; i <= j; i++) {
                to[i] = from[factor->index[i]];
            }
            to[j] += gram->shift;
            to += factor->size;
        }
    }
}

/* Diagonal block = u u^T with u upper, in place: the Cholesky factor of the block with rows and
 * columns in reverse, turned back. */
static int factor_block(double *block, int ld, int width)
{
    const size_t n = (size_t)width;
    const size_t stride = (size_t)ld;
    double *turned = checked_alloc(n * n, sizeof *turned);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i <= j; i++) {
            turned[(n - 1 - j) * n + n - 1 - i] = block[j * stride + i];
        }
    }
    int info;
    dpotrf_("L", &width, turned, &width, &info, 1);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i <= j; i++) {
            block[j * stride + i] = turned[(n - 1 - j) * n + n - 1 - i];
        }
    }
    free(turned);
    return info;
}

/* The owner finishes a column block, `above` rows over its diagonal, and packs it for all. */
static int finish_block(double *column, int ld, int above, int width, double packed[])
{
    const double unit = 1.0;
    const int rows = above + width;
    const int info = factor_block(column + above, ld, width);
    if (info == 0) {
        dtrsm_("R", "U", "T", "N", &above, &width, &unit, column + above, &ld, column, &ld, 1,
               1, 1, 1);
    }
    for (int j = 0; j < width; j++) {
        memcpy(packed + (size_t)j * (size_t)rows, column + (size_t)j * (size_t)ld,
               (size_t)rows * sizeof *packed);
    }
    return info;
}

/* Take a finished column block's product with itself off this rank's blocks on its left. */
static void update_left(const Gram *gram, GramFactor *factor, int k, const double done[])
{
    const double unit = 1.0;
    const double minus = -1.0;
    const int rows = factor->begin[k + 1];
    const int width = rows - factor->begin[k];
    double *column = factor->u;
    for (int j = 0; j < k; j++) {
        const int columns = factor->begin[j + 1] - factor->begin[j];
        if (factor->owner[j] == gram->rank) {
            dgemm_("N", "T", &factor->begin[j + 1], &columns, &width, &minus, done, &rows,
                   done + factor->begin[j], &rows, &unit, column, &factor->size, 1, 1);
            column += (size_t)columns * (size_t)factor->size;
        }
    }
}

bool gram_factor(const Gram *gram, const int index[], int size, GramFactor *factor)
{
    assert(size > 0 && index[0] >= 0 && index[size - 1] < gram->size);
    gram_factor_free(factor);
    *factor = cut_blocks(gram, index, size);
    copy_submatrix(gram, factor);
    double *done = checked_alloc((size_t)size * GRAM_PANEL, sizeof *done);
    double *column = factor->u + (size_t)factor->columns * (size_t)size;
    int info = 0;
    for (int k = factor->blocks - 1; k >= 0 && info == 0; k--) {
        /* a copy made after the free: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
        const int above = factor->begin[k];
        const int width = factor->begin[k + 1] - above;
        if (factor->owner[k] == gram->rank) {
            column -= (size_t)width * (size_t)size;
            info = finish_block(column, size, above, width, done);
        }
        MPI_Bcast(&info, 1, MPI_INT, factor->owner[k], gram->team);
        if (info == 0) {
            MPI_Bcast(done, (above + width) * width, MPI_DOUBLE, factor->owner[k], gram->team);
            update_left(gram, factor, k, done);
        }
    }
    free(done);
    if (info != 0) {
        gram_factor_free(factor);
    }
    return info == 0;
}

/* ---- substitution -------------------------------------------------------------------- */

/* Rows of several columns to other columns. */
static void copy_rows(const double *from, int ld_from, int rows, int count, double *to,
                      int ld_to)
{
    for (int j = 0; j < count; j++) {
        memcpy(to + (size_t)j * (size_t)ld_to, from + (size_t)j * (size_t)ld_from,
               (size_t)rows * sizeof *to);
    }
}

/* The owner solves with its diagonal block and takes the solution off the rows above, in the
 * sums that it keeps for their owners. */
static void substitute(const double *column, int size, int above, int width, int count,
                       double packed[], double *taken)
{
    const double unit = 1.0;
    const double minus = -1.0;
    if (count == 1) {
        dtrsv_("U", "N", "N", &width, column + above, &size, packed, &one, 1, 1, 1);
        dgemv_("N", &above, &width, &minus, column, &size, packed, &one, &unit, taken, &one, 1);
    } else {
        dtrsm_("L", "U", "N", "N", &width, &count, &unit, column + above, &size, packed, &width,
               1, 1, 1, 1);
        dgemm_("N", "N", &above, &count, &width, &minus, column, &size, packed, &width, &unit,
               taken, &size, 1, 1);
    }
}

/* From the bottom: what the columns on the right take off a block lies with their owners until
 * the block's turn comes. */
void gram_forward(const Gram *gram, const GramFactor *factor, int count, double b[])
{
    assert(factor->size > 0 && count >= 1);
    const int size = factor->size;
    double *taken = checked_alloc((size_t)size * (size_t)count, sizeof *taken);
    double *packed = checked_alloc(2 * GRAM_PANEL * (size_t)count, sizeof *packed);
    double *sum = packed + GRAM_PANEL * (size_t)count;
    const double *column = factor->u + (size_t)factor->columns * (size_t)size;
    for (int k = factor->blocks - 1; k >= 0; k--) {
        const int above = factor->begin[k];
        const int width = factor->begin[k + 1] - above;
        const int owner = factor->owner[k];
        copy_rows(taken + above, size, width, count, packed, width);
        MPI_Reduce(packed, sum, width * count, MPI_DOUBLE, MPI_SUM, owner, gram->team);
        if (owner == gram->rank) {
            column -= (size_t)width * (size_t)size;
            copy_rows(b + above, size, width, count, packed, width);
            for (int i = 0; i < width * count; i++) {
                packed[i] += sum[i];
            }
            substitute(column, size, above, width, count, packed, taken);
        }
        MPI_Bcast(packed, width * count, MPI_DOUBLE, owner, gram->team);
        copy_rows(packed, width, width, count, b + above, size);
    }
    free(packed);
    free(taken);
}

/* From the top: each owner needs the solution above its block. */
void gram_backward(const Gram *gram, const GramFactor *factor, double b[])
{
    assert(factor->size > 0);
    const double unit = 1.0;
    const double minus = -1.0;
    const int size = factor->size;
    const double *column = factor->u;
    for (int k = 0; k < factor->blocks; k++) {
        const int above = factor->begin[k];
        const int width = factor->begin[k + 1] - above;
        if (factor->owner[k] == gram->rank) {
            dgemv_("T", &above, &width, &minus, column, &size, b, &one, &unit, b + above, &one,
                   1);
            dtrsv_("U", "T", "N", &width, column + above, &size, b + above, &one, 1, 1, 1);
            column += (size_t)width * (size_t)size;
        }
        MPI_Bcast(b + above, width, MPI_DOUBLE, factor->owner[k], gram->team);
    }
}
