/* A lock must be right where it is least convenient: on network file systems, where O_EXCL was
 * not always atomic but link is; across hosts, whose clocks differ; after kill -9, when nobody
 * removed it; for a batch job that was requeued while its old ranks still lived; and for a run
 * that was suspended, given up, and wakes.
 *
 * A lock that cannot be judged is held to be alive: taking it from a living run would ruin
 * an archive, while waiting costs minutes.
 *
 * What remains: a run that sleeps between a look at the lock and the write behind it.
 */
#include "phasesweep/archive/lock.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"
#include "phasesweep/base/wall_clock.h"

enum {
    /* longer than host names and Slurm ids; the 127 of fscanf below is one less */
    NAME = 128,
    /* 64 random bits in hexadecimal */
    TOKEN = 17
};

struct Lock {
    char *archive; /* owned */
    char *path;    /* of the lock file; owned */
    char token[TOKEN];
    bool holder;    /* and not only a rank of the same run */
    bool node_loss; /* of the holder before */
    int fence;      /* bound to device and inode of the archive; -1: none */
    double looked;  /* when the token was last compared */
};

typedef struct Holder {
    char token[TOKEN];
    char host[NAME];  /* of the writer, as gethostname gives it */
    char space[NAME]; /* boot and process namespace: where pid means something; "none" */
    char job[NAME];   /* Slurm's id, "none" without Slurm */
    char date[NAME];  /* UTC, for people */
    long pid;
    int restart;              /* how often Slurm had started the job again */
    unsigned long long start; /* of the process, in clock ticks since boot */
} Holder;

double lock_silence(void)
{
    const char *given = getenv("PHASESWEEP_LOCK_SILENCE");
    const double seconds = given != NULL ? atof(given) : 0.0;
    return seconds > 0.0 ? seconds : 300.0;
}

char *lock_real_path(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0 || !S_ISLNK(status.st_mode)) {
        return checked_format("%s", path);
    }
    char *real = realpath(path, NULL);
    if (real == NULL) {
        die(STATUS_WRONG_INPUT, "%s: the symbolic link cannot be followed: %s", path,
            strerror(errno));
    }
    return real;
}

/* ---- who holds it ------------------------------------------------------------------------ */

/* Field 22 of /proc/PID/stat tells a process from a later one of the same number; 0 if it is
 * dead and only not collected yet.  False if it cannot be told. */
static bool process_start(const char *pid, unsigned long long *start)
{
    char line[1024];
    char *path = checked_format("/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    const bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL) {
        fclose(file);
    }
    free(path);
    const char *field = read ? strrchr(line, ')') : NULL; /* the name may hold blanks */
    const bool dead = field != NULL && (field[2] == 'Z' || field[2] == 'X');
    /* counted from behind the name, which is field 2 */
    for (int k = 2; field != NULL && k < 22; k++) {
        field = strchr(field + 1, ' ');
    }
    *start = field == NULL || dead ? 0 : strtoull(field, NULL, 10);
    return field != NULL;
}

/* Where a process number means something: one boot of one machine, one namespace.  "none" where
 * /proc shows another namespace than that of this process. */
static void process_space(char space[NAME])
{
    char self[NAME] = "";
    char names[NAME] = "";
    char boot[NAME] = "";
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
    const bool known = file != NULL && fscanf(file, "%63s", boot) == 1 &&
                       readlink("/proc/self", self, sizeof self - 1) > 0 &&
                       readlink("/proc/self/ns/pid", names, 63) > 0 && strcmp(self, pid) == 0;
    if (file != NULL) {
        fclose(file);
    }
    snprintf(space, NAME, "%.63s%s%.63s", known ? boot : "none", known ? "/" : "",
             known ? names : "");
}

