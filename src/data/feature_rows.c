/* Every law is a transformation of one or two numbers of a counter an entry, so that any rank
 * makes any row.  The loops form no sums, and the file is compiled with -ffast-math, which
 * gives them the vector forms of exp, log and cos.
 */
#include "feature_rows.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/rng.h"

typedef void (*MakeRow)(const RowLaw *law, uint64_t row, int count, double z[]);

static void gaussian(const RowLaw *law, uint64_t row, int count, double z[])
{
    rng_normals(law->seed, RNG_FEATURES, row, count, z);
}

static void rademacher(const RowLaw *law, uint64_t row, int count, double z[])
{
    rng_uniforms(law->seed, RNG_FEATURES, row, count, z);
    for (int i = 0; i < count; i++) {
        z[i] = z[i] < 0.5 ? -1.0 : 1.0;
    }
}

static void uniform(const RowLaw *law, uint64_t row, int count, double z[])
{
    rng_uniforms(law->seed, RNG_FEATURES, row, count, z);
    for (int i = 0; i < count; i++) {
        z[i] = sqrt(12.0) * (z[i] - 0.5);
    }
}

/* The median is 0, and |z| is exponential of mean square 1. */
CLONES
static void laplace_of(double z[], int count)
{
#pragma omp simd
    for (int i = 0; i < count; i++) {
        const double size = -log(1.0 - fabs(2.0 * z[i] - 1.0)) * M_SQRT1_2;
        z[i] = z[i] < 0.5 ? -size : size;
    }
}

static void laplace(const RowLaw *law, uint64_t row, int count, double z[])
{
    rng_uniforms(law->seed, RNG_FEATURES, row, count, z);
    laplace_of(z, count);
}

/* R. W. Bailey, Math. Comp. 62 (1994) 779: sqrt(nu (u^(-2/nu) - 1)) cos(2 pi v) is Student's t,
 * as Box and Muller's pair is normal; its variance is nu/(nu - 2). */
CLONES
static void student_of(double nu, const double angle[], double z[], int count)
{
#pragma omp simd
    for (int i = 0; i < count; i++) {
        const double square = (nu - 2.0) * (exp(-2.0 / nu * log(z[i])) - 1.0);
        z[i] = sqrt(fmax(square, 0.0)) * cos(2.0 * M_PI * angle[i]);
    }
}

static void student(const RowLaw *law, uint64_t row, int count, double z[])
{
    double *angle = checked_alloc((size_t)count, sizeof *angle);
    rng_uniforms(law->seed, RNG_FEATURES, row, count, z);
    rng_uniforms(law->seed, RNG_LAW, row, count, angle);
    student_of(law->shape, angle, z, count);
    free(angle);
}

static void sparse(const RowLaw *law, uint64_t row, int count, double z[])
{
    double *chance = checked_alloc((size_t)count, sizeof *chance);
    rng_normals(law->seed, RNG_FEATURES, row, count, z);
    rng_uniforms(law->seed, RNG_LAW, row, count, chance);
    for (int i = 0; i < count; i++) {
        z[i] = chance[i] < law->shape ? z[i] / sqrt(law->shape) : 0.0;
    }
    free(chance);
}

static const MakeRow laws[FEATURES_COUNT] = {
    [FEATURES_GAUSSIAN] = gaussian, [FEATURES_RADEMACHER] = rademacher,
    [FEATURES_UNIFORM] = uniform,   [FEATURES_LAPLACE] = laplace,
    [FEATURES_STUDENT] = student,   [FEATURES_SPARSE] = sparse,
};

void feature_row(const RowLaw *law, uint64_t row, int count, double z[])
{
    assert(law->law >= 0 && law->law < FEATURES_COUNT && count >= 0);
    laws[law->law](law, row, count, z);
}
