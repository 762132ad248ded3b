/* What a sweep may hold; its points and chains are in sweep.c.
 *
 * Keys are checked one by one where they are read, then together.  A message names the line of
 * the key that is wrong, or that of the sweep for a key that is missing; each step runs only on
 * what the steps before found right, so that one mistake gives one message.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/sweep.h"

/* Under the name of the key; takes message over. */
static void refuse(Diagnostics *errors, size_t line, KeyId id, char *message)
{
    assert(id >= 0 && id < KEY_COUNT);
    diagnostics_take(errors, line, keys_table[id].name, message);
}

static char *read_name(Sweep *sweep, const char *text)
{
    const size_t legal = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    /* `runs` is the archive's table of runs, beside the groups of the sweeps */
    if (legal == 0 || text[legal] != '\0' || legal >= NAME_LENGTH ||
        strcmp(text, "runs") == 0) {
        char *allowed = key_allowed(&keys_table[KEY_NAME], FORM_NUMBER);
        char *error = checked_format("%s is no name of a sweep; allowed: %s",
                                     text_show(text).text, allowed);
        free(allowed);
        return error;
    }
    snprintf(sweep->name, sizeof sweep->name, "%s", text);
    return NULL;
}

/* One number; lists and ranges are read in yaml_axes.c.  After an error the axis has no values.
 */
static char *read_axis(Axis *axis, const Key *key, const char *text)
{
    assert(axis->count == 0 && axis->values == NULL);
    double value;
    char *error = key_read_number(key, FORM_NUMBER, text, &value);
    if (error == NULL) {
        axis->values = checked_alloc(1, sizeof(double));
        axis->values[axis->count++] = value;
    }
    return error;
}

/* NULL, or what is wrong with the text, owned by the caller. */
static char *read_key(Sweep *sweep, KeyId id, const char *text)
{
    const Key *key = &keys_table[id];
    int word = 0;
    double number = 0.0;
    char *error;
    switch (id) {
    case KEY_NAME:
        return read_name(sweep, text);
    case KEY_MODEL:
        error = key_read_word(key, text, &word);
        sweep->model = (ModelId)word;
        return error;
    case KEY_METHOD:
        error = key_read_word(key, text, &word);
        sweep->method = (MethodId)word;
        return error;
    case KEY_TOLERANCE:
        return key_read_number(key, FORM_NUMBER, text, &sweep->tolerance);
    case KEY_SIGNS:
        error = key_read_word(key, text, &word);
        sweep->random_signs = word == 1;
        return error;
    case KEY_STORE:
        error = key_read_word(key, text, &word);
        sweep->store = (SampleStore)word;
        return error;
    case KEY_RANKS_PER_LINE:
        error = key_read_number(key, FORM_NUMBER, text, &number);
        sweep->ranks_per_line = error == NULL ? (int)number : 0;
        return error;
    case KEY_DAMPING:
        return key_read_number(key, FORM_NUMBER, text, &sweep->damping);
    case KEY_SPECTRUM:
        error = key_read_number(key, FORM_NUMBER, text, &number);
        sweep->spectrum = error == NULL ? (size_t)number : 0;
        return error;
    default:
        return read_axis(&sweep->axis[id - KEY_AXES], key, text);
    }
}

void sweep_put(Sweep *sweep, KeyId id, const char *text, size_t line, Diagnostics *errors)
{
    assert(sweep->written_at[id] == 0 && line > 0);
    sweep->written_at[id] = line;
    char *error = read_key(sweep, id, text);
    if (error != NULL) {
        refuse(errors, line, id, error);
    }
}

