/* The bill of a job: every line once, makespans within bounds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/base/check.h"
#include "phasesweep/method/method.h"
#include "phasesweep/training/trainer.h"

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

static int class_of(ModelId model, MethodId method, double depth)
{
    const Problem problem = {
        .model = model, .method = method, .dimension = 60, .width = 60, .depth = depth};
    return plan_class(&problem);
}

/* Word k of the names. */
static void check_word(const char *words, int k, const char *expected)
{
    for (; k > 0; k--) {
        words = strchr(words, ' ') + 1;
    }
    assert_int_equal(strcspn(words, " "), strlen(expected));
    assert_memory_equal(words, expected, strlen(expected));
}

/* Deeper networks do not speak for the others: they take other trainers, and other times. */
static void test_classes(void **unused)
{
    (void)unused;
    char *names = plan_classes();
    check_word(names, class_of(MODEL_QUADRATIC, METHOD_TRAINING, 0), "quadratic/training");
    check_word(names, class_of(MODEL_QUADRATIC, METHOD_TRAINING, 1), "quadratic/training");
    check_word(names, class_of(MODEL_QUADRATIC, METHOD_TRAINING, 2),
               "quadratic/training/not_convex");
    check_word(names, class_of(MODEL_DIAGONAL, METHOD_AMP, 3), "diagonal/amp/not_convex");
    check_word(names, class_of(MODEL_RIDGE, METHOD_BAYES, 0), "ridge/bayes");
    check_word(names, class_of(MODEL_SIGNED, METHOD_TRAINING, 0), "signed/training");
    check_word(names, class_of(MODEL_SIGNED, METHOD_AMP, 0), "signed/amp");
    free(names);
    Job job = job_of("sweeps:\n"
                     "  - {method: training, source_exponent: 1, noise: 0.1, dimension: 60,\n"
                     "     depth: [1, 2, 3], samples: 2000, weight_decay: [1, 2]}\n");
    CostModel model = cost_model();
    const PlanSettings settings = {.memory = INFINITY, .model = &model};
    Plan plan = plan_create(&job, &settings);
    const double before = plan_total(&plan, 0).seconds;
    double deep = 0;
    for (size_t g = 0; g < plan.group_count; g++) {
        const bool shallow = plan.chains[plan.groups[g].first].chain == 0;
        deep += shallow ? 0 : (double)plan.groups[g].count * plan.groups[g].seconds;
    }
    /* what shallow networks take says nothing of what deeper ones will */
    model.factor[class_of(MODEL_QUADRATIC, METHOD_TRAINING, 1)] = 1e-9;
    assert_true(deep > 0.1 * before && fabs(plan_total(&plan, 0).seconds / deep - 1) < 1e-6);
    plan_free(&plan);
    job_free(&job);
}

static void test_lines(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    const PlanSettings settings = {.memory = INFINITY};
    Plan plan = plan_create(&job, &settings);
    assert_int_equal(plan.chain_count, 2 * 2 * 50 * 2 + 3 * 3 * 2);
    size_t next = 0;
    int seen[2][400] = {{0}};
    for (size_t g = 0; g < plan.group_count; g++) {
        const TaskGroup *group = &plan.groups[g];
        assert_int_equal(group->first, next);
        assert_true(g == 0 || group->seconds <= plan.groups[g - 1].seconds);
        for (size_t k = 0; k < group->count; k++, next++) {
            const PlanChain chain = plan.chains[next];
            size_t first, count;
            sweep_chain(&job.sweeps[chain.sweep], chain.chain, &first, &count);
            assert_true((double)count == group->points);
            seen[chain.sweep][chain.chain]++;
        }
    }
    assert_int_equal(next, plan.chain_count);
    for (size_t k = 0; k < next; k++) {
        assert_int_equal(seen[plan.chains[k].sweep][plan.chains[k].chain], 1);
    }
    assert_int_equal(plan_total(&plan, 0).points, 2 * 2 * 50 * 300);
    assert_int_equal(plan_total(&plan, 1).points, 3 * 3 * 2 * 2);
    plan_free(&plan);
    job_free(&job);
}

/* A chain of which points are taken over costs what the others do. */
static void test_parts(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    const PlanSettings settings = {.memory = INFINITY};
    const PlanChain all[] = {{0, 0}, {0, 1}, {0, 2}};
    const PlanMark marks[] = {{false, 1.0, 0.0}, {false, 44.0, 0.0}, {true, 256.0, 0.0}};
    PlanChain *chains = malloc(sizeof all);
    memcpy(chains, all, sizeof all);
    Plan plan = plan_of_chains(&job, &settings, chains, marks, 3);
    assert_int_equal(plan_total(&plan, 0).points, 1 + 44 + 256);
    for (size_t g = 0; g < plan.group_count; g++) {
        const PlanChain chain = plan.chains[plan.groups[g].first];
        const TaskGroup whole = plan_cost(&job.sweeps[0], chain.chain, &settings).task;
        const PlanMark *mark = &marks[chain.chain];
        assert_true(plan.groups[g].count == 1 && plan.groups[g].late == mark->late);
        assert_true(fabs(plan.groups[g].seconds / whole.seconds - mark->points / whole.points) <
                    1e-12);
    }
    plan_free(&plan);
    job_free(&job);
}

