/* Factors by an average that forgets: observation k moves it by 1/min(k, memory) of the
 * miss, so that it is the plain mean at first and an exponential one later.  The spread is
 * that of the logarithm of the ratio, since times are wrong by factors.
 *
 * With `memory` observations behind it a class follows a change of pace within some tens of
 * batches, and one odd batch moves it by a thirtieth.
 */
#include "phasesweep/engine/cost.h"

#include <assert.h>
#include <limits.h>
#include <math.h>

static const double memory = 32.0;   /* observations that the average spans */
static const double shortest = 1e-9; /* seconds; a factor must not become 0 */

CostModel cost_model(void)
{
    CostModel model = {0};
    for (int k = 0; k < COST_CLASSES; k++) {
        model.factor[k] = 1.0;
    }
    return model;
}

void cost_export(const CostModel *model, double numbers[COST_COEFFICIENTS])
{
    for (int k = 0; k < COST_CLASSES; k++) {
        numbers[3 * k] = model->factor[k];
        numbers[3 * k + 1] = model->spread[k];
        numbers[3 * k + 2] = model->weight[k];
    }
}

/* What was not kept is NAN, fails every comparison and leaves its class as it is. */
CostModel cost_import(const double numbers[COST_COEFFICIENTS])
{
    CostModel model = cost_model();
    for (int k = 0; k < COST_CLASSES; k++) {
        const double *kept = &numbers[3 * k];
        if (kept[0] > 0.0 && kept[1] >= 0.0 && kept[2] > 0.0 && isfinite(kept[0] + kept[1])) {
            model.factor[k] = kept[0];
            model.spread[k] = kept[1];
            model.weight[k] = fmin(kept[2], memory);
        }
    }
    return model;
}

void cost_learn(CostModel *model, int kind, double assumed, double measured)
{
    assert(kind >= 0 && kind < COST_CLASSES && assumed >= 0.0);
    /* both may be 0: a clock has a resolution */
    const double ratio = fmax(measured, shortest) / fmax(assumed, shortest);
    const double weight = fmin(model->weight[kind] + 1.0, memory);
    /* the first observation has nothing to be compared with */
    if (model->weight[kind] >= 1.0) {
        const double miss = log(ratio / model->factor[kind]);
        const double variance = model->spread[kind] * model->spread[kind];
        model->spread[kind] = sqrt(variance + (miss * miss - variance) / weight);
    }
    model->factor[kind] += (ratio - model->factor[kind]) / weight;
    model->weight[kind] = weight;
}

double cost_estimate(const CostModel *model, const TaskGroup *group, int ranks)
{
    assert(ranks >= 1);
    /* Amdahl: the serial part and the r-th of the rest */
    const double share = group->serial + (1.0 - group->serial) / ranks;
    return model->factor[group->kind] * fmax(group->seconds, shortest) * share;
}

/* INT_MAX where even the serial part takes longer. */
int cost_ranks_for(const CostModel *model, const TaskGroup *group, double seconds)
{
    /* seconds = serial share + the rest / r, solved for r */
    const double share = seconds / cost_estimate(model, group, 1) - group->serial;
    const double ranks = (1.0 - group->serial) / share;
    if (!(share > 0.0) || ranks > 1e9) {
        return seconds >= cost_estimate(model, group, 1) ? 1 : INT_MAX;
    }
    /* exact quotients must not be rounded up */
    return ranks <= 1.0 ? 1 : (int)ceil(ranks * (1.0 - 1e-12));
}

double cost_cautious(const CostModel *model, int kind, double estimate)
{
    /* two deviations of a logarithm are a factor; bounded, or one odd batch would stop a run */
    return estimate * exp(2.0 * fmin(model->spread[kind], 1.0));
}
