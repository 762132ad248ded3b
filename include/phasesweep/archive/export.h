/* export.h - the finished points of an archive as a table of text.
 *
 * Reads alone: no lock, no MPI, and the file may be being written.
 */
#ifndef PHASESWEEP_ARCHIVE_EXPORT_H
#define PHASESWEEP_ARCHIVE_EXPORT_H

#include "phasesweep/base/check.h"

/* Local.  Print CSV on stdout: a head, then one line for every finished point of all sweeps
 * whose checksum agrees.  Columns: sweep, model, method; the axes as written, under the
 * names that the archive has (samples_power: powers of d); outcome, checksum (16 hexadecimal
 * digits, as in the file); the fields that some sweep has, numbers to the last digit.  Cells
 * without a value are empty; series are left out.  Rows whose checksum differs are counted on
 * stderr, and then it returns STATUS_POINTS_FAILED. */
ExitStatus export_csv(const char *path);

#endif
