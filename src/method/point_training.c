/* Chains of trainings: points that share their data, each starting from the one before.
 *
 * A training may be stopped in the middle of a point.  Its checkpoint then holds the state of
 * the iteration, and as luggage the records of the points before it: a chain that goes on
 * repeats the same iterates and needs nothing of the archive, to which it goes as a whole.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "phasesweep/training/lasso.h"
#include "phasesweep/training/narrow.h"
#include "phasesweep/training/training.h"
#include "data_prices.h"
#include "point_line.h"

/* What travels in the checkpoint beside the state of the iteration: the points done so far. */
typedef struct Luggage {
    size_t bytes;    /* of block; the same on every rank */
    size_t *done;    /* points of the chain finished */
    Record *records; /* [count] */
    Series series;   /* of count points */
    void *block;     /* all of it; owned */
} Luggage;

/* One block, because a checkpoint and a broadcast move bytes.  Empty: no point is done. */
static Luggage pack_luggage(const Chain *chain)
{
    const size_t records = chain->count * sizeof(Record);
    const size_t numbers = series_size(chain->series->length, chain->count);
    Luggage luggage = {.bytes = sizeof(double) + records + numbers * sizeof(double)};
    luggage.block = checked_alloc(luggage.bytes, 1);
    static_assert(sizeof(size_t) <= sizeof(double), "the count fits before the records");
    luggage.done = luggage.block;
    luggage.records = (Record *)((char *)luggage.block + sizeof(double));
    luggage.series = series_in((double *)((char *)luggage.records + records),
                               chain->series->length, chain->count);
    for (size_t k = 0; k < chain->count; k++) {
        series_clear(&luggage.series, k);
    }
    return luggage;
}

/* Everything that the rows and labels are drawn from; weight decay, width and tolerance are not
 * in it, and along these a chain keeps its data. */
static bool same_data(const Problem *a, const Problem *b)
{
    return a->source_exponent == b->source_exponent && a->dimension == b->dimension &&
           a->noise == b->noise && a->seed == b->seed && a->samples == b->samples &&
           a->random_signs == b->random_signs;
}

/* A way to train: data are drawn once for a run of points that share them.  All three are
 * collective on the team. */
typedef struct Trainer {
    void *(*create)(const Chain *chain, const Problem *problem, const Luggage *luggage);
    void (*release)(void *work);
    /* Fill the record and the first d eigenvalues; false if the team was told to stop. */
    bool (*solve)(void *work, const Problem *problem, double eigenvalues[], Record *record);
} Trainer;

/* Training, Narrow and Lasso call by the same names what all of them observe. */
#define PUT_OBSERVED(record, t)                                                                \
    do {                                                                                       \
        (record)->outcome = (t).outcome;                                                       \
        (record)->value[FIELD_RISK] = (t).risk;                                                \
        (record)->value[FIELD_OVERLAP_Q] = (t).overlap_q;                                      \
        (record)->value[FIELD_OVERLAP_M] = (t).overlap_m;                                      \
        (record)->value[FIELD_TRACE] = (t).trace;                                              \
        (record)->value[FIELD_RANK] = (t).rank;                                                \
        (record)->value[FIELD_OBJECTIVE] = (t).objective;                                      \
        (record)->value[FIELD_GAP] = (t).gap;                                                  \
    } while (false)

/* ---- quadratic network, width >= d ------------------------------------------------------- */

static void *quadratic_create(const Chain *chain, const Problem *problem,
                              const Luggage *luggage)
{
    TrainingSettings settings = training_defaults();
    settings.store = problem->store;
    settings.memory = (size_t)chain->team->memory;
    settings.tolerance = problem->tolerance;
    settings.checkpoint = chain->team->checkpoint;
    settings.luggage = luggage->block;
    settings.luggage_bytes = luggage->bytes;
    settings.stop = chain->team->stopping;
    settings.stop_context = chain->team->context;
    return training_create(chain->team->comm, problem, &settings);
}

static void quadratic_release(void *work)
{
    training_free(work);
}

