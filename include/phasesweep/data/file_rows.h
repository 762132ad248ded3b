/* file_rows.h - rows of a file (table.h) to train on and to test with, the same for any number
 * of ranks.
 *
 * The rows stand in an order that the seed makes: training reads the first n, testing the last
 * hold_out, or those of a fold, which training then passes over.  So the data are nested in n,
 * and what is held out is the same for every n.  As in gaussian_rows.h a rank owns whole quanta
 * of the order, and reads those rows alone; they stay in memory.
 *
 * Nobody knows who made the labels: the dataset has no truth, and its covariance is taken as
 * the identity, which is the business of whoever prepared the file.
 *
 * Creation alone communicates: for the moments of the rows, which are the same on any team, up
 * to rounding.
 */
#ifndef PHASESWEEP_DATA_FILE_ROWS_H
#define PHASESWEEP_DATA_FILE_ROWS_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phasesweep/base/files.h"
#include "phasesweep/data/dataset.h"

/* A file that was surveyed. */
typedef struct DataFile {
    const char *file, *target; /* of table.h; borrowed */
    int64_t rows;
    /* of the file when the run began, compared after every reading; all 0: not known */
    FileStamp stamp;
    /* a fold to be tested on in place of the rows at the end; 0: none */
    int64_t fold_first, fold_rows;
} DataFile;

typedef struct FileSpec {
    DataFile file;
    int dimension; /* of the file; d >= 2 */
    uint64_t seed;
    int64_t samples;  /* n >= 1 */
    int64_t hold_out; /* >= 0; with n at most rows */
    /* place in the order where the rows of the test begin, at most rows - hold_out; training
     * takes n of the others */
    int64_t test_first;
    bool rounded; /* rows are kept in single precision; those of the test are not */
} FileSpec;

/* Rows that no training sees. */
typedef struct HoldOut {
    int dimension;
    int64_t all, rows;      /* of all ranks, of this one */
    const double *features; /* [rows * d]; borrowed, as labels [rows] */
    const double *labels;
} HoldOut;

/* A rank's share of both. */
typedef struct FileRows {
    FileSpec spec;
    int64_t first, rows; /* of training */
    double *labels;      /* [rows]; owned, as all below */
    double *features;    /* [rows * d], or NULL if rounded */
    float *rounded;      /* [rows * d], or NULL */
    int64_t tested;      /* rows held out */
    double *test_labels, *test_features;
    RowMoments moments; /* of training rows, all ranks' */
} FileRows;

/* Local.  Row numbers in the order of a seed, [rows]; owned by the caller. */
int64_t *file_rows_order(uint64_t seed, int64_t rows);

/* Collective on team, which is not kept.  Dies with
 * STATUS_ENVIRONMENT if the file is not the one that was surveyed. */
FileRows file_rows_create(MPI_Comm team, const FileSpec *spec);

/* Local.  Leaves *rows empty, so a second call is harmless. */
void file_rows_free(FileRows *rows);

/* Local.  Bytes that a rank of `ranks` needs for them, the reading included. */
size_t file_rows_memory(const FileSpec *spec, int ranks);

/* Local.  Views; they borrow. */
Dataset file_rows_dataset(const FileRows *rows);
HoldOut file_rows_hold_out(const FileRows *rows);

#endif