static void test_makespan(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    CostModel model = cost_model();
    const PlanSettings settings = {.memory = INFINITY, .model = &model};
    Plan plan = plan_create(&job, &settings);
    const double total = plan_total(&plan, 0).seconds + plan_total(&plan, 1).seconds;
    for (int ranks = 1; ranks <= 600; ranks = 3 * ranks + 1) {
        const Simulated run = plan_simulate(&plan, ranks);
        assert_true(run.makespan * ranks >= total * (1 - 1e-9) && run.refused == 0);
        assert_true(fabs(run.serial / total - 1.0) < 1e-9);
        assert_true(ranks > 1 || run.makespan < total + 0.1);
    }
    Simulated best;
    const int ranks = plan_best_ranks(&plan, 4096, &best);
    assert_true(ranks > 1 && best.serial / ranks / best.makespan >= 0.9);
    const double before = plan_total(&plan, 1).seconds;
    model.factor[class_of(MODEL_QUADRATIC, METHOD_TRAINING, 1)] = 3.0;
    assert_true(fabs(plan_total(&plan, 1).seconds / before - 3.0) < 1e-9);
    plan_free(&plan);
    job_free(&job);
}

/* Thousands of short chains are shared by any ranks, of which the master is one; the start of a
 * run, which more ranks do not shorten, is what bounds their number: with the work W and the
 * start s, (s + W)/(r s + W) stays above .9 to r = (s + W/10)/(.9 s). */
static void test_many_chains(void **unused)
{
    (void)unused;
    static const int side[] = {300, 9000};
    for (int k = 0; k < 2; k++) {
        char *yaml =
            checked_format("sweeps:\n  - {source_exponent: 1, noise: 0.1, dimension: 10000,\n"
                           "     samples: {as: effective, from: 1, to: 1000, count: %d},\n"
                           "     weight_decay: {from: 0.1, to: 10, count: %d}}\n",
                           side[k], side[k] / 10);
        Job job = job_of(yaml);
        const PlanSettings settings = {.memory = INFINITY};
        Plan plan = plan_create(&job, &settings);
        const double alone = plan_simulate(&plan, 1).makespan;
        for (int ranks = 2; k == 1 && ranks <= 16; ranks *= 2) {
            const double speed = alone / plan_simulate(&plan, ranks).makespan;
            assert_true(speed > 0.9 * ranks && speed < 1.001 * ranks);
        }
        Simulated run;
        const int best = plan_best_ranks(&plan, 4096, &run);
        const double start = plan_wall(&run) - run.makespan;
        const double most = (start + run.serial / 10.0) / (0.9 * start);
        assert_true(start > 0.0 && run.serial > 0.0);
        assert_true(best == 1 || best <= most * (1.0 + 1e-9));
        /* a power of two, and some time is lost */
        assert_true(best >= fmin(most / 4.0, 4096.0));
        plan_free(&plan);
        job_free(&job);
        free(yaml);
    }
}

/* A chain of a few trainings is the sum of its points, of which none stands for another: weak
 * and strong weights differ tenfold. */
static void test_points(void **unused)
{
    (void)unused;
    Job job = job_of("sweeps:\n  - {method: training, source_exponent: 1, noise: 0.1,\n"
                     "     dimension: 60, samples: 2000, weight_decay: [10, 1, 0.1, 0.01],\n"
                     "     store: double}\n");
    const PlanSettings settings = {.memory = INFINITY};
    const Sweep *sweep = &job.sweeps[0];
    double sum = 0.0;
    double part[4];
    for (size_t k = 0; k < 4; k++) {
        const Problem problem = sweep_problem(sweep, k);
        double fixed;
        part[k] = method_seconds(&problem, k == 0, &fixed);
        assert_true(fixed > 0.0 && fixed < part[k]);
        sum += part[k];
    }
    assert_int_equal(sweep_chains(sweep), 1);
    assert_true(fabs(plan_cost(sweep, 0, &settings).task.seconds / sum - 1.0) < 1e-12);
    assert_true(part[3] > 3.0 * part[1]);
    job_free(&job);
}

/* Chains that fit no ranks in question are no division by their time, and are what the best
 * number is for, however little the others gain by it. */
