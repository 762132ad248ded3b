#include "neurons_observe.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "neurons_risk.h"
#include "network.h"

/* A neuron of the teacher is specialised on from this |cosine| with a student's neuron: more
 * than any two directions at random have from d = 40 up, and less than neurons have that learn
 * one at once (theory.md section 16: the root of q = .645 at the jump of He_3 is .80). */
static const double specialised = 0.6;

/* Rows of the test of a risk, in blocks. */
enum { TEST_ROWS = 16384, TEST_BLOCK = 256 };

/* Eigenvalues below this share of the largest are rounding. */
static const double vanishing = 1e-6;

size_t neurons_observe_memory(const Problem *problem)
{
    const size_t d = (size_t)problem->dimension;
    const size_t p = (size_t)problem->width;
    const size_t k = (size_t)problem->teacher_width;
    const size_t series =
        neurons_risk_memory((int)d, (int)p) + neurons_risk_memory((int)d, (int)k);
    const size_t matrix = 8 * (5 * d * d + d * p);
    const size_t pairs = neuron_pairs_memory((int)d, (int)p, (int)k);
    return (series > matrix ? series : matrix) + pairs + 8 * (p * k + TEST_BLOCK * (d + 2));
}

/* ---- matrix ------------------------------------------------------------------------------ */

/* On rank 0. */
static void observe_matrix(const NeuronsWork *work, Observed *observed, double spectrum[])
{
    const int d = work->d;
    const int p = work->p;
    const size_t side = (size_t)d;
    const double one = 1.0;
    const double zero = 0.0;
    double *matrix = checked_alloc(side * side, sizeof *matrix);
    double *scaled = checked_alloc(side * (size_t)p, sizeof *scaled);
    double *values = checked_alloc(side, sizeof *values);
    for (size_t k = 0; k < side * (size_t)p; k++) {
        scaled[k] = work->variables[side * (size_t)p + k / side] * work->variables[k] /
                    sqrt((double)p * d);
    }
    dgemm_("N", "T", &d, &d, &p, &one, scaled, &d, work->variables, &d, &zero, matrix, &d, 1,
           1);
    Eigen eigen = eigen_create(MPI_COMM_SELF, d, EIGEN_LAPACK);
    const bool good = eigen_values(&eigen, matrix, values) == OUTCOME_CONVERGED;
    eigen_free(&eigen);
    network_sort(d, values, spectrum);
    observed->rank = observed->trace = observed->overlap_q = good ? 0.0 : NAN;
    for (int k = 0; k < d; k++) {
        observed->rank += spectrum[k] > vanishing * spectrum[0];
        observed->trace += spectrum[k] / d;
        observed->overlap_q += spectrum[k] * spectrum[k] / d;
    }
    free(values);
    free(scaled);
    free(matrix);
}

/* ---- teacher ----------------------------------------------------------------------------- */

/* Mean of (f - f*)^2 over rows beyond those of the training. */
static double sampled_risk(NeuronsWork *work, const NeuronTeacher *teacher)
{
    const int64_t first = dataset_share(TEST_ROWS, work->rank, work->ranks);
    const int64_t end = dataset_share(TEST_ROWS, work->rank + 1, work->ranks);
    const size_t d = (size_t)work->d;
    double *x = checked_alloc(TEST_BLOCK * d, sizeof *x);
    double own[TEST_BLOCK];
    double sum = 0.0;
    for (int64_t row = first; row < end; row += TEST_BLOCK) {
        const int rows = end - row < TEST_BLOCK ? (int)(end - row) : TEST_BLOCK;
        double truth[TEST_BLOCK] = {0.0};
        work->data->ops->any(work->data->source, work->data->samples + row, rows, x);
        neurons_pass_outputs(&work->pass, rows, x, own);
        neuron_teacher_add(teacher, rows, x, truth);
        for (int k = 0; k < rows; k++) {
            sum += (own[k] - truth[k]) * (own[k] - truth[k]);
        }
    }
    free(x);
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, work->team);
    return sum / TEST_ROWS;
}

static NeuronNet student_of(const NeuronsWork *work)
{
    return (NeuronNet){.activation = work->pass.activation,
                       .dimension = work->d,
                       .neurons = work->p,
                       .directions = work->pass.directions,
                       .readout = work->pass.readout};
}

/* On rank 0, after a pass at the variables. */
static void compare(NeuronsWork *work, const NeuronTeacher *truth, Observed *observed,
                    double overlaps[])
{
    const NeuronNet student = student_of(work);
    const NeuronNet teacher = {.activation = truth->activation,
                               .dimension = work->d,
                               .neurons = truth->neurons,
                               .directions = truth->directions,
                               .readout = truth->readout};
    double *best = checked_alloc((size_t)truth->neurons, sizeof *best);
    const NeuronRisk found = neurons_risk(&student, &teacher);
    neuron_pairs_put(&work->pairs, &student, &teacher);
    neurons_overlaps(&student, &teacher, best);
    observed->risk = observed->prediction_risk = found.risk;
    observed->specialised = 0.0;
    for (int k = 0; k < truth->neurons; k++) {
        observed->specialised += best[k] > specialised;
        if (k < work->d) {
            overlaps[k] = best[k] * best[k];
        }
    }
    observed->feature_overlap = overlaps[0];
    free(best);
}

void neurons_describe(NeuronsWork *work, Observed *observed, double spectrum[],
                      double overlaps[])
{
    const NeuronTeacher *truth = work->data->truth == NULL ? NULL : work->data->truth->neurons;
    for (int k = 0; k < work->d; k++) {
        overlaps[k] = NAN;
    }
    if (work->rank == 0) {
        observe_matrix(work, observed, spectrum);
        if (truth != NULL) {
            compare(work, truth, observed, overlaps);
        } else {
            const NeuronNet student = student_of(work);
            neuron_pairs_put(&work->pairs, &student, NULL);
        }
    }
    if (truth != NULL) {
        assert(work->data->ops->any != NULL);
        const double sampled = sampled_risk(work, truth);
        observed->sampled_risk = sampled;
    }
}
