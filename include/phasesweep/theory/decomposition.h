/* decomposition.h - the predicted spectrum of the learned matrix and what it says about the
 * risk.
 *
 * At a solved (t, b), t = delta^2, the eigenvalues of S-hat are those of mu shifted by -b and
 * clipped at 0, or for width p < d the top p of them (theory.md section 7).  The bulk is the
 * lowest band of mu if it holds two or more s_i; all other bands are outliers.
 *
 * Quadratic network only.  Nothing here is part of solving a point: call it where wanted.  Of
 * the workspace of overlaps.h the teacher and the width must be set; a solver leaves it so.
 * Every position is in units of S-hat, after the shift, unless said otherwise.
 *
 * Counts are numbers of eigenvalues, real because they are expectations; shares are of all
 * d.  Nothing here communicates.
 */
#ifndef PHASESWEEP_THEORY_DECOMPOSITION_H
#define PHASESWEEP_THEORY_DECOMPOSITION_H

#include "phasesweep/theory/bands.h"
#include "phasesweep/theory/overlaps.h"

/* The exact split of the risk; the sum of the four is R.  Per d, as R is; theory.md section
 * 7 has an example. */
typedef struct Decomposition {
    double overfitting;   /* int f^2 over the bulk: learned noise, >= 0 */
    double underfitting;  /* (1/d) sum s_i^2 over features inside the bulk, >= 0 */
    double approximation; /* error on the features outside the bulk */
    double cross;         /* -2 int f (x - 2 t H) over the bulk */
} Decomposition;

/* What a trained network's spectrum is expected to look like. */
typedef struct SpectrumForecast {
    double outliers;  /* number of s_i outside the bulk, 0 ... d */
    double learned;   /* how many of them are expected above 0 */
    double bulk_edge; /* upper edge of the bulk, 0 if none of it is learned; NAN: no bulk */
    double rank;      /* expected number of positive eigenvalues */
    double zero_mass; /* share of eigenvalues that are 0 */
} SpectrumForecast;

/* One learned feature; the closed forms of theory.md section 7 hold for isolated bands only. */
typedef struct Outlier {
    bool isolated;   /* its band holds no other s_j; else the rest is undefined */
    double position; /* mean position, not clipped at 0 */
    double overlap;  /* squared overlap with the teacher's vector, in (0, 1) */
} Outlier;

/* What the functions below borrow; `bands` may serve any number of points and teachers. */
typedef struct SpectrumWork {
    OverlapsWork *overlaps; /* borrowed */
    Bands *bands;           /* borrowed */
} SpectrumWork;

/* Local.  Costs about as much as solving a point of a chain after its first. */
Decomposition spectrum_decompose(SpectrumWork work, double t, double b);

/* Local.  Counts are expectations and need not be whole. */
SpectrumForecast spectrum_forecast(SpectrumWork work, double t, double b);

/* Local.  The band of s_index, index whole in [1, d]. */
Outlier spectrum_outlier(SpectrumWork work, double t, double b, double index);

/* Local.  density[k] of eigenvalues at x[k] > 0, without the mass at 0; integrates to rank/d.
 */
void spectrum_density(SpectrumWork work, double t, double b, const double x[], size_t count,
                      double density[]);

/* Local.  Share of eigenvalues above x >= 0.  With the mass at 0 left out: at x = 0 it is
 * rank/d. */
double spectrum_mass_above(SpectrumWork work, double t, double b, double x);

/* Local.  values[count], decreasing: where eigenvalue j of count is expected, the quantile with
 * (j - 1/2)/count of the mass above it.  Zeros where fewer are expected to be positive. */
void spectrum_quantiles(SpectrumWork work, double t, double b, double values[], size_t count);

/* Local.  Kolmogorov-Smirnov distance of `count` eigenvalues (any order; at most `tolerance`
 * counts as 0) from the prediction, the mass at 0 included.  In [0, 1]; count > 0. */
double spectrum_distance(SpectrumWork work, double t, double b, const double values[],
                         size_t count, double tolerance);

#endif
