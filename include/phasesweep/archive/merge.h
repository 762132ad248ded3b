/* merge.h - two archives as a third, with every row that one of them has.
 *
 * Sweeps are told apart by name: those that only one archive has are kept as they are, one that
 * both have must be the same grid in both.  A row comes from the first archive, unless only the
 * second has it finished, or converged; chains that one of them has whole come from one.  The
 * numbers of rows are copied bit by bit; checksums are made again, over what today's rows hold.
 * The title of the job and checkpoints beside the archives are not taken over.  Neither archive
 * is changed or locked.
 */
#ifndef PHASESWEEP_ARCHIVE_MERGE_H
#define PHASESWEEP_ARCHIVE_MERGE_H

#include "phasesweep/archive/archive.h"

/* What is to be joined. */
typedef struct Merge Merge;

/* Local, before MPI starts.  Look at both archives and lock the third; dies with
 * STATUS_WRONG_INPUT, in one line, if it exists already, if one of them is none or was altered,
 * or if a sweep of both is not the same.  The paths are borrowed. */
Merge *merge_prepare(const char *a, const char *b, const char *to);

/* Local, after MPI has started.  Write the archive and say on stderr how many points it has;
 * the merge is taken over.  Its name appears when it is complete: a kill leaves nothing but
 * PATH.extending, which the next one replaces.  provenance: its text is not used. */
void merge_write(Merge *merge, const Provenance *provenance);

#endif
