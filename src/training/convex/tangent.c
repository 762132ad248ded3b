#include "tangent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/dense_eigen.h"
#include "phasesweep/numerics/lapack.h"
#include "interior_system.h"
#include "orthogonal_factor.h"

static const double one = 1.0;
static const double zero = 0.0;
static const int stride = 1;

Tangent tangent_create(int d, const PassPlan *plan, const double factor[])
{
    Tangent tangent = {.d = d, .k = plan->rank, .negative = plan->negative};
    const size_t k = (size_t)tangent.k;
    tangent.basis = checked_alloc(tangent_entries(&tangent), sizeof(double));
    tangent.values = checked_alloc(k, sizeof(double));
    tangent.square = checked_alloc(k * k, sizeof(double));
    for (size_t j = 0; j < k; j++) {
        const double *column = factor + j * (size_t)d;
        tangent.values[j] = interior_dot(column, column, (size_t)d);
        for (size_t i = 0; i < (size_t)d; i++) {
            tangent.basis[i + j * (size_t)d] = column[i] / sqrt(tangent.values[j]);
        }
    }
    return tangent;
}

void tangent_free(Tangent *tangent)
{
    free(tangent->basis);
    free(tangent->values);
    free(tangent->square);
    *tangent = (Tangent){0};
}

size_t tangent_entries(const Tangent *tangent)
{
    return (size_t)tangent->d * (size_t)tangent->k;
}

static double sign_of(const Tangent *tangent, int column)
{
    return column < tangent->k - tangent->negative ? 1.0 : -1.0;
}

/* square = U^T z. */
static void project(const Tangent *tangent, const double z[])
{
    dgemm_("T", "N", &tangent->k, &tangent->k, &tangent->d, &one, tangent->basis, &tangent->d,
           z, &tangent->d, &zero, tangent->square, &tangent->k, 1, 1);
}

/* z += factor U square. */
static void add_within(const Tangent *tangent, double factor, double z[])
{
    dgemm_("N", "N", &tangent->d, &tangent->k, &tangent->k, &factor, tangent->basis,
           &tangent->d, tangent->square, &tangent->k, &one, z, &tangent->d, 1, 1);
}

double tangent_inner(const Tangent *tangent, const double a[], const double b[])
{
    double *half = checked_alloc(tangent_entries(tangent), sizeof *half);
    tangent_halve(tangent, b, half);
    const double inner = 2.0 * interior_dot(a, half, tangent_entries(tangent));
    free(half);
    return inner;
}

void tangent_halve(const Tangent *tangent, const double z[], double x[])
{
    project(tangent, z);
    memcpy(x, z, tangent_entries(tangent) * sizeof *x);
    add_within(tangent, -0.5, x);
}

void tangent_normal(const Tangent *tangent, const double z[], double n[])
{
    project(tangent, z);
    memcpy(n, z, tangent_entries(tangent) * sizeof *n);
    add_within(tangent, -1.0, n);
}

/* out = B z. */
static void times(const Tangent *tangent, const double b[], const double z[], double out[])
{
    dsymm_("L", "L", &tangent->d, &tangent->k, &one, b, &tangent->d, z, &tangent->d, &zero, out,
           &tangent->d, 1, 1);
}

void tangent_descent(const Tangent *tangent, const double b[], double weight, double z[])
{
    const size_t d = (size_t)tangent->d;
    times(tangent, b, tangent->basis, z);
    for (int column = 0; column < tangent->k; column++) {
        const double pull = weight * sign_of(tangent, column);
        for (size_t i = (size_t)column * d; i < ((size_t)column + 1) * d; i++) {
            z[i] -= pull * tangent->basis[i];
        }
    }
}

/* image += U h(K), square = K. */
static void add_crossing(const Tangent *tangent, double weight, double image[])
{
    for (int column = 0; column < tangent->k; column++) {
        for (int row = 0; row < tangent->k; row++) {
            const bool apart = sign_of(tangent, row) != sign_of(tangent, column);
            const double both = tangent->values[row] + tangent->values[column];
            tangent->square[(size_t)row + (size_t)column * (size_t)tangent->k] *=
                apart ? 2.0 * weight / both : 0.0;
        }
    }
    add_within(tangent, 1.0, image);
}

