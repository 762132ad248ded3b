#include "phasesweep/data/dataset.h"

#include <assert.h>

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
