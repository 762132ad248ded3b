/* Rows of keys_table stand in the order of KeyId.  What a number may be is said once, here: the
 * parser, what an axis resolves to, error messages and the reference read the same bounds.
 */
#include "phasesweep/study/keys.h"
#include "phasesweep/model/method_facts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/model/problem.h"

/* p and seed stay below 2^53, where doubles still hold every whole number.  R can be as small
 * as (lambda/n)^2 and noise/n, and its terms go with t^2, t = R/n: the bounds keep what is
 * multiplied within doubles; no phase reaches beyond them (VIb at gamma = 2, d = 1e12 begins at
 * n = 1e60). */
#define WHOLE_MOST 9007199254740992.0
#define SAMPLES_LEAST 1e-12
#define SAMPLES_MOST 1e60
#define WEIGHT_LEAST 1e-40
#define WEIGHT_MOST 1e40
#define NOISE_LEAST 1e-30

/* d^value: beyond this even d = 2 leaves the range of doubles */
#define EXPONENT_MOST 1000.0

#define BIT(form) (1u << (form))
#define ONE_NUMBER BIT(FORM_NUMBER)
#define WIDTH_FORMS (BIT(FORM_NUMBER) | BIT(FORM_POWER))
#define SAMPLE_FORMS (WIDTH_FORMS | BIT(FORM_EFFECTIVE) | BIT(FORM_EFFECTIVE_POWER))
#define WEIGHT_FORMS (WIDTH_FORMS | BIT(FORM_SQRT_EFFECTIVE))

/* Words by number, with the one type of function that Key has. */
static const char *model_word(int k)
{
    return model_name((ModelId)k);
}

static const char *sign_word(int k)
{
    return k == 0 ? "positive" : "random";
}

static const char *store_word(int k)
{
    return store_name((SampleStore)k);
}

static const char *method_word(int k)
{
    return method_name((MethodId)k);
}

/* clang-format off */
#define WORD(word, count) KIND_WORD, 0, 0, false, false, 0, word, count
#define RANGE(kind, low, high, above, forms) kind, low, high, above, false, forms, NULL, 0
#define ZERO_OR(kind, low, high, forms) kind, low, high, false, true, forms, NULL, 0
const Key keys_table[KEY_COUNT] = {
    {"name", "", "", KIND_NAME, 0, 0, false, false, 0, NULL, 0,
     "sweep_1, sweep_2, ...", "group in the archive; in job files only"},
    {"model", "", "", WORD(model_word, MODEL_COUNT),
     "quadratic", "the network"},
    {"method", "", "", WORD(method_word, METHOD_COUNT),
     "state_evolution", "how a point is solved"},
    {"tolerance", "", "1", RANGE(KIND_REAL, 1e-13, 1e-2, false, 0),
     "1e-9, bayes 1e-7, training and amp 1e-6",
     "relative error of the equations, duality gap, or (amp) change of the iterate"},
    {"signs", "", "", WORD(sign_word, 2),
     "positive", "of the teacher's coefficients; model diagonal only, none for bayes"},
    {"store", "", "", WORD(store_word, STORE_COUNT),
     "auto", "rows of data in memory, or made again at each use; training and amp"},
    {"ranks_per_line", "", "1", RANGE(KIND_WHOLE, 0, 1e6, false, 0),
     "0", "ranks that train together; 0: as cost and memory ask"},
    {"spectrum", "", "1", RANGE(KIND_WHOLE, 0, 1e5, false, 0),
     "0", "nodes of the predicted density, 0: no predicted spectrum; quadratic theory only"},
    {"damping", "", "1", RANGE(KIND_REAL, 0, 0.999, false, 0),
     "as little as it needs", "share of the last iterate kept at each iteration; amp only"},
    {"source_exponent", "gamma", "1", RANGE(KIND_REAL, 0.5, 10, true, ONE_NUMBER),
     NULL, "teacher coefficients decay as i^-gamma"},
    {"dimension", "d", "1", RANGE(KIND_WHOLE, 2, 1e12, false, ONE_NUMBER),
     NULL, "input dimension"},
    {"noise", "Delta", "1", ZERO_OR(KIND_REAL, NOISE_LEAST, 1e12, ONE_NUMBER),
     NULL, "VARIANCE of the label noise; less would be lost in R"},
    {"seed", "k", "1", RANGE(KIND_WHOLE, 0, WHOLE_MOST, false, ONE_NUMBER),
     "0", "of drawn data; no part in state evolution"},
    {"width", "p", "1", RANGE(KIND_WHOLE, 1, 1e15, false, WIDTH_FORMS),
     "d", "hidden units; model quadratic only, none for bayes"},
    {"samples", "n", "1", RANGE(KIND_REAL, SAMPLES_LEAST, SAMPLES_MOST, false, SAMPLE_FORMS),
     NULL, "number of data; real in state evolution; in bounds R^2 is a normal double"},
    {"weight_decay", "lambda", "1",
     RANGE(KIND_REAL, WEIGHT_LEAST, WEIGHT_MOST, false, WEIGHT_FORMS),
     "this or nuclear_weight",
     "weight of the squared norms, bounds as for samples; none for bayes and optimal"},
    {"nuclear_weight", "lambda_tilde", "1",
     RANGE(KIND_REAL, WEIGHT_LEAST, WEIGHT_MOST, false, WEIGHT_FORMS),
     "this or weight_decay",
     "lambda sqrt(p/d); model quadratic only; given to optimal: the best width at it"},
};
#undef WORD
#undef RANGE
#undef ZERO_OR
/* clang-format on */

