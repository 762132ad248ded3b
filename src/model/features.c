#include "phasesweep/model/features.h"

#include <assert.h>
#include <math.h>

#include "phasesweep/model/model.h"

/* E z^4 - 3 by law (theory.md section 14). */
static double normal_kurtosis(const Problem *problem)
{
    (void)problem;
    return 0.0;
}

static double sign_kurtosis(const Problem *problem)
{
    (void)problem;
    return -2.0;
}

static double uniform_kurtosis(const Problem *problem)
{
    (void)problem;
    return -1.2;
}

static double laplace_kurtosis(const Problem *problem)
{
    (void)problem;
    return 3.0;
}

static double student_kurtosis(const Problem *problem)
{
    const double nu = problem->degrees_of_freedom;
    assert(nu > 2.0);
    return nu > 4.0 ? 6.0 / (nu - 4.0) : INFINITY;
}

static double sparse_kurtosis(const Problem *problem)
{
    assert(problem->sparse_share > 0.0 && problem->sparse_share <= 1.0);
    return 3.0 / problem->sparse_share - 3.0;
}

static const struct {
    const char *name;
    double (*kurtosis)(const Problem *problem);
} laws[FEATURES_COUNT] = {
    [FEATURES_GAUSSIAN] = {"gaussian", normal_kurtosis},
    [FEATURES_RADEMACHER] = {"rademacher", sign_kurtosis},
    [FEATURES_UNIFORM] = {"uniform", uniform_kurtosis},
    [FEATURES_LAPLACE] = {"laplace", laplace_kurtosis},
    [FEATURES_STUDENT] = {"student", student_kurtosis},
    [FEATURES_SPARSE] = {"sparse", sparse_kurtosis},
};

const char *feature_name(FeatureLaw law)
{
    assert(law >= 0 && law < FEATURES_COUNT);
    return laws[law].name;
}

double features_kurtosis(const Problem *problem)
{
    return laws[problem->features].kurtosis(problem);
}

bool features_are_plain(const Problem *problem)
{
    return problem->features == FEATURES_GAUSSIAN && features_are_isotropic(problem);
}

bool features_are_isotropic(const Problem *problem)
{
    return problem->covariance_exponent == 0.0 && !features_are_correlated(problem);
}

bool features_are_correlated(const Problem *problem)
{
    assert(problem->block_correlation == 0.0 || problem->block_size > 1.0);
    return problem->block_correlation > 0.0;
}

bool features_are_aligned(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) && !features_are_turned(problem) &&
           (problem->covariance_exponent > 0.0 ||
            (features_kurtosis(problem) != 0.0 && !problem->rotated));
}

bool features_are_turned(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) &&
           (features_are_correlated(problem) ||
            (problem->covariance_exponent > 0.0 && problem->rotated));
}

double features_source_exponent(const Problem *problem)
{
    const double share = model_has(problem->model, TRAIT_MATRIX) ? 1.0 : 0.5;
    if (features_are_correlated(problem)) {
        return problem->source_exponent;
    }
    return problem->source_exponent + share * problem->covariance_exponent;
}

/* Integral of x^-a between two ends, at a = 1 too. */
static double power_integral(double a, double from, double to)
{
    const double width = log(to / from);
    const double rise = (1.0 - a) * width;
    return pow(from, 1.0 - a) * width * (rise == 0.0 ? 1.0 : expm1(rise) / rise);
}

/* What Euler and Maclaurin add at an end x of a sum of i^-a, by the three first derivatives of
 * odd order; from 64 on the next is below 1e-16 of the sum for a <= 10. */
static double end_terms(double a, double x)
{
    const double first = -a * pow(x, -a - 1.0);
    const double third = first * (a + 1.0) * (a + 2.0) / (x * x);
    const double fifth = third * (a + 3.0) * (a + 4.0) / (x * x);
    return first / 12.0 - third / 720.0 + fifth / 30240.0;
}

double features_variance_scale(double covariance_exponent, double dimension)
{
    const double a = covariance_exponent;
    const double begin = 64.0; /* terms before it are summed one by one */
    double sum = 0.0;
    for (double i = 1.0; i < begin && i <= dimension; i++) {
        sum += pow(i, -a);
    }
    if (dimension >= begin) {
        sum += power_integral(a, begin, dimension) +
               0.5 * (pow(begin, -a) + pow(dimension, -a)) + end_terms(a, dimension) -
               end_terms(a, begin);
    }
    return dimension / sum;
}
