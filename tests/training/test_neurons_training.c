/* Two-layer networks of any activation, trained. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/training/path.h"

static Problem neurons(double d, double p, double n)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = d,
                     .width = p,
                     .teacher_width = 4.0,
                     .samples = n,
                     .noise = 0.01,
                     .weight_decay = 0.1,
                     .readout_exponent = 0.5,
                     .learning_rate = 0.02,
                     .epochs = 60.0,
                     .batch = 128.0,
                     .seed = 4.0,
                     .tolerance = 1e-10};
}

static Observed train(MPI_Comm team, const Trainer *trainer, const Problem *problem,
                      double spectrum[], double overlaps[])
{
    const TrainerSettings settings = trainer_defaults();
    Path *path = path_create(team, trainer, &settings);
    const Observed fit = path_solve(path, problem, spectrum, overlaps);
    path_free(path);
    return fit;
}

/* Quadratic neurons with a = 1 and p >= d are the convex problem, without a minimum that is not
 * the least: the same F, and the same matrix. */
static void check_convex(double epochs)
{
    enum { D = 14 };
    double spectrum[2][D];
    Problem problem = neurons(D, D + 3, 260.0);
    problem.teacher_width = 0.0; /* a matrix makes the labels */
    problem.readout_exponent = 0.0;
    problem.source_exponent = 1.25;
    problem.weight_decay = problem_weight_decay(&problem, 0.2);
    const Observed proven = train(MPI_COMM_WORLD, &trainer_convex, &problem, spectrum[0], NULL);
    problem.tolerance = 1e-12;
    problem.epochs = epochs;
    const Observed fit = train(MPI_COMM_WORLD, &trainer_neurons, &problem, spectrum[1], NULL);
    assert_int_equal(fit.outcome, OUTCOME_STATIONARY);
    /* a gap of 1e-10 on one side, 1e-12 on the other; what is off by e in S or by g in the
     * gradient costs F its square: their root is 1e-5, of the gradient times some 20 */
    assert_true(fabs(fit.objective / proven.objective - 1.0) < 1.1e-10);
    assert_true(fit.stationarity < 1e-4);
    assert_true(fabs(fit.trace - proven.trace) < 1e-5 * proven.trace);
    for (int k = 0; k < D; k++) {
        assert_true(fabs(spectrum[1][k] - spectrum[0][k]) < 1e-5 * spectrum[0][0]);
    }
}

/* From where Adam has come, and from the start by L-BFGS alone. */
static void test_convex(void **unused)
{
    (void)unused;
    check_convex(60.0);
    check_convex(0.0);
}

/* The same network from any team: all ranks against each alone. */
static void test_teams(void **unused)
{
    (void)unused;
    enum { D = 10 };
    for (int trained = 0; trained < 2; trained++) {
        double overlaps[2][D];
        Problem problem = neurons(D, 6.0, 400.0);
        problem.activation = problem.teacher_activation = ACTIVATION_TANH;
        problem.readout = trained ? READOUT_TRAINED : READOUT_FIXED;
        const Observed alone =
            train(MPI_COMM_SELF, &trainer_neurons, &problem, NULL, overlaps[0]);
        const Observed together =
            train(MPI_COMM_WORLD, &trainer_neurons, &problem, NULL, overlaps[1]);
        assert_int_equal(alone.outcome, OUTCOME_STATIONARY);
        assert_int_equal(together.outcome, OUTCOME_STATIONARY);
        /* sums in another order take L-BFGS by other ways to the same minimum, each within the
         * tolerance of 1e-10, or a few of them, for it is an estimate; the weights then agree
         * to its root, 1e-5, times some 10 for directions in which F is flat */
        assert_true(fabs(together.objective / alone.objective - 1.0) < 1e-9);
        assert_true(fabs(together.risk / alone.risk - 1.0) < 1e-4);
        assert_true(fabs(together.spread - alone.spread) < 1e-8);
        for (int k = 0; k < 4; k++) {
            assert_true(fabs(overlaps[0][k] - overlaps[1][k]) < 1e-5);
        }
    }
}

/* 800 samples of 4 neurons in 12 dimensions, little noise and decay: the student is the teacher
 * up to (noise) (d + 1) p/n = 6.5e-4 of risk, a sum of 52 squares, so that 5 deviations are as
 * much again; and its series agrees with rows that are drawn: 16384 of a square whose spread
 * is about sqrt(2) of its mean, so 5 deviations are 6 %.  Of the 800 residuals' squares, whose
 * mean is .01 (1 - 52/800), 3 deviations are .0014. */
static void test_teacher(void **unused)
{
    (void)unused;
    enum { D = 12 };
    double overlaps[D];
    Problem problem = neurons(D, 4.0, 800.0);
    problem.activation = problem.teacher_activation = ACTIVATION_TANH;
    problem.readout = READOUT_TRAINED;
    problem.weight_decay = 1e-3;
    const Observed fit = train(MPI_COMM_WORLD, &trainer_neurons, &problem, NULL, overlaps);
    assert_int_equal(fit.outcome, OUTCOME_STATIONARY);
    assert_true(fit.risk < 1.3e-3);
    assert_true(fabs(fit.sampled_risk / fit.risk - 1.0) < 0.06);
    assert_true(fit.specialised == 4.0);
    /* the first, v^2 = .48, off by an angle costs v^2 E sigma'^2 = .22 times its sine^2 */
    assert_true(overlaps[0] > 0.99 && overlaps[0] < 1.0 + 1e-12);
    assert_true(fabs(fit.train_loss - 0.00935) < 0.0014);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convex),
                                       cmocka_unit_test(test_teams),
                                       cmocka_unit_test(test_teacher)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
