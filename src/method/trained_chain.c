#include "trained_chain.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "phasesweep/study/keys.h"
#include "phasesweep/training/path.h"

/* Entries of the columns of a vector's data that its memory is made up of. */
static const double large_columns = 1e6;

/* How far a chain has come. */
typedef struct Progress {
    size_t done;               /* points of the chain finished */
    size_t folds, fold_points; /* folds finished then, and points of the next */
} Progress;

/* What travels in the checkpoint beside the state of the iteration: the points done so far. */
typedef struct Luggage {
    size_t bytes; /* of block; the same on every rank */
    Progress *progress;
    double *sums;    /* [count] what the rows of finished folds are off by, squared */
    Record *records; /* [count] */
    Series series;   /* of count points */
    void *block;     /* all of it; owned */
} Luggage;

/* One block, because a checkpoint moves bytes.  Empty: no point is done. */
static Luggage pack_luggage(const Chain *chain)
{
    const size_t records = chain->count * sizeof(Record);
    const size_t numbers = series_size(chain->series->length, chain->count);
    const size_t sums = chain->count * sizeof(double);
    static_assert(sizeof(Progress) % sizeof(double) == 0, "doubles may follow");
    Luggage luggage = {.bytes = sizeof(Progress) + sums + records + numbers * sizeof(double)};
    luggage.block = checked_alloc(luggage.bytes, 1);
    luggage.progress = luggage.block;
    luggage.sums = (double *)(luggage.progress + 1);
    luggage.records = (Record *)(luggage.sums + chain->count);
    luggage.series = series_in((double *)((char *)luggage.records + records),
                               chain->series->length, chain->count);
    for (size_t k = 0; k < chain->count; k++) {
        series_clear(&luggage.series, k);
    }
    return luggage;
}

/* ---- whose state a checkpoint is -----------------------------------------------------------
 */

/* Every key that a problem has but for limits, by the table: none is forgotten when a key is
 * added. */
static size_t list_numbers(const Problem *problem, double number[KEY_COUNT])
{
    size_t count = 0;
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        if (keys_table[id].member != 0 && !keys_table[id].silent) {
            number[count++] = key_get(&keys_table[id], problem);
        }
    }
    return count;
}

/* All that records and series of the chain depend on, and the archive they are for: a
 * checkpoint that lies beside another archive of this name is none of its own.  Owned by the
 * caller. */
static char *identity_of(const Chain *chain, size_t *bytes)
{
    const char *archive = chain->team->archive != NULL ? chain->team->archive : "";
    double *number = checked_alloc(1 + SERIES_COUNT + chain->count * KEY_COUNT, sizeof *number);
    double *next = number;
    *next++ = (double)chain->count;
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        *next++ = (double)chain->series->length[id];
    }
    for (size_t k = 0; k < chain->count; k++) {
        next += list_numbers(&chain->problems[k], next);
    }
    const size_t numbers = (size_t)(next - number) * sizeof *number;
    /* the NUL too */
    *bytes = numbers + strlen(archive) + 1;
    char *identity = checked_alloc(*bytes, 1);
    memcpy(identity, number, numbers);
    memcpy(identity + numbers, archive, strlen(archive) + 1);
    free(number);
    return identity;
}

/* ---- records -------------------------------------------------------------------------------
 */

