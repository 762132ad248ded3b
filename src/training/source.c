#include "source.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "network.h"

/* Rows of a test whose outputs are found at once. */
enum { TESTED_AT_ONCE = 256 };

/* ---- rows -------------------------------------------------------------------------------- */

static FileSpec file_spec(const Problem *problem, const DataFile *file)
{
    const int64_t held = file->fold_rows > 0 ? file->fold_rows : (int64_t)problem->hold_out;
    return (FileSpec){.file = *file,
                      .dimension = (int)problem->dimension,
                      .seed = (uint64_t)problem->seed,
                      .samples = (int64_t)problem->samples,
                      .hold_out = held,
                      .test_first = file->fold_rows > 0 ? file->fold_first : file->rows - held,
                      .rounded = problem->store == STORE_FLOAT};
}

/* Matrices and rows together must fit, as plan counts them. */
static SampleStore choose_store(MPI_Comm team, const Problem *problem, const Trainer *trainer,
                                const TrainerSettings *settings)
{
    int ranks;
    MPI_Comm_size(team, &ranks);
    if (trainer->reads_once) {
        return STORE_NONE;
    }
    if (problem->store != STORE_AUTO) {
        return problem->store;
    }
    return trainer->memory(problem, ranks, STORE_DOUBLE, INFINITY) <= settings->memory
               ? STORE_DOUBLE
               : STORE_NONE;
}

Source source_create(MPI_Comm team, const Problem *problem, const Trainer *trainer,
                     const TrainerSettings *settings)
{
    Source source = {.from_file = problem->data != 0.0};
    if (source.from_file) {
        assert(settings->data.file != NULL);
        const FileSpec spec = file_spec(problem, &settings->data);
        source.file = file_rows_create(team, &spec);
    } else {
        SamplesSpec spec = samples_spec(problem);
        spec.store = choose_store(team, problem, trainer, settings);
        source.samples = samples_create(team, &spec);
    }
    return source;
}

void source_free(Source *source)
{
    samples_free(&source->samples);
    file_rows_free(&source->file);
    *source = (Source){0};
}

Dataset source_dataset(const Source *source)
{
    return source->from_file ? file_rows_dataset(&source->file)
                             : samples_dataset(&source->samples);
}

HoldOut source_hold_out(const Source *source)
{
    return source->from_file ? file_rows_hold_out(&source->file) : (HoldOut){0};
}

/* Of a trainer that reads once the rows themselves, too; and the order of all rows of the file,
 * those that are not used included. */
size_t source_memory(const Problem *problem, const Trainer *trainer, int ranks)
{
    if (problem->data == 0.0) {
        return 0;
    }
    const double used = problem->samples + problem->hold_out;
    const DataFile file = {.rows = (int64_t)fmax(used, problem->data_rows)};
    FileSpec spec = file_spec(problem, &file);
    if (!trainer->reads_once) {
        spec.samples = 0;
    }
    return file_rows_memory(&spec, ranks);
}

/* ---- test -------------------------------------------------------------------------------- */

void hold_out_test(MPI_Comm team, const HoldOut *test, const Network *network,
                   Observed *observed)
{
    /* squares, wrong signs, labels that are neither 1 nor -1 */
    double sum[3] = {0.0};
    double output[TESTED_AT_ONCE];
    const size_t d = (size_t)test->dimension;
    if (test->all == 0 || (network->factor == NULL && network->theta == NULL)) {
        return;
    }
    for (int64_t first = 0; first < test->rows; first += TESTED_AT_ONCE) {
        const int64_t left = test->rows - first;
        const int rows = left < TESTED_AT_ONCE ? (int)left : TESTED_AT_ONCE;
        network_outputs(test->dimension, network, rows, test->features + (size_t)first * d,
                        output);
        for (int k = 0; k < rows; k++) {
            const double label = test->labels[first + k];
            sum[0] += (label - output[k]) * (label - output[k]);
            sum[1] += !(label * output[k] > 0.0); /* also of what is not finite */
            sum[2] += fabs(label) != 1.0;
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPI_DOUBLE, MPI_SUM, team);
    observed->test_error = sum[0] / (double)test->all;
    observed->classification_error = sum[2] > 0.0 ? NAN : sum[1] / (double)test->all;
}
