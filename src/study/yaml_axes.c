/* Axes as they are written in a job file.  Numbers come out exactly as written: what a form
 * makes of them depends on the point, and is sweep_problem's business.
 *
 * A mapping is sorted by a table of names once, and every later step asks by index: unknown,
 * misspelt and repeated keys are found there and nowhere else.
 */
#include "yaml_axes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "range.h"

/* In the order of RangeKey. */
static const char *const range_names[RANGE_COUNT] = {"as", "values", "from",
                                                     "to", "count",  "spacing"};

size_t node_line(const yaml_node_t *node)
{
    /* marks of libyaml count from 0 */
    return node->start_mark.line + 1;
}

/* What an error shows: a list or mapping is named, not printed. */
const char *node_text(const yaml_node_t *node)
{
    assert(node != NULL);
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return (const char *)node->data.scalar.value;
    case YAML_SEQUENCE_NODE:
        return "(a list)";
    default:
        return "(a mapping)";
    }
}

/* 0 for what is no list, so that callers need one test for "no list" and "empty". */
size_t node_length(const yaml_node_t *list)
{
    return list->type != YAML_SEQUENCE_NODE
               ? 0
               : (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

/* Numbers of nodes count from 1; the document owns them. */
static const yaml_node_t *node_at(Reader *reader, int index)
{
    assert(index >= 1);
    return yaml_document_get_node(&reader->document, index);
}

/* Borrowed from the document. */
const yaml_node_t *node_item(Reader *reader, const yaml_node_t *list, size_t index)
{
    assert(list->type == YAML_SEQUENCE_NODE && index < node_length(list));
    return node_at(reader, list->data.sequence.items.start[index]);
}

char *node_wrong_part(const char *text)
{
    return text_find(range_names, RANGE_COUNT, text) >= 0
               ? NULL
               : text_hint(range_names, RANGE_COUNT, text);
}

/* `name` has a dot. */
static void put_member(Reader *reader, const yaml_node_t *key, const yaml_node_t *value,
                       const char *owner, const char *name)
{
    const char *dot = strchr(name, '.');
    const char *axes[AXIS_COUNT];
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        axes[id] = axis_name(id);
    }
    char *axis = checked_format("%.*s", (int)(dot - name), name);
    const int id = text_find(axes, AXIS_COUNT, axis);
    const int part = text_find(range_names, RANGE_COUNT, dot + 1);
    char *hint = id < 0 ? text_hint(axes, AXIS_COUNT, axis) : node_wrong_part(dot + 1);
    Member *member = id < 0 || part < 0 ? NULL : &reader->members[id][part];
    if (member == NULL) {
        diagnostics_add(&reader->errors, node_line(key), "%s: %s: %s%s", owner,
                        text_show(name).text, id < 0 ? "is no axis" : "no part of an axis",
                        hint);
    } else if (member->node != NULL) {
        diagnostics_add(&reader->errors, node_line(key), "%s: %s: given twice; allowed: once",
                        owner, name);
    } else {
        *member = (Member){.node = value};
    }
    free(axis);
    free(hint);
}

/* members: whether keys with a dot are members of axes. */
static bool collect(Reader *reader, const yaml_node_t *map, const char *owner,
                    const char *const names[], int count, const yaml_node_t *parts[],
                    bool members)
{
    /* at the root there is no key to name */
    const char *head = owner == NULL ? "" : owner;
    const char *colon = owner == NULL ? "" : ": ";
    for (int k = 0; k < count; k++) {
        parts[k] = NULL;
    }
    if (map->type != YAML_MAPPING_NODE) {
        diagnostics_add(&reader->errors, node_line(map),
                        "%s%s%s is no mapping; allowed: KEY: VALUE", head, colon,
                        text_show(node_text(map)).text);
        return false;
    }
    /* YAML allows a key twice and libyaml keeps both: the second would win silently */
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = node_at(reader, pair->key);
        char *name = keys_spelled(node_text(key));
        const int k = text_find(names, count, name);
        if (members && strchr(name, '.') != NULL) {
            put_member(reader, key, node_at(reader, pair->value), owner, name);
        } else if (k < 0) {
            char *hint = (count == KEY_COUNT ? keys_hint : text_hint)(names, count, name);
            diagnostics_add(&reader->errors, node_line(key), "%s%s%s: unknown key%s", head,
                            colon, text_show(node_text(key)).text, hint);
            free(hint);
        } else if (parts[k] != NULL) {
            diagnostics_add(&reader->errors, node_line(key),
                            "%s%s%s: given twice; allowed: once", head, colon, names[k]);
        } else {
            parts[k] = node_at(reader, pair->value);
        }
        free(name);
    }
    return true;
}

bool node_collect(Reader *reader, const yaml_node_t *map, const char *owner,
                  const char *const names[], int count, const yaml_node_t *parts[])
{
    return collect(reader, map, owner, names, count, parts, false);
}

bool node_collect_members(Reader *reader, const yaml_node_t *map, const char *owner,
                          const char *const names[], int count, const yaml_node_t *parts[])
{
    return collect(reader, map, owner, names, count, parts, true);
}

