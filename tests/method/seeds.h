/* seeds.h - the mean of trainings over the seeds 1 ... `count`, on all ranks. */
#ifndef PHASESWEEP_TESTS_SEEDS_H
#define PHASESWEEP_TESTS_SEEDS_H

#include "phasesweep/training/path.h"

typedef struct SeedMean {
    double risk, objective, trace, rank;
} SeedMean;

/* Each cold, by the trainer of the problem; all end as `outcome`. */
static SeedMean mean_of_seeds(Problem problem, int count, Outcome outcome)
{
    const TrainerSettings settings = trainer_defaults();
    SeedMean mean = {0};
    problem.method = METHOD_TRAINING;
    for (int seed = 1; seed <= count; seed++) {
        problem.seed = seed;
        Path *path = path_create(MPI_COMM_WORLD, trainer_of(&problem), &settings);
        const Observed fit = path_solve(path, &problem, NULL, NULL);
        path_free(path);
        assert_int_equal(fit.outcome, outcome);
        mean.risk += fit.risk / count;
        mean.objective += fit.objective / count;
        mean.trace += fit.trace / count;
        mean.rank += fit.rank / count;
    }
    return mean;
}

#endif
