/* lasso_state.h - what the parts of the LASSO solver share, private to lasso*.c.
 *
 * Columns of X are kept in an order of their own, the working set in front.  Every quantity is
 * an expansion about a BASE point where it is known exactly: the network at the last pass over
 * the stored columns, or the teacher if only sums are kept.  With v = theta - base,
 *     X^T r = base_gradient - G v,    |r|^2 = base_square - 2 base_gradient.v + v.G v,
 * so that nothing cancels once theta is near its base.
 */
#ifndef PHASESWEEP_TRAINING_LASSO_STATE_H
#define PHASESWEEP_TRAINING_LASSO_STATE_H

#include "phasesweep/training/trainer.h"
#include "lasso_active.h"
#include "lasso_gram.h"

/* Values of a network. */
typedef struct LassoValue {
    double objective; /* F */
    double gap;       /* relative duality gap, over the columns in hand */
    double square;    /* |r|^2 */
} LassoValue;

/* Columns and the signs of their coefficients. */
typedef struct ActiveSet {
    int size;
    int *column; /* [d], first `size` used, ascending; owned */
    int *sign;   /* [d]; owned */
} ActiveSet;

/* A network to come back to. */
typedef struct Kept {
    double *theta, *image; /* [d], the domain used; owned */
    LassoValue value;
} Kept;

/* Point at which the next proximal step is taken, and its image; and where it leads. */
typedef struct Momentum {
    double *z, *image; /* [d], the domain used; owned */
    double *next, *next_image;
    double t; /* Nesterov's sequence */
} Momentum;

/* Proximal point steps by way of the dual. */
typedef struct Dual {
    double *u;              /* [rows] dual vector, near y - X theta; owned as the next three */
    double *kept;           /* [rows] that of the centre */
    double *centre;         /* [d], the domain used */
    double *gradient;       /* [d] X^T u on the domain */
    double sigma;           /* length of the step from the centre */
    double growth;          /* of sigma from this centre to the next */
    double best;            /* least gap at a centre */
    int step;               /* from this centre */
    int centres, fruitless; /* so far, and those that came no nearer in a row */
    bool far;               /* it began too far away: no centre was found */
    bool holds;             /* u belongs to the network in hand */
} Dual;

/* Coordinate descent on all columns; the residual is in dual.u. */
enum {
    LASSO_COORDINATES = 32,
    LASSO_SWEEPS = 4, /* over columns in front, from one look at all to the next */
    LASSO_TRIAL = 14  /* sweeps before it may be left for Newton's method */
};
typedef struct Coordinates {
    double *blocks; /* [d * LASSO_COORDINATES] diagonal blocks of the Gram matrix, NULL if X is
                       not stored; owned */
    int known;      /* columns whose block is there */
    int front;      /* columns that are swept */
    int sweeps;     /* so far */
    double gap;     /* at the first look at all columns */
} Coordinates;

/* What a minimum is looked for from. */
typedef enum Start {
    FAR,       /* anywhere */
    NEIGHBOUR, /* the minimum for another weight */
    NEAR       /* near the minimum, but for columns that were missing */
} Start;

typedef enum SearchStage {
    SEARCH_DESCENT,
    SEARCH_NEWTON,
    SEARCH_DUAL,
    SEARCH_OVER
} SearchStage;

/* A search for the minimum over the domain: Newton's method at once near it, else when the gap
 * is small, and after each failure when it is smaller.  Scalars only. */
typedef struct Search {
    SearchStage stage;
    double tolerance; /* of the gap over the domain */
    double ready;     /* gap at which a descent ends; 0: there was none */
    int descents;     /* steps of them so far */
    int returns;      /* from the dual */
    int step, limit;  /* of the descent or Newton steps in hand */
    int changes;      /* of the active set in the last Newton step */
    double objective; /* where the Newton steps began */
} Search;

typedef enum LassoStage {
    LASSO_DRAWING,     /* the sums */
    LASSO_EXPLORING,   /* all columns, to find the first working set */
    LASSO_APPROACHING, /* minima at larger weights on the way */
    LASSO_SOLVING,
    LASSO_OVER
} LassoStage;

/* How far a point is.  Scalars only. */
typedef struct LassoProgress {
    LassoStage stage;
    bool drawn;          /* the data are in columns or sums */
    uint64_t blocks;     /* in the sums so far, of every rank that has as many */
    double sum;          /* this rank's |r|^2 of them */
    double target, next; /* weights of the approach */
    double inner;        /* tolerance over the working set */
    int entering;        /* columns that entered it in the last round */
    int iterations;      /* proximal and Newton steps of this point */
    int domain;          /* the iteration works on columns 0 ... domain-1 */
    double base_square;  /* |r|^2 at the base */
    double label_slope;  /* root mean square of X^T y, if X is stored */
    bool resorted;       /* the dual was tried where nothing else could be done */
    double curvature;    /* Lipschitz constant of the gradient, as estimated so far */
    double weight;       /* lambda sqrt(d) now, and before: 0 if this is the first point */
    double weight_before;
    LassoValue value; /* at theta */
} LassoProgress;

typedef struct LassoWork {
    MPI_Comm team;   /* borrowed */
    int rank, ranks; /* of the team */
    int limit, most; /* iterations of this point and of any */
    LassoLayout layout;
    Problem problem;     /* in hand */
    double active;       /* expected to be at most; 0: unknown */
    const Dataset *data; /* borrowed; rows not stored */
    int d;
    int rows, ld; /* of x; this rank's share, ld >= 1 */
    double *x;    /* rows x d by column, NULL if only sums are kept; owned, as all below */
    double *sum;  /* d x d; this rank's X^T X so far, while the sums are drawn */
    int *order;   /* [d] coordinate of each column */

    /* [d] each, in the order of the columns, the same on all ranks */
    double *teacher;
    double *height; /* |x_j|^2 */
    double *base;
    double *base_gradient;
    double *theta;   /* zero beyond `domain` */
    double *image;   /* G (theta - base), meaningful on `domain` */
    double *network; /* theta in the order of the data */

    LassoProgress progress;
    Search search;
    Momentum momentum; /* of the descent */
    ActiveSet set[2];  /* of the Newton steps, and all below */
    Kept kept;
    Dual dual;
    Coordinates coordinates;
    ActiveSystem system;
    Gram gram;
} LassoWork;

