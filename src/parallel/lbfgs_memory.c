#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "lbfgs_state.h"

CLONES
static double local_dot(const double a[], const double b[], int count)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

double lbfgs_dot(const LbfgsWork *work, const double a[], const double b[])
{
    double sum = local_dot(a, b, work->count);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, work->team);
    return sum;
}

void lbfgs_add(double a[], double factor, const double b[], int count)
{
#pragma omp simd
    for (int i = 0; i < count; i++) {
        a[i] += factor * b[i];
    }
}

double *lbfgs_basis(const LbfgsWork *work, int index)
{
    return work->basis + (size_t)index * (size_t)work->count;
}

double *lbfgs_slope(const LbfgsWork *work)
{
    return lbfgs_basis(work, work->vectors - 1);
}

void lbfgs_refresh(LbfgsWork *work, const int changed[], int count)
{
    const int vectors = work->vectors;
    double *sums = checked_alloc((size_t)(count * vectors), sizeof *sums);
    for (int k = 0; k < count * vectors; k++) {
        sums[k] = local_dot(lbfgs_basis(work, changed[k / vectors]),
                            lbfgs_basis(work, k % vectors), work->count);
    }
    MPI_Allreduce(MPI_IN_PLACE, sums, count * vectors, MPI_DOUBLE, MPI_SUM, work->team);
    for (int k = 0; k < count * vectors; k++) {
        const int row = changed[k / vectors];
        const int column = k % vectors;
        work->state->product[row * vectors + column] = sums[k];
        work->state->product[column * vectors + row] = sums[k];
    }
    free(sums);
}

/* Row `index` of the products times shares of all vectors. */
static double combine(const LbfgsWork *work, int index, const double share[])
{
    return local_dot(work->state->product + (size_t)index * (size_t)work->vectors, share,
                     work->vectors);
}

static int slot_of(const LbfgsWork *work, int age)
{
    return (work->state->newest - age + work->memory) % work->memory;
}

/* -H gradient by the two-loop recursion, as shares of the vectors. */
static void recursion(const LbfgsWork *work, double share[])
{
    const int m = work->memory;
    const int stride = work->vectors + 1; /* from one diagonal entry to the next */
    double *weight = checked_alloc((size_t)m, sizeof *weight);
    memset(share, 0, (size_t)work->vectors * sizeof *share);
    share[2 * m] = -1.0;
    for (int age = 0; age < work->state->pairs; age++) {
        const int k = slot_of(work, age);
        weight[k] = combine(work, k, share) / work->state->product[k * work->vectors + m + k];
        share[m + k] -= weight[k];
    }
    if (work->state->pairs > 0) {
        const int k = work->state->newest;
        const double scale = work->state->product[k * work->vectors + m + k] /
                             work->state->product[(m + k) * stride];
        for (int j = 0; j < work->vectors; j++) {
            share[j] *= scale;
        }
    }
    for (int age = work->state->pairs - 1; age >= 0; age--) {
        const int k = slot_of(work, age);
        share[k] += weight[k] - combine(work, m + k, share) /
                                    work->state->product[k * work->vectors + m + k];
    }
    free(weight);
}

double lbfgs_choose_direction(LbfgsWork *work)
{
    double *share = checked_alloc((size_t)work->vectors, sizeof *share);
    recursion(work, share);
    memset(work->direction, 0, (size_t)work->count * sizeof(double));
    for (int j = 0; j < work->vectors; j++) {
        if (share[j] != 0.0) {
            lbfgs_add(work->direction, share[j], lbfgs_basis(work, j), work->count);
        }
    }
    free(share);
    return lbfgs_dot(work, work->direction, lbfgs_slope(work));
}

void lbfgs_accept(LbfgsWork *work, double value)
{
    const int slot = (work->state->newest + 1) % work->memory;
    double *step = lbfgs_basis(work, slot);
    double *change = lbfgs_basis(work, work->memory + slot);
    double *now = lbfgs_slope(work);
    for (int i = 0; i < work->count; i++) {
        step[i] = work->trial[i] - work->x[i];
        change[i] = work->trial_gradient[i] - now[i];
        work->x[i] = work->trial[i];
        now[i] = work->trial_gradient[i];
    }
    work->state->value = value;
    const int changed[] = {slot, work->memory + slot, work->vectors - 1};
    lbfgs_refresh(work, changed, 3);
    if (work->state->product[slot * work->vectors + work->memory + slot] > 0.0) {
        work->state->newest = slot;
        work->state->pairs += work->state->pairs < work->memory;
    } else {
        work->state->pairs = 0;
    }
}
