/* numpy's own format (numpy.lib.format): a magic number, the length of a header, the header as
 * a Python dictionary, the numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "array_file.h"

enum { HEADER_MOST = 1 << 16, MAGIC = 8 };

static bool accepts(const char *file)
{
    return name_ends(file, ".npy");
}

/* What follows the key, NULL if it is not there. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);
    if (at == NULL) {
        return NULL;
    }
    at += strlen(key);
    return at + strspn(at, " :");
}

/* '<f8' and alike; single bytes and truth values have no order. */
static bool read_type(const char *header, ArrayFile *array)
{
    char order;
    char kind;
    int size;
    const char *at = value_of(header, "'descr'");
    if (at == NULL || sscanf(at, "'%c%c%d'", &order, &kind, &size) != 3) {
        return false;
    }
    array->big_endian = order == '>';
    array->kind = kind == 'b' ? 'u' : kind;
    array->size = size;
    const bool known = size == 1 || size == 2 || size == 4 || size == 8;
    return known && strchr("<>|=", order) != NULL &&
           (kind == 'f' ? size >= 4 : strchr("iub", kind) != NULL);
}

/* (rows,) or (rows, columns). */
static bool read_shape(const char *header, ArrayFile *array)
{
    long long rows;
    long long columns;
    long long more;
    const char *at = value_of(header, "'shape'");
    const int found =
        at == NULL ? 0 : sscanf(at, "(%lld , %lld , %lld", &rows, &columns, &more);
    array->rank = found;
    array->rows = found >= 1 ? rows : 0;
    array->columns = found == 2 ? columns : 1;
    return (found == 1 || found == 2) && array->rows >= 0 && array->columns >= 1 &&
           array->columns < 1 << 30 && array->rows < INT64_C(1) << 40;
}

static char *judge(const char *header, ArrayFile *array)
{
    const char *order = value_of(header, "'fortran_order'");
    if (!read_type(header, array)) {
        return table_error(array->file,
                           "holds no plain numbers; allowed: f4, f8, i1 to i8, u1 to u8");
    }
    if (!read_shape(header, array)) {
        return table_error(array->file, "has a shape that is not (rows,) or (rows, columns)");
    }
    if ((order == NULL || strncmp(order, "False", 5) != 0) && array->rank > 1) {
        return table_error(array->file, "is stored by column; allowed: "
                                        "numpy.ascontiguousarray");
    }
    return NULL;
}

/* Version 1 gives the length in 2 bytes, later ones in 4. */
static char *read_header(ArrayFile *array)
{
    unsigned char head[MAGIC];
    unsigned char length[4] = {0};
    if (!stream_read(array->stream, head, sizeof head) || memcmp(head, "\x93NUMPY", 6) != 0 ||
        head[6] < 1 || head[6] > 3 ||
        !stream_read(array->stream, length, head[6] == 1 ? 2 : 4)) {
        return table_error(array->file, "is no npy file");
    }
    const size_t bytes = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 |
                         (size_t)length[3] << 24;
    array->start = MAGIC + (head[6] == 1 ? 2 : 4) + (int64_t)bytes;
    char *header = checked_alloc(bytes < HEADER_MOST ? bytes + 1 : 1, 1);
    char *why = bytes >= HEADER_MOST || !stream_read(array->stream, header, bytes)
                    ? table_error(array->file, "has a damaged header")
                    : judge(header, array);
    free(header);
    return why;
}

static char *open_npy(Table *table)
{
    return array_pair_open(table, read_header);
}

const TableFormat format_npy = {accepts, open_npy, array_pair_read, array_pair_close};
