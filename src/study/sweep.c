/* The keys and the points of a sweep; what it may hold is checked in sweep_check.c.
 *
 * Points are numbered along the axes, the last one fastest.
 */
#include "phasesweep/study/sweep.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"

ModelId sweep_model(const Sweep *sweep)
{
    return (ModelId)sweep->settings.value[KEY_MODEL];
}

MethodId sweep_method(const Sweep *sweep)
{
    return (MethodId)sweep->settings.value[KEY_METHOD];
}

static void put_value(Sweep *sweep, KeyId id, double value)
{
    if (id < KEY_AXES) {
        sweep->settings.value[id] = value;
        return;
    }
    /* one number; lists and ranges are read in yaml_axes.c */
    Axis *axis = &sweep->axis[id - KEY_AXES];
    assert(axis->count == 0 && axis->values == NULL);
    axis->values = checked_alloc(1, sizeof(double));
    axis->values[axis->count++] = value;
}

/* Where the text of a key stands. */
static char *text_of(Sweep *sweep, KeyId id)
{
    assert(id == KEY_NAME || id == KEY_DATA || id == KEY_TARGET);
    return id == KEY_NAME   ? sweep->name
           : id == KEY_DATA ? sweep->source.file
                            : sweep->source.target;
}

void sweep_put(Sweep *sweep, KeyId id, const char *text, size_t line, Diagnostics *errors)
{
    assert(sweep->settings.written_at[id] == 0 && line > 0);
    sweep->settings.written_at[id] = line;
    double value = 0.0;
    char *error = key_read(&keys_table[id], FORM_NUMBER, text, &value);
    if (error != NULL) {
        /* an axis then has no values */
        sweep->settings.value[id] = NAN;
        diagnostics_take(errors, line, keys_table[id].name, error);
        return;
    }
    put_value(sweep, id, value);
    if (keys_table[id].kind == KIND_NAME || keys_table[id].kind == KIND_TEXT) {
        snprintf(text_of(sweep, id), id == KEY_NAME ? NAME_LENGTH : TEXT_LENGTH, "%s", text);
    }
}

const char *sweep_text(const Sweep *sweep, KeyId id)
{
    return text_of((Sweep *)sweep, id);
}

/* Doubles hold 53 bits; 0 would say that there is no file. */
void sweep_know(Sweep *sweep, const DataSource *known)
{
    const double number = (double)(known->content >> 11);
    assert(known->rows >= 1.0 && sweep->settings.written_at[KEY_DATA] != 0);
    sweep->source.rows = known->rows;
    sweep->source.dimension = known->dimension;
    sweep->source.content = known->content;
    sweep->settings.value[KEY_DATA] = number > 0.0 ? number : 1.0;
}

void sweep_set(Sweep *sweep, const char *assignment, Diagnostics *errors)
{
    const char *names[KEY_COUNT];
    keys_list(names);
    names[KEY_NAME] = NULL; /* one sweep needs no name, several cannot share one */
    const char *equals = strchr(assignment, '=');
    const size_t length = equals == NULL ? strlen(assignment) : (size_t)(equals - assignment);
    char *name = checked_format("%.*s", (int)length, assignment);
    const int id = text_find(names, KEY_COUNT, keys_of_symbol(name));
    if (equals == NULL) {
        diagnostics_add(errors, 1, "%s: no `=` in it; allowed: KEY=VALUE",
                        text_show(assignment).text);
    } else if (id < 0) {
        char *hint = keys_hint(names, KEY_COUNT, name);
        diagnostics_add(errors, 1, "%s: unknown key%s", text_show(name).text, hint);
        free(hint);
    } else if (sweep->settings.written_at[id] != 0) {
        diagnostics_add(errors, 1, "%s: given twice; allowed: once", name);
    } else {
        sweep_put(sweep, (KeyId)id, equals + 1, 1, errors);
    }
    free(name);
}

void sweep_copy(Sweep *to, const Sweep *from, KeyId id)
{
    assert(to->settings.written_at[id] == 0);
    to->settings.written_at[id] = from->settings.written_at[id];
    to->settings.value[id] = from->settings.value[id];
    if (id < KEY_AXES &&
        (keys_table[id].kind == KIND_NAME || keys_table[id].kind == KIND_TEXT)) {
        strcpy(text_of(to, id), sweep_text(from, id));
        if (id == KEY_DATA) {
            to->source.rows = from->source.rows;
            to->source.dimension = from->source.dimension;
            to->source.content = from->source.content;
        }
    } else if (id >= KEY_AXES) {
        /* `to` owns its values, like every sweep */
        Axis *axis = &to->axis[id - KEY_AXES];
        *axis = from->axis[id - KEY_AXES];
        const double *values = axis->values;
        axis->values = checked_alloc(axis->count, sizeof(double));
        if (axis->count > 0) {
            memcpy(axis->values, values, axis->count * sizeof(double));
        }
    }
}

