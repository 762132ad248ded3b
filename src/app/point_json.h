/* point_json.h - private to cli.c: the record of one point as scripts read it. */
#ifndef PHASESWEEP_APP_POINT_JSON_H
#define PHASESWEEP_APP_POINT_JSON_H

#include "phasesweep/study/record.h"
#include "phasesweep/study/sweep.h"

/* Local.  One JSON object on stdout: model, method and outcome, under `inputs` the keys that
 * give this point again, the record's fields and series.  What is absent is left out, a series
 * ends at its last number.  sweep: checked, of one point; series: its. */
void point_json(const Sweep *sweep, const Record *record, const Series *series);

/* Local.  The same for people: one line a field, with its symbol and meaning; of a series its
 * length. */
void point_table(const Sweep *sweep, const Record *record, const Series *series);

#endif
