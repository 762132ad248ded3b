/* memory_limit.h - how many bytes of memory one rank may use here.
 *
 * The one answer for `plan`, `run` and `point`: the least of
 *   Slurm   SLURM_MEM_PER_CPU times SLURM_CPUS_PER_TASK, or SLURM_MEM_PER_NODE shared by the
 *           ranks of the node
 *   cgroup  the limits of this process's group and of all groups above it, versions 1 and 2,
 *           shared by the ranks of the node (containers, Slurm, systemd)
 *   rlimit  RLIMIT_AS and RLIMIT_DATA, which every process has for itself
 *   machine nine tenths of the physical memory, shared by the ranks of the node: the rest is
 *           the system's
 * What is not set or not readable does not count.
 */
#ifndef PHASESWEEP_BASE_MEMORY_LIMIT_H
#define PHASESWEEP_BASE_MEMORY_LIMIT_H

/* Local.  Bytes, above 0, for one of `ranks_on_node` >= 1 ranks of this node. */
double memory_per_rank(int ranks_on_node);

/* Local.  The same with the files /proc/self/cgroup and /sys/fs/cgroup looked for below the
 * folder `root`, for tests; "" is this machine. */
double memory_per_rank_under(const char *root, int ranks_on_node);

#endif