/* Defaults of axes that depend on others ("d") are the business of sweep_problem. */
void sweep_complete(Sweep *sweep)
{
    Problem so_far = {0};
    for (KeyId id = KEY_MODEL; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        const double *value = &sweep->settings.value[id];
        const bool none = sweep->settings.written_at[id] == 0;
        if (id == KEY_DIMENSION && none && sweep->source.rows > 0.0 &&
            sweep->axis[id - KEY_AXES].count == 0) {
            put_value(sweep, id, sweep->source.dimension);
        }
        if (id < KEY_AXES ? none || isnan(*value)
                          : none && key->preset != NULL && key->fallback == NULL) {
            put_value(sweep, id, key_default(key, &so_far));
        }
        if (id < KEY_AXES && key->member != 0) {
            key_put(key, &so_far, *value);
        }
    }
}

void sweep_free(Sweep *sweep)
{
    for (int id = 0; id < AXIS_COUNT; id++) {
        free(sweep->axis[id].values);
    }
    *sweep = (Sweep){0};
}

/* Outermost axis first; the order of axes is that of AxisId, not of the job file. */
int sweep_shape(const Sweep *sweep, size_t shape[AXIS_COUNT], AxisId ids[AXIS_COUNT])
{
    int rank = 0;
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        if (sweep->axis[id].varied) {
            shape[rank] = sweep->axis[id].count;
            ids[rank++] = id;
        }
    }
    return rank;
}

size_t sweep_points(const Sweep *sweep)
{
    size_t points = 1;
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        points *= sweep->axis[id].varied ? sweep->axis[id].count : 1;
    }
    /* check_size has seen to it that this does not overflow */
    return points;
}

/* Place along every axis, 0 on those that are one number; the last axis runs fastest. */
void sweep_place(const Sweep *sweep, size_t point, size_t place[AXIS_COUNT])
{
    for (int id = AXIS_COUNT - 1; id >= 0; id--) {
        const size_t count = sweep->axis[id].count > 0 ? sweep->axis[id].count : 1;
        place[id] = point % count;
        point /= count;
    }
    assert(point == 0);
}

size_t sweep_point(const Sweep *sweep, const size_t place[AXIS_COUNT])
{
    size_t point = 0;
    for (int id = 0; id < AXIS_COUNT; id++) {
        const size_t count = sweep->axis[id].count > 0 ? sweep->axis[id].count : 1;
        assert(place[id] < count);
        point = point * count + place[id];
    }
    return point;
}

static double largest_dimension(const Sweep *sweep)
{
    const Axis *axis = &sweep->axis[KEY_DIMENSION - KEY_AXES];
    double largest = 0.0;
    for (size_t k = 0; k < axis->count; k++) {
        largest = fmax(largest, axis->values[k]);
    }
    return largest;
}

/* Most neurons of a network in the archive, of its points the widest; other models: 0. */
static size_t neurons_stored(const Sweep *sweep, KeyId width)
{
    const Axis *axis = &sweep->axis[width - KEY_AXES];
    const double dimension = largest_dimension(sweep);
    double most = axis->count == 0 ? dimension : 1.0;
    for (size_t k = 0; k < axis->count; k++) {
        const double value = axis->values[k];
        most = fmax(most, axis->form == FORM_POWER ? round(pow(dimension, value)) : value);
    }
    return model_has(sweep_model(sweep), TRAIT_NEURONS) ? (size_t)fmin(most, NEURONS_STORED)
                                                        : 0;
}

/* Eigenvalues of the quadratic network, coefficients of the diagonal one: d of either.  A
 * predicted spectrum has as many outliers as fit; more lie so close that a histogram of them
 * is wanted, and phases where that is so have a large d. */
static size_t index_length(const Sweep *sweep, IndexId index)
{
    if (index >= INDEX_STUDENT) {
        return neurons_stored(sweep, index == INDEX_TEACHER ? KEY_TEACHER_WIDTH : KEY_WIDTH);
    }
    const double largest = largest_dimension(sweep);
    switch (index) {
    case INDEX_EIGENVALUE:
        return (size_t)(method_facts(sweep_method(sweep))->draws_data
                            ? largest
                            : fmin(largest, FLOW_STORED));
    case INDEX_DENSITY:
        return (size_t)sweep->settings.value[KEY_SPECTRUM];
    case INDEX_OUTLIER:
        return sweep->settings.value[KEY_SPECTRUM] > 0.0
                   ? (size_t)fmin(largest, OUTLIERS_STORED)
                   : 0;
    default:
        return ITERATIONS_STORED;
    }
}

uint64_t sweep_fields(const Sweep *sweep)
{
    const SweepExtras extras = {.depth = sweep->axis[KEY_DEPTH - KEY_AXES].count > 0,
                                .hold_out = sweep->settings.value[KEY_HOLD_OUT] > 0.0,
                                .folds = sweep->settings.value[KEY_FOLDS] > 0.0,
                                .neurons = model_has(sweep_model(sweep), TRAIT_NEURONS)};
    return record_fields_of(sweep_method(sweep), extras);
}

