#include "coefficients.h"

#include <math.h>
#include <string.h>

/* Place of a word among words separated by blanks; -1: not among them. */
static int place_of(const char *words, const char *word, size_t length)
{
    int place = 0;
    for (const char *at = words; *at != '\0'; place++) {
        const size_t next = strcspn(at, " ");
        if (next == length && strncmp(at, word, length) == 0) {
            return place;
        }
        at += next + strspn(at + next, " ");
    }
    return -1;
}

void coefficients_sort(const char *from, const double stored[], size_t width, const char *to,
                       double coefficients[RUN_COEFFICIENTS])
{
    for (int k = 0; k < RUN_COEFFICIENTS; k++) {
        coefficients[k] = NAN;
    }
    size_t class = 0;
    for (const char *at = to; *at != '\0'; class ++) {
        const size_t length = strcspn(at, " ");
        const int place = place_of(from, at, length);
        const size_t first = 3 * (size_t)(place < 0 ? 0 : place);
        if (place >= 0 && first + 3 <= width && 3 * class + 3 <= RUN_COEFFICIENTS) {
            memcpy(&coefficients[3 * class], &stored[first], 3 * sizeof(double));
        }
        at += length + strspn(at + length, " ");
    }
}

const char *coefficients_old_classes(void)
{
    return "quadratic/state_evolution quadratic/bayes quadratic/optimal quadratic/training "
           "quadratic/amp diagonal/state_evolution diagonal/bayes diagonal/optimal "
           "diagonal/training diagonal/amp";
}