void sweep_set(Sweep *sweep, const char *assignment, Diagnostics *errors)
{
    const char *names[KEY_COUNT];
    keys_list(names);
    names[KEY_NAME] = NULL; /* one sweep needs no name, several cannot share one */
    const char *equals = strchr(assignment, '=');
    const size_t length = equals == NULL ? strlen(assignment) : (size_t)(equals - assignment);
    char *name = checked_format("%.*s", (int)length, assignment);
    const int id = text_find(names, KEY_COUNT, name);
    if (equals == NULL) {
        diagnostics_add(errors, 1, "%s: no `=` in it; allowed: KEY=VALUE",
                        text_show(assignment).text);
    } else if (id < 0) {
        char *hint = text_hint(names, KEY_COUNT, name);
        diagnostics_add(errors, 1, "%s: unknown key%s", text_show(name).text, hint);
        free(hint);
    } else if (sweep->written_at[id] != 0) {
        diagnostics_add(errors, 1, "%s: given twice; allowed: once", name);
    } else {
        sweep_put(sweep, (KeyId)id, equals + 1, 1, errors);
    }
    free(name);
}

/* Defaults that are no number or word ("d") are the business of sweep_problem. */
static void complete(Sweep *sweep)
{
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        const bool plain =
            key->preset != NULL && (key->kind == KIND_WORD || !isnan(text_number(key->preset)));
        if (sweep->written_at[id] == 0 && plain) {
            char *error = read_key(sweep, id, key->preset);
            assert(error == NULL);
            (void)error;
        }
    }
    /* the preset in the table is prose, because it depends on the method */
    if (sweep->written_at[KEY_TOLERANCE] == 0) {
        sweep->tolerance = method_facts(sweep->method)->tolerance;
    }
    /* likewise: no number stands for "as little as it needs" */
    if (sweep->written_at[KEY_DAMPING] == 0) {
        sweep->damping = -1.0;
    }
}

/* Written, whether rightly or not: what is given wrongly is not missing as well. */
static bool given(const Sweep *sweep, AxisId id)
{
    assert(id >= 0 && id < AXIS_COUNT);
    return sweep->written_at[KEY_AXES + id] != 0;
}

/* MethodId optimal at a given nuclear weight: the width is what it varies. */
static bool seeks_width(const Sweep *sweep)
{
    return method_facts(sweep->method)->optimises && model_has(sweep->model, TRAIT_MATRIX) &&
           given(sweep, AXIS_NUCLEAR_WEIGHT) && !given(sweep, AXIS_WEIGHT_DECAY);
}

/* One of two ways to give the weight decay, none to a method that takes none. */
static void check_weight(const Sweep *sweep, size_t line, Diagnostics *errors)
{
    const bool decay = given(sweep, AXIS_WEIGHT_DECAY);
    const bool nuclear = given(sweep, AXIS_NUCLEAR_WEIGHT);
    const AxisId extra = nuclear ? AXIS_NUCLEAR_WEIGHT : AXIS_WEIGHT_DECAY;
    const size_t there = sweep->written_at[KEY_AXES + extra];
    if (seeks_width(sweep)) {
        if (given(sweep, AXIS_WIDTH)) {
            refuse(errors, sweep->written_at[KEY_AXES + AXIS_WIDTH], KEY_AXES + AXIS_WIDTH,
                   checked_format("method optimal finds it at a nuclear_weight; allowed: no "
                                  "width, or no nuclear_weight"));
        }
    } else if (!method_facts(sweep->method)->takes_weight) {
        if (decay || nuclear) {
            refuse(errors, there, KEY_AXES + extra,
                   checked_format("method %s takes none; allowed: no weight decay",
                                  method_name(sweep->method)));
        }
        /* for the diagonal network nuclear_weight is refused by check_model, once */
    } else if (decay && nuclear && model_has(sweep->model, TRAIT_MATRIX)) {
        refuse(errors, there, KEY_AXES + extra,
               checked_format("given beside weight_decay; allowed: one of the two"));
    } else if (!decay && !nuclear) {
        refuse(errors, line, KEY_AXES + AXIS_WEIGHT_DECAY,
               checked_format("missing; allowed: it or nuclear_weight, one of the two"));
    }
}

/* Keys without a default, at the line of the sweep. */
static void check_missing(const Sweep *sweep, size_t line, Diagnostics *errors)
{
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        if (keys_table[id].preset == NULL && sweep->written_at[id] == 0) {
            char *allowed = key_allowed(&keys_table[id], FORM_NUMBER);
            refuse(errors, line, id, checked_format("missing; allowed: %s", allowed));
            free(allowed);
        }
    }
    check_weight(sweep, line, errors);
}

