/* base_path.h - private to theory: what the eigenvalues of Y + delta Z above 0 are to each
 * coordinate, Y diagonal with any entries y_i, Z a GOE matrix of bulk radius 2.
 *
 * mu_i, the spectral measure of coordinate i, has the resolvent 1/(w - y_i) at z = w + t G(w),
 * G the mean of all (theory.md sections 2 and 14): one path in w serves all coordinates.  It
 * goes from w(0) up and around the y_i of one side, as in contour.c, but with all of them
 * summed: the cost is count times nodes, a few hundred.
 *
 * Nothing here communicates; a path belongs to one caller.
 */
#ifndef PHASESWEEP_THEORY_BASE_PATH_H
#define PHASESWEEP_THEORY_BASE_PATH_H

#include <complex.h>
#include <stddef.h>

#include "phasesweep/model/teacher.h"

typedef struct BasePath {
    double t;
    int side;                   /* 1: around what is above 0, -1: below */
    size_t count, capacity;     /* nodes; none if nothing is on the side */
    double complex *w, *dw;     /* [count] with the weights; owned, as all here */
    double complex *z;          /* [count] w + t G */
    double complex *g, *change; /* [count] G, dG/dw */
} BasePath;

/* Integrals over the side, x > 0 or x < 0. */
typedef struct BaseMoments {
    double mass;   /* int dmu */
    double second; /* int x^2 dmu */
    double mixed;  /* int 2 |x| H dmu */
} BaseMoments;

/* Local.  The path of base points y_i with masses, in any order, at t > 0: around the side
 * where less cancels. */
void base_path_lay(BasePath *path, const Atoms *base, double t);

/* Local.  Leaves *path empty and usable. */
void base_path_free(BasePath *path);

BaseMoments base_path_moments(const BasePath *path);

/* Local.  mean [i] = int |x| dmu_i over the side, and slope [i], its derivative in y_i while mu
 * stays. */
void base_path_means(const BasePath *path, const Atoms *base, double mean[], double slope[]);

/* Local.  change [count] of G as the base points move at a rate [i]: (1/d) sum rate/(w - y)^2.
 */
void base_path_push(const BasePath *path, const Atoms *base, const double rate[],
                    double complex change[]);

/* Local.  out [i] of the means, of a change [count] of w + t G at fixed w: what the others'
 * moves do to coordinate i. */
void base_path_pull(const BasePath *path, const Atoms *base, const double complex change[],
                    double out[]);

/* Local.  Rates of second and mixed, of a change of G at fixed w, and of t. */
BaseMoments base_path_rates(const BasePath *path, const double complex change[], double rate_t);

#endif
