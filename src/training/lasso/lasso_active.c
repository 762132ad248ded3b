#include "lasso_active.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

/* A new factor once more than this share of the base has changed: the border's substitutions
 * then cost about as much. */
static const double border_share = 0.125;

static const int one_step = 1;
static const double unit = 1.0;
static const double zero = 0.0;
static const double minus = -1.0;

/* The active set against the base. */
typedef struct Border {
    int size;
    int *slot;  /* [size] in the system; owned */
    int *place; /* [size] of an added column in the active set, -1 - its place in the
                   base for a removed one; owned */
} Border;

void active_free(ActiveSystem *system)
{
    gram_factor_free(&system->base);
    free(system->column);
    free(system->y);
    free(system->schur);
    *system = (ActiveSystem){.factorisations = system->factorisations};
}

static void border_free(Border *border)
{
    free(border->slot);
    free(border->place);
}

/* Columns in one of the two sets only; slots are not yet known. */
static Border compare(const GramFactor *base, const int index[], int size)
{
    const size_t most = (size_t)base->size + (size_t)size;
    Border border = {.slot = checked_alloc(most, sizeof(int)),
                     .place = checked_alloc(most, sizeof(int))};
    for (int i = 0, k = 0; i < base->size || k < size;) {
        if (k == size || (i < base->size && base->index[i] < index[k])) {
            border.place[border.size++] = -1 - i++;
        } else if (i == base->size || index[k] < base->index[i]) {
            border.place[border.size++] = k++;
        } else {
            i++;
            k++;
        }
    }
    return border;
}

static int column_of(const ActiveSystem *system, const int index[], int place)
{
    return place >= 0 ? index[place] : system->base.index[-1 - place];
}

static bool in_base(const GramFactor *base, int column)
{
    int low = 0;
    int high = base->size;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (base->index[middle] < column) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < base->size && base->index[low] == column;
}

/* Give each changed column its slot; returns the number of slots without contents. */
static int assign_slots(ActiveSystem *system, const int index[], Border *border)
{
    int fresh = 0;
    for (int k = 0; k < border->size; k++) {
        const int column = column_of(system, index, border->place[k]);
        int slot = 0;
        while (slot < system->slots + fresh && system->column[slot] != column) {
            slot++;
        }
        if (slot == system->capacity) {
            return -1;
        }
        if (slot == system->slots + fresh) {
            system->column[slot] = column;
            fresh++;
        }
        border->slot[k] = slot;
    }
    return fresh;
}

/* Schur complement between all slots and the fresh ones: the entry of G where both are added,
 * minus the product of their columns of y. */
static void fill_schur(const Gram *gram, ActiveSystem *system, int fresh)
{
    const int size = system->base.size;
    const int all = system->slots + fresh;
    double *corner = checked_alloc((size_t)all * (size_t)fresh, sizeof *corner);
    gram_entries(gram, system->column, all, system->column + system->slots, fresh, corner);
    for (int j = 0; j < fresh; j++) {
        const bool added = !in_base(&system->base, system->column[system->slots + j]);
        for (int i = 0; i < all; i++) {
            if (!added || in_base(&system->base, system->column[i])) {
                corner[(size_t)j * (size_t)all + (size_t)i] = 0.0;
            }
        }
    }
    dgemm_("T", "N", &all, &fresh, &size, &minus, system->y, &size,
           system->y + (size_t)system->slots * (size_t)size, &size, &unit, corner, &all, 1, 1);
    for (int j = 0; j < fresh; j++) {
        for (int i = 0; i < all; i++) {
            const double entry = corner[(size_t)j * (size_t)all + (size_t)i];
            const size_t column = (size_t)(system->slots + j);
            system->schur[column * (size_t)system->capacity + (size_t)i] = entry;
            system->schur[(size_t)i * (size_t)system->capacity + column] = entry;
        }
    }
    free(corner);
}

/* What a factor remembers of a column that it lacks, or that is to be taken from it. */
static void fill_slots(const Gram *gram, ActiveSystem *system, int fresh)
{
    assert(fresh > 0 && system->slots + fresh <= system->capacity);
    const int size = system->base.size;
    double *y = system->y + (size_t)system->slots * (size_t)size;
    const int *columns = system->column + system->slots;
    gram_entries(gram, system->base.index, size, columns, fresh, y);
    for (int j = 0; j < fresh; j++) {
        if (in_base(&system->base, columns[j])) {
            double *column = y + (size_t)j * (size_t)size;
            for (int i = 0; i < size; i++) {
                column[i] = system->base.index[i] == columns[j];
            }
        }
    }
    gram_forward(gram, &system->base, fresh, y);
    fill_schur(gram, system, fresh);
    system->slots += fresh;
}

/* z of the Schur system, right side [b_A; 0] - Y^T y0; false if it is singular. */
static bool solve_schur(const ActiveSystem *system, const Border *border, const double b[],
                        const double y0[], double z[])
{
    const int k = border->size;
    double *matrix = checked_alloc((size_t)k * (size_t)k, sizeof *matrix);
    int *pivots = checked_alloc((size_t)k, sizeof *pivots);
    double *all = checked_alloc((size_t)system->slots, sizeof *all);
    const int length = system->base.size;
    dgemv_("T", &length, &system->slots, &unit, system->y, &length, y0, &one_step, &zero, all,
           &one_step, 1);
    for (int j = 0; j < k; j++) {
        const double *from = system->schur + (size_t)border->slot[j] * (size_t)system->capacity;
        for (int i = 0; i < k; i++) {
            matrix[(size_t)j * (size_t)k + (size_t)i] = from[border->slot[i]];
        }
        z[j] = (border->place[j] >= 0 ? b[border->place[j]] : 0.0) - all[border->slot[j]];
    }
    int info;
    dgesv_(&k, &one_step, matrix, &k, pivots, z, &k, &info);
    assert(info >= 0);
    free(all);
    free(pivots);
    free(matrix);
    return info == 0;
}

