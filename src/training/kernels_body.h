/* kernels_body.h - the kernels in the precision REAL, with its BLAS; included once for each.
 * ACCUMULATES: products are added to sums as they are, else by way of `partial`. */

static const REAL NAME(unit) = 1;
static const REAL NAME(minus) = -1;
static const REAL NAME(zero) = 0;

/* Where products of a block go, and the factor of what is there. */
#if ACCUMULATES
#define TARGET(sum, partial) ((void)(partial), (sum))
#define KEPT NAME(unit)
#else
#define TARGET(sum, partial) ((REAL *)(partial))
#define KEPT NAME(zero)
#endif

CLONES
static void NAME(squared_columns)(const REAL product[], int rank, int rows, double out[])
{
    for (int row = 0; row < rows; row++) {
        const REAL *column = product + (size_t)row * (size_t)rank;
        REAL sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < rank; k++) {
            sum += column[k] * column[k];
        }
        out[row] = sum;
    }
}

static void NAME(outputs)(int d, int rank, int rows, const void *factor, const void *x,
                          void *product, double out[])
{
    GEMM("T", "N", &rank, &rows, &d, &NAME(unit), factor, &d, x, &d, &NAME(zero), product,
         &rank, 1, 1);
    NAME(squared_columns)(product, rank, rows, out);
}

CLONES
static void NAME(inner_columns)(const REAL a[], const REAL b[], int d, int rows, double out[])
{
    for (int row = 0; row < rows; row++) {
        const size_t start = (size_t)row * (size_t)d;
        REAL sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int i = 0; i < d; i++) {
            sum += a[start + (size_t)i] * b[start + (size_t)i];
        }
        out[row] = sum;
    }
}

static void NAME(forms)(int d, int rows, const void *matrix, const void *x, void *product,
                        double out[])
{
    GEMM("N", "N", &d, &rows, &d, &NAME(unit), matrix, &d, x, &d, &NAME(zero), product, &d, 1,
         1);
    NAME(inner_columns)(x, product, d, rows, out);
}

/* Rows with v > 0 from the front, the others from the back, scaled by sqrt|v|; returns how
 * many are in front.  Then sum v x x^T is the product of the front with itself minus that of
 * the back: Debian's OpenBLAS has no dgemmt, and two dsyrk run near the speed of a square
 * product. */
CLONES
static int NAME(pack)(const REAL x[], const double v[], int d, int rows, REAL packed[])
{
    int front = 0;
    int back = rows;
    for (int row = 0; row < rows; row++) {
        REAL *to = packed + (size_t)(v[row] > 0.0 ? front++ : --back) * (size_t)d;
        const REAL *from = x + (size_t)row * (size_t)d;
        const REAL scale = (REAL)sqrt(fabs(v[row]));
#pragma omp simd
        for (int i = 0; i < d; i++) {
            to[i] = scale * from[i];
        }
    }
    return front;
}

static void NAME(add_squares)(int d, int rows, const void *x, const double v[], void *packed,
                              void *partial, double sum[])
{
    REAL *to = TARGET(sum, partial);
    const int front = NAME(pack)(x, v, d, rows, packed);
    const int back = rows - front;
    SYRK("L", "N", &d, &front, &NAME(unit), packed, &d, &KEPT, to, &d, 1, 1);
    SYRK("L", "N", &d, &back, &NAME(minus), (REAL *)packed + (size_t)front * (size_t)d, &d,
         &NAME(unit), to, &d, 1, 1);
    for (size_t column = 0; !ACCUMULATES && column < (size_t)d; column++) {
        for (size_t k = column * ((size_t)d + 1); k < (column + 1) * (size_t)d; k++) {
            sum[k] += to[k];
        }
    }
}

/* x comes first: OpenBLAS packs a large left operand faster than a large right one. */
static void NAME(project)(int d, int columns, int rows, const void *factor, const void *x,
                          void *product)
{
    GEMM("T", "N", &rows, &columns, &d, &NAME(unit), x, &d, factor, &d, &NAME(zero), product,
         &rows, 1, 1);
}

CLONES
static void NAME(add_products)(int columns, int rows, const void *a, const void *b,
                               double out[])
{
    for (int k = 0; k < columns; k++) {
        const REAL *v = (const REAL *)a + (size_t)k * (size_t)rows;
        const REAL *w = (const REAL *)b + (size_t)k * (size_t)rows;
#pragma omp simd
        for (int row = 0; row < rows; row++) {
            out[row] += (double)v[row] * (double)w[row];
        }
    }
}

CLONES
static void NAME(scale_rows)(int columns, int rows, const double r[], void *product)
{
    for (int k = 0; k < columns; k++) {
        REAL *v = (REAL *)product + (size_t)k * (size_t)rows;
#pragma omp simd
        for (int row = 0; row < rows; row++) {
            v[row] *= (REAL)r[row];
        }
    }
}

static void NAME(add_back)(int d, int columns, int rows, const void *x, const void *product,
                           void *partial, double sum[])
{
    REAL *to = TARGET(sum, partial);
    GEMM("N", "N", &d, &columns, &rows, &NAME(unit), x, &d, product, &rows, &KEPT, to, &d, 1,
         1);
    for (int k = 0; !ACCUMULATES && k < d * columns; k++) {
        sum[k] += to[k];
    }
}

const Kernels KERNELS = {NAME(outputs),      NAME(add_squares), NAME(forms),   NAME(project),
                         NAME(add_products), NAME(scale_rows),  NAME(add_back)};

#undef TARGET
#undef KEPT
