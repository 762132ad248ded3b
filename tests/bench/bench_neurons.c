/* Two-layer networks of any activation trained beside a teacher, and how fast.
 *
 *   mpirun -n K bench_neurons ACTIVATION d k p n beta Delta lambda READOUT
 *                             EPOCHS BATCH RATE TOLERANCE LIMIT SEEDS [FILE]
 *
 * ACTIVATION a name of activation.h (hermite: He_3 / sqrt 6), of student and teacher, whose
 * directions are orthonormal where k <= d; READOUT fixed or trained; one start a seed; LIMIT
 * evaluations of L-BFGS, 0 the trainer's.  A line a seed: outcome, F, risk by the series and by
 * drawn rows, neurons specialised of k, relative gradient; steps of Adam and evaluations of
 * L-BFGS with the wall seconds of one of each and the CPU seconds of a rank.  FILE gets, of
 * seed 1, rows, labels and the start for bench_neurons_torch.py: raw doubles. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "neurons/neurons_state.h"

static ActivationId activation_named(const char *name)
{
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        if (strcmp(name, activation_name(id)) == 0) {
            return id;
        }
    }
    die(STATUS_WRONG_INPUT, "no activation %s", name);
}

static Problem problem_of(char *const argument[])
{
    const ActivationId id = activation_named(argument[1]);
    const double d = strtod(argument[2], NULL);
    const double k = strtod(argument[3], NULL);
    return (Problem){
        .model = MODEL_QUADRATIC,
        .method = METHOD_TRAINING,
        .activation = id,
        .teacher_activation = id,
        .hermite = {0.0, 0.0, 0.0, 1.0 / sqrt(6.0)},
        .dimension = d,
        .teacher_width = k,
        .teacher_directions = k <= d ? DIRECTIONS_ORTHONORMAL : DIRECTIONS_GAUSSIAN,
        .width = strtod(argument[4], NULL),
        .samples = strtod(argument[5], NULL),
        .readout_exponent = strtod(argument[6], NULL),
        .noise = strtod(argument[7], NULL),
        .weight_decay = strtod(argument[8], NULL),
        .readout = strcmp(argument[9], "trained") == 0 ? READOUT_TRAINED : READOUT_FIXED,
        .epochs = strtod(argument[10], NULL),
        .batch = strtod(argument[11], NULL),
        .learning_rate = strtod(argument[12], NULL),
        .tolerance = strtod(argument[13], NULL),
        .store = STORE_DOUBLE};
}

/* All rows, whoever has them. */
static void write_data(const char *name, const SamplesSpec *spec, NeuronsWork *work)
{
    const size_t n = (size_t)spec->samples;
    const size_t d = (size_t)work->d;
    neurons_gather(work, work->share);
    if (work->rank > 0) {
        return;
    }
    Samples samples = samples_create(MPI_COMM_SELF, spec);
    FILE *file = fopen(name, "wb");
    if (file == NULL || fwrite(samples.features, sizeof(double), n * d, file) < n * d ||
        fwrite(samples.labels, sizeof(double), n, file) < n ||
        fwrite(work->variables, sizeof(double), (d + 1) * (size_t)work->p, file) == 0 ||
        fclose(file) != 0) {
        die(STATUS_ENVIRONMENT, "cannot write %s", name);
    }
    samples_free(&samples);
}

static void train(const Problem *problem, int limit, const char *file)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    TrainerSettings settings = trainer_defaults();
    settings.starts = 1;
    NeuronsWork *work = trainer_neurons.create(MPI_COMM_WORLD, &data, problem, &settings);
    trainer_neurons.begin(work, problem);
    work->limit = limit > 0 ? limit : work->limit;
    if (file != NULL) {
        write_data(file, &spec, work);
    }
    double seconds[2] = {0.0};
    double processor[2] = {0.0};
    long calls[2] = {0};
    bool going_on = true;
    while (going_on) {
        const int stage = work->progress.stage == NEURONS_ADAM ? 0 : 1;
        const double start = MPI_Wtime();
        const clock_t begun = clock();
        going_on = trainer_neurons.advance(work);
        seconds[stage] += MPI_Wtime() - start;
        processor[stage] += (double)(clock() - begun) / CLOCKS_PER_SEC;
        calls[stage]++;
    }
    const size_t d = (size_t)work->d;
    double *arrays = checked_alloc(2 * d, sizeof *arrays);
    Observed seen = observed_nothing(OUTCOME_RUNNING);
    const double start = MPI_Wtime();
    trainer_neurons.observe(work, &seen, arrays, arrays + d);
    if (rank == 0) {
        printf("seed %.0f outcome %d F %.10g risk %.6g sampled %.6g specialised %.0f/%.0f "
               "gradient %.1e train %.6g | adam %ld x %.4g s (%.4g), lbfgs %ld x %.4g s "
               "(%.4g), report %.2g s\n",
               problem->seed, (int)seen.outcome, seen.objective, seen.risk, seen.sampled_risk,
               seen.specialised, problem->teacher_width, seen.stationarity, seen.train_loss,
               calls[0], seconds[0] / fmax(1.0, (double)calls[0]),
               processor[0] / fmax(1.0, (double)calls[0]), calls[1],
               seconds[1] / (double)calls[1], processor[1] / (double)calls[1],
               MPI_Wtime() - start);
        fflush(stdout);
    }
    free(arrays);
    trainer_neurons.release(work);
    samples_free(&samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (argc < 16) {
        die(STATUS_WRONG_INPUT, "see the head of bench_neurons.c");
    }
    Problem problem = problem_of(argv);
    const int seeds = atoi(argv[15]);
    for (int seed = 1; seed <= seeds; seed++) {
        problem.seed = seed;
        train(&problem, atoi(argv[14]), seed == 1 && argc > 16 ? argv[16] : NULL);
    }
    MPI_Finalize();
    return 0;
}
