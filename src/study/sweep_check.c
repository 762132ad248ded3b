/* What a sweep may hold; its points are in sweep.c, rows and general neurons in
 * sweep_features.c and sweep_neurons.c.
 *
 * Keys are checked one by one where they are read, then together.  A message names the line of
 * the key that is wrong, or that of the sweep for a key that is missing; each step runs only on
 * what the steps before found right, so that one mistake gives one message.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/refined.h"
#include "phasesweep/study/sweep.h"
#include "sweep_check.h"

bool sweep_given(const Sweep *sweep, KeyId id)
{
    return sweep->settings.written_at[id] != 0;
}

void sweep_refuse(const Sweep *sweep, KeyId id, Diagnostics *errors, char *message)
{
    const bool of_file =
        id == KEY_DIMENSION && !sweep_given(sweep, id) && sweep_given(sweep, KEY_DATA);
    const KeyId at = of_file ? KEY_DATA : id;
    char *whole = of_file ? checked_format("dimension %s", message) : message;
    if (of_file) {
        free(message);
    }
    diagnostics_take(errors,
                     sweep_given(sweep, at) ? sweep->settings.written_at[at] : sweep->begins_at,
                     keys_table[at].name, whole);
}

static bool taken(const Sweep *sweep, KeyId id)
{
    return key_taken(&keys_table[id], sweep_model(sweep), sweep_method(sweep));
}

/* Keys without a default, and the weight decay, for which there are two: at the line of the
 * sweep. */
static void check_missing(const Sweep *sweep, size_t line, Diagnostics *errors)
{
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const bool told =
            sweep_given(sweep, KEY_DATA) && (keys_table[id].drawn || id == KEY_DIMENSION);
        if (key_needed(&keys_table[id], sweep_method(sweep)) && taken(sweep, id) &&
            !sweep_given(sweep, id) && !told) {
            char *allowed = key_allowed(&keys_table[id], FORM_NUMBER);
            diagnostics_add(errors, line, "%s: missing; allowed: %s", keys_table[id].name,
                            allowed);
            free(allowed);
        }
    }
    if (taken(sweep, KEY_WEIGHT_DECAY) && !sweep_given(sweep, KEY_WEIGHT_DECAY) &&
        !sweep_given(sweep, KEY_NUCLEAR_WEIGHT)) {
        diagnostics_add(errors, line, "%s: missing; allowed: it or %s, one of the two",
                        keys_table[KEY_WEIGHT_DECAY].name, keys_table[KEY_NUCLEAR_WEIGHT].name);
    }
}

/* Something else than the default, which is no mistake anywhere. */
static bool asks(const Sweep *sweep, KeyId id)
{
    const Problem so_far = {.model = sweep_model(sweep), .method = sweep_method(sweep)};
    return sweep_given(sweep, id) &&
           (id >= KEY_AXES ||
            sweep->settings.value[id] != key_default(&keys_table[id], &so_far));
}

/* A key of other networks or other methods; who takes it, the tables say. */
static void check_taken(const Sweep *sweep, KeyId id, Diagnostics *errors)
{
    const Key *key = &keys_table[id];
    if (taken(sweep, id) || !asks(sweep, id)) {
        return;
    }
    const bool method = key->method != NULL && !key->method(sweep_method(sweep));
    /* some are of a network only where it is trained */
    const bool model = !method || !model_has(sweep_model(sweep), key->traits);
    /* a preset beside a fallback is no value to write */
    const bool none = key->fallback != NULL || key->preset == NULL;
    char *takers = key_takers(key);
    sweep_refuse(
        sweep, id, errors,
        checked_format("%s%s%s%s%s has none; allowed: %s%s, or %s", model ? "model " : "",
                       model ? model_name(sweep_model(sweep)) : "", model && method ? ", " : "",
                       method ? "method " : "", method ? method_name(sweep_method(sweep)) : "",
                       none ? "no " : "", none ? key->name : key->preset, takers));
    free(takers);
}

