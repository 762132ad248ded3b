/* A descent with memory gains a factor in each pass that depends on the condition of the data
 * term on the matrices near S: of rank r they have D = r (d - (r - 1)/2) free numbers, and the
 * eigenvalues of n rows on so many lie within (1 -+ s)^2, s = sqrt(D/n), by Marchenko and
 * Pastur.  Where s comes near 1, or beyond it, the weight decay is what makes the problem
 * convex enough.  Measured to 1e-6 at source exponents .75 and 1.25, d = 100 and 200,
 * n = d ... 10 d^2: 8 ... 9 passes at s = .13 ... .22, 13 ... 15 at .43, 20 ... 26 at .65, 37
 * and 41 at .7 and .8, and beyond 24 ... 64 at the nuclear weight 1, 45 ... 211 (mean 95) at
 * .005 and .01; by the rule 9 ... 10, 14, 20 ... 24, 23 ... 38; 25 ... 47; 105 and 119.  At d =
 * 50 they are half as many again. */
#include "training_price.h"

#include <math.h>

#include "phasesweep/model/model.h"

static const double passes_first = 2.0;
static const double passes_of_step = 6.0;   /* at s = 0, beside those */
static const double passes_of_unit = 45.0;  /* beyond s = 1, at the nuclear weight 1 */
static const double growth_of_hard = -0.18; /* of them, power of the weight */
static const double passes_most = 600.0;
static const double passes_conditioned = 1500.0; /* where Sigma is not 1 */
static const double passes_of_none = 12.0; /* S = 0 expected: 1, and 25 ... 60 where the weight
                                              is just below that */
static const double passes_of_unknown = 40.0;

/* Operations a number of a row beside products (roundings, signs, roots), as measured: 5 ns;
 * and of an eigenproblem, slower than products by that at small d. */
static const double beside_products = 350.0;
static const double slow_side = 800.0;

/* Passes grow as the condition of Sigma = D^(1/2) C D^(1/2) (features.h): D has variances from
 * 1 to d^-a, and blocks of C the eigenvalues 1 + (B - 1) rho and 1 - rho.  At a = .5, d = 100
 * 144 and 324 passes where others take 16 and 40; at B = 10, d = 60, n = 3600 and 20000,
 * nuclear weights 1 and .1, where others take 22, 31, 15 and 12, 274, 516, 291 and 375 at rho =
 * .5, 244, 1051, 664 and 1627 at .8, 274, 609, 322 and 2173 at .95; at a = 1.5 432, 4135, 611
 * and 5714. */
static double condition(const Problem *problem)
{
    const double rho = problem->block_correlation;
    const double size = fmin(problem->block_size, problem->dimension);
    const double of_blocks = rho > 0.0 ? (1.0 + (size - 1.0) * rho) / (1.0 - rho) : 1.0;
    return pow(problem->dimension, problem->covariance_exponent) * of_blocks;
}

static double passes(const Problem *problem, double active)
{
    const double d = problem->dimension;
    const double numbers = active * (d - 0.5 * (active - 1.0));
    const double s = fmin(sqrt(numbers / problem->samples), 1.0);
    const double hard = fmin(
        passes_of_unit * pow(problem_nuclear_weight(problem), growth_of_hard), passes_most);
    return active < 0.5
               ? passes_of_none
               : passes_first + 1.0 / ((1.0 - s) / (1.0 + s) / passes_of_step + 1.0 / hard);
}

TrainerPrice training_price(const Problem *problem, double active)
{
    const double n = problem->samples;
    const double d = problem->dimension;
    const bool known = isfinite(active);
    const double rank = known ? active : d;
    const double plain = known ? passes(problem, active) : passes_of_unknown;
    const double count = fmin(condition(problem) * plain, fmax(plain, passes_conditioned));
    return (TrainerPrice){.first = count,
                          .next = count,
                          .flops = n * d * (d + 2.0 * rank + beside_products),
                          .eigen = 10.0 * d * d * (d + slow_side),
                          .words = d * d,
                          .rate = 6.4e10};
}
