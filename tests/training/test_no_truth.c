/* Data of which nobody knows who made the labels: the same networks, without overlaps. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "resume_case.h"

/* The first point of a case on rows with or without a truth. */
static Observed train(const Case *c, bool known, double spectrum[], double overlaps[])
{
    const Problem problem = problem_of(c, 0);
    const TrainerSettings settings = settings_of(c);
    const SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    Dataset data = samples_dataset(&samples);
    data.truth = known ? data.truth : NULL;
    void *work = c->trainer->create(MPI_COMM_WORLD, &data, &problem, &settings);
    Observed observed = observed_nothing(OUTCOME_RUNNING);
    c->trainer->begin(work, &problem);
    while (c->trainer->advance(work)) {
    }
    c->trainer->observe(work, &observed, spectrum, overlaps);
    c->trainer->release(work);
    samples_free(&samples);
    return observed;
}

static void test_no_truth(void **unused)
{
    (void)unused;
    for (int k = 0; k < CASES; k++) {
        if (cases[k].trainer == &trainer_descent && cases[k].model == MODEL_DIAGONAL) {
            continue; /* starts with the signs of the teacher: of files it is refused */
        }
        double spectrum[2][D_MOST];
        double overlaps[2][D_MOST];
        const Observed one = train(&cases[k], true, spectrum[0], overlaps[0]);
        const Observed two = train(&cases[k], false, spectrum[1], overlaps[1]);
        assert_true(outcome_is_good(one.outcome));
        assert_int_equal(two.outcome, one.outcome);
        assert_false(isnan(one.risk));
        assert_true(isnan(two.risk) && isnan(two.prediction_risk) && isnan(two.overlap_m));
        assert_true(isnan(two.feature_overlap) && isnan(overlaps[1][0]));
        /* the LASSO expands about 0 in place of the teacher */
        assert_true(fabs(two.objective / one.objective - 1.0) < 1e-9);
        assert_true(fabs(spectrum[1][0] / spectrum[0][0] - 1.0) < 1e-6);
        assert_true(fabs(two.overlap_q / one.overlap_q - 1.0) < 1e-6);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_truth)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
