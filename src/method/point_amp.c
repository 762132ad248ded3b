/* Message passing: what theory says of its path goes beside it. */
#include "phasesweep/model/model.h"
#include "phasesweep/theory/amp_forecast.h"
#include "phasesweep/training/trainer.h"
#include "data_prices.h"
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

static double seconds(const Problem *problem, bool first, double *fixed)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    const DataPrice price =
        model_has(problem->model, TRAIT_MATRIX)
            ? (DataPrice){80, 80, 2.0 * n * d * d, 10.0 * d * d * d, 4e10, d * d}
            : (DataPrice){80, 80, 4.0 * n * d, 0.0, 4e9, d};
    return data_seconds(&price, d, first, fixed);
}

static double memory(const Problem *problem, int ranks, SampleStore store)
{
    return (double)trainer_memory(problem, ranks, store);
}

const Method method_amp = {solve, seconds, memory};
