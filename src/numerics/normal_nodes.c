#include "phasesweep/numerics/normal_nodes.h"

#include <math.h>

static const double reach = 13.0;

void normal_nodes(double z[], double weight[], double root[])
{
    const Rule rule = rule_create();
    const double half = reach / NORMAL_PANELS;
    for (int k = 0; k < NORMAL_NODES; k++) {
        const int panel = k / RULE_NODES;
        const double middle = (2 * panel + 1 - NORMAL_PANELS) * half;
        z[k] = middle + half * rule.node[k % RULE_NODES];
        weight[k] = half * rule.weight[k % RULE_NODES];
        root[k] = exp(-0.25 * z[k] * z[k]) / sqrt(sqrt(2.0 * M_PI));
    }
}
