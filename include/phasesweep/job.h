/* job.h - a YAML job file as checked sweeps, and the numbering of their points.
 *
 * A sweep is a model, a method and axes in the fixed order of AxisId; its points are the
 * grid of the axes, the last varied axis running fastest.  A LINE, the unit of work and of
 * storage, is a run of at most LINE_LENGTH points along that axis; where lines begin
 * depends on the job alone, never on ranks.
 *
 * Nothing here communicates: all ranks parse the same bytes.
 */
#ifndef PHASESWEEP_JOB_H
#define PHASESWEEP_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "problem.h"

enum { LINE_LENGTH = 256, NAME_LENGTH = 64 };

typedef enum AxisId {
    AXIS_SOURCE_EXPONENT, AXIS_DIMENSION, AXIS_NOISE, AXIS_SEED, AXIS_WIDTH, AXIS_SAMPLES,
    AXIS_WEIGHT_DECAY, AXIS_NUCLEAR_WEIGHT, AXIS_COUNT
} AxisId;

/* What the numbers of an axis are multiples or powers of. */
typedef enum AxisForm {
    FORM_NUMBER,            /* the value itself */
    FORM_POWER,             /* d^value */
    FORM_EFFECTIVE,         /* samples: n_eff = value */
    FORM_EFFECTIVE_POWER,   /* samples: n_eff = d^value */
    FORM_SQRT_EFFECTIVE,    /* weights: value * sqrt(n_eff / d) */
    FORM_COUNT
} AxisForm;

typedef struct Axis {
    AxisForm form;
    bool     varied;    /* written as a list or range: a dimension of the arrays */
    size_t   count;     /* 0: not given */
    double  *values;    /* [count] as written; owned */
} Axis;

typedef struct Sweep {
    char   name[NAME_LENGTH];
    Model  model;
    Method method;
    double tolerance;
    Axis   axis[AXIS_COUNT];
} Sweep;

typedef struct Job {
    char   title[256];
    size_t sweep_count;
    Sweep *sweeps;      /* [sweep_count]; owned */
} Job;

/* Local.  Parse `length` bytes of YAML; file names it in messages.  Returns NULL and a job
 * to release with job_free, or all errors, one line each ("FILE:LINE: KEY: ..."), owned by
 * the caller, and an empty job. */
char *job_parse(const char *file, const char *text, size_t length, Job *job);

/* Local.  Leaves *job empty, so a second call is harmless. */
void job_free(Job *job);

/* Local.  One KEY=VALUE of `phasesweep point` put into the sweep; NULL, or an owned line
 * that says what is wrong. */
char *sweep_set(Sweep *sweep, const char *assignment);

/* Local.  Complete defaults and check ranges; NULL, or an owned line. */
char *sweep_check(Sweep *sweep);

/* Local.  Static strings: name, unit and symbol of an axis; the name of a form. */
const char *axis_name(AxisId id);
const char *axis_symbol(AxisId id);
const char *form_name(AxisForm form);

/* Local.  Dimensions of the sweep's arrays, outermost first; returns how many. */
int sweep_shape(const Sweep *sweep, size_t shape[AXIS_COUNT], AxisId ids[AXIS_COUNT]);
size_t sweep_points(const Sweep *sweep);
size_t sweep_lines(const Sweep *sweep);

/* Local.  First point and length of a line below sweep_lines(sweep). */
void sweep_line(const Sweep *sweep, size_t line, size_t *first, size_t *count);

/* Local.  Parameters of a point below sweep_points(sweep). */
Problem sweep_problem(const Sweep *sweep, size_t point);

#endif
