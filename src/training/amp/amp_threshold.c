/* What the model decides of the threshold; roots and that on eigenvalues are in
 * matrix_threshold.c. */
#include <assert.h>
#include <math.h>

#include "amp_model.h"
#include "matrix_threshold.h"

double amp_follow(const AmpStep *step, double b)
{
    return step->follow < 1.0 ? step->before + step->follow * (b - step->before) : b;
}

double amp_floor(const Threshold *threshold, const AmpStep *step, double b)
{
    static const double most = 0.9; /* at the end its slope is infinite */
    return threshold->jump > 0.0 && step->hold > 0.0
               ? b - most * step->hold * (b - threshold_branch(threshold, b))
               : b;
}

/* b (C - active) only grows with b, by jumps where a coefficient becomes inactive: the root is
 * w/(C - k) with the k largest active, or at the jump from k to k - 1. */
double amp_threshold_vector(const double magnitudes[], int d, double capacity, double weight)
{
    assert(d >= 1 && capacity > 0.0 && weight > 0.0);
    int k = 0;
    while (k < d && k < capacity && weight / (capacity - k) < magnitudes[k]) {
        k++;
    }
    const double jump = k > 0 ? magnitudes[k - 1] : INFINITY;
    return k < capacity ? fmin(weight / (capacity - k), jump) : jump;
}

AmpSearch amp_search_begin(double before, double capacity, double weight)
{
    assert(capacity > 0.0 && weight > 0.0);
    return (AmpSearch){.capacity = capacity,
                       .weight = weight,
                       .bracket = {-INFINITY, INFINITY},
                       .x = before > 0.0 ? log(before) : log(weight / capacity) + 0.5,
                       .last = NAN,
                       .error = NAN};
}

bool amp_search_goes_on(AmpSearch *search, double divergence)
{
    static const double tolerance = 1e-10;
    enum { PATIENCE = 3 };
    const double x = search->x;
    const double error = exp(x) * (search->capacity - divergence) / search->weight - 1.0;
    const double secant = (error - search->error) / (x - search->last);
    const double slope = secant > 0.0 && isfinite(secant) ? secant : 1.0;
    search->last = x;
    search->error = error;
    if (!(fabs(error) > tolerance)) {
        return false;
    }
    const bool halve = ++search->trials % PATIENCE == 0 && isfinite(search->bracket.low) &&
                       isfinite(search->bracket.high);
    const double next = bracket_next(&search->bracket, x, error, slope, halve ? 0.0 : 1.0);
    if (!(search->bracket.high - search->bracket.low > tolerance)) {
        return false;
    }
    search->x = next;
    return true;
}

/* A kernel is no longer felt this many widths away. */
static const double reach = 6.0;

/* Half of the jumping coefficients are those at +b, half at -b: magnitudes fold them.  What the
 * jump adds is its height times the density of pulls at the edge, which a sample knows only
 * within a width: the rule for Gaussian noise of d numbers (Silverman 1986). */
double amp_divergence_jump(const Threshold *threshold, const double magnitudes[], int d,
                           double tau, double b)
{
    assert(tau > 0.0 && b > 0.0);
    const double width = 1.06 * tau * pow(d, -0.2);
    const double chi = threshold_weight(threshold, b);
    const double height = threshold_jump(threshold, chi) / (width * sqrt(2.0 * M_PI));
    double sum = 0.0;
    for (int k = 0; k < d && magnitudes[k] > b - reach * width; k++) {
        const double apart = (magnitudes[k] - b) / width;
        sum += height * exp(-0.5 * apart * apart);
        sum += magnitudes[k] > b ? threshold_slope(threshold, magnitudes[k], chi) : 0.0;
    }
    return sum;
}

typedef struct Jumping {
    const Threshold *threshold;
    const double *magnitudes; /* [d] decreasing */
    int d;
    double tau;
} Jumping;

static double divergence_at(double b, void *context)
{
    const Jumping *j = context;
    return amp_divergence_jump(j->threshold, j->magnitudes, j->d, j->tau, b);
}

/* D >= 0, and D = 0 far above the largest magnitude. */
double amp_threshold_jump(const Threshold *threshold, const double magnitudes[], int d,
                          double tau, double capacity, double weight)
{
    assert(d >= 1);
    static const double tolerance = 1e-13;
    Jumping j = {threshold, magnitudes, d, tau};
    return threshold_jump_root(threshold, divergence_at, &j, capacity, weight, tolerance);
}
