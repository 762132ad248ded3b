#include "phasesweep/table/table.h"

#include <assert.h>
#include <dirent.h>
#include <endian.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"
#include "phasesweep/base/text.h"
#include "formats.h"

/* Neighbours that one call of a format reads. */
enum { RUN_MOST = 256 };

enum { FORMATS = 4 };

static const TableFormat *const formats[FORMATS] = {&format_hdf5, &format_npy, &format_csv,
                                                    &format_idx};

bool name_packed(const char *name)
{
    const size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".gz") == 0;
}

bool name_ends(const char *name, const char *ending)
{
    const size_t length = strlen(name) - (name_packed(name) ? 3 : 0);
    const size_t tail = strlen(ending);
    return length > tail && memcmp(name + length - tail, ending, tail) == 0;
}

char *table_error(const char *file, const char *format, ...)
{
    va_list arguments;
    char what[512];
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return checked_format("%s: %s", file, what);
}

void names_add(Names *names, const char *name)
{
    const char *comma = names->length == 0 ? "" : ", ";
    if (names->left_out || names->length + strlen(comma) + strlen(name) + 5 >= NAMES_ROOM) {
        names->left_out = true;
        return;
    }
    names->length += (size_t)sprintf(names->text + names->length, "%s%s", comma, name);
}

const char *names_show(Names *names)
{
    if (names->length == 0) {
        return "none is there";
    }
    if (names->left_out) {
        strcpy(names->text + names->length, ", ...");
    }
    return names->text;
}

void names_add_files(Names *names, const TableFormat *format, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *own = slash == NULL ? file : slash + 1;
    char *folder = file_folder(file);
    struct dirent **entries;
    const int count = scandir(folder, &entries, NULL, alphasort);
    free(folder);
    for (int k = 0; k < count; k++) {
        const char *name = entries[k]->d_name;
        if (format->accepts(name) && strcmp(name, own) != 0) {
            names_add(names, text_show(name).text);
        }
        free(entries[k]);
    }
    if (count >= 0) {
        free(entries);
    }
}

static const TableFormat *format_of(const char *file)
{
    for (size_t k = 0; k < FORMATS; k++) {
        if (formats[k]->accepts(file)) {
            return formats[k];
        }
    }
    return NULL;
}

/* With the table as far as it came, NULL where there is none. */
static char *open_any(const char *file, const char *target, Table **table)
{
    *table = NULL;
    const TableFormat *format = format_of(file);
    if (format == NULL) {
        return table_error(file, "is of no known kind by its name; allowed: .h5, .hdf5, .npy, "
                                 ".csv, or idx in it");
    }
    Table *made = checked_alloc(1, sizeof *made);
    *table = made;
    made->format = format;
    made->file = checked_format("%s", file);
    made->target = checked_format("%s", target);
    char *why = format->open(made);
    if (why == NULL && (made->rows < 1 || made->columns < 1)) {
        why = table_error(file, "%lld rows of %d numbers; allowed: at least one of one",
                          (long long)made->rows, made->columns);
    }
    return why;
}

char *table_open(const char *file, const char *target, Table **table)
{
    char *why = open_any(file, target, table);
    if (why != NULL) {
        table_close(*table);
        *table = NULL;
    }
    return why;
}

void table_close(Table *table)
{
    if (table != NULL) {
        table->format->close(table);
        free((char *)table->file);
        free((char *)table->target);
        free(table);
    }
}

int64_t table_rows(const Table *table)
{
    return table->rows;
}

int table_columns(const Table *table)
{
    return table->columns;
}

/* Rows and columns are counted from 1 in what people read. */
static char *check_finite(Table *table, int64_t first, int count, const double features[],
                          const double labels[])
{
    for (int k = 0; k < count; k++) {
        const double *row = features + (size_t)k * (size_t)table->columns;
        for (int i = 0; i < table->columns; i++) {
            if (!isfinite(row[i])) {
                return table_error(table->file,
                                   "row %lld: number %d is not finite; allowed: finite numbers",
                                   (long long)(first + k + 1), i + 1);
            }
        }
        if (!isfinite(labels[k])) {
            table->at_target = true;
            return table_error(table->file,
                               "row %lld: target %s is not finite; allowed: finite numbers",
                               (long long)(first + k + 1), table->target);
        }
    }
    return NULL;
}

static char *read_run(Table *table, int64_t first, int count, double features[],
                      double labels[])
{
    char *why = table->format->read(table, first, count, features, labels);
    return why != NULL ? why : check_finite(table, first, count, features, labels);
}

char *table_read(Table *table, const int64_t row[], size_t count, double features[],
                 double labels[])
{
    char *why = NULL;
    for (size_t k = 0, end; k < count && why == NULL; k = end) {
        assert(row[k] >= 0 && row[k] < table->rows);
        for (end = k + 1; end < count && end < k + RUN_MOST && row[end] == row[end - 1] + 1;) {
            end++;
        }
        why = read_run(table, row[k], (int)(end - k), features + k * (size_t)table->columns,
                       labels + k);
    }
    return why;
}

/* Local.  A double as 8 bytes, the same on every machine. */
static uint64_t little_endian(double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return htole64(word);
}

static void digest_run(XXH3_state_t *state, int columns, int count, const double features[],
                       const double labels[], uint64_t words[])
{
    for (int k = 0; k < count; k++) {
        for (int i = 0; i < columns; i++) {
            words[i] = little_endian(features[(size_t)k * (size_t)columns + (size_t)i]);
        }
        words[columns] = little_endian(labels[k]);
        XXH3_64bits_update(state, words, ((size_t)columns + 1) * sizeof *words);
    }
}

static char *survey(Table *table, TableFacts *facts)
{
    const size_t d = (size_t)table->columns;
    double *features = checked_alloc(RUN_MOST * d, sizeof *features);
    uint64_t *words = checked_alloc(d + 1, sizeof *words);
    double labels[RUN_MOST];
    char *why = NULL;
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a checksum");
    }
    XXH3_64bits_reset(state);
    for (int64_t first = 0; first < table->rows && why == NULL; first += RUN_MOST) {
        const int64_t left = table->rows - first;
        const int count = left < RUN_MOST ? (int)left : RUN_MOST;
        why = read_run(table, first, count, features, labels);
        if (why == NULL) {
            digest_run(state, table->columns, count, features, labels, words);
        }
    }
    *facts = (TableFacts){
        .rows = table->rows, .columns = table->columns, .content = XXH3_64bits_digest(state)};
    XXH3_freeState(state);
    free(words);
    free(features);
    return why;
}

char *table_survey(const char *file, const char *target, TableFacts *facts)
{
    Table *table;
    char *why = open_any(file, target, &table);
    assert(why != NULL || table != NULL);
    if (why == NULL) {
        why = survey(table, facts);
    }
    facts->at_target = why != NULL && table != NULL && table->at_target;
    table_close(table);
    return why;
}
