#include "phasesweep/check.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void (*stop_function)(int status) = NULL;

void check_set_stop(void (*stop)(int status))
{
    stop_function = stop;
}

static void (*cleanup_function)(void *context) = NULL;
static void *cleanup_context = NULL;

void check_set_cleanup(void (*cleanup)(void *context), void *context)
{
    cleanup_function = cleanup;
    cleanup_context = context;
}

void die(ExitStatus status, const char *format, ...)
{
    /* one write, so that lines of several ranks do not mix */
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    fflush(stdout);
    fprintf(stderr, "phasesweep: %s\n", message);
    fflush(stderr);
    if (cleanup_function != NULL) {
        void (*const cleanup)(void *) = cleanup_function;
        cleanup_function = NULL;
        cleanup(cleanup_context);
    }
    if (stop_function != NULL) {
        stop_function(status);
    }
    exit(status);
}

void *checked_alloc(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
    if (memory == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory: %zu x %zu bytes", count, size);
    }
    return memory;
}

void *checked_realloc(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        die(STATUS_ENVIRONMENT, "out of memory: %zu x %zu bytes", count, size);
    }
    void *memory = realloc(old, count * size > 0 ? count * size : 1);
    if (memory == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory: %zu x %zu bytes", count, size);
    }
    return memory;
}

char *checked_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = checked_alloc((size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
