#include "matrix_square.h"

#include <stddef.h>
#include <string.h>

#include "phasesweep/numerics/lapack.h"

void matrix_lower(int d, int rank, int negative, const double factor[], double s[])
{
    const double one = 1.0;
    const double minus = -1.0;
    const double zero = 0.0;
    const int positive = rank - negative;
    const size_t n = (size_t)d;
    memset(s, 0, n * n * sizeof *s);
    if (positive > 0) {
        dsyrk_("L", "N", &d, &positive, &one, factor, &d, &zero, s, &d, 1, 1);
    }
    if (negative > 0) {
        dsyrk_("L", "N", &d, &negative, &minus, factor + (size_t)positive * n, &d, &one, s, &d,
               1, 1);
    }
}

void matrix_square(int d, int rank, int negative, const double factor[], double s[])
{
    const size_t n = (size_t)d;
    matrix_lower(d, rank, negative, factor, s);
    for (size_t column = 0; column < n; column++) {
        for (size_t row = 0; row < column; row++) {
            s[row + column * n] = s[column + row * n];
        }
    }
}
