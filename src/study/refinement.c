/* Cells are the nodes of a quadtree that is walked anew in every round; its sides end at
 * multiples of their length or at the last point of the axis, so that cells at the far ends may
 * be shorter, and then are cut where whole ones would be.
 */
#include "phasesweep/study/refinement.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

/* Both ends are points of the grid. */
typedef struct Side {
    size_t from, to;
} Side;

typedef struct Cell {
    Side row, column;
    /* steps of a side that is whole, a power of two */
    size_t size;
    /* of its known points, beyond plane->apart; INFINITY beside what is no number */
    double apart;
} Cell;

/* One round at work. */
typedef struct Round {
    const RefinePlane *plane;
    const double *value;
    const bool *known; /* [points] asked for in earlier rounds */
    bool *asked;       /* [points] and in this one */
    Cell *cells;       /* [count] to be cut; owned */
    size_t count, capacity;
} Round;

static size_t place(const RefinePlane *plane, size_t row, size_t column)
{
    return row * plane->columns + column;
}

static size_t coarsest(const RefinePlane *plane)
{
    return (size_t)1 << plane->depth;
}

/* Multiples of the step, and the last. */
static size_t points_along(size_t count, size_t step)
{
    return (count - 1 + step - 1) / step + 1;
}

size_t refinement_first(const RefinePlane *plane)
{
    const size_t step = coarsest(plane);
    return points_along(plane->rows, step) * points_along(plane->columns, step);
}

/* Where a side of whole length `size` is cut in two; its end if it is too short. */
static size_t middle(Side side, size_t size)
{
    const size_t half = side.from + size / 2;
    return size > 1 && half < side.to ? half : side.to;
}

/* ---- how far points are apart ------------------------------------------------------------ */

/* Of one number over several points. */
typedef struct Span {
    double low, high;
    bool number, none;
} Span;

static void widen(Span *span, double value)
{
    if (isnan(value)) {
        span->none = true;
        return;
    }
    span->low = span->number ? fmin(span->low, value) : value;
    span->high = span->number ? fmax(span->high, value) : value;
    span->number = true;
}

static double width(const Span *span)
{
    return !span->number ? 0.0 : span->none ? INFINITY : span->high - span->low;
}

/* The largest of the differences among the known points of a rectangle, 0 where it is within
 * what is allowed.  Numbers that only name something (plane->apart 0) have one difference. */
static double spread(const Round *round, Side row, Side column)
{
    const RefinePlane *plane = round->plane;
    double largest = 0.0;
    for (size_t f = 0; f < plane->fields; f++) {
        Span span = {0};
        for (size_t i = row.from; i <= row.to; i++) {
            for (size_t j = column.from; j <= column.to; j++) {
                const size_t point = place(plane, i, j);
                if (round->known[point]) {
                    widen(&span, round->value[point * plane->fields + f]);
                }
            }
        }
        largest = fmax(largest, width(&span));
    }
    if (plane->apart == 0.0) {
        return largest > 0.0 ? 1.0 : 0.0;
    }
    return largest > plane->apart ? largest : 0.0;
}

/* ---- what a cell asks for ---------------------------------------------------------------- */

static size_t ask(const Round *round, size_t row, size_t column, bool mark)
{
    const size_t point = place(round->plane, row, column);
    const bool added = !round->asked[point];
    round->asked[point] = round->asked[point] || mark;
    return added;
}

/* The points of a cell that is cut: returns how many are not asked for yet, and with `mark`
 * asks for them. */
static size_t ask_within(const Round *round, const Cell *cell, bool mark)
{
    const Side row = cell->row;
    const Side column = cell->column;
    const size_t i = middle(row, cell->size);
    const size_t j = middle(column, cell->size);
    const bool cut_rows = i < row.to;
    const bool cut_columns = j < column.to;
    size_t added = ask(round, row.from, column.from, mark);
    added += ask(round, row.from, column.to, mark);
    added += ask(round, row.to, column.from, mark);
    added += ask(round, row.to, column.to, mark);
    if (cut_rows && cut_columns) {
        added += ask(round, i, j, mark);
    }
    /* a side with an end that is not known yet is looked at in the next round */
    const size_t ends[2][2] = {{row.from, row.to}, {column.from, column.to}};
    for (int k = 0; k < 2; k++) {
        const Side across = {ends[0][k], ends[0][k]};
        const Side along = {ends[1][k], ends[1][k]};
        if (cut_columns && spread(round, across, column) > 0.0) {
            added += ask(round, ends[0][k], j, mark);
        }
        if (cut_rows && spread(round, row, along) > 0.0) {
            added += ask(round, i, ends[1][k], mark);
        }
    }
    return added;
}

