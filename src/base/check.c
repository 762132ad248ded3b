/* Three mutable statics: what `die` does belongs to the process and not to any object, and it
 * is called from where none is at hand.
 *
 * die leaves by exit or MPI_Abort, never by return: no caller checks anything after it.
 */
#include "phasesweep/base/check.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void (*stop_function)(int status) = NULL;

void check_set_stop(void (*stop)(int status))
{
    stop_function = stop;
}

static void (*cleanup_function)(void *context) = NULL;
static void *cleanup_context = NULL;

/* A later cleanup replaces the earlier one: there is one at a time. */
void check_set_cleanup(void (*cleanup)(void *context), void *context)
{
    cleanup_function = cleanup;
    cleanup_context = context;
}

void die(ExitStatus status, const char *format, ...)
{
    /* one write, so that lines of several ranks do not mix */
    assert(status != STATUS_DONE);
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    /* results printed before come out before the complaint */
    fflush(stdout);
    fprintf(stderr, "phasesweep: %s\n", message);
    fflush(stderr);
    /* forgotten first: a cleanup that dies itself must not come back here */
    if (cleanup_function != NULL) {
        void (*const cleanup)(void *) = cleanup_function;
        cleanup_function = NULL;
        cleanup(cleanup_context);
    }
    /* MPI_Abort does not return; without MPI exit runs what atexit has */
    if (stop_function != NULL) {
        stop_function(status);
    }
    exit(status);
}

/* Blocks of at least this size are asked to lie in large pages: fewer faults when they are
 * first touched, and fewer misses of the address cache when they are walked across. */
enum { LARGE = 8 << 20 };

static void prefer_large_pages(void *memory, size_t bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = ((uintptr_t)memory + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)memory + bytes) / page * page;
    /* a wish: nothing depends on it */
    (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

/* calloc checks the product of its arguments for overflow. */
void *checked_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory: %zu x %zu bytes", count, size);
    }
    if (count * size >= LARGE) {
        prefer_large_pages(memory, count * size);
    }
    return memory;
}

void *checked_realloc(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        die(STATUS_ENVIRONMENT, "out of memory: %zu x %zu bytes", count, size);
    }
    /* realloc(p, 0) may free p and return NULL, which is no failure */
    void *memory = realloc(old, count * size > 0 ? count * size : 1);
    if (memory == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory: %zu x %zu bytes", count, size);
    }
    return memory;
}

/* Twice through the format: once for the length, once for the text. */
char *checked_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    char *text = checked_alloc((size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
