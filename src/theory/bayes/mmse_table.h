/* mmse_table.h - mmse(t) between two values of log t, private to bayes.c.
 *
 * An evaluation of the matrix denoiser costs several points of state evolution, and mmse is a
 * function of the teacher alone: evaluations are kept as nodes of piecewise polynomials, which
 * all points of all chains share.  A table has five nodes with values and slopes, hence a
 * polynomial of degree 9 for log mmse in log t.  It is good if four of the nodes tell the
 * fifth; otherwise it is halved, which happens where gaps between bands close and derivatives
 * jump.  What a table says depends on the teacher and its ends alone, not on what was asked
 * before.
 */
#ifndef PHASESWEEP_THEORY_MMSE_TABLE_H
#define PHASESWEEP_THEORY_MMSE_TABLE_H

#include "phasesweep/theory/mmse.h"

/* mmse at log t. */
typedef struct MmseNode {
    double log_t;
    Denoised mmse;
} MmseNode;

/* Where new nodes come from. */
typedef struct MmseSource {
    Denoised (*evaluate)(void *context, double log_t);
    void *context;
} MmseSource;

typedef struct MmseTable MmseTable;

enum { MMSE_TABLE_NODES = 5 };

/* Error of log mmse between nodes, in the worst case several times that. */
static const double mmse_table_accuracy = 1e-8;

/* Local.  Through nodes at equal steps; release with mmse_table_free, NULL is harmless. */
MmseTable *mmse_table_create(const MmseNode node[MMSE_TABLE_NODES]);
void mmse_table_free(MmseTable *table);

/* Local.  mmse between the ends, to mmse_table_accuracy. */
Denoised mmse_table_at(MmseTable *table, const MmseSource *source, double log_t);

#endif
