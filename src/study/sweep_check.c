/* What a sweep may hold; its points are in sweep.c.
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
#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/refined.h"
#include "phasesweep/study/sweep.h"

/* Written, whether rightly or not: what is given wrongly is not missing as well. */
static bool given(const Sweep *sweep, KeyId id)
{
    return sweep->settings.written_at[id] != 0;
}

/* Under the name of the key, where it is written, or else where its value comes from: the
 * dimension of a file from the file, a default from the sweep.  Takes message over. */
static void refuse(const Sweep *sweep, KeyId id, Diagnostics *errors, char *message)
{
    const bool of_file = id == KEY_DIMENSION && !given(sweep, id) && given(sweep, KEY_DATA);
    const KeyId at = of_file ? KEY_DATA : id;
    char *whole = of_file ? checked_format("dimension %s", message) : message;
    if (of_file) {
        free(message);
    }
    diagnostics_take(errors,
                     given(sweep, at) ? sweep->settings.written_at[at] : sweep->begins_at,
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
            given(sweep, KEY_DATA) && (keys_table[id].drawn || id == KEY_DIMENSION);
        if (key_needed(&keys_table[id], sweep_method(sweep)) && taken(sweep, id) &&
            !given(sweep, id) && !told) {
            char *allowed = key_allowed(&keys_table[id], FORM_NUMBER);
            diagnostics_add(errors, line, "%s: missing; allowed: %s", keys_table[id].name,
                            allowed);
            free(allowed);
        }
    }
    if (taken(sweep, KEY_WEIGHT_DECAY) && !given(sweep, KEY_WEIGHT_DECAY) &&
        !given(sweep, KEY_NUCLEAR_WEIGHT)) {
        diagnostics_add(errors, line, "%s: missing; allowed: it or %s, one of the two",
                        keys_table[KEY_WEIGHT_DECAY].name, keys_table[KEY_NUCLEAR_WEIGHT].name);
    }
}

/* Something else than the default, which is no mistake anywhere. */
static bool asks(const Sweep *sweep, KeyId id)
{
    const Problem so_far = {.model = sweep_model(sweep), .method = sweep_method(sweep)};
    return given(sweep, id) && (id >= KEY_AXES || sweep->settings.value[id] !=
                                                      key_default(&keys_table[id], &so_far));
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
    refuse(sweep, id, errors,
           checked_format("%s%s%s%s%s has none; allowed: %s%s, or %s", model ? "model " : "",
                          model ? model_name(sweep_model(sweep)) : "",
                          model && method ? ", " : "", method ? "method " : "",
                          method ? method_name(sweep_method(sweep)) : "", none ? "no " : "",
                          none ? key->name : key->preset, takers));
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
    refuse(sweep, KEY_METHOD, errors,
           checked_format("model %s has no %s; allowed: %s", model_name(sweep_model(sweep)),
                          method_name(sweep_method(sweep)), allowed));
    free(allowed);
}

