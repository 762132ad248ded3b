/* duration.h - times as people read them, and what is expected to be left of one.
 *
 * Run, status and watch tell one ETA: that of the run's schedule (schedule.h), which writes it
 * into the table of runs every few seconds; the others take off what has passed since, by the
 * rule below, which the schedule follows too.  A round of refinement (refinement.h) after which
 * there may be more has an ETA of its own, which run alone tells: that of the run is not known.
 */
#ifndef PHASESWEEP_BASE_DURATION_H
#define PHASESWEEP_BASE_DURATION_H

/* A time in words, "2 min 05 s". */
typedef struct Duration {
    char text[32];
} Duration;

/* Local.  By value, so that it can be used inside a printf call.  Negative ones count as 0;
 * infinite ones are cut at 10^12 s. */
Duration duration_text(double seconds);

/* Local.  Seconds left of what was expected to take `expected` and has taken `passed`, both
 * >= 0: what is overdue is taken to need as long again as it has taken, since an estimate that
 * has failed once is worth nothing. */
double duration_left(double expected, double passed);

#endif
