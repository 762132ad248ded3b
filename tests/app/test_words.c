/* What a run says at its end: the line that goes on, as it was started. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "run_words.h"

static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE",
                                        "SLURM_STEP_ID", "PMI_SIZE", "MPI_LOCALNRANKS"};

/* With the variables whose bit is set in `given`. */
static void check_line(unsigned given, int ranks, const char *begin)
{
    for (size_t k = 0; k < sizeof variables / sizeof *variables; k++) {
        (given >> k & 1) != 0 ? setenv(variables[k], "1", 1) : unsetenv(variables[k]);
    }
    char *line = words_resume("a b.h5", "--retry ", ranks);
    assert_memory_equal(line, begin, strlen(begin));
    assert_string_equal(strstr(line, " resume "), " resume --retry 'a b.h5'");
    assert_int_equal(strstr(line, " -n ") != NULL, begin[0] != '\0');
    free(line);
}

static void test_launchers(void **unused)
{
    (void)unused;
    check_line(0, 1, "");
    check_line(0, 4, "mpirun -n 4 ");
    check_line(1 | 2, 1, "mpirun -n 1 ");
    check_line(1 | 2 | 4, 4, "mpirun -n 4 "); /* within a step */
    check_line(4, 4, "srun -n 4 ");
    check_line(4, 1, "srun -n 1 ");
    check_line(4 | 8, 4, "srun -n 4 "); /* srun --mpi=pmi2 */
    check_line(8, 4, "mpiexec -n 4 ");
    check_line(4 | 8 | 16, 4, "mpiexec -n 4 "); /* its daemons are a step */
}

/* All that is said of these counts; owned by the caller. */
static char *told(const PointCounts *counts)
{
    char *text = checked_alloc(4096, 1);
    FILE *file = tmpfile();
    const int kept = dup(STDERR_FILENO);
    const Job job = {0};
    dup2(fileno(file), STDERR_FILENO);
    words_end("a.h5", &job, counts, 1);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    text[fread(text, 1, 4095, file)] = '\0';
    fclose(file);
    return text;
}

/* Theory would end as before, and has no iteration_limit. */
static void test_advice(void **unused)
{
    (void)unused;
    for (size_t drawn = 0; drawn <= 1; drawn++) {
        const PointCounts counts = {.unconverged = 3, .drawn = drawn};
        char *text = told(&counts);
        assert_non_null(strstr(text, "a.h5 is complete"));
        assert_int_equal(strstr(text, "--retry") != NULL, drawn);
        assert_int_equal(strstr(text, "iteration_limit") != NULL, drawn);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_launchers),
                                       cmocka_unit_test(test_advice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
