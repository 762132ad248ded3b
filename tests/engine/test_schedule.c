/* The schedule on a clock that only counts: what starts, when and where. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schedule_log.h"

/* Ten of 100 s and a hundred of 1 s on 4 ranks: two rounds of long ones end at 200 s. */
static void test_deadline(void **unused)
{
    (void)unused;
    static Log log;
    const TaskGroup groups[] = {singles(0, 10, 0, 100.0), singles(10, 100, 1, 1.0)};
    static const struct {
        double deadline;
        size_t long_ones, short_ones;
    } cases[] = {{INFINITY, 10, 100}, {300.0, 10, 100}, {299.0, 8, 100}, {210.0, 8, 40},
                 {200.0, 8, 0},       {100.0, 4, 0},    {20.0, 0, 80},   {0.5, 0, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        SimulateSettings settings = ranks(4);
        settings.schedule.deadline = cases[c].deadline;
        const Simulated result = run(groups, 2, settings, &log);
        size_t started[2] = {0, 0};
        for (size_t k = 0; k < 110; k++) {
            started[k >= 10] += (size_t)log.starts[k];
        }
        assert_int_equal(started[0], cases[c].long_ones);
        assert_int_equal(started[1], cases[c].short_ones);
        assert_int_equal(result.done, cases[c].long_ones + cases[c].short_ones);
        assert_true(result.makespan <= cases[c].deadline + 1e-6);
    }
}

/* What outlasts any run starts where it can be interrupted, and else never; a run that begins
 * late in its job leaves to the next what fits there. */
static void test_longer_than_the_limit(void **unused)
{
    (void)unused;
    static Log log;
    TaskGroup groups[] = {singles(0, 1, 0, 500.0), singles(1, 1, 1, 500.0),
                          singles(2, 1, 2, 90.0)};
    groups[0].polls = true;
    static const struct {
        double deadline;
        int starts[3];
    } cases[] = {{100.0, {1, 0, 1}}, {80.0, {1, 0, 0}}, {11.0, {1, 0, 0}}, {9.0, {0, 0, 0}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        SimulateSettings settings = ranks(2);
        settings.schedule.deadline = cases[c].deadline;
        settings.schedule.limit = 100.0;
        run(groups, 3, settings, &log);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(log.starts[k], cases[c].starts[k]);
        }
    }
    ScheduleSettings settings = schedule_settings(2);
    settings.limit = 100.0;
    Schedule *schedule = schedule_create(groups, 3, &settings, NULL);
    assert_int_equal(schedule_too_long(schedule), 1);
    schedule_free(schedule);
}

/* A task that needs all ranks meets ranks that come free one after the other: it starts when
 * the last does, whatever could run meanwhile, and that is used for what fits. */
static void test_reservation(void **unused)
{
    (void)unused;
    static Log log;
    TaskGroup groups[] = {singles(0, 1, 0, 80.0), singles(1, 1, 0, 70.0),
                          singles(2, 1, 0, 65.0), singles(3, 1, 1, 64.0),
                          singles(4, 20, 2, 7.0)};
    groups[3].least = groups[3].most = 3;
    for (size_t count = 4; count <= 5; count++) {
        run(groups, count, ranks(3), &log);
        assert_true(log.at[3] == 80.0 && log.size[3] == 3);
    }
    size_t before = 0;
    for (size_t k = 4; k < 24; k++) {
        assert_int_equal(log.starts[k], 1);
        before += log.at[k] < 80.0;
    }
    assert_int_equal(before, 3); /* two of 7 s fit after 65 s, one after 70 s */
}

/* Estimates that are wrong delay the large task by what was running when it was predicted to
 * start, never by what came later: no stream of short tasks starves it. */
static void test_starvation(void **unused)
{
    (void)unused;
    static Log log;
    TaskGroup groups[] = {singles(0, 8, 0, 10.0), singles(8, 1, 1, 9.0),
                          singles(9, 1900, 2, 1.0)};
    groups[1].least = groups[1].most = 8;
    SimulateSettings settings = ranks(8);
    settings.error = 0.5;
    run(groups, 3, settings, &log);
    assert_int_equal(log.starts[8], 1);
    assert_true(log.at[8] <= 10.0 * exp(0.5) + 1e-6);
}

/* At the end few tasks are spread over all ranks; many keep to themselves. */
static void test_tail(void **unused)
{
    (void)unused;
    static Log log;
    TaskGroup group = singles(0, 1, 0, 100.0);
    group.most = 64;
    group.serial = 0.01;
    const Simulated single = run(&group, 1, ranks(8), &log);
    assert_int_equal(log.size[0], 8);
    assert_true(fabs(single.makespan - 100.0 * (0.01 + 0.99 / 8)) < 1e-9);
    group.count = 400;
    const Simulated all = run(&group, 1, ranks(8), &log);
    assert_int_equal(log.size[0], 1);
    assert_true(all.serial / (8.0 * all.makespan) > 0.97);
}

/* Ten tasks of 1 s on two ranks: 5 s.  When the first two have run for 20 s they need as long
 * again, as eight more of 40 s; of another class nothing is known to be slow. */
static void test_overdue(void **unused)
{
    (void)unused;
    TaskGroup groups[] = {singles(0, 10, 0, 1.0), singles(10, 100, 1, 0.1)};
    for (size_t count = 1; count <= 2; count++) {
        const ScheduleSettings settings = schedule_settings(2);
        Schedule *schedule = schedule_create(groups, count, &settings, NULL);
        ScheduleStart start;
        size_t started = 0;
        while (started < 2 && schedule_next(schedule, 0.0, &start)) {
            started += start.count;
        }
        const double others = count == 2 ? 5.0 : 0.0;
        const double expected = schedule_state(schedule, 0.0).seconds_left;
        assert_true(fabs(expected - 5.0 - others) < 0.6);
        const double late = schedule_state(schedule, 20.0).seconds_left;
        assert_true(late > 170.0 + others && late < 190.0 + others);
        schedule_stop(schedule);
        schedule_free(schedule);
    }
}

/* A fake clock: tasks assumed to take 1 s take `slow` s.  Is what is told right within 2 times
 * once the first of them has ended, and within 3 from half of its time on if it is overdue? */
static void follow(int ranks_most, size_t count, double slow)
{
    const TaskGroup group = singles(0, count, 0, 1.0);
    const ScheduleSettings settings = schedule_settings(ranks_most);
    Schedule *schedule = schedule_create(&group, 1, &settings, NULL);
    double end[8];
    size_t done = 0;
    const size_t turns = (count + (size_t)ranks_most - 1) / (size_t)ranks_most;
    const double all = slow * (double)turns;
    for (double now = 0.0; now < all; now += 0.25 * slow) {
        ScheduleStart start;
        for (int rank = 0; rank < ranks_most && now > 0.0; rank++) {
            if (end[rank] <= now) {
                const ScheduleResult result = {.done = 1, .seconds = slow};
                schedule_finished(schedule, now, rank, &result);
                end[rank] = INFINITY;
                done++;
            }
        }
        while (schedule_next(schedule, now, &start)) {
            assert_int_equal(start.count, 1);
            end[start.ranks[0]] = now + slow;
        }
        const double ratio = schedule_state(schedule, now).seconds_left / (all - now);
        const double most = now >= slow                       ? 2.0
                            : slow > 1.0 && now >= 0.5 * slow ? 3.0
                                                              : INFINITY;
        assert_true(ratio >= 1.0 / most && ratio <= most);
    }
    assert_true(done >= count - (size_t)ranks_most);
    schedule_stop(schedule);
    schedule_free(schedule);
}

static void test_eta(void **unused)
{
    (void)unused;
    follow(1, 10, 10.0);
    follow(3, 12, 10.0);
    follow(8, 9, 100.0); /* the last waits for a rank */
    follow(4, 40, 1.0);
}

/* Of 100 s an earlier run has done 90, or more than all: as long again. */
static void test_begun(void **unused)
{
    (void)unused;
    for (int k = 0; k < 2; k++) {
        TaskGroup groups[] = {singles(0, 1, 0, 10.0 + 110.0 * k), singles(1, 1, 0, 1.0)};
        groups[0].whole = 100.0;
        groups[0].spent = 90.0 + 30.0 * k;
        const ScheduleSettings settings = schedule_settings(1);
        Schedule *schedule = schedule_create(groups, 2, &settings, NULL);
        ScheduleStart start;
        assert_true(schedule_next(schedule, 0.0, &start));
        assert_int_equal(start.first, 0);
        const double left = schedule_state(schedule, 0.0).seconds_left;
        assert_true(fabs(left - groups[0].seconds - 1.0) < 1e-9);
        /* with what was done before the whole was 100 s: nothing is to be learned */
        const ScheduleResult result = {.done = 1, .seconds = 100.0 - groups[0].spent};
        if (k == 0) {
            schedule_finished(schedule, 10.0, 0, &result);
            assert_true(fabs(schedule_learned(schedule).factor[0] - 1.0) < 1e-12);
        }
        schedule_stop(schedule);
        schedule_free(schedule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline),    cmocka_unit_test(test_longer_than_the_limit),
        cmocka_unit_test(test_reservation), cmocka_unit_test(test_starvation),
        cmocka_unit_test(test_tail),        cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_eta),         cmocka_unit_test(test_begun)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
