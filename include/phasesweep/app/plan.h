/* plan.h - what a job costs before it runs: time, memory, disk, and the ranks it is worth.
 *
 * What a point costs is the method's to say (method.h); what finished chains taught (cost.h)
 * corrects it.  The same groups feed the farm, so that the bill and the run speak of the same
 * tasks.
 *
 * Times are estimates from a machine of 2024 and may be off by a factor; memory counts
 * what every rank of a team holds (the program, matrices) and its share of the rows.
 */
#ifndef PHASESWEEP_APP_PLAN_H
#define PHASESWEEP_APP_PLAN_H

#include <stdint.h>

#include "phasesweep/archive/resume.h"
#include "phasesweep/engine/simulate.h"
#include "phasesweep/study/job.h"

typedef struct PlanSettings {
    double memory;          /* bytes a rank may use; INFINITY: no limit */
    const CostModel *model; /* NULL: nothing learned; borrowed */
} PlanSettings;

/* One chain of a job. */
typedef struct PlanChain {
    uint32_t sweep, chain;
} PlanChain;

/* What a run knows of a chain. */
typedef struct PlanMark {
    bool late;     /* to start after all others */
    double points; /* of it to be computed, > 0 */
    double spent;  /* seconds of one rank that its checkpoint holds (path_spent), 0: none */
} PlanMark;

/* What one chain asks for. */
typedef struct PlanCost {
    TaskGroup task; /* first and count unset; least is INT_MAX if no team has the memory */
    double memory;  /* bytes on each rank of a team of least */
} PlanCost;

/* A job, or a part of it, as tasks: task k is chains[k]. */
typedef struct Plan {
    const Job *job; /* borrowed */
    PlanSettings settings;
    PlanChain *chains; /* [chain_count] the longest first; owned */
    size_t chain_count;
    TaskGroup *groups; /* [group_count] of equal chains; owned */
    size_t group_count;
} Plan;

/* Sums over chains of a plan. */
typedef struct PlanTotal {
    size_t points, chains;
    double seconds; /* of one core */
    double memory;  /* bytes on a rank, of the chain that needs most */
    int least;      /* ranks without which some chain does not fit; INT_MAX: none do */
    int most;       /* ranks of use to one chain */
} PlanTotal;

/* Local.  Cost class of a point, below COST_CLASSES: its model, its method and whether it is
 * convex.  And the names of all classes in order, separated by blanks, owned by the caller: an
 * archive keeps a cost model by name. */
int plan_class(const Problem *problem);
char *plan_classes(void);

/* Local.  Cost of a chain; its points are taken to lie between the first and the last.  A
 * chain that draws data and does not fit has least = INT_MAX. */
PlanCost plan_cost(const Sweep *sweep, size_t chain, const PlanSettings *settings);

/* Local.  All chains of a job, or the `count` given ones (taken over); marks: [count] or NULL,
 * for all of their points in any order.  Release with plan_free.  Groups are sorted by
 * assumed seconds, the longest first; the job must outlive the plan. */
Plan plan_create(const Job *job, const PlanSettings *settings);
Plan plan_of_chains(const Job *job, const PlanSettings *settings, PlanChain *chains,
                    const PlanMark marks[], size_t count);
/* What a run of an archive computes: chains that died with a run before come last, so that they
 * do not hold up others, or take them down again; lost ones are not planned.  path: of the
 * archive, without a symbolic link; what checkpoints beside it have done is counted. */
Plan plan_of_open(const Job *job, const PlanSettings *settings, const OpenChains *open,
                  const char *path);
void plan_free(Plan *plan);

/* Local.  Sums over one sweep of the plan.  Seconds with what was learned; sweep below
 * sweep_count. */
PlanTotal plan_total(const Plan *plan, size_t sweep);

/* Local.  Ranks that compute when `mpirun -n ranks` finds a core for each: the master is one
 * of them unless there are very many. */
int plan_workers(int ranks, bool *master);

/* Local.  The farm's own schedule on a clock that only counts, at `ranks` ranks.  Short chains
 * of which a rank gets very many are counted in packs. */
Simulated plan_simulate(const Plan *plan, int ranks);

/* Local.  Seconds of such a run from its command to its end: chains, MPI and the file. */
double plan_wall(const Simulated *run);

/* Local.  One line for each sweep with chains that take longer than `seconds` on any team of
 * `workers` ranks and cannot be interrupted, naming what they need; NULL if there are none.
 * model: what was learned.  Owned by the caller. */
char *plan_too_long(const Plan *plan, int workers, double seconds, const CostModel *model);

/* Ranks that a run is planned for. */
enum { PLAN_RANKS_MOST = 65536 };

/* Local.  The most ranks, a power of two up to `most`, that still do 90 % of useful work; or
 * the fewest on which more chains fit than on less, up to PLAN_RANKS_MOST. *result: the
 * simulated run on so many. */
int plan_best_ranks(const Plan *plan, int most, Simulated *result);

/* Local.  One line for each sweep with chains that do not fit `workers` ranks that
 * compute, naming what they need and how many ranks would do; NULL if all fit.  Owned by the
 * caller. */
char *plan_refusals(const Plan *plan, int workers);

#endif
