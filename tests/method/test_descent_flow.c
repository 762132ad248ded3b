/* With many samples gradient descent with small steps is the flow of the population (theory.md
 * section 17), time by time, for both networks. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/flow.h"
#include "phasesweep/training/path.h"

/* What n samples add to S, about sqrt(d^2/(2 n)) = 1 % of the noise's E f^2 at the start, grows
 * with e^(2 tau a): a start that is not small keeps that, and the error of the steps, to .3 %
 * here.  A wrong unit of time, or of l, would change R by tens of percent. */
static void check(Problem p, const double times[], int count)
{
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_descent, &settings);
    Flow *flow = flow_create(&p);
    double moved = 0.0;
    for (int k = 0; k < count; k++) {
        p.time = times[k];
        const double risk = path_solve(path, &p, NULL, NULL).risk;
        const FlowPoint point = flow_at(flow, p.time, 0, NULL);
        if (!(fabs(risk / point.risk - 1.0) < 0.01)) {
            fail_msg("tau %g: %g is not %g", p.time, risk, point.risk);
        }
        moved = fmax(moved, -point.exponent);
    }
    /* and it was on the way somewhere */
    assert_true(moved > 0.5);
    path_free(path);
    flow_free(flow);
}

static void test_quadratic(void **unused)
{
    (void)unused;
    static const double times[] = {0.1, 0.3, 0.6, 1.2};
    /* l between the s_i, p < d */
    Problem p = {.model = MODEL_QUADRATIC,
                 .method = METHOD_DESCENT,
                 .dimension = 8.0,
                 .width = 4.0,
                 .samples = 200000.0,
                 .source_exponent = 1.0,
                 .weight_decay = 3000.0,
                 .start_scale = 1.0,
                 .seed = 3.0,
                 .learning_rate = 0.01,
                 .tolerance = 1e-6};
    check(p, times, 4);
}

static void test_diagonal(void **unused)
{
    (void)unused;
    static const double times[] = {1.0, 2.0, 4.0, 6.0};
    Problem p = {.model = MODEL_DIAGONAL,
                 .method = METHOD_DESCENT,
                 .dimension = 10.0,
                 .width = 10.0,
                 .samples = 200000.0,
                 .source_exponent = 1.0,
                 .weight_decay = 2000.0,
                 .random_signs = 1,
                 .start_scale = 1.0,
                 .seed = 3.0,
                 .learning_rate = 0.02,
                 .tolerance = 1e-6};
    check(p, times, 4);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quadratic),
        cmocka_unit_test(test_diagonal),
    };
    const int failed = cmocka_run_group_tests_name("descent_flow", tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
