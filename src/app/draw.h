/* draw.h - the data of a point, for other programs to train on.  Private to cli.c. */
#ifndef PHASESWEEP_APP_DRAW_H
#define PHASESWEEP_APP_DRAW_H

#include "phasesweep/base/check.h"
#include "phasesweep/model/problem.h"

/* Local.  NAME_x.npy [n, d], NAME_y.npy [n] and NAME_teacher.npy, S* [d, d] of a matrix or
 * theta* [d], in double precision: NumPy's format, rows first.  None of the files may be there.
 * Leaves by die() where one cannot be written, without it.  MPI must be running; the rank is
 * alone. */
void draw_write(const Problem *problem, const char *name);

#endif