/* In the order of AxisForm; the meanings are those of the reference. */
static const struct {
    const char *name, *meaning;
} forms[FORM_COUNT] = {
    [FORM_NUMBER] = {"number", "v"},
    [FORM_POWER] = {"power", "d^v"},
    [FORM_EFFECTIVE] = {"effective", "n_eff = v; n_eff is n/d if quadratic, n if diagonal"},
    [FORM_EFFECTIVE_POWER] = {"effective_power", "n_eff = d^v"},
    [FORM_SQRT_EFFECTIVE] = {"sqrt_effective", "v sqrt(n_eff/d)"},
};

void keys_list(const char *names[KEY_COUNT])
{
    for (int id = 0; id < KEY_COUNT; id++) {
        names[id] = keys_table[id].name;
    }
}

const char *axis_name(AxisId id)
{
    assert(id >= 0 && id < AXIS_COUNT);
    return keys_table[KEY_AXES + id].name;
}

const char *axis_symbol(AxisId id)
{
    assert(id >= 0 && id < AXIS_COUNT);
    return keys_table[KEY_AXES + id].symbol;
}

const char *form_name(AxisForm form)
{
    assert(form >= 0 && form < FORM_COUNT);
    return forms[form].name;
}

const char *form_meaning(AxisForm form)
{
    assert(form >= 0 && form < FORM_COUNT);
    return forms[form].meaning;
}

/* Its numbers are powers of d: they may be negative, and need not be whole. */
static bool is_exponent(AxisForm form)
{
    return form == FORM_POWER || form == FORM_EFFECTIVE_POWER;
}

/* A multiple of n_eff or of its root is real and positive, whatever the key itself is. */
bool key_in_range(const Key *key, AxisForm form, double value)
{
    /* NAN is in no range: every comparison with it is false */
    if (is_exponent(form)) {
        return fabs(value) <= EXPONENT_MOST;
    }
    if (key->or_zero && value == 0.0) {
        return true;
    }
    return value <= key->high && (key->above ? value > key->low : value >= key->low) &&
           (key->kind != KIND_WHOLE || value == floor(value));
}

/* "A, B, C"; owned by the caller. */
static char *allowed_words(const Key *key)
{
    char *all = checked_format("%s", key->word(0));
    for (int k = 1; k < key->word_count; k++) {
        char *longer = checked_format("%s, %s", all, key->word(k));
        free(all);
        all = longer;
    }
    return all;
}

