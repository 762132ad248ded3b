/* The columns of a factor are orthogonal, so that eigenvalues, trace and norm are sums over
 * columns, and no d x d matrix is needed but for the risk.
 */
#include "network.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "matrix_square.h"

/* The factor where S* is diagonal: O^T factor, or where the data are isotropic.  Owned by the
 * caller. */
static double *turned_factor(const Dataset *data, const Network *network)
{
    const int d = data->dimension;
    const int rank = network->columns;
    const size_t entries = (size_t)d * (size_t)rank;
    double *turned = checked_alloc(entries, sizeof *turned);
    if (!dataset_is_isotropic(data)) {
        memcpy(turned, network->factor, entries * sizeof *turned);
        covariance_whiten_dual(&data->covariance, rank, turned);
    } else if (data->truth == NULL || data->truth->rotation == NULL) {
        memcpy(turned, network->factor, entries * sizeof *turned);
    } else if (rank > 0) {
        const double one = 1.0;
        const double zero = 0.0;
        dgemm_("T", "N", &d, &rank, &d, &one, data->truth->rotation, &d, network->factor, &d,
               &zero, turned, &d, 1, 1);
    }
    return turned;
}

/* |S - S*|^2 entry by entry, which keeps its digits when S is close to S*. */
static double distance(int d, const Network *turned, const double teacher[], double s[])
{
    const size_t n = (size_t)d;
    matrix_lower(d, turned->columns, turned->negative, turned->factor, s);
    double sum = 0.0;
    for (size_t column = 0; column < n; column++) {
        /* S* is diagonal in this basis */
        const double error = s[column * (n + 1)] - teacher[column];
        sum += error * error;
        for (size_t row = column + 1; row < n; row++) {
            sum += 2.0 * s[row + column * n] * s[row + column * n];
        }
    }
    return sum;
}

/* Diagonal of S~*: s~_i, or sigma_i sum_k O_ik^2 s_k. */
static double target_diagonal(const Dataset *data, int i)
{
    const Truth *truth = data->truth;
    const int d = data->dimension;
    if (truth->rotation == NULL) {
        return truth->teacher[i];
    }
    double sum = 0.0;
    for (int k = 0; k < d; k++) {
        const double entry = truth->rotation[i + (size_t)k * (size_t)d];
        sum += entry * entry * truth->teacher[k];
    }
    return covariance_variance(&data->covariance, i) * sum;
}

/* sum_i E_ii^2 of correlated features, E = A^T (S - S*) A. */
static double diagonal_error(const Dataset *data, const Network *network)
{
    const size_t d = (size_t)data->dimension;
    double *factor = turned_factor(data, network);
    double *target = network_turned_truth(data);
    double sum = 0.0;
    for (size_t i = 0; i < d; i++) {
        double error = -target[i * (d + 1)];
        for (int k = 0; k < network->columns; k++) {
            const double entry = factor[i + (size_t)k * d];
            error += k < network->columns - network->negative ? entry * entry : -entry * entry;
        }
        sum += error * error;
    }
    free(target);
    free(factor);
    return sum;
}

double network_kurtosis_risk(const Dataset *data, const Network *network)
{
    const int d = data->dimension;
    const bool blocks = covariance_has_blocks(&data->covariance);
    const bool any = data->truth->kurtosis != 0.0;
    double sum = any && blocks ? diagonal_error(data, network) : 0.0;
    for (int i = 0; i < d && any && !blocks; i++) {
        double error = -target_diagonal(data, i);
        for (int k = 0; k < network->columns; k++) {
            const double entry = network->factor[i + (size_t)k * (size_t)d];
            const double sign = k < network->columns - network->negative ? 1.0 : -1.0;
            error += sign * covariance_variance(&data->covariance, i) * entry * entry;
        }
        sum += error * error;
    }
    /* also where the moment is infinite and the network perfect */
    return sum == 0.0 ? 0.0 : data->truth->kurtosis * sum / d;
}

