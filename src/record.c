#include "phasesweep/record.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/check.h"

const Field record_fields[FIELD_COUNT] = {
#define X(suffix, kind, methods, name, unit, symbol, equation, long_name)                      \
    [FIELD_##suffix] = {FIELD_##kind, HAS_##methods, name, unit, symbol, equation, long_name},
    FIELD_LIST(X)
#undef X
};

Record record_empty(void)
{
    Record record = {.outcome = OUTCOME_NEVER_RUN};
    for (int field = 0; field < FIELD_COUNT; field++) {
        record.value[field] = NAN;
    }
    return record;
}

uint64_t record_fields_of(Method method)
{
    uint64_t fields = 0;
    static_assert(FIELD_COUNT <= 64, "a set of fields is one word");
    for (int field = 0; field < FIELD_COUNT; field++) {
        fields |= (uint64_t)(record_fields[field].methods >> method & 1u) << field;
    }
    return fields;
}

static void digest(XXH3_state_t *state, double value)
{
    /* the sign and payload of a NAN depend on how it came about */
    const double one_nan = isnan(value) ? (double)NAN : value;
    uint64_t word;
    unsigned char bytes[8];
    memcpy(&word, &one_nan, sizeof word);
    for (int k = 0; k < 8; k++) {
        bytes[k] = (unsigned char)(word >> (8 * k));
    }
    XXH3_64bits_update(state, bytes, sizeof bytes);
}

uint64_t record_checksum(const Record *record, uint64_t fields, const RowData *row)
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a checksum");
    }
    XXH3_64bits_reset(state);
    for (size_t k = 0; k < row->coordinate_count; k++) {
        digest(state, row->coordinates[k]);
    }
    digest(state, record->outcome);
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (field != FIELD_SECONDS && (fields >> field & 1u) != 0) {
            digest(state, record->value[field]);
        }
    }
    for (size_t k = 0; k < row->eigenvalue_count; k++) {
        digest(state, row->eigenvalues[k]);
    }
    const uint64_t checksum = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return checksum;
}
