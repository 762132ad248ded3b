#include "phasesweep/theory/spectrum_tables.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/theory/bands.h"

/* Upper edge in u of the bulk, or -INFINITY if nothing of it is above the cut. */
static double learned_edge(SpectrumWork work, double t, const SpectralPoint *cut)
{
    const Teacher *teacher = &work.overlaps->teacher;
    Gap gap;
    const double outliers = bands_outliers(work.bands, teacher, t, &gap);
    if (outliers == teacher->dimension) {
        return -INFINITY;
    }
    const double edge = bands_edge(work.bands, teacher, t, outliers + 1.0, 1);
    return edge > cut->u ? edge : -INFINITY;
}

void spectrum_table_density(SpectrumWork work, double t, double b, double position[],
                            double density[], size_t count)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    const double high = learned_edge(work, t, &cut);
    const double bottom = bands_edge(work.bands, teacher, t, teacher->dimension, -1);
    const double low = fmax(bottom, cut.u);
    assert(count == 0 || (position != NULL && density != NULL));
    for (size_t k = 0; k < count; k++) {
        position[k] = density[k] = NAN;
        if (high > low) {
            /* the density is smooth in the angle also where it ends like a square root */
            const double turn = M_PI * (double)k / fmax(1.0, (double)count - 1.0);
            const double share = pow(sin(0.5 * turn), 2.0);
            const SpectralPoint at =
                freeconv_point(teacher, t, low + (high - low) * share, &work.overlaps->atoms);
            position[k] = overlaps_learned(work.overlaps, b, at.x);
            density[k] = at.density / overlaps_slope(work.overlaps, b, at.x);
        }
    }
}

void spectrum_table_outliers(SpectrumWork work, double t, double b, double position[],
                             double overlap[], size_t most)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const SpectrumForecast forecast = spectrum_forecast(work, t, b);
    assert(most == 0 || (position != NULL && overlap != NULL));
    for (size_t k = 0; k < most; k++) {
        position[k] = overlap[k] = NAN;
        /* of a band that the threshold cuts, the mean may be on either side */
        if ((double)k + 0.5 > forecast.learned) {
            continue;
        }
        const Outlier outlier = spectrum_outlier(work, t, b, (double)k + 1.0);
        if (outlier.isolated) {
            position[k] = fmax(0.0, outlier.position);
            overlap[k] = outlier.overlap;
        } else {
            const double share = ((double)k + 0.5) / teacher->dimension;
            const SpectralPoint at = freeconv_quantile(
                teacher, t, share, (SpectralPoint){.v = -1.0}, &work.overlaps->atoms);
            position[k] = fmax(0.0, overlaps_learned(work.overlaps, b, at.x));
        }
    }
}

TailFit spectrum_table_tail(SpectrumWork work, double t, double b)
{
    const Teacher *teacher = &work.overlaps->teacher;
    const SpectralPoint cut = overlaps_cut(work.overlaps, t, b);
    const double rank =
        teacher->dimension * freeconv_mass_above(teacher, t, &cut, &work.overlaps->atoms);
    const size_t count = (size_t)fmin(PORTRAIT_TAIL, ceil(rank));
    double *values = checked_alloc(count, sizeof *values);
    SpectralPoint at = {.v = -1.0};
    for (size_t j = 0; j < count; j++) {
        const double above = ((double)j + 0.5) / teacher->dimension;
        if (above * teacher->dimension < rank) {
            at = freeconv_quantile(teacher, t, above, at, &work.overlaps->atoms);
            values[j] = fmax(0.0, overlaps_learned(work.overlaps, b, at.x));
        }
    }
    const TailFit fit = summary_tail(values, count, 0.0);
    free(values);
    return fit;
}
