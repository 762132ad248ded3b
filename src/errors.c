#include "phasesweep/errors.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "phasesweep/check.h"

static void append(Errors *errors, size_t line, const char *prefix, const char *message)
{
    errors->count++;
    if (errors->count > ERRORS_SHOWN) {
        return; /* a file of another kind must not give a million lines */
    }
    char number[32] = "";
    if (errors->numbered) {
        snprintf(number, sizeof number, ":%zu", line);
    }
    char *longer = checked_format("%s%s%s: %s%s\n", errors->text == NULL ? "" : errors->text,
                                  errors->source, number, prefix, message);
    free(errors->text);
    errors->text = longer;
}

void errors_add(Errors *errors, size_t line, const char *format, ...)
{
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    append(errors, line, "", message);
}

void errors_take(Errors *errors, size_t line, const char *prefix, char *message)
{
    assert(message != NULL);
    char *head = checked_format("%s: ", prefix);
    append(errors, line, head, message);
    free(head);
    free(message);
}

char *errors_finish(Errors *errors)
{
    if (errors->count > ERRORS_SHOWN) {
        char *longer = checked_format("%s%s: and %zu more errors\n", errors->text,
                                      errors->source, errors->count - ERRORS_SHOWN);
        free(errors->text);
        errors->text = longer;
    }
    char *text = errors->text;
    errors->text = NULL;
    return text;
}
