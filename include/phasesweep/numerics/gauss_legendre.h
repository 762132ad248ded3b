/* gauss_legendre.h - the 16-point Gauss-Legendre rule with an estimate of its own error. */
#ifndef PHASESWEEP_NUMERICS_GAUSS_LEGENDRE_H
#define PHASESWEEP_NUMERICS_GAUSS_LEGENDRE_H

enum { RULE_NODES = 16 };

typedef struct Rule {
    double node[RULE_NODES];                     /* in (-1, 1), increasing */
    double weight[RULE_NODES];                   /* sum 2 */
    double legendre[RULE_NODES / 2][RULE_NODES]; /* times weight: coefficients 8 ... 15 */
} Rule;

/* Local.  A plain value.  Dies with STATUS_ENVIRONMENT if memory is out. */
Rule rule_create(void);

/* Local.  Estimated error of the integral over (-1, 1) of a function with these values at the
 * nodes.  The true error is of the order of the Legendre coefficient of order 32; the rule
 * knows those up to 15.  The ratio of the coefficients 12 ... 15 to 8 ... 11 says how fast they
 * decay, and the decay is assumed to go on, if less fast: the ratio cubed, where a geometric
 * series would have its fourth power. */
double rule_error(const Rule *rule, const double values[RULE_NODES]);

#endif
