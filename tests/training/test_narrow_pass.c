/* The pass over the data of narrow networks: losses and gradients, of one and of several. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "factored/narrow_kernels.h"
#include "factored/narrow_pass.h"
#include "kernels.h"
#include "narrow_case.h"

static double loss(NarrowPass *pass, const double factor[])
{
    double value;
    narrow_pass_run(pass, 1, factor, &value);
    return value;
}

/* d |r|^2 / dF = -4 sum r Z F against central differences; the loss is a quartic, so their
 * error is h^2; in single precision to its rounding. */
static void test_gradient(void **unused)
{
    (void)unused;
    enum { D = 9, P = 4 };
    const Problem problem = problem_of(D, P, 150.0, 0.1);
    const SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    NarrowPass pass = narrow_pass_create(MPI_COMM_WORLD, &data, P, 1, true);
    double factor[D * P];
    double sum[D * P];
    rng_normals(1, RNG_PROBE, 0, D * P, factor);
    for (int single = 0; single < 2; single++) {
        pass.single = single == 1;
        loss(&pass, factor);
        MPI_Allreduce(pass.sum, sum, D * P, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        pass.single = false;
        for (int k = 0; k < D * P; k += 5) {
            const double h = 1e-4;
            const double at = factor[k];
            factor[k] = at + h;
            double difference = loss(&pass, factor);
            factor[k] = at - h;
            difference = (difference - loss(&pass, factor)) / (2.0 * h);
            factor[k] = at;
            const double slope = -4.0 * sum[k];
            assert_true(fabs(difference - slope) <
                        (single ? 1e-5 : 1e-6) * (100.0 + fabs(slope)));
        }
    }
    narrow_pass_free(&pass);
    samples_free(&samples);
}

/* Networks side by side are as each alone: to rounding, in both precisions. */
static void test_side_by_side(void **unused)
{
    (void)unused;
    enum { D = 17, P = 3, NETWORKS = 4 };
    const Problem problem = problem_of(D, P, 300.0, 0.1);
    const SamplesSpec spec = samples_spec(&problem);
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    const Dataset data = samples_dataset(&samples);
    NarrowPass pass = narrow_pass_create(MPI_COMM_WORLD, &data, P, NETWORKS, true);
    double factor[NETWORKS * D * P];
    double sum[NETWORKS * D * P];
    double together[NETWORKS];
    rng_normals(2, RNG_PROBE, 0, NETWORKS * D * P, factor);
    for (int single = 0; single < 2; single++) {
        const double tolerance = single ? 1e-4 : 1e-12;
        pass.single = single == 1;
        narrow_pass_run(&pass, NETWORKS, factor, together);
        memcpy(sum, pass.sum, sizeof sum);
        for (int k = 0; k < NETWORKS; k++) {
            assert_true(fabs(loss(&pass, factor + k * D * P) / together[k] - 1.0) < tolerance);
            for (int i = 0; i < D * P; i++) {
                const double scale = 1000.0 + fabs(pass.sum[i]);
                assert_true(fabs(pass.sum[i] - sum[k * D * P + i]) < tolerance * scale);
            }
        }
    }
    narrow_pass_free(&pass);
    samples_free(&samples);
}

/* A number of either precision. */
static double get(const void *x, int k, bool single)
{
    return single ? (double)((const float *)x)[k] : ((const double *)x)[k];
}

enum { SIDE = 530, COLUMNS_MOST = NARROW_COLUMNS + 1 };

/* Both products of a strip, and the sum before, in the precision in question. */
typedef struct Strip {
    int d, rows, columns;
    bool single;
    void *x, *factor, *product, *sum, *before;
} Strip;

static void check_products(const Strip *s)
{
    const double tolerance = s->single ? 1e-5 : 1e-14;
    for (int k = 0; k < s->columns; k++) {
        for (int row = 0; row < s->rows; row++) {
            double dot = 0.0;
            double size = 0.0;
            for (int i = 0; i < s->d; i++) {
                const double term = get(s->x, row * s->d + i, s->single) *
                                    get(s->factor, k * s->d + i, s->single);
                dot += term;
                size += fabs(term);
            }
            const double found = get(s->product, k * s->rows + row, s->single);
            assert_true(fabs(found - dot) <= tolerance * size);
        }
        for (int i = 0; i < s->d; i++) {
            double sum = get(s->before, k * s->d + i, s->single);
            double size = fabs(sum);
            for (int row = 0; row < s->rows; row++) {
                const double term = get(s->x, row * s->d + i, s->single) *
                                    get(s->product, k * s->rows + row, s->single);
                sum += term;
                size += fabs(term);
            }
            assert_true(fabs(get(s->sum, k * s->d + i, s->single) - sum) <= tolerance * size);
        }
    }
}

/* The kernels of strips against plain loops, at sizes that fill no line, group or piece. */
static void test_kernels(void **unused)
{
    (void)unused;
    enum { ENTRIES = SIDE * COLUMNS_MOST, ROWS = SIDE * NARROW_STRIP };
    static const int sides[] = {1, 2, 7, 8, 17, 64, 255, 513, SIDE};
    static double x[ROWS], factor[ENTRIES], sum[ENTRIES], before[ENTRIES];
    static float x_single[ROWS], factor_single[ENTRIES], sum_single[ENTRIES];
    static float before_single[ENTRIES];
    double product[NARROW_STRIP * COLUMNS_MOST];
    float product_single[NARROW_STRIP * COLUMNS_MOST];
    rng_normals(3, RNG_PROBE, 0, ROWS, x);
    rng_normals(3, RNG_PROBE, 1, ENTRIES, factor);
    rng_normals(3, RNG_PROBE, 2, ENTRIES, before);
    round_to_single(x, ROWS, x_single);
    round_to_single(factor, ENTRIES, factor_single);
    round_to_single(before, ENTRIES, before_single);
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        for (int columns = 1; columns <= COLUMNS_MOST; columns++) {
            for (int rows = 1; rows <= NARROW_STRIP; rows++) {
                const Strip in_double = {sides[k], rows,    columns, false, x,
                                         factor,   product, sum,     before};
                memcpy(sum, before, sizeof sum);
                narrow_double.project(sides[k], columns, rows, factor, x, product);
                narrow_double.add_back(sides[k], columns, rows, x, product, sum);
                check_products(&in_double);
                const Strip in_single = {sides[k],       rows,       columns,
                                         true,           x_single,   factor_single,
                                         product_single, sum_single, before_single};
                memcpy(sum_single, before_single, sizeof sum_single);
                narrow_single.project(sides[k], columns, rows, factor_single, x_single,
                                      product_single);
                narrow_single.add_back(sides[k], columns, rows, x_single, product_single,
                                       sum_single);
                check_products(&in_single);
            }
        }
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gradient),
                                       cmocka_unit_test(test_side_by_side),
                                       cmocka_unit_test(test_kernels)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
