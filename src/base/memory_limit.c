/* Everything that may limit the memory of a process, and the least of it. */
#include "phasesweep/base/memory_limit.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"

static const double slurm_megabyte = 1048576.0;

/* A number above 0 of the environment; INFINITY without one, as 0 means all in Slurm. */
static double from_environment(const char *name)
{
    const char *text = getenv(name);
    const double value = text != NULL ? text_number(text) : NAN;
    return value > 0.0 ? value : INFINITY;
}

static double slurm_limit(int ranks_on_node)
{
    const double cpus = from_environment("SLURM_CPUS_PER_TASK");
    const double per_cpu = from_environment("SLURM_MEM_PER_CPU") * (isinf(cpus) ? 1.0 : cpus);
    const double per_node = from_environment("SLURM_MEM_PER_NODE") / ranks_on_node;
    return slurm_megabyte * fmin(per_cpu, per_node);
}

/* The number in a file of one line; INFINITY for "max" and where there is no such file. */
static double number_in(const char *path)
{
    char line[64] = "";
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return INFINITY;
    }
    const bool any = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
    const double value = any ? text_number(line) : NAN;
    return value > 0.0 ? value : INFINITY;
}

/* The least limit along `group`, "/a/b", which is cut to "" on the way up.  In a container the
 * lower groups may be out of sight; the mounted one still is where its limit stands. */
static double limit_along(const char *root, const char *mount, char *group, const char *file)
{
    double least = INFINITY;
    for (;;) {
        char *path = checked_format("%s/sys/fs/cgroup%s%s/%s", root, mount, group, file);
        least = fmin(least, number_in(path));
        free(path);
        char *last = strrchr(group, '/');
        if (last == NULL) {
            return least;
        }
        *last = '\0';
    }
}

/* Is `name` among the words of a list "cpu,memory"? */
static bool in_list(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (; *list != '\0'; list += strspn(list, ",")) {
        const size_t word = strcspn(list, ",");
        if (word == length && strncmp(list, name, length) == 0) {
            return true;
        }
        list += word;
    }
    return false;
}

/* Lines of /proc/self/cgroup are HIERARCHY:CONTROLLERS:GROUP; version 2 is 0::GROUP, mounted at
 * the top or, beside version 1, under unified. */
static double cgroup_limit(const char *root)
{
    double least = INFINITY;
    char line[4096];
    char *path = checked_format("%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    free(path);
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (group == NULL) {
            continue;
        }
        *controllers++ = '\0';
        *group++ = '\0';
        if (controllers[0] == '\0') {
            char *again = checked_format("%s", group);
            least = fmin(least, limit_along(root, "", group, "memory.max"));
            least = fmin(least, limit_along(root, "/unified", again, "memory.max"));
            free(again);
        } else if (in_list(controllers, "memory")) {
            least = fmin(least, limit_along(root, "/memory", group, "memory.limit_in_bytes"));
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return least;
}

static double resource_limit(void)
{
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY};
    struct rlimit space = none;
    struct rlimit data = none;
    getrlimit(RLIMIT_AS, &space);
    getrlimit(RLIMIT_DATA, &data);
    const rlim_t least = space.rlim_cur < data.rlim_cur ? space.rlim_cur : data.rlim_cur;
    return least == RLIM_INFINITY ? INFINITY : (double)least;
}

double memory_per_rank_under(const char *root, int ranks_on_node)
{
    assert(root != NULL && ranks_on_node >= 1);
    const double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const double shared = fmin(0.9 * machine, cgroup_limit(root)) / ranks_on_node;
    return fmin(shared, fmin(slurm_limit(ranks_on_node), resource_limit()));
}

double memory_per_rank(int ranks_on_node)
{
    return memory_per_rank_under("", ranks_on_node);
}
