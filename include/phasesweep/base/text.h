/* text.h - looking up what a user wrote, and helping when it is misspelt.
 *
 * What a user wrote is never trusted: it may be long, not printable, or no number.  Nothing
 * here prints; results of type char * are owned by the caller unless said otherwise.
 *
 * Suggestions are given only for words that are near: a wrong guess misleads.
 */
#ifndef PHASESWEEP_BASE_TEXT_H
#define PHASESWEEP_BASE_TEXT_H

/* Text of a user made fit for one line of an error message. */
typedef struct Shown {
    char text[72]; /* control characters replaced, long text cut */
} Shown;

/* Local.  By value, so that it can be used inside a printf call. */
Shown text_show(const char *text);

/* A number of things. */
typedef struct Counted {
    char text[64];
} Counted;

/* Local.  "1 rank", "2 ranks", "no ranks" is "0 ranks": by value, too. */
Counted text_count(double number, const char *thing);

/* Local.  A number to so many digits, large ones whole: 8530, and not 8.53e+03.  By value. */
Counted text_digits(double number, int digits);

/* Local.  Index of word in names[count], or -1.  Entries may be NULL: not to be offered. */
int text_find(const char *const names[], int count, const char *word);

/* Local.  The name nearest to word by edit distance, or NULL if none is near. */
const char *text_nearest(const char *const names[], int count, const char *word);

/* Local.  What may stand instead of word: "; did you mean A? allowed: A, B, C", or without
 * the question if no name is near.  Owned by the caller. */
char *text_hint(const char *const names[], int count, const char *word);

/* Local.  The whole of text as a decimal number, or NAN: no trailing characters, no hex
 * floats, no inf or nan, nothing that overflows or underflows. */
double text_number(const char *text);

/* Local.  The shortest decimal that reads back as value, 1e12 rather than 1e+12 or
 * 1000000000000; owned by the caller. */
char *text_of_number(double value);

/* Local.  Text as one word of a shell; owned by the caller. */
char *text_quoted(const char *text);

#endif
