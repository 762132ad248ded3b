/* report.h - looking at archives: status, verify, diff.
 *
 * None of them changes an archive, takes its lock or needs MPI.  A file that is no archive,
 * or is damaged beyond reading, ends the program with STATUS_WRONG_INPUT and one line.
 */
#ifndef PHASESWEEP_ARCHIVE_REPORT_H
#define PHASESWEEP_ARCHIVE_REPORT_H

#include <stdbool.h>

#include "phasesweep/base/check.h"

/* Local.  Print counts of every outcome of every sweep, holes, checkpoints beside the archive,
 * how many runs there were and how they ended, time used and, while a run is going on, its ETA;
 * as text or as one JSON object. */
ExitStatus report_status(const char *path, bool json);

/* Local.  Compare every finished row with its checksum, also in a repacked copy; rows that
 * differ are named.  STATUS_POINTS_FAILED if there are any. */
ExitStatus report_verify(const char *path);

/* Local.  Compare the points that two archives share by content, whatever their sweeps and
 * axes: fields that differ by more than `tolerance`, relative to the larger value, are named
 * with the largest difference and its place.  STATUS_POINTS_FAILED if any of them differs or
 * one of the archives has a point that the other lacks. */
ExitStatus report_diff(const char *a, const char *b, double tolerance);

#endif
