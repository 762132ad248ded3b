/* Features correlated in blocks: rows, labels and what every trainer reports of the error,
 * against d x d matrices written down from their definition.
 */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/training/path.h"

enum { D = 14, BLOCK = 4 }; /* the last block has 2 */

typedef double Matrix[D][D];

static const double rho = 0.6;

static Problem problem_of(ModelId model, double samples)
{
    return (Problem){.model = model,
                     .method = METHOD_TRAINING,
                     .source_exponent = 0.8,
                     .covariance_exponent = 0.6,
                     .block_correlation = rho,
                     .block_size = BLOCK,
                     .features = FEATURES_LAPLACE,
                     .noise = 0.2,
                     .dimension = D,
                     .width = D,
                     .samples = samples,
                     .weight_decay = 0.3,
                     .tolerance = 1e-10};
}

static int width_of(int i)
{
    return i / BLOCK < D / BLOCK ? BLOCK : D % BLOCK;
}

/* Sigma_ij, and A_ij of A = D^(1/2) C^(1/2) by the projector on the mean of a block. */
static double sigma_at(const Problem *p, int i, int j)
{
    double scale = 0.0;
    for (int k = D; k >= 1; k--) {
        scale += pow(k, -p->covariance_exponent) / D;
    }
    const double c = i == j ? 1.0 : i / BLOCK == j / BLOCK ? rho : 0.0;
    return c * pow((i + 1.0) * (j + 1.0), -0.5 * p->covariance_exponent) / scale;
}

static double root_at(const Problem *p, int i, int j)
{
    const double size = width_of(i);
    const double mean = i / BLOCK == j / BLOCK ? 1.0 / size : 0.0;
    const double apart = (i == j ? 1.0 : 0.0) - mean;
    return sqrt(sigma_at(p, i, i)) *
           (sqrt(1.0 - rho) * apart + sqrt(1.0 - rho + rho * size) * mean);
}

static void fill(const Problem *p, double (*entry)(const Problem *, int, int), Matrix out)
{
    for (int k = 0; k < D * D; k++) {
        out[k / D][k % D] = entry(p, k / D, k % D);
    }
}

static void multiply(Matrix a, Matrix b, bool transpose, Matrix out)
{
    memset(out, 0, sizeof(Matrix));
    for (int k = 0; k < D * D * D; k++) {
        const int i = k / D / D;
        const int j = k / D % D;
        out[i][j] += a[i][k % D] * (transpose ? b[j][k % D] : b[k % D][j]);
    }
}

static double trace(Matrix a, Matrix b)
{
    double sum = 0.0;
    for (int k = 0; k < D * D; k++) {
        sum += a[k / D][k % D] * b[k % D][k / D];
    }
    return sum;
}

static Samples draw(const Problem *problem, SampleStore store)
{
    Problem stored = *problem;
    stored.store = store;
    const SamplesSpec spec = samples_spec(&stored);
    return samples_create(MPI_COMM_SELF, &spec);
}

static void teacher_matrix(const Samples *samples, Matrix out)
{
    const Truth *truth = &samples->truth;
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
            out[i][j] = i == j && truth->rotation == NULL ? truth->teacher[i] : 0.0;
            for (int k = 0; truth->rotation != NULL && k < D; k++) {
                out[i][j] +=
                    truth->rotation[i + k * D] * truth->teacher[k] * truth->rotation[j + k * D];
            }
        }
    }
}

/* Tr[A Sigma B Sigma]/d. */
static double overlap(Matrix sigma, Matrix a, Matrix b)
{
    Matrix left;
    Matrix right;
    multiply(a, sigma, false, left);
    multiply(b, sigma, false, right);
    return trace(left, right) / D;
}

/* A row is A z of the rows without covariance, to rounding of D terms; labels without noise are
 * Tr S* (x x^T - Sigma)/sqrt(d) of S* of norm 1. */
