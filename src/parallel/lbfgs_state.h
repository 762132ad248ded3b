/* lbfgs_state.h - what the parts of the minimiser share, private to lbfgs*.c. */
#ifndef PHASESWEEP_PARALLEL_LBFGS_STATE_H
#define PHASESWEEP_PARALLEL_LBFGS_STATE_H

#include "phasesweep/parallel/lbfgs.h"

/* A point on the line. */
typedef struct LbfgsPoint {
    double at;
    double value, slope;
} LbfgsPoint;

/* What the value that the caller is computing is for. */
typedef enum LbfgsStage {
    STAGE_START,  /* of the descent */
    STAGE_SEARCH, /* on the line */
    STAGE_SETTLE, /* the lowest point of the line once more, to be taken as it is */
    STAGE_OVER
} LbfgsStage;

/* All scalars, the same on all ranks. */
typedef struct LbfgsState {
    LbfgsSettings settings;
    LbfgsStage stage;
    Lbfgs report;
    int pairs, newest; /* in use; index of the last one */
    int small;         /* times in a row that the estimate was small */
    double value;      /* at x */
    LbfgsPoint start;  /* of the line */
    LbfgsPoint low;    /* lowest so far that decreased enough */
    LbfgsPoint high;   /* the other end of the bracket, at infinity if there is none */
    double at;         /* the trial */
    int trials;        /* on this line */
    double product[];  /* [vectors * vectors] */
} LbfgsState;

/* The vectors that make up a direction are kept in one array: `memory` steps of x, as many
 * changes of the gradient, the gradient.  Their products with one another are known at all
 * times, so that a direction is found without communication (Chen, Wang & Zhou 2014). */
struct LbfgsWork {
    MPI_Comm team;
    int count;
    int memory;                     /* pairs there is room for */
    int vectors;                    /* 2 memory + 1 */
    double *basis;                  /* [vectors * count] */
    double *x;                      /* [count] */
    double *trial, *trial_gradient; /* [count] on the line */
    double *direction;              /* [count] */
    LbfgsState *state;
    size_t state_bytes;
};

/* Collective.  Scalar product over the team. */
double lbfgs_dot(const LbfgsWork *work, const double a[], const double b[]);

/* Local.  a += factor b */
void lbfgs_add(double a[], double factor, const double b[], int count);

/* Local.  Column `index` of the basis; the gradient is its last. */
double *lbfgs_basis(const LbfgsWork *work, int index);
double *lbfgs_slope(const LbfgsWork *work);

/* Collective.  Products of `count` changed vectors with all; one message. */
void lbfgs_refresh(LbfgsWork *work, const int changed[], int count);

/* Collective.  Returns the slope of f along the new direction, < 0 but at a stationary point.
 */
double lbfgs_choose_direction(LbfgsWork *work);

/* Collective.  Move to the trial point and keep the pair, if f was convex along the step; else
 * forget. */
void lbfgs_accept(LbfgsWork *work, double value);

#endif
