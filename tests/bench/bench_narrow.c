/* Narrow networks trained, as in the published runs of theory.md section 9, and how fast.
 *
 *   mpirun -n K bench_narrow SAMPLES DIMENSION NUCLEAR_WEIGHT STARTS SEEDS "WIDTH ..." [FILE]
 *
 * gamma = 1.25, Delta = 0.1.  For each width and seed the report; then the mean risk, and the
 * useful flops (narrow_flops) a CPU second over the rate of dgemm at side 2000 measured just
 * before: seconds of the busiest rank, waiting included, and all else than products too. Before
 * each width what BLAS alone reaches on these skinny shapes, rows streaming from memory: the
 * roofline, in single precision for all starts side by side and in double for one.  FILE gets
 * the data of seed 1 for bench_narrow_torch.py: rows, then labels, raw doubles. */
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

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Flops a CPU second of one rank, all ranks at work. */
static double dgemm_rate(void)
{
    const int n = 2000;
    const double one = 1.0;
    double *m = checked_alloc(3 * (size_t)n * (size_t)n, sizeof *m);
    for (int row = 0; row < 2 * n; row++) {
        rng_normals(1, RNG_PROBE, (uint64_t)row, n, m + (size_t)row * (size_t)n);
    }
    double best = INFINITY;
    for (int repeat = 0; repeat < 3; repeat++) {
        MPI_Barrier(MPI_COMM_WORLD);
        const double start = processor_seconds();
        dgemm_("N", "N", &n, &n, &n, &one, m, &n, m + n * n, &n, &one, m + 2 * n * n, &n, 1, 1);
        best = fmin(best, processor_seconds() - start);
    }
    free(m);
    return 2.0 * pow(n, 3) / best;
}

void sgemm_(const char *, const char *, const int *, const int *, const int *, const float *,
            const float *, const int *, const float *, const int *, const float *, float *,
            const int *, size_t, size_t);

/* Flops a CPU second of both products of a pass over rows x d numbers, `columns` wide: the
 * best of three passes. */
static double skinny_rate(int rows, int d, int columns, bool single)
{
    const int block = 640;
    const double one = 1.0;
    const float one_single = 1.0F;
    const size_t bytes = single ? sizeof(float) : sizeof(double);
    char *x = checked_alloc((size_t)rows * (size_t)d, bytes);
    char *f = checked_alloc((size_t)columns * (size_t)d, bytes);
    char *v = checked_alloc((size_t)columns * (size_t)block, bytes);
    memset(x, 0x3e, (size_t)rows * (size_t)d * bytes); /* a positive number, and touched */
    double best = INFINITY;
    for (int repeat = 0; repeat < 3; repeat++) {
        const double start = processor_seconds();
        for (int row = 0; row + block <= rows; row += block) {
            const void *at = x + (size_t)row * (size_t)d * bytes;
            if (single) {
                sgemm_("T", "N", &block, &columns, &d, &one_single, at, &d, (float *)f, &d,
                       &one_single, (float *)v, &block, 1, 1);
                sgemm_("N", "N", &d, &columns, &block, &one_single, at, &d, (float *)v, &block,
                       &one_single, (float *)f, &d, 1, 1);
            } else {
                dgemm_("T", "N", &block, &columns, &d, &one, at, &d, (double *)f, &d, &one,
                       (double *)v, &block, 1, 1);
                dgemm_("N", "N", &d, &columns, &block, &one, at, &d, (double *)v, &block, &one,
                       (double *)f, &d, 1, 1);
            }
        }
        best = fmin(best, processor_seconds() - start);
    }
    free(v);
    free(f);
    free(x);
    return 4.0 * (rows / block * block) * (double)d * columns / best;
}

static void write_data(const char *path, const Problem *problem)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    const size_t d = (size_t)spec.dimension;
    double *buffer = checked_alloc((size_t)samples.spec.block_rows * d, sizeof *buffer);
    FILE *file = fopen(path, "wb");
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        fwrite(block.features, sizeof *buffer, (size_t)block.rows * d, file);
    }
    fwrite(samples.labels, sizeof *buffer, (size_t)samples.rows, file);
    fclose(file);
    free(buffer);
    samples_free(&samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    int ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (argc < 7) {
        fprintf(stderr, "bench_narrow SAMPLES DIMENSION NUCLEAR_WEIGHT STARTS SEEDS "
                        "\"WIDTH ...\" [FILE]; for a pass alone bench_narrow_pass\n");
        MPI_Finalize();
        return 2;
    }
    Problem problem = {.model = MODEL_QUADRATIC,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .samples = atof(argv[1]),
                       .dimension = atof(argv[2]),
                       .seed = 1.0,
                       .method = METHOD_TRAINING,
                       .tolerance = 1e-7};
    TrainerSettings settings = trainer_defaults();
    settings.starts = atoi(argv[4]);
    const int seeds = atoi(argv[5]);
    if (argc > 7) {
        write_data(argv[7], &problem);
    }
    const double rate = dgemm_rate();
    char *rest = argv[6];
    for (double width = strtod(rest, &rest); width > 0.0; width = strtod(rest, &rest)) {
        problem.width = width;
        problem.weight_decay = problem_weight_decay(&problem, atof(argv[3]));
        double risk = 0.0;
        const int share = (int)problem.samples / ranks;
        const int d = (int)problem.dimension;
        const int columns = settings.starts * (int)width;
        const double search = skinny_rate(share, d, columns, true) / rate;
        const double polish = skinny_rate(share, d, (int)width, false) / rate;
        if (rank == 0) {
            printf("p %g: sgemm of %d columns %.2f, dgemm of %g columns %.2f of dgemm\n", width,
                   columns, search, width, polish);
        }
        for (int seed = 1; seed <= seeds; seed++) {
            problem.seed = seed;
            Path *path = path_create(MPI_COMM_WORLD, &trainer_factored, &settings);
            path_prepare(path, &problem);
            const double start = MPI_Wtime();
            const double busy = processor_seconds();
            const Observed fit = path_solve(path, &problem, NULL, NULL);
            double seconds[2] = {processor_seconds() - busy, MPI_Wtime() - start};
            MPI_Allreduce(MPI_IN_PLACE, seconds, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
            path_free(path);
            risk += fit.risk / seeds;
            if (rank == 0) {
                printf("p %g seed %d: %s risk %.6g F %.9g gap %.1e spread %.1e rank %g "
                       "iterations %d evaluations %d, %.1f s (cpu %.1f), %.2f of dgemm\n",
                       width, seed, outcome_name(fit.outcome), fit.risk, fit.objective, fit.gap,
                       fit.spread, fit.rank, fit.iterations, fit.evaluations, seconds[1],
                       seconds[0],
                       4.0 * fit.evaluations * problem.samples * d * width / ranks /
                           seconds[0] / rate);
                fflush(stdout);
            }
        }
        if (rank == 0 && seeds > 1) {
            printf("p %g: mean risk %.6g\n", width, risk);
        }
    }
    MPI_Finalize();
    return 0;
}
