/* Rows are made block by block and written as they come: memory is that of a block, however
 * many there are.  A file appears under its name when it is whole.
 */
#include "draw.h"

#include <errno.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/base/files.h"
#include "phasesweep/base/text.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/model.h"

/* Header and padding of NumPy's format 1.0 end at a multiple of 64 bytes. */
enum { ALIGNMENT = 64, HEAD = 10 };

/* A file being written. */
typedef struct Npy {
    char *path, *part; /* its name, and that until it is whole; owned */
    FILE *file;
} Npy;

static void fail(const Npy *npy)
{
    const int error = errno;
    remove(npy->part);
    die(file_status(error), "%s: %s", npy->path, strerror(error));
}

static void put(const Npy *npy, const void *bytes, size_t size)
{
    if (fwrite(bytes, 1, size, npy->file) != size) {
        fail(npy);
    }
}

/* columns 0: a vector. */
static void put_header(const Npy *npy, int64_t rows, int64_t columns)
{
    char *shape = columns == 0
                      ? checked_format("(%lld,)", (long long)rows)
                      : checked_format("(%lld, %lld)", (long long)rows, (long long)columns);
    char *text =
        checked_format("{'descr': '<f8', 'fortran_order': False, 'shape': %s, }", shape);
    const size_t bare = HEAD + strlen(text) + 1;
    const size_t length = (bare + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - HEAD;
    char *padded = checked_format("%-*s\n", (int)length - 1, text);
    const unsigned char head[HEAD] = {0x93,
                                      'N',
                                      'U',
                                      'M',
                                      'P',
                                      'Y',
                                      1,
                                      0,
                                      (unsigned char)(length & 255),
                                      (unsigned char)(length >> 8)};
    put(npy, head, sizeof head);
    put(npy, padded, length);
    free(padded);
    free(text);
    free(shape);
}

/* rows and columns as in put_header. */
static Npy begin(const char *name, const char *what, int64_t rows, int64_t columns)
{
    Npy npy = {.path = checked_format("%s_%s.npy", name, what)};
    npy.part = checked_format("%s.part", npy.path);
    npy.file = fopen(npy.part, "wb");
    if (npy.file == NULL) {
        die(file_status(errno), "%s: %s", npy.part, strerror(errno));
    }
    put_header(&npy, rows, columns);
    return npy;
}

static void end(Npy *npy)
{
    if (fclose(npy->file) != 0 || rename(npy->part, npy->path) != 0) {
        fail(npy);
    }
    free(npy->path);
    free(npy->part);
}

static void write_rows(const Samples *samples, const char *name)
{
    const Dataset data = samples_dataset(samples);
    const size_t d = (size_t)data.dimension;
    double *buffer = checked_alloc((size_t)data.block_rows * d, sizeof *buffer);
    Npy npy = begin(name, "x", data.samples, data.dimension);
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        put(&npy, block.features, (size_t)block.rows * d * sizeof(double));
    }
    end(&npy);
    free(buffer);
}

static void write_labels(const Samples *samples, const char *name)
{
    Npy npy = begin(name, "y", samples->rows, 0);
    put(&npy, samples->labels, (size_t)samples->rows * sizeof(double));
    end(&npy);
}

/* What lies between the teacher's i-th coefficient and its own where features are not
 * correlated: sigma_i, which a whitened one has in it. */
static double whitened_variance(const Samples *samples, size_t i)
{
    const bool whitened = samples->variances != NULL && samples->spec.block_correlation == 0.0;
    return whitened ? samples->variances[i] : 1.0;
}

/* S*_ij = sum_k O_ik s_k O_jk beside S; s~_i/sigma_i on the diagonal without a rotation. */
static double teacher_entry(const Samples *samples, size_t i, size_t j)
{
    const size_t d = (size_t)samples->spec.dimension;
    const Truth *truth = &samples->truth;
    double sum = 0.0;
    if (truth->rotation == NULL) {
        const double sigma = whitened_variance(samples, i);
        return i == j ? truth->teacher[i] / sigma : 0.0;
    }
    for (size_t k = 0; k < d; k++) {
        sum += truth->rotation[i + k * d] * truth->teacher[k] * truth->rotation[j + k * d];
    }
    return sum;
}

static void write_matrix(const Samples *samples, const char *name)
{
    const size_t d = (size_t)samples->spec.dimension;
    double *row = checked_alloc(d, sizeof *row);
    Npy npy = begin(name, "teacher", (int64_t)d, (int64_t)d);
    for (size_t i = 0; i < d; i++) {
        for (size_t j = 0; j < d; j++) {
            row[j] = teacher_entry(samples, i, j);
        }
        put(&npy, row, d * sizeof *row);
    }
    end(&npy);
    free(row);
}

static void write_vector(const Samples *samples, const char *name)
{
    Npy npy = begin(name, "teacher", samples->spec.dimension, 0);
    for (int i = 0; i < samples->spec.dimension; i++) {
        const double sigma = whitened_variance(samples, (size_t)i);
        const double theta = samples->truth.teacher[i] / sqrt(sigma);
        put(&npy, &theta, sizeof theta);
    }
    end(&npy);
}

void draw_check(const char *name)
{
    static const char *const parts[] = {"x", "y", "teacher"};
    char *folder = file_folder(name);
    if (access(folder, W_OK) != 0) {
        die(STATUS_WRONG_INPUT, "draw: -o %s: %s: %s; allowed: a folder to write into", name,
            folder, strerror(errno));
    }
    free(folder);
    for (int k = 0; k < 3; k++) {
        char *path = checked_format("%s_%s.npy", name, parts[k]);
        if (access(path, F_OK) == 0) {
            die(STATUS_WRONG_INPUT, "draw: %s is there already; allowed: a new NAME", path);
        }
        free(path);
    }
}

void draw_write(const Problem *problem, const char *name)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = STORE_NONE; /* exact rows also where a training rounds them */
    Samples samples = samples_create(MPI_COMM_SELF, &spec);
    write_rows(&samples, name);
    write_labels(&samples, name);
    if (model_has(problem->model, TRAIT_MATRIX)) {
        write_matrix(&samples, name);
    } else {
        write_vector(&samples, name);
    }
    samples_free(&samples);
}
