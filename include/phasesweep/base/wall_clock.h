/* wall_clock.h - the time of day, for tables, for files of others and for deadlines.
 *
 * What is measured runs on clocks that nobody sets; those stand while a machine sleeps.
 */
#ifndef PHASESWEEP_BASE_WALL_CLOCK_H
#define PHASESWEEP_BASE_WALL_CLOCK_H

/* Local.  Seconds since 1970. */
double wall_clock(void);

#endif