/* What a lock of this process says; the token is drawn anew each time. */
static Holder this_process(void)
{
    Holder holder = {.pid = (long)getpid()};
    uint64_t random = 0;
    const time_t now = time(NULL);
    const char *job = getenv("SLURM_JOB_ID");
    const char *restart = getenv("SLURM_RESTART_COUNT");
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        die(STATUS_ENVIRONMENT, "no random number for a lock: %s", strerror(errno));
    }
    snprintf(holder.token, TOKEN, "%016llx", (unsigned long long)random);
    holder.restart = restart != NULL ? atoi(restart) : 0;
    /* one byte less: a name that is cut need not end in a NUL */
    gethostname(holder.host, sizeof holder.host - 1);
    process_space(holder.space);
    snprintf(holder.job, sizeof holder.job, "%s", job != NULL && job[0] != '\0' ? job : "none");
    strftime(holder.date, sizeof holder.date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    process_start("self", &holder.start);
    return holder;
}

/* False if there is no such file or it is not one of ours; its token is "missing" or
 * "unknown" then. */
static bool read_holder(const char *path, Holder *holder)
{
    FILE *file = fopen(path, "r");
    *holder = (Holder){.host = "?", .job = "?", .date = "?"};
    strcpy(holder->token, file != NULL ? "unknown" : "missing");
    Holder read;
    const bool good =
        file != NULL && fscanf(file,
                               "token %16s host %127s space %127s pid %ld start %llu "
                               "slurm_job %127s restart %d date %127s",
                               read.token, read.host, read.space, &read.pid, &read.start,
                               read.job, &read.restart, read.date) == 8;
    if (file != NULL) {
        fclose(file);
    }
    if (good) {
        *holder = read;
    }
    return good;
}

/* Dies with STATUS_WRONG_INPUT: the folder, or the disk, does not let it. */
static void write_holder(const char *path, const Holder *me)
{
    FILE *file = fopen(path, "wx");
    const bool written =
        file != NULL && fprintf(file,
                                "token %s host %s space %s pid %ld start %llu slurm_job %s "
                                "restart %d date %s\n",
                                me->token, me->host, me->space, me->pid, me->start, me->job,
                                me->restart, me->date) > 0;
    /* fclose reports what a full disk swallowed */
    if (file == NULL || fclose(file) != 0 || !written) {
        const int error = errno;
        if (file != NULL) {
            unlink(path);
        }
        die(file_status(error), "%s: cannot be written: %s", path, strerror(error));
    }
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
    return good ? difftime(probe.st_mtim.tv_sec, lock.st_mtim.tv_sec) +
                      1e-9 * (double)(probe.st_mtim.tv_nsec - lock.st_mtim.tv_nsec)
                : 0.0;
}

/* kill tells that a process is gone also where /proc hides those of others. */
static bool process_is_gone(const Holder *holder)
{
    unsigned long long start;
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", holder->pid);
    return (kill((pid_t)holder->pid, 0) != 0 && errno == ESRCH) ||
           (process_start(pid, &start) && start != holder->start);
}

/* Of a lock file at path and what it says.  Another start of the same Slurm job is no evidence:
 * after the failure of a node its old ranks may still run. */
static bool is_stale(const char *path, const Holder *holder)
{
    char host[NAME] = "";
    char space[NAME];
    gethostname(host, sizeof host - 1);
    process_space(space);
    const bool visible = strcmp(host, holder->host) == 0 && strcmp(space, "none") != 0 &&
                         strcmp(space, holder->space) == 0;
    return visible ? process_is_gone(holder) : silence(path) > lock_silence();
}

/* ---- taking and giving up ---------------------------------------------------------------- */

static bool has_token(const char *path, const char *token)
{
    Holder holder;
    read_holder(path, &holder);
    return strcmp(holder.token, token) == 0;
}

/* Whoever makes PATH.TOKEN alone may remove or replace the lock at path while it has that
 * token.  `mine` is the caller's own lock file.  A claim is held for microseconds, so that one
 * whose owner died is taken over like a lock, with a claim on the claim; `depth` ends that.
 * Returns the name of the claim, owned by the caller, or NULL. */