/* Rows come from a file, or they are drawn: each way has keys of its own. */
static void check_source(const Sweep *sweep, size_t line, Diagnostics *errors)
{
    static const KeyId of_files[] = {KEY_TARGET, KEY_HOLD_OUT, KEY_FOLDS};
    const DataSource *source = &sweep->source;
    if (!given(sweep, KEY_DATA)) {
        for (int k = 0; k < 3; k++) {
            if (asks(sweep, of_files[k]) && taken(sweep, of_files[k])) {
                refuse(sweep, of_files[k], errors,
                       checked_format("of data from a file; allowed: data, or no %s",
                                      keys_table[of_files[k]].name));
            }
        }
        return;
    }
    for (KeyId id = 0; id < KEY_COUNT && taken(sweep, KEY_DATA); id++) {
        if (keys_table[id].drawn && asks(sweep, id)) {
            refuse(sweep, id, errors,
                   checked_format("of drawn data; allowed: no data, or no %s",
                                  keys_table[id].name));
        }
    }
    const Axis *dimension = &sweep->axis[KEY_DIMENSION - KEY_AXES];
    if (!given(sweep, KEY_TARGET) && taken(sweep, KEY_TARGET)) {
        diagnostics_add(errors, line, "target: missing; allowed: what of %s is learned",
                        text_show(source->file).text);
    } else if (given(sweep, KEY_DIMENSION) && source->rows > 0.0 &&
               (dimension->count != 1 || dimension->values[0] != source->dimension)) {
        refuse(sweep, KEY_DIMENSION, errors,
               checked_format("%s has %.15g; allowed: none, or that",
                              text_show(source->file).text, source->dimension));
    }
    if (sweep->settings.value[KEY_STORE] == STORE_NONE) {
        refuse(
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
        refuse(sweep, id, errors,
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
    const bool nuclear = given(sweep, KEY_NUCLEAR_WEIGHT) && taken(sweep, KEY_NUCLEAR_WEIGHT);
    if (nuclear && given(sweep, KEY_WEIGHT_DECAY) && taken(sweep, KEY_WEIGHT_DECAY)) {
        refuse(sweep, KEY_NUCLEAR_WEIGHT, errors,
               checked_format("given beside weight_decay; allowed: one of the two"));
    }
    if (nuclear && given(sweep, KEY_WIDTH) && method_facts(sweep_method(sweep))->optimises) {
        refuse(sweep, KEY_WIDTH, errors,
               checked_format("method %s finds it at a nuclear_weight; allowed: no width, or "
                              "no nuclear_weight",
                              method_name(sweep_method(sweep))));
    }
    const bool one_tail = model_has(sweep_model(sweep), TRAIT_INDEFINITE) &&
                          !method_facts(sweep_method(sweep))->draws_data;
    if (asks(sweep, KEY_SIGNS) && taken(sweep, KEY_SIGNS) && one_tail) {
        refuse(sweep, KEY_SIGNS, errors,
               checked_format("method %s of model %s is for positive coefficients; allowed: "
                              "positive, or method training",
                              method_name(sweep_method(sweep)),
                              model_name(sweep_model(sweep))));
    }
    if (asks(sweep, KEY_SIGNS) && method_facts(sweep_method(sweep))->knows_signs) {
        refuse(sweep, KEY_SIGNS, errors,
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
    refuse(sweep, id, errors,
           checked_format("as %s it becomes %s = %g at dimension %g; allowed: %s",
                          form_name(sweep->axis[id - KEY_AXES].form), key->symbol, resolved,
                          dimension, allowed));
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
        refuse(
            sweep, KEY_HOLD_OUT, errors,
            checked_format("%.15g of %.15g rows of %s; allowed: a whole number below that, or "
                           "a share below 1 that is a row at least",
                           sweep->settings.value[KEY_HOLD_OUT], source->rows,
                           text_show(source->file).text));
        return false;
    }
    if (p->folds > p->samples) {
        refuse(sweep, KEY_FOLDS, errors,
               checked_format("%.15g of %.15g samples; allowed: 0, or 2 to the samples",
                              p->folds, p->samples));
        return false;
    }
    if (p->samples > left) {
        refuse(sweep, KEY_SAMPLES, errors,
               checked_format("%.15g, and %.15g held out, of %.15g rows of %s; allowed: up to "
                              "%.15g",
                              p->samples, p->hold_out, source->rows,
                              text_show(source->file).text, left));
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
        refuse(
            sweep, all ? KEY_BATCH : KEY_OPTIMIZER, errors,
            checked_format(all ? "given to optimizer gd; allowed: none, or sgd or adam"
                               : "sgd without batch; allowed: gd, or a batch of 1 and more"));
        return false;
    }
    if (p->time > 0.0 && p->time < 0.5 * p->learning_rate) {
        refuse(
            sweep, KEY_TIME, errors,
            checked_format("%g is no step of learning_rate %g; allowed: 0, or from half of it "
                           "on",
                           p->time, p->learning_rate));
        return false;
    }
    if (p->time / p->learning_rate > DESCENT_STEPS_MOST) {
        refuse(sweep, KEY_TIME, errors,
               checked_format("%g in steps of %g; allowed: up to %g steps", p->time,
                              p->learning_rate, DESCENT_STEPS_MOST));
        return false;
    }
    if (weights > 0x1p31 - 1.0) {
        refuse(sweep, KEY_WIDTH, errors,
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
        refuse(sweep, KEY_EPOCHS, errors,
               checked_format("%g of %g batches; allowed: up to %g steps", p->epochs, batches,
                              DESCENT_STEPS_MOST));
        return false;
    }
    return true;
}

/* Data are drawn row by row, in matrices of side d. */
static bool check_data(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const char *method = method_name(p->method);
    if (p->samples != floor(p->samples) || p->samples < 1.0 || p->samples > 0x1p53) {
        refuse(sweep, KEY_SAMPLES, errors,
               checked_format("%.15g for method %s; allowed: a whole number from 1 to 2^53",
                              p->samples, method));
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
        refuse(sweep, KEY_DIMENSION, errors,
               checked_format("%.15g for method %s; allowed: up to %d", p->dimension, method,
                              most));
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
        refuse(sweep, KEY_WIDTH, errors,
               checked_format("%.15g for %s %s; allowed: at least the dimension, %.15g",
                              p->width, full ? "model" : "method",
                              full ? model_name(p->model) : method, p->dimension));
        return false;
    }
    return true;
}

/* A key whose value at a point the theory at hand, or a training, does not cover. */
static bool refuse_features(const Sweep *sweep, KeyId id, const Problem *p, Diagnostics *errors,
                            const char *allowed)
{
    char *value = id == KEY_FEATURES ? checked_format("%s", feature_name(p->features))
                                     : checked_format("%g", key_get(&keys_table[id], p));
    refuse(sweep, id, errors,
           checked_format("%s: model %s, method %s has no theory for it; allowed: %s", value,
                          model_name(p->model), method_name(p->method), allowed));
    free(value);
    return false;
}

/* A parameter of a law that no point has. */
static bool check_law_has(const Sweep *sweep, KeyId id, FeatureLaw law, Diagnostics *errors)
{
    const Axis *features = &sweep->axis[KEY_FEATURES - KEY_AXES];
    bool there = !given(sweep, id);
    for (size_t k = 0; k < features->count; k++) {
        there = there || (FeatureLaw)features->values[k] == law;
    }
    if (!there) {
        refuse(sweep, id, errors,
               checked_format("of features %s alone; allowed: features %s, or no %s",
                              feature_name(law), feature_name(law), keys_table[id].name));
    }
    return there;
}

/* Blocks that are nowhere. */
static bool check_blocks_are(const Sweep *sweep, Diagnostics *errors)
{
    const Axis *rho = &sweep->axis[KEY_BLOCK_CORRELATION - KEY_AXES];
    bool there = !given(sweep, KEY_BLOCK_SIZE);
    for (size_t k = 0; k < rho->count; k++) {
        there = there || rho->values[k] > 0.0;
    }
    if (!there) {
        refuse(
            sweep, KEY_BLOCK_SIZE, errors,
            checked_format("of correlated features alone; allowed: a block_correlation above "
                           "0, or no block_size"));
    }
    return there;
}

/* Ridge regression and networks of matrices have a theory for every Sigma, which is decomposed
 * block by block. */
static bool check_blocks_predicted(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    if (!model_has(p->model, TRAIT_SQUARED) && !features_are_turned(p)) {
        return refuse_features(sweep, KEY_BLOCK_CORRELATION, p, errors,
                               "0, or model quadratic or ridge");
    }
    const bool wide = p->dimension > FEATURES_ALIGNED_MOST;
    if (wide || p->block_size > FEATURES_BLOCK_MOST) {
        refuse(sweep, wide ? KEY_DIMENSION : KEY_BLOCK_SIZE, errors,
               checked_format("%.15g for method %s, whose theory decomposes every block; "
                              "allowed: up to %d",
                              wide ? p->dimension : p->block_size, method_name(p->method),
                              wide ? FEATURES_ALIGNED_MOST : FEATURES_BLOCK_MOST));
        return false;
    }
    return true;
}

/* Where eigenvectors of teacher and Sigma differ, a fourth moment would ask for those of the
 * coordinates, too. */
static bool check_turned(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    if (p->features != FEATURES_GAUSSIAN) {
        return refuse_features(sweep, KEY_FEATURES, p, errors,
                               p->rotated ? "gaussian, or equal variances without blocks"
                                          : "gaussian, or no blocks");
    }
    if (p->dimension > FEATURES_TURNED_MOST) {
        refuse(sweep, KEY_DIMENSION, errors,
               checked_format("%.15g for method %s, whose theory decomposes a matrix at every "
                              "step; allowed: up to %d",
                              p->dimension, method_name(p->method), FEATURES_TURNED_MOST));
        return false;
    }
    return true;
}

/* What theory asks of a problem whose rows it depends on: `id` is the key that makes them so,
 * and `plain` its value where nothing is asked. */
static bool check_predicted(const Sweep *sweep, const Problem *p, KeyId id, const char *plain,
                            Diagnostics *errors)
{
    const Model *model = model_of(p);
    const MethodFacts *facts = method_facts(p->method);
    const bool matrix = model_has(p->model, TRAIT_MATRIX);
    const bool narrow =
        model_is_narrow(p) || (matrix && facts->optimises && !isnan(p->weight_decay));
    const char *also = p->depth > model->depth_least           ? ", or the least depth"
                       : narrow                                ? ", or a width of the dimension"
                       : model_has(p->model, TRAIT_INDEFINITE) ? ""
                       : (model_has(p->model, TRAIT_SQUARED) || features_are_turned(p)) &&
                               p->covariance_exponent > 3.0
                           ? " to 3" /* digits are lost: overlaps_ridge.c, overlaps_turned.c */
                           : NULL;
    if (also != NULL) {
        char *allowed = checked_format("%s%s", plain, also);
        refuse_features(sweep, id, p, errors, allowed);
        free(allowed);
        return false;
    }
    if (features_are_aligned(p) && p->dimension > FEATURES_ALIGNED_MOST) {
        refuse(sweep, KEY_DIMENSION, errors,
               checked_format("%.15g for method %s, whose theory of such rows has every "
                              "coordinate; allowed: up to %d",
                              p->dimension, facts->name, FEATURES_ALIGNED_MOST));
        return false;
    }
    return true;
}

/* A vector learns from any law what it learns from Gaussian rows of the same variances; what a
 * matrix learns depends on their fourth moment, too (theory.md section 14). */
static bool check_theory(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const bool law = p->features != FEATURES_GAUSSIAN && model_has(p->model, TRAIT_MATRIX);
    if (law && !isfinite(features_kurtosis(p))) {
        refuse(sweep, KEY_DEGREES_OF_FREEDOM, errors,
               checked_format("%g for method %s: no fourth moment, no theory; allowed: above 4",
                              p->degrees_of_freedom, method_name(p->method)));
        return false;
    }
    if (features_are_turned(p) && !check_turned(sweep, p, errors)) {
        return false;
    }
    if (features_are_correlated(p)) {
        return check_blocks_predicted(sweep, p, errors) &&
               check_predicted(sweep, p,
                               p->covariance_exponent > 3.0 ? KEY_COVARIANCE_EXPONENT
                                                            : KEY_BLOCK_CORRELATION,
                               "0", errors);
    }
    if (p->covariance_exponent != 0.0) {
        return check_predicted(sweep, p, KEY_COVARIANCE_EXPONENT, "0", errors);
    }
    return !law || check_predicted(sweep, p, KEY_FEATURES, "gaussian", errors);
}

/* Where rows are not Gaussian and isotropic. */
static bool check_features(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const KeyId id = KEY_COVARIANCE_EXPONENT;
    if (features_source_exponent(p) > keys_table[KEY_SOURCE_EXPONENT].high) {
        refuse(sweep, id, errors,
               checked_format("%g at source_exponent %g; allowed: a sum that lets the whitened "
                              "teacher decay as i^-%g at most",
                              p->covariance_exponent, p->source_exponent,
                              keys_table[KEY_SOURCE_EXPONENT].high));
        return false;
    }
    const MethodFacts *facts = method_facts(p->method);
    const bool blocks = features_are_correlated(p) && model_has(p->model, TRAIT_MATRIX);
    if ((p->rotated || blocks) && facts->draws_data && p->dimension > model_of(p)->side_most) {
        refuse(sweep, p->rotated ? KEY_ROTATED : KEY_BLOCK_CORRELATION, errors,
               checked_format("%s at dimension %.15g; allowed: up to %d",
                              p->rotated ? "yes" : "above 0", p->dimension,
                              model_of(p)->side_most));
        return false;
    }
    if (features_are_correlated(p) && facts->passes_messages) {
        return refuse_features(sweep, KEY_BLOCK_CORRELATION, p, errors, "0");
    }
    const bool deep = p->depth > model_of(p)->depth_least;
    if (p->covariance_exponent != 0.0 && facts->passes_messages &&
        (model_has(p->model, TRAIT_MATRIX) || deep)) {
        return refuse_features(sweep, id, p, errors, "0");
    }
    return !facts->predicts || check_theory(sweep, p, errors);
}

/* A linear unit is beside a whole matrix, of a convex training. */
static bool check_linear_unit(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const bool trained = method_facts(p->method)->draws_data;
    const bool good = !p->linear_unit || !trained || model_is_convex(p);
    if (!good) {
        refuse(sweep, KEY_LINEAR_UNIT, errors,
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
        refuse(sweep, KEY_DEPTH, errors,
               checked_format("%g for model %s; allowed: a whole number from %g to %g",
                              p->depth, model_name(p->model), least,
                              keys_table[KEY_DEPTH].high));
    } else if (p->depth > least && p->width < p->dimension) {
        refuse(sweep, KEY_WIDTH, errors,
               checked_format("%.15g at depth %g; allowed: at least the dimension, %.15g",
                              p->width, p->depth, p->dimension));
    } else if (p->depth > least && method_facts(p->method)->optimises &&
               !isnan(p->weight_decay)) {
        refuse(sweep, KEY_DEPTH, errors,
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
        refuse(sweep, KEY_DIMENSION, errors,
               checked_format("%.15g at width %.15g for method %s, start %s: %g numbers; "
                              "allowed: up to %g%s",
                              p->dimension, p->width, method_name(p->method),
                              p->start_aligned ? "aligned" : "random", numbers, most,
                              drawn ? ", or start: aligned" : ""));
        return false;
    }
    if (method_facts(p->method)->in_time && drawn && problem_flow_steps(p) > FLOW_STEPS_MOST) {
        refuse(sweep, KEY_TIME, errors,
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
    const bool nuclear = given(sweep, KEY_NUCLEAR_WEIGHT);
    const KeyId weight = nuclear ? KEY_NUCLEAR_WEIGHT : KEY_WEIGHT_DECAY;
    if (!check_resolved(sweep, KEY_SAMPLES, p->samples, d, errors) ||
        (given(sweep, KEY_WIDTH) && !check_resolved(sweep, KEY_WIDTH, p->width, d, errors)) ||
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

typedef bool (*PointCheck)(const Sweep *sweep, const Problem *p, Diagnostics *errors);

enum { INVOLVED_MOST = 10 };

/* At the points where the axes ids[count] have their least or largest value, the others being
 * at their place; false after the first mistake. */
static bool check_corners(const Sweep *sweep, const KeyId ids[], int count,
                          const size_t others[AXIS_COUNT], PointCheck check,
                          Diagnostics *errors)
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
    return check_corners(sweep, ids, sizeof ids / sizeof *ids, first, check_corner, errors);
}

/* Every law, for none is between two others. */
static void check_laws(const Sweep *sweep, Diagnostics *errors)
{
    static const KeyId ids[] = {KEY_SOURCE_EXPONENT,
                                KEY_COVARIANCE_EXPONENT,
                                KEY_BLOCK_CORRELATION,
                                KEY_BLOCK_SIZE,
                                KEY_DEGREES_OF_FREEDOM,
                                KEY_SPARSE_SHARE,
                                KEY_DIMENSION,
                                KEY_DEPTH,
                                KEY_WIDTH};
    const Axis *features = &sweep->axis[KEY_FEATURES - KEY_AXES];
    size_t place[AXIS_COUNT] = {0};
    bool good = check_law_has(sweep, KEY_DEGREES_OF_FREEDOM, FEATURES_STUDENT, errors) &&
                check_law_has(sweep, KEY_SPARSE_SHARE, FEATURES_SPARSE, errors) &&
                check_blocks_are(sweep, errors);
    for (size_t law = 0; good && (law == 0 || law < features->count); law++) {
        place[KEY_FEATURES - KEY_AXES] = law;
        good =
            check_corners(sweep, ids, sizeof ids / sizeof *ids, place, check_features, errors);
    }
}

/* A default, too, may be refused: at the line of the model. */
static bool refuse_word(const Sweep *sweep, KeyId id, const Problem *p, Diagnostics *errors,
                        const char *allowed)
{
    char *value = key_text(&keys_table[id], key_get(&keys_table[id], p));
    const size_t line = sweep->settings.written_at[given(sweep, id) ? id : KEY_MODEL];
    diagnostics_take(errors, line, keys_table[id].name,
                     checked_format("%s: method %s of model %s has no theory for it; "
                                    "allowed: %s",
                                    value, method_name(p->method), model_name(p->model),
                                    allowed));
    free(value);
    return false;
}

/* The spectrum of the matrix is the power law of the readout. */
static bool check_spectrum(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const char *wide = "above 0.5";
    if (p->teacher_directions != DIRECTIONS_ORTHONORMAL) {
        return refuse_word(sweep, KEY_TEACHER_DIRECTIONS, p, errors, "orthonormal");
    }
    if (p->teacher_width != p->dimension) {
        return refuse_word(sweep, KEY_TEACHER_WIDTH, p, errors, "the dimension");
    }
    return p->readout_exponent > 0.5 ||
           refuse_word(sweep, KEY_READOUT_EXPONENT, p, errors, wide);
}

/* The risk of what is trained is a series that Gaussian features make exact, without a linear
 * unit. */
static bool check_trained_neurons(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    if (p->linear_unit) {
        return refuse_word(sweep, KEY_LINEAR_UNIT, p, errors, "no");
    }
    return p->features == FEATURES_GAUSSIAN ||
           refuse_word(sweep, KEY_FEATURES, p, errors, "gaussian");
}

/* What a method knows of the network of general neurons (theory.md section 16). */
static bool check_neurons(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const bool predicts = method_facts(p->method)->predicts;
    if (method_facts(p->method)->draws_data) {
        return check_trained_neurons(sweep, p, errors);
    }
    const Activation activation = problem_teacher_activation(p);
    const double moment = activation_curvature(&activation);
    if (p->teacher_width > 1e6) {
        return refuse_word(sweep, KEY_TEACHER_WIDTH, p, errors, "up to 1e6");
    }
    if (predicts && p->activation != ACTIVATION_QUADRATIC) {
        return refuse_word(sweep, KEY_ACTIVATION, p, errors, "quadratic");
    }
    if (predicts && p->readout != READOUT_FIXED) {
        return refuse_word(sweep, KEY_READOUT, p, errors, "fixed");
    }
    if (predicts && moment <= 0.0) {
        return refuse_word(sweep, KEY_TEACHER_ACTIVATION, p, errors,
                           "one whose mu_2 = E sigma(z)(z^2 - 1) is above 0");
    }
    /* neurons that are all alike are another theory of method bayes */
    const bool alike =
        !predicts && p->readout_exponent == 0.0 && p->teacher_directions == DIRECTIONS_GAUSSIAN;
    return moment == 0.0 || alike || check_spectrum(sweep, p, errors);
}

static bool has_word(const Axis *axis, double word)
{
    bool there = false;
    for (size_t k = 0; k < axis->count; k++) {
        there = there || axis->values[k] == word;
    }
    return there;
}

/* Coefficients that no point has. */
static bool check_coefficients(const Sweep *sweep, Diagnostics *errors)
{
    const bool good =
        has_word(&sweep->axis[KEY_ACTIVATION - KEY_AXES], ACTIVATION_HERMITE) ||
        has_word(&sweep->axis[KEY_TEACHER_ACTIVATION - KEY_AXES], ACTIVATION_HERMITE);
    for (KeyId id = KEY_HERMITE_0; id <= KEY_HERMITE_6 && !good; id++) {
        if (given(sweep, id)) {
            refuse(sweep, id, errors,
                   checked_format("of activation hermite alone; allowed: activation or "
                                  "teacher_activation hermite, or no %s",
                                  keys_table[id].name));
            return false;
        }
    }
    return true;
}

/* Every pair of activations, for none is between two others. */
static void check_activations(const Sweep *sweep, Diagnostics *errors)
{
    static const KeyId ids[] = {KEY_DIMENSION, KEY_READOUT_EXPONENT, KEY_TEACHER_DIRECTIONS,
                                KEY_READOUT,   KEY_TEACHER_WIDTH,    KEY_WIDTH};
    const Axis *student = &sweep->axis[KEY_ACTIVATION - KEY_AXES];
    const Axis *teacher = &sweep->axis[KEY_TEACHER_ACTIVATION - KEY_AXES];
    size_t place[AXIS_COUNT] = {0};
    bool good = check_coefficients(sweep, errors);
    for (size_t s = 0; good && (s == 0 || s < student->count); s++) {
        for (size_t t = 0; good && (t == 0 || t < teacher->count); t++) {
            place[KEY_ACTIVATION - KEY_AXES] = s;
            place[KEY_TEACHER_ACTIVATION - KEY_AXES] = t;
            good = check_corners(sweep, ids, sizeof ids / sizeof *ids, place, check_neurons,
                                 errors);
        }
    }
}

void sweep_check(Sweep *sweep, size_t line, Diagnostics *errors)
{
    assert(line > 0);
    /* what else is wrong depends on them: no second mistake is made of the first */
    const bool unknown = (given(sweep, KEY_MODEL) && isnan(sweep->settings.value[KEY_MODEL])) ||
                         (given(sweep, KEY_METHOD) && isnan(sweep->settings.value[KEY_METHOD]));
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
    if (given(sweep, KEY_DATA) && sweep->source.rows == 0.0) {
        return; /* the file was found wrong before */
    }
    /* a key found wrong before has no values, and then there is nothing to resolve */
    for (KeyId id = KEY_AXES; id < KEY_COUNT; id++) {
        if (given(sweep, id) && sweep->axis[id - KEY_AXES].count == 0) {
            return;
        }
    }
    if (!check_numbers(sweep, errors)) {
        return;
    }
    sweep_check_refined(sweep, errors);
    if (model_has(sweep_model(sweep), TRAIT_NEURONS)) {
        check_activations(sweep, errors);
    } else {
        check_laws(sweep, errors);
    }
}
