/* table.h - rows of numbers, each with a target, in a file that others made.
 *
 * HDF5: FILE.h5 or FILE.hdf5, set `X`, or the one that FILE.h5:NAME names, rows by columns; the
 * target is a set of as many numbers.
 *
 * npy: FILE.npy, rows by columns; the target is another FILE.npy.
 *
 * idx: FILE with `idx` in its name, as of MNIST, what belongs to a row being flattened; the
 * target is another such file.
 *
 * csv: FILE.csv with a header; the target is a column, all others are numbers of the row.
 *
 * All but HDF5 may end in .gz, where the program was built with zlib.  A target that is a file
 * lies in the folder of the first, or has a path from the root.  Numbers of any width become
 * doubles.
 *
 * Nothing communicates: every rank reads the rows that it wants, in ascending order, so that
 * also a stream is read once.  What is wrong with a file is one line, "FILE: what is wrong",
 * owned by the caller; NULL: nothing.
 */
#ifndef PHASESWEEP_TABLE_TABLE_H
#define PHASESWEEP_TABLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Table Table;

typedef struct TableFacts {
    int64_t rows;     /* >= 1 */
    int columns;      /* of a row without its target, >= 1 */
    uint64_t content; /* XXH3-64 of the numbers as little-endian doubles, row after row, each
                         followed by its target: whatever the format of the file */
    bool at_target;   /* after an error: what is wrong is the target, not the rows */
} TableFacts;

/* Local.  Release with table_close, which takes NULL too; *table is NULL after an error. */
char *table_open(const char *file, const char *target, Table **table);
void table_close(Table *table);

/* Local.  Of an open table. */
int64_t table_rows(const Table *table);
int table_columns(const Table *table);

/* Local.  Rows row[count], strictly ascending and above all that were read before, into
 * features [count * columns] and labels [count]; all of them are finite. */
char *table_read(Table *table, const int64_t row[], size_t count, double features[],
                 double labels[]);

/* Local.  Reads the whole file once: after it every row is known to be there and finite.  After
 * an error at_target alone is set. */
char *table_survey(const char *file, const char *target, TableFacts *facts);

#endif
