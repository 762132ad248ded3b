/* diagnostics.h - all that is wrong with an input, gathered before anything is done.
 *
 * A line of text is complete in itself: where, which key, what is wrong with which value,
 * what is allowed instead.  Nothing here prints or dies; the caller decides what becomes of
 * the text.
 */
#ifndef PHASESWEEP_BASE_DIAGNOSTICS_H
#define PHASESWEEP_BASE_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>

/* A file that is no job file would give an error for each of its lines: beyond these they are
 * only counted. */
enum { ERRORS_SHOWN = 50 };

typedef struct Diagnostics {
    /* begins every line: a file, or the program; borrowed */
    const char *source;
    /* lines of a file are named: "SOURCE:LINE: ..." */
    bool numbered;
    /* all of them; only the first ERRORS_SHOWN are kept as text */
    size_t count;
    /* of these, lines that were there already: what is written once may be met by every sweep
     */
    size_t repeated;
    /* one line each; NULL if count is 0; owned */
    char *text;
} Diagnostics;

/* Local.  Add one line; `line` counts from 1, 0 is that of nothing the user
 * wrote; it is ignored unless numbered.  The formatted
 * message may have 2047 bytes; show a user's text through text_show. */
void diagnostics_add(Diagnostics *errors, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Local.  Like diagnostics_add with "PREFIX: MESSAGE"; takes message over and frees it.
 * message: from checked_format or alike, not NULL. */
void diagnostics_take(Diagnostics *errors, size_t line, const char *prefix, char *message);

/* Local.  Hand the text over (NULL: no error), with the number of lines left out.  Owned by
 * the caller; *errors has no text after it and keeps its count. */
char *diagnostics_finish(Diagnostics *errors);

#endif
