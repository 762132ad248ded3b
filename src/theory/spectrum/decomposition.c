/* All of it follows from one map: the cut, where f begins, is a point u on the boundary
 * curve, and so are gaps and edges of bands; which is above which is decided in u, where the
 * s_i and the gaps do not move with delta.  Integrals over whole bands are those of
 * contour.h between two gaps.  The decomposition of R is that of theory.md section 7.  Bands
 * wholly above the cut have f = x - b throughout and come from contour_learned, without
 * cancellation; only the band that the cut goes through needs the moments of a part.
 *
 * Positions in the spectrum of S-hat are those of mu less b: x + b is looked up, never x.
 */
#include "phasesweep/theory/decomposition.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/tail_statistics.h"
#include "phasesweep/theory/bands.h"

/* ---- the decomposition --------------------------------------------------------------- */

/* (1/d) sum s_i^2 over first < i <= last. */
static double square_between(const Teacher *teacher, double first, double last, Atoms *atoms)
{
    if (first >= last) {
        return 0.0;
    }
    double sum = 0.0;
    /* no poles: octaves, but none across the first index wanted */
    teacher_atoms_split(teacher, NULL, 0, first, atoms);
    const double below = teacher_eigenvalue(teacher, first + 0.5);
    for (size_t k = atoms->count; k-- > 0;) { /* small terms first */
        const double s = atoms->position[k];
        sum += first == 0.0 || s < below ? atoms->mass[k] * s * s : 0.0;
    }
    return last == teacher->dimension
               ? sum
               : sum - square_between(teacher, last, teacher->dimension, atoms);
}

/* The gap above the band that the cut goes through, or that the cut is in. */
static Gap gap_above(SpectrumWork work, double t, const SpectralPoint *cut)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const double above = bands_count_above(teacher, cut->u);
    if (cut->v == 0.0) {
        return (Gap){.index = above, .u = cut->u};
    }
    /* the gap around u may be open, with its band below or above u */
    Gap gap = {0};
    if (above > 0.0 && above < teacher->dimension) {
        gap = bands_gap(work.bands, teacher, above);
    }
    if (gap.index > 0.0 && gap.t > t && gap.u > cut->u) {
        return gap;
    }
    return bands_open_gap(work.bands, teacher, t, fmax(0.0, above - 1.0));
}

/* What a part of mu adds to the risk, from its moments. */
typedef struct Part {
    double square; /* int f^2 */
    double cross;  /* -2 int f (x - 2 t H) */
} Part;

/* With f x = f^2 + f h. */
static Part part_of(double square, double bias, double t, double mixed)
{
    return (Part){square, -2.0 * (square + bias - t * mixed)};
}

/* The part above the cut and below the gap where the threshold jumps. */
static Part deep_part(SpectrumWork work, double t, double b, const SpectralPoint *cut,
                      const Gap *gap, Atoms *atoms)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const Threshold *threshold = &work.overlaps->threshold;
    ThresholdMoments f = {0};
    if (gap->index == 0.0) {
        f = contour_threshold(teacher, t, cut, threshold, b, atoms);
    } else if (gap->u > cut->u) {
        f = contour_threshold_between(teacher, t, cut, gap->u, threshold, b, atoms);
    }
    return part_of(f.second, f.bias_first, t, f.mixed);
}

/* What the bands above a gap add when they are learned, with f = x - h: the part of x, whose
 * squares cancel, and that of h. */
static double learned_above(SpectrumWork work, double t, double b, double gap, Atoms *atoms)
{
    const Teacher *teacher = &work.overlaps->teacher;
    if (!(work.overlaps->threshold.jump > 0.0)) {
        return contour_learned(teacher, t, gap, b, atoms);
    }
    const SpectralPoint from = freeconv_point(teacher, t, gap, atoms);
    const ThresholdMoments f =
        contour_threshold(teacher, t, &from, &work.overlaps->threshold, b, atoms);
    return contour_learned(teacher, t, gap, 0.0, atoms) + f.bias_second -
           2.0 * t * f.bias_mixed;
}

