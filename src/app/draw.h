/* draw.h - the data of a point, for other programs to train on.  Private to cli.c. */
#ifndef PHASESWEEP_APP_DRAW_H
#define PHASESWEEP_APP_DRAW_H

#include "phasesweep/base/check.h"
#include "phasesweep/model/problem.h"

/* Local, before MPI starts.  Leaves by die() if NAME_x.npy or another of the files is there, or
 * its folder is not. */
void draw_check(const char *name);

/* Local.  NAME_x.npy [n, d], NAME_y.npy [n] and NAME_teacher.npy, S* [d, d] of a matrix or
 * theta* [d], in double precision: NumPy's format, rows first.  Leaves by die() where one
 * cannot be written, without it.  MPI must be running; the rank is alone. */
void draw_write(const Problem *problem, const char *name);

#endif
