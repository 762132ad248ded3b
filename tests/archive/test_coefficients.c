/* A cost model written by one program and read by another speaks for the same classes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "coefficients.h"

static const double given[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void test_order(void **unused)
{
    (void)unused;
    double sorted[RUN_COEFFICIENTS];
    /* `a/b` is another class than `a/b/c`, whichever is longer */
    coefficients_sort("a/b a/b/c d", given, 9, "new d a/b/c a/b", sorted);
    assert_true(isnan(sorted[0]) && isnan(sorted[2]));
    for (int k = 0; k < 3; k++) {
        assert_true(sorted[3 + k] == given[6 + k] && sorted[6 + k] == given[3 + k] &&
                    sorted[9 + k] == given[k]);
    }
    assert_true(isnan(sorted[12]) && isnan(sorted[RUN_COEFFICIENTS - 1]));
}

/* There and back is what it was; of a file for fewer classes only those that lie in it. */
static void test_back(void **unused)
{
    (void)unused;
    double there[RUN_COEFFICIENTS];
    double back[RUN_COEFFICIENTS];
    coefficients_sort("x y z", given, 9, "z u x y", there);
    coefficients_sort("z u x y", there, RUN_COEFFICIENTS, "x y z", back);
    assert_memory_equal(back, given, sizeof given);
    coefficients_sort("x y z", given, 6, "x y z", back);
    assert_true(back[5] == given[5] && isnan(back[6]) && isnan(back[8]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),
                                       cmocka_unit_test(test_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
