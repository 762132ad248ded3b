/* Our side of bench_training_torch.py: race SAMPLES DIMENSION GAMMA NOISE NUCLEAR_WEIGHT FILE
 *
 * Prints one JSON object: seconds [wall, CPU of all ranks together] to reach a relative duality
 * gap of 1e-3, 1e-4, 1e-5, each from a cold start, data in memory; and the minimum of F, at gap
 * 1e-10.  Rank 0 writes
 * the data to FILE as raw doubles, rows and then labels. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/training/path.h"

static void write_data(const Problem *problem, const char *path)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    const size_t d = (size_t)spec.dimension;
    double *buffer = checked_alloc((size_t)samples.spec.block_rows * d, sizeof *buffer);
    FILE *file = fopen(path, "wb");
    bool good = file != NULL;
    for (size_t k = 0; good && k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        const size_t entries = (size_t)block.rows * d;
        good = fwrite(block.features, sizeof(double), entries, file) == entries;
    }
    const size_t rows = (size_t)samples.rows;
    good = good && fwrite(samples.labels, sizeof(double), rows, file) == rows;
    if (file == NULL || fclose(file) != 0 || !good) {
        die(STATUS_ENVIRONMENT, "cannot write %s", path);
    }
    free(buffer);
    samples_free(&samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (argc < 7) {
        die(STATUS_WRONG_INPUT, "race SAMPLES DIMENSION GAMMA NOISE NUCLEAR_WEIGHT FILE");
    }
    const double d = atof(argv[2]);
    Problem problem = {.model = MODEL_QUADRATIC,
                       .method = METHOD_TRAINING,
                       .dimension = d,
                       .width = d,
                       .samples = atof(argv[1]),
                       .source_exponent = atof(argv[3]),
                       .noise = atof(argv[4]),
                       .weight_decay = atof(argv[5]),
                       .seed = 1.0};
    const TrainerSettings settings = trainer_defaults();
    problem.store = STORE_DOUBLE;
    static const double tolerances[] = {1e-3, 1e-4, 1e-5, 1e-10};
    for (int k = 0; k < 4; k++) {
        problem.tolerance = tolerances[k];
        Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
        path_prepare(path, &problem);
        MPI_Barrier(MPI_COMM_WORLD);
        const double start = MPI_Wtime();
        const clock_t cpu_start = clock();
        const Observed t = path_solve(path, &problem, NULL, NULL);
        const double seconds = MPI_Wtime() - start;
        double cpu = (double)(clock() - cpu_start) / CLOCKS_PER_SEC;
        MPI_Allreduce(MPI_IN_PLACE, &cpu, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        path_free(path);
        if (rank == 0 && k < 3) {
            printf("%s\"%g\": [%.3f, %.3f]", k == 0 ? "{" : ", ", tolerances[k], seconds, cpu);
        } else if (rank == 0) {
            printf(", \"minimum\": %.17g}\n", t.objective);
        }
    }
    if (rank == 0) {
        write_data(&problem, argv[6]);
    }
    MPI_Finalize();
    return 0;
}
