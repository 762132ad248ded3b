/* A checkpoint that is damaged, cut short or of something else is as good as none. */
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

#include "resume_case.h"

static char name[64];
static int luggage;

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
    snprintf(name, sizeof name, "test_checkpoint.%d.state", (int)getppid());
    /* a line for each file that is not used */
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flips), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_others), cmocka_unit_test(test_unwritable)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(name);
    MPI_Finalize();
    return failed;
}
