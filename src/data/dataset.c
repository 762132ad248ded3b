#include "phasesweep/data/dataset.h"

#include <assert.h>
#include <string.h>

/* Bytes of a block: it should stay in a core's second-level cache or the third. */
enum { BLOCK_BYTES = 2 << 20, BLOCK_MOST = 4096 };

/* The last quantum may be short. */
static int64_t quanta(int64_t rows)
{
    return (rows + SAMPLES_QUANTUM - 1) / SAMPLES_QUANTUM;
}

int64_t dataset_share(int64_t samples, int rank, int ranks)
{
    const int64_t all = quanta(samples);
    /* all * rank / ranks, without the product that may overflow */
    const int64_t first = all / ranks * rank + all % ranks * rank / ranks;
    return first * SAMPLES_QUANTUM < samples ? first * SAMPLES_QUANTUM : samples;
}

int64_t dataset_share_most(int64_t samples, int ranks)
{
    /* shares differ by a quantum */
    return (quanta(samples) / ranks + 1) * SAMPLES_QUANTUM;
}

int dataset_block_rows(int dimension)
{
    /* whole quanta, at least one, however large d is */
    const int64_t fits = BLOCK_BYTES / 8 / dimension / SAMPLES_QUANTUM * SAMPLES_QUANTUM;
    return (int)(fits < SAMPLES_QUANTUM ? SAMPLES_QUANTUM
                 : fits > BLOCK_MOST    ? BLOCK_MOST
                                        : fits);
}

size_t dataset_blocks(const Dataset *data)
{
    return (size_t)((data->rows + data->block_rows - 1) / data->block_rows);
}

SampleBlock dataset_labels(const Dataset *data, size_t k)
{
    assert(k < dataset_blocks(data));
    const int64_t offset = (int64_t)k * data->block_rows;
    const int64_t left = data->rows - offset;
    return (SampleBlock){.offset = offset,
                         .rows = left < data->block_rows ? (int)left : data->block_rows,
                         .labels = data->labels + offset};
}

SampleBlock dataset_block(const Dataset *data, size_t k, double buffer[])
{
    SampleBlock block = dataset_labels(data, k);
    block.features = data->ops->features(data->source, block.offset, block.rows, buffer);
    return block;
}

void dataset_rows(const Dataset *data, int64_t row, int rows, double out[])
{
    assert(row >= 0 && rows >= 0 && row + rows <= data->samples && data->ops->any != NULL);
    const size_t d = (size_t)data->dimension;
    for (int k = 0; k < rows; k++, out += d) {
        const int64_t offset = row + k - data->first;
        if (offset >= 0 && offset < data->rows) {
            const double *x = data->ops->features(data->source, offset, 1, out);
            if (x != out) {
                memcpy(out, x, d * sizeof *out);
            }
        } else {
            data->ops->any(data->source, row + k, 1, out);
        }
    }
}
