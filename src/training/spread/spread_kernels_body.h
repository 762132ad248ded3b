/* spread_kernels_body.h - the kernels in the precision REAL, with its BLAS; included once for
 * each.  ACCUMULATES: products are added to sums as they are, else by way of `partial`. */

static const REAL NAME(unit) = 1;
static const REAL NAME(zero) = 0;

CLONES
static void NAME(pick)(const double x[], int d, int samples, int block, int mine, int places,
                       void *to)
{
    REAL *out = to;
    for (int sample = 0; sample < samples; sample++, x += d) {
        for (int from = mine * block; from < d; from += places * block) {
            const int many = d - from < block ? d - from : block;
            for (int k = 0; k < many; k++) {
                out[k] = (REAL)x[from + k];
            }
            out += many;
        }
    }
}

/* out += sum over the rows of a strip. */
CLONES
static void NAME(add_dots)(const REAL product[], const REAL left[], int rows, int leading,
                           int samples, double out[])
{
    for (int sample = 0; sample < samples; sample++) {
        REAL sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int k = 0; k < rows; k++) {
            sum += product[k] * left[k];
        }
        out[sample] += sum;
        product += rows;
        left += leading;
    }
}

static void NAME(outputs)(const LowerTriangle *triangle, const void *network, const void *left,
                          const void *right, int samples, void *product, double out[])
{
    const int rows = triangle->rows;
    int columns = 0; /* that reach the strip */
    memset(out, 0, (size_t)samples * sizeof *out);
    for (int row = 0; row < rows; row += STRIP) {
        const int many = rows - row < STRIP ? rows - row : STRIP;
        while (columns < triangle->columns && triangle->start[columns] < row + many) {
            columns++;
        }
        if (columns > 0) {
            GEMM("N", "N", &many, &samples, &columns, &NAME(unit), (const REAL *)network + row,
                 &rows, right, &triangle->columns, &NAME(zero), product, &many, 1, 1);
            NAME(add_dots)(product, (const REAL *)left + row, many, rows, samples, out);
        }
    }
}

CLONES
static void NAME(scale)(const REAL x[], const double v[], int columns, int samples,
                        REAL scaled[])
{
    for (int sample = 0; sample < samples; sample++) {
        const REAL factor = (REAL)v[sample];
        for (int k = 0; k < columns; k++) {
            scaled[k] = factor * x[k];
        }
        x += columns;
        scaled += columns;
    }
}

static void NAME(add_squares)(const LowerTriangle *triangle, const void *left,
                              const void *right, int samples, const double v[], void *scaled,
                              void *partial, double sum[])
{
    const int rows = triangle->rows;
    const int columns = triangle->columns;
    NAME(scale)(right, v, columns, samples, scaled);
    for (int column = 0; column < columns; column += STRIP) {
        const int many = columns - column < STRIP ? columns - column : STRIP;
        const int start = triangle->start[column];
        const int below = rows - start;
        double *to = sum + start + (size_t)column * (size_t)rows;
        if (below == 0) {
            continue;
        }
        REAL *target = ACCUMULATES ? (REAL *)(void *)to : partial;
        const int leading = ACCUMULATES ? rows : below;
        GEMM("N", "T", &below, &many, &samples, &NAME(unit), (const REAL *)left + start, &rows,
             (const REAL *)scaled + column, &columns, ACCUMULATES ? &NAME(unit) : &NAME(zero),
             target, &leading, 1, 1);
        for (int k = 0; !ACCUMULATES && k < many; k++) {
            for (int row = 0; row < below; row++) {
                to[row + (size_t)k * (size_t)rows] += target[row + (size_t)k * (size_t)below];
            }
        }
    }
}

const SpreadKernels KERNELS = {NAME(pick), NAME(outputs), NAME(add_squares)};