void tangent_add_curvature(const Tangent *tangent, const double b[], double weight,
                           const double z[], double image[])
{
    const size_t d = (size_t)tangent->d;
    double *normal = checked_alloc(2 * tangent_entries(tangent), sizeof *normal);
    double *pulled = normal + tangent_entries(tangent);
    tangent_normal(tangent, z, normal);
    if (tangent->negative > 0) {
        add_crossing(tangent, weight, image);
    }
    times(tangent, b, normal, pulled);
    project(tangent, pulled);
    add_within(tangent, -1.0, pulled);
    for (int column = 0; column < tangent->k; column++) {
        const double sign = sign_of(tangent, column);
        for (size_t i = (size_t)column * d; i < ((size_t)column + 1) * d; i++) {
            image[i] += (weight * normal[i] - sign * pulled[i]) / tangent->values[column];
        }
    }
    free(normal);
}

void tangent_precondition(const Tangent *tangent, double mean, double weight, const double z[],
                          double out[])
{
    const size_t d = (size_t)tangent->d;
    tangent_normal(tangent, z, out);
    for (int column = 0; column < tangent->k; column++) {
        const double scale = 1.0 / (mean + weight / tangent->values[column]);
        for (size_t i = (size_t)column * d; i < ((size_t)column + 1) * d; i++) {
            out[i] *= scale;
        }
    }
    add_within(tangent, 1.0 / mean, out);
}

/* Column of the next factor, from an eigenvector q [k] of M, its value, and t N. */
static void make_column(const Tangent *tangent, const double normal[], const double q[],
                        double value, double column[])
{
    const double root = sqrt(fabs(value));
    dgemv_("N", &tangent->d, &tangent->k, &one, normal, &tangent->d, q, &stride, &zero, column,
           &stride, 1);
    const double length = sqrt(interior_dot(column, column, (size_t)tangent->d));
    const double share = copysign(root, value) / fmax(fabs(value), length);
    for (int i = 0; i < tangent->d; i++) {
        column[i] *= share;
    }
    dgemv_("N", &tangent->d, &tangent->k, &root, tangent->basis, &tangent->d, q, &stride, &one,
           column, &stride, 1);
}

/* square = M, from K. */
static void make_m(const Tangent *tangent, double share)
{
    const size_t k = (size_t)tangent->k;
    for (size_t i = 0; i < k * k; i++) {
        tangent->square[i] *= share;
    }
    for (size_t j = 0; j < k; j++) {
        tangent->square[j * (k + 1)] += sign_of(tangent, (int)j) * tangent->values[j];
    }
}

bool tangent_move(const Tangent *tangent, const double z[], double share, double factor[],
                  PassPlan *plan)
{
    const int k = tangent->k;
    double *normal = checked_alloc(tangent_entries(tangent), sizeof *normal);
    double *values = checked_alloc((size_t)k, sizeof *values);
    tangent_normal(tangent, z, normal);
    for (size_t i = 0; i < tangent_entries(tangent); i++) {
        normal[i] *= share;
    }
    make_m(tangent, share);
    const bool good = dense_eigen(k, tangent->square, values);
    plan->rank = plan->negative = 0;
    for (int j = 0; j < k && good; j++) {
        const int place = factor_place(j, k, tangent->negative);
        if (sign_of(tangent, j) * values[place] > 0.0) {
            make_column(tangent, normal, tangent->square + (size_t)place * (size_t)k,
                        values[place], factor + (size_t)plan->rank * (size_t)tangent->d);
            plan->rank++;
            plan->negative += values[place] < 0.0;
        }
    }
    free(normal);
    free(values);
    return good && factor_make_orthogonal(tangent->d, factor, plan);
}