void sweep_series(const Sweep *sweep, size_t length[SERIES_COUNT])
{
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        const SeriesField *its = &record_series[id];
        const bool has = (its->methods >> sweep_method(sweep) & 1u) != 0;
        length[id] = has ? index_length(sweep, its->index) : 0;
        if (has && its->across != INDEX_NONE) {
            length[id] *= index_length(sweep, its->across);
        }
    }
}

/* What a written value means; of the point those keys are known that stand before it. */
static double resolve(const Problem *problem, AxisForm form, double value)
{
    const double d = problem->dimension;
    switch (form) {
    case FORM_POWER:
        return pow(d, value);
    case FORM_EFFECTIVE:
        return value * model_of(problem)->samples_per_effective(problem);
    case FORM_EFFECTIVE_POWER:
        return pow(d, value) * model_of(problem)->samples_per_effective(problem);
    case FORM_PROPORTIONAL:
        return value * d * model_of(problem)->samples_per_effective(problem);
    case FORM_SQRT_EFFECTIVE:
        return value * sqrt(problem_effective_samples(problem) / d);
    case FORM_ROOT_EFFECTIVE:
        return value *
               pow(problem_effective_samples(problem) / d, 0.5 * problem_power(problem));
    default:
        return value;
    }
}

static double axis_value(const Problem *so_far, KeyId id, const Axis *axis, size_t place)
{
    const Key *key = &keys_table[id];
    if (key->drawn && so_far->data != 0.0) {
        return 0.0;
    }
    if (axis->count == 0) {
        if (key->fallback == NULL) { /* of other networks */
            assert(!key_taken(key, so_far->model, so_far->method));
            return 0.0;
        }
        return key->fallback(so_far);
    }
    const double value = resolve(so_far, axis->form, axis->values[place]);
    /* rows of data are whole, like a width: a power of d is not */
    const bool whole = key->kind == KIND_WHOLE ||
                       (id == KEY_SAMPLES && method_facts(so_far->method)->draws_data);
    if (axis->form != FORM_NUMBER && whole) {
        return round(value);
    }
    /* the least depth is none, and so is what other laws have: as if it were not given */
    if ((id == KEY_DEPTH && value == model_of(so_far)->depth_least) ||
        (id >= KEY_HERMITE_0 && id <= KEY_HERMITE_6 &&
         so_far->activation != ACTIVATION_HERMITE &&
         so_far->teacher_activation != ACTIVATION_HERMITE) ||
        (id == KEY_BLOCK_SIZE && so_far->block_correlation == 0.0) ||
        (id == KEY_DEGREES_OF_FREEDOM && so_far->features != FEATURES_STUDENT) ||
        (id == KEY_SPARSE_SHARE && so_far->features != FEATURES_SPARSE)) {
        return 0.0;
    }
    /* lt = lambda sqrt(p/d) (theory.md section 1): the lambda of this width */
    return id == KEY_NUCLEAR_WEIGHT ? problem_weight_decay(so_far, value) : value;
}

/* Rows, where a share is written. */
static double setting_value(const Sweep *sweep, KeyId id)
{
    const double value = sweep->settings.value[id];
    return id == KEY_HOLD_OUT && value < 1.0 ? round(value * sweep->source.rows) : value;
}

/* Resolved to plain n, lambda, p: what a form means depends on d and on the other axes, so
 * it is done point by point, and rounding is done here, before any content id is made. */
Problem sweep_problem(const Sweep *sweep, size_t point)
{
    size_t place[AXIS_COUNT];
    sweep_place(sweep, point, place);
    assert(point < sweep_points(sweep));
    Problem problem = {.data_rows = sweep->source.rows};
    for (KeyId id = KEY_MODEL; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        if (key->member != 0) {
            const AxisId axis = (AxisId)id - KEY_AXES;
            key_put(key, &problem,
                    axis < 0 ? setting_value(sweep, id)
                             : axis_value(&problem, id, &sweep->axis[axis], place[axis]));
        }
    }
    return problem;
}

char *sweep_point_name(const Sweep *sweep, size_t point)
{
    size_t place[AXIS_COUNT];
    char *name = checked_format("%s", "");
    assert(point < sweep_points(sweep));
    sweep_place(sweep, point, place);
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        if (sweep->axis[id].varied) {
            char *value = axis_text(id, sweep->axis[id].values[place[id]]);
            char *written = axis_written_name(id, sweep->axis[id].form);
            char *longer = checked_format("%s%s%s = %s", name, name[0] != '\0' ? ", " : "",
                                          written, value);
            free(written);
            free(value);
            free(name);
            name = longer;
        }
    }
    if (name[0] == '\0') {
        free(name);
        name = checked_format("its only point");
    }
    return name;
}
