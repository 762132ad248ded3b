/* lasso_state.h - what the parts of the LASSO solver share, private to lasso*.c.
 *
 * Columns of X are kept in an order of their own, the working set in front.  Every quantity is
 * an expansion about a BASE point where it is known exactly: the network at the last pass over
 * the stored columns, or the teacher if only sums are kept.  With v = theta - base,
 *     X^T r = base_gradient - G v,    |r|^2 = base_square - 2 base_gradient.v + v.G v,
 *     y.r = base_label - label_gradient.v ,
 * so that nothing cancels once theta is near its base.
 */
#ifndef PHASESWEEP_TRAINING_LASSO_STATE_H
#define PHASESWEEP_TRAINING_LASSO_STATE_H

#include "phasesweep/training/lasso.h"
#include "lasso_active.h"
#include "lasso_gram.h"

/* Values of a network. */
typedef struct LassoValue {
    double objective; /* F */
    double gap;       /* relative duality gap, over the columns in hand */
    double square;    /* |r|^2 */
} LassoValue;

struct LassoWork {
    MPI_Comm team;   /* borrowed */
    int rank, ranks; /* of the team */
    LassoSettings settings;
    Samples samples; /* rows not stored */
    int d;
    int rows, ld; /* of x; this rank's share, ld >= 1 */
    double *x;    /* rows x d by column, NULL if only sums are kept; owned */
    int *order;   /* [d] coordinate of each column; owned */

    /* [d] each, in the order of the columns, the same on all ranks; owned */
    double *teacher;
    double *height;         /* |x_j|^2 */
    double *label_gradient; /* X^T y */
    double *base;
    double *base_gradient;
    double *theta; /* zero beyond `domain` */
    double *image; /* G (theta - base), meaningful on `domain` */

    double base_square; /* |r|^2 at the base */
    double base_label;  /* y.r at the base */
    double curvature;   /* Lipschitz constant of the gradient, as estimated so far */
    double weight;      /* lambda sqrt(d) now, and before: 0 if this is the first point */
    double weight_before;
    int domain;       /* the iteration works on columns 0 ... domain-1 */
    LassoValue value; /* at theta */
    int iterations;   /* since the last call of lasso_solve */
    bool stopped;     /* the same on all ranks */

    Gram gram;
    ActiveSystem system; /* of the Newton steps */
};

/* Local.  Rank 0 decides, so that ranks whose rounding differs never part.  Collective. */
bool lasso_agree(const LassoWork *work, bool condition);

/* Collective.  Ask whether to stop; the answer yes stays. */
bool lasso_halts(LassoWork *work);

/* Collective.  out = G v on the domain; from x where the Gram matrix does not cover it. */
void lasso_apply(const LassoWork *work, const double v[], double out[]);

/* Collective.  image of theta, both [domain]. */
void lasso_image(const LassoWork *work, const double theta[], double image[]);

/* Local.  Values of a network on the domain. */
LassoValue lasso_value(const LassoWork *work, const double theta[], const double image[]);

/* Collective.  Draw the data into columns or sums; the base is theta = 0 or the teacher. */
void lasso_draw(LassoWork *work);

/* Collective.  A pass over the stored columns: theta becomes the base, and the values are those
 * over all columns. */
void lasso_rebase(LassoWork *work);

/* Collective.  Columns outside the working set whose gradient exceeds `bound`, or that are
 * active: how many, and take them into the working set, which becomes the domain.  image is
 * valid afterwards only if the domain was all columns or theta is the base. */
int lasso_outside(const LassoWork *work, double bound);
void lasso_admit(LassoWork *work, double bound);

/* Collective.  At most `limit` accelerated proximal gradient steps on the domain; true if the
 * gap over the domain reaches the tolerance.  Stops also where the gap is below `ready` times
 * the share of the samples that active coefficients leave free: near interpolation Newton's
 * method needs a nearer start. */
bool lasso_descend(LassoWork *work, int limit, double tolerance, double ready);

/* Collective.  Newton steps on active sets, on the domain; true if the gap reaches the
 * tolerance or the step is a fixed point (the minimum but for rounding).  Leaves the best
 * network met, never worse than it was.  If theta is the minimum at a neighbouring weight,
 * `tangent` asks for a first step on its own active set. */
bool lasso_newton(LassoWork *work, double tolerance, bool tangent);

#endif
