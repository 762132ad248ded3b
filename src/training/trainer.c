#include "phasesweep/training/trainer.h"

#include <assert.h>
#include <math.h>

static const Trainer *const trainers[] = {&trainer_amp, &trainer_lasso, &trainer_factored,
                                          &trainer_convex};

const Trainer *trainer_of(const Problem *problem)
{
    size_t k = 0;
    while (!trainers[k]->accepts(problem)) {
        k++;
        assert(k < sizeof trainers / sizeof *trainers);
    }
    return trainers[k];
}

size_t trainer_memory(const Problem *problem, int ranks, SampleStore store)
{
    assert(ranks >= 1 && store != STORE_AUTO);
    return trainer_of(problem)->memory(problem, ranks, store);
}

TrainerSettings trainer_defaults(void)
{
    return (TrainerSettings){.memory = (size_t)1 << 30, .starts = 3};
}

Observed observed_nothing(Outcome outcome)
{
    return (Observed){.outcome = outcome,
                      .rank = NAN,
                      .gap = NAN,
                      .estimate = NAN,
                      .spread = NAN,
                      .objective = NAN,
                      .train_loss = NAN,
                      .risk = NAN,
                      .prediction_risk = NAN,
                      .trace = NAN,
                      .overlap_q = NAN,
                      .overlap_m = NAN,
                      .feature_overlap = NAN,
                      .smoothness = NAN,
                      .damping = NAN,
                      .residual = NAN,
                      .delta = NAN,
                      .threshold = NAN};
}
