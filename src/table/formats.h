/* formats.h - private to the layer: the formats of table.h as a table of functions. */
#ifndef PHASESWEEP_TABLE_FORMATS_H
#define PHASESWEEP_TABLE_FORMATS_H

#include <stdbool.h>

#include "phasesweep/table/table.h"

typedef struct TableFormat {
    /* Does the name say that it is this format? */
    bool (*accepts)(const char *file);
    /* Fill in rows, columns and work; or what is wrong. */
    char *(*open)(Table *table);
    /* `count` neighbours from `first` on, at or after the end of what was read before; row
     * after row.  Labels likewise. */
    char *(*read)(Table *table, int64_t first, int count, double features[], double labels[]);
    /* Also of what open left half done. */
    void (*close)(Table *table);
} TableFormat;

struct Table {
    const TableFormat *format;
    const char *file, *target; /* owned */
    int64_t rows;
    int columns;
    bool at_target; /* what was found wrong is the target */
    void *work;     /* of the format; owned by it */
};

extern const TableFormat format_hdf5;
extern const TableFormat format_npy;
extern const TableFormat format_idx;
extern const TableFormat format_csv;

/* Does the name end in .gz?  And does it, but for that, end in `ending`? */
bool name_packed(const char *name);
bool name_ends(const char *name, const char *ending);

/* What could have been asked for, for a message: as much of it as a line has room for.  Begins
 * as {0}. */
enum { NAMES_ROOM = 160 };
typedef struct Names {
    char text[NAMES_ROOM + 1];
    size_t length;
    bool left_out; /* some had no room */
} Names;
void names_add(Names *names, const char *name);
const char *names_show(Names *names);

/* Files beside `file` that are of the format, but for `file` itself. */
void names_add_files(Names *names, const TableFormat *format, const char *file);

/* "FILE: WHAT", WHAT as for printf. */
char *table_error(const char *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
