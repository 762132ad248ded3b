/* A lock must be right where it is least convenient: on network file systems, where O_EXCL was
 * not always atomic but link is; across hosts, whose clocks differ; after kill -9, when nobody
 * removed it; and for a batch job that was requeued while its old lock still lay there.
 *
 * Evidence that the holder is gone, best first: Slurm started the same job again; its process
 * on this host does not exist, or is another with the same number; from another host, silence.
 *
 * A lock that cannot be judged is held to be alive: taking it from a living run would ruin
 * an archive, while waiting costs minutes.
 */
#include "phasesweep/archive/lock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/base/check.h"

/* Longer than host names and Slurm ids; the 127 of fscanf below is one less. */
enum { NAME = 128 };

struct Lock {
    char *path; /* of the lock file; owned */
};

typedef struct Holder {
    char host[NAME]; /* of the writer, as gethostname gives it */
    char job[NAME];  /* Slurm's id, "none" without Slurm */
    char date[NAME]; /* UTC, for people */
    long pid;
    int restart;              /* how often Slurm had started the job again */
    unsigned long long start; /* of the process, in clock ticks since boot */
} Holder;

/* Field 22 of /proc/PID/stat tells a process from a later one of the same number; 0: none. */
static unsigned long long process_start(long pid)
{
    char path[64];
    char line[1024];
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    const bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    const char *field = read ? strrchr(line, ')') : NULL; /* the name may hold blanks */
    if (field != NULL && (field[2] == 'Z' || field[2] == 'X')) {
        return 0; /* dead, only not collected by its parent yet */
    }
    /* counted from behind the name, which is field 2 */
    for (int k = 2; field != NULL && k < 22; k++) {
        field = strchr(field + 1, ' ');
    }
    return field == NULL ? 0 : strtoull(field, NULL, 10);
}