/* What a trainer does not have is NAN, and so absent. */
static Record record_of(const Observed *seen, const Problem *problem, const double spectrum[])
{
    Record record = record_empty();
    double *value = record.value;
    record.outcome = seen->outcome;
    value[FIELD_RISK] = seen->risk;
    value[FIELD_PREDICTION_RISK] = seen->prediction_risk;
    value[FIELD_DELTA] = seen->delta;
    value[FIELD_THRESHOLD] = seen->threshold;
    value[FIELD_OVERLAP_Q] = seen->overlap_q;
    value[FIELD_OVERLAP_M] = seen->overlap_m;
    value[FIELD_TRACE] = seen->trace;
    value[FIELD_RANK] = seen->rank;
    value[FIELD_OBJECTIVE] = seen->objective;
    value[FIELD_TRAIN_LOSS] = seen->train_loss;
    value[FIELD_GAP] = seen->gap;
    value[FIELD_RESIDUAL] = seen->residual;
    value[FIELD_START_SPREAD] = seen->spread;
    value[FIELD_RISK_SPREAD] = seen->risk_spread;
    value[FIELD_STATIONARITY] = seen->stationarity;
    value[FIELD_ERROR_ESTIMATE] = seen->error_estimate;
    value[FIELD_RISK_ESTIMATE] = seen->risk_estimate;
    value[FIELD_NOISE_ESTIMATE] = seen->noise_estimate;
    value[FIELD_LINEAR_SQUARE] = seen->linear_square;
    value[FIELD_TEST_ERROR] = seen->test_error;
    value[FIELD_CLASSIFICATION_ERROR] = seen->classification_error;
    value[FIELD_FEATURE_OVERLAP] = seen->feature_overlap;
    value[FIELD_DAMPING] = seen->damping;
    value[FIELD_ITERATIONS] = seen->evaluations;
    value[FIELD_SPECIALISED] = seen->specialised;
    value[FIELD_SAMPLED_RISK] = seen->sampled_risk;
    if (!isnan(seen->rank)) {
        point_put_spectrum(problem, spectrum, value);
    }
    return record;
}

/* The leading places of a series, as far as both go. */
static void put_series(const Series *series, SeriesId id, size_t k, const double from[],
                       size_t count)
{
    const size_t length = series->length[id];
    if (from != NULL && length > 0) {
        memcpy(series_row(series, id, k), from,
               (count < length ? count : length) * sizeof *from);
    }
}

/* Of a network of neurons that has an end. */
static void put_pairs(const Series *series, size_t k, const NeuronPairs *pairs)
{
    if (pairs != NULL) {
        const size_t count = pairs->students;
        series_put(series, SERIES_NEURON_READOUT, k, pairs->readout, count, 1);
        series_put(series, SERIES_NEURON_OVERLAP, k, pairs->overlap, count, pairs->teachers);
        series_put(series, SERIES_NEURON_GRAM, k, pairs->gram, count, count);
    }
}

/* Collective on the team.  False if the team was told to stop in the middle of it; then it
 * does not count as done. */
static bool train_point(const Chain *chain, size_t k, Path *path, Luggage *luggage)
{
    const Problem *problem = &chain->problems[k];
    const size_t d = (size_t)problem->dimension;
    double *spectrum = checked_alloc(d, sizeof *spectrum);
    const Observed seen = path_solve(path, problem, spectrum, NULL);
    if (!seen.stopped) {
        const size_t room = luggage->series.length[SERIES_RISK_PATH];
        put_series(&luggage->series, SERIES_EIGENVALUES, k, spectrum, d);
        put_series(&luggage->series, SERIES_RISK_PATH, k, seen.risk_path, room);
        put_series(&luggage->series, SERIES_RISK_PREDICTED, k, seen.kept_path, room);
        put_pairs(&luggage->series, k, seen.pairs);
        luggage->records[k] = record_of(&seen, problem, spectrum);
        if (model_has(problem->model, TRAIT_NEURONS)) {
            point_put_moments(problem, point_neurons(chain->team->work, problem),
                              luggage->records[k].value);
        }
        point_check_answer(problem, &luggage->records[k]);
        point_complete(problem, path_seconds(path), &luggage->records[k]);
        /* last, like the outcome of a row */
        luggage->progress->done = k + 1;
    }
    free(spectrum);
    return !seen.stopped;
}

/* Collective on the team.  What is left of one fold: what the rows of it are off by.  False if
 * told to stop. */
static bool validate_fold(const Chain *chain, Path *path, double rows, Luggage *luggage)
{
    Progress *progress = luggage->progress;
    for (size_t k = progress->fold_points; k < chain->count; k++) {
        Problem problem = chain->problems[k];
        problem.samples -= rows;
        const Observed seen = path_solve(path, &problem, NULL, NULL);
        if (seen.stopped) {
            return false;
        }
        /* of a fold that has not ended there is no error, nor then of the point */
        luggage->sums[k] += outcome_is_good(seen.outcome) ? rows * seen.test_error : NAN;
        progress->fold_points = k + 1;
    }
    progress->folds++;
    progress->fold_points = 0;
    return true;
}

