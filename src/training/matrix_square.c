#include "matrix_square.h"

#include <stddef.h>
#include <string.h>

#include "phasesweep/numerics/lapack.h"

void matrix_square(int d, int rank, const double factor[], double s[])
{
    const double one = 1.0;
    const double zero = 0.0;
    const size_t n = (size_t)d;
    memset(s, 0, n * n * sizeof *s);
    if (rank > 0) {
        dsyrk_("L", "N", &d, &rank, &one, factor, &d, &zero, s, &d, 1, 1);
    }
    for (size_t column = 0; column < n; column++) {
        for (size_t row = 0; row < column; row++) {
            s[row + column * n] = s[column + row * n];
        }
    }
}