/* Keys of the other network, or of other methods. */
static void check_model(const Sweep *sweep, Diagnostics *errors)
{
    static const AxisId quadratic_only[] = {AXIS_WIDTH, AXIS_NUCLEAR_WEIGHT};
    if (sweep->random_signs && !model_has(sweep->model, TRAIT_SIGNS)) {
        refuse(errors, sweep->written_at[KEY_SIGNS], KEY_SIGNS,
               checked_format("the %s model has none; allowed: model diagonal only",
                              model_name(sweep->model)));
    }
    if (sweep->written_at[KEY_SIGNS] != 0 && sweep->method == METHOD_BAYES) {
        refuse(errors, sweep->written_at[KEY_SIGNS], KEY_SIGNS,
               checked_format("method bayes gives both, risk and risk_random_signs; allowed: "
                              "no signs"));
    }
    const bool predicts =
        model_has(sweep->model, TRAIT_MATRIX) && (HAS_THEORY >> sweep->method & 1u) != 0;
    if (sweep->spectrum > 0 && !predicts) {
        refuse(errors, sweep->written_at[KEY_SPECTRUM], KEY_SPECTRUM,
               checked_format("model %s, method %s has none; allowed: 0, or model quadratic "
                              "with method state_evolution or optimal",
                              model_name(sweep->model), method_name(sweep->method)));
    }
    if (sweep->damping >= 0.0 && sweep->method != METHOD_AMP) {
        refuse(errors, sweep->written_at[KEY_DAMPING], KEY_DAMPING,
               checked_format("method %s has none; allowed: method amp only",
                              method_name(sweep->method)));
    }
    if (sweep->method == METHOD_BAYES && model_has(sweep->model, TRAIT_MATRIX) &&
        given(sweep, AXIS_WIDTH)) {
        refuse(errors, sweep->written_at[KEY_AXES + AXIS_WIDTH], KEY_AXES + AXIS_WIDTH,
               checked_format("method bayes has none; allowed: no width"));
    }
    for (size_t k = 0; k < 2 && !model_has(sweep->model, TRAIT_MATRIX); k++) {
        const KeyId id = KEY_AXES + quadratic_only[k];
        if (sweep->written_at[id] != 0) {
            refuse(errors, sweep->written_at[id], id,
                   checked_format("the %s model has none; allowed: model quadratic only",
                                  model_name(sweep->model)));
        }
    }
}

static bool check_size(const Sweep *sweep, size_t line, Diagnostics *errors)
{
    double points = 1.0; /* a size_t could overflow */
    for (int id = 0; id < AXIS_COUNT; id++) {
        points *= sweep->axis[id].varied ? (double)sweep->axis[id].count : 1.0;
    }
    if (points > POINTS_MOST) {
        diagnostics_add(errors, line, "sweeps: %.4g points; allowed: at most %d", points,
                        POINTS_MOST);
    }
    return points <= POINTS_MOST;
}

/* False if what a key resolved to is not what the key allows as a plain number. */
static bool check_resolved(const Sweep *sweep, AxisId id, double resolved, double dimension,
                           Diagnostics *errors)
{
    assert(dimension >= 1.0);
    const Key *key = &keys_table[KEY_AXES + id];
    if (key_in_range(key, FORM_NUMBER, resolved)) {
        return true;
    }
    char *allowed = key_allowed(key, FORM_NUMBER);
    refuse(errors, sweep->written_at[KEY_AXES + id], KEY_AXES + id,
           checked_format("as %s it becomes %s = %g at dimension %g; allowed: %s",
                          form_name(sweep->axis[id].form), key->symbol, resolved, dimension,
                          allowed));
    free(allowed);
    return false;
}

