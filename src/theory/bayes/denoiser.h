/* denoiser.h - what the denoisers keep, and pieces of the curve, private.
 *
 * A piece lies between two places on the curve where it is low: edges of bands, or necks
 * where two bands have just merged.  u and v as in freeconv.h.
 */
#ifndef PHASESWEEP_THEORY_DENOISER_H
#define PHASESWEEP_THEORY_DENOISER_H

#include "phasesweep/numerics/gauss_legendre.h"
#include "phasesweep/theory/mmse.h"
#include "local_resolvent.h"

/* Levels of halvings whose nodes are kept; fields of three reaches. */
enum { GRIDS = 4, FIELD_TABLES = 3 };

/* Gauss-Legendre nodes between two phi, increasing. */
typedef struct Grid {
    double low, high;
    double phi[RULE_NODES];
    double sine[RULE_NODES];  /* sin phi */
    double share[RULE_NODES]; /* sin^2(phi/2) */
} Grid;

/* All that is kept between calls; results do not depend on it. */
struct Denoiser {
    Bands bands;
    FieldTable fields[FIELD_TABLES]; /* by reach, increasing */
    Atoms atoms, near;               /* scratch */
    Rule rule;
    Grid grid[1 << GRIDS]; /* of the first halvings of (0, pi), as a heap: children 2k, 2k+1 */
};

/* A piece of the curve, u = low + (high - low) sin^2(phi/2): nodes gather at its ends, which
 * are edges of bands or necks between them. */
typedef struct Piece {
    double low, high;
} Piece;

/* What is being summed over the curve. */
typedef struct Task {
    Denoiser *denoiser;
    const Teacher *teacher;
    double t;
    bool missing; /* sum what the variance lacks of t instead of the variance */
    double scale; /* errors are small relative to this plus the sum */
    Denoised sum; /* so far */
} Task;

/* Local.  Grid number k of the heap of halvings. */
Grid panels_grid(const Rule *rule, int k);

/* Local.  Add a piece, y guesses of v^2 at the nodes of grid 1.  field: NULL if none is good
 * for all of it.  False, with the sum undefined, if the field does not reach that far.  Adds to
 * task->sum, to about 1e-11 of it. */
bool panels_add(Task *task, const Field *field, const Piece *piece, const double y[RULE_NODES]);

/* Local.  Add a piece without field or guesses.  Atoms are made for its nodes: dearer, and
 * right for any piece. */
void panels_add_alone(Task *task, const Piece *piece);

/* Local.  Add a band well apart from its neighbours: it is nearly an ellipse, and 8 equal steps
 * of phi are enough. */
void panels_add_ellipse(Task *task, const Field *field, const Piece *piece);

#endif
