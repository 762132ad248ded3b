/* Memory before a run: teams that have it, and what is refused. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/training/amp.h"
#include "phasesweep/training/training.h"

static const char text[] =
    "sweeps:\n"
    "  - {name: theory, source_exponent: [1, 2], noise: 0.1, dimension: [100, 10000],\n"
    "     samples: {as: effective, from: 1, to: 1000, count: 50},\n"
    "     weight_decay: {from: 0.1, to: 10, count: 300}}\n"
    "  - {name: trained, method: training, source_exponent: 1, noise: 0.1,\n"
    "     dimension: [50, 400, 1600], seed: [1, 2, 3], samples: [40000, 400000],\n"
    "     weight_decay: [1, 2]}\n";

static Job job_of(const char *yaml)
{
    Job job;
    char *errors = job_parse("test", yaml, strlen(yaml), &job);
    assert_null(errors);
    return job;
}

/* A team of `least` has the memory and one rank less has not; what no team has is refused. */
static void test_memory(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    Sweep *sweep = &job.sweeps[1];
    sweep->store = STORE_DOUBLE;
    for (double memory = 1e8; memory < 1e10; memory *= 1.5) {
        const PlanSettings settings = {.memory = memory};
        for (size_t line = 0; line < sweep_chains(sweep); line++) {
            const Problem problem = sweep_problem(sweep, 2 * line);
            const PlanCost cost = plan_cost(sweep, line, &settings);
            const int least = cost.task.least;
            assert_true(least <= cost.task.most);
            if (least == INT_MAX) {
                assert_true(plan_memory(&problem, 1 << 20, STORE_DOUBLE) > memory);
                continue;
            }
            assert_true(cost.memory <= memory * (1 + 1e-9));
            assert_true(least == 1 || plan_memory(&problem, least - 1, STORE_DOUBLE) > memory);
        }
    }
    const PlanSettings little = {.memory = 6e8};
    Plan plan = plan_create(&job, &little);
    char *refusals = plan_refusals(&plan, 3);
    assert_non_null(strstr(refusals, "trained: chains need"));
    assert_null(strstr(refusals, "theory"));
    free(refusals);
    plan_free(&plan);
    job_free(&job);
}

/* The table says what training.c and amp.c allocate; their blocks are not counted one by
 * one. */
static void test_training_memory(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    for (size_t point = 0; point < sweep_points(&job.sweeps[1]); point += 3) {
        Problem problem = sweep_problem(&job.sweeps[1], point);
        for (int ranks = 1; ranks <= 9; ranks += 4) {
            problem.method = METHOD_TRAINING;
            const double planned = plan_memory(&problem, ranks, STORE_DOUBLE);
            const double needed = (double)training_memory(&problem, ranks, STORE_DOUBLE);
            assert_true(planned > 0.95 * needed && planned < 1.1 * needed + 1e8);
            problem.method = METHOD_AMP;
            const double passing = plan_memory(&problem, ranks, STORE_FLOAT);
            const double takes = (double)amp_memory(&problem, ranks, STORE_FLOAT);
            assert_true(passing > 0.95 * takes && passing < 1.1 * takes + 1e8);
        }
    }
    job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory),
                                       cmocka_unit_test(test_training_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
