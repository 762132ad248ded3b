#include "phasesweep/cost.h"

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

void cost_learn(CostModel *model, int class, double assumed, double measured)
{
    assert(class >= 0 && class < COST_CLASSES && assumed >= 0.0);
    const double ratio = fmax(measured, shortest) / fmax(assumed, shortest);
    const double weight = fmin(model->weight[class] + 1.0, memory);
    if (model->weight[class] >= 1.0) {
        const double miss = log(ratio / model->factor[class]);
        const double variance = model->spread[class] * model->spread[class];
        model->spread[class] = sqrt(variance + (miss * miss - variance) / weight);
    }
    model->factor[class] += (ratio - model->factor[class]) / weight;
    model->weight[class] = weight;
}

double cost_estimate(const CostModel *model, const TaskGroup *group, int ranks)
{
    assert(ranks >= 1);
    const double share = group->serial + (1.0 - group->serial) / ranks;
    return model->factor[group->class] * fmax(group->seconds, shortest) * share;
}

int cost_ranks_for(const CostModel *model, const TaskGroup *group, double seconds)
{
    const double share = seconds / cost_estimate(model, group, 1) - group->serial;
    const double ranks = (1.0 - group->serial) / share;
    if (!(share > 0.0) || ranks > 1e9) {
        return seconds >= cost_estimate(model, group, 1) ? 1 : INT_MAX;
    }
    /* exact quotients must not be rounded up */
    return ranks <= 1.0 ? 1 : (int)ceil(ranks * (1.0 - 1e-12));
}

double cost_cautious(const CostModel *model, int class, double estimate)
{
    return estimate * exp(2.0 * fmin(model->spread[class], 1.0));
}
