/* State evolution against an independent implementation and closed forms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/evolution.h"

static Problem quadratic(double n, double d, double gamma, double lt, double noise)
{
    return (Problem){.source_exponent = gamma, .dimension = d, .noise = noise, .width = d,
                     .samples = n, .weight_decay = lt, .tolerance = 1e-9};
}

static void assert_near(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance * fabs(expected))) {
        fail_msg("%s: %.12g, expected %.12g within %g", what, value, expected, tolerance);
    }
}

static Evolution solve(Problem problem)
{
    EvolutionWork work = evolution_work();
    const Evolution e = evolution_solve(&work, &problem);
    evolution_free(&work);
    assert_int_equal(e.outcome, OUTCOME_CONVERGED);
    return e;
}

/* n, d, gamma, weight, noise, then p for the quadratic network, then what to find. */
static void check_quadratic(const double v[13])
{
    Problem problem = quadratic(v[0], v[1], v[2], v[3], v[4]);
    problem.width = v[5];
    problem.weight_decay = problem_weight_decay(&problem, v[3]);
    const Evolution e = solve(problem);
    assert_near("risk", e.overlaps.risk, v[6], 1e-5);
    assert_near("delta", e.delta, v[7], 1e-5);
    assert_near("threshold", e.threshold, v[8], 1e-3); /* nine digits resolve no more */
    assert_near("trace", e.overlaps.trace + 1.0, v[11] + 1.0, 1e-5);
    assert_near("q", e.overlaps.q + 1.0, v[9] + 1.0, 1e-5);
    assert_near("m", e.overlaps.m + 1.0, v[10] + 1.0, 1e-5);
    assert_near("objective", e.objective, v[12], 1e-5);
}

static void check_diagonal(const double v[13])
{
    Problem problem = quadratic(v[0], v[1], v[2], v[3], v[4]);
    problem.model = MODEL_DIAGONAL;
    const Evolution e = solve(problem);
    assert_near("risk", e.overlaps.risk, v[5], 1e-5);
    assert_near("tau", e.delta, v[6], 1e-5);
    assert_near("threshold", e.threshold, v[7], 1e-5);
    assert_near("active", e.overlaps.rank, v[8], 1e-5);
}

/* Every row; the reference's own accuracy is about 3e-6. */
static int check_file(const char *path, int columns, void (*check)(const double v[13]))
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[512];
    assert_non_null(fgets(line, sizeof line, file));
    int rows = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        double v[13] = {0};
        char *cursor = line;
        for (int i = 0; i < columns; i++, cursor++) {
            v[i] = strtod(cursor, &cursor);
        }
        check(v);
        rows++;
    }
    fclose(file);
    return rows;
}

static void test_reference(void **unused)
{
    (void)unused;
    assert_int_equal(check_file(REFERENCE_DIR "/se_quadratic.csv", 13, check_quadratic), 41);
    assert_int_equal(check_file(REFERENCE_DIR "/se_quadratic_large.csv", 13, check_quadratic), 2);
    assert_int_equal(check_file(REFERENCE_DIR "/se_diagonal.csv", 9, check_diagonal), 44);
}

/* VIb: all features learned, R = Delta/(4 alpha - 2), and III: R = delta^2 + b^2. */
static void test_many_samples(void **unused)
{
    (void)unused;
    const double alpha = 1e6;
    const Evolution e = solve(quadratic(alpha * 1e4, 100, 0.75, 1e-3, 0.1));
    assert_near("VIb", e.overlaps.risk, 0.1 / (4.0 * alpha - 2.0), 1e-6);
    const Evolution f = solve(quadratic(alpha * 1e4, 100, 0.75, 1e3, 0.1));
    assert_near("III", f.overlaps.risk, f.delta * f.delta + f.threshold * f.threshold, 1e-9);
    assert_near("III rate", f.overlaps.risk, pow(1e3 / (4.0 * alpha), 2.0), 0.5);
}

/* Collapsed: a weight decay above every eigenvalue leaves S = 0, R = 1 exactly. */
static void test_collapsed(void **unused)
{
    (void)unused;
    const Evolution e = solve(quadratic(1000, 100, 1.25, 1e3, 0.5));
    assert_near("risk", e.overlaps.risk, 1.0, 1e-14);
    assert_near("b", e.threshold, 1e3 / (4.0 * 0.1), 1e-10);
    assert_near("delta", e.delta, sqrt(1.25 / 0.2), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_many_samples),
        cmocka_unit_test(test_collapsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
