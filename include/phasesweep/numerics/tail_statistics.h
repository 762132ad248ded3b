/* tail_statistics.h - numbers that summarise a list of eigenvalues, trained or predicted.
 *
 * Plain statistics: no theory of how the eigenvalues came about enters.  Lists may be in any
 * order; eigenvalues at most `tolerance` count as 0, negative ones too.
 *
 * Arrays are read and not changed, except by summary_sort; nothing communicates.  Values must
 * not be NAN.
 *
 * The tail exponent is fitted to at least 5 values; with fewer it is NAN, as are ratios of
 * an empty list.  Whether it is worth telling is another question (summary_tail_tells).
 */
#ifndef PHASESWEEP_NUMERICS_TAIL_STATISTICS_H
#define PHASESWEEP_NUMERICS_TAIL_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

/* A power law p(x) ~ x^-exponent fitted to the values from `start` up, by maximum likelihood
 * with the start that minimises the Kolmogorov-Smirnov distance (Clauset, Shalizi & Newman,
 * SIAM Review 51, 661 (2009), section 3).  A teacher i^-gamma has exponent 1 + 1/gamma. */
typedef struct TailFit {
    double exponent; /* > 1; NAN with fewer than 5 values above 0 */
    double error;    /* its standard error, (exponent - 1)/sqrt(count) */
    double start;    /* smallest value of the fit */
    double distance; /* Kolmogorov-Smirnov distance of the fit */
    size_t count;    /* values in it, >= 5 */
} TailFit;

/* Of the values above the tolerance. */
typedef struct SpectrumSummary {
    size_t rank; /* eigenvalues above 0 */
    double largest;
    double stable_rank;   /* sum x^2 / max x^2; NAN if rank = 0 */
    double participation; /* (sum x)^2 / sum x^2; NAN if rank = 0 */
    size_t outliers;      /* above the edge of the bulk as the gaps alone show it */
    double bulk_edge;     /* largest eigenvalue that is no outlier, 0 if all are */
    TailFit tail;
} SpectrumSummary;

/* Local.  Sort in decreasing order. */
void summary_sort(double values[], size_t count);

/* Local.  tolerance >= 0.  Time O(count log count + rank^2). */
SpectrumSummary summary_of(const double values[], size_t count, double tolerance);

/* Local.  The fit alone; rank^2 operations, because every start is tried. */
TailFit summary_tail(const double values[], size_t count, double tolerance);

/* Local.  Has the tail 50 values or more?  From fewer the exponent is known to no better than a
 * seventh of what it is above 1, and the start, which is fitted too, makes it worse. */
bool summary_tail_tells(const TailFit *fit);

/* Local.  Eigenvalues above an edge known from elsewhere, such as the predicted one. */
size_t summary_count_above(const double values[], size_t count, double edge);

#endif
