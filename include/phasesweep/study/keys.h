/* keys.h - the one table of what a sweep may be given.
 *
 * It drives the parser of job files, the keys of `phasesweep point` and --set, defaults,
 * error messages, `phasesweep keys` (which is the reference in jobs/README.md) and the help.
 * A new key is one row; a new axis also one AxisId.
 */
#ifndef PHASESWEEP_STUDY_KEYS_H
#define PHASESWEEP_STUDY_KEYS_H

#include <stdbool.h>
#include <stdio.h>

/* The order is that of the dimensions of the arrays in the archive. */
typedef enum AxisId {
    AXIS_SOURCE_EXPONENT,
    AXIS_DIMENSION,
    AXIS_NOISE,
    AXIS_SEED,
    AXIS_WIDTH,
    AXIS_SAMPLES,
    AXIS_WEIGHT_DECAY,
    AXIS_NUCLEAR_WEIGHT,
    AXIS_COUNT
} AxisId;

/* What the numbers of an axis are multiples or powers of. */
typedef enum AxisForm {
    /* the value itself */
    FORM_NUMBER,
    /* d^value */
    FORM_POWER,
    /* samples: n_eff = value */
    FORM_EFFECTIVE,
    /* samples: n_eff = d^value */
    FORM_EFFECTIVE_POWER,
    /* weights: value * sqrt(n_eff / d) */
    FORM_SQRT_EFFECTIVE,
    FORM_COUNT
} AxisForm;

/* Settings first, then the axes: axis id is key KEY_AXES + id. */
typedef enum KeyId {
    KEY_NAME,
    KEY_MODEL,
    KEY_METHOD,
    KEY_TOLERANCE,
    KEY_SIGNS,
    KEY_STORE,
    KEY_RANKS_PER_LINE,
    KEY_SPECTRUM,
    KEY_DAMPING,
    KEY_AXES,
    KEY_COUNT = KEY_AXES + AXIS_COUNT
} KeyId;

/* Words of one key; bounds arrays on the stack. */
enum { WORDS_MOST = 8 };

typedef enum KeyKind {
    /* up to 63 of a-z, 0-9, _ */
    KIND_NAME,
    /* one of a few words */
    KIND_WORD,
    /* any decimal number within the bounds of the key */
    KIND_REAL,
    /* likewise, and whole: exact below 2^53 */
    KIND_WHOLE
} KeyKind;

typedef struct Key {
    /* as written in job files; as in theory.md, "" without one; as in the archive */
    const char *name, *symbol, *unit;
    KeyKind kind;
    /* of the written number and of what it resolves to */
    double low, high;
    /* low itself is not allowed; 0 is, below low */
    bool above, or_zero;
    /* bit 1u << form for every AxisForm allowed; settings 0 */
    unsigned forms;
    /* of KIND_WORD: its words, k below word_count */
    const char *(*word)(int k);
    /* at most WORDS_MOST */
    int word_count;
    /* default as one would write it; NULL: required */
    const char *preset;
    /* for the reference and the help, one clause */
    const char *meaning;
} Key;

/* By KeyId.  Static; the strings too. */
extern const Key keys_table[KEY_COUNT];

/* Local.  The names of all keys, for text.h. */
void keys_list(const char *names[KEY_COUNT]);

/* Local.  Static strings: name, unit and symbol of an axis; the name of a form. */
const char *axis_name(AxisId id);
const char *axis_symbol(AxisId id);
const char *form_name(AxisForm form);
const char *form_meaning(AxisForm form);

/* Local.  Is the number one the key allows in this form? */
bool key_in_range(const Key *key, AxisForm form, double value);

/* Local.  Read a number or word of a key from the whole of text; NULL, or what is wrong with
 * it and what is allowed, owned by the caller and without the key's name. */
char *key_read_number(const Key *key, AxisForm form, const char *text, double *value);
char *key_read_word(const Key *key, const char *text, int *word);

/* Local.  What the key allows, "a whole number from 1 to 10"; owned by the caller. */
char *key_allowed(const Key *key, AxisForm form);

/* Local.  The Markdown reference of all keys and forms. */
void keys_print(FILE *file);

/* Local.  One line for each key of `point`, for its help; owned by the caller. */
char *keys_help(void);

#endif
