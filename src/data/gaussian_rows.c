/* Data as a function of (seed, row), stored or made again.  The quantum of 64 rows is the
 * unit of everything that must not depend on the team: noise has one stream a quantum,
 * shares are whole quanta, blocks are whole quanta.  So a label has the same bits on every
 * rank of any team, and n grows without changing the rows that are there.  Memory is n d
 * numbers if rows are stored and d times a block if not; making them again costs 3 to 4 ns a
 * number, against n d^2 flops of the pass that reads them.
 *
 * The teacher is kept as its numbers: d is an int here, where a row is made number by
 * number.
 */
#include "phasesweep/data/gaussian_rows.h"

#include "feature_rows.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/model/teacher.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/power_law.h"
#include "phasesweep/numerics/random_rotation.h"
#include "phasesweep/numerics/rng.h"

SamplesSpec samples_spec(const Problem *problem)
{
    assert(problem->samples >= 1.0 && problem->samples == floor(problem->samples));
    static const NeuronTeacherSpec none = {.neurons = 0};
    const bool neurons = problem->teacher_width > 0.0;
    return (SamplesSpec){.model = problem->model,
                         .neurons = neurons ? neuron_teacher_spec(problem) : none,
                         .law = problem->features,
                         .degrees_of_freedom = problem->degrees_of_freedom,
                         .sparse_share = problem->sparse_share,
                         .covariance_exponent = problem->covariance_exponent,
                         .block_correlation = problem->block_correlation,
                         .block_size = (int)problem->block_size,
                         .rotated = problem->rotated,
                         .source_exponent = features_source_exponent(problem),
                         .noise = problem->noise,
                         .seed = (uint64_t)problem->seed,
                         .dimension = (int)problem->dimension,
                         .samples = (int64_t)problem->samples,
                         .random_signs = problem->random_signs,
                         .store = problem->store};
}

static bool same_neurons(const Problem *a, const Problem *b)
{
    bool same = true;
    for (int l = 0; l < HERMITE_KEYS; l++) {
        same = same && a->hermite[l] == b->hermite[l];
    }
    return same && a->teacher_activation == b->teacher_activation &&
           a->teacher_directions == b->teacher_directions &&
           a->teacher_width == b->teacher_width && a->readout_exponent == b->readout_exponent;
}

bool samples_same_data(const Problem *a, const Problem *b)
{
    return a->data == b->data && a->hold_out == b->hold_out && a->model == b->model &&
           a->source_exponent == b->source_exponent && a->dimension == b->dimension &&
           a->noise == b->noise && a->seed == b->seed && a->samples == b->samples &&
           a->random_signs == b->random_signs && a->features == b->features &&
           a->degrees_of_freedom == b->degrees_of_freedom &&
           a->sparse_share == b->sparse_share && a->rotated == b->rotated &&
           a->covariance_exponent == b->covariance_exponent &&
           a->block_correlation == b->block_correlation && a->block_size == b->block_size &&
           a->store == b->store && same_neurons(a, b);
}

int samples_block_rows(const SamplesSpec *spec)
{
    if (spec->block_rows > 0) {
        assert(spec->block_rows % SAMPLES_QUANTUM == 0);
        return spec->block_rows;
    }
    return dataset_block_rows(spec->dimension);
}

size_t samples_memory(const SamplesSpec *spec, int ranks)
{
    assert(spec->store != STORE_AUTO);
    static const size_t width[STORE_COUNT] = {[STORE_DOUBLE] = 8, [STORE_FLOAT] = 4};
    const size_t rows = (size_t)dataset_share_most(spec->samples, ranks);
    const size_t d = (size_t)spec->dimension;
    const size_t block = (size_t)samples_block_rows(spec) * d * 8;
    const bool stretched = spec->covariance_exponent > 0.0 || spec->block_correlation > 0.0;
    const size_t turned = !spec->rotated ? 0 : stretched ? 3 : 1;
    const size_t neurons = (size_t)spec->neurons.neurons;
    const size_t orthonormal =
        neurons > 0 && spec->neurons.directions == DIRECTIONS_ORTHONORMAL ? d * d : 0;
    return rows * (d * width[spec->store] + 8) + block +
           8 * (turned * d * d + neurons * (d + 2 * SAMPLES_QUANTUM) + orthonormal);
}

/* By the rank with most rows, so that all ranks decide alike. */
static SampleStore resolve(const SamplesSpec *spec, int ranks)
{
    SamplesSpec all = *spec;
    all.store = STORE_DOUBLE;
    return spec->store != STORE_AUTO                     ? spec->store
           : samples_memory(&all, ranks) <= spec->memory ? STORE_DOUBLE
                                                         : STORE_NONE;
}

/* The s_i, or the coefficients s_i/sqrt(d) of a vector, with their signs: owned
 * by the caller, the same on every rank. */
