/* What is reported of S = factor factor^T.  The columns of the factor are orthogonal,
 * eigenvectors times the roots of their eigenvalues, so that eigenvalues, trace and norm are
 * sums over columns, and no d x d matrix is needed but for the risk.
 *
 * Overlaps with the teacher are between vectors of equal place: among nearly equal
 * eigenvalues they may be small though the features are learned as a group.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "training_state.h"

/* The factor in the teacher's basis: O^T factor.  Owned by the caller. */
static double *turned_factor(const TrainingWork *work, int rank)
{
    const int d = work->d;
    const size_t entries = (size_t)d * (size_t)rank;
    double *turned = checked_alloc(entries, sizeof *turned);
    if (work->samples.rotation == NULL) {
        memcpy(turned, work->factor, entries * sizeof *turned);
    } else if (rank > 0) {
        const double one = 1.0;
        const double zero = 0.0;
        dgemm_("T", "N", &d, &rank, &d, &one, work->samples.rotation, &d, work->factor, &d,
               &zero, turned, &d, 1, 1);
    }
    return turned;
}

/* |S - S*|^2 entry by entry, which keeps its digits when S is close to S*. */
static double distance(const TrainingWork *work, const double turned[], int rank)
{
    const int d = work->d;
    const size_t n = (size_t)d;
    const double one = 1.0;
    const double zero = 0.0;
    double *s = work->matrix;
    memset(s, 0, n * n * sizeof *s);
    if (rank > 0) {
        dsyrk_("L", "N", &d, &rank, &one, turned, &d, &zero, s, &d, 1, 1);
    }
    double sum = 0.0;
    for (size_t column = 0; column < n; column++) {
        /* S* is diagonal in this basis */
        const double error = s[column * (n + 1)] - work->samples.teacher[column];
        sum += error * error;
        for (size_t row = column + 1; row < n; row++) {
            sum += 2.0 * s[row + column * n] * s[row + column * n];
        }
    }
    return sum;
}

/* Rank 0.  Both arrays [d], zeroed by the caller beyond the rank. */
static void observe_finite(const TrainingWork *work, Training *training, double eigenvalues[],
                           double overlaps[])
{
    const size_t d = (size_t)work->d;
    const int rank = work->progress.plan.rank;
    assert(rank >= 0 && rank <= work->d);
    double *turned = turned_factor(work, rank);
    double trace = 0.0;
    double square = 0.0;
    double product = 0.0;
    for (size_t k = 0; k < (size_t)rank; k++) {
        double value = 0.0;
        for (size_t i = 0; i < d; i++) {
            const double weight = turned[i + k * d] * turned[i + k * d];
            value += weight;
            /* Tr S S* = sum_k sum_i s_i (factor_ik)^2 */
            product += work->samples.teacher[i] * weight;
        }
        trace += value;
        square += value * value;
        eigenvalues[k] = value;
        /* the teacher's k-th vector is the k-th of the basis */
        overlaps[k] = turned[k + k * d] * turned[k + k * d] / value;
    }
    training->rank = rank;
    training->trace = trace / (double)d;
    training->overlap_q = square / (double)d;
    training->overlap_m = product / (double)d;
    training->risk = distance(work, turned, rank) / (double)d;
    training->prediction_risk = 2.0 * training->risk;
    free(turned);
}

/* A failed point has an outcome and a count of iterations, and no other number. */
static void observe_nothing(Training *training, int d, double eigenvalues[], double overlaps[])
{
    *training = (Training){.outcome = training->outcome,
                           .iterations = training->iterations,
                           .gap = NAN,
                           .objective = NAN,
                           .risk = NAN,
                           .prediction_risk = NAN,
                           .train_loss = NAN,
                           .trace = NAN,
                           .overlap_q = NAN,
                           .overlap_m = NAN,
                           .smoothness = NAN};
    for (int k = 0; k < d; k++) {
        eigenvalues[k] = overlaps[k] = NAN;
    }
}

void observe(const TrainingWork *work, Training *training, double eigenvalues[],
             double overlaps[])
{
    const int d = work->d;
    /* zeros beyond the rank; one message for both arrays */
    double *arrays = checked_alloc(2 * (size_t)d, sizeof *arrays);
    if (work->rank == 0) {
        if (training->outcome == OUTCOME_FAILED) {
            observe_nothing(training, d, arrays, arrays + d);
        } else {
            observe_finite(work, training, arrays, arrays + d);
        }
    }
    MPI_Bcast(training, sizeof *training, MPI_BYTE, 0, work->team);
    MPI_Bcast(arrays, 2 * d, MPI_DOUBLE, 0, work->team);
    if (eigenvalues != NULL) {
        memcpy(eigenvalues, arrays, (size_t)d * sizeof *eigenvalues);
    }
    if (overlaps != NULL) {
        memcpy(overlaps, arrays + d, (size_t)d * sizeof *overlaps);
    }
    free(arrays);
}
