/* A checkpoint that is damaged, cut short or of something else is as good as none.
 *
 * usage: test_checkpoint [MUTANTS [SEED]]        default 2000 1, over all trainers */
#include <fcntl.h>
#include <math.h>
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "resume_case.h"

static char name[64];
static int luggage;
static int mutants = 2000;
static uint64_t seed = 1;

static bool at_fourth(void *context)
{
    return ++*(int *)context == 4;
}

static TrainerSettings small_settings(const Case *c, const char *identity)
{
    TrainerSettings settings = settings_of(c);
    settings.starts = 1; /* a short file */
    settings.checkpoint = name;
    settings.identity = identity;
    settings.identity_bytes = strlen(identity);
    settings.luggage = &luggage;
    settings.luggage_bytes = sizeof luggage;
    return settings;
}

static Case small_case(int k)
{
    Case c = cases[k];
    c.d = 6;
    c.p = c.p == 1 ? 1 : c.trainer == &trainer_factored ? 2 : 6;
    c.n = c.layout == LASSO_SUMS ? 50 : 20;
    c.tolerance = 1e-14;
    return c;
}

/* Is the file taken up by this trainer, with these settings? */
static bool taken(const Case *c, const TrainerSettings *settings)
{
    luggage = 0;
    Path *path = path_create(MPI_COMM_WORLD, c->trainer, settings);
    const bool is_taken = !isnan(path_resumes_at(path));
    assert_true(is_taken == (luggage == 17)); /* on all ranks */
    path_free(path);
    return is_taken;
}

