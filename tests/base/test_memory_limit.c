/* Memory of a rank: each of its limits alone, and the least of several. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/memory_limit.h"

static const double mega = 1048576.0;
static char root[] = "/tmp/memory_limit_XXXXXX";

/* A file below root, with its folders. */
static void put(const char *name, const char *text)
{
    char *path = checked_format("%s/%s", root, name);
    for (char *end = strchr(path + strlen(root) + 1, '/'); end != NULL;
         end = strchr(end + 1, '/')) {
        *end = '\0';
        mkdir(path, 0700);
        *end = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    free(path);
}

static void forget(const char *name)
{
    char *path = checked_format("%s/%s", root, name);
    remove(path);
    free(path);
}

/* Before every test: no batch system, no group.  The tests' own limits are far below what any
 * machine has. */
static int nothing_set(void **unused)
{
    (void)unused;
    unsetenv("SLURM_MEM_PER_CPU");
    unsetenv("SLURM_CPUS_PER_TASK");
    unsetenv("SLURM_MEM_PER_NODE");
    forget("proc/self/cgroup");
    return 0;
}

static void test_machine(void **unused)
{
    (void)unused;
    const double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const double alone = memory_per_rank_under(root, 1);
    assert_true(alone > 0.0 && alone <= 0.9 * machine);
    assert_true(memory_per_rank_under(root, 1000000) <= 0.9 * machine / 1e6);
    assert_true(memory_per_rank(1) > 0.0 && memory_per_rank(1) <= alone);
}

/* What is granted a core is not shared by ranks, what is granted a node is; 0 means all. */
static void test_slurm(void **unused)
{
    (void)unused;
    const double free_of_it = memory_per_rank_under(root, 2);
    setenv("SLURM_MEM_PER_CPU", "6", 1);
    assert_true(memory_per_rank_under(root, 2) == 6.0 * mega);
    setenv("SLURM_CPUS_PER_TASK", "2", 1);
    assert_true(memory_per_rank_under(root, 2) == 12.0 * mega);
    setenv("SLURM_MEM_PER_CPU", "0", 1);
    assert_true(memory_per_rank_under(root, 2) == free_of_it);
    setenv("SLURM_MEM_PER_NODE", "8", 1);
    assert_true(memory_per_rank_under(root, 4) == 2.0 * mega);
}

/* Version 2: a group that says "max" is bound by the one above it. */
static void test_unified(void **unused)
{
    (void)unused;
    put("proc/self/cgroup", "0::/slurm/job_7/step_0\n");
    put("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
    put("sys/fs/cgroup/slurm/job_7/memory.max", "9000000\n");
    put("sys/fs/cgroup/slurm/memory.max", "max\n");
    assert_true(memory_per_rank_under(root, 3) == 3e6);
    put("sys/fs/cgroup/slurm/memory.max", "6000000\n");
    assert_true(memory_per_rank_under(root, 3) == 2e6);
    /* a container sees its own group as the top, whatever the path says */
    put("proc/self/cgroup", "0::/out/of/sight\n");
    put("sys/fs/cgroup/memory.max", "5000000\n");
    assert_true(memory_per_rank_under(root, 1) == 5e6);
    forget("sys/fs/cgroup/memory.max");
}

/* Version 1, where "no limit" is a huge number, and others' lines are not about memory. */
static void test_version_one(void **unused)
{
    (void)unused;
    const double free_of_it = memory_per_rank_under(root, 1);
    put("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
    put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "7000000\n");
    put("proc/self/cgroup", "5:cpuset:/a/b\n4:cpu,memory:/a/b\n0::/a/b\n");
    assert_true(memory_per_rank_under(root, 1) == 7e6);
    put("proc/self/cgroup", "5:cpuset:/a/b\n4:not_memory:/a/b\nnonsense\n");
    assert_true(memory_per_rank_under(root, 1) == free_of_it);
}

/* Limits of the process are its own; the least of all decides. */
static void test_process(void **unused)
{
    (void)unused;
    struct rlimit before;
    getrlimit(RLIMIT_DATA, &before);
    struct rlimit less = before;
    less.rlim_cur = 500000000;
    assert_int_equal(setrlimit(RLIMIT_DATA, &less), 0);
    assert_true(memory_per_rank_under(root, 1) <= 5e8);
    setenv("SLURM_MEM_PER_NODE", "40", 1);
    assert_true(memory_per_rank_under(root, 4) == 10.0 * mega);
    setrlimit(RLIMIT_DATA, &before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_machine, nothing_set),
                                       cmocka_unit_test_setup(test_slurm, nothing_set),
                                       cmocka_unit_test_setup(test_unified, nothing_set),
                                       cmocka_unit_test_setup(test_version_one, nothing_set),
                                       cmocka_unit_test_setup(test_process, nothing_set)};
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *command = checked_format("rm -rf %s", root);
    const int kept = system(command);
    free(command);
    return failed != 0 || kept != 0;
}
