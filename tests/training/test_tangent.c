/* Directions among matrices of one rank: inner products, the second derivative of the norm by
 * differences along the way, values that change their sign. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "convex/orthogonal_factor.h"
#include "convex/tangent.h"
#include "matrix_square.h"

enum { D = 9, RANK = 5, NEGATIVE = 2 };

static const double weight = 0.7;

static void fill(uint64_t stream, int count, double out[])
{
    rng_normals(11, 3, stream, count, out);
}

/* A network with values 3, 1.5, .5 and -2, -.8 in random directions. */
static PassPlan make_network(double factor[D * RANK])
{
    static const double sizes[RANK] = {3.0, 1.5, 0.5, 2.0, 0.8};
    PassPlan plan = {.rank = RANK};
    fill(1, D * RANK, factor);
    assert_true(factor_make_orthogonal(D, factor, &plan));
    for (int j = 0; j < RANK; j++) {
        double length = 0.0;
        for (int i = 0; i < D; i++) {
            length += factor[i + j * D] * factor[i + j * D];
        }
        for (int i = 0; i < D; i++) {
            factor[i + j * D] *= sqrt(sizes[j] / length);
        }
    }
    plan.negative = NEGATIVE;
    return plan;
}

static void make_symmetric(uint64_t stream, double b[D * D])
{
    fill(stream, D * D, b);
    for (int column = 0; column < D; column++) {
        for (int row = 0; row < column; row++) {
            b[row + column * D] = b[column + row * D];
        }
    }
}

/* H U of a symmetric H: any Z is that of one when U^T Z is symmetric. */
static void make_direction(const Tangent *tangent, uint64_t stream, double z[D * RANK])
{
    double h[D * D];
    make_symmetric(stream, h);
    for (int j = 0; j < RANK; j++) {
        for (int i = 0; i < D; i++) {
            z[i + j * D] = 0.0;
            for (int k = 0; k < D; k++) {
                z[i + j * D] += h[i + k * D] * tangent->basis[k + j * D];
            }
        }
    }
}

/* H = X U^T + U X^T. */
static void make_matrix(const Tangent *tangent, const double z[], double h[D * D])
{
    double x[D * RANK];
    tangent_halve(tangent, z, x);
    for (int column = 0; column < D; column++) {
        for (int row = 0; row < D; row++) {
            h[row + column * D] = 0.0;
            for (int j = 0; j < RANK; j++) {
                h[row + column * D] += x[row + j * D] * tangent->basis[column + j * D] +
                                       tangent->basis[row + j * D] * x[column + j * D];
            }
        }
    }
}

static double product(const double a[D * D], const double b[D * D])
{
    double sum = 0.0;
    for (int k = 0; k < D * D; k++) {
        sum += a[k] * b[k];
    }
    return sum;
}

static void test_inner(void **unused)
{
    (void)unused;
    double factor[D * RANK], a[D * RANK], b[D * RANK], of_a[D * D], of_b[D * D];
    const PassPlan plan = make_network(factor);
    Tangent tangent = tangent_create(D, &plan, factor);
    make_direction(&tangent, 2, a);
    make_direction(&tangent, 3, b);
    make_matrix(&tangent, a, of_a);
    make_matrix(&tangent, b, of_b);
    assert_true(fabs(tangent_inner(&tangent, a, b) - product(of_a, of_b)) < 1e-12);
    tangent_free(&tangent);
}

/* c |S|_* - Tr B S after a share of the direction. */
static double along(const Tangent *tangent, const double b[], const double z[], double share,
                    PassPlan *plan)
{
    double factor[D * RANK], s[D * D];
    assert_true(tangent_move(tangent, z, share, factor, plan));
    matrix_square(D, plan->rank, plan->negative, factor, s);
    return weight * (plan->trace + 2.0 * plan->below) - product(b, s);
}

/* The loss is linear here, so that what bends is the norm and the way. */
static void test_derivatives(void **unused)
{
    (void)unused;
    double factor[D * RANK], z[D * RANK], slope[D * RANK], image[D * RANK], b[D * D];
    PassPlan plan = make_network(factor);
    Tangent tangent = tangent_create(D, &plan, factor);
    make_direction(&tangent, 4, z);
    make_symmetric(5, b);
    tangent_descent(&tangent, b, weight, slope);
    memset(image, 0, sizeof image);
    tangent_add_curvature(&tangent, b, weight, z, image);
    const double first = -tangent_inner(&tangent, slope, z);
    const double second = tangent_inner(&tangent, image, z);
    const double h = 1e-3;
    const double up = along(&tangent, b, z, h, &plan);
    const double here = along(&tangent, b, z, 0.0, &plan);
    const double down = along(&tangent, b, z, -h, &plan);
    assert_true(fabs((up - down) / (2.0 * h) / first - 1.0) < 1e-4);
    assert_true(fabs((up - 2.0 * here + down) / (h * h) / second - 1.0) < 1e-4);
    assert_int_equal(plan.rank, RANK);
    assert_int_equal(plan.negative, NEGATIVE);
    tangent_free(&tangent);
}

/* Values move by K; one more of the other sign is there no more. */
static void test_signs(void **unused)
{
    (void)unused;
    double factor[D * RANK], z[D * RANK], next[D * RANK];
    PassPlan plan = make_network(factor);
    Tangent tangent = tangent_create(D, &plan, factor);
    memset(z, 0, sizeof z);
    /* .5 falls by 1 */
    for (int i = 0; i < D; i++) {
        z[i + 2 * D] = -tangent.basis[i + 2 * D];
    }
    assert_true(tangent_move(&tangent, z, 0.4, next, &plan));
    assert_int_equal(plan.rank, RANK);
    assert_true(fabs(plan.trace - (3.0 + 1.5 + 0.1 - 2.8)) < 1e-12);
    assert_true(fabs(plan.below - 2.8) < 1e-12);
    assert_true(tangent_move(&tangent, z, 1.0, next, &plan));
    assert_int_equal(plan.rank, RANK - 1);
    assert_int_equal(plan.negative, NEGATIVE);
    assert_true(fabs(plan.trace - (3.0 + 1.5 - 2.8)) < 1e-12);
    tangent_free(&tangent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_inner),
                                       cmocka_unit_test(test_derivatives),
                                       cmocka_unit_test(test_signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
