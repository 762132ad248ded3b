/* truth.h - what made the labels of drawn data, which overlaps are computed against. */
#ifndef PHASESWEEP_DATA_TRUTH_H
#define PHASESWEEP_DATA_TRUTH_H

#include "phasesweep/data/neuron_teacher.h"

typedef struct Truth {
    double *teacher;  /* [d] s_i, or theta*_i, of decreasing size: where the data are isotropic
                         (features.h) unless there is a rotation or features are correlated;
                         owned */
    double *rotation; /* d x d, O by column of S* = O diag(s) O^T, where the data have their
                         variances; NULL if the identity; owned */
    double kurtosis;  /* of those coordinates, E z^4 - 3; may be INFINITY */
    NeuronTeacher *neurons; /* in place of these, which are 0; NULL; owned */
} Truth;

#endif