/* What a lock of this process says. */
static Holder this_process(void)
{
    Holder holder = {.pid = (long)getpid()};
    const time_t now = time(NULL);
    const char *job = getenv("SLURM_JOB_ID");
    const char *restart = getenv("SLURM_RESTART_COUNT");
    holder.restart = restart != NULL ? atoi(restart) : 0;
    /* one byte less: a name that is cut need not end in a NUL */
    gethostname(holder.host, sizeof holder.host - 1);
    snprintf(holder.job, sizeof holder.job, "%s", job != NULL && job[0] != '\0' ? job : "none");
    strftime(holder.date, sizeof holder.date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    holder.start = process_start(holder.pid);
    return holder;
}

/* False if there is no such file or it is not one of ours. */
static bool read_holder(const char *path, Holder *holder)
{
    FILE *file = fopen(path, "r");
    *holder = (Holder){.pid = 0};
    const bool good =
        file != NULL && fscanf(file,
                               "host %127s pid %ld start %llu slurm_job %127s restart %d "
                               "date %127s",
                               holder->host, &holder->pid, &holder->start, holder->job,
                               &holder->restart, holder->date) == 6;
    if (file != NULL) {
        fclose(file);
    }
    return good;
}

/* Made whole under another name and linked: nobody sees half a lock, and link is atomic on
 * network file systems too. */
static bool try_create(const char *path)
{
    const Holder me = this_process();
    char *temporary = checked_format("%s.%s.%ld", path, me.host, me.pid);
    FILE *file = fopen(temporary, "w");
    if (file == NULL) {
        die(STATUS_WRONG_INPUT, "%s: cannot be written: %s", path, strerror(errno));
    }
    fprintf(file, "host %s pid %ld start %llu slurm_job %s restart %d date %s\n", me.host,
            me.pid, me.start, me.job, me.restart, me.date);
    /* fclose reports what a full disk swallowed */
    const bool written = fclose(file) == 0;
    const bool linked = written && link(temporary, path) == 0;
    const int error = errno;
    unlink(temporary);
    free(temporary);
    if (!linked && error != EEXIST) {
        die(STATUS_WRONG_INPUT, "%s: cannot be written: %s", path, strerror(error));
    }
    return linked;
}

/* Seconds since the lock was touched, by the clock of its file system: a file made now shows
 * what time it is there.  0, "just now", if that cannot be told: a lock is never broken for
 * want of evidence. */
static double silence(const char *path)
{
    struct stat lock, probe;
    char *name = checked_format("%s.clock.%ld", path, (long)getpid());
    const int descriptor = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const bool good =
        descriptor >= 0 && fstat(descriptor, &probe) == 0 && stat(path, &lock) == 0;
    if (descriptor >= 0) {
        close(descriptor);
        unlink(name);
    }
    free(name);
    return good ? difftime(probe.st_mtime, lock.st_mtime) : 0.0;
}

/* Of a lock file at path and what it says. */
static bool is_stale(const char *path, const Holder *holder)
{
    const Holder me = this_process();
    if (strcmp(me.job, "none") != 0 && strcmp(holder->job, me.job) == 0 &&
        holder->restart != me.restart) {
        return true; /* Slurm runs a job once at a time: its earlier start is gone */
    }
    /* processes of another host cannot be looked at: only silence tells */
    if (strcmp(holder->host, me.host) != 0) {
        return silence(path) > LOCK_SILENCE;
    }
    /* EPERM from kill is a living process of somebody else */
    return process_start(holder->pid) != holder->start ||
           (kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH);
}

/* An unreadable lock file is nobody's. */
bool lock_is_held(const char *path)
{
    Holder holder;
    char *name = checked_format("%s.lock", path);
    const bool held = read_holder(name, &holder) && !is_stale(name, &holder);
    free(name);
    return held;
}

/* Ranks outlive a killed launcher by a moment; a run that goes on outlives this patience. */
static bool is_left_soon(const char *path, const Holder *holder)
{
    const struct timespec pause = {.tv_nsec = 100000000};
    bool held = !is_stale(path, holder);
    /* 5 s in all */
    for (int k = 0; k < 50 && held; k++) {
        nanosleep(&pause, NULL);
        held = access(path, F_OK) == 0 && !is_stale(path, holder);
    }
    return !held;
}

Lock *lock_take(const char *path)
{
    Lock *lock = checked_alloc(1, sizeof *lock);
    lock->path = checked_format("%s.lock", path);
    /* between a look and the next step another run may take or leave the lock: begin again,
     * but not for ever */
    for (int attempt = 0; attempt < 3; attempt++) {
        if (try_create(lock->path)) {
            return lock;
        }
        Holder holder;
        const bool known = read_holder(lock->path, &holder);
        if (known && !is_left_soon(lock->path, &holder)) {
            die(STATUS_WRONG_INPUT,
                "%s: in use by process %ld on %s, Slurm job %s, since %s; wait for it, or "
                "remove "
                "%s if it is gone",
                path, holder.pid, holder.host, holder.job, holder.date, lock->path);
        }
        /* unreadable and young may be a program of another kind, or an older one of ours */
        if (!known && silence(lock->path) <= LOCK_SILENCE) {
            die(STATUS_WRONG_INPUT, "%s: %s is no lock of ours; remove it if nothing uses %s",
                path, lock->path, path);
        }
        if (unlink(lock->path) == 0) {
            fprintf(stderr, "phasesweep: %s: taking over the stale lock of process %ld on %s\n",
                    path, holder.pid, known ? holder.host : "?");
        }
    }
    die(STATUS_WRONG_INPUT, "%s: another run takes its lock again and again", path);
}

/* Its time of modification is the sign of life for other hosts. */
void lock_touch(Lock *lock)
{
    assert(lock != NULL && lock->path != NULL);
    /* a failure shows in the end, as silence: no reason to stop a run */
    utimensat(AT_FDCWD, lock->path, NULL, 0);
}

void lock_release(Lock *lock)
{
    if (lock != NULL) {
        unlink(lock->path);
        free(lock->path);
        free(lock);
    }
}