void node_take_members(Reader *reader, AxisId axis)
{
    for (RangeKey part = 0; part < RANGE_COUNT; part++) {
        Member *member = &reader->members[axis][part];
        member->taken = member->taken || member->held;
    }
}

void node_check_members(Reader *reader)
{
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        for (RangeKey part = 0; part < RANGE_COUNT; part++) {
            const Member *member = &reader->members[id][part];
            if (member->node != NULL && !member->taken) {
                diagnostics_add(&reader->errors, node_line(member->node),
                                "%s.%s: no sweep has %s as a %s; allowed: %s: %s",
                                axis_name(id), range_names[part], axis_name(id),
                                part >= RANGE_FROM ? "range" : "mapping", axis_name(id),
                                "{from: A, to: B, count: K}");
            }
        }
    }
}

/* Parts of a mapping, replaced by the members there are of its axis.  Values take the place of
 * a whole range; parts of a range leave mappings without one alone. */
static void put_members(Reader *reader, KeyId id, const yaml_node_t *parts[])
{
    Member *members = reader->members[id - KEY_AXES];
    const bool values = members[RANGE_VALUES].node != NULL;
    for (RangeKey k = RANGE_FROM; k < RANGE_COUNT && values; k++) {
        parts[k] = NULL;
    }
    const bool range = parts[RANGE_VALUES] == NULL || values;
    for (RangeKey k = 0; k < RANGE_COUNT; k++) {
        if (members[k].node != NULL && (k < RANGE_FROM || range)) {
            parts[k] = members[k].node;
            members[k].held = members[k].held || reader->in_set;
            members[k].taken = members[k].taken || !reader->in_set;
        }
    }
}

/* What is wrong is added under the name of the key; *value is then of no use. */
static void read_number(Reader *reader, const yaml_node_t *node, KeyId id, AxisForm form,
                        double *value)
{
    char *error = key_read(&keys_table[id], form, node_text(node), value);
    if (error != NULL) {
        diagnostics_take(&reader->errors, node_line(node), keys_table[id].name, error);
    }
}

/* For qsort; no NAN gets here. */
static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A repeated coordinate would make selection by value ambiguous. */
static void refuse_repeated(Reader *reader, const yaml_node_t *node, KeyId id, const Axis *axis)
{
    assert(axis->count > 0);
    double *sorted = checked_alloc(axis->count, sizeof(double));
    memcpy(sorted, axis->values, axis->count * sizeof(double));
    qsort(sorted, axis->count, sizeof(double), ascending);
    for (size_t k = 1; k < axis->count; k++) {
        if (sorted[k] == sorted[k - 1]) {
            char *text = axis_text((AxisId)(id - KEY_AXES), sorted[k]);
            diagnostics_add(&reader->errors, node_line(node),
                            "%s: %s is there twice; allowed: every value once",
                            keys_table[id].name, text);
            free(text);
            break;
        }
    }
    free(sorted);
}

/* Goes on after a wrong number, so that all of them are named. */
static void read_values(Reader *reader, const yaml_node_t *list, KeyId id, Axis *axis)
{
    const size_t count = node_length(list);
    if (count < 1 || count > AXIS_LONGEST) {
        diagnostics_add(&reader->errors, node_line(list),
                        "%s: %s; allowed: a list of 1 to %d %s", keys_table[id].name,
                        list->type != YAML_SEQUENCE_NODE ? "is no list"
                        : count < 1                      ? "is an empty list"
                                                         : "is too long a list",
                        AXIS_LONGEST, keys_table[id].kind == KIND_WORD ? "words" : "numbers");
        return;
    }
    assert(axis->values == NULL && axis->count == 0);
    axis->values = checked_alloc(count, sizeof(double));
    for (axis->count = 0; axis->count < count; axis->count++) {
        read_number(reader, node_item(reader, list, axis->count), id, axis->form,
                    &axis->values[axis->count]);
    }
}

/* The word written, or 0 if none. */
static int read_word(Reader *reader, const yaml_node_t *node, const char *owner,
                     const char *part, const char *const names[], int count)
{
    const int k = node == NULL ? 0 : text_find(names, count, node_text(node));
    if (k < 0) {
        char *hint = text_hint(names, count, node_text(node));
        diagnostics_add(&reader->errors, node_line(node), "%s: %s: %s is unknown%s", owner,
                        part, text_show(node_text(node)).text, hint);
        free(hint);
    }
    return k < 0 ? 0 : k;
}

/* Words that the key does not allow are not offered either. */
static void read_form(Reader *reader, const yaml_node_t *node, const Key *key, AxisForm *form)
{
    const char *names[FORM_COUNT];
    for (AxisForm f = 0; f < FORM_COUNT; f++) {
        names[f] = (key->forms >> f & 1) != 0 ? form_name(f) : NULL;
    }
    *form = (AxisForm)read_word(reader, node, key->name, "as", names, FORM_COUNT);
}

