/* What users wrote is never trusted to be short, printable or a number.
 *
 * Numbers are decimal and whole tokens: 0.1x, nan, 1e400 and 0x10 are errors and not values,
 * which strtod and libcyaml would take.  They are printed by the fewest digits that read
 * back as the same bits, so that a resolved job is the job again.
 */
#include "phasesweep/base/text.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

/* Longer words get no suggestion, which bounds the table of distance. */
enum { LONGEST = 31 };

/* Control characters could clear a terminal or forge a line of a log. */
Shown text_show(const char *text)
{
    Shown shown;
    size_t k = 0;
    /* room for the dots and the NUL; UTF-8 passes, a cut may split its last letter */
    for (; text[k] != '\0' && k + 4 < sizeof shown.text; k++) {
        const unsigned char c = (unsigned char)text[k];
        shown.text[k] = c < 0x20 || c == 0x7f ? '?' : text[k];
    }
    const char *end = text[0] == '\0' ? "\"\"" : text[k] != '\0' ? "..." : "";
    strcpy(shown.text + k, end);
    return shown;
}

/* A linear search: tables have tens of names. */
int text_find(const char *const names[], int count, const char *word)
{
    assert(count >= 0 && word != NULL);
    for (int k = 0; k < count; k++) {
        if (names[k] != NULL && strcmp(names[k], word) == 0) {
            return k;
        }
    }
    return -1;
}

/* What the last letter costs: deleted, inserted, replaced. */
static size_t smallest(size_t a, size_t b, size_t c)
{
    const size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein distance of words of at most LONGEST letters, one row of the table at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1];
    const size_t columns = strlen(b);
    assert(columns <= LONGEST);
    for (size_t j = 0; j <= columns; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = smallest(row[j] + 1, row[j - 1] + 1, replaced);
        }
    }
    return row[columns];
}

const char *text_nearest(const char *const names[], int count, const char *word)
{
    const char *nearest = NULL;
    /* beyond about a third of the letters a suggestion is a guess that misleads */
    size_t best = strlen(word) / 3 + 2;
    if (strlen(word) > LONGEST) {
        return NULL;
    }
    for (int k = 0; k < count; k++) {
        if (names[k] != NULL && distance(word, names[k]) < best) {
            best = distance(word, names[k]);
            nearest = names[k];
        }
    }
    return nearest;
}

/* Names in the order of the table, which is that of the documentation. */
char *text_hint(const char *const names[], int count, const char *word)
{
    const char *nearest = text_nearest(names, count, word);
    char *hint = nearest != NULL ? checked_format("; did you mean %s? allowed: ", nearest)
                                 : checked_format("; allowed: ");
    const char *separator = "";
    for (int k = 0; k < count; k++) {
        if (names[k] != NULL) {
            char *longer = checked_format("%s%s%s", hint, separator, names[k]);
            free(hint);
            hint = longer;
            separator = ", ";
        }
    }
    return hint;
}

double text_number(const char *text)
{
    /* strtod would also take white space, hex floats, inf and nan */
    if (*text == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') {
        return NAN;
    }
    char *end;
    errno = 0;
    const double value = strtod(text, &end);
    return *end != '\0' || errno == ERANGE ? NAN : value + 0.0; /* -0 becomes 0 */
}

char *text_of_number(double value)
{
    assert(isfinite(value));
    char *text = checked_format("%g", value);
    /* 17 digits tell any two doubles apart; %g alone gives 6 */
    for (int digits = 7; digits <= 17 && strtod(text, NULL) != value; digits++) {
        free(text);
        text = checked_format("%.*g", digits, value);
    }
    char *plus = strstr(text, "e+");
    /* 1e+06 -> 1e6 */
    if (plus != NULL) {
        char *digits = plus + 2 + strspn(plus + 2, "0");
        memmove(plus + 1, digits, strlen(digits) + 1);
    }
    return text;
}

Counted text_count(double number, const char *thing)
{
    Counted counted;
    snprintf(counted.text, sizeof counted.text, "%.0f %s%s", number, thing,
             number == 1.0 ? "" : "s");
    return counted;
}

Counted text_digits(double number, int digits)
{
    Counted shown;
    const bool whole = fabs(number) >= pow(10.0, digits - 1) && fabs(number) < 1e15;
    if (whole) {
        snprintf(shown.text, sizeof shown.text, "%.0f", number);
    } else {
        snprintf(shown.text, sizeof shown.text, "%.*g", digits, number);
    }
    return shown;
}

char *text_quoted(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./+,:@%=";
    if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
        return checked_format("%s", text);
    }
    char *quoted = checked_format("'");
    for (; *text != '\0'; text++) {
        char *longer = *text == '\'' ? checked_format("%s'\\''", quoted)
                                     : checked_format("%s%c", quoted, *text);
        free(quoted);
        quoted = longer;
    }
    char *whole = checked_format("%s'", quoted);
    free(quoted);
    return whole;
}
