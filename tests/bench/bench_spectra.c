/* How far trained spectra are from predicted ones.  Not a test: run it by hand.
 *
 *   mpirun -n K bench_spectra DIMENSION SAMPLES GAMMA NOISE NUCLEAR_WEIGHT SEEDS
 *
 * Kolmogorov-Smirnov distance of the eigenvalues, for each seed and of all seeds together;
 * outliers: trained mean minus prediction in units of its fluctuation delta sqrt(2/d), and the
 * same for the standard deviation; tail exponents. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/spectrum_tables.h"
#include "phasesweep/training/path.h"

/* Eigenvalues of `seeds` networks, [seeds * d]; the same on every rank. */
static double *train_all(Problem problem, int seeds, int rank)
{
    const size_t d = (size_t)problem.dimension;
    double *values = checked_alloc((size_t)seeds * d, sizeof *values);
    for (int k = 0; k < seeds; k++) {
        const double start = MPI_Wtime();
        TrainerSettings settings = trainer_defaults();
        problem.seed = k;
        Path *path = path_create(MPI_COMM_WORLD, &trainer_convex, &settings);
        const Observed t = path_solve(path, &problem, values + (size_t)k * d, NULL);
        path_free(path);
        if (rank == 0) {
            printf("seed %d: risk %.6g rank %g gap %.2g, %d iterations, %.3g s, tail %.4g\n", k,
                   t.risk, t.rank, t.gap, t.iterations, MPI_Wtime() - start,
                   summary_tail(values + (size_t)k * d, d, 0.0).exponent);
        }
    }
    return values;
}

static void report_outliers(SpectrumWork work, const Evolution *e, const double values[],
                            int seeds)
{
    const size_t d = (size_t)work.overlaps->teacher.dimension;
    const double unit = e->delta * sqrt(2.0 / (double)d);
    double position[32], overlap[32];
    spectrum_table_outliers(work, e->delta * e->delta, e->threshold, position, overlap, 32);
    for (size_t i = 0; i < 32 && !isnan(position[i]); i++) {
        double mean = 0.0;
        double square = 0.0;
        for (int k = 0; k < seeds; k++) {
            const double x = (values[(size_t)k * d + i] - position[i]) / unit;
            mean += x / seeds;
            square += x * x / seeds;
        }
        printf("outlier %zu at %.4g: mean %+.2f, deviation %.2f\n", i + 1, position[i], mean,
               sqrt(square - mean * mean));
    }
}

static void report(const Problem *problem, const double values[], int seeds)
{
    const size_t d = (size_t)problem->dimension;
    EvolutionWork evolution = evolution_work();
    Bands bands = {0};
    const SpectrumWork work = {.overlaps = &evolution.overlaps, .bands = &bands};
    const Evolution e = evolution_solve(&evolution, problem);
    const double t = e.delta * e.delta;
    const TailFit tail = spectrum_table_tail(work, t, e.threshold);
    printf("predicted: risk %.6g rank %.4g, tail %.4g (%.2g)\n", e.overlaps.risk,
           e.overlaps.rank, tail.exponent, tail.error);
    double mean = 0.0;
    for (int k = 0; k < seeds; k++) {
        const double distance =
            spectrum_distance(work, t, e.threshold, values + (size_t)k * d, d, 0.0);
        printf("distance %.4f\n", distance);
        mean += distance / seeds;
    }
    printf("mean distance %.4f, of all seeds together %.4f\n", mean,
           spectrum_distance(work, t, e.threshold, values, (size_t)seeds * d, 0.0));
    report_outliers(work, &e, values, seeds);
    evolution_free(&evolution);
    bands_free(&bands);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (argc != 7) {
        die(STATUS_WRONG_INPUT, "usage: %s DIMENSION SAMPLES GAMMA NOISE NUCLEAR_WEIGHT SEEDS",
            argv[0]);
    }
    const double d = atof(argv[1]);
    const int seeds = atoi(argv[6]);
    const Problem problem = {.model = MODEL_QUADRATIC,
                             .method = METHOD_TRAINING,
                             .dimension = d,
                             .width = d,
                             .samples = atof(argv[2]),
                             .source_exponent = atof(argv[3]),
                             .noise = atof(argv[4]),
                             .weight_decay = atof(argv[5]),
                             .tolerance = 1e-6};
    double *values = train_all(problem, seeds, rank);
    if (rank == 0) {
        report(&problem, values, seeds);
    }
    free(values);
    MPI_Finalize();
}
