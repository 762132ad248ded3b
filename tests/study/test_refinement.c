/* Refinement finds what the full grid would show, with few of its points. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "phasesweep/study/refinement.h"

/* What the full grid would hold at row i and column j. */
typedef double (*Law)(const RefinePlane *plane, size_t i, size_t j);

/* Three phases that meet in a point, of which one ends in a wedge. */
static double wedge(const RefinePlane *plane, size_t i, size_t j)
{
    const double x = (double)i / (double)(plane->rows - 1);
    const double y = (double)j / (double)(plane->columns - 1);
    const double above = y - (0.21 + 0.5 * x);
    return above < 0.0 ? 1.0 : (x > 0.37 && above < 0.6 * (x - 0.37)) ? 2.0 : 5.0;
}

/* Bulges across sides of cells of any size. */
static double disc(const RefinePlane *plane, size_t i, size_t j)
{
    const double x = (double)i / (double)(plane->rows - 1) - 0.47;
    const double y = (double)j / (double)(plane->columns - 1) - 0.53;
    return x * x + y * y < 0.09 ? 1.0 : 2.0;
}

static double plain(const RefinePlane *plane, size_t i, size_t j)
{
    (void)plane;
    (void)i;
    (void)j;
    return (double)NAN;
}

/* A corner of the plane has no phase. */
static double holed(const RefinePlane *plane, size_t i, size_t j)
{
    return 3 * i + j < plane->columns ? (double)NAN : 4.0;
}

/* Falls steeply along a line and hardly elsewhere. */
static double slope(const RefinePlane *plane, size_t i, size_t j)
{
    const double x = (double)i / (double)(plane->rows - 1);
    const double y = (double)j / (double)(plane->columns - 1);
    return atan(60.0 * (y - 0.3 - 0.2 * x));
}

/* All rounds; values are shown only once they were asked for.  Returns how many there were. */
static size_t refine(const RefinePlane *plane, Law law, bool asked[], size_t *waiting)
{
    const size_t points = plane->rows * plane->columns;
    double *value = malloc(points * sizeof *value);
    size_t count = 0;
    RefineRound round;
    memset(asked, 0, points * sizeof *asked);
    do {
        for (size_t k = 0; k < points; k++) {
            value[k] =
                asked[k] ? law(plane, k / plane->columns, k % plane->columns) : (double)(k % 7);
        }
        round = refinement_next(plane, value, asked);
        count += round.added;
        assert_true(count <= points);
    } while (round.added > 0 && round.waiting == 0);
    free(value);
    *waiting = round.waiting;
    size_t sum = 0;
    for (size_t k = 0; k < points; k++) {
        sum += asked[k];
    }
    assert_int_equal(sum, count);
    return count;
}

static bool equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Is a point asked for at (i, j) or within one step of it that has that value? */
static bool told(const RefinePlane *plane, Law law, const bool asked[], size_t i, size_t j,
                 double value)
{
    bool found = false;
    for (size_t a = i > 0 ? i - 1 : 0; a <= i + 1 && a < plane->rows; a++) {
        for (size_t b = j > 0 ? j - 1 : 0; b <= j + 1 && b < plane->columns; b++) {
            found = found || (asked[a * plane->columns + b] && equal(law(plane, a, b), value));
        }
    }
    return found;
}

/* Wherever two neighbours of the full grid differ, both sides of the line between them were
 * met within one step. */
static void check_lines(const RefinePlane *plane, Law law, const bool asked[])
{
    for (size_t i = 0; i < plane->rows; i++) {
        for (size_t j = 0; j < plane->columns; j++) {
            const double here = law(plane, i, j);
            const double right = j + 1 < plane->columns ? law(plane, i, j + 1) : here;
            const double below = i + 1 < plane->rows ? law(plane, i + 1, j) : here;
            if (!equal(here, right) || !equal(here, below)) {
                assert_true(told(plane, law, asked, i, j, here));
                assert_true(equal(here, right) || told(plane, law, asked, i, j + 1, right));
                assert_true(equal(here, below) || told(plane, law, asked, i + 1, j, below));
            }
        }
    }
}