static void test_large_teams(void **unused)
{
    (void)unused;
    static const char large[] =
        "sweeps:\n"
        "  - {name: theory, source_exponent: 1, noise: 0.1, dimension: 100, samples: 1000,\n"
        "     weight_decay: 1}\n"
        "  - {name: trained, method: training, source_exponent: 1, noise: 0.1, dimension: "
        "400,\n"
        "     samples: 4000000, weight_decay: 1, ranks_per_line: 5000}\n";
    const char *alone = strstr(large, "  - {name: trained");
    char *jobs[2] = {strdup(large), malloc(sizeof large)};
    snprintf(jobs[1], sizeof large, "sweeps:\n%s", alone);
    for (int k = 0; k < 2; k++) {
        Job job = job_of(jobs[k]);
        const PlanSettings settings = {.memory = INFINITY};
        Plan plan = plan_create(&job, &settings);
        Simulated best;
        assert_int_equal(plan_simulate(&plan, 64).refused, 1);
        assert_int_equal(plan_best_ranks(&plan, 4096, &best), 8192);
        assert_true(best.refused == 0 && best.makespan > 0.0);
        plan_free(&plan);
        job_free(&job);
        free(jobs[k]);
    }
}

/* Trainings whose number of active weights no theory tells in a moment: correlated features,
 * and laws without a fourth moment. */
static void test_without_theory(void **unused)
{
    (void)unused;
    const char *laws[] = {"block_correlation: 0.5, block_size: 5",
                          "features: student, degrees_of_freedom: 3"};
    for (size_t k = 0; k < sizeof laws / sizeof *laws; k++) {
        char *yaml = checked_format(
            "sweeps:\n  - {model: diagonal, method: training, dimension: 50, noise: 0.1,\n"
            "     source_exponent: 0.75, samples: [40, 100], weight_decay: 0.1,\n     %s}\n",
            laws[k]);
        Job job = job_of(yaml);
        const PlanSettings settings = {.memory = INFINITY};
        Plan plan = plan_create(&job, &settings);
        const Simulated two = plan_simulate(&plan, 2);
        assert_int_equal(two.refused, 0);
        assert_true(two.makespan > 0.0 && isfinite(two.makespan));
        plan_free(&plan);
        job_free(&job);
        free(yaml);
    }
}

/* Seconds that a chain is taken to need after `spent` of a checkpoint. */
static double left_after(const Job *job, double factor, double spent)
{
    CostModel model = cost_model();
    const PlanChain last = {1, 2};
    const PlanMark mark = {.points = 2.0, .spent = spent};
    const PlanSettings settings = {.memory = INFINITY, .model = &model};
    PlanChain *chains = malloc(sizeof last);
    *chains = last;
    for (int kind = 0; kind < COST_CLASSES; kind++) {
        model.factor[kind] = factor;
    }
    Plan plan = plan_of_chains(job, &settings, chains, &mark, 1);
    const TaskGroup group = plan.groups[0];
    assert_true(group.spent == spent && group.seconds > 0.0);
    assert_true(spent == 0.0 || fabs(group.whole - left_after(job, factor, 0.0)) < 1e-12);
    plan_free(&plan);
    return group.seconds;
}

/* Of the time that is measured here, not of the assumed: twice as long by the factor 2. */
static void test_spent(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    const double whole = left_after(&job, 2.0, 0.0);
    assert_true(fabs(left_after(&job, 2.0, 0.5 * whole) / whole - 0.75) < 1e-12);
    assert_true(fabs(left_after(&job, 2.0, 1.5 * whole) / whole - 0.25) < 1e-12);
    /* it took all that was expected, to the last bit: nothing is left but the end */
    assert_true(fabs(left_after(&job, 2.0, 2.0 * whole) / whole - 0.01) < 1e-12);
    /* it took more: as long again */
    assert_true(fabs(left_after(&job, 2.0, 3.0 * whole) / whole - 1.5) < 1e-12);
    job_free(&job);
}

/* What a team has spent is what the schedule takes one rank to need for it. */
static void test_alone(void **unused)
{
    (void)unused;
    Job job = job_of(text);
    const CostModel model = cost_model();
    const PlanSettings settings = {.memory = INFINITY};
    const Sweep *sweep = &job.sweeps[1];
    double most = 0.0;
    for (size_t chain = 0; chain < sweep_chains(sweep); chain++) {
        size_t first, count;
        sweep_chain(sweep, chain, &first, &count);
        const Problem problem = sweep_problem(sweep, first);
        const TaskGroup task = plan_cost(sweep, chain, &settings).task;
        for (int ranks = 1; ranks <= 64; ranks *= 4) {
            const double team = cost_estimate(&model, &task, ranks);
            const double alone = trainer_alone(&problem, ranks, team);
            assert_true(fabs(alone / cost_estimate(&model, &task, 1) - 1.0) < 1e-9);
            most = fmax(most, ranks * team / alone);
        }
    }
    assert_true(most > 2.0); /* ranks times seconds is another number */
    job_free(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),     cmocka_unit_test(test_lines),
        cmocka_unit_test(test_parts),       cmocka_unit_test(test_makespan),
        cmocka_unit_test(test_large_teams), cmocka_unit_test(test_without_theory),
        cmocka_unit_test(test_many_chains), cmocka_unit_test(test_points),
        cmocka_unit_test(test_spent),       cmocka_unit_test(test_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
