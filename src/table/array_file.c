#include "array_file.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"

typedef struct Pair {
    ArrayFile features, target;
    unsigned char *bytes; /* of the rows in hand; owned */
    size_t room;
} Pair;

/* In the folder of the first file, unless its path begins at the root; owned by the caller. */
static char *beside(const char *file, const char *target)
{
    if (target[0] == '/') {
        return checked_format("%s", target);
    }
    char *folder = file_folder(file);
    char *path = strcmp(folder, ".") == 0 && strncmp(file, "./", 2) != 0
                     ? checked_format("%s", target)
                     : checked_format("%s/%s", folder, target);
    free(folder);
    return path;
}

/* What a header claims is there, as far as the file alone can tell. */
static char *check_size(const ArrayFile *array)
{
    struct stat status;
    const double bytes =
        (double)array->start + (double)array->rows * (double)array->columns * array->size;
    if (bytes > 0x1p62 || (!name_packed(array->file) && stat(array->file, &status) == 0 &&
                           bytes > (double)status.st_size)) {
        return table_error(array->file,
                           "is too short for the %lld rows of %lld numbers that it tells of",
                           (long long)array->rows, (long long)array->columns);
    }
    return NULL;
}

static char *open_array(ArrayFile *array, char *file, ReadHeader header)
{
    array->file = file;
    char *why = stream_open(file, &array->stream);
    why = why != NULL ? why : header(array);
    return why != NULL ? why : check_size(array);
}

static void close_array(ArrayFile *array)
{
    stream_close(array->stream);
    free((char *)array->file);
}

/* A target that is not there, with what could be one. */
static char *missing(const Table *table, const char *target)
{
    struct stat status;
    if (stat(target, &status) == 0 || errno != ENOENT) {
        return NULL;
    }
    Names files = {0};
    names_add_files(&files, table->format, table->file);
    return table_error(target, "%s; allowed: %s", strerror(ENOENT), names_show(&files));
}

char *array_pair_open(Table *table, ReadHeader header)
{
    Pair *pair = checked_alloc(1, sizeof *pair);
    table->work = pair;
    char *why = open_array(&pair->features, checked_format("%s", table->file), header);
    if (why != NULL) {
        return why;
    }
    char *target = beside(table->file, table->target);
    why = missing(table, target);
    if (why != NULL) {
        free(target);
    } else {
        why = open_array(&pair->target, target, header);
    }
    if (why != NULL) {
        table->at_target = true;
        return why;
    }
    const ArrayFile *x = &pair->features;
    const ArrayFile *y = &pair->target;
    if (x->rank != 2 || x->columns > INT_MAX) {
        return table_error(x->file, "holds no rows by columns");
    }
    if (y->columns != 1 || y->rows != x->rows) {
        table->at_target = true;
        return table_error(y->file,
                           "%lld by %lld numbers; allowed: one for each of the %lld "
                           "rows of %s",
                           (long long)y->rows, (long long)y->columns, (long long)x->rows,
                           x->file);
    }
    table->rows = x->rows;
    table->columns = (int)x->columns;
    return NULL;
}

void array_pair_close(Table *table)
{
    Pair *pair = table->work;
    if (pair != NULL) {
        close_array(&pair->features);
        close_array(&pair->target);
        free(pair->bytes);
        free(pair);
    }
}

/* The bits of a number of 1 to 8 bytes. */
static uint64_t word_of(const unsigned char bytes[], int size, bool big_endian)
{
    uint64_t word = 0;
    for (int k = 0; k < size; k++) {
        word = word << 8 | bytes[big_endian ? k : size - 1 - k];
    }
    return word;
}

static double number_of(const ArrayFile *array, const unsigned char bytes[])
{
    const uint64_t word = word_of(bytes, array->size, array->big_endian);
    if (array->kind == 'u') {
        return (double)word;
    }
    if (array->kind == 'i') {
        /* the sign stands at the top of a word of `size` bytes */
        const int unused = 64 - 8 * array->size;
        return (double)((int64_t)(word << unused) >> unused);
    }
    double value;
    float single;
    const uint32_t half = (uint32_t)word;
    memcpy(&value, &word, sizeof value);
    memcpy(&single, &half, sizeof single);
    return array->size == 8 ? value : (double)single;
}

static char *read_array(Pair *pair, ArrayFile *array, int64_t first, int count, double out[])
{
    const int64_t numbers = count * array->columns;
    const size_t bytes = (size_t)numbers * (size_t)array->size;
    if (bytes > pair->room) {
        pair->bytes = checked_realloc(pair->bytes, bytes, 1);
        pair->room = bytes;
    }
    if (!stream_go(array->stream, array->start + first * array->columns * array->size) ||
        !stream_read(array->stream, pair->bytes, bytes)) {
        return table_error(array->file, "is too short: no row %lld of the %lld it tells of",
                           (long long)(first + count), (long long)array->rows);
    }
    for (int64_t k = 0; k < numbers; k++) {
        out[k] = number_of(array, pair->bytes + k * array->size);
    }
    return NULL;
}

char *array_pair_read(Table *table, int64_t first, int count, double features[],
                      double labels[])
{
    Pair *pair = table->work;
    assert(first >= 0 && first + count <= table->rows);
    char *why = read_array(pair, &pair->features, first, count, features);
    if (why != NULL) {
        return why;
    }
    why = read_array(pair, &pair->target, first, count, labels);
    table->at_target = why != NULL;
    return why;
}
