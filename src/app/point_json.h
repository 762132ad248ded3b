/* point_json.h - private to cli.c: the record of one point as scripts read it. */
#ifndef PHASESWEEP_APP_POINT_JSON_H
#define PHASESWEEP_APP_POINT_JSON_H

#include "phasesweep/model/problem.h"
#include "phasesweep/study/record.h"

/* Local.  One JSON object on stdout; what is absent is left out, a series ends at its last
 * number.  fields: bit 1 << field of those to print; series: of one point. */
void point_json(const Problem *problem, const Record *record, uint64_t fields,
                const Series *series);

#endif
