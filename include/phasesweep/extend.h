/* extend.h - an archive made over for a changed job, keeping every line that both share.
 *
 * Lines are matched by content (sweep_line_id), not by name or place: axes may be extended,
 * reordered or renamed, and only points whose numbers changed are computed again.
 *
 * The archive must be locked by the caller, and nobody may have it open.
 */
#ifndef PHASESWEEP_EXTEND_H
#define PHASESWEEP_EXTEND_H

#include "job.h"

/* Root only, after MPI has started.  Replace the archive by one of the job `given` (its text
 * stored), with the finished lines of equal content id taken over bit by bit.  If it held
 * finished lines that the new job lacks, the old file stays as PATH.1, PATH.2, ...  Says on
 * stderr what was kept.  A kill at any moment leaves the old archive or the new one. */
void extend_archive(const char *path, const Job *stored, const Job *given, const char *text);

#endif
