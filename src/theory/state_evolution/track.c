/* Each solved point leaves its exact derivatives in log n and log weight (equations_response),
 * from which the next is predicted: to third order on a chain that varies one of them, else to
 * first order.  A prediction need only be good enough for Newton's method, which decides the
 * digits.
 */
#include "track.h"

#include <math.h>

/* Value at x of the cubic through (x0, y0), (x1, y1) with the slopes given there. slope0 and
 * slope1 are dy/dx; x may lie outside. */
static double hermite(double x0, double y0, double slope0, double x1, double y1, double slope1,
                      double x)
{
    const double h = x1 - x0;
    const double s = (x - x0) / h;
    const double r = s - 1.0;
    return y0 * (1.0 + 2.0 * s) * r * r + y1 * s * s * (3.0 - 2.0 * s) +
           h * s * r * (slope0 * r + slope1 * s);
}

/* Whether x is near enough to two known places for a cubic through them. */
static bool in_reach(double x0, double x1, double x)
{
    return fabs(x - x1) <= 2.0 * fabs(x1 - x0);
}

/* The next point from the last, and on a chain that varies one parameter from the two before.
 * Unknown 0 is log t, 1 is log r.  Where both parameters vary the mixed derivatives of a
 * cubic are missing. */
static double predict(const EvolutionTrack *before, const EvolutionTrack *last, int unknown,
                      double log_n, double log_weight)
{
    const double y1 = unknown == 0 ? last->log_t : last->log_r;
    const double y0 = unknown == 0 ? before->log_t : before->log_r;
    if (before->valid && log_n == last->log_n && log_n == before->log_n &&
        in_reach(before->log_weight, last->log_weight, log_weight)) {
        return hermite(before->log_weight, y0, before->slope_weight[unknown], last->log_weight,
                       y1, last->slope_weight[unknown], log_weight);
    }
    if (before->valid && log_weight == last->log_weight && log_weight == before->log_weight &&
        in_reach(before->log_n, last->log_n, log_n)) {
        return hermite(before->log_n, y0, before->slope_n[unknown], last->log_n, y1,
                       last->slope_n[unknown], log_n);
    }
    return y1 + last->slope_n[unknown] * (log_n - last->log_n) +
           last->slope_weight[unknown] * (log_weight - last->log_weight);
}

/* Capacity is proportional to n in all models, so log n is that up to a constant. */
static EvolutionTrack track_at(const Equations *e, const Iterate *at)
{
    const Response r = equations_response(e, at);
    return (EvolutionTrack){
        .valid = true,
        .log_n = log(e->capacity),
        .log_weight = log(e->weight),
        .log_t = at->log_t,
        .log_r = at->log_r,
        .slope_n = {r.capacity[0], r.capacity[1]},
        .slope_weight = {r.weight[0], r.weight[1]},
    };
}

/* The solution from the neighbour, if there is one and it is near enough. */
bool track_follow(const Track *track, Equations *e, Iterate *at)
{
    const double log_n = log(e->capacity);
    const double log_weight = log(e->weight);
    const EvolutionTrack *last = &track->last;
    if (!last->valid || fabs(log_n - last->log_n) + fabs(log_weight - last->log_weight) > 2.0) {
        return false;
    }
    const double log_t = predict(&track->before, last, 0, log_n, log_weight);
    const double log_r = predict(&track->before, last, 1, log_n, log_weight);
    /* a prediction through a singular Jacobian may be anything, NAN too */
    if (!(fabs(log_t - last->log_t) < 10.0 && fabs(log_r - last->log_r) < 10.0)) {
        return false;
    }
    *at = equations_at(e, log_t, log_r);
    return equations_newton(e, at);
}

void track_step(Track *track, const Equations *e, const Iterate *at)
{
    track->before = track->last;
    track->last = track_at(e, at);
}