static double *make_teacher(const SamplesSpec *spec)
{
    const int d = spec->dimension;
    if (spec->neurons.neurons > 0) {
        return checked_alloc((size_t)d, sizeof(double));
    }
    const bool given = spec->rotated && spec->block_correlation == 0.0;
    const double exponent = spec->source_exponent - (given ? spec->covariance_exponent : 0.0);
    const Teacher teacher = teacher_create(exponent, d);
    const bool signs = spec->random_signs && model_has(spec->model, TRAIT_SIGNS);
    double *s = checked_alloc((size_t)d, sizeof *s);
    for (int i = 0; i < d; i++) {
        s[i] = teacher_eigenvalue(&teacher, i + 1.0);
        const bool minus = signs && rng_uniform(spec->seed, RNG_SIGNS, 0, (uint64_t)i) < 0.5;
        const double sign = minus ? -1.0 : 1.0;
        s[i] *= model_has(spec->model, TRAIT_MATRIX) ? sign : sign / sqrt(d);
    }
    return s;
}

/* sigma_i, owned by the caller; NULL where Sigma is I. */
static double *make_variances(const SamplesSpec *spec)
{
    const double a = spec->covariance_exponent;
    if (a == 0.0 && spec->block_correlation == 0.0) {
        return NULL;
    }
    double *variances = checked_alloc((size_t)spec->dimension, sizeof *variances);
    power_law(features_variance_scale(a, spec->dimension), a, 1.0, spec->dimension, variances);
    return variances;
}

/* Owned by the caller; NULL of none. */
static double *square_roots(const double x[], int count)
{
    double *roots = x == NULL ? NULL : checked_alloc((size_t)count, sizeof *roots);
    for (int i = 0; x != NULL && i < count; i++) {
        roots[i] = sqrt(x[i]);
    }
    return roots;
}

/* Of the coordinates in which the covariance is 1. */
static double kurtosis_of(const SamplesSpec *spec)
{
    const Problem law = {.features = spec->law,
                         .degrees_of_freedom = spec->degrees_of_freedom,
                         .sparse_share = spec->sparse_share};
    return features_kurtosis(&law);
}

/* ---- labels -------------------------------------------------------------------------- */

CLONES
/* sqrt(d) Tr[S* Z] in the basis where S* = diag(s): Z has x_i^2 - 1 on its diagonal. */
static double quadratic_output(const double s[], const double x[], int d)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < d; i++) {
        sum += s[i] * (x[i] * x[i] - 1.0);
    }
    return sum;
}

CLONES
/* theta has the 1/sqrt(d) in it already. */
static double linear_output(const double theta[], const double x[], int d)
{
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < d; i++) {
        sum += theta[i] * x[i];
    }
    return sum;
}

/* Sigma_ij - delta_ij where S* is known in the coordinates of the rows. */
static double beside_identity(const Samples *samples, int i, int j)
{
    return covariance_entry(&samples->covariance, i, j) - (i == j ? 1.0 : 0.0);
}

/* What quadratic_output leaves in the mean: Tr(Sigma S*) - Tr S* of a teacher that sees rows
 * with their covariance. */
static double mean_label(const Samples *samples)
{
    const Covariance *sigma = &samples->covariance;
    const int d = samples->spec.dimension;
    const double *turn = samples->truth.rotation;
    const double *s = samples->truth.teacher;
    double mean = 0.0;
    for (int i = 0; turn == NULL && covariance_has_blocks(sigma) && i < d; i++) {
        mean += s[i] * beside_identity(samples, i, i);
    }
    for (int k = 0; samples->variances != NULL && turn != NULL && k < d; k++) {
        const double *column = turn + (size_t)k * (size_t)d;
        for (int i = 0; i < d; i++) {
            mean += beside_identity(samples, i, i) * s[k] * column[i] * column[i];
            for (int j = i + 1; j < covariance_block_end(sigma, i); j++) {
                mean += 2.0 * covariance_entry(sigma, i, j) * s[k] * column[i] * column[j];
            }
        }
    }
    return mean;
}

/* Teachers of correlated features that are no rotation: (1/d) |Sigma^1/2 S* Sigma^1/2|^2, or
 * theta*^T Sigma theta*, becomes 1. */
static void normalise_correlated(Samples *samples)
{
    const int d = samples->spec.dimension;
    const bool matrix = model_has(samples->spec.model, TRAIT_MATRIX);
    const Covariance *sigma = &samples->covariance;
    double *teacher = samples->truth.teacher;
    double square = 0.0;
    for (int i = 0; i < d; i++) {
        for (int j = i; j < covariance_block_end(sigma, i); j++) {
            const double entry = covariance_entry(sigma, i, j);
            square += (i == j ? 1.0 : 2.0) * teacher[i] * teacher[j] *
                      (matrix ? entry * entry / d : entry);
        }
    }
    for (int i = 0; i < d; i++) {
        teacher[i] /= sqrt(square);
    }
}

