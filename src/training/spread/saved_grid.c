#include "saved_grid.h"

#include <stdlib.h>

#include "phasesweep/base/check.h"

SavedGrid saved_grid_of(const DistMatrix *a)
{
    return (SavedGrid){a->rows, a->block, a->grid->rows, a->grid->columns};
}

bool saved_grid_is(const SavedGrid *saved, const DistMatrix *a)
{
    return saved->block == a->block && saved->rows == a->grid->rows &&
           saved->columns == a->grid->columns;
}

/* What a fetch knows. */
typedef struct Fetch {
    const SavedGrid *saved;
    StateVisitor *visitor;
    const DistMatrix *a;
    const LowerTriangle *triangle;
    size_t *begin;  /* [triangle->columns] of each column in the vector; owned, as below */
    double *buffer; /* [d] a column of a share */
    double *vector;
} Fetch;

/* Column `column` of the share of place (row, ...), of which `start` is the first row and `at`
 * the place in the item in bytes: what of it is this rank's. */
static void fetch_column(const Fetch *f, int row, int start, int rows, int j, uint64_t at)
{
    const SavedGrid *saved = f->saved;
    const DistMatrix *a = f->a;
    const ProcessGrid *grid = a->grid;
    const int column = dist_matrix_count(j, a->block, grid->column, grid->columns);
    double *to = f->vector + f->begin[column] - f->triangle->start[column];
    visit_fetch(f->visitor, at, f->buffer, (size_t)(rows - start) * sizeof(double));
    for (int k = start; k < rows; k++) {
        const int i = dist_matrix_global(k, saved->block, row, saved->rows);
        if (i / a->block % grid->rows == grid->row) {
            to[dist_matrix_count(i, a->block, grid->row, grid->rows)] = f->buffer[k - start];
        }
    }
}

/* From the share of one place; returns its bytes. */
static uint64_t fetch_share(const Fetch *f, int row, int column, uint64_t at)
{
    const SavedGrid *saved = f->saved;
    const ProcessGrid *grid = f->a->grid;
    LowerTriangle share =
        lower_triangle_at(saved->d, saved->block, row, saved->rows, column, saved->columns);
    const uint64_t bytes = share.entries * sizeof(double);
    for (int k = 0; k < share.columns; k++) {
        const int j = dist_matrix_global(k, saved->block, column, saved->columns);
        if (j / f->a->block % grid->columns == grid->column && share.start[k] < share.rows) {
            fetch_column(f, row, share.start[k], share.rows, j, at);
        }
        at += (uint64_t)(share.rows - share.start[k]) * sizeof(double);
    }
    lower_triangle_free(&share);
    return bytes;
}

void saved_grid_fetch(const SavedGrid *saved, StateVisitor *visitor, const DistMatrix *a,
                      const LowerTriangle *triangle, double vector[])
{
    const size_t d = (size_t)saved->d;
    Fetch f = {.saved = saved,
               .visitor = visitor,
               .a = a,
               .triangle = triangle,
               .begin = checked_alloc((size_t)triangle->columns, sizeof *f.begin),
               .buffer = checked_alloc(d, sizeof *f.buffer),
               .vector = vector};
    for (int k = 1; k < triangle->columns; k++) {
        f.begin[k] = f.begin[k - 1] + (size_t)(triangle->rows - triangle->start[k - 1]);
    }
    visit_dealt_otherwise(visitor, d * (d + 1) / 2 * sizeof(double));
    uint64_t at = 0;
    for (int rank = 0; rank < saved->rows * saved->columns; rank++) {
        at += fetch_share(&f, rank / saved->columns, rank % saved->columns, at);
    }
    visit_fetched(visitor);
    free(f.begin);
    free(f.buffer);
}
