#include "phasesweep/data/neuron_teacher.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/random_rotation.h"
#include "phasesweep/numerics/rng.h"

NeuronTeacherSpec neuron_teacher_spec(const Problem *problem)
{
    return (NeuronTeacherSpec){.activation = problem_teacher_activation(problem),
                               .directions = problem->teacher_directions,
                               .neurons = (int)problem->teacher_width,
                               .readout_exponent = problem->readout_exponent};
}

void neuron_readout(double exponent, int neurons, double v[])
{
    double square = 0.0;
    for (int k = 0; k < neurons; k++) {
        v[k] = pow(k + 1.0, -exponent);
        square += v[k] * v[k];
    }
    for (int k = 0; k < neurons; k++) {
        v[k] /= sqrt(square);
    }
}

static void draw_independent(uint64_t seed, NeuronTeacher *teacher)
{
    const int d = teacher->dimension;
    for (int k = 0; k < teacher->neurons; k++) {
        double *w = teacher->directions + (size_t)k * (size_t)d;
        double square = 0.0;
        rng_normals(seed, RNG_DIRECTIONS, (uint64_t)k, d, w);
        for (int i = 0; i < d; i++) {
            square += w[i] * w[i];
        }
        for (int i = 0; i < d; i++) {
            w[i] /= sqrt(square);
        }
    }
}

NeuronTeacher *neuron_teacher_create(const NeuronTeacherSpec *spec, uint64_t seed,
                                     int dimension)
{
    assert(spec->neurons >= 1);
    const size_t entries = (size_t)dimension * (size_t)spec->neurons;
    NeuronTeacher *teacher = checked_alloc(1, sizeof *teacher);
    *teacher = (NeuronTeacher){.activation = spec->activation,
                               .dimension = dimension,
                               .neurons = spec->neurons,
                               .directions = checked_alloc(entries, sizeof(double)),
                               .readout = checked_alloc((size_t)spec->neurons, sizeof(double))};
    neuron_readout(spec->readout_exponent, spec->neurons, teacher->readout);
    if (spec->directions == DIRECTIONS_ORTHONORMAL) {
        assert(spec->neurons <= dimension);
        double *rotation = random_rotation(seed, dimension);
        memcpy(teacher->directions, rotation, entries * sizeof *rotation);
        free(rotation);
    } else {
        draw_independent(seed, teacher);
    }
    return teacher;
}

void neuron_teacher_free(NeuronTeacher *teacher)
{
    if (teacher != NULL) {
        free(teacher->directions);
        free(teacher->readout);
        free(teacher);
    }
}

void neuron_teacher_add(const NeuronTeacher *teacher, int rows, const double x[], double out[])
{
    const int d = teacher->dimension;
    const int neurons = teacher->neurons;
    const size_t values = (size_t)rows * (size_t)neurons;
    const int one_step = 1;
    const double unit = 1.0;
    const double zero = 0.0;
    double *z = checked_alloc(values, sizeof *z);
    double *slope = checked_alloc(values, sizeof *slope);
    dgemm_("T", "N", &rows, &neurons, &d, &unit, x, &d, teacher->directions, &d, &zero, z,
           &rows, 1, 1);
    activation_block(&teacher->activation, z, rows * neurons, z, slope);
    dgemv_("N", &rows, &neurons, &unit, z, &rows, teacher->readout, &one_step, &unit, out,
           &one_step, 1);
    free(slope);
    free(z);
}
