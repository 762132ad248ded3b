#include "phasesweep/theory/model_theory.h"

#include <assert.h>

#include "phasesweep/model/features.h"

/* m = q + b Tr S/d - t D, which knows D to rounding only. */
static double divergence_of_matrix(const Overlaps *others, double t, double b, double *rounding)
{
    const double sum = others->q + b * others->trace;
    *rounding = 1e-13 * (1.0 + sum) / t;
    return (sum - others->m) / t;
}

/* Every active coefficient counts as one. */
static double divergence_of_vector(const Overlaps *others, double t, double b, double *rounding)
{
    (void)t;
    (void)b;
    *rounding = 0.0;
    return others->rank;
}

/* f' = 1/(1 + b) of every coefficient. */
static double divergence_of_ridge(const Overlaps *others, double t, double b, double *rounding)
{
    (void)t;
    *rounding = 0.0;
    return others->rank / (1.0 + b);
}

/* m = q + chi q P - t D. */
double divergence_of_penalty(const Overlaps *others, double t, double bias, double *rounding)
{
    const double sum = others->q + bias;
    *rounding = 1e-13 * (1.0 + sum) / t;
    return (sum - others->m) / t;
}

static double square(const Overlaps *overlaps)
{
    return overlaps->penalty;
}

static double trace(const Overlaps *overlaps)
{
    return overlaps->trace;
}

static Denoised matrix(Denoiser *denoiser, const Teacher *teacher, double t, bool signs)
{
    (void)signs; /* a rotated teacher has none */
    return mmse_matrix(denoiser, teacher, t);
}

/* The eigenvectors alone are left to learn, d (d - 1) / 2 numbers of d^2 / 2. */
static Denoised matrix_apart(double t, double d)
{
    const double risk = t * (1.0 - 1.0 / d);
    return (Denoised){risk, risk};
}

static Denoised scalars_apart(double t, double d)
{
    (void)t;
    (void)d;
    return (Denoised){0};
}

static double one(double dimension)
{
    (void)dimension;
    return 1.0;
}

static double all(double dimension)
{
    return dimension;
}

/* All bands of the matrix are apart. */
static double bands_part(double gap, double d)
{
    return 1e-6 * gap * gap * d;
}

/* Scalars are never mistaken for each other. */
static double scalars_part(double gap, double d)
{
    return 1e-3 * gap * gap / d;
}

static const ModelTheory theories[MODEL_COUNT] = {
    [MODEL_QUADRATIC] = {overlaps_quadratic, overlaps_quadratic_deep, NULL, NULL,
                         divergence_of_matrix, trace, matrix, matrix_apart, one, bands_part},
    [MODEL_DIAGONAL] = {overlaps_diagonal, overlaps_diagonal_deep, overlaps_diagonal_stretched,
                        overlaps_diagonal_blocks, divergence_of_vector, trace, mmse_scalar,
                        scalars_apart, all, scalars_part},
    [MODEL_RIDGE] = {overlaps_ridge, NULL, overlaps_ridge_stretched, overlaps_ridge_blocks,
                     divergence_of_ridge, square, mmse_scalar, scalars_apart, all,
                     scalars_part},
    [MODEL_SIGNED] = {.overlaps = overlaps_signed,
                      .divergence = divergence_of_matrix,
                      .penalty = trace},
};

const ModelTheory *model_theory(ModelId id)
{
    assert(id >= 0 && id < MODEL_COUNT);
    return &theories[id];
}

double matrix_kurtosis(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) ? features_kurtosis(problem) : 0.0;
}

OverlapsFunction overlaps_of(const Problem *problem)
{
    const ModelTheory *theory = model_theory(problem->model);
    if (problem_power(problem) < 1.0) {
        return theory->overlaps_deep;
    }
    if (features_are_turned(problem)) {
        return overlaps_quadratic_turned;
    }
    if (features_are_aligned(problem)) {
        return overlaps_quadratic_aligned;
    }
    if (features_are_correlated(problem)) {
        return theory->overlaps_blocks;
    }
    if (problem->covariance_exponent > 0.0) {
        return theory->overlaps_stretched;
    }
    return matrix_kurtosis(problem) != 0.0 ? overlaps_quadratic_rotated : theory->overlaps;
}
