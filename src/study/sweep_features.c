/* What a sweep may hold of rows that are not Gaussian and isotropic (theory.md section 14). */
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "sweep_check.h"

/* A key whose value at a point the theory at hand, or a training, does not cover. */
static bool refuse_features(const Sweep *sweep, KeyId id, const Problem *p, Diagnostics *errors,
                            const char *allowed)
{
    char *value = id == KEY_FEATURES ? checked_format("%s", feature_name(p->features))
                                     : checked_format("%g", key_get(&keys_table[id], p));
    sweep_refuse(sweep, id, errors,
                 checked_format("%s: model %s, method %s has no theory for it; allowed: %s",
                                value, model_name(p->model), method_name(p->method), allowed));
    free(value);
    return false;
}

/* A parameter of a law that no point has. */
static bool check_law_has(const Sweep *sweep, KeyId id, FeatureLaw law, Diagnostics *errors)
{
    const Axis *features = &sweep->axis[KEY_FEATURES - KEY_AXES];
    bool there = !sweep_given(sweep, id);
    for (size_t k = 0; k < features->count; k++) {
        there = there || (FeatureLaw)features->values[k] == law;
    }
    if (!there) {
        sweep_refuse(sweep, id, errors,
                     checked_format("of features %s alone; allowed: features %s, or no %s",
                                    feature_name(law), feature_name(law), keys_table[id].name));
    }
    return there;
}

/* Blocks that are nowhere. */
static bool check_blocks_are(const Sweep *sweep, Diagnostics *errors)
{
    const Axis *rho = &sweep->axis[KEY_BLOCK_CORRELATION - KEY_AXES];
    bool there = !sweep_given(sweep, KEY_BLOCK_SIZE);
    for (size_t k = 0; k < rho->count; k++) {
        there = there || rho->values[k] > 0.0;
    }
    if (!there) {
        sweep_refuse(
            sweep, KEY_BLOCK_SIZE, errors,
            checked_format("of correlated features alone; allowed: a block_correlation above "
                           "0, or no block_size"));
    }
    return there;
}

/* Theory goes block by block, for positive coefficients: those of a block learn from each other
 * by their signs, and the first few, whose signs are no average, have most of the risk. */
static bool check_blocks_predicted(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    if (p->random_signs && model_has(p->model, TRAIT_SIGNS)) {
        sweep_refuse(sweep, KEY_SIGNS, errors,
                     checked_format("random beside block_correlation %g: method %s is for "
                                    "positive coefficients there; allowed: positive, or method "
                                    "training%s",
                                    p->block_correlation, method_name(p->method),
                                    model_has(p->model, TRAIT_SQUARED) ? "" : " or amp"));
        return false;
    }
    const bool wide = p->dimension > FEATURES_ALIGNED_MOST;
    if (wide || fmin(p->block_size, p->dimension) > FEATURES_BLOCK_MOST) {
        sweep_refuse(sweep, wide ? KEY_DIMENSION : KEY_BLOCK_SIZE, errors,
                     checked_format("%.15g for method %s, whose theory goes block by block; "
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
        sweep_refuse(
            sweep, KEY_DIMENSION, errors,
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
        sweep_refuse(sweep, KEY_DIMENSION, errors,
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
        sweep_refuse(
            sweep, KEY_DEGREES_OF_FREEDOM, errors,
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

/* A step of message passing is a threshold in the coordinates where rows are isotropic, whose
 * penalty there is Tr P S~ or |A^-T theta~|_1; those of the others have no closed form. */
static bool check_messages(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const bool deep = p->depth > model_of(p)->depth_least;
    if (features_are_isotropic(p) || !(model_has(p->model, TRAIT_INDEFINITE) || deep)) {
        return true;
    }
    const KeyId id =
        features_are_correlated(p) ? KEY_BLOCK_CORRELATION : KEY_COVARIANCE_EXPONENT;
    sweep_refuse(sweep, id, errors,
                 checked_format("%g: model %s%s has no closed threshold on such rows, which "
                                "method %s takes; allowed: 0",
                                key_get(&keys_table[id], p), model_name(p->model),
                                deep ? " of this depth" : "", method_name(p->method)));
    return false;
}

/* Where rows are not Gaussian and isotropic. */
static bool check_features(const Sweep *sweep, const Problem *p, Diagnostics *errors)
{
    const KeyId id = KEY_COVARIANCE_EXPONENT;
    if (features_source_exponent(p) > keys_table[KEY_SOURCE_EXPONENT].high) {
        sweep_refuse(
            sweep, id, errors,
            checked_format("%g at source_exponent %g; allowed: a sum that lets the whitened "
                           "teacher decay as i^-%g at most",
                           p->covariance_exponent, p->source_exponent,
                           keys_table[KEY_SOURCE_EXPONENT].high));
        return false;
    }
    const MethodFacts *facts = method_facts(p->method);
    const bool blocks = features_are_correlated(p) && model_has(p->model, TRAIT_MATRIX);
    if ((p->rotated || blocks) && facts->draws_data && p->dimension > model_of(p)->side_most) {
        sweep_refuse(sweep, p->rotated ? KEY_ROTATED : KEY_BLOCK_CORRELATION, errors,
                     checked_format("%s at dimension %.15g; allowed: up to %d",
                                    p->rotated ? "yes" : "above 0", p->dimension,
                                    model_of(p)->side_most));
        return false;
    }
    if (facts->passes_messages) {
        return check_messages(sweep, p, errors);
    }
    return !facts->predicts || check_theory(sweep, p, errors);
}

void sweep_check_laws(const Sweep *sweep, Diagnostics *errors)
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
        good = sweep_check_corners(sweep, ids, sizeof ids / sizeof *ids, place, check_features,
                                   errors);
    }
}