static void test_rows(void **unused)
{
    (void)unused;
    for (int rotated = 0; rotated < 2; rotated++) {
        Problem problem = problem_of(MODEL_QUADRATIC, 100.0);
        problem.noise = 0.0;
        problem.rotated = rotated;
        Samples samples = draw(&problem, STORE_DOUBLE);
        Matrix sigma;
        Matrix root;
        Matrix square;
        Matrix teacher;
        fill(&problem, sigma_at, sigma);
        fill(&problem, root_at, root);
        multiply(root, root, true, square);
        teacher_matrix(&samples, teacher);
        assert_true(fabs(overlap(sigma, teacher, teacher) - 1.0) < 1e-13);
        problem.covariance_exponent = problem.block_correlation = problem.block_size = 0.0;
        Samples white = draw(&problem, STORE_DOUBLE);
        for (int row = 0; row < 100; row++) {
            const double *x = samples.features + row * D;
            double label = -trace(teacher, sigma);
            for (int i = 0; i < D; i++) {
                double expected = 0.0;
                for (int j = 0; j < D; j++) {
                    expected += root[i][j] * white.features[row * D + j];
                    label += teacher[i][j] * x[i] * x[j];
                    assert_true(fabs(square[i][j] - sigma[i][j]) < 1e-14 * D);
                }
                assert_true(fabs(x[i] - expected) < 1e-13);
            }
            assert_true(fabs(samples.labels[row] - label / sqrt(D)) < 1e-12);
        }
        samples_free(&samples);
        samples_free(&white);
    }
}

/* Rows made again have the same bits, and so has a correlation of 0 as none. */
static void test_stores(void **unused)
{
    (void)unused;
    const Problem problem = problem_of(MODEL_DIAGONAL, 100.0);
    Samples kept = draw(&problem, STORE_DOUBLE);
    Samples made = draw(&problem, STORE_NONE);
    const Dataset data = samples_dataset(&made);
    double *rows = checked_alloc(100 * D, sizeof *rows);
    dataset_rows(&data, 0, 100, rows);
    assert_memory_equal(rows, kept.features, 100 * D * sizeof *rows);
    assert_memory_equal(made.labels, kept.labels, 100 * sizeof *rows);
    free(rows);
    samples_free(&kept);
    samples_free(&made);
}

/* Of a trained network, from rows and labels alone. */
typedef struct Direct {
    double objective, risk, overlap_q, overlap_m, prediction;
} Direct;

static double diagonal_square(const Problem *problem, Matrix error)
{
    Matrix root;
    Matrix half;
    double sum = 0.0;
    fill(problem, root_at, root);
    multiply(error, root, false, half);
    for (int i = 0; i < D; i++) {
        double entry = 0.0;
        for (int k = 0; k < D; k++) {
            entry += root[k][i] * half[k][i];
        }
        sum += entry * entry;
    }
    return sum;
}

static double objective_of(const Problem *problem, const Samples *samples, Matrix sigma,
                           Matrix s, double nuclear)
{
    double sum = problem_nuclear_weight(problem) * nuclear / D;
    for (int64_t row = 0; row < samples->rows; row++) {
        const double *x = samples->features + row * D;
        double output = -trace(s, sigma);
        for (int k = 0; k < D * D; k++) {
            output += s[k / D][k % D] * x[k / D] * x[k % D];
        }
        sum += pow(samples->labels[row] - output / sqrt(D), 2.0) / (D * D);
    }
    return sum;
}

static Direct evaluate(const Problem *problem, const Network *network)
{
    Samples samples = draw(problem, STORE_DOUBLE);
    Matrix s = {{0}};
    Matrix teacher;
    Matrix sigma;
    Matrix error;
    double nuclear = 0.0;
    fill(problem, sigma_at, sigma);
    teacher_matrix(&samples, teacher);
    for (int k = 0; k < network->columns; k++) {
        const double sign = k < network->columns - network->negative ? 1.0 : -1.0;
        for (int i = 0; i < D * D; i++) {
            const double square =
                network->factor[i / D + k * D] * network->factor[i % D + k * D];
            s[i / D][i % D] += sign * square;
            nuclear += i / D == i % D ? square : 0.0;
        }
    }
    for (int k = 0; k < D * D; k++) {
        error[k / D][k % D] = s[k / D][k % D] - teacher[k / D][k % D];
    }
    Direct direct = {.objective = objective_of(problem, &samples, sigma, s, nuclear),
                     .risk = overlap(sigma, error, error),
                     .overlap_q = overlap(sigma, s, s),
                     .overlap_m = overlap(sigma, s, teacher)};
    direct.prediction =
        2.0 * direct.risk + features_kurtosis(problem) * diagonal_square(problem, error) / D;
    samples_free(&samples);
    return direct;
}

static Observed train(const Trainer *trainer, const Problem *problem,
                      const TrainerSettings *settings, Direct *direct)
{
    Path *path = path_create(MPI_COMM_WORLD, trainer, settings);
    const Observed observed = path_solve(path, problem, NULL, NULL);
    if (direct != NULL) {
        const Network network = path_network(path);
        *direct = evaluate(problem, &network);
    }
    path_free(path);
    assert_int_equal(observed.outcome, OUTCOME_CONVERGED);
    return observed;
}