/* (1/d) |Sigma^1/2 S* Sigma^1/2|^2 becomes 1; room for rows of d numbers. */
static void normalise_turned(Samples *samples)
{
    const int d = samples->spec.dimension;
    const size_t side = (size_t)d;
    const double one = 1.0;
    const double zero = 0.0;
    const double *turn = samples->truth.rotation;
    double *stretched = checked_alloc(side * side, sizeof *stretched);
    double *product = checked_alloc(side * side, sizeof *product);
    memcpy(stretched, turn, side * side * sizeof *stretched);
    covariance_whiten_dual(&samples->covariance, d, stretched);
    /* |Sigma^1/2 O s O^T Sigma^1/2|^2 = sum_kl s_k s_l (O^T Sigma O)_kl^2 */
    dsyrk_("L", "T", &d, &d, &one, stretched, &d, &zero, product, &d, 1, 1);
    double square = 0.0;
    for (size_t column = 0; column < side; column++) {
        for (size_t row = column; row < side; row++) {
            square += (row == column ? 1.0 : 2.0) * samples->truth.teacher[row] *
                      samples->truth.teacher[column] * product[row + column * side] *
                      product[row + column * side];
        }
    }
    for (size_t k = 0; k < side; k++) {
        samples->truth.teacher[k] /= sqrt(square / d);
    }
    free(stretched);
    free(product);
}

/* Labels of at most a quantum of rows; `turned` has room for their rotated features. */
static void make_labels(const Samples *samples, int64_t first, int rows, const double x[],
                        double turned[], double labels[])
{
    const SamplesSpec *spec = &samples->spec;
    const int d = spec->dimension;
    if (samples->truth.rotation != NULL) {
        const double one = 1.0;
        const double zero = 0.0;
        dgemm_("T", "N", &d, &rows, &d, &one, samples->truth.rotation, &d, x, &d, &zero, turned,
               &d, 1, 1);
        x = turned;
    }
    const double mean = samples->mean;
    double xi[SAMPLES_QUANTUM];
    /* one stream a quantum: which rank owns it, and in what blocks it is read, changes no
     * label */
    rng_normals(spec->seed, RNG_NOISE, (uint64_t)(first / SAMPLES_QUANTUM), rows, xi);
    for (int row = 0; row < rows; row++) {
        const double *features = x + (size_t)row * (size_t)d;
        labels[row] = sqrt(spec->noise) * xi[row];
        if (samples->truth.neurons != NULL) {
            continue;
        }
        if (model_has(spec->model, TRAIT_MATRIX)) {
            labels[row] +=
                (quadratic_output(samples->truth.teacher, features, d) - mean) / sqrt(d);
        } else {
            labels[row] += linear_output(samples->truth.teacher, features, d);
        }
    }
    if (samples->truth.neurons != NULL) {
        neuron_teacher_add(samples->truth.neurons, rows, x, labels);
    }
}

/* ---- rows ---------------------------------------------------------------------------- */

/* z, row by row from the counter: the same numbers at every call, on every rank. */
static void make_isotropic(const SamplesSpec *spec, int64_t first, int rows, double z[])
{
    const RowLaw law = {.law = spec->law,
                        .shape = spec->law == FEATURES_STUDENT ? spec->degrees_of_freedom
                                                               : spec->sparse_share,
                        .seed = spec->seed};
    for (int row = 0; row < rows; row++) {
        feature_row(&law, (uint64_t)(first + row), spec->dimension,
                    z + (size_t)row * (size_t)spec->dimension);
    }
}

static void make_rows(const Samples *samples, int64_t first, int rows, double x[])
{
    make_isotropic(&samples->spec, first, rows, x);
    covariance_colour(&samples->covariance, rows, x);
}

/* One pass over the share, a quantum at a time: labels, and the rows if they are stored.
 * Labels are those of the exact rows, also where rounded ones are stored. */
static void make_share(Samples *samples)
{
    const SamplesSpec *spec = &samples->spec;
    const size_t d = (size_t)spec->dimension;
    double *buffer = checked_alloc(2 * SAMPLES_QUANTUM * d, sizeof *buffer);
    for (int64_t done = 0; done < samples->rows; done += SAMPLES_QUANTUM) {
        const int64_t left = samples->rows - done;
        const int rows = left < SAMPLES_QUANTUM ? (int)left : SAMPLES_QUANTUM;
        double *x = spec->store == STORE_DOUBLE ? samples->features + (size_t)done * d : buffer;
        /* a rotated teacher, or one of correlated features, sees their covariance, the others
         * are known where there is none */
        const bool seen =
            samples->truth.rotation != NULL || covariance_has_blocks(&samples->covariance);
        make_isotropic(spec, samples->first + done, rows, x);
        if (seen) {
            covariance_colour(&samples->covariance, rows, x);
        }
        make_labels(samples, samples->first + done, rows, x, buffer + SAMPLES_QUANTUM * d,
                    samples->labels + done);
        if (!seen) {
            covariance_colour(&samples->covariance, rows, x);
        }
        for (size_t k = 0; spec->store == STORE_FLOAT && k < (size_t)rows * d; k++) {
            samples->rounded[(size_t)done * d + k] = (float)x[k];
        }
    }
    free(buffer);
}

