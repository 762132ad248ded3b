/* The format of the MNIST files: two zeros, a type, the number of dimensions, their lengths,
 * the numbers; all with the most significant byte first. */
#include <string.h>

#include "array_file.h"

static bool accepts(const char *file)
{
    const char *slash = strrchr(file, '/');
    return strstr(slash != NULL ? slash : file, "idx") != NULL;
}

static bool read_type(unsigned char code, ArrayFile *array)
{
    static const struct {
        unsigned char code;
        char kind;
        int size;
    } types[] = {{0x08, 'u', 1}, {0x09, 'i', 1}, {0x0b, 'i', 2},
                 {0x0c, 'i', 4}, {0x0d, 'f', 4}, {0x0e, 'f', 8}};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        if (types[k].code == code) {
            array->kind = types[k].kind;
            array->size = types[k].size;
            return true;
        }
    }
    return false;
}

static char *read_header(ArrayFile *array)
{
    unsigned char head[4];
    array->big_endian = true;
    if (!stream_read(array->stream, head, sizeof head) || head[0] != 0 || head[1] != 0 ||
        !read_type(head[2], array) || head[3] < 1 || head[3] > 4) {
        return table_error(array->file, "is no idx file of numbers");
    }
    array->start = 4 + 4 * (int64_t)head[3];
    array->columns = 1;
    for (int k = 0; k < head[3]; k++) {
        unsigned char length[4];
        if (!stream_read(array->stream, length, sizeof length)) {
            return table_error(array->file, "is too short for its header");
        }
        const int64_t count =
            (int64_t)length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3];
        if (k == 0) {
            array->rows = count;
        } else {
            array->columns *= count;
        }
        if (array->columns < 1 || array->columns >= 1 << 30) {
            return table_error(array->file, "tells of rows without numbers, or of too many");
        }
    }
    array->rank = head[3] > 1 ? 2 : 1;
    return NULL;
}

static char *open_idx(Table *table)
{
    return array_pair_open(table, read_header);
}

const TableFormat format_idx = {accepts, open_idx, array_pair_read, array_pair_close};
