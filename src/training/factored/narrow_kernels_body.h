/* narrow_kernels_body.h - the narrow kernels in the precision REAL; included once for each.
 *
 * `rows` and `columns` of the inlined functions are constants where they are called, so that
 * their loops are unrolled and all sums stay in registers.
 */

/* A line of numbers, wherever it lies. */
typedef REAL NAME(Line) __attribute__((vector_size(LINE), aligned(sizeof(REAL)), may_alias));
enum { NAME(LANES) = LINE / sizeof(REAL), NAME(PIECE) = PIECE_LINES * NAME(LANES) };

/* Sums of a group of rows with some columns, each in lanes. */
typedef struct NAME(Sums) {
    NAME(Line) of[TOGETHER][GROUP];
} NAME(Sums);

/* Ask for a line of each of two rows: a hint that reads nothing, past the last row neither. */
INLINE void NAME(ask)(const REAL row[], size_t d)
{
    __builtin_prefetch(row, 0, 2);
    __builtin_prefetch(row + d, 0, 2);
}

/* Entries from `first` to `end`, of whole lines. */
INLINE void NAME(project_piece)(size_t d, size_t first, size_t end, int columns, int rows,
                                const REAL factor[], const REAL x[], NAME(Sums) * sums)
{
    NAME(Sums) sum = *sums;
    for (size_t i = first; i < end; i += NAME(LANES)) {
        NAME(Line) at[GROUP] = {{0}};
#pragma GCC unroll 4
        for (int row = 0; row < rows; row++) {
            at[row] = *(const NAME(Line) *)(x + (size_t)row * d + i);
        }
        NAME(ask)(x + NARROW_STRIP * d + i, d);
#pragma GCC unroll 4
        for (int k = 0; k < columns; k++) {
            const NAME(Line) f = *(const NAME(Line) *)(factor + (size_t)k * d + i);
#pragma GCC unroll 4
            for (int row = 0; row < rows; row++) {
                sum.of[k][row] += at[row] * f;
            }
        }
    }
    *sums = sum;
}

INLINE void NAME(add_piece)(size_t d, size_t first, size_t end, int columns, int rows,
                            const REAL x[], const REAL product[], size_t leading, REAL sum[])
{
    for (size_t i = first; i < end; i += NAME(LANES)) {
        NAME(Line) at[GROUP] = {{0}};
#pragma GCC unroll 4
        for (int row = 0; row < rows; row++) {
            at[row] = *(const NAME(Line) *)(x + (size_t)row * d + i);
        }
        NAME(ask)(x + (NARROW_STRIP + 2) * d + i, d);
#pragma GCC unroll 4
        for (int k = 0; k < columns; k++) {
            NAME(Line) *to = (NAME(Line) *)(sum + (size_t)k * d + i);
            NAME(Line) total = *to;
#pragma GCC unroll 4
            for (int row = 0; row < rows; row++) {
                total += product[(size_t)k * leading + (size_t)row] * at[row];
            }
            *to = total;
        }
    }
}

/* CALL(columns, rows) with constants, but for the rows that no group is full of. */
#define WITH_CONSTANTS(CALL, columns, rows)                                                    \
    if ((rows) < GROUP) {                                                                      \
        CALL(columns, rows);                                                                   \
    } else if ((columns) == 1) {                                                               \
        CALL(1, GROUP);                                                                        \
    } else if ((columns) == 2) {                                                               \
        CALL(2, GROUP);                                                                        \
    } else if ((columns) == 3) {                                                               \
        CALL(3, GROUP);                                                                        \
    } else {                                                                                   \
        CALL(TOGETHER, GROUP);                                                                 \
    }

/* Lanes together, and the entries after the last whole line. */
INLINE REAL NAME(finish)(const NAME(Line) * lanes, size_t whole, size_t d, const REAL x[],
                         const REAL factor[])
{
    REAL total = 0;
#pragma omp simd reduction(+ : total)
    for (int lane = 0; lane < NAME(LANES); lane++) {
        total += (*lanes)[lane];
    }
    for (size_t i = whole; i < d; i++) {
        total += x[i] * factor[i];
    }
    return total;
}

/* At most TOGETHER columns.  A piece of them serves all groups of the strip while it is near.
 */
CLONES
static void NAME(project_some)(size_t d, int columns, int rows, const REAL factor[],
                               const REAL x[], REAL product[])
{
    NAME(Sums) sums[NARROW_STRIP / GROUP] = {0};
    const size_t whole = d - d % NAME(LANES);
    for (size_t first = 0; first < whole; first += NAME(PIECE)) {
        const size_t end = whole - first < NAME(PIECE) ? whole : first + NAME(PIECE);
        for (int row = 0; row < rows; row += GROUP) {
            const int group = rows - row < GROUP ? rows - row : GROUP;
#define CALL(columns, rows)                                                                    \
    NAME(project_piece)                                                                        \
    (d, first, end, columns, rows, factor, x + (size_t)row * d, sums + row / GROUP)
            WITH_CONSTANTS(CALL, columns, group)
#undef CALL
        }
    }
    for (int k = 0; k < columns; k++) {
        for (int row = 0; row < rows; row++) {
            product[k * rows + row] =
                NAME(finish)(&sums[row / GROUP].of[k][row % GROUP], whole, d,
                             x + (size_t)row * d, factor + (size_t)k * d);
        }
    }
}

CLONES
static void NAME(add_some)(size_t d, int columns, int rows, const REAL x[],
                           const REAL product[], REAL sum[])
{
    const size_t whole = d - d % NAME(LANES);
    for (size_t first = 0; first < whole; first += NAME(PIECE)) {
        const size_t end = whole - first < NAME(PIECE) ? whole : first + NAME(PIECE);
        for (int row = 0; row < rows; row += GROUP) {
            const int group = rows - row < GROUP ? rows - row : GROUP;
#define CALL(columns, group)                                                                   \
    NAME(add_piece)                                                                            \
    (d, first, end, columns, group, x + (size_t)row * d, product + row, (size_t)rows, sum)
            WITH_CONSTANTS(CALL, columns, group)
#undef CALL
        }
    }
    for (size_t i = whole; i < d; i++) {
        for (int k = 0; k < columns; k++) {
            for (int row = 0; row < rows; row++) {
                sum[(size_t)k * d + i] += product[k * rows + row] * x[(size_t)row * d + i];
            }
        }
    }
}

static void NAME(project)(int d, int columns, int rows, const void *factor, const void *x,
                          void *product)
{
    assert(rows <= NARROW_STRIP);
    for (int k = 0; k < columns; k += TOGETHER) {
        const int some = columns - k < TOGETHER ? columns - k : TOGETHER;
        NAME(project_some)
        ((size_t)d, some, rows, (const REAL *)factor + (size_t)k * (size_t)d, x,
         (REAL *)product + k * rows);
    }
}

static void NAME(add_back)(int d, int columns, int rows, const void *x, const void *product,
                           void *sum)
{
    assert(rows <= NARROW_STRIP);
    for (int k = 0; k < columns; k += TOGETHER) {
        const int some = columns - k < TOGETHER ? columns - k : TOGETHER;
        NAME(add_some)
        ((size_t)d, some, rows, x, (const REAL *)product + k * rows,
         (REAL *)sum + (size_t)k * (size_t)d);
    }
}

const NarrowKernels KERNELS = {NAME(project), NAME(add_back)};

#undef WITH_CONSTANTS
