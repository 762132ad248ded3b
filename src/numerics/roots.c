/* Two ways to a root.  root_bracketed is for functions without a derivative.  bracket_next
 * is for callers that have one, or whose function is too dear for a callback: they keep the
 * loop and evaluate, it keeps the bracket and says where.  A step of Newton is taken only
 * inside the bracket, so that the iteration converges from anywhere and ends by bisection at
 * worst.
 *
 * Functions must increase for bracket_next; callers turn a sign where theirs falls.
 */
#include "phasesweep/numerics/roots.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stddef.h>

#include "phasesweep/base/check.h"

enum { MAX_STEPS = 200 };

/* Brent-Dekker keeps the bracket: a kink of f costs steps and never the root. */
double root_bracketed(double (*f)(double x, void *context), void *context, double low,
                      double high, double tolerance)
{
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (solver == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a root finder");
    }
    gsl_function function = {.function = f, .params = context};
    /* ends of one sign happen only through rounding: then the better end is the root */
    gsl_error_handler_t *handler = gsl_set_error_handler_off();
    double root = fabs(f(low, context)) <= fabs(f(high, context)) ? low : high;
    if (gsl_root_fsolver_set(solver, &function, low, high) == GSL_SUCCESS) {
        for (int step = 0; step < MAX_STEPS; step++) {
            if (gsl_root_fsolver_iterate(solver) != GSL_SUCCESS) {
                break;
            }
            root = gsl_root_fsolver_root(solver);
            if (gsl_root_test_interval(gsl_root_fsolver_x_lower(solver),
                                       gsl_root_fsolver_x_upper(solver), tolerance,
                                       tolerance) == GSL_SUCCESS) {
                break;
            }
        }
    }
    gsl_set_error_handler(handler);
    gsl_root_fsolver_free(solver);
    return root;
}

double bracket_next(Bracket *bracket, double x, double value, double slope, double reach)
{
    /* the function increases: a negative value is left of the root */
    *(value < 0.0 ? &bracket->low : &bracket->high) = x;
    double move = -value / slope;
    if (!(slope > 0.0) || fabs(move) > reach) {
        move = value < 0.0 ? reach : -reach;
    }
    /* with one end unknown the step is as long as allowed; with both the middle is safe */
    const double next = x + move;
    return next > bracket->low && next < bracket->high ? next
                                                       : 0.5 * (bracket->low + bracket->high);
}

bool bracket_exhausted(const Bracket *bracket)
{
    const double middle = 0.5 * (bracket->low + bracket->high);
    return isfinite(bracket->low) && isfinite(bracket->high) &&
           (middle <= bracket->low || middle >= bracket->high);
}
