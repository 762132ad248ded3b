/* layout.h - private to the archive: what a sweep's group holds, and where.
 *
 * A SET is one dataset: a field or series of record.h, or one of the few below.  All sets of a
 * sweep have the dimensions of its varied axes; a series has one more, or two if it is a
 * matrix.
 *
 * The names of sets and groups are part of the file format.  Nothing here is collective: a
 * group is opened by each process for itself, and rows are moved by raw reads and writes.
 */
#ifndef PHASESWEEP_ARCHIVE_LAYOUT_H
#define PHASESWEEP_ARCHIVE_LAYOUT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "phasesweep/study/record.h"
#include "phasesweep/study/sweep.h"

enum {
    /* int32 */
    SET_ATTEMPTS = FIELD_COUNT,
    /* float64; SERIES_COUNT of them */
    SET_SERIES,
    /* uint64 */
    SET_CHECKSUM = SET_SERIES + SERIES_COUNT,
    /* int8, written last */
    SET_OUTCOME,
    SET_COUNT
};

/* The table of runs, a group beside the sweeps, with one entry a run. */
#define RUNS_GROUP "runs"

/* Its column of RunEnding, which the first files of schema 3 lack. */
#define RUNS_ENDING "ending"

/* What a run says of its end, which they lack too. */
#define RUNS_TOLD "told"
#define RUNS_LEFT "seconds_left"

typedef struct Layout {
    /* number of varied axes */
    int rank;
    hsize_t shape[AXIS_COUNT];
    AxisId ids[AXIS_COUNT];
    /* of the sweep; 0: it has none */
    size_t series[SERIES_COUNT];
    /* of the method */
    uint64_t fields;
} Layout;

/* Local.  What a new file of this sweep holds; and whether set is among it. */
Layout layout_of(const Sweep *sweep);
bool layout_has(const Layout *layout, int set);

/* Local.  The schema of an open file, 0 if it says none; of any object in it. */
int file_schema(hid_t object);

/* Local.  Is the set known before a point is solved, from the job alone? */
bool set_is_resolved(int set);

/* Local.  Which series a set is, SERIES_COUNT if none; numbers a point in the set. */
SeriesId set_series(int set);
size_t layout_width(const Layout *layout, int set);

/* Most dimensions of a set: the axes, and those of a matrix. */
enum { SET_RANK_MOST = AXIS_COUNT + 2 };

/* Local.  Shape of a set in the file; returns how many dimensions it has. */
int layout_extent(const Layout *layout, int set, hsize_t shape[SET_RANK_MOST]);

/* Local.  Name (static) and type of a set in files of a schema; the type is HDF5's own, not to
 * be closed. */
const char *set_name(int set, int schema);
hid_t set_type(int set);

/* An open group of a sweep. */
typedef struct Group {
    /* borrowed */
    const Sweep *sweep;
    int schema;
    /* fields and series: those that the file has */
    Layout layout;
    /* -1: not there */
    hid_t set[SET_COUNT];
} Group;

/* Local.  Open what the file has of the sweep; an older schema may lack fields.  False if an
 * array that the file promises is missing or of another size. */
bool group_open(hid_t file, const Sweep *sweep, Group *group);
void group_close(Group *group);

/* Local.  Can rows be written in place, or was the file repacked?  Contiguous sets alone
 * take raw writes of one process; compressed ones are chunked. */
bool group_is_raw(const Group *group);

/* Local.  Read (or write) `count` rows from point `first`, one innermost row; false if HDF5
 * fails.  `type` is that of data in memory, [count * layout_width]. */
bool group_move(const Group *group, int set, size_t first, size_t count, hid_t type, void *data,
                bool write);

/* Local.  Checksum of a point with its record and series, which are in place `row` of theirs.
 */
uint64_t group_checksum(const Group *group, size_t point, const Record *record,
                        const Series *series, size_t row);

/* Local.  XXH3-64, as 16 hexadecimal digits with a NUL, over all that rows mean but their
 * numbers: every attribute of the file, its groups and sets, the values of axes and long texts.
 */
void structure_checksum(hid_t file, char text[17]);

/* The attribute of the root that holds it. */
#define STRUCTURE_CHECKSUM "structure_checksum"

#endif
