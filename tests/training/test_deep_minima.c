/* Deeper diagonal networks at small d: the best of a few starts against every support, and
 * against descent on the weights of the layers.
 */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/numerics/lapack.h"
#include "phasesweep/parallel/lbfgs.h"
#include "deep_case.h"

enum { SMALL = 10, FEW = 30, LAYERS_MOST = 4, WIDE = 20 };

/* Least squares on a support, theta [SMALL]. */
static void least_squares(const double *rows, int samples, unsigned support, double theta[])
{
    double gram[SMALL * SMALL] = {0};
    double right[SMALL] = {0};
    int index[SMALL];
    int pivots[SMALL];
    int size = 0;
    int info;
    static const int one = 1;
    for (int i = 0; i < SMALL; i++) {
        theta[i] = 0.0;
        if ((support >> i & 1u) != 0) {
            index[size++] = i;
        }
    }
    for (int mu = 0; mu < samples; mu++) {
        const double *x = rows + mu * (SMALL + 1);
        for (int a = 0; a < size; a++) {
            right[a] += x[index[a]] * x[SMALL];
            for (int b = 0; b < size; b++) {
                gram[a + b * size] += x[index[a]] * x[index[b]];
            }
        }
    }
    if (size > 0) {
        dgesv_(&size, &one, gram, &size, pivots, right, &size, &info);
        assert_int_equal(info, 0);
    }
    for (int a = 0; a < size; a++) {
        theta[index[a]] = right[a];
    }
}

/* Gradient steps on a support, where F is smooth as long as no coefficient comes near 0;
 * INFINITY if one does. */
static double settle(const Problem *problem, const double *rows, double theta[])
{
    const double q = 2.0 / problem->depth;
    const double weight = penalty_weight(problem);
    const double length = 0.3 / problem->samples;
    double gradient[SMALL];
    for (int step = 0; step < 300; step++) {
        data_term(problem, rows, theta, gradient);
        for (int i = 0; i < SMALL; i++) {
            if (theta[i] != 0.0) {
                const double pull = weight * q * pow(fabs(theta[i]), q - 1.0);
                const double next =
                    theta[i] - length * (gradient[i] + copysign(pull, theta[i]));
                if (next * theta[i] <= 0.0) {
                    return INFINITY;
                }
                theta[i] = next;
            }
        }
    }
    return objective(problem, rows, theta);
}

/* No support has a lower minimum.  Of 240 such problems, L = 3, 4, 5, lambda = .05 ... 1, two
 * had one, by .06 and .1 %; these are others. */
static void test_supports(void **unused)
{
    (void)unused;
    int several = 0;
    for (int k = 0; k < 36; k++) {
        static const double weight_decay[] = {1.0, 0.4, 0.15, 0.05};
        Problem problem = problem_of(3 + k % 3, SMALL, FEW, weight_decay[k % 4]);
        problem.seed = k;
        const Observed fit = cold(MPI_COMM_SELF, &problem, NULL);
        double *rows = gather(&problem);
        double lowest = INFINITY;
        for (unsigned support = 0; support < 1u << SMALL; support++) {
            double theta[SMALL];
            least_squares(rows, FEW, support, theta);
            lowest = fmin(lowest, settle(&problem, rows, theta));
        }
        assert_true(fabs(fit.objective / lowest - 1.0) < 1e-8);
        several += fit.spread > 1e-6;
        free(rows);
    }
    assert_true(several > 2);
}

typedef struct Layers {
    const Problem *problem;
    const double *rows;
} Layers;

static void product(const Problem *problem, const double w[], double theta[])
{
    for (int i = 0; i < WIDE; i++) {
        theta[i] = 1.0 / sqrt(WIDE);
        for (int l = 0; l < problem->depth; l++) {
            theta[i] *= w[l * WIDE + i];
        }
    }
}

/* Half of sum (y - f)^2 + lambda sum |w|^2, as a function of all layers w [L][d]. */
static double loss(const double w[], double gradient[], void *context)
{
    const Layers *layers = context;
    const int depth = (int)layers->problem->depth;
    double theta[WIDE];
    double slope[WIDE];
    product(layers->problem, w, theta);
    double sum = data_term(layers->problem, layers->rows, theta, slope);
    for (int l = 0; l < depth; l++) {
        for (int i = 0; i < WIDE; i++) {
            double others = 1.0 / sqrt(WIDE);
            for (int m = 0; m < depth; m++) {
                others *= m == l ? 1.0 : w[m * WIDE + i];
            }
            const double here = w[l * WIDE + i];
            sum += 0.5 * layers->problem->weight_decay * here * here;
            gradient[l * WIDE + i] = slope[i] * others + layers->problem->weight_decay * here;
        }
    }
    return sum;
}

/* From layers of ones times a size, the first one zero; the lowest end. */
static double descend(const Problem *problem, const double *rows, double theta[])
{
    static const double sizes[] = {0.7, 1.0, 1.5, 2.0, 3.0};
    Layers layers = {problem, rows};
    const int variables = (int)problem->depth * WIDE;
    LbfgsWork *work = lbfgs_create(MPI_COMM_SELF, variables, 20);
    double lowest = INFINITY;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double w[LAYERS_MOST * WIDE];
        const LbfgsSettings settings = lbfgs_defaults();
        for (int i = 0; i < variables; i++) {
            w[i] = i < WIDE ? 0.0 : sizes[k];
        }
        lbfgs_forget(work);
        const Lbfgs end = lbfgs_minimise(work, w, loss, &layers, &settings);
        if (end.value < lowest) {
            lowest = end.value;
            product(problem, w, theta);
        }
    }
    lbfgs_free(work);
    return lowest;
}

/* Descent on the layers finds no lower minimum, and most often the same one. */
static void test_layers(void **unused)
{
    (void)unused;
    int same = 0;
    for (int k = 0; k < 12; k++) {
        Problem problem = problem_of(3 + k % 2, WIDE, 60, k < 6 ? 1.0 : 0.4);
        double theta[WIDE];
        double by_layers[WIDE];
        problem.seed = k;
        const Observed fit = cold(MPI_COMM_SELF, &problem, theta);
        double *rows = gather(&problem);
        const double lowest = descend(&problem, rows, by_layers);
        assert_true(fit.objective <= lowest * (1.0 + 1e-8));
        if (lowest <= fit.objective * (1.0 + 1e-8)) {
            double square = 0.0;
            for (int i = 0; i < WIDE; i++) {
                square += pow(by_layers[i] - theta[i], 2.0);
            }
            /* so that risks differ by less than 1 % */
            assert_true(sqrt(square) < 0.004 * sqrt(fit.risk));
            same++;
        }
        free(rows);
    }
    assert_true(same >= 9);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_supports),
                                       cmocka_unit_test(test_layers)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
