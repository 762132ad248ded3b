/* Lines of trainings: points that share their data, each starting from the one before. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/check.h"
#include "phasesweep/summary.h"
#include "phasesweep/training.h"
#include "point_line.h"

/* What travels in the checkpoint beside the state of the iteration: the points done so far. */
typedef struct Luggage {
    size_t  bytes;
    size_t *done;           /* points of the line finished */
    Record *records;        /* [count] */
    double *eigenvalues;    /* [count * width] */
    void   *block;          /* all of it; owned */
} Luggage;

static Luggage pack_luggage(const PointLine *line)
{
    const size_t records = line->count * sizeof(Record);
    Luggage luggage = {.bytes = sizeof(double) + records + line->count * line->width * 8};
    luggage.block = checked_alloc(luggage.bytes, 1);
    luggage.done = luggage.block;
    luggage.records = (Record *)((char *)luggage.block + sizeof(double));
    luggage.eigenvalues = (double *)((char *)luggage.records + records);
    return luggage;
}

static bool same_data(const Problem *a, const Problem *b)
{
    return a->source_exponent == b->source_exponent && a->dimension == b->dimension &&
           a->noise == b->noise && a->seed == b->seed && a->samples == b->samples &&
           a->random_signs == b->random_signs;
}

static Record record_of_training(const Training *t, const double overlaps[])
{
    Record record = record_empty();
    double *value = record.value;
    record.outcome = t->outcome;
    value[FIELD_ITERATIONS] = t->iterations;
    if (t->outcome == OUTCOME_FAILED) {
        return record;
    }
    value[FIELD_RISK] = t->risk;
    value[FIELD_OVERLAP_Q] = t->overlap_q;
    value[FIELD_OVERLAP_M] = t->overlap_m;
    value[FIELD_TRACE] = t->trace;
    value[FIELD_RANK] = t->rank;
    value[FIELD_OBJECTIVE] = t->objective;
    value[FIELD_TRAIN_LOSS] = t->train_loss;
    value[FIELD_GAP] = t->gap;
    value[FIELD_FEATURE_OVERLAP] = t->rank > 0 ? overlaps[0] : NAN;
    return record;
}

static void put_spectrum(const double eigenvalues[], size_t d, double value[])
{
    const SpectrumSummary summary = summary_of(eigenvalues, d, 0.0);
    value[FIELD_STABLE_RANK] = summary.stable_rank;
    value[FIELD_PARTICIPATION] = summary.participation;
    value[FIELD_OUTLIERS] = (double)summary.outliers;
    value[FIELD_BULK_EDGE] = summary.bulk_edge;
    value[FIELD_TAIL_EXPONENT] = summary.tail.exponent;
    value[FIELD_TAIL_ERROR] = summary.tail.error;
}

static TrainingWork *open_work(const PointLine *line, size_t k, const Luggage *luggage)
{
    TrainingSettings settings = training_defaults();
    settings.store = line->problems[k].store;
    settings.memory = (size_t)line->team->memory;
    settings.tolerance = line->problems[k].tolerance;
    settings.checkpoint = line->team->checkpoint;
    settings.luggage = luggage->block;
    settings.luggage_bytes = luggage->bytes;
    settings.stop = line->team->stopping;
    settings.stop_context = line->team->context;
    return training_create(line->team->comm, &line->problems[k], &settings);
}

/* False if the team was told to stop in the middle of it. */
static bool train_point(const PointLine *line, size_t k, TrainingWork *work, Luggage *luggage,
                        double overlaps[])
{
    const Problem *problem = &line->problems[k];
    const size_t d = (size_t)problem->dimension;
    const double start = point_clock();
    double *eigenvalues = luggage->eigenvalues + k * line->width;
    const Training training = training_solve(work, problem, eigenvalues, overlaps);
    if (training.stopped) {
        return false;
    }
    for (size_t i = training.outcome == OUTCOME_FAILED ? 0 : d; i < line->width; i++) {
        eigenvalues[i] = NAN;
    }
    Record record = record_of_training(&training, overlaps);
    if (training.outcome != OUTCOME_FAILED) {
        put_spectrum(eigenvalues, d, record.value);
    }
    point_complete(problem, point_clock() - start, &record);
    luggage->records[k] = record;
    *luggage->done = k + 1;
    return true;
}

bool point_train(const PointLine *line)
{
    Luggage luggage = pack_luggage(line);
    double *overlaps = checked_alloc(line->width, sizeof(double));
    TrainingWork *work = NULL;
    bool going_on = true;
    for (size_t k = 0; k < line->count && going_on; k++) {
        if (k == 0 || !same_data(&line->problems[k], &line->problems[k - 1])) {
            training_free(work);
            work = open_work(line, k, &luggage); /* may restore the luggage of a checkpoint */
            MPI_Bcast(luggage.block, (int)luggage.bytes, MPI_BYTE, 0, line->team->comm);
        }
        if (k >= *luggage.done) {
            going_on = train_point(line, k, work, &luggage, overlaps);
        }
    }
    training_free(work);
    memcpy(line->records, luggage.records, line->count * sizeof(Record));
    memcpy(line->eigenvalues, luggage.eigenvalues, line->count * line->width * sizeof(double));
    free(overlaps);
    free(luggage.block);
    return going_on;
}
