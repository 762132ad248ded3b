/* State evolution against an independent implementation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "solve.h"

/* n, d, gamma, weight, noise, then p for the quadratic network, then what to find. */
static void check_quadratic(const double v[13])
{
    const Problem wide = problem_of(MODEL_QUADRATIC, v[0], v[1], v[2], v[3], v[4]);
    const Evolution e = solve(at_width(wide, v[5]));
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
    const Evolution e = solve(problem_of(MODEL_DIAGONAL, v[0], v[1], v[2], v[3], v[4]));
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
    assert_int_equal(check_file(REFERENCE_DIR "/se_quadratic_large.csv", 13, check_quadratic),
                     2);
    assert_int_equal(check_file(REFERENCE_DIR "/se_diagonal.csv", 9, check_diagonal), 44);
}

/* Trained networks of arXiv 2606.28242 compare with these (theory.md section 9): d = 400,
 * gamma = 1.25, noise .1, lt = .1 sqrt(n) / d. */
static void test_width(void **unused)
{
    (void)unused;
    static const struct {
        double n, p, risk;
    } cases[] = {{160000, 400, .01439}, {160000, 55, .01065}, {160000, 23, .00801},
                 {160000, 9, .01846},   {160000, 4, .05265},  {26515, 14, .02928},
                 {26515, 9, .02833},    {26515, 6, .03806},   {26515, 4, .05827},
                 {26515, 2, .12816},    {26515, 1, .25921}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Problem wide =
            problem_of(MODEL_QUADRATIC, cases[k].n, 400, 1.25, .1 * sqrt(cases[k].n) / 400, .1);
        assert_near("width", solve(at_width(wide, cases[k].p)).overlaps.risk, cases[k].risk,
                    1e-3); /* the digits given there */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
