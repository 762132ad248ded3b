#include "phasesweep/outcome.h"

#include <assert.h>

const char *outcome_name(Outcome outcome)
{
    static const char *const names[OUTCOME_COUNT] = {
#define X(suffix, code, name) [code] = name,
        OUTCOME_LIST(X)
#undef X
    };
    assert(outcome >= 0 && outcome < OUTCOME_COUNT);
    return names[outcome];
}