/* Not every model is solved in every way. */
static void check_method(const Sweep *sweep, Diagnostics *errors)
{
    const unsigned methods = model_row(sweep_model(sweep))->methods;
    if ((methods >> sweep_method(sweep) & 1u) != 0) {
        return;
    }
    char *allowed = checked_format("%s", "");
    for (int id = 0; id < METHOD_COUNT; id++) {
        if ((methods >> id & 1u) != 0) {
            char *longer = checked_format("%s%s%s", allowed, allowed[0] != '\0' ? ", " : "",
                                          method_name((MethodId)id));
            free(allowed);
            allowed = longer;
        }
    }
    sweep_refuse(sweep, KEY_METHOD, errors,
                 checked_format("model %s has no %s; allowed: %s",
                                model_name(sweep_model(sweep)),
                                method_name(sweep_method(sweep)), allowed));
    free(allowed);
}

/* Rows come from a file, or they are drawn: each way has keys of its own. */
static void check_source(const Sweep *sweep, size_t line, Diagnostics *errors)
{
    static const KeyId of_files[] = {KEY_TARGET, KEY_HOLD_OUT, KEY_FOLDS};
    const DataSource *source = &sweep->source;
    if (!sweep_given(sweep, KEY_DATA)) {
        for (int k = 0; k < 3; k++) {
            if (asks(sweep, of_files[k]) && taken(sweep, of_files[k])) {
                sweep_refuse(sweep, of_files[k], errors,
                             checked_format("of data from a file; allowed: data, or no %s",
                                            keys_table[of_files[k]].name));
            }
        }
        return;
    }
    for (KeyId id = 0; id < KEY_COUNT && taken(sweep, KEY_DATA); id++) {
        if (keys_table[id].drawn && asks(sweep, id)) {
            sweep_refuse(sweep, id, errors,
                         checked_format("of drawn data; allowed: no data, or no %s",
                                        keys_table[id].name));
        }
    }
    const Axis *dimension = &sweep->axis[KEY_DIMENSION - KEY_AXES];
    if (!sweep_given(sweep, KEY_TARGET) && taken(sweep, KEY_TARGET)) {
        diagnostics_add(errors, line, "target: missing; allowed: what of %s is learned",
                        text_show(source->file).text);
    } else if (sweep_given(sweep, KEY_DIMENSION) && source->rows > 0.0 &&
               (dimension->count != 1 || dimension->values[0] != source->dimension)) {
        sweep_refuse(sweep, KEY_DIMENSION, errors,
                     checked_format("%s has %.15g; allowed: none, or that",
                                    text_show(source->file).text, source->dimension));
    }
    if (sweep->settings.value[KEY_STORE] == STORE_NONE) {
        sweep_refuse(
            sweep, KEY_STORE, errors,
            checked_format("none: rows of a file cannot be made again; allowed: auto, double, "
                           "float"));
    }
}

/* 0 is a limit of descents that other methods have no answer for. */
static void check_no_weight(const Sweep *sweep, KeyId id, Diagnostics *errors)
{
    const Axis *axis = &sweep->axis[id - KEY_AXES];
    bool none = false;
    for (size_t k = 0; k < axis->count; k++) {
        none = none || (axis->form != FORM_POWER && axis->values[k] == 0.0);
    }
    if (none && taken(sweep, id) && !method_facts(sweep_method(sweep))->in_time) {
        sweep_refuse(
            sweep, id, errors,
            checked_format("0 for method %s; allowed: a number from %g to %g, or method "
                           "flow or descent",
                           method_name(sweep_method(sweep)), keys_table[id].low,
                           keys_table[id].high));
    }
}

