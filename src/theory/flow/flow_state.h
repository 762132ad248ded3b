/* flow_state.h - private to the flow: what its two forms share. */
#ifndef PHASESWEEP_THEORY_FLOW_STATE_H
#define PHASESWEEP_THEORY_FLOW_STATE_H

#include "phasesweep/theory/flow.h"

struct Flow {
    Problem problem;
    size_t d;
    size_t columns;  /* min(p, d) of a factor; 0: the coordinates do not mix */
    double decay;    /* l */
    double unit;     /* R = unit sum of squares: 1/d, or 1 */
    double tau;      /* of the factor */
    double *teacher; /* [d] s_i, decreasing; owned, as all below */
    double *start;   /* [d] S_ii at tau = 0, or d x columns by column: S = V V^T */
    double *factor;  /* d x columns at tau; NULL where coordinates do not mix */
};

/* (1 - e^(-2 tau |a|))/|a|, 2 tau at a = 0. */
double flow_growth(double tau, double a);

/* Local.  Of a flow whose coordinates do not mix, and of one whose factor is at its time. */
FlowPoint flow_coordinates(const Flow *flow, double tau, size_t count, double spectrum[]);
FlowPoint flow_matrix(const Flow *flow, size_t count, double spectrum[]);

/* Local.  Draw S = V V^T at the start into V; and move the factor on by tau > 0, in steps that
 * neither overflow nor lose small rows.  Returns how many steps, -1 after a failure. */
void flow_draw(const Flow *flow, double factor[]);
int flow_advance(Flow *flow, double tau);

#endif
