/* progress.h - how far a run is: a bar on a terminal, in a log plain lines, at first after
 * seconds and then every minute.
 *
 * What is left comes from the cost of the work, not from counting chains.
 *
 * Rank 0 alone shows it.  The clock is the caller's, so that tests need not wait.
 *
 * Texts are for people and no format: scripts read `status --json`.
 */
#ifndef PHASESWEEP_APP_PROGRESS_H
#define PHASESWEEP_APP_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "phasesweep/engine/schedule.h"

/* What was shown last, and how fast things went since. */
typedef struct Progress {
    FILE *file;          /* borrowed */
    int columns;         /* of the terminal; 0: a log */
    double begin, shown; /* clock; shown: last time */
    double points;       /* that were done then */
    double rate;         /* points a second, of the last half minute or so */
    const char *of;      /* what ends with the ETA, as " of this round"; NULL: the run */
} Progress;

/* Local.  `now` in seconds on any clock.  Whether file is a terminal, and how wide, is asked
 * once, here. */
Progress progress_begin(FILE *file, double now);

/* Local.  Show the state if it is time to; always if it is the last.  Five times a second on
 * a terminal; in a log after 2, 5, 10, 20 and 60 s, and then every minute. */
void progress_show(Progress *progress, const ScheduleState *state, double now, bool last);

/* Local.  The chain that is shown, without the bar; owned by the caller. */
char *progress_text(const Progress *progress, const ScheduleState *state, double now);

#endif