/* ---- the walk ---------------------------------------------------------------------------- */

static void append(Round *round, const Cell *cell)
{
    if (round->count == round->capacity) {
        round->capacity = 2 * round->capacity + 64;
        round->cells = checked_realloc(round->cells, round->capacity, sizeof *round->cells);
    }
    round->cells[round->count++] = *cell;
}

/* Collect the cells that ask for something, within one. */
static void walk(Round *round, Side row, Side column, size_t size)
{
    Cell cell = {row, column, size, 0.0};
    cell.apart = spread(round, row, column);
    if (cell.apart == 0.0) {
        return;
    }
    if (ask_within(round, &cell, false) > 0) {
        append(round, &cell);
    }
    /* of a single step the corners are all there is */
    if (row.to - row.from <= 1 && column.to - column.from <= 1) {
        return;
    }
    const size_t i = middle(row, size);
    const size_t j = middle(column, size);
    const Side rows[2] = {{row.from, i}, {i, row.to}};
    const Side columns[2] = {{column.from, j}, {j, column.to}};
    for (int a = 0; a < 2; a++) {
        for (int b = 0; b < 2; b++) {
            if (rows[a].from < rows[a].to && columns[b].from < columns[b].to) {
                walk(round, rows[a], columns[b], size / 2);
            }
        }
    }
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void walk_all(Round *round)
{
    const RefinePlane *plane = round->plane;
    const size_t step = coarsest(plane);
    for (size_t i = 0; i + 1 < plane->rows; i += step) {
        for (size_t j = 0; j + 1 < plane->columns; j += step) {
            const Side row = {i, least(i + step, plane->rows - 1)};
            const Side column = {j, least(j + step, plane->columns - 1)};
            walk(round, row, column, step);
        }
    }
}

/* Neighbours far from each other; a bijection of 64 bits, so that no two places are equal. */
static uint64_t scattered(const Cell *cell)
{
    uint64_t key = (uint64_t)cell->row.from << 32 | cell->column.from;
    key = (key ^ key >> 31) * 0x9e3779b97f4a7c15u;
    return key ^ key >> 29;
}

/* For qsort: cells of one round differ in size or place. */
static int by_need(const void *a, const void *b)
{
    const Cell *x = a;
    const Cell *y = b;
    if (x->apart != y->apart) {
        return x->apart > y->apart ? -1 : 1;
    }
    if (x->size != y->size) {
        return x->size > y->size ? -1 : 1;
    }
    return (scattered(x) > scattered(y)) - (scattered(x) < scattered(y));
}

static size_t count_known(const Round *round)
{
    size_t count = 0;
    for (size_t k = 0; k < round->plane->rows * round->plane->columns; k++) {
        count += round->known[k];
    }
    return count;
}

/* As long as there is room. */
static RefineRound grant(Round *round, size_t spent)
{
    RefineRound result = {0};
    if (round->count > 0) {
        qsort(round->cells, round->count, sizeof *round->cells, by_need);
    }
    for (size_t k = 0; k < round->count && result.waiting == 0; k++) {
        const size_t wanted = ask_within(round, &round->cells[k], false);
        if (spent + result.added + wanted > round->plane->most) {
            result.waiting = round->count - k;
        } else {
            result.added += ask_within(round, &round->cells[k], true);
        }
    }
    return result;
}

static size_t ask_first(const RefinePlane *plane, bool asked[])
{
    const size_t step = coarsest(plane);
    for (size_t i = 0; i < points_along(plane->rows, step); i++) {
        for (size_t j = 0; j < points_along(plane->columns, step); j++) {
            const size_t row = least(i * step, plane->rows - 1);
            asked[place(plane, row, least(j * step, plane->columns - 1))] = true;
        }
    }
    return refinement_first(plane);
}

RefineRound refinement_next(const RefinePlane *plane, const double value[], bool asked[])
{
    assert(plane->rows >= 2 && plane->columns >= 2 && plane->fields >= 1);
    assert(plane->depth >= 0 && plane->depth < 63 && plane->apart >= 0.0);
    const size_t points = plane->rows * plane->columns;
    bool *known = checked_alloc(points, sizeof *known);
    memcpy(known, asked, points * sizeof *known);
    Round round = {.plane = plane, .value = value, .known = known, .asked = asked};
    const size_t spent = count_known(&round);
    RefineRound result = {0};
    if (spent == 0) {
        result.added = ask_first(plane, asked);
    } else {
        walk_all(&round);
        result = grant(&round, spent);
    }
    free(round.cells);
    free(known);
    return result;
}
