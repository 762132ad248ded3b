#include "phasesweep/base/outcome.h"

#include <assert.h>

const char *outcome_name(Outcome outcome)
{
    /* a code without a name would be NULL: the list leaves no gap */
    static const char *const names[OUTCOME_COUNT] = {
#define X(suffix, code, name) [code] = name,
        OUTCOME_LIST(X)
#undef X
    };
    assert(outcome >= 0 && outcome < OUTCOME_COUNT);
    return names[outcome];
}

bool outcome_is_hole(Outcome outcome)
{
    return outcome == OUTCOME_NEVER_RUN || outcome == OUTCOME_RUNNING ||
           outcome == OUTCOME_NOT_ASKED;
}

bool outcome_has_row(Outcome outcome)
{
    return outcome >= OUTCOME_NEVER_RUN && outcome < OUTCOME_COUNT && !outcome_is_hole(outcome);
}

bool outcome_is_good(Outcome outcome)
{
    return outcome == OUTCOME_CONVERGED || outcome == OUTCOME_STATIONARY;
}
