/* bands.h - which of the teacher's s_i share a band of mu, and which stand alone.
 *
 * Between neighbours s_i > s_{i+1} the sum (1/d) sum_j 1/(u - s_j)^2 has one minimum, at a u
 * that does not depend on delta: the spectrum has a gap there exactly while the minimum is
 * below 1/delta^2 (theory.md section 2).  Gap i has i of the s_j above it.  Spacings of a power
 * law widen upwards, so that gaps close from the bottom up; only at the very bottom, where
 * neighbours are missing on one side, is the order broken, and there every gap is looked at.
 *
 * Gaps are looked at again and again while delta varies, so those of one teacher are kept in a
 * table; what is asked before never changes an answer.  Nothing here communicates.
 *
 * Indices are whole numbers kept as doubles, since d may be 2^40.
 */
#ifndef PHASESWEEP_THEORY_BANDS_H
#define PHASESWEEP_THEORY_BANDS_H

#include "phasesweep/model/teacher.h"

typedef struct Gap {
    double index; /* i: how many s_j are above; 0: none was found */
    double u;     /* where the bands on both sides will meet; finite if index > 0 */
    double t;     /* delta^2 at which they do: the gap is open below it */
} Gap;

/* Gaps of one teacher, as they were asked for. */
typedef struct Bands {
    double source_exponent, dimension; /* of the teacher they belong to; 0: none */
    Gap *slot;                         /* [SLOTS] a hash table by index, or NULL; owned */
    size_t used;                       /* slots taken */
    Atoms atoms;                       /* scratch */
} Bands;

/* Local.  An empty table is {0}; this leaves it so. */
void bands_free(Bands *bands);

/* Local.  Gap between s_index and s_{index + 1}; index whole in [1, d - 1]. */
Gap bands_gap(Bands *bands, const Teacher *teacher, double index);

/* Local.  The lowest gap that is open at delta^2 = t, of those with index at most `limit`. */
Gap bands_open_gap(Bands *bands, const Teacher *teacher, double t, double limit);

/* Local.  How many s_i are above the real number u. */
double bands_count_above(const Teacher *teacher, double u);

/* Local.  How many s_i are outliers: those above the lowest band if that holds two or more,
 * all d if it holds one (theory.md section 7).  *gap: the gap below them, index 0 if none. */
double bands_outliers(Bands *bands, const Teacher *teacher, double t, Gap *gap);

/* Local.  Upper edge (+1) or lower edge (-1) in u of the band that holds s_index, provided the
 * neighbouring gap on that side is open, or there is no neighbour. */
double bands_edge(Bands *bands, const Teacher *teacher, double t, double index, int side);

#endif
