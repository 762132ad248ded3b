/* Time of the LASSO solver along weight decay: cold solutions, then a path.
 *     mpirun -n 2 bench_lasso D N TOLERANCE "WEIGHT_DECAY ..." [PATH_POINTS [FILE]]
 * The path runs from 3 to the last weight decay.  FILE gets the data for
 * bench_lasso_sklearn.py: two int64, y[n], x[n][d]; with one rank only.  Times of a path are
 * wall and CPU seconds of rank 0. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/training/path.h"

static void write_data(const char *path, const Problem *problem)
{
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    double *buffer = malloc((size_t)samples.spec.block_rows * (size_t)spec.dimension * 8);
    const int64_t shape[2] = {spec.samples, spec.dimension};
    FILE *file = fopen(path, "wb");
    fwrite(shape, sizeof shape, 1, file);
    fwrite(samples.labels, 8, (size_t)samples.rows, file);
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        fwrite(block.features, 8, (size_t)block.rows * (size_t)spec.dimension, file);
    }
    fclose(file);
    free(buffer);
    samples_free(&samples);
}

static double processor_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double solve(Path *path, const Problem *problem, int rank, int print)
{
    const double start = MPI_Wtime();
    const double backlog_start = processor_seconds();
    const Observed fit = path_solve(path, problem, NULL, NULL);
    const double seconds = MPI_Wtime() - start;
    if (rank == 0 && print) {
        printf("weight decay %-8g %8.3f s (cpu %.3f)  %s  gap %.1e  F %.10g  active %g  risk "
               "%.6g  "
               "iterations %d  factors %d\n",
               problem->weight_decay, seconds, processor_seconds() - backlog_start,
               outcome_name(fit.outcome), fit.gap, fit.objective, fit.rank, fit.risk,
               fit.iterations, fit.factorisations);
        fflush(stdout);
    }
    return seconds;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    Problem problem = {.model = MODEL_DIAGONAL,
                       .method = METHOD_TRAINING,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .dimension = atof(argv[1]),
                       .samples = atof(argv[2]),
                       .seed = 1,
                       .tolerance = atof(argv[3]),
                       .width = 1};
    const TrainerSettings settings = trainer_defaults();
    if (argc > 6) {
        write_data(argv[6], &problem);
    }
    double cold = 0.0;
    char *rest = argv[4];
    for (double next = strtod(rest, &rest); next > 0.0; next = strtod(rest, &rest)) {
        problem.weight_decay = next;
        const double start = MPI_Wtime();
        Path *path = path_create(MPI_COMM_WORLD, &trainer_lasso, &settings);
        path_prepare(path, &problem);
        if (rank == 0) {
            printf("data %.3f s  ", MPI_Wtime() - start);
        }
        cold = solve(path, &problem, rank, 1);
        path_free(path);
    }
    const int points = argc > 5 ? atoi(argv[5]) : 0;
    if (points > 1) {
        const double last = problem.weight_decay;
        Path *path = path_create(MPI_COMM_WORLD, &trainer_lasso, &settings);
        path_prepare(path, &problem);
        double sum = 0.0;
        const double processor = processor_seconds();
        for (int k = 0; k < points; k++) {
            problem.weight_decay = 3.0 * pow(last / 3.0, k / (points - 1.0));
            sum += solve(path, &problem, rank, k % 7 == 0 || k == points - 1);
        }
        if (rank == 0) {
            printf("path of %d: %.3f s (cpu %.3f), %.2f times the last cold solution\n", points,
                   sum, processor_seconds() - processor, sum / cold);
        }
        path_free(path);
    }
    MPI_Finalize();
    return 0;
}