static bool quadratic_solve(void *work, const Problem *problem, double eigenvalues[],
                            Record *record)
{
    double *overlaps = checked_alloc((size_t)problem->dimension, sizeof(double));
    const Training t = training_solve(work, problem, eigenvalues, overlaps);
    PUT_OBSERVED(record, t);
    record->value[FIELD_ITERATIONS] = t.iterations;
    record->value[FIELD_TRAIN_LOSS] = t.train_loss;
    /* without an eigenvector there is none to overlap */
    record->value[FIELD_FEATURE_OVERLAP] = t.rank > 0 ? overlaps[0] : NAN;
    free(overlaps);
    return !t.stopped;
}

/* ---- quadratic network, width < d ---------------------------------------------------------
 */

static void *narrow_begin(const Chain *chain, const Problem *problem, const Luggage *luggage)
{
    NarrowSettings settings = narrow_defaults();
    settings.store = problem->store;
    settings.memory = (size_t)chain->team->memory;
    settings.tolerance = problem->tolerance;
    settings.checkpoint = chain->team->checkpoint;
    settings.luggage = luggage->block;
    settings.luggage_bytes = luggage->bytes;
    settings.stop = chain->team->stopping;
    settings.stop_context = chain->team->context;
    return narrow_create(chain->team->comm, problem, &settings);
}

static void narrow_end(void *work)
{
    narrow_free(work);
}

/* Below width d the gap is a certificate only where it is near 0 (theory.md section 8). */
static bool narrow_point(void *work, const Problem *problem, double eigenvalues[],
                         Record *record)
{
    double *overlaps = checked_alloc((size_t)problem->dimension, sizeof(double));
    const Narrow t = narrow_solve(work, problem, eigenvalues, overlaps);
    PUT_OBSERVED(record, t);
    record->value[FIELD_ITERATIONS] = t.evaluations;
    record->value[FIELD_TRAIN_LOSS] = t.train_loss;
    record->value[FIELD_START_SPREAD] = t.spread;
    record->value[FIELD_FEATURE_OVERLAP] = t.rank > 0 ? overlaps[0] : NAN;
    free(overlaps);
    return !t.stopped;
}

/* ---- diagonal network ---------------------------------------------------------------------
 */

static void *diagonal_create(const Chain *chain, const Problem *problem, const Luggage *luggage)
{
    (void)luggage; /* minutes, not hours: a chain that is stopped is begun again */
    LassoSettings settings = lasso_defaults();
    settings.random_signs = problem->random_signs;
    settings.memory = (size_t)chain->team->memory;
    settings.tolerance = problem->tolerance;
    settings.stop = chain->team->stopping;
    settings.stop_context = chain->team->context;
    return lasso_create(chain->team->comm, problem, &settings);
}

static void diagonal_release(void *work)
{
    lasso_free(work);
}

static bool diagonal_solve(void *work, const Problem *problem, double eigenvalues[],
                           Record *record)
{
    const Lasso t = lasso_solve(work, problem, eigenvalues);
    PUT_OBSERVED(record, t);
    record->value[FIELD_ITERATIONS] = t.iterations;
    record->value[FIELD_TRAIN_LOSS] = t.train_loss;
    return !t.stopped;
}

/* ---- chains ---------------------------------------------------------------------------------
 */

/* A new network is a row here. */
enum { TRAIN_WIDE, TRAIN_NARROW, TRAIN_DIAGONAL };

static const Trainer trainers[] = {
    [TRAIN_WIDE] = {quadratic_create, quadratic_release, quadratic_solve},
    [TRAIN_NARROW] = {narrow_begin, narrow_end, narrow_point},
    [TRAIN_DIAGONAL] = {diagonal_create, diagonal_release, diagonal_solve},
};

static const Trainer *trainer_of(const Problem *problem)
{
    return &trainers[!model_has(problem->model, TRAIT_MATRIX) ? TRAIN_DIAGONAL
                     : model_is_narrow(problem)               ? TRAIN_NARROW
                                                              : TRAIN_WIDE];
}

/* Collective on the team.  False if the team was told to stop in the middle of it; then
 * *done does not count it. */
