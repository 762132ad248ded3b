/* sweep.h - one checked sweep, and the numbering of its points.
 *
 * A sweep is a model, a method and axes in the fixed order of AxisId; its points are the
 * grid of the axes, the last varied axis running fastest.  A LINE, the unit of work and of
 * storage, is a run of at most LINE_LENGTH points along that axis (one point where trainings
 * share no data along it); where lines begin depends on the job alone, never on ranks.
 */
#ifndef PHASESWEEP_SWEEP_H
#define PHASESWEEP_SWEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "errors.h"
#include "keys.h"
#include "problem.h"

enum { LINE_LENGTH = 256, NAME_LENGTH = 64, AXIS_LONGEST = 1000000, POINTS_MOST = 1000000000 };

typedef struct Axis {
    AxisForm form;
    bool     varied;    /* written as a list or range: a dimension of the arrays */
    size_t   count;     /* 0: not given; at most AXIS_LONGEST */
    double  *values;    /* [count], as written but whole where the key is; owned */
} Axis;

typedef struct Sweep {
    char   name[NAME_LENGTH];
    Model  model;
    Method method;
    double tolerance;       /* 0 until sweep_check completes it by the method */
    bool   random_signs;
    SampleStore store;
    int    ranks_per_line;  /* 0: as cost and memory ask */
    Axis   axis[AXIS_COUNT];
    size_t line[KEY_COUNT]; /* where a key was written, from 1; 0: not given */
} Sweep;

/* Local.  Put the text of one key, found at `line`, into the sweep, which must not have it
 * yet.  Of an axis this is one number. */
void sweep_put(Sweep *sweep, KeyId id, const char *text, size_t line, Errors *errors);

/* Local.  Put KEY=VALUE into the sweep, any key but `name`. */
void sweep_set(Sweep *sweep, const char *assignment, Errors *errors);

/* Local.  Copy what `from` has of one key into `to`, which must not have it yet. */
void sweep_copy(Sweep *to, const Sweep *from, KeyId id);

/* Local.  Complete defaults, then check what single keys cannot show: what is missing, what
 * excludes each other, and what the axes resolve to at the corners of the grid.  `line` is
 * that of the sweep.  Keys already found wrong are not complained of again. */
void sweep_check(Sweep *sweep, size_t line, Errors *errors);

/* Local.  Leaves *sweep empty, so a second call is harmless. */
void sweep_free(Sweep *sweep);

/* Local.  Dimensions of the sweep's arrays, outermost first; returns how many. */
int sweep_shape(const Sweep *sweep, size_t shape[AXIS_COUNT], AxisId ids[AXIS_COUNT]);
size_t sweep_points(const Sweep *sweep);
size_t sweep_lines(const Sweep *sweep);

/* Local.  First point and length of a line below sweep_lines(sweep). */
void sweep_line(const Sweep *sweep, size_t line, size_t *first, size_t *count);

/* Local.  Place of a point below sweep_points(sweep) on every axis, 0 where not varied; and
 * the point at such a place. */
void sweep_place(const Sweep *sweep, size_t point, size_t place[AXIS_COUNT]);
size_t sweep_point(const Sweep *sweep, const size_t place[AXIS_COUNT]);

/* Local.  Parameters of a point below sweep_points(sweep). */
Problem sweep_problem(const Sweep *sweep, size_t point);

#endif
