/* Folds that are finished are not trained again: a chain that is stopped anywhere goes on
 * there, and ends as if nothing had been. */
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

#include "phasesweep/base/check.h"
#include "phasesweep/method/method.h"
#include "phasesweep/numerics/rng.h"
#include "../data/npy_file.h"

enum { SIDE = 6, ROWS = 90, FOLDS = 4, POINTS = 2 };

static char folder[] = "test_folds.XXXXXX";
static char *features, *labels, *checkpoint;

typedef struct Run {
    int asked, stop_at; /* iterations; 0: never */
    Record record[POINTS];
} Run;

static bool stops(void *context)
{
    Run *run = context;
    return ++run->asked == run->stop_at;
}

/* A square to learn, and noise. */
static void write_data(void)
{
    double x[ROWS * SIDE];
    double y[ROWS];
    rng_normals(3, RNG_ROWS, 0, ROWS * SIDE, x);
    rng_normals(3, RNG_ROWS, 1, ROWS, y);
    for (int row = 0; row < ROWS; row++) {
        y[row] = x[row * SIDE] * x[row * SIDE] - 1.0 + 0.3 * y[row];
    }
    write_npy(features, ROWS, SIDE, x);
    write_npy(labels, ROWS, 1, y);
}

typedef struct Kind {
    ModelId model;
    double width, depth;
} Kind;

/* Each trainer that takes rows of a file. */
static const Kind kinds[] = {
    {MODEL_QUADRATIC, SIDE, 0.0}, {MODEL_QUADRATIC, 2.0, 0.0}, {MODEL_QUADRATIC, SIDE, 2.0},
    {MODEL_SIGNED, SIDE, 0.0},    {MODEL_NEURONS, SIDE, 0.0},  {MODEL_DIAGONAL, 1.0, 0.0},
    {MODEL_DIAGONAL, 1.0, 3.0},   {MODEL_RIDGE, 1.0, 0.0},
};

static Problem problem_of(const Kind *kind, double weight)
{
    return (Problem){.model = kind->model,
                     .method = METHOD_TRAINING,
                     .data = 1.0,
                     .folds = FOLDS,
                     .dimension = SIDE,
                     .width = kind->width,
                     .samples = ROWS,
                     .weight_decay = weight,
                     .depth = kind->depth,
                     .damping = -1.0,
                     .tolerance =
                         kind->model == MODEL_NEURONS || kind->depth > 0.0 ? 1e-6 : 1e-9};
}

/* False if it was stopped, as it asks for. */
static bool run_chain(const Kind *kind, Run *run)
{
    const size_t length[SERIES_COUNT] = {0};
    const Problem problem[POINTS] = {problem_of(kind, 0.5), problem_of(kind, 0.1)};
    const PointTeam team = {.work = point_work(),
                            .comm = MPI_COMM_WORLD,
                            .stopping = stops,
                            .context = run,
                            .memory = 1e9,
                            .data = {.file = features, .target = "y.npy", .rows = ROWS},
                            .checkpoint = checkpoint};
    Series series = series_create(length, POINTS);
    const bool finished = point_solve(&team, problem, POINTS, run->record, &series);
    series_free(&series);
    point_work_free(team.work);
    return finished;
}

static void assert_same(const Run *a, const Run *b)
{
    for (int k = 0; k < POINTS; k++) {
        Record x = a->record[k];
        Record y = b->record[k];
        assert_true(isfinite(x.value[FIELD_VALIDATION_ERROR]));
        x.value[FIELD_SECONDS] = y.value[FIELD_SECONDS] = 0.0;
        assert_int_equal(x.outcome, y.outcome);
        assert_memory_equal(x.value, y.value, sizeof x.value);
    }
}

/* Rank 0 alone is asked whether to stop. */
static void test_stopped_anywhere(void **unused)
{
    (void)unused;
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (size_t m = 0; m < sizeof kinds / sizeof *kinds; m++) {
        Run whole = {0};
        remove(checkpoint);
        assert_true(run_chain(&kinds[m], &whole));
        MPI_Bcast(&whole.asked, 1, MPI_INT, 0, MPI_COMM_WORLD);
        const int step = whole.asked > 12 ? whole.asked / 12 : 1;
        for (int at = 1; at <= whole.asked; at += step) {
            Run first = {.stop_at = at};
            Run second = {0};
            MPI_Barrier(MPI_COMM_WORLD);
            remove(checkpoint);
            MPI_Barrier(MPI_COMM_WORLD);
            assert_false(run_chain(&kinds[m], &first));
            assert_true(run_chain(&kinds[m], &second));
            assert_same(&second, &whole);
            /* no iteration twice; between folds it is asked once more */
            assert_true(rank != 0 || second.asked <= whole.asked - at + 1);
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank == 0 && mkdtemp(folder) == NULL) {
        return 1;
    }
    MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
    features = checked_format("%s/x.npy", folder);
    labels = checked_format("%s/y.npy", folder);
    checkpoint = checked_format("%s/state", folder);
    if (rank == 0) {
        write_data();
    }
    MPI_Barrier(MPI_COMM_WORLD);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stopped_anywhere)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Barrier(MPI_COMM_WORLD);
    if (rank == 0) {
        remove(features);
        remove(labels);
        remove(checkpoint);
        rmdir(folder);
    }
    free(features);
    free(labels);
    free(checkpoint);
    MPI_Finalize();
    return failed;
}
