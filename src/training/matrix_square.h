/* matrix_square.h - a network from its factor, for the trainers that hold whole matrices.
 * Private. */
#ifndef PHASESWEEP_TRAINING_MATRIX_SQUARE_H
#define PHASESWEEP_TRAINING_MATRIX_SQUARE_H

/* Local.  s [d * d] = factor sign factor^T, both triangles; factor [d * rank] by column, rank
 * >= 0; sign is -1 for the last `negative` columns, 1 for the others. */
void matrix_square(int d, int rank, int negative, const double factor[], double s[]);

/* Local.  The same, but the upper triangle is 0. */
void matrix_lower(int d, int rank, int negative, const double factor[], double s[]);

#endif
