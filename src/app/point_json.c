#include "point_json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/phase.h"

static void print_field(FieldId field, double value)
{
    const char *name = field == FIELD_RANK ? FIELD_RANK_OLD : record_fields[field].name;
    if (!isfinite(value)) {
        return;
    }
    assert(field >= 0 && field < FIELD_COUNT);
    if (record_fields[field].kind == FIELD_PHASE) {
        printf(", \"%s\": \"%s\"", name, phase_name((Phase)value));
    } else {
        printf(", \"%s\": %.15g", name, value);
    }
}

/* NAN at the end is padding. */
static size_t series_count(const Series *series, SeriesId id)
{
    const double *row = series_row(series, id, 0);
    size_t count = series->length[id];
    while (count > 0 && isnan(row[count - 1])) {
        count--;
    }
    return count;
}

/* A matrix row by row.  JSON has no NAN: one before the end is null. */
static void print_series(const Series *series, SeriesId id)
{
    const double *row = series_row(series, id, 0);
    const size_t count = series_count(series, id);
    if (count == 0) {
        return;
    }
    const size_t columns = series_columns(series->length, id);
    const bool matrix = record_series[id].across != INDEX_NONE;
    printf(", \"%s\": %s", record_series[id].name, matrix ? "[[" : "[");
    for (size_t k = 0; k < count; k++) {
        const bool next = matrix && k > 0 && k % columns == 0;
        const char *comma = next ? "], [" : k > 0 ? ", " : "";
        isfinite(row[k]) ? printf("%s%.15g", comma, row[k]) : printf("%snull", comma);
    }
    fputs(matrix ? "]]" : "]", stdout);
}

/* Words in quotes, numbers as they are. */
static void print_input(KeyId id, double value, const char *comma)
{
    const Key *key = &keys_table[id];
    char *text = key_text(key, value);
    const char *quote = key->kind == KIND_WORD ? "\"" : "";
    printf("%s\"%s\": %s%s%s", comma, key->name, quote, text, quote);
    free(text);
}

/* The number of a law that was not given, where the rows have that law; else NAN. */
static double law_default(const Sweep *sweep, KeyId id)
{
    const Problem problem = sweep_problem(sweep, 0);
    const bool used = (id == KEY_DEGREES_OF_FREEDOM && problem.features == FEATURES_STUDENT) ||
                      (id == KEY_SPARSE_SHARE && problem.features == FEATURES_SPARSE);
    return used ? key_get(&keys_table[id], &problem) : NAN;
}

/* Those keys that would give the same point again: defaults of settings and of the law of the
 * rows are written out, axes that were not given are not. */
static void print_inputs(const Sweep *sweep)
{
    const bool of_file = sweep->source.file[0] != '\0';
    const char *comma = "";
    printf(", \"inputs\": {");
    for (KeyId id = KEY_MODEL; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        const Axis *axis = id < KEY_AXES ? NULL : &sweep->axis[id - KEY_AXES];
        const double value = axis == NULL       ? sweep->settings.value[id]
                             : axis->count == 1 ? axis->values[0]
                                                : law_default(sweep, id);
        /* what is held out of drawn rows is nothing */
        const bool of_rows = id == KEY_HOLD_OUT || id == KEY_FOLDS;
        if (key->kind == KIND_TEXT && sweep_text(sweep, id)[0] != '\0') {
            printf("%s\"%s\": \"%s\"", comma, key->name, sweep_text(sweep, id));
            comma = ", ";
        } else if (key_taken(key, sweep_model(sweep), sweep_method(sweep)) &&
                   key_in_range(key, FORM_NUMBER, value) && !(key->drawn && of_file) &&
                   (of_file || !of_rows)) {
            print_input(id, value, comma);
            comma = ", ";
        }
    }
    printf("}");
}

void point_json(const Sweep *sweep, const Record *record, const Series *series)
{
    const uint64_t fields = sweep_fields(sweep);
    printf("{\"model\": \"%s\", \"method\": \"%s\", \"outcome\": \"%s\"",
           model_name(sweep_model(sweep)), method_name(sweep_method(sweep)),
           outcome_name(record->outcome));
    print_inputs(sweep);
    /* absent and infinite alike are left out: JSON has neither */
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        if ((fields >> field & 1u) != 0) {
            print_field(field, record->value[field]);
        }
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        print_series(series, id);
    }
    printf("}\n");
}

static void print_row(const char *name, const char *symbol, const char *value,
                      const char *meaning)
{
    if (symbol[0] == '\0' && meaning[0] == '\0') {
        printf("%-24s %s\n", name, value);
    } else {
        printf("%-24s %-14s %-12s %s\n", name, value, symbol, meaning);
    }
}

static void print_field_row(FieldId field, double value)
{
    const bool phase = record_fields[field].kind == FIELD_PHASE;
    char *number = checked_format("%.6g", value);
    print_row(field == FIELD_RANK ? FIELD_RANK_OLD : record_fields[field].name,
              record_fields[field].symbol, phase ? phase_name((Phase)value) : number,
              record_fields[field].long_name);
    free(number);
}

void point_table(const Sweep *sweep, const Record *record, const Series *series)
{
    const uint64_t fields = sweep_fields(sweep);
    print_row("model", "", model_name(sweep_model(sweep)), "");
    print_row("method", "", method_name(sweep_method(sweep)), "");
    print_row("outcome", "", outcome_name(record->outcome), "");
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        if ((fields >> field & 1u) != 0 && isfinite(record->value[field])) {
            print_field_row(field, record->value[field]);
        }
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        if (series_count(series, id) > 0) {
            char *length = checked_format("%zu numbers", series_count(series, id));
            print_row(record_series[id].name, record_series[id].symbol, length, "with --json");
            free(length);
        }
    }
}