/* Data are drawn row by row, in matrices of side d. */
static bool check_data(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const char *method = method_name(p->method);
    if (p->samples != floor(p->samples) || p->samples < 1.0 || p->samples > 0x1p53) {
        refuse(errors, sweep->written_at[KEY_AXES + AXIS_SAMPLES], KEY_AXES + AXIS_SAMPLES,
               checked_format("%.15g for method %s; allowed: a whole number from 1 to 2^53",
                              p->samples, method));
        return false;
    }
    const int most = model_of(p)->side_most;
    if (p->dimension > most) {
        refuse(errors, sweep->written_at[KEY_AXES + AXIS_DIMENSION], KEY_AXES + AXIS_DIMENSION,
               checked_format("%.15g for method %s; allowed: up to %d", p->dimension, method,
                              most));
        return false;
    }
    /* of message passing for a network that is cut to its width there is no theory */
    if (p->method == METHOD_AMP && p->width < p->dimension) {
        refuse(errors, sweep->written_at[KEY_AXES + AXIS_WIDTH], KEY_AXES + AXIS_WIDTH,
               checked_format("%.15g for method %s; allowed: at least the dimension, %.15g",
                              p->width, method, p->dimension));
        return false;
    }
    return true;
}

/* All that the axes resolve to at one point; the first mistake is enough, for its neighbours
 * have it too.  A weight must be in range both as lambda and as lt. */
static bool check_corner(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const double d = p->dimension;
    const bool nuclear = given(sweep, AXIS_NUCLEAR_WEIGHT);
    const AxisId weight = nuclear ? AXIS_NUCLEAR_WEIGHT : AXIS_WEIGHT_DECAY;
    if (!check_resolved(sweep, AXIS_SAMPLES, p->samples, d, errors) ||
        (given(sweep, AXIS_WIDTH) && !check_resolved(sweep, AXIS_WIDTH, p->width, d, errors)) ||
        (!isnan(p->weight_decay) &&
         (!check_resolved(sweep, weight, p->weight_decay, d, errors) ||
          !check_resolved(sweep, weight, problem_nuclear_weight(p), d, errors)))) {
        return false;
    }
    return !method_facts(p->method)->draws_data || check_data(sweep, p, errors);
}

/* Place of the least or largest value; 0 for an axis that is not given. */
static size_t extreme(const Axis *axis, bool largest)
{
    size_t best = 0;
    for (size_t k = 1; k < axis->count; k++) {
        if (largest ? axis->values[k] > axis->values[best]
                    : axis->values[k] < axis->values[best]) {
            best = k;
        }
    }
    return best;
}

/* The logarithm of n, p and the weights is linear in every written exponent, in the logarithm
 * of every written value and in log d, the others being fixed; so its extremes over the grid
 * are at corners, and a grid of any size is checked at 32 points. */
static void check_corners(const Sweep *sweep, Diagnostics *errors)
{
    static const AxisId ids[] = {AXIS_DIMENSION, AXIS_WIDTH, AXIS_SAMPLES, AXIS_WEIGHT_DECAY,
                                 AXIS_NUCLEAR_WEIGHT};
    enum { INVOLVED = sizeof ids / sizeof *ids };
    size_t ends[INVOLVED][2];
    for (int k = 0; k < INVOLVED; k++) {
        ends[k][0] = extreme(&sweep->axis[ids[k]], false);
        ends[k][1] = extreme(&sweep->axis[ids[k]], true);
    }
    bool good = true;
    for (unsigned corner = 0; good && corner < 1u << INVOLVED; corner++) {
        size_t place[AXIS_COUNT] = {0};
        for (int k = 0; k < INVOLVED; k++) {
            place[ids[k]] = ends[k][corner >> k & 1];
        }
        const Problem problem = sweep_problem(sweep, sweep_point(sweep, place));
        good = check_corner(sweep, &problem, errors);
    }
}

void sweep_check(Sweep *sweep, size_t line, Diagnostics *errors)
{
    assert(line > 0);
    complete(sweep);
    const size_t before = errors->count;
    check_missing(sweep, line, errors);
    check_model(sweep, errors);
    if (errors->count > before || !check_size(sweep, line, errors)) {
        return;
    }
    /* a key found wrong before has no values, and then there is nothing to resolve */
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        if (given(sweep, id) && sweep->axis[id].count == 0) {
            return;
        }
    }
    check_corners(sweep, errors);
}
