/* spectrum_tables.h - a predicted spectrum as a figure draws it, in numbers that can be stored.
 *
 * The law of the learned eigenvalues (decomposition.h) has three parts, which together have
 * mass 1:
 *   - 1 - rank/d of it is at 0;
 *   - the bulk above 0 is a density, given at nodes that gather where it ends;
 *   - outliers are isolated bands of mass 1/d each, given by their means and by their squared
 *     overlaps with the teacher's vectors (theory.md section 7).
 * A trained network's histogram belongs under the second and its largest eigenvalues beside the
 * third.  Numbers that there is no room for, or that are not there, are left out or NAN.
 *
 * Quadratic network at a solved (t, b), with the workspace of decomposition.h.
 */
#ifndef PHASESWEEP_THEORY_SPECTRUM_TABLES_H
#define PHASESWEEP_THEORY_SPECTRUM_TABLES_H

#include "phasesweep/numerics/tail_statistics.h"
#include "phasesweep/theory/decomposition.h"

/* Local.  The learned part of the bulk: position[count] ascending, from its lower edge (0 where
 * the threshold cuts it) to its upper edge, and density there, as a share of all d eigenvalues.
 * NAN if none of it is learned.  The trapezoid rule gives its mass to about 10/count^2 of it
 * once count is several times the number of s_i that still show in the bulk. */
void spectrum_table_density(SpectrumWork work, double t, double b, double position[],
                            double density[], size_t count);

/* Local.  The largest `most` learned outliers, descending; NAN beyond their number.  An overlap
 * is NAN where several s_i share a band. */
void spectrum_table_outliers(SpectrumWork work, double t, double b, double position[],
                             double overlap[], size_t most);

enum { PORTRAIT_TAIL = 4096 };

/* Local.  The tail of expected eigenvalues, quantiles (j - 1/2)/d, by the estimator that
 * trained ones are given to; of the largest PORTRAIT_TAIL at most. */
TailFit spectrum_table_tail(SpectrumWork work, double t, double b);

#endif
