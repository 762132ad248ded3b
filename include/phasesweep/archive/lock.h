/* lock.h - one writer an archive, across names, namespaces and hosts.
 *
 * Three fences, because none holds everywhere:
 *
 * - The file PATH.lock says who writes: a random token, host, boot, process namespace, process
 *   and its start, Slurm job, date.  It is stale if its process can be looked at from here and
 *   is gone, else if it was not touched for lock_silence seconds by the file system's clock.
 *
 * - On one host the kernel knows the archive by device and inode, whatever it is called and
 *   whatever became of the lock file.
 *
 * - An archive with a second hard link is refused, for the two names have two lock files.
 *
 * A lock file with some token is removed or replaced only by who has made the file
 * PATH.lock.TOKEN first, so that of several that find it stale one takes it over, and a
 * holder that wakes up cannot remove the lock of its successor.
 *
 * The lock keeps programs of ours from writing one file; readers need none.  It is no lock
 * of the operating system on the archive itself: MPI-IO and HDF5 lock files too, and on
 * network file systems that would shut out readers or the run itself.
 */
#ifndef PHASESWEEP_ARCHIVE_LOCK_H
#define PHASESWEEP_ARCHIVE_LOCK_H

#include <stdbool.h>

typedef struct Lock Lock;

/* Local.  Seconds without a sign of life after which a holder that cannot be looked at is held
 * to be gone: 300, or PHASESWEEP_LOCK_SILENCE, which tests set.  A run gives ten signs in that
 * time. */
double lock_silence(void);

/* Local.  The name to work with, owned by the caller: what a symbolic link at path leads to,
 * else path itself.  Dies with STATUS_WRONG_INPUT if it leads nowhere. */
char *lock_real_path(const char *path);

/* Local.  Take the lock of path, which lock_real_path gave; a stale one is taken over with a
 * line on stderr.  Dies with STATUS_WRONG_INPUT, naming the holder, if it is in use or cannot
 * be written; with STATUS_STOPPED if an earlier start of this Slurm job still gives signs of
 * life. */
Lock *lock_take(const char *path);

/* Local.  Was it taken from a run whose node was lost: started anew since, or so Slurm says by
 * starting the job again?  Not told if the lock file was removed. */
bool lock_after_node_loss(const Lock *lock);

/* Local.  Fence the file that is at path now; to be called when the archive was made or
 * replaced under the lock.  Dies as lock_take does. */
void lock_fence(Lock *lock);

/* Local.  The token, borrowed; and what the other ranks of the run make of it, only to be given
 * to lock_check and lock_release. */
const char *lock_token(const Lock *lock);
Lock *lock_share(const char *path, const char *token);

/* Local.  To be called before every write: look, now and then, whether the lock is still ours.
 * Dies with STATUS_ENVIRONMENT if it is not: somebody has taken this run for dead. */
void lock_check(Lock *lock);

/* Local.  Look at once, and die of nothing. */
bool lock_is_ours(const Lock *lock);

/* Local.  Holder only.  Look at once, and say that the writer lives. */
void lock_touch(Lock *lock);

/* Local.  Does a living writer hold the lock of path? */
bool lock_is_held(const char *path);

/* Local.  Remove the lock file if it is ours; NULL is harmless. */
void lock_release(Lock *lock);

#endif
