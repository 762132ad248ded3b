#include "phasesweep/numerics/dense_eigen.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

bool dense_eigen(int n, double a[], double value[])
{
    assert(n >= 1);
    int info;
    int integers = 0;
    int query = -1;
    double reals = 0.0;
    dsyevd_("V", "L", &n, a, &n, value, &reals, &query, &integers, &query, &info, 1, 1);
    const int room = (int)reals;
    const int whole_room = integers;
    double *work = checked_alloc((size_t)room, sizeof *work);
    int *whole = checked_alloc((size_t)whole_room, sizeof *whole);
    dsyevd_("V", "L", &n, a, &n, value, work, &room, whole, &whole_room, &info, 1, 1);
    free(work);
    free(whole);
    return info == 0;
}
