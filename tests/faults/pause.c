/* Preloaded into the program: writes into archives take their time, so that a sweep lasts as
 * long as a test wishes and costs no processor.  Three variables of the environment: */
/* clang-format off */
/* PHASESWEEP_PAUSE     milliseconds before each write into a file called *.h5
 *
 * PHASESWEEP_GREED     a file: the first process that has written an archive sixty times makes
 *                      it, if it is not there, and takes a gigabyte of memory.  Only where
 *                      PHASESWEEP_PAUSE is set, too: writes that do not pause are not counted.
 *
 * PHASESWEEP_NO_FLOCK  set: flock fails, as on a file system without locks
 */
/* clang-format on */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void take_memory(void)
{
    static int writes;
    const char *mark = getenv("PHASESWEEP_GREED");
    const int file =
        mark != NULL && ++writes == 60 ? open(mark, O_CREAT | O_EXCL | O_WRONLY, 0600) : -1;
    for (int k = 0; file >= 0 && k < 1024; k++) {
        memset(malloc(1 << 20), 1, 1 << 20); /* kept, so that it must be there */
    }
}

static void pause_before_write(int descriptor)
{
    char link[64];
    char path[PATH_MAX] = "";
    const char *text = getenv("PHASESWEEP_PAUSE");
    const long pause = text != NULL ? atol(text) : 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = pause > 0 ? readlink(link, path, sizeof path - 1) : 0;
    if (length > 3 && strcmp(path + length - 3, ".h5") == 0) {
        nanosleep(&(struct timespec){.tv_sec = pause / 1000, .tv_nsec = pause % 1000 * 1000000},
                  NULL);
        take_memory();
    }
}

/* clang-format off */
#define WRAP(name, declared, given)                                         \
    ssize_t name declared                                                   \
    {                                                                       \
        static ssize_t (*real) declared;                                    \
        if (real == NULL) {                                                 \
            real = (ssize_t (*) declared)dlsym(RTLD_NEXT, #name);           \
        }                                                                   \
        pause_before_write(f);                                              \
        return real given;                                                  \
    }

WRAP(pwrite, (int f, const void *b, size_t n, off_t o), (f, b, n, o))
WRAP(pwrite64, (int f, const void *b, size_t n, off64_t o), (f, b, n, o))
WRAP(pwritev, (int f, const struct iovec *v, int n, off_t o), (f, v, n, o))
WRAP(pwritev64, (int f, const struct iovec *v, int n, off64_t o), (f, v, n, o))
/* clang-format on */

int flock(int f, int operation)
{
    static int (*real)(int, int);
    if (getenv("PHASESWEEP_NO_FLOCK") != NULL) {
        errno = ENOLCK;
        return -1;
    }
    if (real == NULL) {
        real = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
    }
    return real(f, operation);
}
