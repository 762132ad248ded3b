/* point_line.h - private to point: how a method fills its records. */
#ifndef PHASESWEEP_METHOD_POINT_LINE_H
#define PHASESWEEP_METHOD_POINT_LINE_H

#include "phasesweep/method/point.h"

/* The chain being computed. */
typedef struct Chain {
    const PointTeam *team;
    /* [count] */
    const Problem *problems;
    size_t count;
    /* [count] */
    Record *records;
    /* of count points, NAN at first */
    const Series *series;
} Chain;

/* Collective on the team.  Train the points of a chain; false if it was told to stop. */
bool point_train(const Chain *chain);

/* Collective on the team.  Message passing at the points of a chain; false if told to stop. */
bool point_amp(const Chain *chain);

/* Local.  Summary of the learned numbers [d], d >= 2, decreasing, those not learned exactly 0
 * (theory.md section 7).  Risk and loss must be among the values already. */
void point_put_spectrum(const Problem *problem, const double eigenvalues[], double value[]);

/* Seconds on a clock that only counts. */
double point_clock(void);

/* What every method has. */
void point_complete(const Problem *problem, double seconds, Record *record);

#endif
