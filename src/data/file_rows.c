/* A file is read once, forward, whatever order its rows are wanted in: the wanted ones are
 * sorted, and each is put where it belongs. */
#include "phasesweep/data/file_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/table/table.h"

/* Rows read at once; keys of the order made at once. */
enum { BATCH = 512, KEYS = 4096 };

typedef struct Keyed {
    double key;
    int64_t row;
} Keyed;

/* Ties, one in 2^52, by number. */
static int by_key(const void *a, const void *b)
{
    const Keyed *x = a;
    const Keyed *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->row > y->row) - (x->row < y->row);
}

int64_t *file_rows_order(uint64_t seed, int64_t rows)
{
    assert(rows >= 0);
    Keyed *keyed = checked_alloc((size_t)rows, sizeof *keyed);
    double keys[KEYS];
    for (int64_t row = 0; row < rows; row++) {
        if (row % KEYS == 0) {
            rng_uniforms(seed, RNG_ROWS, (uint64_t)(row / KEYS), KEYS, keys);
        }
        keyed[row] = (Keyed){keys[row % KEYS], row};
    }
    qsort(keyed, (size_t)rows, sizeof *keyed, by_key);
    int64_t *order = checked_alloc((size_t)rows, sizeof *order);
    for (int64_t k = 0; k < rows; k++) {
        order[k] = keyed[k].row;
    }
    free(keyed);
    return order;
}

/* A row of the file, and its place in the share: of training, or of the test behind it. */
typedef struct Wanted {
    int64_t row, place;
} Wanted;

