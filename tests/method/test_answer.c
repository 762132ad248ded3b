/* Any allowed input ends, in an answer that its own numbers do not contradict. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "methods.h"

static bool at_once(void *context)
{
    (void)context;
    return true;
}

static Problem problem_of(ModelId model, MethodId method, double n, double d, double gamma,
                          double noise)
{
    return (Problem){.model = model,
                     .method = method,
                     .source_exponent = gamma,
                     .dimension = d,
                     .noise = noise,
                     .width = d,
                     .samples = n,
                     .weight_decay = method == METHOD_STATE_EVOLUTION ? 0.1 : NAN,
                     .tolerance = 1e-7};
}

static Record solve(const Problem *problem)
{
    const PointTeam team = {.work = point_work()};
    const Series none = {0};
    Record record;
    assert_true(point_solve(&team, problem, 1, &record, &none));
    point_work_free(team.work);
    return record;
}

/* These crashed, hung, or gave a number that cannot be. */
static void test_named(void **unused)
{
    (void)unused;
    const struct {
        Problem problem;
        double low, high; /* of the risk */
    } cases[] = {
        {problem_of(MODEL_QUADRATIC, METHOD_BAYES, 100, 1000, 3.86, 0.0), 0.998, 0.999},
        {problem_of(MODEL_QUADRATIC, METHOD_BAYES, 1e7, 1000, 3.86, 0.0), 0.0, 0.0},
        {problem_of(MODEL_QUADRATIC, METHOD_BAYES, 3.4e36, 7227751645.0, 1.94, 1e-30), 0.0,
         1e-30},
        {problem_of(MODEL_DIAGONAL, METHOD_BAYES, 9e11, 63349, 2.81, 0.0), 0.0, 0.0},
        {problem_of(MODEL_DIAGONAL, METHOD_BAYES, 1e4, 1000, 1.25, 1e-30), 0.0, 1e-30},
        {problem_of(MODEL_QUADRATIC, METHOD_OPTIMAL, 1.0, 1e12, 0.5005, 1e12), 1.0, 1.0},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const Record record = solve(&cases[k].problem);
        assert_int_equal(record.outcome, OUTCOME_CONVERGED);
        assert_true(record.value[FIELD_RISK] >= cases[k].low);
        assert_true(record.value[FIELD_RISK] <= cases[k].high);
    }
    Problem narrow =
        problem_of(MODEL_QUADRATIC, METHOD_STATE_EVOLUTION, 5.3e14, 74285751581.0, 8.44, 0.326);
    narrow.width = 32768;
    narrow.weight_decay = 8.3e-16;
    assert_int_equal(solve(&narrow).outcome, OUTCOME_CONVERGED);
}

/* Every one of these is a lie that nothing but the record itself can tell. */
static void test_contradictions(void **unused)
{
    (void)unused;
    static const struct {
        FieldId field;
        double factor;
    } lies[] = {{FIELD_RISK, -1.0},     {FIELD_RISK, 1.001},      {FIELD_DELTA, 1.001},
                {FIELD_THRESHOLD, 2.0}, {FIELD_OVERLAP_Q, 100.0}, {FIELD_OBJECTIVE, 1e6}};
    /* neurons are checked as the quadratic network that their student is */
    for (ModelId model = 0; model < MODEL_NEURONS; model++) {
        const Problem problem = problem_of(model, METHOD_STATE_EVOLUTION, 2e4, 200, 1.25, 0.1);
        const Record good = solve(&problem);
        assert_int_equal(good.outcome, OUTCOME_CONVERGED);
        for (size_t k = 0; k < sizeof lies / sizeof *lies; k++) {
            Record record = good;
            record.value[lies[k].field] *= lies[k].factor;
            point_check_answer(&problem, &record);
            assert_int_equal(record.outcome, OUTCOME_NOT_CONVERGED);
        }
        Record record = good;
        record.value[FIELD_RISK] = NAN;
        point_check_answer(&problem, &record);
        assert_int_equal(record.outcome, OUTCOME_FAILED);
    }
}

/* Without noise: an optimum is no worse than any point. */
static void test_best_without_noise(void **unused)
{
    (void)unused;
    for (int k = 0; k < 24; k++) {
        const ModelId model = k % 2 == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
        const double n =
            (model == MODEL_QUADRATIC ? 200.0 : 1.0) * pow(10.0, 0.3 * (k / 2 + 1));
        const Problem best = problem_of(model, METHOD_OPTIMAL, n, 200, 1.25, 0.0);
        const Record optimum = solve(&best);
        assert_int_equal(optimum.outcome, OUTCOME_CONVERGED);
        Problem point = problem_of(model, METHOD_STATE_EVOLUTION, n, 200, 1.25, 0.0);
        for (point.weight_decay = 1e3; point.weight_decay > 1e-12; point.weight_decay *= 0.1) {
            const Record record = solve(&point);
            assert_true(record.outcome != OUTCOME_CONVERGED ||
                        optimum.value[FIELD_RISK] <= record.value[FIELD_RISK] * (1.0 + 1e-7));
            /* the exponents of the limit are those on the way to it */
            if (optimum.value[FIELD_RISK] == 0.0 && point.weight_decay < 1e-9) {
                assert_true(fabs(record.value[FIELD_EXPONENT_SAMPLES] -
                                 optimum.value[FIELD_EXPONENT_SAMPLES]) < 1e-6);
            }
        }
    }
}

/* A chain of minutes ends within a second, in the middle of a point; what is known of mmse
 * afterwards is what it was. */
static void test_stop(void **unused)
{
    (void)unused;
    enum { POINTS = 200 };
    Problem problems[POINTS];
    Record records[POINTS];
    const Series none = {0};
    for (MethodId method = METHOD_BAYES; method <= METHOD_OPTIMAL; method++) {
        const double d = method == METHOD_BAYES ? 1e11 : 1e9;
        for (int k = 0; k < POINTS; k++) {
            problems[k] = problem_of(MODEL_QUADRATIC, method, d * (1 + k), d, 1.01, 1e-4);
            problems[k].width = method == METHOD_BAYES ? d : 1e5;
        }
        PointTeam team = {.work = point_work(), .stopping = at_once};
        const double start = point_clock();
        assert_false(point_solve(&team, problems, POINTS, records, &none));
        assert_true(point_clock() - start < 10.0); /* a machine may be busy */
        problems[0].dimension = problems[0].width = 100;
        team.stopping = NULL;
        assert_true(point_solve(&team, problems, 1, records, &none));
        assert_true(records[0].value[FIELD_RISK] == solve(problems).value[FIELD_RISK]);
        point_work_free(team.work);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_best_without_noise),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
