/* truth.h - what made the labels of drawn data, which overlaps are computed against. */
#ifndef PHASESWEEP_DATA_TRUTH_H
#define PHASESWEEP_DATA_TRUTH_H

typedef struct Truth {
    double *teacher;  /* [d] s_i, decreasing, or theta*_i; owned */
    double *rotation; /* d x d, O by column, NULL if the identity; owned */
} Truth;

#endif
