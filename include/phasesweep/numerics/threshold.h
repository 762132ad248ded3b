/* threshold.h - what a penalty |t|^q makes of one noisy number.
 *
 *     eta(y; chi) = argmin_t  1/2 (y - t)^2 + chi |t|^q
 *
 * (theory.md section 11).  State evolution, message passing and trainers learn by this one
 * function, applied to eigenvalues or coefficients; a penalty is a row of the table in
 * threshold.c.  For q < 1 the function jumps: it is 0 up to an edge and at least a jump beyond,
 * edge(chi) = edge chi^(1/(2 - q)), jump likewise, and where it is not 0
 *     y = eta + chi q eta^(q - 1).
 * For q = 1 it is soft thresholding, edge chi and no jump; for q = 2 it shrinks and cuts
 * nothing.  Unless said otherwise chi > 0.
 *
 * Nothing here communicates, allocates or keeps state.
 */
#ifndef PHASESWEEP_NUMERICS_THRESHOLD_H
#define PHASESWEEP_NUMERICS_THRESHOLD_H

typedef struct Threshold {
    const char *name; /* static */
    double power;     /* q; 0 counts what is not 0 */
    double edge;      /* where eta leaves 0 at chi = 1 */
    double jump;      /* to where; 0: it is continuous */
    /* eta of a y above the edge */
    double (*shrink)(double power, double y, double chi);
} Threshold;

/* Local.  The row of a penalty, completed for its power: q in [0, 1] or q = 2. */
Threshold threshold_of(double power);

/* Local.  Edge and jump at a chi, and the chi that has its edge there; power <= 1. */
double threshold_edge(const Threshold *threshold, double chi);
double threshold_jump(const Threshold *threshold, double chi);
double threshold_weight(const Threshold *threshold, double edge);

/* Local.  The y below an edge beyond which, on the real line, eta can be continued no farther:
 * there dy/d eta vanishes.  0 < power < 1. */
double threshold_branch(const Threshold *threshold, double edge);

/* Local.  eta of any y, odd in y; its derivative in y, without the jump. */
double threshold_shrink(const Threshold *threshold, double y, double chi);
double threshold_slope(const Threshold *threshold, double y, double chi);

/* Local.  |t|^q. */
double threshold_penalty(const Threshold *threshold, double t);

/* Local.  eta of a y above the edge for any q in (0, 1), by Newton's method: what the closed
 * forms are checked against. */
double threshold_newton(double power, double y, double chi);

#endif
