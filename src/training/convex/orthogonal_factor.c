#include "orthogonal_factor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/dense_eigen.h"
#include "phasesweep/numerics/lapack.h"
#include "matrix_square.h"

/* Columns that LAPACK reflects at a time, at most. */
enum { PANEL = 64 };

int factor_place(int j, int k, int negative)
{
    return j < k - negative ? k - 1 - j : j - (k - negative);
}

/* matrix [d x k] = Q R: Q takes its place, upper [k x k] is R. */
static bool split(int d, int k, double matrix[], double upper[])
{
    const int room = PANEL * k;
    double *tau = checked_alloc((size_t)k, sizeof *tau);
    double *scratch = checked_alloc((size_t)room, sizeof *scratch);
    int info;
    dgeqrf_(&d, &k, matrix, &d, tau, scratch, &room, &info);
    memset(upper, 0, (size_t)k * (size_t)k * sizeof *upper);
    for (size_t column = 0; column < (size_t)k && info == 0; column++) {
        memcpy(upper + column * (size_t)k, matrix + column * (size_t)d,
               (column + 1) * sizeof *upper);
    }
    if (info == 0) {
        dorgqr_(&d, &k, &k, matrix, &d, tau, scratch, &room, &info);
    }
    free(tau);
    free(scratch);
    return info == 0;
}

/* Columns of the factor from those of Q and the eigenpairs of R sign R^T. */
static void take_columns(int d, const double basis[], const double vectors[],
                         const double values[], double factor[], PassPlan *plan)
{
    static const double zero = 0.0;
    static const int stride = 1;
    const int k = plan->rank;
    plan->trace = plan->below = 0.0;
    for (int j = 0; j < k; j++) {
        const int place = factor_place(j, k, plan->negative);
        const double root = sqrt(fabs(values[place]));
        dgemv_("N", &d, &k, &root, basis, &d, vectors + (size_t)place * (size_t)k, &stride,
               &zero, factor + (size_t)j * (size_t)d, &stride, 1);
        plan->trace += values[place];
        plan->below -= fmin(values[place], 0.0);
    }
}

bool factor_make_orthogonal(int d, double factor[], PassPlan *plan)
{
    const int k = plan->rank;
    const size_t square = (size_t)k * (size_t)k;
    const size_t entries = (size_t)d * (size_t)k;
    double *upper = checked_alloc(square, sizeof *upper);
    double *form = checked_alloc(square, sizeof *form);
    double *values = checked_alloc((size_t)k, sizeof *values);
    double *basis = checked_alloc(entries, sizeof *basis);
    memcpy(basis, factor, entries * sizeof *basis);
    bool good = k == 0 || split(d, k, basis, upper);
    if (good) {
        matrix_square(k, k, plan->negative, upper, form);
        good = k == 0 || dense_eigen(k, form, values);
    }
    if (good) {
        take_columns(d, basis, form, values, factor, plan);
    }
    free(upper);
    free(form);
    free(values);
    free(basis);
    return good;
}
