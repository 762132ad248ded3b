/* Every point of the parameter space converges; compression and continuation change nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "solve.h"

/* The same point with every s_i its own term. */
static Evolution solve_exactly(Problem problem)
{
    EvolutionWork work = evolution_work();
    evolution_solve(&work, &problem); /* makes the teacher */
    work.overlaps.teacher.exact = true;
    evolution_forget(&work);
    const Evolution e = evolution_solve(&work, &problem);
    evolution_free(&work);
    assert_int_equal(e.outcome, OUTCOME_CONVERGED);
    return e;
}

/* The bound that continuation.h states, at d = 1e4 over all phases. */
static void test_compressed(void **unused)
{
    (void)unused;
    static const double places[][2] = {{0.3, -1.0}, {0.9, -1.5}, {0.98, -0.5}, {1.4, -1.0},
                                       {1.9, 0.45}, {2.2, 1.2},  {3.2, 0.5}};
    for (int k = 0; k < 2 * 7; k++) {
        const ModelId model = k % 2 == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
        const double d = 1e4;
        const double n = pow(d, places[k / 2][0]) * (model == MODEL_QUADRATIC ? d : 1.0);
        const Problem p =
            problem_of(model, n, d, k % 4 < 2 ? 0.75 : 1.25, pow(d, places[k / 2][1]), 0.1);
        const Evolution e = solve(p);
        const Evolution exact = solve_exactly(p);
        assert_near("risk", e.overlaps.risk, exact.overlaps.risk, 1e-10);
        assert_near("delta", e.delta, exact.delta, 1e-10);
        assert_near("threshold", e.threshold, exact.threshold, 1e-10);
        assert_near("exponent", 3.0 + e.exponent_samples, 3.0 + exact.exponent_samples, 1e-8);
    }
}

static double draw(uint64_t *counter, double low, double high)
{
    return low + (high - low) * rng_uniform(2, 71, (*counter)++, 0);
}

/* Where a line begins, and its steps in log_d n and log_d lambda, one of them 0. */
typedef struct Line {
    Problem first;
    double step_n, step_weight;
} Line;

static Line draw_line(uint64_t *counter, bool narrow)
{
    const ModelId model =
        narrow || draw(counter, 0.0, 1.0) < 0.5 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
    const double d = floor(pow(10.0, draw(counter, log10(2.0), narrow ? 5.0 : 8.0)));
    const double gamma =
        draw(counter, 0.0, 1.0) < 0.9 ? draw(counter, 0.51, 3.5) : draw(counter, 3.5, 10.0);
    const double noise =
        draw(counter, 0.0, 1.0) < 0.15 ? 0.0 : pow(10.0, draw(counter, -6.0, 2.0));
    /* n_eff from 1e-4 to 1e40; a quarter near interpolation */
    double n = pow(d, draw(counter, 0.0, 1.0) < 0.25 ? draw(counter, 0.7, 1.2)
                                                     : draw(counter, -0.5, 5.0));
    n = fmax(n, 1e-4);
    if (draw(counter, 0.0, 1.0) < 0.1) {
        n = pow(10.0, draw(counter, 5.0, 40.0));
    }
    n = model == MODEL_QUADRATIC ? n * d : n;
    Line line = {.first =
                     problem_of(model, n, d, gamma, pow(d, draw(counter, -3.0, 4.0)), noise)};
    if (narrow) {
        line.first = at_width(line.first, floor(pow(d, draw(counter, 0.0, 1.0))));
    }
    const double step = pow(d, draw(counter, -0.02, 0.02));
    const bool in_n = draw(counter, 0.0, 1.0) < 0.5;
    line.step_n = in_n ? step : 1.0;
    line.step_weight = in_n ? 1.0 : step;
    return line;
}

/* Continued and alone give the same; at n_eff << 1, R = 1 and its exponents are differences of
 * large terms. */
static void check_line(const Line *line, int length)
{
    EvolutionWork work = evolution_work();
    Problem p = line->first;
    for (int k = 0; k < length; k++) {
        const Evolution e = evolution_solve(&work, &p);
        const Evolution alone = solve(p);
        assert_int_equal(e.outcome, OUTCOME_CONVERGED);
        assert_near("risk", e.overlaps.risk, alone.overlaps.risk, 1e-8);
        const double slack = problem_effective_samples(&p) < 1.0 ? 1e-3 : 1e-6;
        const double size = 1.0 + fabs(alone.exponent_samples);
        assert_true(fabs(e.exponent_samples - alone.exponent_samples) < slack * size);
        assert_true(fabs(e.exponent_weight_decay - alone.exponent_weight_decay) < slack * size);
        p.samples *= line->step_n;
        p.weight_decay *= line->step_weight;
    }
    evolution_free(&work);
}

static void test_lines(void **unused)
{
    (void)unused;
    uint64_t counter = 0;
    for (int k = 0; k < 500; k++) {
        const Line line = draw_line(&counter, k % 5 == 0);
        check_line(&line, 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
