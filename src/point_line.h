/* point_line.h - private to point: how a method fills its records. */
#ifndef PHASESWEEP_POINT_LINE_H
#define PHASESWEEP_POINT_LINE_H

#include "phasesweep/point.h"

/* The line being computed. */
typedef struct PointLine {
    const PointTeam *team;
    /* [count] */
    const Problem   *problems;
    size_t           count;
    /* [count] */
    Record          *records;
    /* of count points, NAN at first */
    const Series    *series;
} PointLine;

/* Collective on the team.  Train the points of a line; false if it was told to stop. */
bool point_train(const PointLine *line);

/* Collective on the team.  Message passing at the points of a line; false if told to stop. */
bool point_amp(const PointLine *line);

/* Local.  Summary of the learned numbers [d], d >= 2, decreasing, those not learned exactly 0
 * (theory.md section 7).  Risk and loss must be among the values already. */
void point_put_spectrum(const Problem *problem, const double eigenvalues[], double value[]);

/* Seconds on a clock that only counts. */
double point_clock(void);

/* What every method has. */
void point_complete(const Problem *problem, double seconds, Record *record);

#endif
