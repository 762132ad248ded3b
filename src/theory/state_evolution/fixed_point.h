/* fixed_point.h - (E1), (E2) of overlaps.h at one point, and how they are solved.
 *
 * The unknowns are log t and log r, r = b / sqrt(t): near the upper edge of a bulk the overlaps
 * are functions of the small distance between r and 2, which log b alone would not resolve.
 * Both errors are logarithms of a ratio of the two sides.
 *
 * A point of a chain starts from its neighbour by `equations_newton`; `equations_cold` needs
 * no guess: at fixed t (E2) has one root r, and along these roots (E1) changes sign once (p >=
 * d).
 *
 * Nothing here keeps state but the workspace of the overlaps and the count of evaluations.
 */
#ifndef PHASESWEEP_THEORY_FIXED_POINT_H
#define PHASESWEEP_THEORY_FIXED_POINT_H

#include <stdbool.h>

#include "phasesweep/theory/overlaps.h"

typedef struct Equations {
    OverlapsWork *work; /* borrowed */
    Overlaps (*overlaps)(OverlapsWork *work, double t, double b);
    Threshold threshold;            /* soft for ridge, whose b is none */
    double capacity, noise, weight; /* see Channel in model.h */
    int evaluations;                /* so far */
} Equations;

/* One iterate: the overlaps there and how far the equations are from holding. */
typedef struct Iterate {
    double log_t, log_r;
    double t, b;
    double share; /* weight / chi, chi the weight whose edge is b */
    Overlaps o;
    double error[2]; /* log of left over right side of (E1), (E2) */
} Iterate;

/* Local.  The equations of a point; work->teacher must be the point's. */
Equations equations_of(OverlapsWork *work, const Problem *problem);

/* Local.  Overlaps and errors at a place. */
Iterate equations_at(Equations *e, double log_t, double log_r);

/* Local.  The root r of (E2) at fixed t, to a tolerance in its error, from a guess; the error
 * of (E1) says where the iteration of the equations would go. */
Iterate equations_threshold(Equations *e, double log_t, double log_r, double tolerance);

/* Local.  The larger error; what convergence is judged by. */
double equations_residual(const Iterate *at);

/* Local.  How the solution moves (log t, log r) with log capacity, log weight and log width,
 * and the exponents d log R of the first two, by the implicit-function theorem. */
typedef struct Response {
    double capacity[2], weight[2], width[2];
    double risk_capacity, risk_weight;
} Response;
Response equations_response(const Equations *e, const Iterate *at);

/* Local.  Newton's method from *at, which is left at the best iterate.  False if it gave up
 * before rounding did. */
bool equations_newton(Equations *e, Iterate *at);

/* Local.  Solve from nothing, unless a width p < d cuts the network.  False if no bracket is
 * found; else *at is the best iterate, to be judged by its residual. */
bool equations_cold(Equations *e, Iterate *at);

/* Local.  The same where there may be several: the first solution on the way that the iteration
 * of (E1) takes from a risk, at the smallest root of (E2) for risk 0 and the largest for 1. */
bool equations_cold_from(Equations *e, double risk, Iterate *at);

/* Local.  d log(R + noise) / d log t along the roots of (E2): how an error of t is carried on
 * by one iteration of (E1).  INFINITY at a root of (E2) that its own iteration leaves. */
double equations_steepness(const Equations *e, const Iterate *at);

/* Local.  The same from *at, which is no solution, to the first root in the direction where the
 * iteration of (E1) would go. */
bool equations_flow(Equations *e, Iterate *at);

#endif
