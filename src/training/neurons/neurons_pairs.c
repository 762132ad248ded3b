#include "neurons_pairs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"

static size_t stored(int neurons)
{
    return neurons < NEURONS_STORED ? (size_t)neurons : NEURONS_STORED;
}

NeuronPairs neuron_pairs_create(int students, int teachers)
{
    const size_t s = stored(students);
    const size_t t = stored(teachers);
    double *numbers = checked_alloc(s * (1 + s + t), sizeof *numbers);
    return (NeuronPairs){.students = s,
                         .teachers = t,
                         .readout = numbers,
                         .gram = numbers + s,
                         .overlap = numbers + s + s * s};
}

void neuron_pairs_free(NeuronPairs *pairs)
{
    free(pairs->readout);
    *pairs = (NeuronPairs){0};
}

size_t neuron_pairs_memory(int dimension, int students, int teachers)
{
    const size_t s = stored(students);
    const size_t t = stored(teachers);
    return 8 * (s * (1 + s + t) + (size_t)students * (t + 3) + s * (size_t)dimension);
}

void neuron_pairs_share(MPI_Comm team, NeuronPairs *pairs)
{
    const size_t count = pairs->students * (1 + pairs->students + pairs->teachers);
    MPI_Bcast(pairs->readout, (int)count, MPI_DOUBLE, 0, team);
}

/* products [p * count] of all neurons with other ones [d * count]. */
static void multiply(const NeuronNet *net, int count, const double other[], double products[])
{
    const double one = 1.0;
    const double zero = 0.0;
    const int d = net->dimension;
    const int p = net->neurons;
    if (count > 0) {
        dgemm_("T", "N", &p, &count, &d, &one, net->directions, &d, other, &d, &zero, products,
               &p, 1, 1);
    }
}

/* The neuron of largest weight among those that are left, which it then is not; p >= 1. */
static size_t take_largest(size_t p, const double weight[], double left[])
{
    size_t best = p;
    for (size_t k = 0; k < p; k++) {
        if (left[k] > 0.0 && (best == p || weight[k] > weight[best])) {
            best = k;
        }
    }
    left[best] = 0.0;
    return best;
}

/* order [pairs->students]; products [p * teachers] with the teacher's. */
static void find_order(const NeuronPairs *pairs, const NeuronNet *student,
                       const double products[], size_t order[])
{
    const size_t p = (size_t)student->neurons;
    const size_t d = (size_t)student->dimension;
    double *left = checked_alloc(3 * p, sizeof *left);
    double *size = left + p;
    double *weight = left + 2 * p;
    for (size_t k = 0; k < p; k++) {
        double square = 0.0;
        for (size_t i = 0; i < d; i++) {
            const double x = student->directions[k * d + i];
            square += x * x;
        }
        left[k] = 1.0;
        size[k] = sqrt(square);
    }
    for (size_t j = 0; j < pairs->students; j++) {
        for (size_t k = 0; k < p; k++) {
            weight[k] = j >= pairs->teachers ? fabs(student->readout[k]) * size[k]
                        : size[k] > 0.0      ? fabs(products[j * p + k]) / size[k]
                                             : 0.0;
        }
        order[j] = take_largest(p, weight, left);
    }
    free(left);
}

/* One row a neuron of the student. */
static void put_gram(NeuronPairs *pairs, const NeuronNet *student, const size_t order[])
{
    const size_t d = (size_t)student->dimension;
    const int count = (int)pairs->students;
    double *directions = checked_alloc(d * pairs->students, sizeof *directions);
    for (size_t k = 0; k < pairs->students; k++) {
        memcpy(directions + k * d, student->directions + order[k] * d, d * sizeof *directions);
    }
    const NeuronNet part = {
        .dimension = student->dimension, .neurons = count, .directions = directions};
    multiply(&part, count, directions, pairs->gram);
    free(directions);
}

void neuron_pairs_put(NeuronPairs *pairs, const NeuronNet *student, const NeuronNet *teacher)
{
    const size_t p = (size_t)student->neurons;
    double *products = checked_alloc(p * pairs->teachers, sizeof *products);
    size_t *order = checked_alloc(pairs->students, sizeof *order);
    NeuronPairs known = *pairs;
    known.teachers = teacher == NULL ? 0 : pairs->teachers;
    multiply(student, (int)known.teachers, teacher == NULL ? NULL : teacher->directions,
             products);
    find_order(&known, student, products, order);
    for (size_t k = 0; k < pairs->students; k++) {
        pairs->readout[k] = student->readout[order[k]];
        for (size_t j = 0; j < pairs->teachers; j++) {
            pairs->overlap[k * pairs->teachers + j] =
                j < known.teachers ? products[j * p + order[k]] : (double)NAN;
        }
    }
    put_gram(pairs, student, order);
    free(order);
    free(products);
}
