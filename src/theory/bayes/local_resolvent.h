/* local_resolvent.h - the resolvent of the teacher around one of its s_i, private to
 * mmse_matrix.c.
 *
 * Near s_i the sum over the neighbours is taken term by term and the rest by its Taylor series,
 * which does not depend on delta: fields are computed once a teacher and kept.
 *
 * Fields are keyed by (teacher, index) and kept in a hash table that is emptied when it is
 * half full, so that memory is bounded however large d is.
 */
#ifndef PHASESWEEP_THEORY_LOCAL_RESOLVENT_H
#define PHASESWEEP_THEORY_LOCAL_RESOLVENT_H

#include "phasesweep/model/teacher.h"

/* Neighbours on a side that are taken term by term: the reach is about a fifth of them. */
enum {
    FIELD_NARROW = 4,
    FIELD_MIDDLE = 10,
    FIELD_WIDE = 22,
    FIELD_NEAR = 2 * FIELD_WIDE + 1,
    FIELD_ORDER = 16,
};

/* G(w) = sum over near of mass/(w - position) + sum_k far[k] ((w - center)/unit)^k. */
typedef struct Field {
    Atoms near;    /* borrowed arrays */
    int order;     /* terms of the series; 0: near is all there is */
    double center; /* s_i */
    double unit;   /* a power of two of the size of its spacing: powers stay in range */
    double reach;  /* |w - center| up to which the series holds to 1e-11 */
    double far[FIELD_ORDER];
    double others; /* (1/d) sum over j != i of 1/(s_i - s_j)^2 */
} Field;

/* A field with the arrays that its `near` points into: not to be copied. */
typedef struct FieldSlot {
    double index; /* i; 0: free */
    Field field;
    double position[FIELD_NEAR], mass[FIELD_NEAR];
} FieldSlot;

/* Fields as they were asked for; empty with nothing but its side set. */
typedef struct FieldTable {
    int side;                          /* one of the above */
    double source_exponent, dimension; /* of the teacher they belong to */
    FieldSlot *slot;                   /* [slots] a hash table by index; owned */
    size_t slots;                      /* a power of two, for half as many s_i */
    size_t used;
    Atoms scratch;
} FieldTable;

/* Local.  The field around s_index; borrowed from the table until the next call. index whole
 * in [1, d]. */
const Field *field_around(FieldTable *table, const Teacher *teacher, double index);

/* Local.  The same field as a plain sum over atoms.  Borrows the arrays of atoms; holds
 * everywhere (reach infinite). */
Field field_of_atoms(const Atoms *atoms);

/* Local.  Leaves *table empty. */
void field_table_free(FieldTable *table);

/* Local.  Half the width of an isolated band in u, roughly. */
double field_radius(const Field *field, double t);

/* Local.  Distance from s_i to the edge of its band on a side (+1, -1), the gap there being
 * open; larger than the field's reach: not to be trusted. */
double field_edge(const Field *field, double t, int side);

#endif
