/* feature_rows.h - entries of the rows of data by law, made where they are needed. */
#ifndef PHASESWEEP_DATA_FEATURE_ROWS_H
#define PHASESWEEP_DATA_FEATURE_ROWS_H

#include <stdint.h>

#include "phasesweep/model/problem.h"

/* What a law needs to know; shape is nu of student, the share of sparse, else of no use. */
typedef struct RowLaw {
    FeatureLaw law;
    double shape;
    uint64_t seed;
} RowLaw;

/* Local.  z[count]: entries 0 ... count-1 of a row, independent, of mean 0 and variance 1
 * (features.h); an entry depends on (law, row, its place) alone, not on count. */
void feature_row(const RowLaw *law, uint64_t row, int count, double z[]);

#endif
