#include "range.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Rounding of places up to 308 from 0, by a hundred. */
static const double blur = 1e-12;

/* The whole number that x is but for rounding, NAN if it is none; `step`: to the neighbours of
 * x, which must not become the same number. */
static double whole_near(double x, double step)
{
    /* not -0, which would be another number by its bits */
    const double whole = nearbyint(x) + 0.0;
    return fabs(x - whole) <= fmin(blur, 1e-3 * fabs(step)) ? whole : NAN;
}

/* The double nearest to 10^power, which pow misses for some. */
static double decade(double power)
{
    char text[16];
    snprintf(text, sizeof text, "1e%.0f", power);
    return strtod(text, NULL);
}

static double logarithmic_value(double from, double to, double share, double step)
{
    const double low = log10(from);
    const double width = log10(to) - low;
    const double power = whole_near(low + share * width, step * width);
    return isnan(power) ? pow(from, 1.0 - share) * pow(to, share) : decade(power);
}

static double linear_value(double from, double to, double share, double step, bool exponents)
{
    const double value = from + share * (to - from);
    const double whole = exponents ? whole_near(value, step * (to - from)) : NAN;
    return isnan(whole) ? value : whole;
}

void range_fill(double from, double to, size_t count, Spacing spacing, bool exponents,
                double values[])
{
    assert(count >= 2 && spacing != SPACING_WRITTEN &&
           (spacing == SPACING_LINEAR || (from > 0.0 && to > 0.0)));
    const double step = 1.0 / (double)(count - 1);
    values[0] = from;
    values[count - 1] = to;
    for (size_t k = 1; k + 1 < count; k++) {
        const double share = (double)k / (double)(count - 1);
        values[k] = spacing == SPACING_LOGARITHMIC
                        ? logarithmic_value(from, to, share, step)
                        : linear_value(from, to, share, step, exponents);
    }
}
