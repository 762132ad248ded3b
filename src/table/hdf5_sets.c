/* Sets of an HDF5 file, opened by one process for itself: no collective calls, no locks that
 * other ranks could wait for. */
#include <errno.h>
#include <hdf5.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "formats.h"

/* A chunk that many rows lie in is decompressed once. */
enum { CHUNK_CACHE = 64 << 20, CHUNK_SLOTS = 12421 };

static const char features_name[] = "X";

typedef struct Hdf5 {
    hid_t file, features, labels;
    char *path, *set; /* owned */
} Hdf5;

/* The colon before the name of a set, NULL if there is none. */
static const char *colon_of(const char *file)
{
    const char *at = strstr(file, ".h5:");
    const char *other = strstr(file, ".hdf5:");
    return at != NULL ? at + 3 : other != NULL ? other + 5 : NULL;
}

static bool accepts(const char *file)
{
    const size_t length = strlen(file);
    return colon_of(file) != NULL || (length > 3 && strcmp(file + length - 3, ".h5") == 0) ||
           (length > 5 && strcmp(file + length - 5, ".hdf5") == 0);
}

/* Rank and shape of a set of numbers; 0 if it is none. */
static int shape_of(hid_t set, hsize_t shape[2])
{
    const hid_t type = H5Dget_type(set);
    const hid_t space = H5Dget_space(set);
    const H5T_class_t class = H5Tget_class(type);
    int rank = H5Sget_simple_extent_ndims(space);
    if ((class != H5T_INTEGER && class != H5T_FLOAT) || rank < 1 || rank > 2) {
        rank = 0;
    } else {
        H5Sget_simple_extent_dims(space, shape, NULL);
    }
    H5Sclose(space);
    H5Tclose(type);
    return rank;
}

static hid_t open_set(hid_t file, const char *name)
{
    const hid_t access = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_chunk_cache(access, CHUNK_SLOTS, CHUNK_CACHE, 1.0);
    const hid_t set = H5Dopen2(file, name, access);
    H5Pclose(access);
    return set;
}

/* Rows by columns, or as many numbers as `rows`. */
static bool fits(hid_t set, hsize_t rows)
{
    hsize_t shape[2] = {0, 1};
    const int rank = shape_of(set, shape);
    return rows == 0 ? rank == 2 : rank >= 1 && shape[0] == rows && shape[1] == 1;
}

/* What a name could have been. */
typedef struct Fitting {
    hsize_t rows; /* as fits has it */
    Names names;
} Fitting;

static herr_t add_set(hid_t file, const char *name, const H5O_info_t *info, void *fitting)
{
    Fitting *all = fitting;
    const hid_t set = info->type == H5O_TYPE_DATASET ? H5Dopen2(file, name, H5P_DEFAULT) : -1;
    if (set >= 0) {
        if (fits(set, all->rows)) {
            names_add(&all->names, text_show(name).text);
        }
        H5Dclose(set);
    }
    return 0;
}

/* NULL if the set is there and fits. */
static char *check_set(const Hdf5 *h, hid_t set, const char *name, hsize_t rows)
{
    if (set >= 0 && fits(set, rows)) {
        return NULL;
    }
    Fitting all = {.rows = rows};
    H5Ovisit(h->file, H5_INDEX_NAME, H5_ITER_INC, add_set, &all);
    const char *allowed = names_show(&all.names);
    if (set < 0) {
        return table_error(h->path, "holds no set %s; allowed: %s", name, allowed);
    }
    return rows == 0
               ? table_error(h->path, "%s is no set of numbers, rows by columns; allowed: %s",
                             name, allowed)
               : table_error(h->path,
                             "%s is no set of %llu numbers, one a row of %s; allowed: %s", name,
                             (unsigned long long)rows, h->set, allowed);
}

static char *open_sets(Table *table, Hdf5 *h)
{
    hsize_t shape[2] = {0, 1};
    struct stat status;
    if (stat(h->path, &status) != 0) {
        return table_error(h->path, "%s", strerror(errno));
    }
    h->file = H5Fopen(h->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (h->file < 0) {
        return table_error(h->path, "is no HDF5 file, or damaged");
    }
    h->features = open_set(h->file, h->set);
    h->labels = open_set(h->file, table->target);
    char *why = check_set(h, h->features, h->set, 0);
    if (why != NULL) {
        return why;
    }
    shape_of(h->features, shape);
    if (shape[0] < 1 || shape[1] > INT_MAX) {
        return table_error(h->path, "%s has %llu rows of %llu numbers; allowed: one and more",
                           h->set, (unsigned long long)shape[0], (unsigned long long)shape[1]);
    }
    why = check_set(h, h->labels, table->target, shape[0]);
    if (why != NULL) {
        table->at_target = true;
        return why;
    }
    table->rows = (int64_t)shape[0];
    table->columns = (int)shape[1];
    return NULL;
}

/* HDF5 prints a stack of its own for every error, which here are the user's and said so. */
static char *open_hdf5(Table *table)
{
    const char *colon = colon_of(table->file);
    Hdf5 *h = checked_alloc(1, sizeof *h);
    h->file = h->features = h->labels = -1;
    h->path = colon == NULL ? checked_format("%s", table->file)
                            : checked_format("%.*s", (int)(colon - table->file), table->file);
    h->set = checked_format("%s", colon == NULL ? features_name : colon + 1);
    table->work = h;
    char *why;
    H5E_BEGIN_TRY
    {
        why = open_sets(table, h);
    }
    H5E_END_TRY;
    return why;
}

static bool read_set(hid_t set, int64_t first, int count, int columns, double out[])
{
    hsize_t start[2] = {(hsize_t)first, 0};
    hsize_t extent[2] = {(hsize_t)count, (hsize_t)columns};
    const hsize_t length = extent[0] * extent[1];
    const hid_t space = H5Dget_space(set);
    const hid_t memory = H5Screate_simple(1, &length, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    const herr_t error = H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out);
    H5Sclose(memory);
    H5Sclose(space);
    return error >= 0;
}

static char *read_hdf5(Table *table, int64_t first, int count, double features[],
                       double labels[])
{
    const Hdf5 *h = table->work;
    bool good;
    H5E_BEGIN_TRY
    {
        good = read_set(h->features, first, count, table->columns, features) &&
               read_set(h->labels, first, count, 1, labels);
    }
    H5E_END_TRY;
    return good ? NULL
                : table_error(h->path, "rows from %lld on cannot be read",
                              (long long)(first + 1));
}

static void close_hdf5(Table *table)
{
    Hdf5 *h = table->work;
    if (h == NULL) {
        return;
    }
    const hid_t sets[] = {h->features, h->labels};
    for (int k = 0; k < 2; k++) {
        if (sets[k] >= 0) {
            H5Dclose(sets[k]);
        }
    }
    if (h->file >= 0) {
        H5Fclose(h->file);
    }
    free(h->path);
    free(h->set);
    free(h);
}

const TableFormat format_hdf5 = {accepts, open_hdf5, read_hdf5, close_hdf5};
