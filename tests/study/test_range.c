/* Ranges of axes: ends as they are written, and what should be round between them is round. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/study/job.h"
#include "range.h"

/* The double that a user gets who writes 1eK. */
static double decade(int power)
{
    char text[16];
    snprintf(text, sizeof text, "1e%d", power);
    return strtod(text, NULL);
}

/* Every power of ten from one end to the other is met, whatever lies between two of them. */
static void check_decades(int low, int high, int a_decade)
{
    const int count = (high - low) * a_decade + 1;
    double *up = malloc((size_t)count * sizeof *up);
    double *down = malloc((size_t)count * sizeof *down);
    range_fill(decade(low), decade(high), (size_t)count, SPACING_LOGARITHMIC, false, up);
    range_fill(decade(high), decade(low), (size_t)count, SPACING_LOGARITHMIC, false, down);
    for (int k = 0; k < count; k++) {
        if (k % a_decade == 0) {
            assert_true(up[k] == decade(low + k / a_decade));
            assert_true(down[k] == decade(high - k / a_decade));
        }
        assert_true(k == 0 || (up[k] > up[k - 1] && down[k] < down[k - 1]));
        const double power = low + (double)k / a_decade;
        assert_true(fabs(log10(up[k]) - power) < 1e-12 * (1.0 + fabs(power)));
    }
    free(up);
    free(down);
}

static void test_decades(void **unused)
{
    (void)unused;
    for (int a_decade = 1; a_decade <= 20; a_decade++) {
        check_decades(-300, 300, a_decade);
        check_decades(-4, 2, a_decade);
        check_decades(0, 6, a_decade);
        check_decades(-307, -290, a_decade);
    }
}

/* Decades between ends that are none; and no number is pulled to a decade that it is not. */
static void test_between(void **unused)
{
    (void)unused;
    double values[101];
    range_fill(0.02, 50.0, 3, SPACING_LOGARITHMIC, false, values);
    assert_true(values[0] == 0.02 && values[1] == 1.0 && values[2] == 50.0);
    range_fill(1.0 - 1e-13, 1.0 + 1e-13, 101, SPACING_LOGARITHMIC, false, values);
    for (int k = 1; k < 101; k++) {
        assert_true(values[k] > values[k - 1]);
    }
    range_fill(9.9, 10.3, 101, SPACING_LOGARITHMIC, false, values);
    for (int k = 1; k < 101; k++) {
        assert_true(values[k] > values[k - 1] && values[k] != 10.0);
    }
}

/* -1.3 + 0.65 * 2 is 0 but for rounding, and d^0 is 1. */
static void test_exponents(void **unused)
{
    (void)unused;
    for (int tenths = -30; tenths < 30; tenths++) {
        double values[51];
        range_fill(0.1 * tenths, 0.1 * tenths + 5.0, 51, SPACING_LINEAR, true, values);
        int whole = 0;
        for (int k = 1; k < 50; k++) {
            const int place = tenths + k;
            assert_true(place % 10 != 0 || values[k] == place / 10);
            assert_true(place != 0 || !signbit(values[k]));
            whole += values[k] == nearbyint(values[k]);
        }
        assert_true(whole == 4 || whole == 5);
    }
    /* only of exponents: other numbers stay what they were */
    double values[21];
    range_fill(-1.3, 0.7, 21, SPACING_LINEAR, false, values);
    for (int k = 1; k < 20; k++) {
        assert_true(values[k] == -1.3 + k / 20.0 * 2.0);
    }
}

/* As a job file has them; whole keys have every number once. */
static void test_job(void **unused)
{
    (void)unused;
    static const char text[] =
        "sweeps:\n"
        "  - {source_exponent: 1.25, dimension: 60, noise: 0.1,\n"
        "     seed: {from: 1, to: 100, count: 41, spacing: logarithmic},\n"
        "     samples: {as: effective, from: 1e-3, to: 1e6, count: 28, spacing: logarithmic},\n"
        "     weight_decay: {from: 1e-10, to: 1e10, count: 61, spacing: logarithmic}}\n";
    Job job;
    assert_null(job_parse("job", text, strlen(text), &job));
    const Axis *samples = &job.sweeps[0].axis[KEY_SAMPLES - KEY_AXES];
    const Axis *decay = &job.sweeps[0].axis[KEY_WEIGHT_DECAY - KEY_AXES];
    const Axis *seed = &job.sweeps[0].axis[KEY_SEED - KEY_AXES];
    for (int k = 0; k <= 9; k++) {
        assert_true(samples->values[3 * k] == decade(k - 3));
    }
    for (int k = 0; k <= 20; k++) {
        assert_true(decay->values[3 * k] == decade(k - 10));
    }
    for (size_t k = 1; k < seed->count; k++) {
        assert_true(seed->values[k] > seed->values[k - 1]);
    }
    assert_true(seed->count < 41 && seed->values[seed->count - 1] == 100.0);
    job_free(&job);
}

static Job grid(const char *samples, const char *decay)
{
    Job job;
    char *text = checked_format("sweeps:\n  - {source_exponent: 1, dimension: 9, noise: 0.1,\n"
                                "     samples: %s, weight_decay: %s}\n",
                                samples, decay);
    assert_null(job_parse("job", text, strlen(text), &job));
    free(text);
    return job;
}

/* A range that goes further, or the other way, has the numbers of the other; what is written
 * has its own. */
static void test_adopt(void **unused)
{
    (void)unused;
    Job old = grid("{as: power, from: -2, to: 3, count: 301}",
                   "{from: 0.3, to: 700, count: 23, spacing: logarithmic}");
    Job wide = grid("{as: power, from: 4, to: -2, count: 361}",
                    "{from: 0.3, to: 700, count: 45, spacing: logarithmic}");
    assert_true(job_adopt(&wide, &old));
    assert_false(job_adopt(&wide, &old));
    const Axis *samples[] = {&old.sweeps[0].axis[KEY_SAMPLES - KEY_AXES],
                             &wide.sweeps[0].axis[KEY_SAMPLES - KEY_AXES]};
    const Axis *decay[] = {&old.sweeps[0].axis[KEY_WEIGHT_DECAY - KEY_AXES],
                           &wide.sweeps[0].axis[KEY_WEIGHT_DECAY - KEY_AXES]};
    for (size_t k = 0; k < 301; k++) {
        assert_true(samples[0]->values[k] == samples[1]->values[360 - k]);
    }
    for (size_t k = 0; k < 23; k++) {
        assert_true(decay[0]->values[k] == decay[1]->values[2 * k]);
    }
    Job written = grid("{as: power, values: [0.1, 0.20000000000000004]}", "0.3");
    Job other = grid("{as: power, values: [0.10000000000000002, 0.2]}", "0.3");
    Job number = grid("{from: 2, to: 3, count: 2}", "0.3");
    assert_false(job_adopt(&written, &other));
    assert_false(job_adopt(&other, &old));
    assert_false(job_adopt(&number, &wide));
    job_free(&old);
    job_free(&wide);
    job_free(&written);
    job_free(&other);
    job_free(&number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decades),   cmocka_unit_test(test_between),
        cmocka_unit_test(test_exponents), cmocka_unit_test(test_job),
        cmocka_unit_test(test_adopt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
