#include "phasesweep/archive/export.h"
#include "phasesweep/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "open_job.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/phase.h"

/* Of all sweeps together. */
typedef struct Columns {
    bool axis[AXIS_COUNT][FORM_COUNT];
    uint64_t fields;
} Columns;

static Columns columns_of(const Job *job)
{
    Columns columns = {0};
    for (size_t s = 0; s < job->sweep_count; s++) {
        for (AxisId id = 0; id < AXIS_COUNT; id++) {
            const Axis *axis = &job->sweeps[s].axis[id];
            columns.axis[id][axis->form] = columns.axis[id][axis->form] || axis->count > 0;
        }
        columns.fields |= sweep_fields(&job->sweeps[s]);
    }
    return columns;
}

static void print_head(const Columns *columns)
{
    printf("sweep,model,method");
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        for (AxisForm form = 0; form < FORM_COUNT; form++) {
            if (columns->axis[id][form]) {
                char *name = axis_written_name(id, form);
                printf(",%s", name);
                free(name);
            }
        }
    }
    printf(",outcome,checksum");
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        if ((columns->fields >> field & 1u) != 0) {
            printf(",%s", record_fields[field].name);
        }
    }
    printf("\n");
}

/* As written: the power of an axis of powers, whose numbers most fields have besides. */
static void print_axes(const Columns *columns, const Sweep *sweep, size_t point)
{
    size_t place[AXIS_COUNT];
    sweep_place(sweep, point, place);
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        const Axis *axis = &sweep->axis[id];
        for (AxisForm form = 0; form < FORM_COUNT; form++) {
            const bool here = axis->count > 0 && axis->form == form;
            char *text = here ? axis_text(id, axis->values[place[id]]) : NULL;
            if (columns->axis[id][form]) {
                printf(",%s", text != NULL ? text : "");
            }
            free(text);
        }
    }
}

static void print_field(FieldId field, double value)
{
    if (!isfinite(value)) {
        printf(",");
    } else if (record_fields[field].kind == FIELD_PHASE) {
        printf(",%s", phase_name((Phase)value));
    } else {
        printf(",%.17g", value);
    }
}

/* False if the row is finished and not what was written. */
static bool print_point(const Columns *columns, const Sweep *sweep, size_t point,
                        const Rows *rows, size_t row)
{
    const Record *record = &rows->records[row];
    if (!rows->sound[row]) {
        return outcome_is_hole(record->outcome);
    }
    printf("%s,%s,%s", sweep->name, model_name(sweep_model(sweep)),
           method_name(sweep_method(sweep)));
    print_axes(columns, sweep, point);
    printf(",%s,%016" PRIx64, outcome_name(record->outcome), rows->checksum[row]);
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        if ((columns->fields >> field & 1u) != 0) {
            print_field(field, record->value[field]);
        }
    }
    printf("\n");
    return true;
}

static ExitStatus export_all(void *path)
{
    Opened opened = open_job_archive(path);
    const Columns columns = columns_of(opened.job);
    size_t wrong = 0;
    print_head(&columns);
    for (size_t s = 0; s < opened.job->sweep_count; s++) {
        const Sweep *sweep = &opened.job->sweeps[s];
        const size_t points = sweep_points(sweep);
        for (size_t first = 0, count; first < points; first += count) {
            count = sweep_block(sweep, first);
            archive_read_rows(opened.reader, s, first, count, opened.rows);
            for (size_t i = 0; i < count; i++) {
                wrong += !print_point(&columns, sweep, first + i, opened.rows, i);
            }
        }
    }
    if (wrong > 0) {
        fprintf(stderr, "phasesweep: %s: %s with a wrong checksum left out\n", opened.path,
                text_count((double)wrong, "point").text);
    }
    open_job_close(&opened);
    return wrong == 0 ? STATUS_DONE : STATUS_POINTS_FAILED;
}

ExitStatus export_csv(const char *path)
{
    assert(path != NULL);
    return archive_apart(path, NULL, export_all, (void *)path);
}
