#include "phasesweep/job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "phasesweep/check.h"

typedef struct Key {
    const char *name;
    double      low, high;  /* of a value in FORM_NUMBER; low is allowed only if closed */
    bool        closed;
    bool        whole;
    const char *allowed;
    unsigned    forms;      /* bit set of AxisForm */
} Key;

#define BIT(form) (1u << (form))
enum { SAMPLE_FORMS = BIT(FORM_POWER) | BIT(FORM_EFFECTIVE) | BIT(FORM_EFFECTIVE_POWER),
       WEIGHT_FORMS = BIT(FORM_POWER) | BIT(FORM_SQRT_EFFECTIVE) };

static const Key keys[AXIS_COUNT] = {
    [AXIS_SOURCE_EXPONENT] = {"source_exponent", 0.5, 100, false, false, "a number above 0.5", 1},
    [AXIS_DIMENSION] = {"dimension", 2, 1e6, true, true, "a whole number from 2 to 1000000", 1},
    [AXIS_NOISE] = {"noise", 0, 1e12, true, false, "a number from 0 to 1e12", 1},
    [AXIS_SEED] = {"seed", 0, 9007199254740992.0, true, true, "a whole number from 0", 1},
    [AXIS_WIDTH] = {"width", 1, 1e12, true, true, "a whole number from 1", 1 | BIT(FORM_POWER)},
    [AXIS_SAMPLES] = {"samples", 0, 1e60, false, false, "a number above 0", 1 | SAMPLE_FORMS},
    [AXIS_WEIGHT_DECAY] = {"weight_decay", 0, 1e60, false, false, "a number above 0",
                           1 | WEIGHT_FORMS},
    [AXIS_NUCLEAR_WEIGHT] = {"nuclear_weight", 0, 1e60, false, false, "a number above 0",
                             1 | WEIGHT_FORMS},
};

/* What a whole token says, or NAN: trailing characters are no number. */
static double number_of(const char *text)
{
    char *end;
    const double value = strtod(text, &end);
    return *text == '\0' || *end != '\0' || !isfinite(value) ? NAN : value;
}

static char *bad(const char *key, const char *text, const char *allowed)
{
    return checked_format("%s: %s is not allowed; allowed: %s", key, text, allowed);
}

static char *unknown_key(const char *name)
{
    const char *list = "model, method, tolerance, source_exponent, dimension, noise, seed, "
                       "width, samples, weight_decay, nuclear_weight";
    return checked_format("%s: unknown key; allowed: %s", name, list);
}

static bool in_range(const Key *key, AxisForm form, double value)
{
    if (!isfinite(value)) {
        return false;
    }
    if (form == FORM_POWER || form == FORM_EFFECTIVE_POWER) {
        return fabs(value) <= 60.0;
    }
    return (key->closed ? value >= key->low : value > key->low) && value <= key->high &&
           (!key->whole || value == floor(value));
}

static void axis_append(Axis *axis, double value)
{
    axis->values = checked_realloc(axis->values, axis->count + 1, sizeof(double));
    axis->values[axis->count++] = value;
}

static int axis_by_name(const char *name)
{
    for (int id = 0; id < AXIS_COUNT; id++) {
        if (strcmp(name, keys[id].name) == 0) {
            return id;
        }
    }
    return -1;
}

/* Settings of a sweep that are not axes.  Returns false if `key` is none. */
static bool set_setting(Sweep *sweep, const char *key, const char *text, char **error)
{
    if (strcmp(key, "model") == 0) {
        if (strcmp(text, model_name(MODEL_QUADRATIC)) != 0) {
            *error = bad(key, text, "quadratic");
        }
        sweep->model = MODEL_QUADRATIC;
    } else if (strcmp(key, "method") == 0) {
        if (strcmp(text, method_name(METHOD_STATE_EVOLUTION)) != 0) {
            *error = bad(key, text, "state_evolution");
        }
        sweep->method = METHOD_STATE_EVOLUTION;
    } else if (strcmp(key, "tolerance") == 0) {
        sweep->tolerance = number_of(text);
        if (!(sweep->tolerance >= 1e-13 && sweep->tolerance <= 1e-2)) {
            *error = bad(key, text, "a number from 1e-13 to 1e-2");
        }
    } else {
        return false;
    }
    return true;
}

static char *set_scalar(Sweep *sweep, const char *key, const char *text)
{
    char *error = NULL;
    if (set_setting(sweep, key, text, &error)) {
        return error;
    }
    const int id = axis_by_name(key);
    if (id < 0) {
        return unknown_key(key);
    }
    if (sweep->axis[id].count > 0) {
        return checked_format("%s: given twice", key);
    }
    const double value = number_of(text);
    if (!in_range(&keys[id], FORM_NUMBER, value)) {
        return bad(key, text, keys[id].allowed);
    }
    axis_append(&sweep->axis[id], value);
    return NULL;
}

