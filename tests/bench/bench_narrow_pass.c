/* The pass over the data of a narrow network beside its two products by BLAS alone.
 *
 *     bench_narrow_pass [SAMPLES [DIMENSION ...]]
 *
 * 20000 samples in 400 and 1600 dimensions unless told otherwise.  For each dimension, store
 * and width: milliseconds of a pass of ours, residuals and sums in double included, and of X F
 * and X^T (X F) by BLAS on the same rows: block by block, each in cache between the two, as
 * passes of wide networks have them; and in one call each.  Then what reading the rows once
 * takes, below which nothing can be.  Medians of turns, and of their ratios; one core's
 * processor seconds. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/rng.h"
#include "factored/narrow_pass.h"

enum { TURNS = 15, MOST = 12 };

typedef struct Case {
    int d, rows, block, columns;
    const void *x; /* [d x rows] */
    double *factor, *product, *sum;
    float *factor_single, *product_single, *sum_single;
} Case;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Both products, `block` rows at a time. */
static double blas_seconds(const Case *c, int block, bool single)
{
    const double one = 1.0;
    const double zero = 0.0;
    const float one_single = 1.0F;
    const float zero_single = 0.0F;
    const double start = seconds();
    for (int row = 0; row < c->rows; row += block) {
        const int rows = c->rows - row < block ? c->rows - row : block;
        const size_t at = (size_t)row * (size_t)c->d;
        if (single) {
            const float *x = (const float *)c->x + at;
            sgemm_("T", "N", &rows, &c->columns, &c->d, &one_single, x, &c->d, c->factor_single,
                   &c->d, &zero_single, c->product_single, &rows, 1, 1);
            sgemm_("N", "N", &c->d, &c->columns, &rows, &one_single, x, &c->d,
                   c->product_single, &rows, &one_single, c->sum_single, &c->d, 1, 1);
        } else {
            const double *x = (const double *)c->x + at;
            dgemm_("T", "N", &rows, &c->columns, &c->d, &one, x, &c->d, c->factor, &c->d, &zero,
                   c->product, &rows, 1, 1);
            dgemm_("N", "N", &c->d, &c->columns, &rows, &one, x, &c->d, c->product, &rows, &one,
                   c->sum, &c->d, 1, 1);
        }
    }
    return seconds() - start;
}

static double our_seconds(NarrowPass *pass, const double factor[])
{
    double loss;
    const double start = seconds();
    narrow_pass_run(pass, 1, factor, &loss);
    return seconds() - start;
}

/* A number of each cache line of the rows, some streams at a time. */
static double read_seconds(const Case *c, size_t bytes)
{
    enum { LINE = 64, STREAMS = 8 };
    const size_t stream = bytes / STREAMS / LINE * LINE;
    const char *x = c->x;
    unsigned sum = 0;
    const double start = seconds();
    for (size_t k = 0; k < stream; k += LINE) {
        for (size_t s = 0; s < STREAMS; s++) {
            sum += (unsigned char)x[s * stream + k];
        }
    }
    const double spent = seconds() - start;
    c->product[0] = sum; /* so that it is formed */
    return spent;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double x[TURNS])
{
    qsort(x, TURNS, sizeof *x, ascending);
    return x[TURNS / 2];
}

static void compare(const Dataset *data, Case *c, int width, bool single)
{
    NarrowPass pass = narrow_pass_create(MPI_COMM_SELF, data, width, 1, false);
    double ours[TURNS];
    double blocks[TURNS];
    double whole[TURNS];
    double reading[TURNS];
    double gain[TURNS];
    double gain_whole[TURNS];
    pass.single = single;
    c->columns = width;
    for (int k = 0; k < TURNS; k++) {
        ours[k] = our_seconds(&pass, c->factor);
        blocks[k] = blas_seconds(c, c->block, single);
        whole[k] = blas_seconds(c, c->rows, single);
        reading[k] = read_seconds(c, (size_t)c->rows * (size_t)c->d * (single ? 4 : 8));
        gain[k] = blocks[k] / ours[k];
        gain_whole[k] = whole[k] / ours[k];
    }
    printf("d %4d %s p %2d: ours %6.2f ms; BLAS in blocks %6.2f, ratio %.2f; in one call each "
           "%6.2f, ratio %.2f; reading alone %6.2f\n",
           c->d, single ? "float " : "double", width, 1e3 * median(ours), 1e3 * median(blocks),
           median(gain), 1e3 * median(whole), median(gain_whole), 1e3 * median(reading));
    fflush(stdout);
    narrow_pass_free(&pass);
}

static void bench(int n, int d, SampleStore store)
{
    static const int widths[] = {4, 2, 1, 8, MOST};
    const Problem problem = {.model = MODEL_QUADRATIC,
                             .source_exponent = 1.25,
                             .noise = 0.1,
                             .samples = n,
                             .dimension = d,
                             .seed = 1.0,
                             .method = METHOD_TRAINING};
    SamplesSpec spec = samples_spec(&problem);
    spec.store = store;
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    const Dataset data = samples_dataset(&samples);
    const bool single = store == STORE_FLOAT;
    const size_t entries = (size_t)d * MOST;
    const size_t products = (size_t)n * MOST;
    Case c = {.d = d,
              .rows = n,
              .block = data.block_rows,
              .x = single ? (const void *)samples.rounded : samples.features,
              .factor = checked_alloc(entries, sizeof(double)),
              .product = checked_alloc(products, sizeof(double)),
              .sum = checked_alloc(entries, sizeof(double)),
              .factor_single = checked_alloc(entries, sizeof(float)),
              .product_single = checked_alloc(products, sizeof(float)),
              .sum_single = checked_alloc(entries, sizeof(float))};
    rng_normals(1, RNG_PROBE, 0, (int)entries, c.factor);
    for (size_t k = 0; k < entries; k++) {
        c.factor_single[k] = (float)c.factor[k];
    }
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
        compare(&data, &c, widths[k], single);
    }
    free(c.factor);
    free(c.product);
    free(c.sum);
    free(c.factor_single);
    free(c.product_single);
    free(c.sum_single);
    samples_free(&samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const int n = argc > 1 ? atoi(argv[1]) : 20000;
    for (int k = 2; k < argc || (argc <= 2 && k < 4); k++) {
        const int d = argc > 2 ? atoi(argv[k]) : k == 2 ? 400 : 1600;
        bench(n, d, STORE_DOUBLE);
        bench(n, d, STORE_FLOAT);
    }
    MPI_Finalize();
    return 0;
}
