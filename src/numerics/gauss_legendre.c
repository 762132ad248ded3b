/* Legendre coefficients from values at the nodes: c_n = (n + 1/2) int f P_n, which the rule
 * with 16 nodes integrates exactly for n up to 15 if f has degree 15.  The upper half of
 * them shows how fast they decay, and the first that is not seen in the integral is of
 * degree 32.
 *
 * An estimate from the values at hand needs no second rule at other nodes.
 */
#include "phasesweep/numerics/gauss_legendre.h"

#include <gsl/gsl_integration.h>
#include <math.h>

#include "phasesweep/base/check.h"

enum { KNOWN = RULE_NODES / 2 };

Rule rule_create(void)
{
    Rule rule;
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(RULE_NODES);
    if (table == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a Gauss rule");
    }
    for (size_t k = 0; k < RULE_NODES; k++) {
        double x;
        gsl_integration_glfixed_point(-1.0, 1.0, k, &x, &rule.weight[k], table);
        /* Bonnet's recurrence */
        double p[RULE_NODES] = {1.0, x};
        for (int n = 1; n + 1 < RULE_NODES; n++) {
            p[n + 1] = ((2 * n + 1) * x * p[n] - n * p[n - 1]) / (n + 1);
        }
        for (int j = 0; j < KNOWN; j++) {
            rule.legendre[j][k] = (j + KNOWN + 0.5) * p[j + KNOWN] * rule.weight[k];
        }
        rule.node[k] = x;
    }
    gsl_integration_glfixed_table_free(table);
    return rule;
}

double rule_error(const Rule *rule, const double values[RULE_NODES])
{
    /* of coefficients 8 ... 11 and 12 ... 15; the larger of four, since a parity may be
     * absent */
    double largest[2] = {0.0, 0.0};
    for (int j = 0; j < KNOWN; j++) {
        double coefficient = 0.0;
        for (int k = 0; k < RULE_NODES; k++) {
            coefficient += values[k] * rule->legendre[j][k];
        }
        double *most = &largest[j / (KNOWN / 2)];
        *most = fmax(*most, fabs(coefficient));
    }
    return largest[1] == 0.0 ? 0.0
                             : 2.0 * largest[1] * pow(fmin(1.0, largest[1] / largest[0]), 3.0);
}
