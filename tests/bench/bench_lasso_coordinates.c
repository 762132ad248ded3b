/* Time of the LASSO solver beside cyclic coordinate descent as scikit-learn documents it for
 * its Lasso (it is not installed everywhere; bench_lasso_sklearn.py asks the real one):
 *     bench_lasso_coordinates D N "WEIGHT_DECAY ..."
 * Its residual is kept, columns are looked at in turn, and once no coefficient moves by more
 * than TOL times the largest one it ends where the duality gap is below TOL |y|^2.  That for
 * TOL = 1e-4, its default, to 1e-6, then the solver to the relative gap that it has reached.
 * Processor seconds of one core; drawing the rows is in neither, since both need them. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/training/path.h"

typedef struct Data {
    int n, d;
    double *x; /* n x d by column */
    double *y; /* [n] */
} Data;

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static Data draw(const Problem *problem)
{
    const SamplesSpec spec = samples_spec(problem);
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset set = samples_dataset(&samples);
    const size_t n = (size_t)samples.rows;
    const size_t d = (size_t)spec.dimension;
    Data data = {.n = (int)n, .d = (int)d, .x = malloc(n * d * 8), .y = malloc(n * 8)};
    double *buffer = malloc((size_t)samples.spec.block_rows * d * 8);
    memcpy(data.y, samples.labels, n * 8);
    for (size_t k = 0; k < dataset_blocks(&set); k++) {
        const SampleBlock block = dataset_block(&set, k, buffer);
        for (size_t row = 0; row < (size_t)block.rows; row++) {
            for (size_t j = 0; j < d; j++) {
                data.x[j * n + (size_t)block.offset + row] = block.features[row * d + j];
            }
        }
    }
    free(buffer);
    samples_free(&samples);
    return data;
}

/* BLAS, as there. */
double ddot_(const int *n, const double *x, const int *incx, const double *y, const int *incy);
void daxpy_(const int *n, const double *a, const double *x, const int *incx, double *y,
            const int *incy);
static const int one = 1;

static double dot(const double a[], const double b[], int count)
{
    return ddot_(&count, a, &one, b, &one);
}

/* F - D with the best multiple of the residual that is feasible, and F. */
static double gap_of(const Data *data, const double w[], const double r[], double weight,
                     double *objective)
{
    double norm = 0.0;
    double steepest = 0.0;
    for (int j = 0; j < data->d; j++) {
        steepest = fmax(steepest, fabs(dot(data->x + (size_t)j * (size_t)data->n, r, data->n)));
        norm += fabs(w[j]);
    }
    const double square = dot(r, r, data->n);
    const double label = dot(r, data->y, data->n);
    const double most = weight / steepest;
    const double scale = fmax(-most, fmin(most, label / square));
    *objective = 0.5 * square + weight * norm;
    return *objective - scale * label + 0.5 * scale * scale * square;
}

/* One look at every column; returns the largest move over the largest coefficient. */
static double sweep(const Data *data, const double height[], double weight, double w[],
                    double r[])
{
    double moved = 0.0;
    double largest = 0.0;
    for (int j = 0; j < data->d; j++) {
        const double *x = data->x + (size_t)j * (size_t)data->n;
        const double before = w[j];
        const double pull = dot(x, r, data->n) + before * height[j];
        w[j] = copysign(fmax(fabs(pull) - weight, 0.0), pull) / height[j];
        if (w[j] != before) {
            const double back = before - w[j];
            daxpy_(&data->n, &back, x, &one, r, &one);
        }
        moved = fmax(moved, fabs(w[j] - before));
        largest = fmax(largest, fabs(w[j]));
    }
    return largest > 0.0 ? moved / largest : 0.0;
}

/* Returns the relative gap reached. */
static double descend(const Data *data, double weight, double tolerance, int *sweeps)
{
    double *w = calloc((size_t)data->d, 8);
    double *r = malloc((size_t)data->n * 8);
    double *height = malloc((size_t)data->d * 8);
    const double goal = tolerance * dot(data->y, data->y, data->n);
    double objective = 1.0;
    double gap = INFINITY;
    memcpy(r, data->y, (size_t)data->n * 8);
    for (int j = 0; j < data->d; j++) {
        const double *x = data->x + (size_t)j * (size_t)data->n;
        height[j] = dot(x, x, data->n);
    }
    for (*sweeps = 0; *sweeps < 100000 && gap > goal; ++*sweeps) {
        if (sweep(data, height, weight, w, r) < tolerance) {
            gap = gap_of(data, w, r, weight, &objective);
        }
    }
    free(height);
    free(r);
    free(w);
    return gap / objective;
}

/* The same problem to the same gap. */
static double solve(Problem *problem, double tolerance, Observed *fit)
{
    const TrainerSettings settings = trainer_defaults();
    problem->tolerance = fmin(fmax(tolerance, 1e-13), 1e-2);
    Path *path = path_create(MPI_COMM_SELF, &trainer_lasso, &settings);
    path_prepare(path, problem);
    const double start = seconds();
    *fit = path_solve(path, problem, NULL, NULL);
    const double spent = seconds() - start;
    path_free(path);
    return spent;
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    Problem problem = {.model = MODEL_DIAGONAL,
                       .method = METHOD_TRAINING,
                       .source_exponent = 1.25,
                       .noise = 0.1,
                       .dimension = atof(argv[1]),
                       .samples = atof(argv[2]),
                       .seed = 1,
                       .width = 1};
    const Data data = draw(&problem);
    char *rest = argv[3];
    for (double next = strtod(rest, &rest); next > 0.0; next = strtod(rest, &rest)) {
        problem.weight_decay = next;
        for (double tolerance = 1e-4; tolerance > 0.9e-6; tolerance *= 0.1) {
            int sweeps;
            Observed fit;
            const double start = seconds();
            const double gap = descend(&data, next * sqrt(data.d), tolerance, &sweeps);
            const double coordinates = seconds() - start;
            const double own = solve(&problem, gap, &fit);
            printf("weight decay %g, tol %g: coordinates %.3f s, %d sweeps, gap %.1e; here "
                   "%.3f s, gap %.1e: %.2f times faster\n",
                   next, tolerance, coordinates, sweeps, gap, own, fit.gap, coordinates / own);
            fflush(stdout);
        }
    }
    free(data.x);
    free(data.y);
    MPI_Finalize();
    return 0;
}