char *sweep_set(Sweep *sweep, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    if (equals == NULL) {
        return checked_format("%s: expected KEY=VALUE", assignment);
    }
    char *key = checked_format("%.*s", (int)(equals - assignment), assignment);
    char *error = set_scalar(sweep, key, equals + 1);
    free(key);
    return error;
}

char *sweep_check(Sweep *sweep)
{
    if (sweep->tolerance == 0.0) {
        sweep->tolerance = 1e-9;
    }
    static const AxisId required[] = {AXIS_SOURCE_EXPONENT, AXIS_DIMENSION, AXIS_NOISE,
                                      AXIS_SAMPLES};
    for (size_t k = 0; k < sizeof required / sizeof *required; k++) {
        const Key *key = &keys[required[k]];
        if (sweep->axis[required[k]].count == 0) {
            return checked_format("%s: missing; allowed: %s", key->name, key->allowed);
        }
    }
    if ((sweep->axis[AXIS_WEIGHT_DECAY].count > 0) ==
        (sweep->axis[AXIS_NUCLEAR_WEIGHT].count > 0)) {
        return checked_format("weight_decay: give either weight_decay or nuclear_weight");
    }
    for (size_t point = 0; point < sweep_points(sweep); point++) {
        const Problem p = sweep_problem(sweep, point);
        if (p.width < p.dimension) {
            return checked_format("width: %g is below the dimension %g, which "
                                  "state_evolution does not solve yet; allowed: >= dimension",
                                  p.width, p.dimension);
        }
    }
    return NULL;
}

/* ---- YAML ---------------------------------------------------------------------------- */

typedef struct Reader {
    const char     *file;
    yaml_document_t document;
    char           *errors; /* one line each; owned */
} Reader;

static void complain(Reader *reader, const yaml_node_t *node, char *message)
{
    char *all = checked_format("%s%s:%zu: %s\n", reader->errors == NULL ? "" : reader->errors,
                               reader->file, node->start_mark.line + 1, message);
    free(message);
    free(reader->errors);
    reader->errors = all;
}

static yaml_node_t *node_at(Reader *reader, int index)
{
    return yaml_document_get_node(&reader->document, index);
}

/* Text of a scalar node, or a name of what the node is instead. */
static const char *text_of(const yaml_node_t *node)
{
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return (const char *)node->data.scalar.value;
    case YAML_SEQUENCE_NODE:
        return "(a list)";
    default:
        return "(a mapping)";
    }
}

static void read_list(Reader *reader, const yaml_node_t *list, const Key *key, Axis *axis)
{
    for (yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *node = node_at(reader, *item);
        const double value = number_of(text_of(node));
        if (!in_range(key, axis->form, value)) {
            complain(reader, node, bad(key->name, text_of(node), key->allowed));
        }
        axis_append(axis, value);
    }
    if (axis->count == 0) {
        complain(reader, list, checked_format("%s: empty list", key->name));
    }
}

static bool read_form(const Key *key, const char *text, AxisForm *form)
{
    for (AxisForm f = 0; f < FORM_COUNT; f++) {
        if ((key->forms & BIT(f)) != 0 && strcmp(text, form_name(f)) == 0) {
            *form = f;
            return true;
        }
    }
    return false;
}

/* {as: FORM, values: [...]} or {as: FORM, from: A, to: B, count: K, spacing: S} */
static void read_range(Reader *reader, const yaml_node_t *map, const Key *key, Axis *axis)
{
    double from = NAN, to = NAN, count = NAN;
    bool logarithmic = false;
    const yaml_node_t *values = NULL;
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++) {
        const char *name = text_of(node_at(reader, pair->key));
        const yaml_node_t *node = node_at(reader, pair->value);
        const char *text = text_of(node);
        if (strcmp(name, "from") == 0) {
            from = number_of(text);
        } else if (strcmp(name, "to") == 0) {
            to = number_of(text);
        } else if (strcmp(name, "count") == 0) {
            count = number_of(text);
        } else if (strcmp(name, "values") == 0 && node->type == YAML_SEQUENCE_NODE) {
            values = node;
        } else if (strcmp(name, "spacing") == 0 &&
                   (strcmp(text, "logarithmic") == 0 || strcmp(text, "linear") == 0)) {
            logarithmic = strcmp(text, "logarithmic") == 0;
        } else if (strcmp(name, "as") != 0 || !read_form(key, text, &axis->form)) {
            complain(reader, node,
                     checked_format("%s: %s: %s is not allowed; allowed: as, from, to, count, "
                                    "spacing: linear|logarithmic, values",
                                    key->name, name, text));
        }
    }
    if (values != NULL) {
        read_list(reader, values, key, axis);
        return;
    }
    const bool whole = count >= 2 && count <= 1e6 && count == floor(count);
    if (!in_range(key, axis->form, from) || !in_range(key, axis->form, to) || !whole ||
        (logarithmic && !(from > 0.0 && to > 0.0))) {
        complain(reader, map,
                 checked_format("%s: a range needs from and to (%s), count (2 to 1000000)",
                                key->name, key->allowed));
        return;
    }
    for (size_t k = 0; k < (size_t)count; k++) {
        const double share = (double)k / (count - 1.0);
        axis_append(axis, logarithmic ? from * pow(to / from, share)
                                      : from + share * (to - from));
        if (!in_range(key, axis->form, axis->values[k])) {
            complain(reader, map, checked_format("%s: %.17g in the range; allowed: %s",
                                                 key->name, axis->values[k], key->allowed));
            return;
        }
    }
}

