#include "phasesweep/model/features.h"
#include "phasesweep/training/trainer.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "source.h"

enum { TRAINERS = 9 };

static const Trainer *const trainers[TRAINERS] = {
    &trainer_descent,  &trainer_neurons,     &trainer_amp,
    &trainer_ridge,    &trainer_deep_lasso,  &trainer_lasso,
    &trainer_factored, &trainer_deep_matrix, &trainer_convex};

const Trainer *trainer_of(const Problem *problem)
{
    for (size_t k = 0; k < TRAINERS; k++) {
        if (trainers[k]->accepts(problem)) {
            return trainers[k];
        }
    }
    /* Model.methods promised one */
    die(STATUS_ENVIRONMENT, "no trainer for model %s", model_name(problem->model));
}

/* From here on a rank would hold a gigabyte of whole matrices, and a team loses little time, or
 * none, if it shares them. */
static const double shared_from = 2000.0;

const Trainer *trainer_for(const Problem *problem, int ranks, double memory)
{
    const Trainer *first = trainer_of(problem);
    assert(ranks >= 1 && memory > 0.0);
    /* what needs whole matrices, or a second pass over the rows */
    if (first != &trainer_convex || model_of(problem)->spread_most == 0 || problem->rotated ||
        features_are_correlated(problem) || problem->linear_unit || problem->data != 0.0) {
        return first;
    }
    const double d = problem->dimension;
    /* also where LAPACK cannot count the entries of a whole matrix */
    if (d > model_of(problem)->side_most || (d >= shared_from && ranks > 1)) {
        return &trainer_spread;
    }
    const SampleStore store = problem->store == STORE_AUTO ? STORE_NONE : problem->store;
    const bool fits = (double)first->memory(problem, ranks, store, INFINITY) <= memory;
    return fits ? first : &trainer_spread;
}

size_t trainer_memory(const Problem *problem, int ranks, SampleStore store, double active,
                      double memory)
{
    assert(ranks >= 1 && store != STORE_AUTO);
    const Trainer *trainer = trainer_for(problem, ranks, memory);
    return trainer->memory(problem, ranks, store, active) +
           source_memory(problem, trainer, ranks);
}

static const double bandwidth = 1e9;  /* bytes a second that ranks add up */
static const double latency = 5e-5;   /* seconds of a step that all ranks take */
static const double serial_d = 400.0; /* below this d^3 steps do not scale, above by d / it */
static const double drawing =
    1.5e-8; /* seconds a number of the rows, with labels and moments */

/* What an iteration limit holds for each of; of neurons Adam and L-BFGS have it. */
static double descents_of(const Trainer *trainer)
{
    const double starts = trainer_defaults().starts;
    return trainer == &trainer_neurons                                       ? 2.0 * starts
           : trainer == &trainer_factored || trainer == &trainer_deep_matrix ? starts
                                                                             : 1.0;
}

static TrainerPrice price_of(const Problem *problem, double active)
{
    /* where a team shares the matrices that is how it comes to more ranks */
    const Trainer *trainer = trainer_for(problem, 2, INFINITY);
    TrainerPrice price = trainer->price(problem, active);
    const double most = problem->iteration_limit > 0.0
                            ? problem->iteration_limit * descents_of(trainer)
                            : INFINITY;
    price.first = fmin(price.first, most);
    price.next = fmin(price.next, most);
    return price;
}

/* The share of an eigenproblem that stays on one rank. */
static double eigen_alone(const Problem *problem)
{
    return fmin(1.0, serial_d / problem->dimension);
}

/* Of an iteration: sums and steps cost the same on any number of ranks. */
static double step_fixed(const Problem *problem, const TrainerPrice *price)
{
    return eigen_alone(problem) * price->eigen / price->rate + 16.0 * price->words / bandwidth +
           latency;
}

static double step_seconds(const Problem *problem, const TrainerPrice *price)
{
    const double shared = price->flops + (1.0 - eigen_alone(problem)) * price->eigen;
    return shared / price->rate + step_fixed(problem, price);
}

/* Their share of a first point of which nothing is known: a chain has one, whatever its
 * weights, and the path, which knows no theory, the same. */
static double serial_of(const Problem *problem)
{
    const TrainerPrice price = price_of(problem, INFINITY);
    return price.first * step_fixed(problem, &price) /
           (price.first * step_seconds(problem, &price) + price.once / price.rate);
}

double trainer_seconds(const Problem *problem, double active, bool first, double *fixed)
{
    const TrainerPrice price = price_of(problem, active);
    const double step = step_seconds(problem, &price);
    const double drawn = problem->data == 0.0 ? problem->samples * problem->dimension : 0.0;
    const double once = first ? price.once / price.rate + drawing * drawn : 0.0;
    /* a training more for every fold */
    const double trainings = 1.0 + problem->folds;
    const double all = trainings * ((first ? price.first : price.next) * step + once);
    *fixed = serial_of(problem) * all;
    return all;
}

double trainer_alone(const Problem *problem, int ranks, double seconds)
{
    assert(ranks >= 1 && seconds >= 0.0);
    const double serial = serial_of(problem);
    return seconds / (serial + (1.0 - serial) / ranks);
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
                      .risk_spread = NAN,
                      .specialised = NAN,
                      .sampled_risk = NAN,
                      .stationarity = NAN,
                      .objective = NAN,
                      .train_loss = NAN,
                      .risk = NAN,
                      .prediction_risk = NAN,
                      .trace = NAN,
                      .overlap_q = NAN,
                      .overlap_m = NAN,
                      .feature_overlap = NAN,
                      .error_estimate = NAN,
                      .risk_estimate = NAN,
                      .noise_estimate = NAN,
                      .linear_square = NAN,
                      .test_error = NAN,
                      .classification_error = NAN,
                      .smoothness = NAN,
                      .damping = NAN,
                      .residual = NAN,
                      .delta = NAN,
                      .threshold = NAN};
}
