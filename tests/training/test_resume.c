/* Every trainer stopped again and again and taken up from its checkpoint. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "resume_case.h"

/* What is kept of a chain; paths are NAN where there are none. */
typedef struct Ends {
    Observed point[POINTS];
    double spectrum[POINTS][D_MOST];
    double path[POINTS][2 * ROOM];
} Ends;

/* A stop after 1 to `most` iterations, at random; rank 0 alone asks. */
typedef struct Dice {
    uint64_t state;
    int most;
    int left;
} Dice;

static bool roll(void *context)
{
    Dice *dice = context;
    if (--dice->left > 0) {
        return false;
    }
    dice->state = dice->state * 6364136223846793005u + 1442695040888963407u;
    dice->left = 1 + (int)((dice->state >> 33) % (uint64_t)dice->most);
    return true;
}

/* Points of the chain from *done on, as far as it gets; counts the stops. */
static void go_on(MPI_Comm team, const Case *c, const TrainerSettings *settings, int *done,
                  Ends *ends, int stops)
{
    Path *path = path_create(team, c->trainer, settings);
    const bool fresh = isnan(path_resumes_at(path));
    assert_true(fresh == (stops == 0));
    assert_true(fresh || path_resumes_at(path) == problem_of(c, *done).weight_decay);
    for (bool stopped = false; *done < POINTS && !stopped;) {
        const Problem problem = problem_of(c, *done);
        Observed *end = &ends->point[*done];
        *end = path_solve(path, &problem, ends->spectrum[*done], NULL);
        stopped = end->stopped;
        assert_true(stopped == (end->outcome == OUTCOME_RUNNING));
        for (int k = 0; !stopped && end->risk_path != NULL && k < 2 * ROOM; k++) {
            ends->path[*done][k] = k < ROOM ? end->risk_path[k] : end->kept_path[k - ROOM];
        }
        *done += !stopped;
    }
    path_free(path);
}

/* The whole chain, with a new path after each stop; on every other occasion rank 0 goes on
 * alone if `swap` asks for it.  Returns the number of stops. */
static int chain(const Case *c, bool stop, bool swap, uint64_t seed, Ends *ends)
{
    char name[64];
    snprintf(name, sizeof name, "test_resume.%d.state", (int)getppid());
    TrainerSettings settings = settings_of(c);
    const int most = c->trainer == &trainer_lasso         ? 3
                     : c->trainer == &trainer_deep_matrix ? 300
                                                          : 12;
    Dice dice = {.state = seed, .most = most, .left = 1};
    int done = 0;
    int stops = 0;
    memset(ends, 0, sizeof *ends);
    settings.luggage = &done;
    settings.luggage_bytes = sizeof done;
    settings.checkpoint = stop ? name : NULL;
    settings.stop = stop ? roll : NULL;
    settings.stop_context = &dice;
    for (; done < POINTS; stops++) {
        const bool alone = swap && stops % 2 == 1;
        const double spent = path_spent(name);
        if (!alone || rank_in_world() == 0) {
            go_on(alone ? MPI_COMM_SELF : MPI_COMM_WORLD, c, &settings, &done, ends, stops);
        }
        MPI_Bcast(&done, 1, MPI_INT, 0, MPI_COMM_WORLD);
        /* every save adds what was done since the last */
        assert_true(rank_in_world() > 0 || done == POINTS || !stop || path_spent(name) > spent);
    }
    MPI_Bcast(ends, sizeof *ends, MPI_BYTE, 0, MPI_COMM_WORLD);
    if (rank_in_world() == 0) {
        remove(name);
    }
    return stops - 1;
}

static void assert_equal(const Observed *a, const Observed *b)
{
    assert_true(outcome_is_good(a->outcome));
    assert_int_equal(a->outcome, b->outcome);
    assert_int_equal(a->iterations, b->iterations);
    assert_int_equal(a->evaluations, b->evaluations);
    assert_int_equal(a->factorisations, b->factorisations);
    const double *x = &a->rank;
    const double *y = &b->rank;
    /* bit by bit: NAN too */
    assert_memory_equal(x, y, offsetof(Observed, risk_path) - offsetof(Observed, rank));
}

/* The same team goes through the same iterates, bit by bit; another one agrees. */
static void test_interruptions(void **unused)
{
    (void)unused;
    static Ends whole, again;
    for (int k = 0; k < CASES; k++) {
        const Case *c = &cases[k];
        chain(c, false, false, 0, &whole);
        for (uint64_t seed = 1; seed <= 2; seed++) {
            const int stops = chain(c, true, false, seed, &again);
            assert_true(stops > 2);
            for (int point = 0; point < POINTS; point++) {
                assert_equal(&whole.point[point], &again.point[point]);
            }
            assert_memory_equal(whole.spectrum, again.spectrum, sizeof whole.spectrum);
            assert_memory_equal(whole.path, again.path, sizeof whole.path);
        }
        if (c->any_team) {
            chain(c, true, true, 4, &again);
            for (int point = 0; point < POINTS; point++) {
                const double ratio =
                    again.point[point].objective / whole.point[point].objective;
                assert_true(fabs(ratio - 1.0) < (c->gradient_only ? 1e-6 : 1e-9));
            }
            if (c->tolerance <= 1e-10 && c->trainer == &trainer_convex) {
                assert_true(fabs(again.point[0].risk - whole.point[0].risk) < 1e-9);
            }
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
