/* matrix_square.h - a network from its factor, for the trainers that hold whole matrices.
 * Private. */
#ifndef PHASESWEEP_TRAINING_MATRIX_SQUARE_H
#define PHASESWEEP_TRAINING_MATRIX_SQUARE_H

/* Local.  s [d * d] = factor factor^T, both triangles; factor [d * rank] by column, rank >= 0.
 */
void matrix_square(int d, int rank, const double factor[], double s[]);

#endif
