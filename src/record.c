#include "phasesweep/record.h"

#include <string.h>
#include <xxhash.h>

const Field record_fields[FIELD_COUNT] = {
#define X(suffix, name, unit, symbol, equation, long_name)                                     \
    [FIELD_##suffix] = {name, unit, symbol, equation, long_name},
    FIELD_LIST(X)
#undef X
};

uint64_t record_checksum(const Record *record)
{
    unsigned char bytes[FIELD_COUNT * 8];
    size_t length = 0;
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (field == FIELD_SECONDS) {
            continue;
        }
        uint64_t word;
        memcpy(&word, &record->value[field], sizeof word);
        for (int k = 0; k < 8; k++) {
            bytes[length++] = (unsigned char)(word >> (8 * k));
        }
    }
    return XXH3_64bits(bytes, length);
}