static char *claim(const char *path, const char *token, const char *mine, int depth)
{
    Holder other;
    char *name = checked_format("%s.%s", path, token);
    bool won = link(mine, name) == 0;
    if (!won && depth > 0 && read_holder(name, &other) && is_stale(name, &other)) {
        char *second = claim(name, other.token, mine, depth - 1);
        if (second != NULL) {
            char *copy = checked_format("%s.again", mine);
            /* rename does nothing between two names of one file, hence a third */
            won = link(mine, copy) == 0 && rename(copy, name) == 0;
            unlink(copy);
            unlink(second);
            free(copy);
            free(second);
        }
    }
    /* somebody else may have been through with it before we began */
    if (won && !has_token(path, token)) {
        unlink(name);
        won = false;
    }
    if (!won) {
        free(name);
    }
    return won ? name : NULL;
}

/* Put the file `mine` into the place of a stale lock; false if another was faster. */
static bool take_over(const char *path, const Holder *stale, const char *mine)
{
    char *name = claim(path, stale->token, mine, 2);
    const bool won = name != NULL;
    if (won) {
        char *copy = checked_format("%s.again", mine);
        if (link(mine, copy) != 0 || rename(copy, path) != 0) {
            die(file_status(errno), "%s: cannot be written: %s", path, strerror(errno));
        }
        unlink(name);
        fprintf(stderr, "phasesweep: %s: taking over the stale lock of process %ld on %s\n",
                path, stale->pid, stale->host);
        free(copy);
    }
    free(name);
    return won;
}

static bool is_earlier_start(const Holder *holder, const Holder *me)
{
    return strcmp(me->job, "none") != 0 && strcmp(holder->job, me->job) == 0 &&
           holder->restart != me->restart;
}

/* A stale lock whose machine has booted since, or whose job Slurm has started again. */
static bool is_node_loss(const Holder *holder, const Holder *me)
{
    const size_t boot = strcspn(me->space, "/");
    const bool known = strcmp(me->space, "none") != 0 && strcmp(holder->space, "none") != 0;
    const bool booted = known && strcmp(holder->host, me->host) == 0 &&
                        strncmp(holder->space, me->space, boot + 1) != 0;
    return booted || is_earlier_start(holder, me);
}

/* Ranks outlive a killed launcher by a moment; a run that goes on outlives this.  Seconds. */
static double short_patience(void)
{
    return lock_silence() / 60.0;
}

/* Between two looks of which there are at most LOOKS. */
enum { LOOKS = 50 };
static void pause_within(double patience)
{
    const double pause = patience / LOOKS;
    const struct timespec time = {.tv_sec = (time_t)pause,
                                  .tv_nsec = (long)(1e9 * fmod(pause, 1.0))};
    nanosleep(&time, NULL);
}

static bool is_left_soon(const char *path, const Holder *holder, double patience)
{
    bool held = !is_stale(path, holder);
    for (int k = 0; k < LOOKS && held; k++) {
        pause_within(patience);
        held = has_token(path, holder->token) && !is_stale(path, holder);
    }
    return !held;
}

/* Never returns. */
static void refuse_held(const Lock *lock, const Holder *holder)
{
    die(STATUS_WRONG_INPUT,
        "%s: in use by process %ld on %s, Slurm job %s, since %s; wait for it, or remove %s if "
        "it is gone",
        lock->archive, holder->pid, holder->host, holder->job, holder->date, lock->path);
}