static bool train_point(const Chain *chain, size_t k, const Trainer *trainer, void *work,
                        Luggage *luggage)
{
    const size_t width = chain->series->length[SERIES_EIGENVALUES];
    assert(k < chain->count && chain->problems[k].dimension <= (double)width);
    const Problem *problem = &chain->problems[k];
    const size_t d = (size_t)problem->dimension;
    const double start = point_clock();
    double *eigenvalues = series_row(&luggage->series, SERIES_EIGENVALUES, k);
    Record record = record_empty();
    if (!trainer->solve(work, problem, eigenvalues, &record)) {
        return false;
    }
    const bool failed = record.outcome == OUTCOME_FAILED;
    /* shorter spectra of a sweep over d, and none where it failed */
    for (size_t i = failed ? 0 : d; i < width; i++) {
        eigenvalues[i] = NAN;
    }
    /* numbers of a training that failed mean nothing; what it cost does */
    if (failed) {
        const double iterations = record.value[FIELD_ITERATIONS];
        record = record_empty();
        record.outcome = OUTCOME_FAILED;
        record.value[FIELD_ITERATIONS] = iterations;
    } else {
        point_put_spectrum(problem, eigenvalues, record.value);
    }
    point_complete(problem, point_clock() - start, &record);
    luggage->records[k] = record;
    /* last, like the outcome of a row */
    *luggage->done = k + 1;
    return true;
}

static bool point_train(const Chain *chain)
{
    assert(chain->count > 0 && chain->team->comm != MPI_COMM_NULL);
    const Trainer *trainer = trainer_of(&chain->problems[0]);
    Luggage luggage = pack_luggage(chain);
    void *work = NULL;
    bool going_on = true;
    for (size_t k = 0; k < chain->count && going_on; k++) {
        const Problem *problem = &chain->problems[k];
        if (k == 0 || !same_data(problem, problem - 1)) {
            if (work != NULL) {
                trainer->release(work);
            }
            work = trainer->create(chain, problem, &luggage); /* may restore the luggage */
            /* rank 0 alone reads checkpoints, and all must skip the same points */
            MPI_Bcast(luggage.block, (int)luggage.bytes, MPI_BYTE, 0, chain->team->comm);
        }
        if (k >= *luggage.done) {
            going_on = train_point(chain, k, trainer, work, &luggage);
        }
    }
    trainer->release(work);
    /* also of a chain that was stopped: the caller stores only what is finished */
    memcpy(chain->records, luggage.records, chain->count * sizeof(Record));
    const size_t numbers = series_size(chain->series->length, chain->count);
    memcpy(series_block(chain->series), series_block(&luggage.series),
           numbers * sizeof(double));
    free(luggage.block);
    return going_on;
}

/* ---- cost -------------------------------------------------------------------------------- */

/* L-BFGS on W: products with p columns, no eigenproblem, sums over p d numbers. */
static DataPrice price_of(const Problem *problem)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    const double p = problem->width;
    if (!model_has(problem->model, TRAIT_MATRIX)) {
        return (DataPrice){300, 60, 4.0 * n * d, 0.0, 4e9, d};
    }
    return model_is_narrow(problem)
               ? (DataPrice){400, 400, 4.0 * n * d * p, 0.0, 6e10, d * p}
               : (DataPrice){50, 30, 2.0 * n * d * d, 10.0 * d * d * d, 6e10, d * d};
}

static double seconds(const Problem *problem, bool first, double *fixed)
{
    const DataPrice price = price_of(problem);
    return data_seconds(&price, problem->dimension, first, fixed);
}

/* Of the LASSO the layouts are what stores are to the others; as many coefficients may be
 * active as there are samples. */
static double lasso_bytes(const Problem *problem, int ranks, SampleStore store)
{
    const double active = fmin(problem->samples, problem->dimension);
    const double sums = (double)lasso_memory(problem, ranks, LASSO_SUMS, active);
    const double columns = (double)lasso_memory(problem, ranks, LASSO_COLUMNS, active);
    const bool drawn_once = problem->samples > 4.0 * problem->dimension;
    return drawn_once ? sums : store == STORE_NONE ? fmin(sums, columns) : columns;
}

static double memory(const Problem *problem, int ranks, SampleStore store)
{
    if (!model_has(problem->model, TRAIT_MATRIX)) {
        return lasso_bytes(problem, ranks, store);
    }
    return (double)(model_is_narrow(problem) ? narrow_memory(problem, ranks, store)
                                             : training_memory(problem, ranks, store));
}

const Method method_training = {point_train, seconds, memory};
