#include "point_json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

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

/* JSON has no NAN: those at the end are padding, one before it is null. */
static void print_series(const Series *series, SeriesId id)
{
    const double *row = series_row(series, id, 0);
    size_t count = series->length[id];
    while (count > 0 && isnan(row[count - 1])) {
        count--;
    }
    if (count == 0) {
        return;
    }
    printf(", \"%s\": [", record_series[id].name);
    for (size_t k = 0; k < count; k++) {
        const char *comma = k > 0 ? ", " : "";
        isfinite(row[k]) ? printf("%s%.15g", comma, row[k]) : printf("%snull", comma);
    }
    printf("]");
}

void point_json(const Problem *problem, const Record *record, uint64_t fields,
                const Series *series)
{
    printf("{\"model\": \"%s\", \"method\": \"%s\", \"outcome\": \"%s\"",
           model_name(problem->model), method_name(problem->method),
           outcome_name(record->outcome));
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
