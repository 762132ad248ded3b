/* Any mix of tasks, and what is learned from them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "schedule_log.h"

enum { GROUPS = 40 };

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
                       .late = draw[3] > 0.9,
                       .polls = draw[2] > 0.7};
}

/* Each task starts once, on a team it can use, and the late ones after all others. */
static void check_starts(const TaskGroup groups[], const Log *log)
{
    double end[2] = {0.0, INFINITY}; /* last start of the others, first of the late ones */
    for (size_t k = 0; k < GROUPS; k++) {
        for (size_t task = groups[k].first; task < groups[k].first + groups[k].count; task++) {
            assert_int_equal(log->starts[task], 1);
            assert_in_range(log->size[task], groups[k].least, groups[k].most);
            end[groups[k].late] =
                groups[k].late ? fmin(end[1], log->at[task]) : fmax(end[0], log->at[task]);
        }
    }
    assert_true(end[0] <= end[1]);
}

/* Whatever the tasks, the master's part and the errors, all are finished.  That no rank is in
 * two teams is asserted in the code. */
static void test_any_mix(void **unused)
{
    (void)unused;
    static Log log;
    for (uint64_t trial = 0; trial < 300; trial++) {
        TaskGroup groups[GROUPS];
        SimulateSettings settings = ranks(1 + (int)(trial % 13));
        settings.schedule.master = trial % 2 == 0;
        settings.error = trial % 3 == 0 ? 0.0 : 1.0;
        settings.overhead = trial % 5 == 0 ? 1e-4 : 0.0;
        size_t tasks = 0;
        for (size_t k = 0; k < GROUPS; k++) {
            groups[k] = any_group(trial, k, tasks, settings.schedule.ranks);
            tasks += groups[k].count;
        }
        assert_int_equal(run(groups, GROUPS, settings, &log).done, tasks);
        check_starts(groups, &log);
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
    double numbers[COST_COEFFICIENTS];
    cost_export(&model, numbers);
    numbers[0] = NAN; /* nothing was kept of this class */
    const CostModel again = cost_import(numbers);
    assert_true(again.factor[3] == model.factor[3] && again.factor[0] == 1.0);
    const TaskGroup group = singles(0, 8, 3, 1.0);
    const SimulateSettings settings = ranks(2);
    const Simulated result = simulate(&group, 1, &settings, &again);
    assert_true(fabs(result.makespan / (4.0 * model.factor[3]) - 1.0) < 1e-9);
}

/* A slow class is found out within the run: estimates follow, and so does the deadline. */
static void test_learning_meets_deadline(void **unused)
{
    (void)unused;
    static Log log;
    const TaskGroup group = singles(0, 100, 0, 1.0);
    SimulateSettings settings = ranks(2);
    settings.schedule.deadline = 30.0;
    settings.error = 0.4; /* of true times, not of the mean */
    const Simulated result = run(&group, 1, settings, &log);
    assert_true(result.makespan <= 30.0 && result.done > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_mix),
                                       cmocka_unit_test(test_learning),
                                       cmocka_unit_test(test_learning_meets_deadline)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