double *network_turned_truth(const Dataset *data)
{
    if (!dataset_teacher_is_turned(data)) {
        return NULL;
    }
    const double *turn = data->truth->rotation;
    const int d = data->dimension;
    const size_t side = (size_t)d;
    double *columns = checked_alloc(side * side, sizeof *columns);
    double *target = checked_alloc(side * side, sizeof *target);
    size_t front = 0;
    size_t back = side;
    for (size_t k = 0; k < side; k++) {
        const double s = data->truth->teacher[k];
        double *column = columns + (s < 0.0 ? --back : front++) * side;
        for (size_t i = 0; i < side; i++) {
            column[i] = turn != NULL ? turn[i + k * side] : (i == k ? 1.0 : 0.0);
        }
        covariance_whiten_dual(&data->covariance, 1, column);
        for (size_t i = 0; i < side; i++) {
            column[i] *= sqrt(fabs(s));
        }
    }
    matrix_lower(d, d, (int)(side - back), columns, target);
    free(columns);
    return target;
}

/* Product of a vector with the teacher's k-th. */
static double along_teacher(const Dataset *data, const double x[], size_t k)
{
    if (data->truth == NULL || data->truth->rotation == NULL) {
        return x[k];
    }
    const size_t d = (size_t)data->dimension;
    double sum = 0.0;
    for (size_t i = 0; i < d; i++) {
        sum += x[i] * data->truth->rotation[i + k * d];
    }
    return sum;
}

void network_eigenvalues(int d, const Network *network, double values[])
{
    for (int k = 0; k < network->columns; k++) {
        const double *column = network->factor + (size_t)k * (size_t)d;
        double value = 0.0;
        for (int i = 0; i < d; i++) {
            value += column[i] * column[i];
        }
        values[k] = k < network->columns - network->negative ? value : -value;
    }
}

/* The columns in decreasing order of the sizes of their eigenvalues: two runs, those above 0
 * and those below, are in it already. */
static void order_columns(const Network *network, const double values[], int order[])
{
    const int positive = network->columns - network->negative;
    int front = 0;
    int back = positive;
    for (int k = 0; k < network->columns; k++) {
        const bool above =
            front < positive && (back == network->columns || values[front] >= -values[back]);
        order[k] = above ? front++ : back++;
    }
}

/* What eigenvalues and eigenvectors of S say; overlaps as along_teacher has them. */
static void observe_columns(const Dataset *data, const Network *network, Observed *observed,
                            double spectrum[], double overlaps[])
{
    const size_t d = (size_t)data->dimension;
    const size_t columns = (size_t)network->columns;
    double *values = checked_alloc(columns, sizeof *values);
    int *order = checked_alloc(columns, sizeof *order);
    double trace = 0.0;
    double square = 0.0;
    memset(spectrum, 0, d * sizeof *spectrum);
    memset(overlaps, 0, d * sizeof *overlaps);
    network_eigenvalues((int)d, network, values);
    order_columns(network, values, order);
    for (size_t k = 0; k < columns; k++) {
        const double *column = network->factor + (size_t)order[k] * d;
        spectrum[k] = fabs(values[order[k]]);
        trace += spectrum[k];
        square += spectrum[k] * spectrum[k];
        const double along = along_teacher(data, column, k);
        overlaps[k] = along * along / spectrum[k];
    }
    free(order);
    free(values);
    observed->rank = network->columns;
    observed->trace = trace / (double)d;
    observed->overlap_q = square / (double)d;
}

/* Tr S S* where S* = diag(teacher) is in the basis of the columns. */
static double product_with(int d, const Network *turned, const double teacher[])
{
    double sum = 0.0;
    for (int k = 0; k < turned->columns; k++) {
        const double *column = turned->factor + (size_t)k * (size_t)d;
        const double sign = k < turned->columns - turned->negative ? 1.0 : -1.0;
        for (int i = 0; i < d; i++) {
            sum += sign * teacher[i] * (column[i] * column[i]);
        }
    }
    return sum;
}

/* Where variances differ S and S~ = Sigma^1/2 S Sigma^1/2 do: eigenvalues, trace and
 * eigenvectors are those of S, the norm that of S~, whose lower triangle is s. */
