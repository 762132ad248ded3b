/* watch.h - private to cli.c: a run seen from another terminal.
 *
 * Reads the archive alone, which may be being written: nothing is locked or changed.
 */
#ifndef PHASESWEEP_APP_WATCH_H
#define PHASESWEEP_APP_WATCH_H

#include "phasesweep/base/check.h"

/* Local.  Show bar, rate, ETA, points running and failed, and for each sweep a map of what is
 * done, once a second on a terminal, and in place; elsewhere once.  Ends when nobody writes the
 * archive any more.  Dies with STATUS_WRONG_INPUT if there is no archive at path. */
ExitStatus watch_archive(const char *path);

#endif
