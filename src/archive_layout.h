/* archive_layout.h - private to the archive: what a sweep's group holds, and where.
 *
 * A SET is one dataset: a field of the record, or one of the few below.  All sets of a sweep
 * have the dimensions of its varied axes; `eigenvalues` has one more.
 */
#ifndef PHASESWEEP_ARCHIVE_LAYOUT_H
#define PHASESWEEP_ARCHIVE_LAYOUT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "phasesweep/record.h"
#include "phasesweep/sweep.h"

enum {
    SET_ATTEMPTS = FIELD_COUNT, /* int32 */
    SET_EIGENVALUES,            /* float64, of methods that train */
    SET_CHECKSUM,               /* uint64 */
    SET_OUTCOME,                /* int8, written last */
    SET_COUNT
};

enum { SCHEMA = 1 };

/* The table of runs, a group beside the sweeps, with one entry a run. */
#define RUNS_GROUP "runs"

typedef struct Layout {
    int     rank;                   /* number of varied axes */
    hsize_t shape[AXIS_COUNT];
    AxisId  ids[AXIS_COUNT];
    hsize_t eigenvalues;            /* longest spectrum; 0: the method has none */
    uint64_t fields;                /* of the method */
} Layout;

Layout layout_of(const Sweep *sweep);
bool layout_has(const Layout *layout, int set);

/* Name and type in the file of a set. */
const char *set_name(int set);
hid_t set_type(int set);

/* An open group of a sweep. */
typedef struct Group {
    const Sweep *sweep;             /* borrowed */
    Layout       layout;            /* fields: those that the file has */
    hid_t        set[SET_COUNT];    /* -1: not there */
} Group;

/* Open what the file has of the sweep; an older schema may lack fields.  False if an array that
 * the file promises is missing or of another size. */
bool group_open(hid_t file, const Sweep *sweep, Group *group);
void group_close(Group *group);

/* Can rows be written in place, or was the file repacked? */
bool group_is_raw(const Group *group);

/* Read (or write) `count` rows from point `first`, one innermost row; false if HDF5 fails. */
bool group_move(const Group *group, int set, size_t first, size_t count, hid_t type, void *data,
                bool write);

/* Checksum of a row; eigenvalues: its own, or NULL if the set is not there. */
uint64_t group_checksum(const Group *group, size_t point, const Record *record,
                        const double eigenvalues[]);

#endif
