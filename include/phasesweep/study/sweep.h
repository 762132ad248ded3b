/* sweep.h - one checked sweep, and its points.
 *
 * A sweep is settings and axes in the fixed order of their keys; its points are the grid of the
 * axes, the last varied axis running fastest.  The chains that they form are in chain.h.
 */
#ifndef PHASESWEEP_STUDY_SWEEP_H
#define PHASESWEEP_STUDY_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phasesweep/base/diagnostics.h"
#include "phasesweep/model/problem.h"
#include "phasesweep/study/keys.h"
#include "phasesweep/study/record.h"
#include "phasesweep/study/settings.h"

/* POINTS_MOST keeps row numbers exact in every type used for them. */
enum { AXIS_LONGEST = 1000000, POINTS_MOST = 1000000000 };

/* How the numbers of an axis came about: written one by one, or made between two ends, which
 * leaves their last digits to the way it is done. */
typedef enum Spacing { SPACING_WRITTEN, SPACING_LINEAR, SPACING_LOGARITHMIC } Spacing;

typedef struct Axis {
    /* what the values are multiples or powers of; one for the whole axis */
    AxisForm form;
    /* written as a list or range: a dimension of the arrays */
    bool varied;
    Spacing spacing;
    /* 0: not given; at most AXIS_LONGEST */
    size_t count;
    /* [count], as written but whole where the key is, and ranges of samples where the method
     * draws data; owned */
    double *values;
} Axis;

/* A file whose rows are the data of a sweep. */
typedef struct DataSource {
    /* as in table.h of the layer that reads them; empty: data are drawn */
    char file[TEXT_LENGTH], target[TEXT_LENGTH];
    /* of the file; 0: not known */
    double rows, dimension;
    /* its numbers in 64 bits */
    uint64_t content;
} DataSource;

typedef struct Sweep {
    /* of the group in the archive: a-z, 0-9, _; empty until it is read or made up */
    char name[NAME_LENGTH];
    /* line where it begins, from its check on: what is wrong with a default is told there */
    size_t begins_at;
    Settings settings;
    DataSource source;
    /* by AxisId; owned, released by sweep_free */
    Axis axis[AXIS_COUNT];
} Sweep;

/* Local.  Of a checked sweep. */
ModelId sweep_model(const Sweep *sweep);
MethodId sweep_method(const Sweep *sweep);

/* Local.  Put the text of one key, found at `line`, into the sweep, which must not have it
 * yet.  Of an axis this is one number. */
void sweep_put(Sweep *sweep, KeyId id, const char *text, size_t line, Diagnostics *errors);

/* Local.  Put KEY=VALUE into the sweep, any key but `name`. */
void sweep_set(Sweep *sweep, const char *assignment, Diagnostics *errors);

/* Local.  What is known of the file that the sweep names; before sweep_check. */
void sweep_know(Sweep *sweep, const DataSource *known);

/* Local.  The text of a key of that kind, "" where none is given. */
const char *sweep_text(const Sweep *sweep, KeyId id);

/* Local.  Copy what `from` has of one key into `to`, which must not have it yet. */
void sweep_copy(Sweep *to, const Sweep *from, KeyId id);

/* Local.  Fill in the defaults of what is not given, or was wrong;
 * sweep_check does it. */
void sweep_complete(Sweep *sweep);

/* Local.  Complete defaults, then check what single keys cannot show: what is missing, what
 * excludes each other, and what the axes resolve to at the corners of the grid.  `line` is
 * that of the sweep.  Keys already found wrong are not complained of again. */
void sweep_check(Sweep *sweep, size_t line, Diagnostics *errors);

/* Local.  Leaves *sweep empty, so a second call is harmless. */
void sweep_free(Sweep *sweep);

/* Local.  Dimensions of the sweep's arrays, outermost first; returns how many. */
int sweep_shape(const Sweep *sweep, size_t shape[AXIS_COUNT], AxisId ids[AXIS_COUNT]);
/* Local.  1 without varied axes, at most POINTS_MOST once checked. */
size_t sweep_points(const Sweep *sweep);

/* Local.  Place of a point below sweep_points(sweep) on every axis, 0 where not varied; and
 * the point at such a place. */
void sweep_place(const Sweep *sweep, size_t point, size_t place[AXIS_COUNT]);
size_t sweep_point(const Sweep *sweep, const size_t place[AXIS_COUNT]);

/* Local.  Coordinates of a point, as written, "samples_power = 3,
 * weight_decay = 0.5"; owned by the caller. */
char *sweep_point_name(const Sweep *sweep, size_t point);

/* Local.  Bit 1 << field for every field of its points. */
uint64_t sweep_fields(const Sweep *sweep);

/* Local.  Numbers that each series has at a point; 0 for those that the sweep has not. */
void sweep_series(const Sweep *sweep, size_t length[SERIES_COUNT]);

/* Local.  Parameters of a point below sweep_points(sweep). */
Problem sweep_problem(const Sweep *sweep, size_t point);

#endif
