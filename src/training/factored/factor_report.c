/* The network by its principal axes, with the certificate of the convex problem. */
#include "factor_report.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/parallel/symmetric_eigen.h"
#include "convex/training_pass.h"
#include "network.h"
#include "risk_estimate.h"

/* Eigenvalues of S below this share of the largest are what the descent has left of neurons
 * that the penalty removes, and those below the other are rounding. */
static const double vanishing = 1e-6;
static const double nothing = 1e-13;

static bool is_root(const FactorReport *report)
{
    int rank;
    MPI_Comm_rank(report->team, &rank);
    return rank == 0;
}

/* Principal axes of the factor on rank 0, the longest first: the same S with orthogonal
 * columns.  Returns how many there are, -1 if LAPACK failed. */
static int axes_of_gram(const FactorReport *work, double axes[])
{
    const int d = work->d;
    const int p = work->p;
    const size_t n = (size_t)p;
    const double one = 1.0;
    const double zero = 0.0;
    const int one_axis = 1;
    double *gram = checked_alloc(n * n, sizeof *gram);
    double *values = checked_alloc(n, sizeof *values);
    Eigen eigen = eigen_create(MPI_COMM_SELF, p, EIGEN_LAPACK);
    dsyrk_("L", "T", &p, &d, &one, work->factor, &d, &zero, gram, &p, 1, 1);
    int rank = eigen_values(&eigen, gram, values) == OUTCOME_CONVERGED ? 0 : -1;
    while (rank >= 0 && rank < p && values[p - 1 - rank] > nothing * values[p - 1]) {
        rank++;
    }
    if (rank >= 0 && eigen_vectors(&eigen, rank, gram) != OUTCOME_CONVERGED) {
        rank = -1;
    }
    for (int k = 0; k < rank; k++) {
        dgemv_("N", &d, &p, &one, work->factor, &d, gram + (n - 1 - (size_t)k) * n, &one_axis,
               &zero, axes + (size_t)k * (size_t)d, &one_axis, 1);
    }
    eigen_free(&eigen);
    free(values);
    free(gram);
    return rank;
}

/* The same where neurons are more than dimensions, from S itself. */
static int axes_of_matrix(const FactorReport *work, double axes[])
{
    const int d = work->d;
    const int p = work->p;
    const size_t n = (size_t)d;
    const double one = 1.0;
    const double zero = 0.0;
    double *matrix = checked_alloc(n * n, sizeof *matrix);
    double *values = checked_alloc(n, sizeof *values);
    Eigen eigen = eigen_create(MPI_COMM_SELF, d, EIGEN_LAPACK);
    dsyrk_("L", "N", &d, &p, &one, work->factor, &d, &zero, matrix, &d, 1, 1);
    int rank = eigen_values(&eigen, matrix, values) == OUTCOME_CONVERGED ? 0 : -1;
    while (rank >= 0 && rank < d && values[d - 1 - rank] > nothing * values[d - 1]) {
        rank++;
    }
    if (rank >= 0 && eigen_vectors(&eigen, rank, matrix) != OUTCOME_CONVERGED) {
        rank = -1;
    }
    for (size_t k = 0; rank > 0 && k < (size_t)rank * n; k++) {
        const size_t from = n - 1 - k / n;
        axes[k] = sqrt(values[from]) * matrix[from * n + k % n];
    }
    eigen_free(&eigen);
    free(values);
    free(matrix);
    return rank;
}

/* Of ascending values [d], those `rank` that are nearest 1 come last: the learned directions,
 * whose places are not the last where a width cuts off larger ones. */
static void put_learned_last(int d, int rank, double values[])
{
    int first = d - rank;
    while (first > 0 && fabs(values[first - 1] - 1.0) < fabs(values[first + rank - 1] - 1.0)) {
        first--;
    }
    memmove(values + first, values + first + rank, (size_t)(d - rank - first) * sizeof *values);
}