/* The labels of a share cost a pass over its rows; training makes hundreds. */
Samples samples_create(MPI_Comm team, const SamplesSpec *spec)
{
    assert(spec->dimension >= 2 && spec->samples >= 1 && spec->noise >= 0.0);
    int rank;
    int ranks;
    MPI_Comm_rank(team, &rank);
    MPI_Comm_size(team, &ranks);
    Samples samples = {.spec = *spec};
    samples.spec.store = resolve(spec, ranks);
    samples.spec.block_rows = samples_block_rows(spec);
    samples.first = dataset_share(spec->samples, rank, ranks);
    samples.rows = dataset_share(spec->samples, rank + 1, ranks) - samples.first;
    samples.truth.teacher = make_teacher(spec);
    samples.truth.kurtosis = kurtosis_of(spec);
    samples.variances = make_variances(spec);
    samples.deviations = square_roots(samples.variances, spec->dimension);
    samples.covariance = (Covariance){.dimension = spec->dimension,
                                      .variances = samples.variances,
                                      .deviations = samples.deviations,
                                      .block = spec->block_size,
                                      .correlation = spec->block_correlation};
    if (spec->neurons.neurons > 0) {
        samples.truth.neurons =
            neuron_teacher_create(&spec->neurons, spec->seed, spec->dimension);
    }
    if (spec->rotated && model_has(spec->model, TRAIT_MATRIX)) {
        samples.truth.rotation = random_rotation(spec->seed, spec->dimension);
        if (samples.variances != NULL) {
            normalise_turned(&samples);
        }
    } else if (spec->block_correlation > 0.0) {
        normalise_correlated(&samples);
    }
    samples.mean = mean_label(&samples);
    const size_t rows = (size_t)samples.rows;
    const size_t entries = rows * (size_t)spec->dimension;
    samples.labels = checked_alloc(rows, sizeof *samples.labels);
    if (samples.spec.store == STORE_DOUBLE) {
        samples.features = checked_alloc(entries, sizeof *samples.features);
    } else if (samples.spec.store == STORE_FLOAT) {
        samples.rounded = checked_alloc(entries, sizeof *samples.rounded);
    }
    make_share(&samples);
    return samples;
}

void samples_free(Samples *samples)
{
    free(samples->truth.teacher);
    free(samples->truth.rotation);
    neuron_teacher_free(samples->truth.neurons);
    free(samples->variances);
    free(samples->deviations);
    free(samples->labels);
    free(samples->features);
    free(samples->rounded);
    *samples = (Samples){0};
}

/* Single-precision rows are widened: callers see doubles in every store. */
static const double *features(const void *source, int64_t offset, int rows, double buffer[])
{
    const Samples *samples = source;
    const size_t d = (size_t)samples->spec.dimension;
    if (samples->spec.store == STORE_DOUBLE) {
        return samples->features + (size_t)offset * d;
    }
    if (samples->spec.store == STORE_FLOAT) {
        const float *rounded = samples->rounded + (size_t)offset * d;
        for (size_t entry = 0; entry < (size_t)rows * d; entry++) {
            buffer[entry] = rounded[entry];
        }
    } else {
        make_rows(samples, samples->first + offset, rows, buffer);
    }
    return buffer;
}

/* Of another rank's share; rounded where that one rounds. */
static void any_rows(const void *source, int64_t row, int rows, double out[])
{
    const Samples *samples = source;
    make_rows(samples, row, rows, out);
    const size_t entries = (size_t)rows * (size_t)samples->spec.dimension;
    for (size_t k = 0; samples->spec.store == STORE_FLOAT && k < entries; k++) {
        out[k] = (float)out[k];
    }
}

static const DatasetOps drawn = {features, any_rows};

Dataset samples_dataset(const Samples *samples)
{
    return (Dataset){.dimension = samples->spec.dimension,
                     .samples = samples->spec.samples,
                     .first = samples->first,
                     .rows = samples->rows,
                     .block_rows = samples->spec.block_rows,
                     .kept = samples->spec.store == STORE_DOUBLE,
                     .rounded = samples->rounded,
                     .labels = samples->labels,
                     .covariance = samples->covariance,
                     .truth = &samples->truth,
                     .ops = &drawn,
                     .source = samples};
}
