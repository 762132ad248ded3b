/* LAPACK's solvers of the tridiagonal problem.  They are serial and cheap: O(n^2) for values
 * and for a few vectors, O(n^3) with a small constant for all vectors.  Every rank of a
 * ScaLAPACK team calls them on the same numbers and gets the same bits, which no message has
 * to carry.
 *
 * The matrix is kept: values come first, and vectors are made from the same numbers later.
 */
#include "phasesweep/numerics/tridiagonal.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

Tridiagonal tridiagonal_create(int n)
{
    assert(n >= 1);
    return (Tridiagonal){.n = n,
                         .diagonal = checked_alloc((size_t)n, sizeof(double)),
                         .off = checked_alloc((size_t)n, sizeof(double))};
}

void tridiagonal_free(Tridiagonal *t)
{
    free(t->diagonal);
    free(t->off);
    *t = (Tridiagonal){0};
}

/* LAPACK destroys its arguments; `off` is a scratch array of the caller's. */
static void copy(const Tridiagonal *t, double diagonal[], double off[])
{
    memcpy(diagonal, t->diagonal, (size_t)t->n * sizeof *diagonal);
    memcpy(off, t->off, (size_t)t->n * sizeof *off);
}

/* By dsterf: values alone in O(n^2), which is little against the reduction. */
bool tridiagonal_values(const Tridiagonal *t, double w[])
{
    double *off = checked_alloc((size_t)t->n, sizeof *off);
    int info;
    copy(t, w, off);
    dsterf_(&t->n, w, off, &info);
    free(off);
    assert(info >= 0);
    return info == 0;
}

/* By dstemr (MRRR), O(n count).  It may give fewer vectors than asked for where eigenvalues
 * cluster, hence the count.  Workspaces are those of its documentation. */
bool tridiagonal_some(const Tridiagonal *t, int before, int count, double z[])
{
    assert(count >= 1 && before >= 0 && before + count <= t->n);
    const int n = t->n;
    const int length = 18 * n;
    const int integers = 10 * n;
    const int first = before + 1;
    const int last = before + count;
    const double unused = 0.0;
    const size_t places = (size_t)n;
    /* diagonal, off-diagonal, values, work; support of the vectors, work */
    double *real = checked_alloc(3 * places + (size_t)length, sizeof *real);
    int *whole = checked_alloc(2 * places + (size_t)integers, sizeof *whole);
    double *w = real + 2 * places;
    int found = 0;
    int accurate = 1;
    int info;
    copy(t, real, real + places);
    dstemr_("V", "I", &n, real, real + places, &unused, &unused, &first, &last, &found, w, z,
            &n, &count, whole, &accurate, w + places, &length, whole + 2 * places, &integers,
            &info, 1, 1);
    free(real);
    free(whole);
    assert(info >= 0);
    return info == 0 && found == count;
}

bool tridiagonal_top(const Tridiagonal *t, int count, double z[])
{
    return tridiagonal_some(t, t->n - count, count, z);
}

bool tridiagonal_all(const Tridiagonal *t, double z[], double work[])
{
    const int n = t->n;
    const int length = 1 + 4 * n + n * n;
    const int integers = 3 + 5 * n;
    double *real = checked_alloc(2 * (size_t)n, sizeof *real);
    int *whole = checked_alloc((size_t)integers, sizeof *whole);
    int info;
    copy(t, real, real + n);
    dstedc_("I", &n, real, real + n, z, &n, work, &length, whole, &integers, &info, 1);
    free(real);
    free(whole);
    assert(info >= 0);
    return info == 0;
}
