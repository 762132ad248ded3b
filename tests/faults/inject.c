/* Preloaded into the program: one call on a file of one folder fails, or kills the process.
 *
 * PHASESWEEP_FAULT_FOLDER  calls on files below it are numbered from 1
 * PHASESWEEP_FAULT_AT      number of the call that goes wrong; 0: none
 * PHASESWEEP_FAULT_KIND    before, after: SIGKILL; else an errno, as a number
 * PHASESWEEP_FAULT_LOG     a file to which every call is appended, if set
 * PHASESWEEP_FAULT_MEMORY  "FROM TO": zeroed memory of so many bytes is refused
 *
 * Writes of stdio do not pass through write: their flush and close are numbered instead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

static bool is_below(const char *path)
{
    char whole[2 * PATH_MAX] = "";
    const char *folder = getenv("PHASESWEEP_FAULT_FOLDER");
    if (folder == NULL || path == NULL) {
        return false;
    }
    if (path[0] != '/' && getcwd(whole, PATH_MAX) != NULL) {
        strcat(whole, "/");
    }
    strncat(whole, path, PATH_MAX);
    return strncmp(whole, folder, strlen(folder)) == 0;
}

static bool is_file_below(int descriptor)
{
    char link[64];
    char path[PATH_MAX] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return readlink(link, path, sizeof path - 1) > 0 && path[0] == '/' && is_below(path);
}

static void note(int call, const char *name)
{
    char line[64];
    const char *log = getenv("PHASESWEEP_FAULT_LOG");
    if (log != NULL) {
        const int length = snprintf(line, sizeof line, "%d %s\n", call, name);
        const int file =
            (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        syscall(SYS_write, file, line, length);
        syscall(SYS_close, file);
    }
}

enum { PASS, FAIL, KILL_AFTER };

/* What becomes of a call; errno is set if it fails. */
static int fate(bool ours, const char *name)
{
    const char *at = getenv("PHASESWEEP_FAULT_AT");
    const char *kind = getenv("PHASESWEEP_FAULT_KIND");
    if (!ours) {
        return PASS;
    }
    const int call = atomic_fetch_add(&calls, 1) + 1;
    note(call, name);
    if (at == NULL || kind == NULL || call != atoi(at)) {
        return PASS;
    }
    if (strcmp(kind, "before") == 0) {
        kill(getpid(), SIGKILL);
    }
    if (strcmp(kind, "after") == 0) {
        return KILL_AFTER;
    }
    errno = atoi(kind);
    return FAIL;
}

/* clang-format off */
#define WRAP(type, name, declared, given, ours, failure)                    \
    type name declared                                                      \
    {                                                                       \
        static type (*real) declared;                                       \
        if (real == NULL) {                                                 \
            real = (type (*) declared)dlsym(RTLD_NEXT, #name);              \
        }                                                                   \
        const int what = fate(ours, #name);                                 \
        if (what == FAIL) {                                                 \
            return failure;                                                 \
        }                                                                   \
        type result = real given;                                           \
        if (what == KILL_AFTER) {                                           \
            kill(getpid(), SIGKILL);                                        \
        }                                                                   \
        return result;                                                      \
    }

WRAP(ssize_t, write, (int f, const void *b, size_t n), (f, b, n), is_file_below(f), -1)
WRAP(ssize_t, pwrite, (int f, const void *b, size_t n, off_t o), (f, b, n, o), is_file_below(f), -1)
WRAP(ssize_t, pwrite64, (int f, const void *b, size_t n, off64_t o), (f, b, n, o), is_file_below(f), -1)
WRAP(ssize_t, writev, (int f, const struct iovec *v, int n), (f, v, n), is_file_below(f), -1)
WRAP(ssize_t, pwritev, (int f, const struct iovec *v, int n, off_t o), (f, v, n, o), is_file_below(f), -1)
WRAP(ssize_t, pwritev64, (int f, const struct iovec *v, int n, off64_t o), (f, v, n, o), is_file_below(f), -1)
WRAP(int, fsync, (int f), (f), is_file_below(f), -1)
WRAP(int, fdatasync, (int f), (f), is_file_below(f), -1)
WRAP(int, ftruncate, (int f, off_t n), (f, n), is_file_below(f), -1)
WRAP(int, ftruncate64, (int f, off64_t n), (f, n), is_file_below(f), -1)
WRAP(int, posix_fallocate, (int f, off_t o, off_t n), (f, o, n), is_file_below(f), errno)
WRAP(int, posix_fallocate64, (int f, off64_t o, off64_t n), (f, o, n), is_file_below(f), errno)
WRAP(int, rename, (const char *a, const char *b), (a, b), is_below(a), -1)
WRAP(int, link, (const char *a, const char *b), (a, b), is_below(a), -1)
WRAP(int, unlink, (const char *a), (a), is_below(a), -1)
WRAP(FILE *, fopen, (const char *a, const char *m), (a, m), is_below(a), NULL)
WRAP(FILE *, fopen64, (const char *a, const char *m), (a, m), is_below(a), NULL)
WRAP(int, fflush, (FILE *f), (f), f != NULL && is_file_below(fileno(f)), EOF)
WRAP(int, fclose, (FILE *f), (f), is_file_below(fileno(f)), EOF)

#define WRAP_OPEN(name)                                                     \
    int name(const char *path, int flags, ...)                              \
    {                                                                       \
        static int (*real)(const char *, int, ...);                         \
        va_list more;                                                       \
        va_start(more, flags);                                              \
        const mode_t mode = va_arg(more, mode_t);                           \
        va_end(more);                                                       \
        if (real == NULL) {                                                 \
            real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);\
        }                                                                   \
        const int what = fate(is_below(path), #name);                       \
        const int file = what == FAIL ? -1 : real(path, flags, mode);       \
        if (what == KILL_AFTER) {                                           \
            kill(getpid(), SIGKILL);                                        \
        }                                                                   \
        return file;                                                        \
    }

WRAP_OPEN(open)
WRAP_OPEN(open64)
/* clang-format on */

extern void *__libc_calloc(size_t count, size_t size);

void *calloc(size_t count, size_t size)
{
    size_t from, to;
    const char *refused = getenv("PHASESWEEP_FAULT_MEMORY");
    if (refused != NULL && sscanf(refused, "%zu %zu", &from, &to) == 2 && size > 0 &&
        count <= SIZE_MAX / size && count * size >= from && count * size <= to) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_calloc(count, size);
}
