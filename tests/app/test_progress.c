/* What is said while a run goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/app/progress.h"
#include "phasesweep/base/duration.h"

static void test_duration(void **unused)
{
    (void)unused;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0.0, "0 s"},
                 {0.25, "0.25 s"},
                 {59.4, "59 s"},
                 {59.6, "1 min 00 s"},
                 {754.0, "12 min 34 s"},
                 {3600.0, "1 h 00 min"},
                 {86399.0, "23 h 59 min"},
                 {90000.0, "1 d 01 h"},
                 {-1.0, "0 s"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        assert_string_equal(duration_text(cases[k].seconds).text, cases[k].text);
    }
}

/* An hour in a log, asked ten times a second: lines after 2, 5, 10 and 20 s, one a minute and
 * one at the end. */
static void test_log(void **unused)
{
    (void)unused;
    FILE *file = tmpfile();
    Progress progress = progress_begin(file, 1000.0);
    ScheduleState state = {.tasks = 3600, .points = 36000};
    for (int tick = 1; tick < 36000; tick++) {
        const double now = 0.1 * tick;
        state.done = (size_t)now;
        state.points_done = 10.0 * (double)state.done;
        state.seconds_left = 3600.0 - now;
        progress_show(&progress, &state, 1000.0 + now, false);
    }
    state.done = 3600;
    state.points_done = 36000;
    state.failed = 2;
    state.seconds_left = 0.0;
    progress_show(&progress, &state, 4600.0, true);
    rewind(file);
    char line[256];
    int lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        lines++;
        assert_null(strchr(line, '\r'));
        assert_non_null(strstr(line, "10 points/s"));
    }
    assert_int_equal(lines, 4 + 59 + 1);
    assert_string_equal(line, "3600/3600 chains, 10 points/s, 1 h 00 min, ETA 0 s, "
                              "2 points failed\n");
    fclose(file);
}

/* A rate is read at a glance. */
static void test_rate(void **unused)
{
    (void)unused;
    static const struct {
        double rate;
        const char *text;
    } cases[] = {{0.01234, " 0.0123 "}, {12.34, " 12.3 "},  {999.4, " 999 "},
                 {999.9, " 1000 "},     {8531.0, " 8531 "}, {2.5e6, " 2.5e+06 "}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Progress progress = {.rate = cases[k].rate};
        char *text = progress_text(&progress, &(ScheduleState){.tasks = 1}, 0.0);
        assert_non_null(strstr(text, cases[k].text));
        free(text);
    }
}

/* On a terminal the line never wraps, and the bar goes where there is room. */
static void test_terminal(void **unused)
{
    (void)unused;
    const ScheduleState state = {.tasks = 20,
                                 .done = 10,
                                 .points = 20,
                                 .points_done = 10,
                                 .teams = 3,
                                 .team_ranks = 48,
                                 .team_seconds = 600,
                                 .share = 0.25,
                                 .seconds_left = 1800};
    for (int columns = 10; columns <= 160; columns += 30) {
        char *text;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        Progress progress = {.file = file, .columns = columns};
        progress_show(&progress, &state, 1.0, false);
        fclose(file);
        const char *end = strstr(text, "\033[K");
        assert_true(text[0] == '\r' && end != NULL && end[3] == '\0');
        assert_true(end - text - 1 < columns);
        if (columns >= 130) {
            assert_non_null(strstr(text, "[######..................] 10/20 chains"));
            assert_non_null(strstr(text, "3 large on 48 ranks (10 min 00 s)"));
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_duration),
                                       cmocka_unit_test(test_log), cmocka_unit_test(test_rate),
                                       cmocka_unit_test(test_terminal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
