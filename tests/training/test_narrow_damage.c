/* A checkpoint of a narrow training that is cut short, or of other data, is as good as none. */
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/training/narrow.h"

static const Problem problem = {.model = MODEL_QUADRATIC,
                                .method = METHOD_TRAINING,
                                .dimension = 30.0,
                                .width = 3.0,
                                .samples = 600.0,
                                .source_exponent = 1.25,
                                .noise = 0.1,
                                .seed = 4.0,
                                .weight_decay = 0.5,
                                .tolerance = 1e-12};
static char path[64];
static int luggage;

/* Asked once an evaluation on rank 0: the count tells a resumed run from a fresh one, whose
 * numbers are the same. */
typedef struct Stop {
    int asked;
    int at; /* 0: never */
} Stop;

static bool count(void *context)
{
    Stop *stop = context;
    return ++stop->asked == stop->at;
}

/* One run that may meet the file at path; `asked` on all ranks. */
static Narrow run(const Problem *p, int stop_at, int *asked)
{
    Stop stop = {.at = stop_at};
    NarrowSettings settings = narrow_defaults();
    settings.checkpoint = path;
    settings.luggage = &luggage;
    settings.luggage_bytes = sizeof luggage;
    settings.stop = count;
    settings.stop_context = &stop;
    NarrowWork *work = narrow_create(MPI_COMM_WORLD, p, &settings);
    const Narrow end = narrow_solve(work, p, NULL, NULL);
    narrow_free(work);
    MPI_Bcast(&stop.asked, 1, MPI_INT, 0, MPI_COMM_WORLD);
    *asked = stop.asked;
    return end;
}

static void forget(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0) {
        remove(path);
    }
    MPI_Barrier(MPI_COMM_WORLD);
}

/* The file of a run stopped in the middle, without its last `missing` bytes. */
static void leave_checkpoint(long missing)
{
    forget();
    int asked;
    const Narrow end = run(&problem, 9, &asked);
    assert_true(end.stopped);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    struct stat file = {0};
    int good = rank != 0 || stat(path, &file) == 0;
    good = good && (rank != 0 || truncate(path, file.st_size - missing) == 0);
    MPI_Bcast(&good, 1, MPI_INT, 0, MPI_COMM_WORLD);
    assert_true(good);
}

static void test_damage(void **unused)
{
    (void)unused;
    snprintf(path, sizeof path, "test_narrow_damage.%d.state", (int)getppid());
    Problem other = problem;
    other.seed = 5.0;
    forget();
    int all;
    int all_other;
    int asked;
    const Narrow fresh = run(&problem, 0, &all);
    const Narrow fresh_other = run(&other, 0, &all_other);
    for (long missing = 1; missing < 200; missing *= 7) {
        leave_checkpoint(missing);
        assert_true(run(&problem, 0, &asked).risk == fresh.risk);
        assert_int_equal(asked, all);
    }
    leave_checkpoint(0);
    assert_true(run(&other, 0, &asked).risk == fresh_other.risk);
    assert_int_equal(asked, all_other);
    leave_checkpoint(0); /* and a whole one is gone on from */
    assert_true(run(&problem, 0, &asked).risk == fresh.risk);
    assert_true(asked < all);
    forget();
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damage)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
