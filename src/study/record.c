/* The row checksum is a recipe that other programs repeat from the file alone: doubles and an
 * order, no structs, no padding, nothing of the machine.
 */
#include "phasesweep/study/record.h"

#include <assert.h>
#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/base/check.h"

const Field record_fields[FIELD_COUNT] = {
#define X(suffix, kind, methods, name, unit, symbol, equation, long_name)                      \
    [FIELD_##suffix] = {FIELD_##kind, HAS_##methods, name, unit, symbol, equation, long_name},
    FIELD_LIST(X)
#undef X
};

const SeriesField record_series[SERIES_COUNT] = {
#define X(suffix, index, across, methods, name, unit, symbol, equation, long_name)             \
    [SERIES_##suffix] = {INDEX_##index, INDEX_##across, HAS_##methods, name,                   \
                         unit,          symbol,         equation,      long_name},
    SERIES_LIST(X)
#undef X
};

const char *const record_indices[INDEX_COUNT] = {
    [INDEX_EIGENVALUE] = "eigenvalue_index",
    [INDEX_DENSITY] = "density_index",
    [INDEX_OUTLIER] = "outlier_index",
    [INDEX_ITERATION] = "iteration_index",
    [INDEX_STUDENT] = "student_index",
    [INDEX_TEACHER] = "teacher_index",
    [INDEX_OTHER_STUDENT] = "other_student_index",
};

Record record_empty(void)
{
    Record record = {.outcome = OUTCOME_NEVER_RUN};
    for (int field = 0; field < FIELD_COUNT; field++) {
        record.value[field] = NAN;
    }
    return record;
}

double record_resolved(const Problem *problem, FieldId field)
{
    switch (field) {
    case FIELD_SAMPLES:
        return problem->samples;
    case FIELD_EFFECTIVE:
        return problem_effective_samples(problem);
    case FIELD_WEIGHT_DECAY:
        return problem->weight_decay;
    case FIELD_NUCLEAR:
        return problem_nuclear_weight(problem);
    case FIELD_WIDTH:
        return problem->width;
    default:
        return NAN;
    }
}

Record record_unsolved(const Problem *problem, Outcome outcome)
{
    Record record = record_empty();
    record.outcome = outcome;
    for (FieldId field = FIELD_SAMPLES; field <= FIELD_WIDTH; field++) {
        record.value[field] = record_resolved(problem, field);
    }
    return record;
}

uint64_t record_fields_of(MethodId method, SweepExtras extras)
{
    const unsigned bit = 1u << method;
    const bool trained = (HAS_TRAINING & bit) != 0;
    const unsigned deep = (HAS_THEORY & bit) != 0 ? HAS_DEPTH
                          : trained               ? HAS_DEEP_TRAINING
                                                  : 0u;
    const unsigned bits = bit | (extras.depth || (trained && extras.neurons) ? deep : 0u) |
                          (extras.hold_out ? HAS_HOLD_OUT : 0u) |
                          (extras.folds ? HAS_FOLDS : 0u) | (extras.neurons ? HAS_NEURONS : 0u);
    assert(method >= 0 && method < METHOD_COUNT);
    uint64_t fields = 0;
    static_assert(FIELD_COUNT <= 64, "a set of fields is one word");
    for (int field = 0; field < FIELD_COUNT; field++) {
        fields |= (uint64_t)((record_fields[field].methods & bits) != 0) << field;
    }
    return fields;
}

/* The first index of a matrix is that of a plain series beside it. */
size_t series_rows(const size_t length[SERIES_COUNT], SeriesId id)
{
    size_t rows = length[id];
    for (SeriesId other = 0; other < SERIES_COUNT && rows > 0; other++) {
        if (record_series[other].across == INDEX_NONE &&
            record_series[other].index == record_series[id].index) {
            rows = length[other] > 0 ? length[other] : rows;
        }
    }
    return rows;
}

size_t series_columns(const size_t length[SERIES_COUNT], SeriesId id)
{
    const size_t rows = series_rows(length, id);
    assert(rows == 0 || length[id] % rows == 0);
    return rows > 0 ? length[id] / rows : 0;
}

size_t series_size(const size_t length[SERIES_COUNT], size_t points)
{
    size_t size = 0;
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        size += points * length[id];
    }
    return size;
}