/* Collective on the team.  Folds are runs of the n rows in the order of the seed; those that
 * are finished travel in the checkpoint.  Seconds of the records are without them. */
static bool cross_validate(const Chain *chain, Path *path, Luggage *luggage)
{
    const size_t n = (size_t)chain->problems[0].samples;
    const size_t folds = (size_t)chain->problems[0].folds;
    DataFile data = chain->team->data;
    bool going_on = true;
    while (luggage->progress->folds < folds && going_on) {
        const size_t fold = luggage->progress->folds;
        going_on = path_rest(path);
        if (going_on) {
            data.fold_first = (int64_t)(n * fold / folds);
            data.fold_rows = (int64_t)(n * (fold + 1) / folds) - data.fold_first;
            path_turn_to(path, &data);
            going_on = validate_fold(chain, path, (double)data.fold_rows, luggage);
        }
    }
    for (size_t k = 0; k < chain->count && folds > 0; k++) {
        luggage->records[k].value[FIELD_VALIDATION_ERROR] = luggage->sums[k] / (double)n;
    }
    return going_on;
}

/* A chain has one trainer: that of the point which asks for the spread matrices, if one does.
 */
static const Trainer *choose_trainer(const Chain *chain, double memory)
{
    int ranks;
    MPI_Comm_size(chain->team->comm, &ranks);
    const double room = memory > 0.0 ? fmax(memory - program_bytes, 1.0) : INFINITY;
    const Trainer *plain = trainer_of(&chain->problems[0]);
    const Trainer *found = plain;
    for (size_t k = 0; k < chain->count && found == plain; k++) {
        found = trainer_for(&chain->problems[k], ranks, room);
    }
    return found;
}

/* Of the chain's ends, as the plan asks; 0 where columns are few beside the program, and theory
 * would take longer than it tells. */
static double expected_active(const Chain *chain)
{
    const Problem *first = &chain->problems[0];
    const Problem *last = &chain->problems[chain->count - 1];
    const bool tells = trainer_of(first) == &trainer_lasso &&
                       first->samples * first->dimension > large_columns;
    const double active = tells ? fmax(trained_active(first), trained_active(last)) : 0.0;
    return isfinite(active) ? active : 0.0;
}

bool trained_chain(const Chain *chain)
{
    const PointTeam *team = chain->team;
    assert(chain->count > 0 && team->comm != MPI_COMM_NULL);
    Luggage luggage = pack_luggage(chain);
    size_t bytes;
    char *identity = identity_of(chain, &bytes);
    TrainerSettings settings = trainer_defaults();
    settings.memory = (size_t)team->memory;
    settings.active = expected_active(chain);
    settings.iteration_limit = (int)chain->problems[0].iteration_limit;
    settings.time_limit = chain->problems[0].time_limit;
    settings.path_room = chain->series->length[SERIES_RISK_PATH];
    settings.data = team->data;
    settings.checkpoint = team->checkpoint;
    settings.identity = identity;
    settings.identity_bytes = bytes;
    settings.luggage = luggage.block;
    settings.luggage_bytes = luggage.bytes;
    settings.stop = team->stopping;
    settings.saved = team->saved;
    settings.stop_context = team->context;
    const Trainer *trainer = choose_trainer(chain, team->memory);
    Path *path = path_create(team->comm, trainer, &settings);
    bool going_on = true;
    for (size_t k = luggage.progress->done; k < chain->count && going_on; k++) {
        going_on = train_point(chain, k, path, &luggage);
    }
    going_on = going_on && cross_validate(chain, path, &luggage);
    path_free(path);
    /* also of a chain that was stopped: the caller stores only what is finished */
    memcpy(chain->records, luggage.records, chain->count * sizeof(Record));
    memcpy(series_block(chain->series), series_block(&luggage.series),
           series_size(chain->series->length, chain->count) * sizeof(double));
    free(identity);
    free(luggage.block);
    return going_on;
}