/* Returns if the lock is stale or gone; else never. */
static void wait_for_holder(const Lock *lock, const Holder *me, const Holder *holder,
                            bool known)
{
    /* unreadable and young may be a program of another kind, or an older one of ours */
    if (!known && silence(lock->path) <= lock_silence()) {
        die(STATUS_WRONG_INPUT, "%s: %s is no lock of ours; remove it if nothing uses %s",
            lock->archive, lock->path, lock->archive);
    }
    const bool earlier = is_earlier_start(holder, me);
    /* less than the 300 s after which Slurm's PMIx gives up on ranks that wait for this one */
    const double patience = earlier ? 0.95 * lock_silence() : short_patience();
    if (!known || is_left_soon(lock->path, holder, patience)) {
        return;
    }
    if (earlier) {
        die(STATUS_STOPPED,
            "%s: an earlier start of Slurm job %s, process %ld on %s, still holds %s",
            lock->archive, holder->job, holder->pid, holder->host, lock->path);
    }
    refuse_held(lock, holder);
}

/* Made whole under another name and linked: nobody sees half a lock, and link is atomic on
 * network file systems too.  Between a look and the next step another run may take or leave the
 * lock: begin again, but not for ever. */
static bool acquire(Lock *lock, const Holder *me, const char *mine)
{
    for (int attempt = 0; attempt < 5; attempt++) {
        if (link(mine, lock->path) == 0) {
            return true;
        }
        if (errno != EEXIST) {
            die(file_status(errno), "%s: cannot be written: %s", lock->path, strerror(errno));
        }
        Holder holder;
        const bool known = read_holder(lock->path, &holder);
        if (strcmp(holder.token, "missing") != 0) {
            wait_for_holder(lock, me, &holder, known);
            if (take_over(lock->path, &holder, mine)) {
                lock->node_loss = known && is_node_loss(&holder, me);
                return true;
            }
        }
    }
    return false;
}

static Lock *new_lock(const char *path, const char *token, bool holder)
{
    Lock *lock = checked_alloc(1, sizeof *lock);
    lock->archive = checked_format("%s", path);
    lock->path = checked_format("%s.lock", path);
    snprintf(lock->token, TOKEN, "%s", token);
    lock->holder = holder;
    lock->fence = -1;
    lock->looked = wall_clock();
    return lock;
}