/* v0 is base-ordered on entry (b) and on exit (the solution); what z adds beyond the base goes
 * straight into b. */
static bool solve_bordered(const Gram *gram, const ActiveSystem *system, const Border *border,
                           double b[], double v0[])
{
    const int size = system->base.size;
    double *z = checked_alloc((size_t)border->size, sizeof *z);
    gram_forward(gram, &system->base, 1, v0);
    int done = border->size == 0 || solve_schur(system, border, b, v0, z);
    MPI_Bcast(&done, 1, MPI_INT, 0, gram->team);
    MPI_Bcast(z, border->size, MPI_DOUBLE, 0, gram->team);
    for (int j = 0; j < border->size && done; j++) {
        const double *y = system->y + (size_t)border->slot[j] * (size_t)size;
        for (int i = 0; i < size; i++) {
            v0[i] -= z[j] * y[i];
        }
    }
    if (done) {
        gram_backward(gram, &system->base, v0);
    }
    for (int j = 0; j < border->size; j++) {
        if (border->place[j] >= 0) {
            b[border->place[j]] = z[j];
        }
    }
    free(z);
    return done != 0;
}

/* Try with the factor at hand; false if it is too far away. */
static bool solve_near(const Gram *gram, ActiveSystem *system, const int index[], int size,
                       double b[])
{
    if (system->base.size == 0) {
        return false;
    }
    const GramFactor *base = &system->base;
    Border border = compare(base, index, size);
    const int fresh =
        border.size <= system->capacity ? assign_slots(system, index, &border) : -1;
    bool done = false;
    if (fresh >= 0) {
        if (fresh > 0) {
            fill_slots(gram, system, fresh);
        }
        double *v0 = checked_alloc((size_t)base->size, sizeof *v0);
        for (int i = 0, k = 0; i < base->size; i++) {
            while (k < size && index[k] < base->index[i]) {
                k++;
            }
            v0[i] = k < size && index[k] == base->index[i] ? b[k] : 0.0;
        }
        double *x = checked_alloc((size_t)size, sizeof *x);
        memcpy(x, b, (size_t)size * sizeof *x);
        done = solve_bordered(gram, system, &border, x, v0);
        for (int i = 0, k = 0; i < base->size; i++) {
            while (k < size && index[k] < base->index[i]) {
                k++;
            }
            if (k < size && index[k] == base->index[i]) {
                x[k] = v0[i];
            }
        }
        if (done) {
            memcpy(b, x, (size_t)size * sizeof *x);
        }
        free(x);
        free(v0);
    }
    border_free(&border);
    return done;
}

/* A factor of these columns, and room for its border. */
static bool renew(const Gram *gram, ActiveSystem *system, const int index[], int size)
{
    active_free(system);
    system->factorisations++;
    if (!gram_factor(gram, index, size, &system->base)) {
        return false;
    }
    system->capacity = (int)(border_share * size) + 8;
    const size_t capacity = (size_t)system->capacity;
    system->column = checked_alloc(capacity, sizeof *system->column);
    system->y = checked_alloc(capacity * (size_t)size, sizeof *system->y);
    system->schur = checked_alloc(capacity * capacity, sizeof *system->schur);
    return true;
}

bool active_solve(const Gram *gram, ActiveSystem *system, const int index[], int size,
                  double b[])
{
    assert(size > 0);
    if (solve_near(gram, system, index, size, b)) {
        return true;
    }
    if (!renew(gram, system, index, size)) {
        return false;
    }
    gram_forward(gram, &system->base, 1, b);
    gram_backward(gram, &system->base, b);
    return true;
}

void active_state(const Gram *gram, ActiveSystem *system, StateVisitor *visitor)
{
    int scalars[3] = {system->base.size, system->slots, system->factorisations};
    visit_common(visitor, scalars, sizeof scalars);
    const size_t size = (size_t)scalars[0];
    const size_t slots = (size_t)scalars[1];
    int *index = checked_alloc(size, sizeof *index);
    if (size > 0 && !visit_loading(visitor)) {
        memcpy(index, system->base.index, size * sizeof *index);
    }
    visit_common(visitor, index, size * sizeof *index);
    if (visit_loading(visitor) && size > 0) {
        /* the factor was made of these numbers once; all ranks see the same */
        visitor->good = renew(gram, system, index, scalars[0]) && visitor->good;
    }
    free(index);
    if (visit_loading(visitor)) {
        system->slots = scalars[1];
        system->factorisations = scalars[2];
    }
    visit_common(visitor, system->column, slots * sizeof *system->column);
    visit_common(visitor, system->y, slots * size * sizeof *system->y);
    visit_common(visitor, system->schur,
                 (size_t)system->capacity * (size_t)system->capacity * sizeof *system->schur);
}
