/* 1/(w - s_j) summed over the spectrum near one s_i: neighbours exactly, the rest as a power
 * series in w - s_i.  Both parts depend on the teacher alone, so that an isolated or merging
 * band costs the same few operations at every delta.
 *
 * Reach is a fifth of the distance to the nearest atom in the series, and 16 terms leave
 * 0.2^16 = 7e-12 of it there.
 */
#include "local_resolvent.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

enum { SLOTS_MOST = 8192, MAX_STEPS = 100 };

/* The side stays: it is what the table is for. */
void field_table_free(FieldTable *table)
{
    free(table->slot);
    atoms_free(&table->scratch);
    *table = (FieldTable){.side = table->side};
}

Field field_of_atoms(const Atoms *atoms)
{
    return (Field){.near = *atoms, .reach = INFINITY};
}

/* Empty the table if it belongs to another teacher or is filling up.  Half full at most, so
 * that probes stay short and always end. */
static void take_teacher(FieldTable *table, const Teacher *teacher)
{
    if (table->slot != NULL && table->source_exponent == teacher->source_exponent &&
        table->dimension == teacher->dimension && table->used < table->slots / 2) {
        return;
    }
    table->slots = 64;
    while (table->slots < SLOTS_MOST && (double)table->slots <= 2.0 * teacher->dimension) {
        table->slots *= 2;
    }
    table->slot = checked_realloc(table->slot, table->slots, sizeof *table->slot);
    for (size_t k = 0; k < table->slots; k++) {
        table->slot[k].index = 0.0;
    }
    table->used = 0;
    table->source_exponent = teacher->source_exponent;
    table->dimension = teacher->dimension;
}

/* Neighbours up to `side` indices away are kept term by term.  The rest is expanded at s =
 * s_i, each atom by the geometric series
 *     1/(s + x - s_j) = sum_k (-x)^k / (s - s_j)^(k + 1). */
static void fill(FieldSlot *slot, const Teacher *teacher, double index, int side, Atoms *atoms)
{
    const double s = teacher_eigenvalue(teacher, index);
    /* half an index beyond the last neighbour: no rounding decides who is one */
    const double low = teacher_eigenvalue(teacher, index + side + 0.5);
    const double high =
        index > side + 0.5 ? teacher_eigenvalue(teacher, index - side - 0.5) : INFINITY;
    slot->index = index;
    slot->field = (Field){
        .near = {.position = slot->position, .mass = slot->mass, .capacity = FIELD_NEAR},
        .order = FIELD_ORDER,
        .center = s,
        .unit = ldexp(1.0, ilogb(s / index))};
    Field *field = &slot->field;
    /* of the atoms in the series; its radius of convergence */
    double nearest = INFINITY;
    teacher_atoms_resolvent(teacher, (double complex[1]){s}, 1, atoms);
    for (size_t k = 0; k < atoms->count; k++) {
        const double distance = s - atoms->position[k];
        /* all but s_i itself, near or far */
        if (distance != 0.0) {
            field->others += atoms->mass[k] / (distance * distance);
        }
        if (atoms->position[k] > low && atoms->position[k] < high) {
            assert(field->near.count < FIELD_NEAR);
            slot->position[field->near.count] = atoms->position[k];
            slot->mass[field->near.count++] = atoms->mass[k];
            continue;
        }
        nearest = fmin(nearest, fabs(distance));
        double term = atoms->mass[k] / distance;
        for (int power = 0; power < FIELD_ORDER; power++) {
            field->far[power] += term;
            term = term / -distance * field->unit;
        }
    }
    field->reach = 0.2 * nearest; /* 0.2^16 = 7e-12 */
}

const Field *field_around(FieldTable *table, const Teacher *teacher, double index)
{
    assert(index >= 1.0 && index <= teacher->dimension);
    take_teacher(table, teacher);
    /* whole indices as doubles; neighbours fall into neighbouring slots */
    size_t k = (size_t)fmod(index, (double)table->slots);
    while (table->slot[k].index != 0.0 && table->slot[k].index != index) {
        k = (k + 1) % table->slots;
    }
    if (table->slot[k].index == 0.0) {
        fill(&table->slot[k], teacher, index, table->side, &table->scratch);
        table->used++;
    }
    return &table->slot[k].field;
}

/* (1/d) sum 1/(u - s)^2 and minus half its derivative in u. */
static void powers(const Field *field, double u, double *second, double *third)
{
    const double x = (u - field->center) / field->unit;
    double slope = 0.0; /* -dG/du of the series, in its units */
    double bend = 0.0;  /* and half its derivative */
    for (int k = field->order - 1; k >= 1; k--) {
        bend = bend * x + slope;
        slope = slope * x - k * field->far[k];
    }
    *second = slope / field->unit;
    *third = -0.5 * bend / (field->unit * field->unit);
    for (size_t i = 0; i < field->near.count; i++) {
        const double inverse = 1.0 / (u - field->near.position[i]);
        const double term = field->near.mass[i] * inverse * inverse;
        *second += term;
        *third += term * inverse;
    }
}

double field_radius(const Field *field, double t)
{
    /* the edge is where (1/d)/r^2 + others = 1/t; others grow with r, so near a merger this
     * is no more than a guess, and the room is kept from vanishing */
    const double room = 1.0 - t * field->others;
    return sqrt(t * field->near.mass[0] / fmax(room, 0.5));
}

/* Newton's method as in bands_edge. */
double field_edge(const Field *field, double t, int side)
{
    const double delta = sqrt(t);
    double distance = field_radius(field, t);
    for (int step = 0; step < MAX_STEPS; step++) {
        double second;
        double third;
        powers(field, field->center + side * distance, &second, &third);
        /* the edge is where (1/d) sum 1/(u - s)^2 = 1/t, that is mean = delta */
        const double mean = 1.0 / sqrt(second);
        const double move = (delta - mean) * second / (mean * side * third);
        distance += move;
        if (fabs(move) <= 1e-7 * distance || distance > field->reach) {
            break; /* quadratic convergence */
        }
    }
    return distance;
}
