/* Points of message passing.  Each draws its data and begins at S = 0, as its state evolution
 * does; one that was told to stop is redone.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/model/model.h"
#include "phasesweep/theory/amp_forecast.h"
#include "phasesweep/training/amp.h"
#include "data_prices.h"
#include "point_line.h"

static void put_amp(const Amp *amp, double value[])
{
    value[FIELD_RISK] = amp->risk;
    value[FIELD_DELTA] = amp->delta;
    value[FIELD_THRESHOLD] = amp->threshold;
    value[FIELD_OVERLAP_Q] = amp->overlap_q;
    value[FIELD_OVERLAP_M] = amp->overlap_m;
    value[FIELD_TRACE] = amp->trace;
    value[FIELD_RANK] = amp->rank;
    value[FIELD_OBJECTIVE] = amp->objective;
    value[FIELD_TRAIN_LOSS] = amp->train_loss;
    value[FIELD_FEATURE_OVERLAP] = amp->feature_overlap;
    value[FIELD_RESIDUAL] = amp->residual;
}

/* Of an iteration that diverged there is its path, and what it cost. */
static Record record_of(const Amp *amp, const Problem *problem, const double eigenvalues[])
{
    Record record = record_empty();
    record.outcome = amp->outcome;
    record.value[FIELD_ITERATIONS] = amp->iterations;
    record.value[FIELD_DAMPING] = amp->damping;
    if (amp->outcome != OUTCOME_DIVERGED) {
        put_amp(amp, record.value);
        point_put_spectrum(problem, eigenvalues, record.value);
    }
    return record;
}

/* Collective on the team. */
static Amp solve(const PointTeam *team, const Problem *problem, double eigenvalues[],
                 const AmpPath *path)
{
    AmpSettings settings = amp_defaults();
    settings.store = problem->store;
    settings.memory = (size_t)team->memory;
    settings.damping = problem->damping;
    settings.stop = team->stopping;
    settings.stop_context = team->context;
    AmpWork *work = amp_create(team->comm, problem, &settings);
    const Amp amp = amp_solve(work, problem, eigenvalues, path);
    amp_free(work);
    return amp;
}

static bool point_amp(const Chain *chain)
{
    assert(chain->team->comm != MPI_COMM_NULL);
    for (size_t k = 0; k < chain->count; k++) {
        const Problem *problem = &chain->problems[k];
        double *eigenvalues = series_row(chain->series, SERIES_EIGENVALUES, k);
        const AmpPath path = {chain->series->length[SERIES_RISK_PATH],
                              series_row(chain->series, SERIES_RISK_PATH, k),
                              series_row(chain->series, SERIES_RISK_PREDICTED, k)};
        const double start = point_clock();
        const Amp amp = solve(chain->team, problem, eigenvalues, &path);
        if (amp.stopped) {
            return false;
        }
        amp_forecast(problem, path.room, path.kept, path.kept); /* in its place */
        chain->records[k] = record_of(&amp, problem, eigenvalues);
        point_complete(problem, point_clock() - start, &chain->records[k]);
    }
    return true;
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
    return (double)amp_memory(problem, ranks, store);
}

const Method method_amp = {point_amp, seconds, memory};