static int by_row(const void *a, const void *b)
{
    const Wanted *x = a;
    const Wanted *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* In the order of the rows: those of the test are passed over. */
static int64_t place_of(const FileSpec *spec, int64_t trained)
{
    return trained < spec->test_first ? trained : trained + spec->hold_out;
}

/* [rows + tested], ascending; owned by the caller. */
static Wanted *list_wanted(const FileRows *share, int64_t test_first)
{
    const FileSpec *spec = &share->spec;
    int64_t *order = file_rows_order(spec->seed, spec->file.rows);
    const int64_t count = share->rows + share->tested;
    Wanted *wanted = checked_alloc((size_t)count, sizeof *wanted);
    for (int64_t k = 0; k < count; k++) {
        wanted[k] =
            (Wanted){order[k < share->rows ? place_of(spec, share->first + k)
                                           : spec->test_first + test_first + k - share->rows],
                     k};
    }
    free(order);
    qsort(wanted, (size_t)count, sizeof *wanted, by_row);
    return wanted;
}

static void put_row(FileRows *share, int64_t place, const double x[], double label)
{
    const size_t d = (size_t)share->spec.dimension;
    if (place >= share->rows) {
        const size_t k = (size_t)(place - share->rows);
        memcpy(share->test_features + k * d, x, d * sizeof *x);
        share->test_labels[k] = label;
        return;
    }
    const size_t k = (size_t)place;
    share->labels[k] = label;
    for (size_t i = 0; i < d && share->rounded != NULL; i++) {
        share->rounded[k * d + i] = (float)x[i];
    }
    if (share->features != NULL) {
        memcpy(share->features + k * d, x, d * sizeof *x);
    }
}

/* NULL, or what is wrong. */
static char *read_wanted(FileRows *share, Table *table, const Wanted wanted[], int64_t count)
{
    const size_t d = (size_t)share->spec.dimension;
    double *features = checked_alloc(BATCH * d, sizeof *features);
    double labels[BATCH];
    int64_t row[BATCH];
    char *why = NULL;
    for (int64_t done = 0; done < count && why == NULL; done += BATCH) {
        const int64_t some = count - done < BATCH ? count - done : BATCH;
        for (int64_t k = 0; k < some; k++) {
            row[k] = wanted[done + k].row;
        }
        why = table_read(table, row, (size_t)some, features, labels);
        for (int64_t k = 0; k < some && why == NULL; k++) {
            put_row(share, wanted[done + k].place, features + (size_t)k * d, labels[k]);
        }
    }
    free(features);
    return why;
}

/* The same shape may be of other numbers. */
static bool was_written(const DataFile *file)
{
    static const FileStamp unknown;
    const FileStamp now = file_stamp(file->file);
    return !file_stamp_same(&file->stamp, &unknown) && !file_stamp_same(&file->stamp, &now);
}

static void read_share(FileRows *share, int64_t test_first)
{
    const FileSpec *spec = &share->spec;
    const int64_t count = share->rows + share->tested;
    Table *table;
    char *why = table_open(spec->file.file, spec->file.target, &table);
    if (why == NULL &&
        (table_rows(table) != spec->file.rows || table_columns(table) != spec->dimension)) {
        why = checked_format("%s: has changed since the run began", spec->file.file);
    }
    if (why == NULL && count > 0) {
        Wanted *wanted = list_wanted(share, test_first);
        why = read_wanted(share, table, wanted, count);
        free(wanted);
    }
    table_close(table);
    if (why == NULL && was_written(&spec->file)) {
        why = checked_format("%s: has changed since the run began", spec->file.file);
    }
    if (why != NULL) {
        die(STATUS_ENVIRONMENT, "%s", why);
    }
}

static void take_row(const FileRows *share, int64_t row, double out[])
{
    const size_t d = (size_t)share->spec.dimension;
    for (size_t i = 0; i < d; i++) {
        out[i] = share->rounded != NULL ? (double)share->rounded[(size_t)row * d + i]
                                        : share->features[(size_t)row * d + i];
    }
}

/* Of the row before the share, which the nearest rank before that has rows hands over; x [d].
 * False where the share has none. */
static bool take_border(MPI_Comm team, const FileRows *share, double x[])
{
    const int d = share->spec.dimension;
    const int64_t n = share->spec.samples;
    int rank;
    int ranks;
    MPI_Comm_rank(team, &rank);
    MPI_Comm_size(team, &ranks);
    int before = MPI_PROC_NULL;
    int behind = MPI_PROC_NULL;
    if (share->rows > 0) {
        for (int k = 0; k < ranks; k++) {
            const bool some = dataset_share(n, k + 1, ranks) > dataset_share(n, k, ranks);
            before = some && k < rank ? k : before;
            behind = some && k > rank && behind == MPI_PROC_NULL ? k : behind;
        }
    }
    double *last = checked_alloc((size_t)d, sizeof *last);
    if (share->rows > 0) {
        take_row(share, share->rows - 1, last);
    }
    MPI_Sendrecv(last, d, MPI_DOUBLE, behind, 0, x, d, MPI_DOUBLE, before, 0, team,
                 MPI_STATUS_IGNORE);
    free(last);
    return before != MPI_PROC_NULL;
}

/* Of pairs of neighbours, which are independent: E (x.x')^2 = Tr Sigma^2, E (Tr Z Z')^2 =
 * |Cov Z|^2.  All n - 1 of them, on any team; NAN if there are none. */
static RowMoments measure(MPI_Comm team, const FileRows *share)
{
    const int d = share->spec.dimension;
    double *x = checked_alloc(2 * (size_t)d, sizeof *x);
    double sums[5] = {0}; /* |x|^2, |x|^4, (x.x')^2, (Tr Z Z')^2, pairs */
    bool paired = take_border(team, share, x + d);
    double last = 0.0;
    for (int i = 0; i < d; i++) {
        last += x[d + i] * x[d + i];
    }
    for (int64_t row = 0; row < share->rows; row++) {
        double *now = x + (row % 2) * d;
        const double *before = x + ((row + 1) % 2) * d;
        double square = 0.0;
        double product = 0.0;
        take_row(share, row, now);
        for (int i = 0; i < d; i++) {
            square += now[i] * now[i];
            product += now[i] * before[i];
        }
        sums[0] += square;
        sums[1] += square * square;
        if (paired) {
            const double both = (product * product - square - last) / d + 1.0;
            sums[2] += product * product;
            sums[3] += both * both;
            sums[4] += 1.0;
        }
        paired = true;
        last = square;
    }
    free(x);
    MPI_Allreduce(MPI_IN_PLACE, sums, 5, MPI_DOUBLE, MPI_SUM, team);
    const double n = (double)share->spec.samples;
    const double mean = sums[0] / n;
    return (RowMoments){.norm_variance = (sums[1] / n - mean * mean) / d,
                        .covariance_square = sums[2] / sums[4] / d / (mean / d * mean / d),
                        .pair_covariance = sums[3] / sums[4] / (2.0 * (d + 1) / d)};
}

FileRows file_rows_create(MPI_Comm team, const FileSpec *spec)
{
    int rank;
    int ranks;
    assert(spec->samples >= 1 && spec->hold_out >= 0 && spec->dimension >= 2);
    assert(spec->samples + spec->hold_out <= spec->file.rows);
    assert(spec->test_first >= 0 && spec->test_first <= spec->file.rows - spec->hold_out);
    MPI_Comm_rank(team, &rank);
    MPI_Comm_size(team, &ranks);
    FileRows share = {.spec = *spec};
    share.first = dataset_share(spec->samples, rank, ranks);
    share.rows = dataset_share(spec->samples, rank + 1, ranks) - share.first;
    const int64_t test_first = dataset_share(spec->hold_out, rank, ranks);
    share.tested = dataset_share(spec->hold_out, rank + 1, ranks) - test_first;
    const size_t d = (size_t)spec->dimension;
    const size_t entries = (size_t)share.rows * d;
    share.labels = checked_alloc((size_t)share.rows, sizeof *share.labels);
    share.features = spec->rounded ? NULL : checked_alloc(entries, sizeof *share.features);
    share.rounded = spec->rounded ? checked_alloc(entries, sizeof *share.rounded) : NULL;
    share.test_labels = checked_alloc((size_t)share.tested, sizeof *share.test_labels);
    share.test_features = checked_alloc((size_t)share.tested * d, sizeof *share.test_features);
    read_share(&share, test_first);
    share.moments = measure(team, &share);
    return share;
}

void file_rows_free(FileRows *rows)
{
    free(rows->labels);
    free(rows->features);
    free(rows->rounded);
    free(rows->test_labels);
    free(rows->test_features);
    *rows = (FileRows){0};
}

/* Of the rank with most rows.  The order, with its keys, is there while the file is read. */
size_t file_rows_memory(const FileSpec *spec, int ranks)
{
    const size_t d = (size_t)spec->dimension;
    const size_t rows = (size_t)dataset_share_most(spec->samples, ranks);
    const size_t tested = (size_t)dataset_share_most(spec->hold_out, ranks);
    return rows * (d * (spec->rounded ? 4 : 8) + 8) + tested * (d + 1) * 8 + BATCH * d * 8 +
           (size_t)spec->file.rows * (sizeof(Keyed) + sizeof(int64_t));
}

/* ---- views ------------------------------------------------------------------------------- */

static const double *features(const void *source, int64_t offset, int rows, double buffer[])
{
    const FileRows *share = source;
    const size_t d = (size_t)share->spec.dimension;
    if (share->rounded == NULL) {
        return share->features + (size_t)offset * d;
    }
    const float *rounded = share->rounded + (size_t)offset * d;
    for (size_t k = 0; k < (size_t)rows * d; k++) {
        buffer[k] = rounded[k];
    }
    return buffer;
}

static const DatasetOps kept = {features, NULL};

Dataset file_rows_dataset(const FileRows *rows)
{
    return (Dataset){.dimension = rows->spec.dimension,
                     .samples = rows->spec.samples,
                     .first = rows->first,
                     .rows = rows->rows,
                     .block_rows = dataset_block_rows(rows->spec.dimension),
                     .kept = rows->rounded == NULL,
                     .rounded = rows->rounded,
                     .labels = rows->labels,
                     .covariance = {.dimension = rows->spec.dimension},
                     .moments = rows->moments,
                     .ops = &kept,
                     .source = rows};
}

HoldOut file_rows_hold_out(const FileRows *rows)
{
    return (HoldOut){.dimension = rows->spec.dimension,
                     .all = rows->spec.hold_out,
                     .rows = rows->tested,
                     .features = rows->test_features,
                     .labels = rows->test_labels};
}