/* To rounding of sums of a few hundred terms. */
static void check(const Observed *seen, const Direct *direct)
{
    assert_true(fabs(seen->objective / direct->objective - 1.0) < 1e-11);
    assert_true(fabs(seen->risk / direct->risk - 1.0) < 1e-10);
    assert_true(fabs(seen->overlap_q / direct->overlap_q - 1.0) < 1e-10);
    assert_true(fabs(seen->overlap_m / direct->overlap_m - 1.0) < 1e-10);
    assert_true(fabs(seen->prediction_risk / direct->prediction - 1.0) < 1e-10);
}

/* Both teachers, more and fewer samples than unknowns, both ways of a convex training; minima
 * to a gap of 1e-10 agree in the objective.  The gap is the trainer's own certificate. */
static void test_matrices(void **unused)
{
    (void)unused;
    for (int k = 0; k < 4; k++) {
        Problem problem = problem_of(MODEL_QUADRATIC, k & 1 ? 60.0 : 300.0);
        problem.rotated = k >> 1 & 1;
        TrainerSettings settings = trainer_defaults();
        Direct direct;
        settings.convex = CONVEX_INTERIOR;
        const Observed seen = train(&trainer_convex, &problem, &settings, &direct);
        check(&seen, &direct);
        settings.convex = CONVEX_DESCENT;
        const Observed again = train(&trainer_convex, &problem, &settings, &direct);
        check(&again, &direct);
        assert_true(fabs(again.objective / seen.objective - 1.0) < 2e-10);
    }
}

/* Neurons of both signs; weights of a network of full width, which reach the same minimum. */
static void test_others(void **unused)
{
    (void)unused;
    const TrainerSettings settings = trainer_defaults();
    Direct direct;
    Problem problem = problem_of(MODEL_SIGNED, 200.0);
    const Observed both = train(&trainer_convex, &problem, &settings, &direct);
    check(&both, &direct);
    problem = problem_of(MODEL_QUADRATIC, 300.0);
    const Observed whole = train(&trainer_convex, &problem, &settings, NULL);
    const Observed factored = train(&trainer_factored, &problem, &settings, &direct);
    assert_true(fabs(factored.objective / direct.objective - 1.0) < 1e-10);
    assert_true(fabs(factored.risk / direct.risk - 1.0) < 1e-9);
    assert_true(fabs(factored.objective / whole.objective - 1.0) < 1e-6);
}

/* Of vectors: R, q and m by Sigma, and the objective. */
static void test_vectors(void **unused)
{
    (void)unused;
    static const Trainer *const trainers[] = {&trainer_lasso, &trainer_ridge,
                                              &trainer_deep_lasso};
    static const ModelId models[] = {MODEL_DIAGONAL, MODEL_RIDGE, MODEL_DIAGONAL};
    for (int k = 0; k < 3; k++) {
        Problem problem = problem_of(models[k], 40.0);
        problem.depth = k == 2 ? 3.0 : 0.0;
        problem.random_signs = 1;
        const TrainerSettings settings = trainer_defaults();
        Path *path = path_create(MPI_COMM_WORLD, trainers[k], &settings);
        const Observed seen = path_solve(path, &problem, NULL, NULL);
        const double *theta = path_network(path).theta;
        Samples samples = draw(&problem, STORE_DOUBLE);
        const double *target = samples.truth.teacher;
        double risk = 0.0;
        double q = 0.0;
        double m = 0.0;
        double norm = 0.0;
        for (int i = 0; i < D; i++) {
            for (int j = 0; j < D; j++) {
                const double sigma = sigma_at(&problem, i, j);
                risk += (theta[i] - target[i]) * sigma * (theta[j] - target[j]);
                q += theta[i] * sigma * theta[j];
                m += theta[i] * sigma * target[j];
                norm += target[i] * sigma * target[j];
            }
        }
        assert_true(outcome_is_good(seen.outcome));
        assert_true(fabs(norm - 1.0) < 1e-13);
        assert_true(fabs(seen.risk / risk - 1.0) < 1e-10);
        assert_true(fabs(seen.overlap_q / q - 1.0) < 1e-10);
        assert_true(fabs(seen.overlap_m / m - 1.0) < 1e-10);
        samples_free(&samples);
        path_free(path);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_stores),
        cmocka_unit_test(test_matrices), cmocka_unit_test(test_others),
        cmocka_unit_test(test_vectors),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
