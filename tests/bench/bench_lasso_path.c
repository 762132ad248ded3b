/* A path of weight decays of the LASSO on data that are in memory, beside plain coordinate
 * descent on the Gram matrix.
 *
 *     mpirun -n K bench_lasso_path [N D COUNT FROM TO]
 *
 * Without arguments the two cases that must each stay below 2 s on 2 cores: 10^6 samples of 300
 * numbers at one weight decay, 10^4 of 1000 along 100 from .3 down to .003; relative gap 1e-6.
 * Seconds of the slower rank from where the rows are in memory, what each point reports about
 * its network included.  The plain way stands in for scikit-learn's covariance updates, which
 * is not installed here: X^T X in one call of BLAS on each rank's rows, one sum over the team,
 * then cyclic descent from the neighbour's coefficients on every rank alike.  In turns, median
 * of their ratios. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/training/trainer.h"

void daxpy_(const int *n, const double *a, const double *x, const int *incx, double *y,
            const int *incy);

enum { TURNS = 3 };

static const double tolerance = 1e-6;

typedef struct Case {
    Problem problem;
    int count; /* weight decays, from the first to the last by a constant ratio */
    double from, to;
    Samples samples;
} Case;

typedef struct Spent {
    double wall, processor; /* seconds, of the slower rank */
    double gap;             /* the largest */
    double active;          /* at the end */
} Spent;

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void start(Spent *spent)
{
    MPI_Barrier(MPI_COMM_WORLD);
    spent->wall = -MPI_Wtime();
    spent->processor = -processor_seconds();
}

