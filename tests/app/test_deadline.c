/* When a run has to be over: what is written, what Slurm says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"

/* 2026-11-26 20:00:30 UTC */
static const double now = 1795723230.0;

static void test_texts(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        double seconds; /* from now */
    } cases[] = {{"+90", 5400.0},
                 {"+0.5", 30.0},
                 {"+0", 0.0},
                 {"2026-11-26T20:01:00", 30.0},
                 {"2026-11-27T20:00", 86370.0},
                 {"2026-11-26T19:00", -3630.0},
                 {"20:01", 30.0},
                 {"20:00:31", 1.0},
                 /* of tomorrow */
                 {"20:00", 86370.0},
                 {"20:00:30", 86400.0},
                 {"00:00", 14370.0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        assert_true(deadline_read(cases[k].text, now) == now + cases[k].seconds);
    }
    static const char *const wrong[] = {"",       "+",      "+-3",   "+1x",
                                        "90",     "20:61",  "24:00", "2026-11-26",
                                        "+1e999", "20:00 ", "now",   "20"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        assert_true(isnan(deadline_read(wrong[k], now)));
    }
    assert_string_equal(deadline_text(now).text, "2026-11-26T20:00:30");
    assert_string_equal(deadline_text(INFINITY).text, "never");
}

/* In a zone whose clocks go back an hour that night the next 12:00 is 25 hours after the last.
 */
static void test_summer(void **unused)
{
    (void)unused;
    setenv("TZ", "Europe/Paris", 1);
    tzset();
    const double noon = deadline_read("2026-10-24T12:00", now);
    assert_true(deadline_read("12:00", noon) == noon + 25.0 * 3600.0 ||
                deadline_read("12:00", noon) == noon + 24.0 * 3600.0 /* no zones installed */);
    setenv("TZ", "UTC", 1);
    tzset();
}

/* A folder with a scontrol that prints this line. */
static void write_scontrol(const char *line)
{
    FILE *file = fopen("scontrol", "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n[ \"$*\" = 'show job -o 77' ] && echo '%s'\n", line);
    fclose(file);
    assert_int_equal(system("chmod +x scontrol"), 0);
}

static void check_slurm(double begin, double end)
{
    const Deadline found = deadline_of_slurm(now);
    assert_true(found.begin == begin && found.end == end);
}

static void test_slurm(void **unused)
{
    (void)unused;
    char folder[] = "/tmp/phasesweep-deadline-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    char path[4096];
    snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    unsetenv("SLURM_JOB_ID");
    unsetenv("SLURM_JOB_END_TIME");
    unsetenv("SLURM_JOB_START_TIME");
    check_slurm(now, INFINITY);
    setenv("SLURM_JOB_START_TIME", "1795720000", 1);
    setenv("SLURM_JOB_END_TIME", "1795729999", 1);
    check_slurm(1795720000.0, 1795729999.0);
    /* an end that is past is not the end: ask */
    setenv("SLURM_JOB_END_TIME", "1795723000", 1);
    setenv("SLURM_JOB_ID", "77", 1);
    write_scontrol("JobId=77 JobName=x StartTime=2026-11-26T20:00:00 "
                   "EndTime=2026-11-26T21:00:30 Deadline=N/A");
    check_slurm(now - 30.0, now + 3600.0);
    write_scontrol("JobId=77 StartTime=2026-11-26T20:00:00 EndTime=Unknown Deadline=N/A");
    check_slurm(now - 30.0, INFINITY);
    write_scontrol("slurm_load_jobs error: Invalid job id specified");
    check_slurm(now, INFINITY);
    assert_int_equal(unlink("scontrol"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* Never all of the time, and none of none. */
static void test_margin(void **unused)
{
    (void)unused;
    assert_true(deadline_margin(0.0) == 0.0);
    assert_true(deadline_margin(100.0) == 10.0);
    assert_true(deadline_margin(3600.0) == 72.0);
    assert_true(deadline_margin(86400.0) == 600.0);
    assert_true(deadline_margin(INFINITY) == 600.0);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    tzset();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts), cmocka_unit_test(test_summer),
        cmocka_unit_test(test_slurm), cmocka_unit_test(test_margin)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
