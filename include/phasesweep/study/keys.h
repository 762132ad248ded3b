/* keys.h - the one table of what a sweep may be given.
 *
 * It drives the parser of job files, the keys of `phasesweep point` and --set, defaults, error
 * messages, what a job resolves to, what makes two jobs differ, content ids of chains, the
 * parameters of a point, `phasesweep keys` (the reference in jobs/README.md) and the help.  A
 * new key is a row, a KeyId and, if physics needs it, a member of Problem.
 */
#ifndef PHASESWEEP_STUDY_KEYS_H
#define PHASESWEEP_STUDY_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "phasesweep/model/problem.h"

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
    /* weights: value * (n_eff / d)^(q/2), q of problem_power */
    FORM_ROOT_EFFECTIVE,
    /* samples: n_eff = value * d */
    FORM_PROPORTIONAL,
    FORM_COUNT
} AxisForm;

/* Settings first, then the axes in the order of the dimensions of the arrays in the archive.
 * Later ones resolve by earlier ones: a multiple of n_eff by the dimension. */
typedef enum KeyId {
    KEY_NAME,
    KEY_MODEL,
    KEY_METHOD,
    KEY_TOLERANCE,
    KEY_SIGNS,
    KEY_ROTATED,
    KEY_LINEAR_UNIT,
    KEY_STORE,
    KEY_RANKS_PER_LINE,
    KEY_SPECTRUM,
    KEY_DAMPING,
    KEY_ITERATION_LIMIT,
    KEY_TIME_LIMIT,
    KEY_DATA,
    KEY_TARGET,
    KEY_HOLD_OUT,
    KEY_FOLDS,
    KEY_START,
    KEY_START_SCALE,
    KEY_OPTIMIZER,
    KEY_LEARNING_RATE,
    KEY_BATCH,
    KEY_EPOCHS,
    KEY_REFINE,
    KEY_REFINE_DEPTH,
    KEY_REFINE_BUDGET,
    KEY_AXES,
    KEY_SOURCE_EXPONENT = KEY_AXES,
    KEY_COVARIANCE_EXPONENT,
    KEY_BLOCK_CORRELATION,
    KEY_BLOCK_SIZE,
    KEY_FEATURES,
    KEY_DEGREES_OF_FREEDOM,
    KEY_SPARSE_SHARE,
    KEY_ACTIVATION,
    KEY_TEACHER_ACTIVATION,
    KEY_HERMITE_0,
    KEY_HERMITE_1,
    KEY_HERMITE_2,
    KEY_HERMITE_3,
    KEY_HERMITE_4,
    KEY_HERMITE_5,
    KEY_HERMITE_6,
    KEY_TEACHER_DIRECTIONS,
    KEY_READOUT_EXPONENT,
    KEY_READOUT,
    KEY_DIMENSION,
    KEY_NOISE,
    KEY_SEED,
    KEY_DEPTH,
    KEY_TEACHER_WIDTH,
    KEY_WIDTH,
    KEY_SAMPLES,
    KEY_WEIGHT_DECAY,
    KEY_NUCLEAR_WEIGHT,
    KEY_TIME,
    KEY_COUNT
} KeyId;

/* What the points of a sweep are chosen by: all of them, or the lines between phases, steps of
 * the local exponents, steps of log R. */
typedef enum Refine {
    REFINE_NONE,
    REFINE_PHASE,
    REFINE_EXPONENT,
    REFINE_RISK,
    REFINE_COUNT
} Refine;

/* An axis is key KEY_AXES + AxisId. */
typedef int AxisId;
enum { AXIS_COUNT = KEY_COUNT - KEY_AXES };

/* Words of one key, bytes of a name and of a text; bound arrays on the stack. */
enum { WORDS_MOST = 16, NAME_LENGTH = 64, TEXT_LENGTH = 256 };