/* The error of the network by the eigenvalues of B, which become those of (2/(d lt)) B. */
static void estimate(const FactorReport *work, int columns, const double axes[],
                     double values[], Observed *report)
{
    const size_t d = (size_t)work->d;
    double *learned = checked_alloc((size_t)columns, sizeof *learned);
    for (size_t k = 0; k < (size_t)columns * d; k++) {
        learned[k / d] += axes[k] * axes[k];
    }
    int rank = columns;
    while (rank > 0 && !(learned[rank - 1] > vanishing * learned[0])) {
        rank--;
    }
    for (size_t j = 0; j < d; j++) {
        values[j] *= 2.0 / (work->d * problem_nuclear_weight(work->problem));
    }
    put_learned_last(work->d, rank, values);
    estimate_matrix(work->problem, &work->data->moments, rank, learned, values, report);
    free(learned);
}

/* Gap of the convex problem and mean squared residual, on rank 0. */
static void certify(const FactorReport *work, const double axes[], int rank, double matrix[],
                    Observed *report)
{
    Pass pass = pass_create(work->team, work->data);
    Eigen eigen = eigen_create(work->team, work->d, EIGEN_LAPACK);
    PassPlan plan = {.rank = rank, .residual_share = 1.0, .share = {1.0}};
    for (size_t k = 0; k < (size_t)work->d * (size_t)rank; k++) {
        plan.trace += axes[k] * axes[k];
    }
    const PassSums sums = pass_run(&pass, &plan, axes);
    if (is_root(work)) {
        double *values = checked_alloc((size_t)work->d, sizeof *values);
        memcpy(matrix, pass.gram, (size_t)work->d * (size_t)work->d * sizeof *matrix);
        const double largest = eigen_largest(&eigen, matrix, values);
        const double bound =
            pass_dual_bound(&sums, work->d, problem_nuclear_weight(work->problem), largest);
        report->train_loss = sums.residual / work->problem->samples;
        if (isnan(report->objective)) {
            report->objective = sums.residual / work->d / work->d +
                                problem_nuclear_weight(work->problem) / work->d * plan.trace;
        }
        report->gap =
            isnan(largest) ? NAN : fmax((report->objective - bound) / report->objective, 0.0);
        if (!isnan(largest) && work->at_minimum) {
            estimate(work, rank, axes, values, report);
        }
        free(values);
    }
    eigen_free(&eigen);
    pass_free(&pass);
}

/* The network by its principal axes, described on rank 0. */
void factor_describe(const FactorReport *work, Observed *observed, double spectrum[],
                     double overlaps[])
{
    const size_t d = (size_t)work->d;
    double *axes = checked_alloc(d * d, sizeof *axes);
    double *matrix = checked_alloc(d * d, sizeof *matrix);
    Network network = {.factor = axes};
    if (is_root(work) && observed->outcome != OUTCOME_FAILED) {
        network.columns =
            work->p < work->d ? axes_of_gram(work, axes) : axes_of_matrix(work, axes);
    }
    MPI_Bcast(&network.columns, 1, MPI_INT, 0, work->team);
    if (network.columns < 0) {
        observed->outcome = OUTCOME_FAILED;
    }
    if (observed->outcome != OUTCOME_FAILED) {
        MPI_Bcast(axes, work->d * network.columns, MPI_DOUBLE, 0, work->team);
        certify(work, axes, network.columns, matrix, observed);
    }
    if (is_root(work) && observed->outcome != OUTCOME_FAILED) {
        network_observe_matrix(work->data, &network, matrix, observed, spectrum, overlaps);
        observed->rank = 0.0;
        for (size_t k = 0; k < d; k++) {
            /* a descent only comes near 0 where the minimum has it */
            const bool counts = spectrum[k] > vanishing * spectrum[0];
            spectrum[k] = counts || !work->at_minimum ? spectrum[k] : 0.0;
            observed->rank += counts;
        }
        observed->feature_overlap = observed->rank > 0.0 ? overlaps[0] : NAN;
    }
    free(axes);
    free(matrix);
}
