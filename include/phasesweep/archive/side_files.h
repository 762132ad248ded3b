/* side_files.h - checkpoints of trainings beside the archive that they are for.
 *
 * PATH.SWEEP.CHAIN.checkpoint; path is without a symbolic link.  What is inside is training's
 * business: a file of that name may be of another archive that was here before.
 */
#ifndef PHASESWEEP_ARCHIVE_SIDE_FILES_H
#define PHASESWEEP_ARCHIVE_SIDE_FILES_H

#include <stddef.h>

#include "phasesweep/study/job.h"

/* Local.  Where the state of a chain is kept; owned by the caller. */
char *side_checkpoint(const char *path, const Sweep *sweep, size_t chain);

/* Root only.  Those of any archive that was at path; no chain of it may be in hand. */
void side_remove_checkpoints(const char *path);

typedef struct SideCheckpoint {
    size_t sweep, chain;
    double saved; /* seconds since 1970 */
} SideCheckpoint;

typedef struct SideCheckpoints {
    size_t count;
    SideCheckpoint *list; /* [count], in the order of the job; owned by the caller */
} SideCheckpoints;

/* Local.  Those that belong to a chain of the job. */
SideCheckpoints side_checkpoints(const char *path, const Job *job);

#endif
