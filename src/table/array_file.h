/* array_file.h - private to the layer: an array of numbers of one type behind a header. */
#ifndef PHASESWEEP_TABLE_ARRAY_FILE_H
#define PHASESWEEP_TABLE_ARRAY_FILE_H

#include "formats.h"
#include "stream.h"

typedef struct ArrayFile {
    const char *file; /* owned */
    Stream *stream;   /* owned */
    int64_t start;    /* byte of the first number */
    char kind;        /* 'f' floating, 'i' signed, 'u' unsigned */
    int size;         /* bytes of a number: 1, 2, 4, 8; 4 or 8 if floating */
    bool big_endian;
    int rank; /* 1, or 2 and more flattened to 2 */
    int64_t rows, columns;
} ArrayFile;

/* Read the header: all members but file and stream. */
typedef char *(*ReadHeader)(ArrayFile *array);

/* Local.  As open, read and close of a format, for features in one file and the target in
 * another. */
char *array_pair_open(Table *table, ReadHeader header);
char *array_pair_read(Table *table, int64_t first, int count, double features[],
                      double labels[]);
void array_pair_close(Table *table);

#endif
