#include "boundary_curve.h"

#include <math.h>

#include "phasesweep/base/clones.h"

enum { MAX_STEPS = 60 };

/* Sums over the near atoms; sums[k] = sum m/((u - s)^2 + y)^(k + 1). */
CLONES
static void near_powers(const Atoms *atoms, const double u[ATOM_NODES],
                        const double y[ATOM_NODES], double sums[3][ATOM_NODES])
{
    double r1[ATOM_NODES] = {0};
    double r2[ATOM_NODES] = {0};
    double r3[ATOM_NODES] = {0};
    for (size_t i = 0; i < atoms->count; i++) {
        const double s = atoms->position[i];
        const double m = atoms->mass[i];
#pragma omp simd
        for (int k = 0; k < ATOM_NODES; k++) {
            const double x = u[k] - s;
            const double r = 1.0 / (x * x + y[k]);
            const double mr = m * r;
            r1[k] += mr;
            r2[k] += mr * r;
            r3[k] += mr * r * r;
        }
    }
    for (int k = 0; k < ATOM_NODES; k++) {
        sums[0][k] = r1[k];
        sums[1][k] = r2[k];
        sums[2][k] = r3[k];
    }
}

/* The series is p + i v q with p, q real functions of u and y = v^2 that Horner's scheme gives
 * without a division by v.  Far atoms add -q to sum m r, dq/dy to sum m r^2, and so on. */
CLONES
static void far_powers(const Field *field, const double u[ATOM_NODES],
                       const double y[ATOM_NODES], double sums[3][ATOM_NODES])
{
    const double scale = 1.0 / field->unit;
    const double square = scale * scale;
#pragma omp simd
    for (int k = 0; k < ATOM_NODES; k++) {
        const double x = (u[k] - field->center) * scale;
        const double height = y[k] * square;
        double p[3] = {0};
        double q[3] = {0};
        for (int n = FIELD_ORDER - 1; n >= 0; n--) {
            const double p2 = x * p[2] - 2.0 * q[1] - height * q[2];
            const double p1 = x * p[1] - q[0] - height * q[1];
            const double p0 = x * p[0] - height * q[0] + field->far[n];
            q[2] = p[2] + x * q[2];
            q[1] = p[1] + x * q[1];
            q[0] = p[0] + x * q[0];
            p[2] = p2;
            p[1] = p1;
            p[0] = p0;
        }
        sums[0][k] -= q[0] * scale;
        sums[1][k] += q[1] * (scale * square);
        sums[2][k] -= 0.5 * q[2] * (scale * square * square);
    }
}

/* A step of Halley's method on 1/sum - t, which is increasing and concave in y; Newton's where
 * they disagree.  Returns the largest change relative to y. */
CLONES
static double improve(double t, double sums[3][ATOM_NODES], double y[ATOM_NODES])
{
    double change[ATOM_NODES];
#pragma omp simd
    for (int k = 0; k < ATOM_NODES; k++) {
        const double mean = 1.0 / sums[0][k];
        const double first = sums[1][k] * mean * mean;
        const double second = 2.0 * (first * first / mean - sums[2][k] * mean * mean);
        const double error = mean - t;
        const double newton = error / first;
        const double ratio = 1.0 / (1.0 - 0.5 * newton * second / first);
        double move = ratio > 0.0 && ratio < 2.0 ? newton * ratio : newton;
        move = move < 0.9 * y[k] ? move : 0.9 * y[k]; /* the root may be tiny, but is above 0 */
        y[k] -= move;
        change[k] = fabs(move) / y[k];
    }
    double most = 0.0;
    for (int k = 0; k < ATOM_NODES; k++) {
        most = change[k] > most ? change[k] : most;
    }
    return most;
}

void curve_heights(const Field *field, double t, const double u[ATOM_NODES],
                   double y[ATOM_NODES])
{
    for (int step = 0; step < MAX_STEPS; step++) {
        double sums[3][ATOM_NODES];
        near_powers(&field->near, u, y, sums);
        if (field->order > 0) {
            far_powers(field, u, y, sums);
        }
        if (improve(t, sums, y) <= 1e-4) {
            return; /* cubic convergence: 1e-12 is left */
        }
    }
}

/* Sums over the atoms of m s^j (u - s)^l r^k, r = 1/|w - s|^2. */
typedef struct Sums {
    double h[ATOM_NODES];                  /* l = 1, k = 1 */
    double b0[ATOM_NODES], c0[ATOM_NODES]; /* k = 2; l = 0, 1 */
    double a1[ATOM_NODES], a2[ATOM_NODES]; /* k = 1; j = 1, 2 */
    double b1[ATOM_NODES], b2[ATOM_NODES]; /* k = 2; j = 1, 2 */
    double c1[ATOM_NODES], c2[ATOM_NODES]; /* l = 1, k = 2; j = 1, 2 */
} Sums;

