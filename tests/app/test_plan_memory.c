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
#include "phasesweep/method/method.h"

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
    sweep->settings.value[KEY_STORE] = STORE_DOUBLE;
    for (double memory = 1e8; memory < 1e10; memory *= 1.5) {
        const PlanSettings settings = {.memory = memory};
        for (size_t line = 0; line < sweep_chains(sweep); line++) {
            const Problem problem = sweep_problem(sweep, 2 * line);
            const PlanCost cost = plan_cost(sweep, line, &settings);
            const int least = cost.task.least;
            assert_true(least <= cost.task.most);
            if (least == INT_MAX) {
                assert_true(method_memory(&problem, 1 << 20, STORE_DOUBLE, memory) > memory);
                continue;
            }
            assert_true(cost.memory <= memory * (1 + 1e-9));
            assert_true(least == 1 ||
                        method_memory(&problem, least - 1, STORE_DOUBLE, memory) > memory);
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

/* A LASSO keeps the rows that it was drawn from: 8 n d bytes, shared, and d^2 of the Gram
 * matrix. */
static void test_lasso_memory(void **unused)
{
    (void)unused;
    const Problem problem = {.model = MODEL_DIAGONAL,
                             .method = METHOD_TRAINING,
                             .dimension = 20000,
                             .samples = 100000,
                             .source_exponent = 1,
                             .noise = 0.1,
                             .weight_decay = 0.3,
                             .width = 20000};
    /* n > 4 d: the whole Gram matrix, beside what each rank adds to it before the sum */
    const double of_four = method_memory(&problem, 4, STORE_DOUBLE, INFINITY);
    assert_true(of_four > 3.2e9 && of_four < 4.5e9);
    Problem fewer = problem;
    fewer.samples = 40000;
    assert_true(method_memory(&fewer, 1, STORE_DOUBLE, INFINITY) > 8.0 * 40000 * 20000);
    assert_true(method_memory(&fewer, 4, STORE_DOUBLE, INFINITY) <
                0.5 * method_memory(&fewer, 1, STORE_DOUBLE, INFINITY));
}

/* Coordinate descent needs nothing beside the columns; where many are active, Newton's method
 * has their part of the Gram matrix too, and a factor or the matrix of the samples. */
static void test_ways_of_lasso(void **unused)
{
    (void)unused;
    Problem problem = {.model = MODEL_DIAGONAL,
                       .method = METHOD_TRAINING,
                       .dimension = 12000,
                       .samples = 10000,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .weight_decay = 0.3,
                       .width = 12000,
                       .tolerance = 1e-6};
    const double columns = 8.0 * problem.dimension * problem.samples;
    const double little = method_memory(&problem, 1, STORE_DOUBLE, INFINITY);
    assert_true(little > columns && little < 1.1 * columns);
    problem.weight_decay = 0.003;
    const double much = method_memory(&problem, 1, STORE_DOUBLE, INFINITY);
    const double kernel = 8.0 * problem.samples * problem.samples;
    assert_true(much > columns + 1.3 * kernel && much < columns + 2.1 * kernel);
    /* a closer minimum takes more sweeps */
    problem.weight_decay = 0.07;
    const double loose = method_memory(&problem, 1, STORE_DOUBLE, INFINITY);
    problem.tolerance = 1e-12;
    assert_true(method_memory(&problem, 1, STORE_DOUBLE, INFINITY) > 1.2 * loose);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory),
                                       cmocka_unit_test(test_lasso_memory),
                                       cmocka_unit_test(test_ways_of_lasso)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