/* Also where sides are no powers of two, and cells at the far ends are cut off. */
static void test_lines(void **unused)
{
    (void)unused;
    static const size_t sides[][2] = {{257, 257}, {129, 300}, {101, 97}, {64, 33}};
    static const Law laws[] = {wedge, disc, holed};
    for (size_t s = 0; s < sizeof sides / sizeof *sides; s++) {
        for (size_t l = 0; l < sizeof laws / sizeof *laws; l++) {
            for (int depth = 0; depth <= 4; depth++) {
                const size_t points = sides[s][0] * sides[s][1];
                const RefinePlane plane = {sides[s][0], sides[s][1], depth, 1, 0.0, points};
                bool *asked = malloc(points * sizeof *asked);
                size_t waiting;
                const size_t count = refine(&plane, laws[l], asked, &waiting);
                check_lines(&plane, laws[l], asked);
                assert_int_equal(waiting, 0);
                assert_true(depth > 0 || count == points);
                /* measured: 4.1 % at most, and 2.5 points a step of the line */
                assert_true(s > 0 || depth < 4 || (double)count < 0.05 * (double)points);
                free(asked);
            }
        }
    }
}

/* Without anything to tell apart the first round is all. */
static void test_nothing_to_find(void **unused)
{
    (void)unused;
    const RefinePlane plane = {41, 30, 3, 1, 0.0, 41 * 30};
    bool asked[41 * 30];
    size_t waiting;
    assert_int_equal(refine(&plane, plain, asked, &waiting), 6 * 5);
    assert_int_equal(refinement_first(&plane), 6 * 5);
    assert_int_equal(waiting, 0);
    assert_true(asked[0] && asked[29] && asked[40 * 30] && asked[40 * 30 + 29]);
    assert_true(asked[24 * 30 + 16] && !asked[25 * 30 + 16]);
}

/* Cells that are left are unit steps, or their corners are close; the steep line alone is cut.
 */
static void test_slope(void **unused)
{
    (void)unused;
    enum { SIDE = 129, POINTS = SIDE * SIDE };
    const RefinePlane plane = {SIDE, SIDE, 4, 1, 0.2, POINTS};
    bool *asked = malloc(POINTS * sizeof *asked);
    size_t waiting;
    const size_t count = refine(&plane, slope, asked, &waiting);
    assert_true(count > 500 && count < POINTS / 3);
    for (size_t i = 0; i < SIDE; i++) {
        for (size_t j = 0; j + 1 < SIDE; j++) {
            /* a step that matters has a known point beside it */
            if (fabs(slope(&plane, i, j) - slope(&plane, i, j + 1)) > plane.apart) {
                assert_true(asked[i * SIDE + j] || asked[i * SIDE + j + 1]);
            }
        }
    }
    free(asked);
}

/* Never more than is allowed, and the same each time; with less room coarser, but everywhere.
 */
static void test_budget(void **unused)
{
    (void)unused;
    enum { SIDE = 257, POINTS = SIDE * SIDE };
    bool *asked = malloc(POINTS * sizeof *asked);
    bool *again = malloc(POINTS * sizeof *again);
    size_t before = 0;
    for (size_t most = 100; most <= 1200; most += 100) {
        const RefinePlane plane = {SIDE, SIDE, 4, 1, 0.0, most};
        size_t waiting, same;
        const size_t count = refine(&plane, disc, asked, &waiting);
        assert_int_equal(refine(&plane, disc, again, &same), count);
        assert_memory_equal(asked, again, POINTS * sizeof *asked);
        assert_int_equal(waiting, same);
        assert_true(waiting > 0);
        assert_true(count == 17 * 17 || count <= most);
        assert_true(count >= before && (most < 300 || count + 9 > most));
        before = count;
        size_t quarter[4] = {0};
        for (size_t k = 0; k < POINTS; k++) {
            quarter[2 * (k / SIDE > SIDE / 2) + (k % SIDE > SIDE / 2)] += asked[k];
        }
        for (int k = 0; k < 4; k++) {
            assert_true(quarter[k] > count / 8);
        }
    }
    free(again);
    free(asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_nothing_to_find),
        cmocka_unit_test(test_slope),
        cmocka_unit_test(test_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
