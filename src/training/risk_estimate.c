#include "risk_estimate.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/numerics/roots.h"

/* What norms of variance 2 + k4 add to Stein's estimate, in units of R: of the risk, and of
 * what the error has beside twice that; NAN: not known. */
typedef struct Norms {
    double risk, error;
} Norms;

static double finite_or_nan(double value)
{
    return isfinite(value) ? value : NAN;
}

/* given: degrees of freedom over n that are not of f, a linear unit's; left: 1 - D/C - given;
 * moved: |M - f(M)|^2; noise: N. */
static void report(const Problem *problem, double given, double left, double moved,
                   double noise, Norms norms, Observed *observed)
{
    const Model *model = model_of(problem);
    const double capacity = model->channel(problem).capacity;
    const double error = observed->train_loss / (left * left);
    const double t = error / (model->prediction_per_risk * capacity);
    const double risk = moved + t * (2.0 * capacity * (1.0 - given - left) - noise);
    const bool known = left > 0.0 && isfinite(error) && isfinite(risk);
    observed->error_estimate = known ? error : NAN;
    observed->risk_estimate = known ? finite_or_nan(risk + norms.risk) : NAN;
    /* of the error, a share `given` is of the linear unit's own weights */
    const double beside = error * (1.0 - given) - model->prediction_per_risk * risk;
    observed->noise_estimate = known ? finite_or_nan(beside - norms.error) : NAN;
}

/* Of rows of a file: up to where the estimates are good (doc/theory.md section 12). */
static const double covariance_most = 1.3;
static const double pair_most = 3.0;

/* Of 1 + k4/2, below which a fit does not see Tr S*: the square part of every row has nearly
 * the same trace. */
static const double trace_least = 0.1;

void estimate_vector(const Problem *problem, const RowMoments *moments, double freedom,
                     double slope2, Observed *observed)
{
    const double n = problem->samples;
    const double left = n - freedom;
    assert(!(freedom < 0.0));
    /* M = theta + X^T r / (n - D) */
    report(problem, 0.0, left / n, slope2 / (left * left), problem->dimension, (Norms){0},
           observed);
    const bool isotropic = problem->data == 0.0 ? features_are_isotropic(problem)
                                                : moments->covariance_square < covariance_most;
    if (!isotropic) {
        /* Stein's part is of isotropic features, the error of any */
        observed->risk_estimate = observed->noise_estimate = NAN;
    }
}

/* ---- matrices ---------------------------------------------------------------------------- */

typedef struct Fit {
    int d, rank;
    const double *learned, *slope;
    double capacity, weight; /* 2 alpha, lt/2 */
    double given;            /* as in report */
} Fit;

/* 2 sum (f_i - f_k)/(x_i - x_k) over i, and all pairs i, k among what is learned: 1 for a pair
 * of one sign. */
static double divergence_learned(const Fit *fit, double b)
{
    double sum = 0.0;
    for (int i = 0; i < fit->rank; i++) {
        for (int k = 0; k < i; k++) {
            const double apart = fabs(fit->learned[i] - fit->learned[k]);
            const bool across = fit->learned[i] * fit->learned[k] < 0.0;
            sum += across ? apart / (apart + 2.0 * b) : 1.0;
        }
    }
    return 2.0 * (sum + fit->rank);
}

/* d^2 D of section 8 where M has the eigenvalues s_i + b, negative ones s_i - b, and b slope_j;
 * NAN if that is not their order. */
static double divergence(const Fit *fit, double b)
{
    double sum = 0.0;
    double least = INFINITY;
    for (int i = 0; i < fit->rank; i++) {
        const double sign = fit->learned[i] < 0.0 ? -1.0 : 1.0;
        const double size = sign * fit->learned[i];
        double share = 0.0;
        for (int j = 0; j < fit->d - fit->rank; j++) {
            const double apart = size + b - b * sign * fit->slope[j];
            least = fmin(least, apart);
            share += 1.0 / apart;
        }
        sum += size * share;
    }
    return least > 0.0 ? divergence_learned(fit, b) + 2.0 * sum : NAN;
}

/* Of (E2) at b = u lt/(2 C): u (1 - D/C - given) - 1. */
static double balance(double u, void *context)
{
    const Fit *fit = context;
    const double d2 = (double)fit->d * fit->d;
    const double b = u * fit->weight / fit->capacity;
    return u * (1.0 - fit->given - divergence(fit, b) / d2 / fit->capacity) - 1.0;
}

/* 1/(1 - D/C - given), at least 1.  Where no slope is above 1, b (C - D) is convex in b and 0
 * at 0: it has one root.  Else the first is looked for, below the b at which D has no meaning.
 * NAN: none. */
static double solve(Fit *fit)
{
    double high = 1.0;
    double value = balance(high, fit);
    while (value < 0.0 && isfinite(high)) {
        high *= 1.1;
        value = balance(high, fit);
    }
    return value >= 0.0 ? root_bracketed(balance, fit, fmax(1.0, high / 1.1), high, 1e-12)
                        : NAN;
}

/* M is S* - (k4/2) tau I in noise, tau = (Tr S - Tr S*)/d, and E (y - f)^2 = 2 R + k4 tau^2 +
 * Delta (section 14), so that Tr (S - M)/d = (1 + k4/2) tau: `apart`.  As k4 -> -2 what is
 * added to the error vanishes, and tau, with it the risk, is not known.  NAN, too, where other
 * moments of the rows matter. */
static Norms norms_of(const Problem *problem, const RowMoments *moments, double apart)
{
    const bool drawn = problem->data == 0.0;
    const double k4 = drawn ? features_kurtosis(problem) : moments->norm_variance - 2.0;
    if (drawn ? features_are_aligned(problem)
              : !(moments->covariance_square < covariance_most &&
                  moments->pair_covariance < pair_most)) {
        return (Norms){NAN, NAN};
    }
    if (k4 == 0.0) {
        return (Norms){0};
    }
    const double seen = 1.0 + 0.5 * k4;
    const double shown = fmax(seen, trace_least);
    const double square = k4 * apart * apart / shown;
    return (Norms){.risk = seen == shown ? -square / shown * (1.0 + 0.25 * k4) : NAN,
                   .error = -square};
}

void estimate_matrix(const Problem *problem, const RowMoments *moments, int rank,
                     const double learned[], const double slope[], Observed *observed)
{
    if (!features_are_isotropic(problem)) {
        return; /* f is no function of the eigenvalues of M */
    }
    const Channel channel = model_of(problem)->channel(problem);
    Fit fit = {.d = (int)problem->dimension,
               .rank = rank,
               .learned = learned,
               .slope = slope,
               .capacity = channel.capacity,
               .weight = channel.weight,
               .given =
                   problem->linear_unit ? (problem->dimension + 1.0) / problem->samples : 0.0};
    const double d = fit.d;
    const double u = solve(&fit);
    const double b = u * fit.weight / fit.capacity;
    double moved = rank * b * b;
    double apart = 0.0; /* Tr (S - M) */
    for (int k = 0; k < rank; k++) {
        apart -= learned[k] < 0.0 ? -b : b;
    }
    for (int j = 0; j < fit.d - rank; j++) {
        moved += b * b * slope[j] * slope[j];
        apart -= b * slope[j];
    }
    report(problem, fit.given, 1.0 / u, moved / d, (d + 1.0) / d,
           norms_of(problem, moments, apart / d), observed);
}
