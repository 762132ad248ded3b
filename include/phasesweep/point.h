/* point.h - one grid point, by the method it names. */
#ifndef PHASESWEEP_POINT_H
#define PHASESWEEP_POINT_H

#include "problem.h"
#include "record.h"
#include "teacher.h"

/* Local.  Solve `count` points one after the other into records[count]; the teacher is
 * made again only where source exponent or dimension change.  Every outcome is data. */
void point_solve(const Problem problems[], size_t count, Record records[]);

/* Local.  One JSON object on stdout; a field that is NAN is left out. */
void point_print(const Problem *problem, const Record *record);

#endif
