/* lock.h - one writer an archive, across hosts.
 *
 * The lock of PATH is the file PATH.lock: host, process, its start, Slurm job, date.  It is
 * stale if its process on this host is gone, if Slurm has started the same job again, or, from
 * another host, if it was not touched for LOCK_SILENCE seconds by the file system's clock.
 *
 * The lock keeps two programs from writing one file; readers need none.  It is advice
 * between runs of phasesweep, not a lock of the operating system, because those do not work
 * on every network file system.
 */
#ifndef PHASESWEEP_ARCHIVE_LOCK_H
#define PHASESWEEP_ARCHIVE_LOCK_H

#include <stdbool.h>

/* Seconds; ten times what a run lets pass between two touches. */
enum { LOCK_SILENCE = 300 };

typedef struct Lock Lock;

/* Local.  Take the lock of path; a stale one is taken over with a line on stderr.  Dies with
 * STATUS_WRONG_INPUT, naming the holder, if it is in use or cannot be written. */
Lock *lock_take(const char *path);

/* Local.  Does a living writer hold the lock of path? */
bool lock_is_held(const char *path);

/* Local.  Say that the writer lives; call it at least every LOCK_SILENCE / 2 seconds. */
void lock_touch(Lock *lock);

/* Local.  Remove the lock file; NULL is harmless. */
void lock_release(Lock *lock);

#endif
