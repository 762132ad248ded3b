/* Networks trained on drawn data. */
#include "phasesweep/model/model.h"
#include "phasesweep/training/trainer.h"
#include "data_prices.h"
#include "trained_chain.h"

/* L-BFGS on W: products with p columns, no eigenproblem, sums over p d numbers. */
static DataPrice price_of(const Problem *problem)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    const double p = problem->width;
    if (!model_has(problem->model, TRAIT_MATRIX)) {
        return (DataPrice){300, 60, 4.0 * n * d, 0.0, 4e9, d};
    }
    return model_is_narrow(problem)
               ? (DataPrice){400, 400, 4.0 * n * d * p, 0.0, 6e10, d * p}
               : (DataPrice){50, 30, 2.0 * n * d * d, 10.0 * d * d * d, 6e10, d * d};
}

static double seconds(const Problem *problem, bool first, double *fixed)
{
    const DataPrice price = price_of(problem);
    return data_seconds(&price, problem->dimension, first, fixed);
}

static double memory(const Problem *problem, int ranks, SampleStore store)
{
    return (double)trainer_memory(problem, ranks, store);
}

const Method method_training = {trained_chain, seconds, memory};
