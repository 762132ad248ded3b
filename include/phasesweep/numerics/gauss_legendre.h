/* gauss_legendre.h - the 16-point Gauss-Legendre rule with an estimate of its own error,
 * private. */
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

/* Local.  Error of the integral over (-1, 1) of a function with these values at the nodes.  It
 * is of the order of the Legendre coefficient twice as high as the last the rule knows: the
 * decay from 8 ... 11 to 12 ... 15 goes on, if less fast (cubed where a geometric series would
 * have the fourth power). */
double rule_error(const Rule *rule, const double values[RULE_NODES]);

#endif