static void stop(Spent *spent)
{
    double all[2] = {spent->wall + MPI_Wtime(), spent->processor + processor_seconds()};
    MPI_Allreduce(MPI_IN_PLACE, all, 2, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    spent->wall = all[0];
    spent->processor = all[1];
}

static double weight_decay(const Case *c, int k)
{
    return c->count > 1 ? c->from * pow(c->to / c->from, k / (c->count - 1.0)) : c->from;
}

static Spent ours(const Case *c)
{
    const size_t d = (size_t)c->problem.dimension;
    const Dataset data = samples_dataset(&c->samples);
    const TrainerSettings settings = trainer_defaults();
    double *arrays = checked_alloc(2 * d, sizeof *arrays);
    Problem problem = c->problem;
    problem.weight_decay = c->from;
    Spent spent = {0};
    start(&spent);
    void *work = trainer_lasso.create(MPI_COMM_WORLD, &data, &problem, &settings);
    for (int k = 0; k < c->count; k++) {
        problem.weight_decay = weight_decay(c, k);
        Observed fit = {.outcome = OUTCOME_RUNNING};
        trainer_lasso.begin(work, &problem);
        while (trainer_lasso.advance(work)) {
        }
        trainer_lasso.observe(work, &fit, arrays, arrays + d);
        spent.gap = fmax(spent.gap, fit.gap);
        spent.active = fit.rank;
    }
    stop(&spent);
    trainer_lasso.release(work);
    free(arrays);
    return spent;
}

/* X^T X, X^T y and |y|^2, summed over the team. */
typedef struct Sums {
    int d;
    double *gram, *slope; /* [d * d], [d] */
    double square;
} Sums;

static Sums make_sums(const Samples *samples)
{
    const int d = samples->spec.dimension;
    const int rows = (int)samples->rows;
    const int step = 1;
    const double one = 1.0;
    const double zero = 0.0;
    Sums sums = {.d = d,
                 .gram = checked_alloc((size_t)d * (size_t)d, sizeof(double)),
                 .slope = checked_alloc((size_t)d, sizeof(double))};
    dsyrk_("L", "N", &d, &rows, &one, samples->features, &d, &zero, sums.gram, &d, 1, 1);
    dgemv_("N", &d, &rows, &one, samples->features, &d, samples->labels, &step, &zero,
           sums.slope, &step, 1);
    for (int row = 0; row < rows; row++) {
        sums.square += samples->labels[row] * samples->labels[row];
    }
    MPI_Allreduce(MPI_IN_PLACE, sums.gram, d * d, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, sums.slope, d, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    MPI_Allreduce(MPI_IN_PLACE, &sums.square, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
    for (size_t j = 0; j < (size_t)d; j++) {
        for (size_t i = j + 1; i < (size_t)d; i++) {
            sums.gram[j + i * (size_t)d] = sums.gram[i + j * (size_t)d];
        }
    }
    return sums;
}

/* Relative duality gap; q = X^T (y - X w). */
static double gap_of(const Sums *sums, const double w[], const double q[], double weight)
{
    double norm = 0.0;
    double steepest = 0.0;
    double label = sums->square; /* r.y */
    double along = 0.0;          /* w.q */
    for (int j = 0; j < sums->d; j++) {
        norm += fabs(w[j]);
        steepest = fmax(steepest, fabs(q[j]));
        label -= w[j] * sums->slope[j];
        along += w[j] * q[j];
    }
    const double square = label - along;
    const double most = weight / steepest;
    const double scale = fmax(-most, fmin(most, label / square));
    const double objective = 0.5 * square + weight * norm;
    return (objective - scale * label + 0.5 * scale * scale * square) / objective;
}

/* Returns the gap; the gradient q follows every step. */
static double descend(const Sums *sums, double weight, double w[], double q[])
{
    const int step = 1;
    double gap = INFINITY;
    for (int sweep = 0; sweep < 100000 && gap > tolerance; sweep++) {
        for (int j = 0; j < sums->d; j++) {
            const double *column = sums->gram + (size_t)j * (size_t)sums->d;
            const double pull = q[j] + column[j] * w[j];
            const double next = copysign(fmax(fabs(pull) - weight, 0.0), pull) / column[j];
            const double back = w[j] - next;
            if (back != 0.0) {
                daxpy_(&sums->d, &back, column, &step, q, &step);
                w[j] = next;
            }
        }
        gap = gap_of(sums, w, q, weight);
    }
    return gap;
}

static Spent plain(const Case *c)
{
    Spent spent = {0};
    start(&spent);
    Sums sums = make_sums(&c->samples);
    double *w = checked_alloc((size_t)sums.d, sizeof *w);
    double *q = checked_alloc((size_t)sums.d, sizeof *q);
    memcpy(q, sums.slope, (size_t)sums.d * sizeof *q);
    for (int k = 0; k < c->count; k++) {
        const double gap = descend(&sums, weight_decay(c, k) * sqrt(sums.d), w, q);
        spent.gap = fmax(spent.gap, gap);
    }
    stop(&spent);
    for (int j = 0; j < sums.d; j++) {
        spent.active += w[j] != 0.0;
    }
    free(w);
    free(q);
    free(sums.gram);
    free(sums.slope);
    return spent;
}

static void print(const char *name, const Spent *spent)
{
    printf("  %-6s %.3f s (cpu %.3f), largest gap %.1e, %g active at the end\n", name,
           spent->wall, spent->processor, spent->gap, spent->active);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench(double n, double d, int count, double from, double to)
{
    Case c = {.problem = {.model = MODEL_DIAGONAL,
                          .method = METHOD_TRAINING,
                          .source_exponent = 1.25,
                          .noise = 0.1,
                          .dimension = d,
                          .samples = n,
                          .seed = 1,
                          .tolerance = tolerance,
                          .width = 1},
              .count = count,
              .from = from,
              .to = to};
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    SamplesSpec spec = samples_spec(&c.problem);
    spec.store = STORE_DOUBLE;
    const double begun = MPI_Wtime();
    c.samples = samples_create(MPI_COMM_WORLD, &spec);
    if (rank == 0) {
        printf("%g samples of %g, %d weight decays from %g to %g; data made in %.1f s\n", n, d,
               count, from, to, MPI_Wtime() - begun);
    }
    double gain[TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        const Spent here = ours(&c);
        const Spent there = plain(&c);
        gain[turn] = there.processor / here.processor;
        if (rank == 0) {
            print("ours", &here);
            print("plain", &there);
        }
    }
    qsort(gain, TURNS, sizeof *gain, ascending);
    if (rank == 0) {
        printf("  %.2f times less cpu than plain\n", gain[TURNS / 2]);
        fflush(stdout);
    }
    samples_free(&c.samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    if (argc > 5) {
        bench(atof(argv[1]), atof(argv[2]), atoi(argv[3]), atof(argv[4]), atof(argv[5]));
    } else {
        bench(1e6, 300, 1, 0.03, 0.03);
        bench(1e4, 1000, 100, 0.3, 0.003);
    }
    MPI_Finalize();
    return 0;
}