/* The file of a training stopped early; false if it was over before. */
static bool leave_checkpoint(const Case *c)
{
    int asked = 0;
    TrainerSettings settings = small_settings(c, "one");
    settings.stop = at_fourth;
    settings.stop_context = &asked;
    if (rank_in_world() == 0) {
        remove(name);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    luggage = 17;
    const Problem problem = problem_of(c, 0);
    Path *path = path_create(MPI_COMM_WORLD, c->trainer, &settings);
    luggage = 17;
    const Observed end = path_solve(path, &problem, NULL, NULL);
    path_free(path);
    return end.stopped;
}

/* The root's, for all. */
static long file_size(void)
{
    struct stat file = {0};
    if (rank_in_world() == 0) {
        assert_true(stat(name, &file) == 0);
    }
    long size = (long)file.st_size;
    MPI_Bcast(&size, 1, MPI_LONG, 0, MPI_COMM_WORLD);
    return size;
}

static void flip(long at)
{
    if (rank_in_world() == 0) {
        const int file = open(name, O_RDWR);
        unsigned char byte;
        assert_true(pread(file, &byte, 1, at) == 1);
        byte ^= (unsigned char)(1 << at % 8);
        assert_true(pwrite(file, &byte, 1, at) == 1);
        close(file);
    }
}

static void test_flips(void **unused)
{
    (void)unused;
    for (int k = 0; k < CASES; k++) {
        const Case c = small_case(k);
        const TrainerSettings settings = small_settings(&c, "one");
        assert_true(leave_checkpoint(&c));
        const long size = file_size();
        assert_true(taken(&c, &settings));
        for (long at = 0; at < size; at++) {
            flip(at);
            assert_false(taken(&c, &settings));
            flip(at);
        }
        assert_true(taken(&c, &settings));
    }
}

static void test_lengths(void **unused)
{
    (void)unused;
    for (int k = 0; k < CASES; k++) {
        const Case c = small_case(k);
        const TrainerSettings settings = small_settings(&c, "one");
        assert_true(leave_checkpoint(&c));
        for (long size = file_size() - 1; size >= 0; size--) {
            if (rank_in_world() == 0) {
                assert_true(truncate(name, size) == 0);
            }
            assert_false(taken(&c, &settings));
        }
    }
}

/* Whole number below `bound`, the next of a stream. */
static long draw(uint64_t *state, long bound)
{
    return (long)(rng_uniform(seed, 15, 0, (*state)++) * (double)bound);
}

/* Some bytes changed, a piece copied elsewhere, cut or longer; the new size. */
static long mutate(uint64_t *state, char *bytes, long size)
{
    for (long k = draw(state, 4); k >= 0; k--) {
        const long at = draw(state, size);
        const long from = draw(state, size);
        const long room = size - (at > from ? at : from);
        switch (draw(state, 4)) {
        case 0:
            bytes[at] ^= (char)(1 << draw(state, 8));
            break;
        case 1:
            bytes[at] = (char)draw(state, 256);
            break;
        case 2:
            memset(bytes + at, draw(state, 2) == 0 ? 0 : 255, (size_t)(room < 8 ? room : 8));
            break;
        default:
            memmove(bytes + at, bytes + from, (size_t)(room < 64 ? room : 64));
        }
    }
    const long end = draw(state, 20);
    return end == 0 ? draw(state, size) : end == 1 ? size + 1 + draw(state, 16) : size;
}

/* On stderr since the last look, at rank 0. */
static int lines_said(void)
{
    int lines = 0;
    fflush(stderr);
    rewind(stderr);
    for (int letter; (letter = fgetc(stderr)) != EOF;) {
        lines += letter == '\n';
    }
    rewind(stderr);
    assert_int_equal(ftruncate(fileno(stderr), 0), 0);
    return lines;
}

static void move_file(const char *mode, char *bytes, long size)
{
    FILE *file = fopen(name, mode);
    const size_t moved = mode[0] == 'w' ? fwrite(bytes, 1, (size_t)size, file)
                                        : fread(bytes, 1, (size_t)size, file);
    assert_true(moved == (size_t)size && fclose(file) == 0);
}

/* Each is refused, with one line. */
static void test_mutants(void **unused)
{
    (void)unused;
    uint64_t state = 0;
    for (int k = 0; k < CASES; k++) {
        const Case c = small_case(k);
        const TrainerSettings settings = small_settings(&c, "one");
        assert_true(leave_checkpoint(&c));
        const long size = file_size();
        char *whole = calloc(2, (size_t)size + 16);
        char *bytes = whole + size + 16;
        if (rank_in_world() == 0) {
            move_file("rb", whole, size);
            lines_said();
        }
        for (int number = 0; number < mutants / CASES; number++) {
            memcpy(bytes, whole, (size_t)size + 16);
            const long now = mutate(&state, bytes, size);
            bool same = now == size && memcmp(bytes, whole, (size_t)size) == 0;
            if (rank_in_world() == 0) {
                move_file("wb", bytes, now);
            }
            MPI_Bcast(&same, 1, MPI_C_BOOL, 0, MPI_COMM_WORLD);
            assert_true(taken(&c, &settings) == same);
            if (rank_in_world() == 0) {
                const int lines = lines_said();
                assert_true(same || lines == 1);
            }
        }
        free(whole);
    }
}

/* Of another caller, another trainer, other choices; then the point begins anew and ends as if
 * there were no file. */
static void test_others(void **unused)
{
    (void)unused;
    for (int k = 0; k < CASES; k++) {
        const Case c = small_case(k);
        const Case d = small_case((k + 4) % CASES);
        TrainerSettings settings = small_settings(&c, "two");
        assert_true(leave_checkpoint(&c));
        assert_false(taken(&c, &settings));
        settings = small_settings(&d, "one");
        assert_false(taken(&d, &settings));
        settings = small_settings(&c, "one");
        settings.double_only = true;
        assert_false(taken(&c, &settings));
        /* the same caller, but data of another seed */
        settings = small_settings(&c, "one");
        Problem problem = problem_of(&c, 0);
        problem.seed = 8.0;
        Path *path = path_create(MPI_COMM_WORLD, c.trainer, &settings);
        const Observed met = path_solve(path, &problem, NULL, NULL);
        path_free(path);
        settings.checkpoint = NULL;
        path = path_create(MPI_COMM_WORLD, c.trainer, &settings);
        const Observed fresh = path_solve(path, &problem, NULL, NULL);
        path_free(path);
        assert_true(met.risk == fresh.risk && met.evaluations == fresh.evaluations);
    }
}

/* No folder to write it in: the training stops as it was told, and nothing dies. */
static void test_unwritable(void **unused)
{
    (void)unused;
    int asked = 0;
    const Case c = small_case(0);
    TrainerSettings settings = small_settings(&c, "one");
    settings.checkpoint = "no/such/folder/state";
    settings.stop = at_fourth;
    settings.stop_context = &asked;
    const Problem problem = problem_of(&c, 0);
    Path *path = path_create(MPI_COMM_WORLD, c.trainer, &settings);
    assert_true(path_solve(path, &problem, NULL, NULL).stopped);
    path_free(path);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    mutants = argc > 1 ? atoi(argv[1]) : mutants;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
    snprintf(name, sizeof name, "test_checkpoint.%d.state", (int)getppid());
    /* a line for each file that is not used */
    char said[64];
    snprintf(said, sizeof said, "test_checkpoint.%d.lines", (int)getpid());
    if (freopen(said, "w+", stderr) == NULL || unlink(said) != 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flips), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_mutants), cmocka_unit_test(test_others),
        cmocka_unit_test(test_unwritable)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(name);
    MPI_Finalize();
    return failed;
}