CLONES
static void near_sums(const Atoms *atoms, const double u[ATOM_NODES],
                      const double y[ATOM_NODES], Sums *sums)
{
    Sums at = {0};
    for (size_t i = 0; i < atoms->count; i++) {
        const double s = atoms->position[i];
        const double m = atoms->mass[i];
#pragma omp simd
        for (int k = 0; k < ATOM_NODES; k++) {
            const double x = u[k] - s;
            const double r = 1.0 / (x * x + y[k]);
            const double m1 = m * r;
            const double m2 = m1 * r;
            at.h[k] += m1 * x;
            at.b0[k] += m2;
            at.c0[k] += m2 * x;
        }
    }
    *sums = at;
}

/* What the second form of the variance needs besides. */
CLONES
static void weighted_sums(const Atoms *atoms, const double u[ATOM_NODES],
                          const double y[ATOM_NODES], Sums *sums)
{
    Sums at = *sums;
    for (size_t i = 0; i < atoms->count; i++) {
        const double s = atoms->position[i];
        const double m = atoms->mass[i] * s;
#pragma omp simd
        for (int k = 0; k < ATOM_NODES; k++) {
            const double x = u[k] - s;
            const double r = 1.0 / (x * x + y[k]);
            const double m1 = m * r;
            const double m2 = m1 * r;
            at.a1[k] += m1;
            at.a2[k] += m1 * s;
            at.b1[k] += m2;
            at.b2[k] += m2 * s;
            at.c1[k] += m2 * x;
            at.c2[k] += m2 * x * s;
        }
    }
    *sums = at;
}

/* Only what the first form of the variance needs. */
CLONES
static void far_sums(const Field *field, const double u[ATOM_NODES], const double y[ATOM_NODES],
                     Sums *sums)
{
    const double scale = 1.0 / field->unit;
    const double square = scale * scale;
#pragma omp simd
    for (int k = 0; k < ATOM_NODES; k++) {
        const double x = (u[k] - field->center) * scale;
        const double height = y[k] * square;
        double p[2] = {0};
        double q[2] = {0};
        for (int n = FIELD_ORDER - 1; n >= 0; n--) {
            const double p1 = x * p[1] - q[0] - height * q[1];
            const double p0 = x * p[0] - height * q[0] + field->far[n];
            q[1] = p[1] + x * q[1];
            q[0] = p[0] + x * q[0];
            p[1] = p1;
            p[0] = p0;
        }
        sums->h[k] += p[0];
        sums->b0[k] += q[1] * (scale * square);
        sums->c0[k] -= p[1] * square;
    }
}

/* Two forms of the variance: t - v^2 - (t H)^2 where that does not cancel, which is on narrow
 * bands, and otherwise that of t/|w - s|^2 over the s, whose digits are good in the bulk.  A
 * field with a series has the first form only; around a single s_i little mass is at stake.
 * Along with mu, u and v^2 change by c0/(2 t^2 n) and y b0/(t^2 n). */
void curve_variances(const Field *field, double t, bool missing, const double u[ATOM_NODES],
                     const double y[ATOM_NODES], double risk[ATOM_NODES],
                     double slope[ATOM_NODES])
{
    Sums z;
    near_sums(&field->near, u, y, &z);
    if (field->order > 0) {
        far_sums(field, u, y, &z);
    }
    double th[ATOM_NODES], far[ATOM_NODES];
    bool bulk = false;
    for (int k = 0; k < ATOM_NODES; k++) {
        th[k] = t * z.h[k];
        far[k] = y[k] + th[k] * th[k];
        bulk = bulk || far[k] > 0.5 * t;
    }
    bulk = bulk && field->order == 0 && !missing;
    if (bulk) {
        weighted_sums(&field->near, u, y, &z);
    }
    for (int k = 0; k < ATOM_NODES; k++) {
        const double n = y[k] * z.b0[k] * z.b0[k] + z.c0[k] * z.c0[k];
        const double density = 2.0 * sqrt(y[k]) / M_PI * n / z.b0[k]; /* rho dx/du */
        const double turn = z.c0[k] / (t * n);
        const double lift = y[k] * z.b0[k] / (t * n);
        const double from_t = missing ? 0.0 : t;
        const double sign = missing ? 1.0 : -1.0;
        double variance = from_t + sign * far[k];
        double change = from_t + sign * (lift + 2.0 * th[k] * th[k] - th[k] * turn);
        if (bulk && far[k] > 0.5 * t) {
            const double mean = t * z.a1[k];
            const double mean_change = z.a1[k] - turn * z.c1[k] - lift * z.b1[k];
            variance = t * z.a2[k] - mean * mean;
            change = t * (z.a2[k] - turn * z.c2[k] - lift * z.b2[k] - 2.0 * mean * mean_change);
        }
        risk[k] = density * variance;
        slope[k] = density * change;
    }
}