static void put_range(Axis *axis, const Key *key, double from, double to, size_t count,
                      Spacing spacing)
{
    const bool exponents = axis->form == FORM_POWER || axis->form == FORM_EFFECTIVE_POWER;
    double *values = checked_alloc(count, sizeof *values);
    range_fill(from, to, count, spacing, exponents, values);
    assert(axis->values == NULL && axis->count == 0);
    axis->values = values;
    axis->spacing = spacing;
    for (size_t k = 0; k < count; k++) {
        const bool whole = key->kind == KIND_WHOLE && axis->form == FORM_NUMBER;
        const double value = whole ? round(values[k]) : values[k];
        /* whole numbers closer than the steps would repeat: such a range is shorter */
        if (!whole || k == 0 || value != values[axis->count - 1]) {
            values[axis->count++] = value;
        }
    }
}

/* From two ends, both included, and a number of values. */
static void read_range(Reader *reader, const yaml_node_t *map, const yaml_node_t *parts[],
                       KeyId id, Axis *axis)
{
    /* the number of values obeys the rules of any whole key: same checks, same words */
    static const Key times = {
        .name = "count", .kind = KIND_WHOLE, .low = 2, .high = AXIS_LONGEST};
    static const char *const spacings[] = {"linear", "logarithmic"};
    const Key *key = &keys_table[id];
    const size_t before = reader->errors.count;
    if (key->kind == KIND_WORD) {
        diagnostics_add(&reader->errors, node_line(map),
                        "%s: words are in no range; allowed: values", key->name);
        return;
    }
    for (RangeKey k = RANGE_FROM; k <= RANGE_TIMES; k++) {
        if (parts[k] == NULL) {
            diagnostics_add(&reader->errors, node_line(map),
                            "%s: %s: missing; allowed: from, to and "
                            "count, or values",
                            key->name, range_names[k]);
        }
    }
    /* all errors of the mapping before the first number is used */
    const Spacing spacing =
        SPACING_LINEAR +
        (Spacing)read_word(reader, parts[RANGE_SPACING], key->name, "spacing", spacings, 2);
    if (reader->errors.count > before) {
        return;
    }
    double from, to, count;
    read_number(reader, parts[RANGE_FROM], id, axis->form, &from);
    read_number(reader, parts[RANGE_TO], id, axis->form, &to);
    char *error = key_read(&times, FORM_NUMBER, node_text(parts[RANGE_TIMES]), &count);
    if (error != NULL) {
        char *owner = checked_format("%s: count", key->name);
        diagnostics_take(&reader->errors, node_line(parts[RANGE_TIMES]), owner, error);
        free(owner);
    } else if (reader->errors.count == before && spacing == SPACING_LOGARITHMIC &&
               !(from > 0.0 && to > 0.0)) {
        diagnostics_add(&reader->errors, node_line(map),
                        "%s: a logarithmic range from %g to %g; "
                        "allowed: from and to above 0",
                        key->name, from, to);
    } else if (reader->errors.count == before) {
        put_range(axis, key, from, to, (size_t)count, spacing);
    }
}

/* {as: ..., values: ...} or a range; the form first, for it decides what the numbers may be. */
static void read_mapping(Reader *reader, const yaml_node_t *map, KeyId id, Axis *axis)
{
    const Key *key = &keys_table[id];
    const yaml_node_t *parts[RANGE_COUNT];
    const size_t before = reader->errors.count;
    node_collect(reader, map, key->name, range_names, RANGE_COUNT, parts);
    put_members(reader, id, parts);
    read_form(reader, parts[RANGE_AS], key, &axis->form);
    if (reader->errors.count > before) {
        return; /* which numbers are allowed depends on the form */
    }
    if (parts[RANGE_VALUES] == NULL) {
        read_range(reader, map, parts, id, axis);
        return;
    }
    for (RangeKey k = RANGE_FROM; k < RANGE_COUNT; k++) {
        if (parts[k] != NULL) {
            diagnostics_add(&reader->errors, node_line(parts[k]),
                            "%s: %s: given beside values; "
                            "allowed: values alone, or from, to and count",
                            key->name, range_names[k]);
        }
    }
    read_values(reader, parts[RANGE_VALUES], id, axis);
}

void node_read_axis(Reader *reader, const yaml_node_t *node, KeyId id, Axis *axis)
{
    assert(axis->values == NULL && id >= KEY_AXES && id < KEY_COUNT);
    const size_t before = reader->errors.count;
    /* a list of one value is an axis of length 1: a dimension of the arrays, unlike a number */
    axis->varied = true;
    if (node->type == YAML_SEQUENCE_NODE) {
        read_values(reader, node, id, axis);
    } else {
        read_mapping(reader, node, id, axis);
    }
    if (reader->errors.count == before) {
        refuse_repeated(reader, node, id, axis);
    }
    /* the mark that it was varied stays: sweep_check must not call the key missing */
    if (reader->errors.count > before) {
        free(axis->values);
        *axis = (Axis){.varied = true};
    }
}
