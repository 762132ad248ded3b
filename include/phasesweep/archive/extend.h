/* extend.h - an archive made over for a changed job, keeping every result that both share.
 *
 * Results are matched by content (chain.h), not by name or place: axes may be extended,
 * refined, reordered or renamed.  Chains that both jobs have are taken as they are; of other
 * chains those points whose result stands alone: trainings with a proof, message passing,
 * Bayes-optimal risks and optima.  State evolution is solved again, which is faster than to
 * tell the difference.
 *
 * The archive must be locked by the caller, and nobody may have it open.
 */
#ifndef PHASESWEEP_ARCHIVE_EXTEND_H
#define PHASESWEEP_ARCHIVE_EXTEND_H

#include "phasesweep/archive/archive.h"

/* Root only, after MPI has started.  Replace the archive by one of the job `given` (with its
 * provenance), with the rows that can be taken over bit by bit; those that did not converge are
 * tried again.  If it held results that were not taken, the old file stays as PATH.1, PATH.2,
 * ... Says on stderr how many points were taken, how many were not and why.  A kill at any
 * moment leaves the old archive or the new one. */
void extend_archive(const char *path, const Job *stored, const Job *given,
                    const Provenance *provenance);

#endif
