/* batch.h - some rows of the data as data of their own.  Private.
 *
 * A pass over n rows is ceil(n/B) batches of at most B rows; batch b has the rows whose number
 * is b modulo that count: the same rows on any team, and an even share of them on every rank.
 */
#ifndef PHASESWEEP_TRAINING_BATCH_H
#define PHASESWEEP_TRAINING_BATCH_H

#include "phasesweep/data/dataset.h"

typedef struct Batch {
    const Dataset *all; /* borrowed */
    Dataset rows;       /* of the batch in hand; a view of what follows, or of all */
    int64_t count;      /* of batches in a pass */
    double *features;   /* [rows * d] of this rank's share; owned, as the labels; NULL where */
    double *labels;     /* a batch is all rows */
} Batch;

/* Local.  size >= 1 rows a batch, 0: all of them.  Borrows data; release with batch_free. */
Batch batch_create(const Dataset *data, int64_t size);
void batch_free(Batch *batch);

/* Local.  Bytes on the busiest of `ranks` ranks. */
size_t batch_memory(int64_t size, int dimension, int ranks);

/* Local.  Batch number k >= 0, pass after pass in the same order; the view is rows until the
 * next call, its address stays. */
void batch_take(Batch *batch, int64_t k);

#endif
