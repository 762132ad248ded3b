/* Rows and labels: the same for any team and store, nested in n, with the right law. */
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "phasesweep/data/gaussian_rows.h"

enum { D = 37, N = 1000 };

static SamplesSpec spec_of(ModelId model, SampleStore store)
{
    return (SamplesSpec){.model = model,
                         .source_exponent = 1.25,
                         .noise = 0.1,
                         .seed = 11,
                         .dimension = D,
                         .samples = N,
                         .store = store,
                         .block_rows = 128};
}

/* All rows [n][d+1], the label last, gathered on every rank. */
static double *gather(MPI_Comm team, const SamplesSpec *spec)
{
    const size_t width = (size_t)spec->dimension + 1;
    double *all = calloc((size_t)spec->samples * width, sizeof *all);
    Samples samples = samples_create(team, spec);
    const Dataset data = samples_dataset(&samples);
    double *buffer = calloc((size_t)samples.spec.block_rows * width, sizeof *buffer);
    for (size_t k = 0; k < dataset_blocks(&data); k++) {
        const SampleBlock block = dataset_block(&data, k, buffer);
        for (int row = 0; row < block.rows; row++) {
            double *to = all + (size_t)(samples.first + block.offset + row) * width;
            memcpy(to, block.features + (size_t)row * (width - 1), (width - 1) * sizeof *to);
            to[width - 1] = block.labels[row];
        }
    }
    MPI_Allreduce(MPI_IN_PLACE, all, (int)((size_t)spec->samples * width), MPI_DOUBLE, MPI_SUM,
                  team);
    free(buffer);
    samples_free(&samples);
    return all;
}

/* The team, one rank alone, no store and a longer data set give the same bits. */
static void test_same_data(void **unused)
{
    (void)unused;
    const size_t bytes = (size_t)N * (D + 1) * sizeof(double);
    for (int model = 0; model < MODEL_COUNT; model++) {
        SamplesSpec spec = spec_of((ModelId)model, STORE_DOUBLE);
        double *one = gather(MPI_COMM_SELF, &spec);
        double *team = gather(MPI_COMM_WORLD, &spec);
        assert_memory_equal(one, team, bytes);
        spec.store = STORE_NONE;
        spec.block_rows = 0;
        double *none = gather(MPI_COMM_WORLD, &spec);
        assert_memory_equal(one, none, bytes);
        spec.samples = 3 * N / 2;
        double *more = gather(MPI_COMM_WORLD, &spec);
        assert_memory_equal(one, more, bytes);
        spec.store = STORE_FLOAT;
        double *rounded = gather(MPI_COMM_WORLD, &spec);
        for (size_t k = 0; k < (size_t)N * (D + 1); k++) {
            const bool label = k % (D + 1) == D;
            assert_true(rounded[k] == (label ? one[k] : (double)(float)one[k]));
        }
        free(one), free(team), free(none), free(more), free(rounded);
    }
}

/* Without noise a label is the teacher's output, here in its definition's terms. */
static void test_labels(void **unused)
{
    (void)unused;
    SamplesSpec spec = spec_of(MODEL_QUADRATIC, STORE_NONE);
    spec.noise = 0.0;
    spec.rotated = true;
    Samples samples = samples_create(MPI_COMM_WORLD, &spec);
    double *rows = gather(MPI_COMM_WORLD, &spec);
    double norm = 0.0;
    for (int i = 0; i < D; i++) {
        norm += samples.truth.teacher[i] * samples.truth.teacher[i] / D;
    }
    assert_true(fabs(norm - 1.0) < 1e-12);
    for (int mu = 0; mu < N; mu++) {
        const double *x = rows + mu * (D + 1);
        double y = 0.0;
        for (int k = 0; k < D; k++) {
            double overlap = 0.0;
            double length = 0.0;
            for (int i = 0; i < D; i++) {
                const double o = samples.truth.rotation[k * D + i];
                overlap += o * x[i];
                length += o * o;
            }
            assert_true(fabs(length - 1.0) < 1e-13);
            y += samples.truth.teacher[k] * (overlap * overlap - 1.0) / sqrt(D);
        }
        assert_true(fabs(y - x[D]) < 1e-12 * D);
    }
    free(rows);
    samples_free(&samples);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_data),
                                       cmocka_unit_test(test_labels)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    MPI_Finalize();
    return failed;
}