typedef enum KeyKind {
    /* up to 63 of a-z, 0-9, _ */
    KIND_NAME,
    /* of a file or of something in it; its number is 1 where there is one, 0 where there is
     * none, and for a file that tells its content */
    KIND_TEXT,
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
    /* default as one would write it, or in words beside a fallback; NULL: required */
    const char *preset;
    /* for the reference and the help, one clause; who takes the key is added to it */
    const char *meaning;
    /* default by what stands before it in the table, and then perhaps outside of the range: no
     * value at all; NULL: preset is one */
    double (*fallback)(const Problem *so_far);
    /* methods that have no default, where others do; NULL: none of them */
    bool (*needed)(MethodId id);
    KeyKind kind;
    /* of the written number and of what it resolves to */
    double low, high;
    /* low itself is not allowed; 0 is, below low */
    bool above, or_zero;
    /* bit 1u << form for every AxisForm allowed; settings 0 */
    unsigned forms;
    /* of KIND_WORD: its words, k below word_count, at most WORDS_MOST; the value is k */
    const char *(*word)(int k);
    int word_count;
    /* ModelTrait bits of the networks that take it; NULL: all methods do */
    unsigned traits;
    bool (*method)(MethodId id);
    /* ModelTrait bits that method training asks for beside */
    unsigned trained_traits;
    /* 1 + offset in Problem of a double, of an int or enum for words; 0: no part of a problem
     */
    size_t member;
    /* place among the numbers of a content id, from 1; 0: no part of it.  Append, never
     * renumber */
    size_t content;
    /* what of a value changes results, as a number; NULL: the value itself */
    double (*counts)(double value);
    /* how data are drawn: not taken where they come from a file */
    bool drawn;
    /* how results are computed, not which: neither resolved nor compared; of a run that goes
     * on in an archive the job given counts */
    bool silent;
} Key;

/* By KeyId.  Static; the strings too. */
extern const Key keys_table[KEY_COUNT];

/* Local.  The names of all keys, for text.h. */
void keys_list(const char *names[KEY_COUNT]);

/* Local.  The key that a symbol of doc/theory.md stands for (n, d, gamma, lambda, lambda_tilde,
 * p, Delta); anything else as it is. */
const char *keys_of_symbol(const char *name);

/* Local.  The same of what stands before the first dot, as in n.count; owned by the caller. */
char *keys_spelled(const char *name);

/* Local.  text_hint of a word that is none of the keys names[count], at most KEY_COUNT; a
 * symbol may have been meant, too.  Owned by the caller. */
char *keys_hint(const char *const names[], int count, const char *word);

/* Local.  Static strings: name, unit and symbol of an axis; the name of a form. */
const char *axis_name(AxisId id);
const char *axis_symbol(AxisId id);
const char *form_name(AxisForm form);
const char *form_meaning(AxisForm form);

/* Local.  The name of an axis that is written in a form: where it is no plain number the name
 * says so, as a selection by samples must not mean powers of d (samples_power).  Owned by the
 * caller. */
char *axis_written_name(AxisId id, AxisForm form);

/* Local.  Is the number (or that of a word) one the key allows in this form? */
bool key_in_range(const Key *key, AxisForm form, double value);

/* Local.  Does a network, solved by a method, take the key? */
bool key_taken(const Key *key, ModelId model, MethodId method);

/* Local.  Must who takes it say it? */
bool key_needed(const Key *key, MethodId method);

/* Local.  Read a number or word of a key from the whole of text (names and texts are only
 * checked);
 * NULL, or what is wrong with it and what is allowed, owned by the caller and without the
 * key's name. */
char *key_read(const Key *key, AxisForm form, const char *text, double *value);

/* Local.  The value where none is given. */
double key_default(const Key *key, const Problem *so_far);

/* Local.  Value of a key in a problem; the key must be part of it.  A problem is filled in the
 * order of the table. */
void key_put(const Key *key, Problem *problem, double value);
double key_get(const Key *key, const Problem *problem);

/* Local.  As one would write the value; owned by the caller, NULL where it is none. */
char *key_text(const Key *key, double value);

/* Local.  The same of a number of an axis in any form, in range or not, and of its words. */
char *axis_text(AxisId id, double value);

/* Local.  What the key allows, "a whole number from 1 to 10"; and who takes it, "model
 * quadratic with method amp", "" for all.  Owned by the caller. */
char *key_allowed(const Key *key, AxisForm form);
char *key_takers(const Key *key);

/* Local.  The reference of all keys and forms, in Markdown; and for a terminal, a paragraph
 * each. */
void keys_print(FILE *file);
void keys_print_plain(FILE *file);

/* Local.  One line for each key of `point`, for its help; owned by the caller. */
char *keys_help(void);

/* The same of what a point takes whose rows are drawn. */
char *keys_help_drawn(void);

#endif
