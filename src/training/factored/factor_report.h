/* factor_report.h - what is reported of a quadratic network by its weights, S = F F^T. Private.
 */
#ifndef PHASESWEEP_TRAINING_FACTOR_REPORT_H
#define PHASESWEEP_TRAINING_FACTOR_REPORT_H

#include "phasesweep/training/trainer.h"

typedef struct FactorReport {
    MPI_Comm team; /* borrowed, as all below */
    const Dataset *data;
    const Problem *problem;
    int d, p;
    const double *factor; /* d x p by column, the same on all ranks */
    /* eigenvalues next to 0 are 0 there, and the error can be estimated (theory.md section 12)
     */
    bool at_minimum;
} FactorReport;

/* Collective on the team; nothing is done after OUTCOME_FAILED.  On rank 0: train_loss, gap of
 * the convex problem (section 8), the objective where it is NAN, spectrum [d] and overlaps [d]
 * as in Trainer, and what network_observe_matrix observes. */
void factor_describe(const FactorReport *report, Observed *observed, double spectrum[],
                     double overlaps[]);

#endif
