/* solve.h - what the tests of state evolution share; include after cmocka.h. */
#ifndef PHASESWEEP_TESTS_SOLVE_H
#define PHASESWEEP_TESTS_SOLVE_H

#include <math.h>

#include "phasesweep/theory/continuation.h"

/* A problem of width d; weight is lt, or lambda of the diagonal network. */
static inline Problem problem_of(ModelId model, double n, double d, double gamma, double weight,
                                 double noise)
{
    return (Problem){.model = model,
                     .source_exponent = gamma,
                     .dimension = d,
                     .noise = noise,
                     .width = d,
                     .samples = n,
                     .weight_decay = weight,
                     .tolerance = 1e-9};
}

/* The same at width p of the quadratic network. */
static inline Problem at_width(Problem problem, double p)
{
    const double lt = problem_nuclear_weight(&problem);
    problem.width = p;
    problem.weight_decay = problem_weight_decay(&problem, lt);
    return problem;
}

/* Cold, and converged. */
static inline Evolution solve(Problem problem)
{
    EvolutionWork work = evolution_work();
    const Evolution e = evolution_solve(&work, &problem);
    evolution_free(&work);
    if (e.outcome != OUTCOME_CONVERGED) {
        fail_msg("model %d rows %d nu %.17g share %.17g rotated %d a %.17g gamma %.17g d %.17g "
                 "n %.17g "
                 "lambda %.17g noise %.17g p %g: residual %g",
                 problem.model, problem.features, problem.degrees_of_freedom,
                 problem.sparse_share, problem.rotated, problem.covariance_exponent,
                 problem.source_exponent, problem.dimension, problem.samples,
                 problem.weight_decay, problem.noise, problem.width, e.residual);
    }
    return e;
}

static inline void assert_near(const char *what, double value, double expected,
                               double tolerance)
{
    if (!(fabs(value - expected) <= tolerance * fabs(expected))) {
        fail_msg("%s: %.12g, expected %.12g within %g", what, value, expected, tolerance);
    }
}

#endif
