/* turned.h - private to theory: teacher and covariance that share no eigenvectors, as matrices
 * (overlaps_turned.c).
 */
#ifndef PHASESWEEP_THEORY_TURNED_H
#define PHASESWEEP_THEORY_TURNED_H

typedef struct Turned Turned;

/* Local.  NULL is no mistake. */
void turned_free(Turned *turned);

#endif
