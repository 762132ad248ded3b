/* Matrices spread over the team against whole ones: time and memory.  Not a test: run it by
 * hand.
 *
 *   mpirun -n K bench_spread TRAINER SAMPLES DIMENSION NUCLEAR_WEIGHT ITERATIONS STORE
 *
 * TRAINER convex or spread, STORE double, float or none.  Prints the CPU seconds and the wall
 * seconds of the busiest rank after the data are made, and the most resident memory that a rank
 * took above what it had before. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/parallel/core_lending.h"
#include "phasesweep/training/path.h"

static double seconds(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A line of /proc/self/status in bytes; NAN where there is none. */
static double resident(const char *name)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double found = NAN;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0) {
            found = 1024.0 * strtod(line + strlen(name) + 1, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static double largest(double x)
{
    MPI_Allreduce(MPI_IN_PLACE, &x, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    return x;
}

static SampleStore store_of(const char *name)
{
    SampleStore store = STORE_DOUBLE;
    while (store < STORE_COUNT - 1 && strcmp(store_name(store), name) != 0) {
        store++;
    }
    return store;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    cores_one_thread();
    if (argc != 7) {
        die(STATUS_WRONG_INPUT, "bench_spread TRAINER SAMPLES DIMENSION NUCLEAR_WEIGHT "
                                "ITERATIONS STORE");
    }
    const Trainer *trainer = strcmp(argv[1], "spread") == 0 ? &trainer_spread : &trainer_convex;
    Problem problem = {.model = MODEL_QUADRATIC,
                       .method = METHOD_TRAINING,
                       .samples = strtod(argv[2], NULL),
                       .dimension = strtod(argv[3], NULL),
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .weight_decay = strtod(argv[4], NULL),
                       .seed = 1.0,
                       .tolerance = 1e-6,
                       .store = store_of(argv[6])};
    problem.width = problem.dimension;
    TrainerSettings settings = trainer_defaults();
    settings.iteration_limit = atoi(argv[5]);
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Barrier(MPI_COMM_WORLD);
    const double before = resident("VmRSS");
    Path *path = path_create(MPI_COMM_WORLD, trainer, &settings);
    path_prepare(path, &problem);
    MPI_Barrier(MPI_COMM_WORLD);
    const double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    const double wall = seconds(CLOCK_MONOTONIC);
    const Observed t = path_solve(path, &problem, NULL, NULL);
    const double took = largest(seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    const double lasted = largest(seconds(CLOCK_MONOTONIC) - wall);
    path_free(path);
    const double memory = largest(resident("VmHWM") - before);
    const size_t planned = trainer->memory(&problem, ranks, problem.store, INFINITY);
    if (rank == 0) {
        printf("%s %d ranks: %d iterations, rank %g, gap %.2g, risk %.9g, objective %.9g: "
               "CPU %.2f s, wall %.2f s, %.1f MB a rank, planned %.1f MB\n",
               trainer->name, ranks, t.iterations, t.rank, t.gap, t.risk, t.objective, took,
               lasted, 1e-6 * memory, 1e-6 * (double)planned);
    }
    MPI_Finalize();
    return 0;
}
