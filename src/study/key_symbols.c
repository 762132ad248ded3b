/* Keys by the symbols of doc/theory.md. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/keys.h"

static const KeyId spoken[] = {KEY_SAMPLES,      KEY_DIMENSION,      KEY_SOURCE_EXPONENT,
                               KEY_WEIGHT_DECAY, KEY_NUCLEAR_WEIGHT, KEY_WIDTH,
                               KEY_NOISE};
enum { SPOKEN = sizeof spoken / sizeof *spoken };

const char *keys_of_symbol(const char *name)
{
    for (size_t k = 0; k < SPOKEN; k++) {
        if (strcmp(keys_table[spoken[k]].symbol, name) == 0) {
            return keys_table[spoken[k]].name;
        }
    }
    return name;
}

char *keys_spelled(const char *name)
{
    const size_t length = strcspn(name, ".");
    char *begin = checked_format("%.*s", (int)length, name);
    char *spelled = checked_format("%s%s", keys_of_symbol(begin), name + length);
    free(begin);
    return spelled;
}

/* Of another case, or as near as a key. */
static const char *nearest(const char *const names[], int count, const char *word)
{
    const char *all[KEY_COUNT + SPOKEN];
    for (int k = 0; k < SPOKEN; k++) {
        all[k] = keys_table[spoken[k]].symbol;
        if (strcasecmp(all[k], word) == 0) {
            return all[k];
        }
    }
    memcpy(all + SPOKEN, names, (size_t)count * sizeof *names);
    return text_nearest(all, SPOKEN + count, word);
}

char *keys_hint(const char *const names[], int count, const char *word)
{
    char *allowed = text_hint(names, count, "");
    const char *meant = nearest(names, count, word);
    if (meant == NULL) {
        return allowed;
    }
    char *hint = checked_format("; did you mean %s?%s", meant, allowed + strlen(";"));
    free(allowed);
    return hint;
}
