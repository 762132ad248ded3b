/* neuron_teacher.h - a two-layer network that makes labels (theory.md section 16):
 *     f*(x) = sum_k v_k sigma(w_k.x),  v_k = c k^-beta,  sum v_k^2 = 1,
 * w_k of unit norm: orthonormal, the first columns of a Haar rotation, or independent.
 */
#ifndef PHASESWEEP_DATA_NEURON_TEACHER_H
#define PHASESWEEP_DATA_NEURON_TEACHER_H

#include <stdint.h>

#include "phasesweep/model/problem.h"

typedef struct NeuronTeacher {
    Activation activation;
    int dimension, neurons;
    double *directions; /* [d * neurons], neuron by neuron; owned, as readout [neurons] */
    double *readout;
} NeuronTeacher;

/* What it is made of. */
typedef struct NeuronTeacherSpec {
    Activation activation;
    TeacherDirections directions;
    int neurons; /* >= 1; orthonormal ones <= d */
    double readout_exponent;
} NeuronTeacherSpec;

/* Local.  That of a problem of neurons. */
NeuronTeacherSpec neuron_teacher_spec(const Problem *problem);

/* Local.  The same on all ranks.  Release with neuron_teacher_free, which takes NULL. */
NeuronTeacher *neuron_teacher_create(const NeuronTeacherSpec *spec, uint64_t seed,
                                     int dimension);
void neuron_teacher_free(NeuronTeacher *teacher);

/* Local.  v [neurons]: k^-exponent, their squares adding up to 1. */
void neuron_readout(double exponent, int neurons, double v[]);

/* Local.  out [rows] += f*(x) of rows x [rows * d]. */
void neuron_teacher_add(const NeuronTeacher *teacher, int rows, const double x[], double out[]);

#endif