/* Files PATH.* beside the lock at path that a kill left behind, long ago. */
static void sweep_up(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    char *folder = file_folder(path);
    const size_t length = strlen(base);
    DIR *listing = opendir(folder);
    struct dirent *entry;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        if (strncmp(entry->d_name, base, length) == 0 && entry->d_name[length] == '.') {
            char *name = checked_format("%s/%s", folder, entry->d_name);
            if (silence(name) > lock_silence()) {
                unlink(name);
            }
            free(name);
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
    free(folder);
}

/* What `die` removes while the lock is being taken. */
static void remove_file(void *path)
{
    unlink(path);
}

Lock *lock_take(const char *path)
{
    const Holder me = this_process();
    Lock *lock = new_lock(path, me.token, true);
    lock_fence(lock);
    char *mine = checked_format("%s.%s.new", lock->path, me.token);
    write_holder(mine, &me);
    check_set_cleanup(remove_file, mine);
    if (!acquire(lock, &me, mine)) {
        die(STATUS_WRONG_INPUT, "%s: another run takes its lock again and again", path);
    }
    check_set_cleanup(NULL, NULL);
    unlink(mine);
    free(mine);
    sweep_up(lock->path);
    return lock;
}

bool lock_after_node_loss(const Lock *lock)
{
    return lock->node_loss;
}

bool lock_is_ours(const Lock *lock)
{
    return has_token(lock->path, lock->token);
}

const char *lock_token(const Lock *lock)
{
    return lock->token;
}

Lock *lock_share(const char *path, const char *token)
{
    return new_lock(path, token, false);
}

bool lock_is_held(const char *path)
{
    /* an unreadable lock file is nobody's */
    Holder holder;
    char *real = lock_real_path(path);
    char *name = checked_format("%s.lock", real);
    const bool held = read_holder(name, &holder) && !is_stale(name, &holder);
    free(name);
    free(real);
    return held;
}

void lock_release(Lock *lock)
{
    if (lock == NULL) {
        return;
    }
    if (lock->holder && lock_is_ours(lock)) {
        char *name = claim(lock->path, lock->token, lock->path, 0);
        if (name != NULL) {
            unlink(lock->path);
            unlink(name);
        }
        free(name);
    }
    if (lock->fence >= 0) {
        close(lock->fence);
    }
    free(lock->archive);
    free(lock->path);
    free(lock);
}

/* ---- keeping it -------------------------------------------------------------------------- */

static void look(Lock *lock)
{
    if (!lock_is_ours(lock)) {
        /* not ours to remove any more */
        die(STATUS_ENVIRONMENT,
            "%s: %s was removed or taken over while this run was silent; stopped, and "
            "`phasesweep resume` goes on",
            lock->archive, lock->path);
    }
    lock->looked = wall_clock();
}

void lock_check(Lock *lock)
{
    assert(lock != NULL && lock->path != NULL);
    /* a clock that was set back must not end the looking */
    if (fabs(wall_clock() - lock->looked) > lock_silence() / 10.0) {
        look(lock);
    }
}

/* Its time of modification is the sign of life for other hosts. */
void lock_touch(Lock *lock)
{
    assert(lock != NULL && lock->holder);
    look(lock);
    /* a failure shows in the end, as silence: no reason to stop a run */
    utimensat(AT_FDCWD, lock->path, NULL, 0);
}

/* ---- the archive itself ------------------------------------------------------------------ */

/* An --extend that was killed leaves the old archive under its new name PATH.1, PATH.2, ... as
 * well: that name goes, and the next --extend gives it again. */
static void drop_interrupted_copy(const char *path, const struct stat *status)
{
    for (int k = 1; k < 1000; k++) {
        struct stat other;
        char *name = checked_format("%s.%d", path, k);
        const bool exists = lstat(name, &other) == 0;
        if (exists && other.st_dev == status->st_dev && other.st_ino == status->st_ino) {
            unlink(name);
        }
        free(name);
        if (!exists) {
            return;
        }
    }
}

static void refuse_second_name(const char *path, struct stat *status)
{
    if (status->st_nlink > 1) {
        drop_interrupted_copy(path, status);
    }
    if (stat(path, status) == 0 && status->st_nlink > 1) {
        die(STATUS_WRONG_INPUT,
            "%s: has %ju names (hard links), and a lock for each; write into a copy", path,
            (uintmax_t)status->st_nlink);
    }
}

/* A name in the kernel that goes with the process and stands for the inode: -1 with EADDRINUSE
 * if another process has it. */
static int bind_inode(const struct stat *status)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int length =
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "phasesweep/%ju/%ju",
                 (uintmax_t)status->st_dev, (uintmax_t)status->st_ino);
    const socklen_t size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    const int fence = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fence >= 0 && bind(fence, (struct sockaddr *)&address, size) != 0) {
        const int error = errno;
        close(fence);
        errno = error;
        return -1;
    }
    return fence;
}

void lock_fence(Lock *lock)
{
    struct stat status;
    assert(lock->holder);
    if (lock->fence >= 0) {
        close(lock->fence);
        lock->fence = -1;
    }
    if (stat(lock->archive, &status) != 0 || !S_ISREG(status.st_mode)) {
        return; /* nothing yet */
    }
    refuse_second_name(lock->archive, &status);
    /* without such names in the kernel the lock file must do */
    lock->fence = bind_inode(&status);
    for (int k = 0; k < LOOKS && lock->fence < 0 && errno == EADDRINUSE; k++) {
        pause_within(short_patience());
        lock->fence = bind_inode(&status);
    }
    if (lock->fence < 0 && errno == EADDRINUSE) {
        Holder holder;
        if (read_holder(lock->path, &holder)) {
            refuse_held(lock, &holder);
        }
        die(STATUS_WRONG_INPUT,
            "%s: in use by another process of this host, which holds another lock than %s",
            lock->archive, lock->path);
    }
}
