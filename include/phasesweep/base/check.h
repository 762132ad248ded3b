/* check.h - leaving with one clear line, and memory that is never NULL.
 *
 * Three things are kept apart in this program: logic errors (assert), a broken
 * environment or wrong input (die), numerical outcomes (data, see outcome.h).
 *
 * Nothing here communicates; die may be called on one rank alone, at any moment.
 */
#ifndef PHASESWEEP_BASE_CHECK_H
#define PHASESWEEP_BASE_CHECK_H

#include <stddef.h>

/* Exit statuses; scripts and the batch system rely on them. */
typedef enum ExitStatus {
    STATUS_DONE = 0,          /* every point finished */
    STATUS_POINTS_FAILED = 1, /* finished, some points did not converge or failed */
    STATUS_WRONG_INPUT = 2,   /* nothing on disk was touched */
    STATUS_STOPPED = 3,       /* stopped early, resumable */
    STATUS_ENVIRONMENT = 4    /* MPI, disk or memory broken */
} ExitStatus;

/* Local.  Print "phasesweep: MESSAGE" on stderr and leave with `status`; when a stop
 * function is set it is called with the status first (main.c sets MPI_Abort, so that
 * one broken rank ends all). */
_Noreturn void die(ExitStatus status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Local.  The function `die` calls before it exits; NULL for none. */
void check_set_stop(void (*stop)(int status));

/* Local.  What `die` does before it leaves, NULL for nothing; main programs have one thing that
 * must not stay behind, the lock of an archive. */
void check_set_cleanup(void (*cleanup)(void *context), void *context);

/* Local.  count * size zeroed bytes; owned by the caller, release with free.  Dies with
 * STATUS_ENVIRONMENT instead of returning NULL; zero bytes give a valid pointer. */
void *checked_alloc(size_t count, size_t size);

/* Local.  Like realloc to count * size bytes, and like checked_alloc never NULL. */
void *checked_realloc(void *old, size_t count, size_t size);

/* Local.  printf into a new string; owned by the caller, release with free. */
char *checked_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