Series series_in(double memory[], const size_t length[SERIES_COUNT], size_t points)
{
    Series series = {0};
    assert(memory != NULL || series_size(length, points) == 0);
    size_t used = 0;
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        series.length[id] = length[id];
        series.value[id] = length[id] > 0 ? memory + used : NULL;
        used += points * length[id];
    }
    return series;
}

void series_refit(const Series *from, size_t i, const Series *to, size_t k)
{
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        if (from->length[id] > 0 && to->length[id] > 0) {
            series_put(to, id, k, series_row(from, id, i), series_rows(from->length, id),
                       series_columns(from->length, id));
        }
    }
}

Series series_create(const size_t length[SERIES_COUNT], size_t points)
{
    const size_t size = series_size(length, points);
    double *memory = size > 0 ? checked_alloc(size, sizeof(double)) : NULL;
    const Series series = series_in(memory, length, points);
    for (size_t k = 0; k < points; k++) {
        series_clear(&series, k);
    }
    return series;
}

void series_free(Series *series)
{
    free(series_block(series));
    *series = (Series){0};
}

double *series_row(const Series *series, SeriesId id, size_t point)
{
    assert(id >= 0 && id < SERIES_COUNT);
    return series->length[id] > 0 ? series->value[id] + point * series->length[id] : NULL;
}

double series_number(const Series *series, SeriesId id, size_t point, size_t row, size_t column)
{
    const size_t columns = series_columns(series->length, id);
    return column < columns && row < series_rows(series->length, id)
               ? series_row(series, id, point)[row * columns + column]
               : (double)NAN;
}

void series_put(const Series *series, SeriesId id, size_t point, const double rows[],
                size_t count, size_t columns)
{
    const size_t room = series_rows(series->length, id);
    const size_t width = series_columns(series->length, id);
    for (size_t k = 0; k < count && k < room; k++) {
        memcpy(series_row(series, id, point) + k * width, rows + k * columns,
               (columns < width ? columns : width) * sizeof *rows);
    }
}

Series series_from(const Series *series, size_t point)
{
    Series rest = *series;
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        rest.value[id] = series_row(series, id, point);
    }
    return rest;
}

double *series_block(const Series *series)
{
    SeriesId id = 0;
    while (id < SERIES_COUNT && series->length[id] == 0) {
        id++;
    }
    return id < SERIES_COUNT ? series->value[id] : NULL;
}

void series_clear(const Series *series, size_t point)
{
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        double *row = series_row(series, id, point);
        for (size_t k = 0; k < series->length[id]; k++) {
            row[k] = NAN;
        }
    }
}

/* Doubles on their way into a checksum, some at a time. */
typedef struct Digest {
    XXH3_state_t *state;
    size_t count;
    unsigned char bytes[512][8];
} Digest;

static void flush(Digest *digest)
{
    XXH3_64bits_update(digest->state, digest->bytes, 8 * digest->count);
    digest->count = 0;
}

static void add(Digest *digest, double value)
{
    /* the sign and payload of a NAN depend on how it came about */
    const double one_nan = isnan(value) ? (double)NAN : value;
    uint64_t word;
    memcpy(&word, &one_nan, sizeof word);
    word = htole64(word); /* whatever the machine */
    memcpy(digest->bytes[digest->count++], &word, sizeof word);
    if (digest->count == sizeof digest->bytes / sizeof *digest->bytes) {
        flush(digest);
    }
}

uint64_t record_checksum(const Record *record, uint64_t fields, const RowData *row)
{
    Digest digest;
    digest.count = 0;
    digest.state = XXH3_createState();
    if (digest.state == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a checksum");
    }
    assert(row->coordinate_count == 0 || row->coordinates != NULL);
    XXH3_64bits_reset(digest.state);
    for (size_t k = 0; k < row->coordinate_count; k++) {
        add(&digest, row->coordinates[k]);
    }
    add(&digest, record->outcome);
    /* the seconds change with every run: a checksum shall tell damage, and equal results */
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (field != FIELD_SECONDS && (fields >> field & 1u) != 0) {
            add(&digest, record->value[field]);
        }
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        assert(row->length[id] == 0 || row->series[id] != NULL);
        for (size_t k = 0; k < row->length[id]; k++) {
            add(&digest, row->series[id][k]);
        }
    }
    flush(&digest);
    const uint64_t checksum = XXH3_64bits_digest(digest.state);
    XXH3_freeState(digest.state);
    return checksum;
}
