/* npy_file.h - files of rows for the tests; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_NPY_FILE_H
#define PHASESWEEP_TESTS_NPY_FILE_H

#include <stdio.h>
#include <string.h>

/* data [rows * columns], row by row. */
static inline void write_npy(const char *path, int rows, int columns, const double data[])
{
    char head[119] = {0};
    const char *form = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }";
    const int length = snprintf(head, sizeof head, form, rows, columns);
    memset(head + length, ' ', sizeof head - 1 - (size_t)length);
    head[sizeof head - 2] = '\n';
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite("\x93NUMPY\x01\x00\x76\x00", 10, 1, file);
    fwrite(head, sizeof head - 1, 1, file);
    fwrite(data, sizeof *data, (size_t)rows * (size_t)columns, file);
    fclose(file);
}

#endif
