/* source.h - private to training: the data of a problem, drawn or from a file. */
#ifndef PHASESWEEP_TRAINING_SOURCE_H
#define PHASESWEEP_TRAINING_SOURCE_H

#include "phasesweep/training/trainer.h"

typedef struct Source {
    Samples samples; /* of drawn data; owned, as the other */
    FileRows file;   /* of a file, settings->data */
    bool from_file;
} Source;

/* Local apart from asking team for rank and size; rows are kept as the trainer needs them, and
 * the memory of the settings allows. */
Source source_create(MPI_Comm team, const Problem *problem, const Trainer *trainer,
                     const TrainerSettings *settings);
void source_free(Source *source);

/* Local.  Views; they borrow.  Nothing is held out of drawn data. */
Dataset source_dataset(const Source *source);
HoldOut source_hold_out(const Source *source);

/* Local.  Bytes a rank of `ranks` needs beside what the trainer itself tells of. */
size_t source_memory(const Problem *problem, const Trainer *trainer, int ranks);

/* Collective on team.  What the network makes of the rows held out. */
void hold_out_test(MPI_Comm team, const HoldOut *test, const Network *network,
                   Observed *observed);

#endif
