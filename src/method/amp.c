/* Message passing: what theory says of its path goes beside it. */
#include "phasesweep/theory/amp_forecast.h"
#include "phasesweep/training/trainer.h"
#include "trained_chain.h"

static bool solve(const Chain *chain)
{
    const bool finished = trained_chain(chain);
    const size_t room = chain->series->length[SERIES_RISK_PREDICTED];
    for (size_t k = 0; k < chain->count && finished && room > 0; k++) {
        double *kept = series_row(chain->series, SERIES_RISK_PREDICTED, k);
        amp_forecast(&chain->problems[k], room, kept, kept); /* in its place */
    }
    return finished;
}

const Method method_amp = {solve, trained_seconds, trained_memory};