/* Keys that exclude each other. */
static void check_together(const Sweep *sweep, Diagnostics *errors)
{
    check_method(sweep, errors);
    check_no_weight(sweep, KEY_WEIGHT_DECAY, errors);
    check_no_weight(sweep, KEY_NUCLEAR_WEIGHT, errors);
    const bool nuclear =
        sweep_given(sweep, KEY_NUCLEAR_WEIGHT) && taken(sweep, KEY_NUCLEAR_WEIGHT);
    if (nuclear && sweep_given(sweep, KEY_WEIGHT_DECAY) && taken(sweep, KEY_WEIGHT_DECAY)) {
        sweep_refuse(sweep, KEY_NUCLEAR_WEIGHT, errors,
                     checked_format("given beside weight_decay; allowed: one of the two"));
    }
    if (nuclear && sweep_given(sweep, KEY_WIDTH) &&
        method_facts(sweep_method(sweep))->optimises) {
        sweep_refuse(
            sweep, KEY_WIDTH, errors,
            checked_format("method %s finds it at a nuclear_weight; allowed: no width, or "
                           "no nuclear_weight",
                           method_name(sweep_method(sweep))));
    }
    const bool one_tail = model_has(sweep_model(sweep), TRAIT_INDEFINITE) &&
                          !method_facts(sweep_method(sweep))->draws_data;
    if (asks(sweep, KEY_SIGNS) && taken(sweep, KEY_SIGNS) && one_tail) {
        sweep_refuse(
            sweep, KEY_SIGNS, errors,
            checked_format("method %s of model %s is for positive coefficients; allowed: "
                           "positive, or method training or amp",
                           method_name(sweep_method(sweep)), model_name(sweep_model(sweep))));
    }
    if (asks(sweep, KEY_SIGNS) && method_facts(sweep_method(sweep))->knows_signs) {
        sweep_refuse(
            sweep, KEY_SIGNS, errors,
            checked_format("method %s gives both, risk and risk_random_signs; allowed: "
                           "no signs",
                           method_name(sweep_method(sweep))));
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
static bool check_resolved(const Sweep *sweep, KeyId id, double resolved, double dimension,
                           Diagnostics *errors)
{
    assert(dimension >= 1.0);
    const Key *key = &keys_table[id];
    if (key_in_range(key, FORM_NUMBER, resolved)) {
        return true;
    }
    char *allowed = key_allowed(key, FORM_NUMBER);
    sweep_refuse(sweep, id, errors,
                 checked_format("as %s it becomes %s = %g at dimension %g; allowed: %s",
                                form_name(sweep->axis[id - KEY_AXES].form), key->symbol,
                                resolved, dimension, allowed));
    free(allowed);
    return false;
}

/* A file has as many rows as it has. */
static bool check_rows(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const DataSource *source = &sweep->source;
    const double left = source->rows - p->hold_out;
    const bool lost = p->hold_out == 0.0 && sweep->settings.value[KEY_HOLD_OUT] > 0.0;
    if (p->hold_out != floor(p->hold_out) || left < 1.0 || lost) {
        sweep_refuse(
            sweep, KEY_HOLD_OUT, errors,
            checked_format("%.15g of %.15g rows of %s; allowed: a whole number below that, or "
                           "a share below 1 that is a row at least",
                           sweep->settings.value[KEY_HOLD_OUT], source->rows,
                           text_show(source->file).text));
        return false;
    }
    if (p->folds > p->samples) {
        sweep_refuse(sweep, KEY_FOLDS, errors,
                     checked_format("%.15g of %.15g samples; allowed: 0, or 2 to the samples",
                                    p->folds, p->samples));
        return false;
    }
    if (p->samples > left) {
        sweep_refuse(
            sweep, KEY_SAMPLES, errors,
            checked_format("%.15g, and %.15g held out, of %.15g rows of %s; allowed: up to "
                           "%.15g",
                           p->samples, p->hold_out, source->rows, text_show(source->file).text,
                           left));
        return false;
    }
    return true;
}

/* A descent makes whole steps, of weights that every rank has, on all rows or on some. */
static bool check_steps(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const double weights =
        model_has(p->model, TRAIT_MATRIX) ? p->dimension * p->width : 2.0 * p->dimension;
    if ((p->optimizer == OPTIMIZER_GD && p->batch > 0.0) ||
        (p->optimizer == OPTIMIZER_SGD && p->batch == 0.0)) {
        const bool all = p->optimizer == OPTIMIZER_GD;
        sweep_refuse(
            sweep, all ? KEY_BATCH : KEY_OPTIMIZER, errors,
            checked_format(all ? "given to optimizer gd; allowed: none, or sgd or adam"
                               : "sgd without batch; allowed: gd, or a batch of 1 and more"));
        return false;
    }
    if (p->time > 0.0 && p->time < 0.5 * p->learning_rate) {
        sweep_refuse(
            sweep, KEY_TIME, errors,
            checked_format("%g is no step of learning_rate %g; allowed: 0, or from half of it "
                           "on",
                           p->time, p->learning_rate));
        return false;
    }
    if (p->time / p->learning_rate > DESCENT_STEPS_MOST) {
        sweep_refuse(sweep, KEY_TIME, errors,
                     checked_format("%g in steps of %g; allowed: up to %g steps", p->time,
                                    p->learning_rate, DESCENT_STEPS_MOST));
        return false;
    }
    if (weights > 0x1p31 - 1.0) {
        sweep_refuse(sweep, KEY_WIDTH, errors,
                     checked_format("%.15g for method %s: %g weights; allowed: up to 2^31 - 1",
                                    p->width, method_name(p->method), weights));
        return false;
    }
    return true;
}

/* Steps of Adam are counted in an int. */
static bool check_epochs(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const double batches = p->batch > 0.0 ? fmax(1.0, p->samples / p->batch) : 3.0;
    if (p->epochs * batches > DESCENT_STEPS_MOST) {
        sweep_refuse(sweep, KEY_EPOCHS, errors,
                     checked_format("%g of %g batches; allowed: up to %g steps", p->epochs,
                                    batches, DESCENT_STEPS_MOST));
        return false;
    }
    return true;
}

static bool check_rows_drawn(const Sweep *sweep, double samples, Diagnostics *errors)
{
    const bool good = samples == floor(samples) && samples >= 1.0 && samples <= 0x1p53;
    if (!good) {
        sweep_refuse(
            sweep, KEY_SAMPLES, errors,
            checked_format("%.15g for method %s; allowed: a whole number from 1 to 2^53",
                           samples, method_name(sweep_method(sweep))));
    }
    return good;
}

/* Data are drawn row by row, in matrices of side d. */
static bool check_data(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const char *method = method_name(p->method);
    if (!check_rows_drawn(sweep, p->samples, errors)) {
        return false;
    }
    if (p->data != 0.0 && !check_rows(sweep, p, errors)) {
        return false;
    }
    const Model *model = model_of(p);
    const bool spread = p->data == 0.0 && model->spread_most > 0 && model_is_convex(p) &&
                        !method_facts(p->method)->passes_messages &&
                        !method_facts(p->method)->in_time;
    const int most = spread ? model->spread_most : model->side_most;
    if (p->dimension > most) {
        sweep_refuse(sweep, KEY_DIMENSION, errors,
                     checked_format("%.15g for method %s; allowed: up to %d", p->dimension,
                                    method, most));
        return false;
    }
    if (method_facts(p->method)->in_time ? !check_steps(sweep, p, errors)
                                         : !check_epochs(sweep, p, errors)) {
        return false;
    }
    /* of message passing for a network that is cut to its width there is no theory, and of a
     * signed one no trainer */
    const bool full = model_has(p->model, TRAIT_INDEFINITE);
    if ((full || !method_facts(p->method)->takes_width) && p->width < p->dimension) {
        sweep_refuse(sweep, KEY_WIDTH, errors,
                     checked_format("%.15g for %s %s; allowed: at least the dimension, %.15g",
                                    p->width, full ? "model" : "method",
                                    full ? model_name(p->model) : method, p->dimension));
        return false;
    }
    return true;
}

/* A linear unit is beside a whole matrix, of a convex training; neurons have their own rule. */
static bool check_linear_unit(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const bool trained = method_facts(p->method)->draws_data;
    const bool good =
        !p->linear_unit || !trained || model_is_convex(p) || model_has(p->model, TRAIT_NEURONS);
    if (!good) {
        sweep_refuse(
            sweep, KEY_LINEAR_UNIT, errors,
            checked_format("yes for width %.15g, depth %g; allowed: no, or a width of at "
                           "least the dimension, %.15g, and no further layers",
                           p->width, p->depth, p->dimension));
    }
    return good;
}

/* Deeper networks are of full width. */
static bool check_depth(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const double least = model_of(p)->depth_least;
    const char *method = method_name(p->method);
    if (p->depth == 0.0) {
        return true;
    }
    if (p->depth < least) {
        sweep_refuse(sweep, KEY_DEPTH, errors,
                     checked_format("%g for model %s; allowed: a whole number from %g to %g",
                                    p->depth, model_name(p->model), least,
                                    keys_table[KEY_DEPTH].high));
    } else if (p->depth > least && p->width < p->dimension) {
        sweep_refuse(sweep, KEY_WIDTH, errors,
                     checked_format("%.15g at depth %g; allowed: at least the dimension, %.15g",
                                    p->width, p->depth, p->dimension));
    } else if (p->depth > least && method_facts(p->method)->optimises &&
               !isnan(p->weight_decay)) {
        sweep_refuse(
            sweep, KEY_DEPTH, errors,
            checked_format("%g for method %s, which finds a width at a nuclear_weight; "
                           "allowed: %g, or no nuclear_weight",
                           p->depth, method, least));
    } else {
        return true;
    }
    return false;
}

/* A drawn start is a matrix, an aligned one a vector. */
static bool check_start(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const bool drawn = model_has(p->model, TRAIT_MATRIX) && !p->start_aligned;
    const double numbers = drawn ? (p->width + p->dimension) * p->dimension : p->dimension;
    const double most = drawn ? FLOW_NUMBERS_MOST : FLOW_COORDINATES_MOST;
    if (method_facts(p->method)->in_time && numbers > most) {
        sweep_refuse(sweep, KEY_DIMENSION, errors,
                     checked_format("%.15g at width %.15g for method %s, start %s: %g numbers; "
                                    "allowed: up to %g%s",
                                    p->dimension, p->width, method_name(p->method),
                                    p->start_aligned ? "aligned" : "random", numbers, most,
                                    drawn ? ", or start: aligned" : ""));
        return false;
    }
    if (method_facts(p->method)->in_time && drawn && problem_flow_steps(p) > FLOW_STEPS_MOST) {
        sweep_refuse(
            sweep, KEY_TIME, errors,
            checked_format("%g from a random start: %.3g closed forms one after the other; "
                           "allowed: up to %g, or start: aligned",
                           p->time, problem_flow_steps(p),
                           p->time * FLOW_STEPS_MOST / problem_flow_steps(p)));
        return false;
    }
    return true;
}

/* All that the axes resolve to at one point; the first mistake is enough, for its neighbours
 * have it too.  A weight must be in range both as lambda and as lt. */
static bool check_corner(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const double d = p->dimension;
    const bool nuclear = sweep_given(sweep, KEY_NUCLEAR_WEIGHT);
    const KeyId weight = nuclear ? KEY_NUCLEAR_WEIGHT : KEY_WEIGHT_DECAY;
    if (!check_resolved(sweep, KEY_SAMPLES, p->samples, d, errors) ||
        (sweep_given(sweep, KEY_WIDTH) &&
         !check_resolved(sweep, KEY_WIDTH, p->width, d, errors)) ||
        (!isnan(p->weight_decay) &&
         (!check_resolved(sweep, weight, p->weight_decay, d, errors) ||
          !check_resolved(sweep, weight, problem_nuclear_weight(p), d, errors)))) {
        return false;
    }
    return check_depth(sweep, p, errors) && check_linear_unit(sweep, p, errors) &&
           (method_facts(p->method)->draws_data ? check_data : check_start)(sweep, p, errors);
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

enum { INVOLVED_MOST = 10 };

bool sweep_check_corners(const Sweep *sweep, const KeyId ids[], int count,
                         const size_t others[AXIS_COUNT], PointCheck check, Diagnostics *errors)
{
    size_t ends[INVOLVED_MOST][2];
    assert(count <= INVOLVED_MOST);
    for (int k = 0; k < count; k++) {
        ends[k][0] = extreme(&sweep->axis[ids[k] - KEY_AXES], false);
        ends[k][1] = extreme(&sweep->axis[ids[k] - KEY_AXES], true);
    }
    bool good = true;
    for (unsigned corner = 0; good && corner < 1u << count; corner++) {
        size_t place[AXIS_COUNT];
        memcpy(place, others, sizeof place);
        for (int k = 0; k < count; k++) {
            place[ids[k] - KEY_AXES] = ends[k][corner >> k & 1];
        }
        const Problem problem = sweep_problem(sweep, sweep_point(sweep, place));
        good = check(sweep, &problem, errors);
    }
    return good;
}

/* The logarithm of n, p and the weights is linear in every written exponent, in the logarithm
 * of every written value and in log d, the others being fixed; so its extremes over the grid
 * are at corners, and a grid of any size is checked at 128 points. */
static bool check_numbers(const Sweep *sweep, Diagnostics *errors)
{
    static const KeyId ids[] = {KEY_DIMENSION,    KEY_DEPTH,          KEY_WIDTH, KEY_SAMPLES,
                                KEY_WEIGHT_DECAY, KEY_NUCLEAR_WEIGHT, KEY_TIME};
    const size_t first[AXIS_COUNT] = {0};
    return sweep_check_corners(sweep, ids, sizeof ids / sizeof *ids, first, check_corner,
                               errors);
}

/* Rows of data are whole: so is every value of a range of them, as what powers and multiples
 * resolve to; one that was written is the user's word.  Corners do not tell. */
static void make_whole(Sweep *sweep)
{
    Axis *axis = &sweep->axis[KEY_SAMPLES - KEY_AXES];
    const bool range = axis->form == FORM_NUMBER && axis->spacing != SPACING_WRITTEN;
    for (size_t k = 0; range && k < axis->count; k++) {
        axis->values[k] = round(axis->values[k]);
    }
}

/* Two that became the same are one training under two names. */
static bool check_whole(const Sweep *sweep, Diagnostics *errors)
{
    const Axis *axis = &sweep->axis[KEY_SAMPLES - KEY_AXES];
    for (size_t k = 0; axis->form == FORM_NUMBER && k < axis->count; k++) {
        const double n = axis->values[k];
        if (!check_rows_drawn(sweep, n, errors)) {
            return false;
        }
        if (k > 0 && n == axis->values[k - 1]) {
            sweep_refuse(
                sweep, KEY_SAMPLES, errors,
                checked_format("%.15g twice in a range of %zu whole numbers, as method %s "
                               "needs them; allowed: a smaller count",
                               n, axis->count, method_name(sweep_method(sweep))));
            return false;
        }
    }
    return true;
}

void sweep_check(Sweep *sweep, size_t line, Diagnostics *errors)
{
    assert(line > 0);
    /* what else is wrong depends on them: no second mistake is made of the first */
    const bool unknown =
        (sweep_given(sweep, KEY_MODEL) && isnan(sweep->settings.value[KEY_MODEL])) ||
        (sweep_given(sweep, KEY_METHOD) && isnan(sweep->settings.value[KEY_METHOD]));
    sweep->begins_at = line;
    sweep_complete(sweep);
    if (unknown) {
        return;
    }
    const size_t before = errors->count;
    check_missing(sweep, line, errors);
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        check_taken(sweep, id, errors);
    }
    check_together(sweep, errors);
    check_source(sweep, line, errors);
    if (errors->count > before || !check_size(sweep, line, errors)) {
        return;
    }
    if (sweep_given(sweep, KEY_DATA) && sweep->source.rows == 0.0) {
        return; /* the file was found wrong before */
    }
    /* a key found wrong before has no values, and then there is nothing to resolve */
    for (KeyId id = KEY_AXES; id < KEY_COUNT; id++) {
        if (sweep_given(sweep, id) && sweep->axis[id - KEY_AXES].count == 0) {
            return;
        }
    }
    if (method_facts(sweep_method(sweep))->draws_data) {
        make_whole(sweep);
        if (!check_whole(sweep, errors)) {
            return;
        }
    }
    if (!check_numbers(sweep, errors)) {
        return;
    }
    sweep_check_refined(sweep, errors);
    if (model_has(sweep_model(sweep), TRAIT_NEURONS)) {
        sweep_check_activations(sweep, errors);
    } else {
        sweep_check_laws(sweep, errors);
    }
}