static void observe_stretched(const Dataset *data, const double s[], Observed *observed)
{
    const size_t d = (size_t)data->dimension;
    double *target = network_turned_truth(data);
    double square = 0.0;
    double apart = 0.0;
    double product = 0.0;
    for (size_t column = 0; column < d; column++) {
        for (size_t row = column; row < d; row++) {
            const double entry = s[row + column * d];
            const double twice = row == column ? 1.0 : 2.0;
            const double wanted = target == NULL ? 0.0 : target[row + column * d];
            square += twice * entry * entry;
            apart += twice * (entry - wanted) * (entry - wanted);
            product += twice * entry * wanted;
        }
    }
    observed->overlap_q = square / (double)d;
    if (target != NULL) {
        observed->risk = apart / (double)d;
        observed->overlap_m = product / (double)d;
    }
    free(target);
}

void network_observe_matrix(const Dataset *data, const Network *network, double room[],
                            Observed *observed, double spectrum[], double overlaps[])
{
    const size_t d = (size_t)data->dimension;
    assert(network->columns >= 0 && network->columns <= data->dimension);
    /* of unknown truth 0; its overlaps are forgotten */
    double *none = checked_alloc(data->truth == NULL ? d : 0, sizeof *none);
    const double *teacher = data->truth == NULL ? none : data->truth->teacher;
    double *factor = turned_factor(data, network);
    Network turned = *network;
    turned.factor = factor;
    observe_columns(data, network, observed, spectrum, overlaps);
    observed->overlap_m = product_with((int)d, &turned, teacher) / (double)d;
    observed->risk = distance((int)d, &turned, teacher, room) / (double)d;
    if (!dataset_is_isotropic(data)) {
        observe_stretched(data, room, observed);
    }
    observed->prediction_risk =
        2.0 * observed->risk +
        (data->truth == NULL ? 0.0 : network_kurtosis_risk(data, network));
    /* without an eigenvector there is none to overlap */
    observed->feature_overlap = network->columns > 0 ? overlaps[0] : NAN;
    if (data->truth == NULL) {
        network_forget_truth(observed);
        for (size_t k = 0; k < d; k++) {
            overlaps[k] = NAN;
        }
    }
    free(none);
    free(factor);
}

void network_forget_truth(Observed *observed)
{
    observed->risk = observed->prediction_risk = observed->risk_spread = NAN;
    observed->overlap_m = observed->feature_overlap = NAN;
}

static int decreasing(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x < y) - (x > y);
}

void network_sort(int d, const double x[], double sorted[])
{
    for (int i = 0; i < d; i++) {
        sorted[i] = fabs(x[i]);
    }
    qsort(sorted, (size_t)d, sizeof *sorted, decreasing);
}

void network_vector_truth(const Dataset *data, double out[])
{
    assert(data->truth == NULL || data->truth->teacher != NULL);
    for (int i = 0; i < data->dimension; i++) {
        const bool turned = dataset_teacher_is_turned(data);
        const double root = turned ? 1.0 : covariance_deviation(&data->covariance, i);
        out[i] = data->truth == NULL ? 0.0 : data->truth->teacher[i] / root;
    }
}

double network_vector_risk(const Dataset *data, const int order[], const double theta[],
                           const double target[])
{
    const int d = data->dimension;
    const bool blocks = covariance_has_blocks(&data->covariance);
    double *apart = checked_alloc(blocks ? 2 * (size_t)d : 0, sizeof *apart);
    double risk = 0.0;
    for (int k = 0; k < d; k++) {
        const int i = order == NULL ? k : order[k];
        const double error = theta[k] - target[k];
        if (blocks) {
            apart[i] = error;
        } else {
            risk += covariance_variance(&data->covariance, i) * error * error;
        }
    }
    if (blocks) {
        covariance_product(&data->covariance, 1, apart, apart + d);
    }
    for (int i = 0; blocks && i < d; i++) {
        risk += apart[i] * apart[d + i];
    }
    free(apart);
    return risk;
}

/* R, q and m where features are correlated; theta has the order of the coordinates. */
static void observe_correlated(const Dataset *data, const double theta[], Observed *observed)
{
    const int d = data->dimension;
    double *target = checked_alloc(2 * (size_t)d, sizeof *target);
    double *zero = target + d;
    network_vector_truth(data, target);
    observed->overlap_q = network_vector_risk(data, NULL, theta, zero);
    observed->risk = network_vector_risk(data, NULL, theta, target);
    covariance_product(&data->covariance, 1, theta, zero);
    observed->overlap_m = 0.0;
    for (int i = 0; i < d; i++) {
        observed->overlap_m += target[i] * zero[i];
    }
    free(target);
}