char *key_allowed(const Key *key, AxisForm form)
{
    if (key->kind == KIND_NAME) {
        return checked_format("up to 63 of a-z, 0-9, _ (not `runs`)");
    }
    if (key->kind == KIND_WORD) {
        return allowed_words(key);
    }
    assert(key->low < key->high);
    char *low = text_of_number(is_exponent(form) ? -EXPONENT_MOST : key->low);
    char *high = text_of_number(is_exponent(form) ? EXPONENT_MOST : key->high);
    const bool whole = key->kind == KIND_WHOLE && !is_exponent(form);
    const bool above = key->above && !is_exponent(form);
    char *text = checked_format("%sa %snumber %s %s to %s", key->or_zero ? "0 or " : "",
                                whole ? "whole " : "", above ? "above" : "from", low, high);
    free(low);
    free(high);
    return text;
}

char *key_read_number(const Key *key, AxisForm form, const char *text, double *value)
{
    assert(key->kind == KIND_REAL || key->kind == KIND_WHOLE);
    *value = text_number(text);
    /* the most telling of what is wrong: no number, not whole, out of range */
    const char *wrong = "is out of range";
    if (isnan(*value)) {
        wrong = "is no decimal number within the range of doubles";
    } else if (key_in_range(key, form, *value)) {
        return NULL;
    } else if (key->kind == KIND_WHOLE && !is_exponent(form) && *value != floor(*value)) {
        wrong = "is not whole";
    }
    char *allowed = key_allowed(key, form);
    char *error = checked_format("%s %s; allowed: %s", text_show(text).text, wrong, allowed);
    free(allowed);
    return error;
}

char *key_read_word(const Key *key, const char *text, int *word)
{
    assert(key->kind == KIND_WORD);
    const char *names[WORDS_MOST];
    assert(key->word_count <= WORDS_MOST);
    for (int k = 0; k < key->word_count; k++) {
        names[k] = key->word(k);
    }
    const int found = text_find(names, key->word_count, text);
    if (found >= 0) {
        *word = found;
        return NULL;
    }
    char *hint = text_hint(names, key->word_count, text);
    char *error = checked_format("%s is unknown%s", text_show(text).text, hint);
    free(hint);
    return error;
}

/* Settings have none. */
static void print_forms(FILE *file, unsigned allowed)
{
    const char *separator = "";
    for (AxisForm form = 0; form < FORM_COUNT; form++) {
        if ((allowed & BIT(form)) != 0) {
            fprintf(file, "%s%s", separator, forms[form].name);
            separator = ", ";
        }
    }
}

void keys_print(FILE *file)
{
    fputs("| key | symbol | allowed | default | forms | meaning |\n"
          "|---|---|---|---|---|---|\n",
          file);
    for (int id = 0; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        char *allowed = key_allowed(key, FORM_NUMBER);
        fprintf(file, "| `%s` | %s | %s | %s | ", key->name, key->symbol, allowed,
                key->preset == NULL ? "required" : key->preset);
        print_forms(file, key->forms);
        fprintf(file, " | %s |\n", key->meaning);
        free(allowed);
    }
    fputs("\n| form | what the value v means |\n|---|---|\n", file);
    for (AxisForm form = 0; form < FORM_COUNT; form++) {
        fprintf(file, "| `%s` | %s |\n", forms[form].name, forms[form].meaning);
    }
}

char *keys_help(void)
{
    char *all = checked_format("Keys:\n");
    /* a single point needs no name */
    for (int id = KEY_NAME + 1; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        char *allowed = key_allowed(key, FORM_NUMBER);
        char *longer = checked_format("%s  %-16s %s (%s)\n", all, key->name, allowed,
                                      key->preset == NULL ? "required" : key->preset);
        free(allowed);
        free(all);
        all = longer;
    }
    return all;
}
