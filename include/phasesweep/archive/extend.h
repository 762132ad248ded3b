/* extend.h - an archive made over for a changed job, keeping every chain that both share.
 *
 * Chains are matched by content (sweep_chain_id), not by name or place: axes may be extended,
 * reordered or renamed, and only points whose numbers changed are computed again.
 *
 * The archive must be locked by the caller, and nobody may have it open.
 */
#ifndef PHASESWEEP_ARCHIVE_EXTEND_H
#define PHASESWEEP_ARCHIVE_EXTEND_H

#include "phasesweep/archive/archive.h"

/* Root only, after MPI has started.  Replace the archive by one of the job `given` (with its
 * provenance), with the finished chains of equal content id taken over bit by bit.  If it held
 * finished chains that the new job lacks, the old file stays as PATH.1, PATH.2, ...  Says on
 * stderr what was kept.  A kill at any moment leaves the old archive or the new one. */
void extend_archive(const char *path, const Job *stored, const Job *given,
                    const Provenance *provenance);

#endif