void network_observe_vector(const Dataset *data, const int order[], const double theta[],
                            Observed *observed, double spectrum[])
{
    const double *teacher = data->truth == NULL ? NULL : data->truth->teacher;
    observed->rank = observed->risk = observed->trace = 0.0;
    observed->overlap_q = observed->overlap_m = 0.0;
    for (int k = 0; k < data->dimension; k++) {
        const int i = order == NULL ? k : order[k];
        const double x = covariance_deviation(&data->covariance, i) * theta[k];
        const double target = teacher == NULL ? 0.0 : teacher[i];
        observed->rank += theta[k] != 0.0;
        observed->risk += (x - target) * (x - target);
        observed->trace += fabs(theta[k]);
        observed->overlap_q += x * x;
        observed->overlap_m += x * target;
    }
    if (covariance_has_blocks(&data->covariance)) {
        double *ordered = checked_alloc((size_t)data->dimension, sizeof *ordered);
        for (int k = 0; k < data->dimension; k++) {
            ordered[order == NULL ? k : order[k]] = theta[k];
        }
        observe_correlated(data, ordered, observed);
        free(ordered);
    }
    observed->prediction_risk = observed->risk;
    if (teacher == NULL) {
        network_forget_truth(observed);
    }
    network_sort(data->dimension, theta, spectrum);
}

void network_share(MPI_Comm team, int d, Observed *observed, double spectrum[],
                   double overlaps[])
{
    MPI_Bcast(observed, sizeof *observed, MPI_BYTE, 0, team);
    if (observed->outcome == OUTCOME_FAILED || observed->outcome == OUTCOME_DIVERGED) {
        const Observed seen = *observed;
        *observed = observed_nothing(seen.outcome);
        observed->iterations = seen.iterations;
        observed->evaluations = seen.evaluations;
        observed->damping = seen.damping;
        for (int k = 0; k < d; k++) {
            spectrum[k] = overlaps[k] = NAN;
        }
    }
    MPI_Bcast(spectrum, d, MPI_DOUBLE, 0, team);
    MPI_Bcast(overlaps, d, MPI_DOUBLE, 0, team);
}

/* Tr[S (x x^T - I)]/sqrt(d) is sum_k +-((factor_k . x)^2 - |factor_k|^2)/sqrt(d). */
static void matrix_outputs(int d, const Network *network, int rows, const double x[],
                           double out[])
{
    const int columns = network->columns;
    const double one = 1.0;
    const double zero = 0.0;
    double *values = checked_alloc((size_t)columns, sizeof *values);
    double *along = checked_alloc((size_t)columns * (size_t)rows, sizeof *along);
    network_eigenvalues(d, network, values);
    if (columns > 0) {
        dgemm_("T", "N", &columns, &rows, &d, &one, network->factor, &d, x, &d, &zero, along,
               &columns, 1, 1);
    }
    for (int row = 0; row < rows; row++) {
        out[row] = 0.0;
        for (int k = 0; k < columns; k++) {
            const double u = along[(size_t)row * (size_t)columns + (size_t)k];
            out[row] += (k < columns - network->negative ? u * u : -u * u) - values[k];
        }
        out[row] /= sqrt(d);
    }
    free(along);
    free(values);
}

static double product(int d, const double a[], const double b[])
{
    double sum = 0.0;
    for (int i = 0; i < d; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

void network_outputs(int d, const Network *network, int rows, const double x[], double out[])
{
    assert(network->factor != NULL || network->theta != NULL);
    if (network->factor != NULL) {
        matrix_outputs(d, network, rows, x, out);
    }
    for (int row = 0; row < rows; row++) {
        const double *at = x + (size_t)row * (size_t)d;
        if (network->factor == NULL) {
            out[row] = product(d, network->theta, at);
        } else if (network->unit != NULL) {
            out[row] += network->unit[0] + product(d, network->unit + 1, at);
        }
    }
}
