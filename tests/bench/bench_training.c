/* How fast training goes, in units of this machine's dgemm.  Not a test: run it by hand.
 *
 *   mpirun -n K bench_training SAMPLES DIMENSION GAMMA NOISE NUCLEAR_WEIGHT [REPEATS]
 *   mpirun -n K bench_training ... REPEATS speedup
 *
 * For every store, with single precision in the early iterations and without: useful flops
 * (training_flops) a second over the dgemm rate of the same ranks at side 2000, measured just
 * before; seconds to build the data and to solve.  `speedup`: the team against rank 0 alone,
 * in turns, the others asleep; median of the ratios.  Seconds are CPU seconds of the busiest
 * rank on a team of one, wall seconds otherwise, because waiting ranks spin. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/training/path.h"

void dgemm_(const char *, const char *, const int *, const int *, const int *, const double *,
            const double *, const int *, const double *, const int *, const double *, double *,
            const int *, size_t, size_t);

static int ranks;
static int rank;

static double now(void)
{
    struct timespec t;
    clock_gettime(ranks == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Flops a second of all ranks together. */
static double dgemm_rate(int n)
{
    const double one = 1.0;
    double *m[3];
    for (int k = 0; k < 3; k++) {
        m[k] = checked_alloc((size_t)n * (size_t)n, sizeof(double));
        for (int row = 0; row < n; row++) {
            rng_normals(1, 1, (uint64_t)(row + k * n), n, m[k] + (size_t)row * (size_t)n);
        }
    }
    double best = INFINITY;
    for (int repeat = 0; repeat < 4; repeat++) {
        MPI_Barrier(MPI_COMM_WORLD);
        const double start = now();
        dgemm_("N", "N", &n, &n, &n, &one, m[0], &n, m[1], &n, &one, m[2], &n, 1, 1);
        MPI_Barrier(MPI_COMM_WORLD);
        best = fmin(best, now() - start);
    }
    for (int k = 0; k < 3; k++) {
        free(m[k]);
    }
    return ranks * 2.0 * pow(n, 3) / best;
}

static void bench_store(Problem problem, SampleStore store, bool double_only)
{
    const double rate = dgemm_rate(2000);
    TrainerSettings settings = trainer_defaults();
    problem.store = store;
    settings.double_only = double_only;
    const double start = now();
    Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
    path_prepare(path, &problem);
    const double built = now();
    const Observed t = path_solve(path, &problem, NULL, NULL);
    const double done = now();
    path_free(path);
    const double useful = t.iterations * problem.samples * problem.dimension *
                          (2.0 * t.rank + problem.dimension) / (done - built);
    if (rank == 0) {
        printf("%-6s %-6s build %7.3f s solve %7.3f s  %2d iterations rank %g gap %.2g risk "
               "%.9g  %.1f GF/s = %.2f of dgemm\n",
               store_name(store), double_only ? "double" : "mixed", built - start, done - built,
               t.iterations, t.rank, t.gap, t.risk, useful / 1e9, useful / rate);
        fflush(stdout);
    }
}

static double solve_seconds(MPI_Comm team, Problem problem)
{
    const TrainerSettings settings = trainer_defaults();
    problem.store = STORE_DOUBLE;
    Path *path = path_create(team, &trainer_convex, &settings);
    path_prepare(path, &problem);
    const double start = MPI_Wtime();
    const Observed t = path_solve(path, &problem, NULL, NULL);
    const double seconds = MPI_Wtime() - start;
    path_free(path);
    return t.gap <= problem.tolerance ? seconds : NAN;
}

/* Rank 0 alone, while the others leave their cores. */
static double seconds_alone(const Problem *problem)
{
    MPI_Request meeting;
    const double seconds = rank == 0 ? solve_seconds(MPI_COMM_SELF, *problem) : 0.0;
    MPI_Ibarrier(MPI_COMM_WORLD, &meeting);
    for (int met = 0; !met;) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        MPI_Test(&meeting, &met, MPI_STATUS_IGNORE);
    }
    return seconds;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench_speedup(const Problem *problem, int repeats)
{
    double *ratio = checked_alloc((size_t)repeats, sizeof *ratio);
    for (int repeat = 0; repeat < repeats; repeat++) {
        const double alone = seconds_alone(problem);
        const double together = solve_seconds(MPI_COMM_WORLD, *problem);
        ratio[repeat] = alone / together;
        if (rank == 0) {
            printf("alone %.3f s, %d ranks %.3f s: %.2f\n", alone, ranks, together,
                   ratio[repeat]);
            fflush(stdout);
        }
    }
    qsort(ratio, (size_t)repeats, sizeof *ratio, ascending);
    if (rank == 0) {
        printf("speed-up, median of %d: %.2f\n", repeats, ratio[repeats / 2]);
    }
    free(ratio);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc < 6) {
        die(STATUS_WRONG_INPUT, "bench_training SAMPLES DIMENSION GAMMA NOISE NUCLEAR_WEIGHT");
    }
    const double d = atof(argv[2]);
    const Problem problem = {.model = MODEL_QUADRATIC,
                             .method = METHOD_TRAINING,
                             .samples = atof(argv[1]),
                             .dimension = d,
                             .width = d,
                             .source_exponent = atof(argv[3]),
                             .noise = atof(argv[4]),
                             .weight_decay = atof(argv[5]),
                             .seed = 1.0,
                             .tolerance = 1e-6};
    const int repeats = argc > 6 ? atoi(argv[6]) : 1;
    const bool speedup = argc > 7 && strcmp(argv[7], "speedup") == 0;
    if (speedup) {
        bench_speedup(&problem, repeats);
    }
    for (int repeat = 0; repeat < repeats && !speedup; repeat++) {
        for (int store = STORE_DOUBLE; store < STORE_COUNT; store++) {
            bench_store(problem, (SampleStore)store, true);
            bench_store(problem, (SampleStore)store, false);
        }
    }
    MPI_Finalize();
    return 0;
}
