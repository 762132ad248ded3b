/* Diagnostics are gathered as one growing text: a user mends all of a file at once, and the
 * text is printed by whoever knows where it should go.
 *
 * Nothing here knows YAML or the command line: both give a source and, if it has lines, a
 * line.
 *
 * After ERRORS_SHOWN lines errors are only counted; the last line says how many.  A line that
 * is there already is not said again.
 */
#include "phasesweep/base/diagnostics.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

/* Adds "SOURCE:LINE<prefix>: <message>"; the prefix brings its own colon. */
static void append(Diagnostics *errors, size_t line, const char *prefix, const char *message)
{
    assert(errors->source != NULL && message != NULL);
    errors->count++;
    if (errors->count - errors->repeated > ERRORS_SHOWN) {
        return; /* a file of another kind must not give a million lines */
    }
    char number[32] = "";
    if (errors->numbered && line > 0) {
        snprintf(number, sizeof number, ":%zu", line);
    }
    char *added = checked_format("%s%s: %s%s\n", errors->source, number, prefix, message);
    if (errors->text != NULL && strstr(errors->text, added) != NULL) {
        errors->repeated++;
    } else {
        char *longer = checked_format("%s%s", errors->text == NULL ? "" : errors->text, added);
        free(errors->text);
        errors->text = longer;
    }
    free(added);
}

void diagnostics_add(Diagnostics *errors, size_t line, const char *format, ...)
{
    /* callers show a user's text through text_show, which bounds its length: nothing is cut */
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    append(errors, line, "", message);
}

/* The checks of keys know no line: they return a message, and their caller knows where. */
void diagnostics_take(Diagnostics *errors, size_t line, const char *prefix, char *message)
{
    assert(message != NULL);
    char *head = checked_format("%s: ", prefix);
    append(errors, line, head, message);
    free(head);
    free(message);
}

char *diagnostics_finish(Diagnostics *errors)
{
    /* what was only counted is owned up to */
    const size_t lines = errors->count - errors->repeated;
    if (lines > ERRORS_SHOWN) {
        char *longer =
            checked_format("%s%s: and %zu more error%s\n", errors->text, errors->source,
                           lines - ERRORS_SHOWN, lines - ERRORS_SHOWN == 1 ? "" : "s");
        free(errors->text);
        errors->text = longer;
    }
    char *text = errors->text;
    errors->text = NULL;
    return text;
}