/* Moments of f = x - b over what is above the cut and below the gap. */
static SideMoments moments_below(SpectrumWork work, double t, double b,
                                 const SpectralPoint *cut, const Gap *gap, Atoms *atoms)
{
    if (gap->index == 0.0) {
        return contour_side(&work.overlaps->teacher, t, cut, b, 1, atoms);
    }
    if (gap->u <= cut->u) {
        return (SideMoments){0};
    }
    return contour_between(&work.overlaps->teacher, t, cut, gap->u, b, atoms);
}

static Part below_gap(SpectrumWork work, double t, double b, const SpectralPoint *cut,
                      const Gap *gap, Atoms *atoms)
{
    if (work.overlaps->threshold.jump > 0.0) {
        return deep_part(work, t, b, cut, gap, atoms);
    }
    const SideMoments f = moments_below(work, t, b, cut, gap, atoms);
    return part_of(f.second, b * f.first, t, f.mixed);
}

Decomposition spectrum_decompose(SpectrumWork work, double t, double b)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const double d = teacher->dimension;
    Atoms *atoms = &work.overlaps->atoms;
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    Gap edge;
    const double outliers = bands_outliers(work.bands, teacher, t, &edge);
    Gap above = gap_above(work, t, &cut);
    /* three cases: the cut lies below the bulk, in it, or above it, where only outliers are
     * learned */
    const bool all_of_bulk = above.index > outliers;
    const bool bulk = outliers < d && (all_of_bulk || (above.index == outliers && cut.v > 0.0));
    if (all_of_bulk) {
        above = edge;
    }
    Decomposition r = {.underfitting = square_between(teacher, outliers, d, atoms)};
    if (above.index > 0.0) {
        r.approximation = learned_above(work, t, b, above.u, atoms);
    }
    const Part part = below_gap(work, t, b, &cut, &above, atoms);
    if (bulk) {
        r.overfitting = part.square;
        r.cross = part.cross;
    } else {
        /* the cut goes through a band of outliers, or is in a gap between them */
        r.approximation += part.square + part.cross;
        r.approximation += square_between(teacher, above.index, outliers, atoms);
    }
    return r;
}

/* ---- eigenvalues --------------------------------------------------------------------- */

/* From u on the boundary curve to x in the spectrum; the two are ordered alike. */
static double position_of(const Teacher *teacher, double t, double u, Atoms *atoms)
{
    return freeconv_point(teacher, t, u, atoms).x;
}

/* rank = d times the mass above the cut, by the closed form: no quadrature. */
SpectrumForecast spectrum_forecast(SpectrumWork work, double t, double b)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const double d = teacher->dimension;
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    const double mass = freeconv_mass_above(teacher, t, &cut, &work.overlaps->atoms);
    Gap gap;
    SpectrumForecast f = {.outliers = bands_outliers(work.bands, teacher, t, &gap),
                          .rank = mass * d,
                          .zero_mass = 1.0 - mass,
                          .bulk_edge = NAN};
    f.learned = fmin(f.outliers, f.rank);
    if (f.outliers < d) {
        /* the bulk is the band of the largest s_i that is no outlier */
        const double edge = bands_edge(work.bands, teacher, t, f.outliers + 1.0, 1);
        const double x = position_of(teacher, t, edge, &work.overlaps->atoms);
        f.bulk_edge = x > cut.x ? fmax(0.0, overlaps_learned(work.overlaps, b, x)) : 0.0;
    }
    return f;
}