/* Local.  Does a cold start go by way of larger weights?  Else by coordinate descent. */
bool lasso_approaches(const Problem *problem);

/* Local.  Seconds of a sweep over so many columns and its share of a look at all; of Newton's
 * method with these in its Gram matrix. */
double lasso_sweep_seconds(const Problem *problem, double columns);
double lasso_newton_seconds(const Problem *problem, double columns);

/* Local.  Is Newton's method much faster than coordinate descent from a cold start, to a
 * minimum of so many active coefficients? */
bool lasso_newton_pays(const Problem *problem, double active);

/* Local.  Bytes of the busiest rank while no more than `active` coefficients are; what
 * LASSO_AUTO stands for where a rank has `memory` bytes, 0: enough. */
size_t lasso_memory(const Problem *problem, int ranks, LassoLayout layout, double active);
LassoLayout lasso_layout(const Problem *problem, int ranks, double memory);

/* Local.  As Trainer.price. */
TrainerPrice lasso_price(const Problem *problem, double active);

/* Local.  Rank 0 decides, so that ranks whose rounding differs never part.  Collective. */
bool lasso_agree(const LassoWork *work, bool condition);

/* Collective.  out = G v on the domain; from x where the Gram matrix does not cover it. */
void lasso_apply(const LassoWork *work, const double v[], double out[]);

/* Collective.  image of theta, both [domain]. */
void lasso_image(const LassoWork *work, const double theta[], double image[]);

/* Local.  Values of a network on the domain. */
LassoValue lasso_value(const LassoWork *work, const double theta[], const double image[]);

/* Collective.  Draw the next block of the sums, or all columns; drawn is true after the last
 * one.  The base is theta = 0 for columns, the teacher for sums. */
void lasso_draw(LassoWork *work);

/* Collective.  Sums over the team, the same on all ranks to the bit. */
void lasso_sum(const LassoWork *work, double v[], int count);

/* This rank's rows: y - X theta; sum += X v over the leading columns.  Collective: out = X^T of
 * the rows, over the leading columns. */
void lasso_residual(const LassoWork *work, double residual[]);
void lasso_add_columns(const LassoWork *work, int columns, const double v[], double sum[]);
void lasso_project(const LassoWork *work, int columns, const double rows[], double out[]);

/* Collective.  The active set of theta on the domain. */
void lasso_present(const LassoWork *work, ActiveSet *set);

/* Local.  Put column order[j] at place j. */
void lasso_arrange(LassoWork *work, const int order[]);

/* Collective.  A pass over the stored columns: theta becomes the base, and the values are those
 * over all columns. */
void lasso_rebase(LassoWork *work);

/* Collective.  Columns outside the working set whose gradient exceeds `bound`, or that are
 * active: how many, and take them into the working set, which becomes the domain.  image is
 * valid afterwards only if the domain was all columns or theta is the base. */
int lasso_outside(const LassoWork *work, double bound);
void lasso_admit(LassoWork *work, double bound);

/* Collective.  The same columns come next behind the working set; how many are in front then.
 */
int lasso_bring_forward(LassoWork *work, double bound);

/* What a step has come to. */
typedef enum Progression { GOES_ON, REACHED, GIVEN_UP } Progression;

/* Collective.  Accelerated proximal gradient on the domain.  REACHED where the gap over the
 * domain is at the tolerance; GIVEN_UP at the limit, and where the gap is below `ready` times
 * the share of the samples that active coefficients leave free: near interpolation Newton's
 * method needs a nearer start. */
void descent_begin(LassoWork *work, int limit, double ready);
Progression descent_advance(LassoWork *work);

/* Collective.  Coordinate descent on all columns, from the network in hand.  REACHED where the
 * gap is at the tolerance of the problem, GIVEN_UP where Newton's method is faster; the network
 * is the base then, but not in between. */
void coordinates_begin(LassoWork *work);
Progression coordinates_advance(LassoWork *work);

/* Collective.  Newton steps on active sets, on the domain; REACHED where the gap is at the
 * tolerance or the step is a fixed point (the minimum but for rounding).  At the end the
 * network is the best one met, never worse than it was.  If theta is the minimum at a
 * neighbouring weight, `tangent` asks for a first step on its own active set. */
void newton_begin(LassoWork *work, bool tangent);
Progression newton_advance(LassoWork *work);

/* Collective.  Where X is stored, the same on a domain that the Gram matrix covers; GIVEN_UP
 * where the gap is rounding, or the start was too far away.  Slower than Newton's method near
 * the minimum, but from anywhere and at any weight.  The last one ends it before its own end.
 */
void dual_begin(LassoWork *work);
Progression dual_advance(LassoWork *work);
void dual_leave(LassoWork *work);

/* Collective.  The gap by this dual vector on the domain, where it is smaller. */
void dual_certify(LassoWork *work);

/* Collective.  The gap by the residual that one more step on the active set would leave, over
 * all columns, where it is smaller: at small weights the rounding of a residual is all of the
 * gap that it proves itself. */
void newton_certify(LassoWork *work);

/* Local.  The end of Newton steps before their own: back to the best network met. */
void newton_leave(LassoWork *work);

#endif
