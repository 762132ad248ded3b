/* blas_library.h - which BLAS the program was linked with, and how many threads it takes.
 *
 * Every BLAS has a switch of its own name.  The ones known here are OpenBLAS's, MKL's, BLIS's
 * and, for others that are written with it, OpenMP's.
 */
#ifndef PHASESWEEP_NUMERICS_BLAS_LIBRARY_H
#define PHASESWEEP_NUMERICS_BLAS_LIBRARY_H

/* For all calls that follow, of this process; see core_lending.h.  threads >= 1.  A library
 * without one of the switches keeps its number. */
void blas_set_threads(int threads);

/* Local.  Name and number, as "OpenBLAS 0.3.21"; owned by the caller. */
char *blas_name(void);

#endif