/* Isolated means that both neighbouring gaps are open at this t. */
Outlier spectrum_outlier(SpectrumWork work, double t, double b, double index)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const double d = teacher->dimension;
    Outlier outlier = {.isolated = true};
    if (index > 1.0) {
        outlier.isolated = bands_gap(work.bands, teacher, index - 1.0).t > t;
    }
    if (index < d) {
        outlier.isolated = outlier.isolated && bands_gap(work.bands, teacher, index).t > t;
    }
    const double s = teacher_eigenvalue(teacher, index);
    double first = 0.0;
    double second = 0.0;
    /* its own atom may be a rounding off */
    const double itself = 0.5 * (s - teacher_eigenvalue(teacher, index + 1.0));
    teacher_atoms_resolvent(teacher, (double complex[1]){s}, 1, &work.overlaps->atoms);
    for (size_t k = 0; k < work.overlaps->atoms.count; k++) {
        const double distance = s - work.overlaps->atoms.position[k];
        if (fabs(distance) > itself) {
            first += work.overlaps->atoms.mass[k] / distance;
            second += work.overlaps->atoms.mass[k] / (distance * distance);
        }
    }
    /* theory.md section 7; exact for an isolated band, by residues of section 2 */
    outlier.position = overlaps_learned(work.overlaps, b, s + t * first);
    outlier.overlap = 1.0 - t * second;
    return outlier;
}

/* Share of eigenvalues above x given the threshold's point. */
static double mass_above(SpectrumWork work, double t, double b, const SpectralPoint *cut,
                         double x)
{
    SpectralPoint at = *cut;
    const double position = overlaps_position(work.overlaps, b, x);
    if (position > cut->x) {
        at = freeconv_locate(&work.overlaps->teacher, t, position, *cut, &work.overlaps->atoms);
    }
    return freeconv_mass_above(&work.overlaps->teacher, t, &at, &work.overlaps->atoms);
}

double spectrum_mass_above(SpectrumWork work, double t, double b, double x)
{
    assert(x >= 0.0);
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    return mass_above(work, t, b, &cut, x);
}

/* x in increasing or decreasing order is fastest, in any order right. */
void spectrum_density(SpectrumWork work, double t, double b, const double x[], size_t count,
                      double density[])
{
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    /* neighbouring x have neighbouring points: the last find is a good guess */
    SpectralPoint near = cut;
    for (size_t k = 0; k < count; k++) {
        density[k] = 0.0;
        const double position = overlaps_position(work.overlaps, b, x[k]);
        if (x[k] > 0.0 && position > cut.x) {
            near = freeconv_locate(&work.overlaps->teacher, t, position, near,
                                   &work.overlaps->atoms);
            density[k] = near.density / overlaps_slope(work.overlaps, b, position);
        }
    }
}

void spectrum_quantiles(SpectrumWork work, double t, double b, double values[], size_t count)
{
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    const double mass =
        freeconv_mass_above(&work.overlaps->teacher, t, &cut, &work.overlaps->atoms);
    SpectralPoint at = {.v = -1.0};
    for (size_t j = 0; j < count; j++) {
        const double above = ((double)j + 0.5) / (double)count;
        values[j] = 0.0;
        if (above < mass) {
            at =
                freeconv_quantile(&work.overlaps->teacher, t, above, at, &work.overlaps->atoms);
            values[j] = fmax(0.0, overlaps_learned(work.overlaps, b, at.x));
        }
    }
}

double spectrum_distance(SpectrumWork work, double t, double b, const double values[],
                         size_t count, double tolerance)
{
    assert(count > 0);
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    double *x = checked_alloc(count, sizeof *x);
    for (size_t k = 0; k < count; k++) {
        x[k] = values[k] > tolerance ? values[k] : 0.0;
    }
    summary_sort(x, count);
    double distance = 0.0;
    for (size_t k = 0; k < count; k++) {
        /* the empirical law steps at x: both sides of the step count */
        const double above = mass_above(work, t, b, &cut, x[k]);
        const double n = (double)count;
        distance = fmax(distance, fabs((double)k / n - above));
        if (x[k] == 0.0) {
            break; /* below lies only the mass at 0, where both laws reach 1 */
        }
        distance = fmax(distance, fabs((double)(k + 1) / n - above));
    }
    free(x);
    return distance;
}
