/* The schedule on a clock that only counts: what starts, when and where. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/rng.h"
#include "phasesweep/simulate.h"

enum { TASKS_MOST = 2000 };

/* What happened to every task. */
typedef struct Log {
    double at[TASKS_MOST];  /* start; -1: never */
    int    size[TASKS_MOST], starts[TASKS_MOST];
} Log;

static void note(void *context, double now, const ScheduleStart *start)
{
    Log *log = context;
    for (size_t k = start->first; k < start->first + start->count; k++) {
        log->at[k] = now;
        log->size[k] = start->size;
        log->starts[k]++;
    }
}

static Simulated run(const TaskGroup groups[], size_t count, SimulateSettings settings, Log *log)
{
    *log = (Log){0};
    settings.started = note;
    settings.context = log;
    return simulate(groups, count, &settings, NULL);
}

static SimulateSettings ranks(int count)
{
    return (SimulateSettings){.schedule = schedule_settings(count)};
}

/* Ten of 100 s and a hundred of 1 s on 4 ranks: two rounds of long ones end at 200 s. */
static void test_deadline(void **unused)
{
    (void)unused;
    static Log log;
    static const TaskGroup groups[] = {{0, 10, 0, 100.0, 0.0, 1, 1, 1, false},
                                       {10, 100, 1, 1.0, 0.0, 1, 1, 1, false}};
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

/* A task that needs all ranks meets ranks that come free one after the other: it starts when
 * the last does, whatever could run meanwhile, and that is used for what fits. */
static void test_reservation(void **unused)
{
    (void)unused;
    static Log log;
    static const TaskGroup groups[] = {
        {0, 1, 0, 80.0, 0.0, 1, 1, 1, false}, {1, 1, 0, 70.0, 0.0, 1, 1, 1, false},
        {2, 1, 0, 65.0, 0.0, 1, 1, 1, false}, {3, 1, 1, 64.0, 0.0, 3, 3, 1, false},
        {4, 20, 2, 7.0, 0.0, 1, 1, 1, false}};
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
    static const TaskGroup groups[] = {{0, 8, 0, 10.0, 0.0, 1, 1, 1, false},
                                       {8, 1, 1, 9.0, 0.0, 8, 8, 1, false},
                                       {9, 1900, 2, 1.0, 0.0, 1, 1, 1, false}};
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
    const TaskGroup one = {0, 1, 0, 100.0, 0.01, 1, 64, 1, false};
    const TaskGroup many = {0, 400, 0, 100.0, 0.01, 1, 64, 1, false};
    const Simulated single = run(&one, 1, ranks(8), &log);
    assert_int_equal(log.size[0], 8);
    assert_true(fabs(single.makespan - 100.0 * (0.01 + 0.99 / 8)) < 1e-9);
    const Simulated all = run(&many, 1, ranks(8), &log);
    assert_int_equal(log.size[0], 1);
    assert_true(all.serial / (8.0 * all.makespan) > 0.97);
}

static TaskGroup any_group(uint64_t trial, uint64_t k, size_t first, int rank_count)
{
    double draw[6];
    for (uint64_t i = 0; i < 6; i++) {
        draw[i] = rng_uniform(trial, 99, k, i);
    }
    const int least = draw[0] < 0.5 ? 1 : 1 + (int)(draw[1] * rank_count);
    return (TaskGroup){.first = first,
                       .count = 1 + (size_t)(30.0 * draw[2]),
                       .kind = (int)(3.0 * draw[3]),
                       .seconds = pow(10.0, 5.0 * draw[4] - 4.0),
                       .serial = 0.1 * draw[5],
                       .least = least,
                       .most = draw[1] < 0.5 ? least : least + 5,
                       .points = 1.0,
                       .late = draw[3] > 0.9};
}

/* Whatever the tasks, the master's part and the errors: each starts once, on a team it can
 * use (that no rank is in two is asserted in the code), and all are finished. */
static void test_any_mix(void **unused)
{
    (void)unused;
    static Log log;
    for (uint64_t trial = 0; trial < 300; trial++) {
        static TaskGroup groups[40];
        SimulateSettings settings = ranks(1 + (int)(trial % 13));
        settings.schedule.master = trial % 2 == 0;
        settings.error = trial % 3 == 0 ? 0.0 : 1.0;
        settings.overhead = trial % 5 == 0 ? 1e-4 : 0.0;
        size_t tasks = 0;
        for (size_t k = 0; k < 40; k++) {
            groups[k] = any_group(trial, k, tasks, settings.schedule.ranks);
            tasks += groups[k].count;
        }
        const Simulated result = run(groups, 40, settings, &log);
        assert_int_equal(result.done, tasks);
        double end[2] = {0.0, INFINITY}; /* last start of the others, first of the late ones */
        for (size_t k = 0; k < 40; k++) {
            for (size_t task = groups[k].first; task < groups[k].first + groups[k].count; task++) {
                assert_int_equal(log.starts[task], 1);
                assert_in_range(log.size[task], groups[k].least, groups[k].most);
                end[groups[k].late] = groups[k].late ? fmin(end[1], log.at[task])
                                                     : fmax(end[0], log.at[task]);
            }
        }
        assert_true(end[0] <= end[1]);
    }
}

/* A machine three times slower than assumed is known after some lines, and to later runs. */
static void test_learning(void **unused)
{
    (void)unused;
    CostModel model = cost_model();
    for (int k = 0; k < 200; k++) {
        cost_learn(&model, 3, 2.0, 6.0 * exp(0.2 * sin(k)));
    }
    assert_true(fabs(model.factor[3] / 3.0 - 1.0) < 0.05);
    assert_true(fabs(model.spread[3] / (0.2 * sqrt(0.5)) - 1.0) < 0.2);
    assert_true(model.factor[2] == 1.0);
    const TaskGroup group = {0, 8, 3, 1.0, 0.0, 1, 1, 1, false};
    const SimulateSettings settings = ranks(2);
    const Simulated result = simulate(&group, 1, &settings, &model);
    assert_true(fabs(result.makespan / (4.0 * model.factor[3]) - 1.0) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadline), cmocka_unit_test(test_reservation),
        cmocka_unit_test(test_starvation), cmocka_unit_test(test_tail),
        cmocka_unit_test(test_any_mix), cmocka_unit_test(test_learning)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
