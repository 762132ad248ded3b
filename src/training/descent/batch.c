#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

static const double *features_in_place(const void *source, int64_t offset, int rows,
                                       double buffer[])
{
    const Batch *batch = source;
    (void)rows;
    (void)buffer;
    return batch->features + (size_t)offset * (size_t)batch->all->dimension;
}

static const DatasetOps operations = {.features = features_in_place};

/* Most rows of a batch that one rank has: every `count`-th of its share. */
static int64_t most_rows(const Dataset *data, int64_t count)
{
    return (data->rows + count - 1) / count;
}

Batch batch_create(const Dataset *data, int64_t size)
{
    Batch batch = {.all = data, .rows = *data, .count = 1};
    assert(size >= 0);
    if (size > 0 && size < data->samples) {
        batch.count = (data->samples + size - 1) / size;
        const size_t most = (size_t)most_rows(data, batch.count);
        batch.features = checked_alloc(most * (size_t)data->dimension + 1, sizeof(double));
        batch.labels = checked_alloc(most + 1, sizeof(double));
    }
    return batch;
}

void batch_free(Batch *batch)
{
    free(batch->features);
    free(batch->labels);
    *batch = (Batch){0};
}

size_t batch_memory(int64_t size, int dimension, int ranks)
{
    return 8 * ((size_t)size / (size_t)ranks + 2) * ((size_t)dimension + 1);
}

void batch_take(Batch *batch, int64_t k)
{
    const Dataset *all = batch->all;
    const size_t d = (size_t)all->dimension;
    if (batch->count == 1) {
        return;
    }
    const int64_t number = k % batch->count;
    /* of the share, the first row with that number */
    const int64_t lag = ((number - all->first) % batch->count + batch->count) % batch->count;
    int64_t rows = 0;
    for (int64_t offset = lag; offset < all->rows; offset += batch->count, rows++) {
        double *out = batch->features + (size_t)rows * d;
        const double *x = all->ops->features(all->source, offset, 1, out);
        if (x != out) {
            memcpy(out, x, d * sizeof *out);
        }
        batch->labels[rows] = all->labels[offset];
    }
    batch->rows.rows = rows;
    batch->rows.samples = (all->samples - number + batch->count - 1) / batch->count;
    batch->rows.first = 0;
    batch->rows.kept = true;
    batch->rows.rounded = NULL;
    batch->rows.labels = batch->labels;
    batch->rows.ops = &operations;
    batch->rows.source = batch;
}
