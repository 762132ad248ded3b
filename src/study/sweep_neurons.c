/* What a sweep may hold of general neurons (theory.md section 16). */
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/model/neuron_moments.h"
#include "sweep_check.h"

/* A default, too, may be refused: at the line of the model. */
static bool refuse_word(const Sweep *sweep, KeyId id, const Problem *p, Diagnostics *errors,
                        const char *allowed)
{
    char *value = key_text(&keys_table[id], key_get(&keys_table[id], p));
    const size_t line = sweep->settings.written_at[sweep_given(sweep, id) ? id : KEY_MODEL];
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
    if (moment != 0.0 && alike && p->noise < ALIKE_LEAST_NOISE) {
        return refuse_word(sweep, KEY_NOISE, p, errors, "1e-6 and more");
    }
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
        if (sweep_given(sweep, id)) {
            sweep_refuse(sweep, id, errors,
                         checked_format("of activation hermite alone; allowed: activation or "
                                        "teacher_activation hermite, or no %s",
                                        keys_table[id].name));
            return false;
        }
    }
    return true;
}

/* Networks of neurons are trained on what their teacher draws. */
static bool check_drawn(const Sweep *sweep, Diagnostics *errors)
{
    const bool drawn = !sweep_given(sweep, KEY_DATA);
    if (!drawn) {
        sweep_refuse(sweep, KEY_DATA, errors,
                     checked_format("of a file beside model neurons; allowed: no data, or "
                                    "model quadratic, signed, diagonal or ridge"));
    }
    return drawn;
}

void sweep_check_activations(const Sweep *sweep, Diagnostics *errors)
{
    static const KeyId ids[] = {KEY_NOISE,
                                KEY_DIMENSION,
                                KEY_READOUT_EXPONENT,
                                KEY_TEACHER_DIRECTIONS,
                                KEY_READOUT,
                                KEY_TEACHER_WIDTH,
                                KEY_WIDTH};
    const Axis *student = &sweep->axis[KEY_ACTIVATION - KEY_AXES];
    const Axis *teacher = &sweep->axis[KEY_TEACHER_ACTIVATION - KEY_AXES];
    size_t place[AXIS_COUNT] = {0};
    bool good = check_drawn(sweep, errors) && check_coefficients(sweep, errors);
    for (size_t s = 0; good && (s == 0 || s < student->count); s++) {
        for (size_t t = 0; good && (t == 0 || t < teacher->count); t++) {
            place[KEY_ACTIVATION - KEY_AXES] = s;
            place[KEY_TEACHER_ACTIVATION - KEY_AXES] = t;
            good = sweep_check_corners(sweep, ids, sizeof ids / sizeof *ids, place,
                                       check_neurons, errors);
        }
    }
}
