/* Training interrupted and taken up again from its checkpoint. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/training/training.h"

enum { D = 24 };

static Problem problem_of(double n, double weight)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = D,
                     .width = D,
                     .samples = n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = weight,
                     .seed = 7.0,
                     .tolerance = 1e-10};
}

static Training train(MPI_Comm team, const Problem *problem, const TrainingSettings *settings,
                      double eigenvalues[])
{
    TrainingWork *work = training_create(team, problem, settings);
    const Training training = training_solve(work, problem, eigenvalues, NULL);
    training_free(work);
    return training;
}

/* A stop after a few passes, again and again. */
static bool often(void *context)
{
    int *asked = context;
    return ++*asked % 12 == 0;
}

static Training interrupted(const Problem *problem, TrainingSettings settings, bool swap_teams,
                            int *stops)
{
    static char path[64];
    snprintf(path, sizeof path, "test_training.%d.state", (int)getppid());
    int luggage = 0;
    int asked = 0;
    settings.checkpoint = path;
    settings.luggage = &luggage;
    settings.luggage_bytes = sizeof luggage;
    settings.stop = often;
    settings.stop_context = &asked;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    Training t = {.stopped = true};
    for (*stops = 0; t.stopped; ++*stops) {
        const bool alone = swap_teams && *stops % 2 == 1;
        if (!alone || rank == 0) {
            TrainingWork *work =
                training_create(alone ? MPI_COMM_SELF : MPI_COMM_WORLD, problem, &settings);
            assert_true(rank > 0 || luggage == *stops);
            assert_true(*stops == 0 ? isnan(training_resumes_at(work))
                                    : training_resumes_at(work) == problem->weight_decay);
            luggage = *stops + 1;
            t = training_solve(work, problem, NULL, NULL);
            training_free(work);
        }
        luggage = rank == 0 ? 0 : luggage;
        MPI_Bcast(&t, sizeof t, MPI_BYTE, 0, MPI_COMM_WORLD);
    }
    if (rank == 0) {
        remove(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return t;
}

/* The same team goes through the same iterates, bit by bit; another one agrees. */
static void test_interruptions(void **unused)
{
    (void)unused;
    Problem problem = problem_of(400.0, 0.1);
    TrainingSettings settings = training_defaults();
    settings.eigen = EIGEN_LAPACK; /* bits depend on it */
    for (int gradient = 0; gradient < 2; gradient++) {
        settings.gradient_only = gradient;
        problem.tolerance = gradient ? 1e-6 : 1e-10;
        const Training whole = train(MPI_COMM_WORLD, &problem, &settings, NULL);
        int stops;
        Training t = interrupted(&problem, settings, false, &stops);
        assert_true(stops > 3);
        assert_int_equal(t.outcome, OUTCOME_CONVERGED);
        assert_int_equal(t.iterations, whole.iterations);
        assert_true(t.risk == whole.risk && t.gap == whole.gap);
        if (!gradient) {
            t = interrupted(&problem, settings, true, &stops);
            assert_true(fabs(t.risk - whole.risk) < 1e-9);
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_interruptions)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
