/* A narrow training stopped and taken up again from its checkpoint. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/training/narrow.h"

static Problem problem_of(double width, double weight_decay)
{
    return (Problem){.model = MODEL_QUADRATIC,
                     .method = METHOD_TRAINING,
                     .dimension = 30.0,
                     .width = width,
                     .samples = 600.0,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .seed = 4.0,
                     .weight_decay = weight_decay,
                     .tolerance = 1e-12};
}

/* A stop every few evaluations, in the search and after it. */
static bool often(void *context)
{
    int *asked = context;
    return ++*asked % 9 == 0;
}

/* Both points of a line in one go. */
static void whole(const Problem line[2], const NarrowSettings *settings, Narrow end[2])
{
    NarrowWork *work = narrow_create(MPI_COMM_WORLD, &line[0], settings);
    for (int k = 0; k < 2; k++) {
        end[k] = narrow_solve(work, &line[k], NULL, NULL);
    }
    narrow_free(work);
}

/* The same with many stops, each followed by a new work; luggage counts the points done.  On
 * every other occasion rank 0 goes on alone. */
static void interrupted(const Problem line[2], NarrowSettings settings, bool swap_teams,
                        Narrow end[2], int *stops)
{
    char path[64];
    snprintf(path, sizeof path, "test_narrow.%d.state", (int)getppid());
    int done = 0;
    int asked = 0;
    settings.checkpoint = path;
    settings.luggage = &done;
    settings.luggage_bytes = sizeof done;
    settings.stop = often;
    settings.stop_context = &asked;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (*stops = 0; done < 2; ++*stops) {
        const bool alone = swap_teams && *stops % 2 == 1;
        if (!alone || rank == 0) {
            const MPI_Comm team = alone ? MPI_COMM_SELF : MPI_COMM_WORLD;
            NarrowWork *work = narrow_create(team, &line[0], &settings);
            bool stopped = false;
            while (done < 2 && !stopped) {
                end[done] = narrow_solve(work, &line[done], NULL, NULL);
                stopped = end[done].stopped;
                done += !stopped;
            }
            narrow_free(work);
        }
        MPI_Bcast(&done, 1, MPI_INT, 0, MPI_COMM_WORLD);
    }
    if (rank == 0) {
        remove(path);
    }
    MPI_Bcast(end, 2 * (int)sizeof *end, MPI_BYTE, 0, MPI_COMM_WORLD);
}

/* The same team goes through the same iterates, bit by bit; another one comes to the same
 * minimum.  Width 80 > d: the three starts are in two groups. */
static void test_interruptions(void **unused)
{
    (void)unused;
    for (int width = 3; width <= 80; width += 77) {
        const Problem line[2] = {problem_of(width, 2.0 / width),
                                 problem_of(width, 1.0 / width)};
        const NarrowSettings settings = narrow_defaults();
        Narrow first[2];
        Narrow again[2];
        int stops;
        whole(line, &settings, first);
        interrupted(line, settings, false, again, &stops);
        assert_true(stops > 5);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(again[k].outcome, OUTCOME_CONVERGED);
            assert_int_equal(again[k].evaluations, first[k].evaluations);
            assert_int_equal(again[k].iterations, first[k].iterations);
            assert_true(again[k].risk == first[k].risk && again[k].spread == first[k].spread);
        }
        interrupted(line, settings, true, again, &stops);
        assert_true(fabs(again[1].objective / first[1].objective - 1.0) < 1e-9);
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