static void read_entry(Reader *reader, Sweep *sweep, const yaml_node_t *key_node,
                       const yaml_node_t *node)
{
    const char *key = text_of(key_node);
    const int id = axis_by_name(key);
    if (strcmp(key, "name") == 0) {
        const char *text = text_of(node);
        const size_t legal = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (legal == 0 || text[legal] != '\0' || legal >= NAME_LENGTH) {
            complain(reader, node, bad(key, text, "up to 63 of a-z, 0-9, _"));
        } else {
            snprintf(sweep->name, sizeof sweep->name, "%s", text);
        }
    } else if (id >= 0 && node->type != YAML_SCALAR_NODE) {
        Axis *axis = &sweep->axis[id];
        if (axis->count > 0) {
            complain(reader, node, checked_format("%s: given twice", key));
            return;
        }
        axis->varied = true;
        if (node->type == YAML_SEQUENCE_NODE) {
            read_list(reader, node, &keys[id], axis);
        } else {
            read_range(reader, node, &keys[id], axis);
        }
    } else {
        char *error = set_scalar(sweep, key, text_of(node));
        if (error != NULL) {
            complain(reader, id >= 0 ? node : key_node, error);
        }
    }
}

static void read_sweep(Reader *reader, const yaml_node_t *node, Job *job)
{
    if (node->type != YAML_MAPPING_NODE) {
        complain(reader, node, checked_format("sweeps: each must be a mapping"));
        return;
    }
    job->sweeps = checked_realloc(job->sweeps, job->sweep_count + 1, sizeof(Sweep));
    Sweep *sweep = &job->sweeps[job->sweep_count++];
    *sweep = (Sweep){0};
    snprintf(sweep->name, sizeof sweep->name, "sweep_%zu", job->sweep_count);
    char *before = reader->errors;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        read_entry(reader, sweep, node_at(reader, pair->key), node_at(reader, pair->value));
    }
    char *error = reader->errors == before ? sweep_check(sweep) : NULL;
    for (size_t k = 0; error == NULL && k + 1 < job->sweep_count; k++) {
        if (strcmp(job->sweeps[k].name, sweep->name) == 0) {
            error = checked_format("name: %s is used twice", sweep->name);
        }
    }
    if (error != NULL) {
        complain(reader, node, error);
    }
}

static void read_root(Reader *reader, const yaml_node_t *root, Job *job)
{
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        const yaml_node_t *node = node_at(reader, pair->value);
        if (strcmp(text_of(key), "title") == 0 && node->type == YAML_SCALAR_NODE) {
            snprintf(job->title, sizeof job->title, "%s", text_of(node));
        } else if (strcmp(text_of(key), "sweeps") == 0 && node->type == YAML_SEQUENCE_NODE) {
            for (yaml_node_item_t *item = node->data.sequence.items.start;
                 item < node->data.sequence.items.top; item++) {
                read_sweep(reader, node_at(reader, *item), job);
            }
        } else {
            complain(reader, key, bad(text_of(key), text_of(node),
                                      "title: TEXT, sweeps: a list of mappings"));
        }
    }
    if (job->sweep_count == 0 && reader->errors == NULL) {
        complain(reader, root, checked_format("sweeps: missing"));
    }
}

char *job_parse(const char *file, const char *text, size_t length, Job *job)
{
    *job = (Job){0};
    Reader reader = {.file = file};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        die(STATUS_ENVIRONMENT, "out of memory in the YAML parser");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (!yaml_parser_load(&parser, &reader.document)) {
        char *error = checked_format("%s:%zu: %s\n", file, parser.problem_mark.line + 1,
                                     parser.problem);
        yaml_parser_delete(&parser);
        return error;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&reader.document);
    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        reader.errors = checked_format("%s:1: the job is empty or no mapping; allowed: title, "
                                       "sweeps\n", file);
    } else {
        read_root(&reader, root, job);
    }
    yaml_document_delete(&reader.document);
    yaml_parser_delete(&parser);
    if (reader.errors != NULL) {
        job_free(job);
    }
    return reader.errors;
}

void job_free(Job *job)
{
    for (size_t k = 0; k < job->sweep_count; k++) {
        for (int id = 0; id < AXIS_COUNT; id++) {
            free(job->sweeps[k].axis[id].values);
        }
    }
    free(job->sweeps);
    *job = (Job){0};
}
