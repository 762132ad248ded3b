/* From chains to tasks.  Chains of one shape, of one class, cost and need of ranks, form one
 * group, so that the schedule handles a few groups however many chains there are.  Task k is
 * chains[k], and a group is a run of k.
 *
 * The same plan feeds the farm, the bill of `plan` and the batch script, so that they cannot
 * disagree about what the tasks are.
 */
#include "phasesweep/app/plan.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/archive/side_files.h"
#include "phasesweep/base/check.h"
#include "phasesweep/base/duration.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/refined.h"
#include "phasesweep/training/path.h"

enum { PACKS_PER_RANK = 16, PACKS_LEAST = 4096 };

static const double start_overhead = 1e-4; /* seconds: a message, and a team if need be */
static const double start_of_run = 0.5;    /* seconds: MPI begins and ends, the file is made;
                                              measured, one node, Open MPI 4.1 */
static const double master_message = 3e-6; /* seconds: measured, doc/scaling.md */
static const double left_least = 0.01;     /* of what a chain takes from its beginning */
static const double good = 0.9;            /* efficiency that is worth more ranks */

/* ---- chains into groups -------------------------------------------------------------------
 */

typedef struct Costed {
    PlanChain chain;
    TaskGroup task;
} Costed;

/* Equal shapes side by side, the longest first. */
static int by_shape(const void *a, const void *b)
{
    const TaskGroup *x = &((const Costed *)a)->task;
    const TaskGroup *y = &((const Costed *)b)->task;
    const double of_x[] = {x->seconds, x->kind, x->least, x->most, x->serial,
                           x->points,  x->late, x->whole, x->spent};
    const double of_y[] = {y->seconds, y->kind, y->least, y->most, y->serial,
                           y->points,  y->late, y->whole, y->spent};
    for (size_t k = 0; k < sizeof of_x / sizeof *of_x; k++) {
        if (of_x[k] != of_y[k]) {
            return of_x[k] > of_y[k] ? -1 : 1;
        }
    }
    return 0;
}

/* Within a shape in the order of the job: equal jobs give equal plans. */
static int by_shape_and_chain(const void *a, const void *b)
{
    const PlanChain *x = &((const Costed *)a)->chain;
    const PlanChain *y = &((const Costed *)b)->chain;
    const int order = by_shape(a, b);
    if (order != 0) {
        return order;
    }
    return x->sweep != y->sweep ? (x->sweep < y->sweep ? -1 : 1)
                                : (x->chain < y->chain ? -1 : x->chain > y->chain);
}

/* What the checkpoint has done is off the time to come.  By what earlier runs have learned, for
 * that is a number of this machine.  Something is left in any case: to load the state and to
 * report takes time, and the schedule divides by it. */
static void take_off(TaskGroup *task, double spent, const CostModel *model)
{
    if (spent > 0.0) {
        const double factor = model != NULL ? model->factor[task->kind] : 1.0;
        task->whole = task->seconds;
        task->spent = spent;
        const double left = duration_left(factor * task->whole, spent) / factor;
        task->seconds = fmax(left, left_least * task->whole);
    }
}

Plan plan_of_chains(const Job *job, const PlanSettings *settings, PlanChain *chains,
                    const PlanMark marks[], size_t count)
{
    Plan plan = {.job = job, .settings = *settings, .chains = chains, .chain_count = count};
    Costed *costed = checked_alloc(count, sizeof *costed);
    for (size_t k = 0; k < count; k++) {
        costed[k].chain = chains[k];
        TaskGroup *task = &costed[k].task;
        *task = plan_cost(&job->sweeps[chains[k].sweep], chains[k].chain, settings).task;
        if (marks != NULL) {
            /* late chains form groups of their own, and so do parts of chains */
            task->late = marks[k].late;
            task->seconds *= marks[k].points / task->points;
            task->points = marks[k].points;
            take_off(task, marks[k].spent, settings->model);
        }
    }
    qsort(costed, count, sizeof *costed, by_shape_and_chain);
    size_t capacity = 0;
    for (size_t k = 0; k < count; k++) {
        chains[k] = costed[k].chain;
        if (k == 0 || by_shape(&costed[k - 1], &costed[k]) != 0) {
            if (plan.group_count == capacity) {
                capacity = 2 * capacity + 16;
                plan.groups = checked_realloc(plan.groups, capacity, sizeof *plan.groups);
            }
            plan.groups[plan.group_count] = costed[k].task;
            plan.groups[plan.group_count++].first = k;
        }
        plan.groups[plan.group_count - 1].count++;
    }
    free(costed);
    return plan;
}

/* Chains that a bill has: all of them or, of a sweep that is refined, as many of its points as
 * there may be. */
static size_t chains_billed(const Sweep *sweep)
{
    return sweep_is_refined(sweep) ? sweep_points_most(sweep) : sweep_chains(sweep);
}

/* Every chain of the job, as if nothing were done yet: the bill.  Which points refinement asks
 * for nobody knows: those that are billed are spread over all. */
Plan plan_create(const Job *job, const PlanSettings *settings)
{
    size_t count = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        count += chains_billed(&job->sweeps[s]);
    }
    PlanChain *chains = checked_alloc(count, sizeof *chains);
    size_t k = 0;
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        const double billed = (double)chains_billed(&job->sweeps[s]);
        const double step = (double)sweep_chains(&job->sweeps[s]) / billed;
        for (double i = 0.0; i < billed; i++) {
            chains[k++] = (PlanChain){s, (uint32_t)(i * step)};
        }
    }
    return plan_of_chains(job, settings, chains, NULL, count);
}

/* Seconds of one rank in the checkpoint of a chain, if it has one. */
static double spent_on(const SideCheckpoints *checkpoints, const char *path, const Job *job,
                       const OpenChain *chain)
{
    for (size_t k = 0; k < checkpoints->count; k++) {
        const SideCheckpoint *side = &checkpoints->list[k];
        if (side->sweep == chain->sweep && side->chain == chain->chain) {
            char *file = side_checkpoint(path, &job->sweeps[chain->sweep], chain->chain);
            const double spent = path_spent(file);
            free(file);
            return spent;
        }
    }
    return 0.0;
}

Plan plan_of_open(const Job *job, const PlanSettings *settings, const OpenChains *open,
                  const char *path)
{
    const SideCheckpoints checkpoints = side_checkpoints(path, job);
    PlanChain *chains = checked_alloc(open->count, sizeof *chains);
    PlanMark *marks = checked_alloc(open->count, sizeof *marks);
    size_t count = 0;
    for (size_t k = 0; k < open->count; k++) {
        const OpenChain *chain = &open->chains[k];
        if (!chain->lost) {
            marks[count] = (PlanMark){.late = chain->interrupted,
                                      .points = (double)chain->missing,
                                      .spent = spent_on(&checkpoints, path, job, chain)};
            chains[count++] = (PlanChain){chain->sweep, chain->chain};
        }
    }
    Plan plan = plan_of_chains(job, settings, chains, marks, count);
    free(checkpoints.list);
    free(marks);
    return plan;
}

void plan_free(Plan *plan)
{
    free(plan->chains);
    free(plan->groups);
    *plan = (Plan){0};
}

/* ---- sums -------------------------------------------------------------------------------- */

/* What plan_create was given, or nothing learned. */
static CostModel learned(const Plan *plan)
{
    return plan->settings.model != NULL ? *plan->settings.model : cost_model();
}

/* The first chain of a sweep in a group, or NULL. */
static const PlanChain *chain_of(const Plan *plan, const TaskGroup *group, size_t sweep)
{
    for (size_t k = group->first; k < group->first + group->count; k++) {
        if (plan->chains[k].sweep == sweep) {
            return &plan->chains[k];
        }
    }
    return NULL;
}

/* How many chains of a group are of a sweep. */
static size_t chains_of(const Plan *plan, const TaskGroup *group, size_t sweep)
{
    size_t count = 0;
    for (size_t k = group->first; k < group->first + group->count; k++) {
        count += plan->chains[k].sweep == sweep;
    }
    return count;
}

PlanTotal plan_total(const Plan *plan, size_t sweep)
{
    const CostModel model = learned(plan);
    PlanTotal total = {.least = 1};
    for (size_t g = 0; g < plan->group_count; g++) {
        const TaskGroup *group = &plan->groups[g];
        const PlanChain *chain = chain_of(plan, group, sweep);
        if (chain == NULL) {
            continue;
        }
        const size_t count = chains_of(plan, group, sweep);
        const Sweep *its = &plan->job->sweeps[sweep];
        /* all chains of a group cost the same: one of them tells the memory */
        const PlanCost cost = plan_cost(its, chain->chain, &plan->settings);
        total.chains += count;
        total.points += count * (size_t)group->points;
        total.seconds += (double)count * cost_estimate(&model, group, 1);
        total.memory = fmax(total.memory, cost.memory);
        total.least = group->least > total.least ? group->least : total.least;
        total.most = group->most > total.most ? group->most : total.most;
    }
    return total;
}

/* With the ranks that compute, not all of them: a master that only hands out is no team. */
char *plan_refusals(const Plan *plan, int workers)
{
    char *text = NULL;
    for (size_t s = 0; s < plan->job->sweep_count; s++) {
        const PlanTotal total = plan_total(plan, s);
        if (total.least <= workers) {
            continue;
        }
        const double per_rank = plan->settings.memory / 1e9;
        char *old = text;
        char *what = total.least == INT_MAX
                         ? checked_format("%s GB on each rank of any team",
                                          text_digits(total.memory / 1e9, 3).text)
                         : checked_format("teams of %s with %s GB each",
                                          text_count(total.least, "rank").text,
                                          text_digits(total.memory / 1e9, 3).text);
        text = checked_format("%s%s: chains need %s; there %s %s of %s GB\n",
                              old != NULL ? old : "", plan->job->sweeps[s].name, what,
                              workers == 1 ? "is" : "are", text_count(workers, "rank").text,
                              text_digits(per_rank, 3).text);
        free(what);
        free(old);
    }
    return text;
}

/* The longest time a chain of a group takes on its fastest team, with the caution with which it
 * is held against a deadline (schedule.h). */
static double longest_wait(const TaskGroup *group, int workers, const CostModel *model)
{
    const int most = group->most < workers ? group->most : workers;
    return cost_cautious(model, group->kind, cost_estimate(model, group, most));
}

char *plan_too_long(const Plan *plan, int workers, double seconds, const CostModel *model)
{
    char *text = NULL;
    for (size_t s = 0; s < plan->job->sweep_count; s++) {
        size_t count = 0;
        double longest = 0.0;
        for (size_t g = 0; g < plan->group_count; g++) {
            const TaskGroup *group = &plan->groups[g];
            const double wait = longest_wait(group, workers, model);
            if (!group->polls && wait > seconds && chain_of(plan, group, s) != NULL) {
                count += chains_of(plan, group, s);
                longest = fmax(longest, wait);
            }
        }
        if (count > 0) {
            char *old = text;
            char takes[48];
            snprintf(takes, sizeof takes, "%zu chains take", count);
            text = checked_format("%s%s: %s up to %s and cannot be interrupted; "
                                  "the time limit leaves "
                                  "%s; allowed: a later end, or fewer values along a chain\n",
                                  old != NULL ? old : "", plan->job->sweeps[s].name,
                                  count == 1 ? "1 chain takes" : takes,
                                  duration_text(longest).text, duration_text(seconds).text);
            free(old);
        }
    }
    return text;
}

/* ---- simulated runs ---------------------------------------------------------------------- */

/* The master computes with up to SCHEDULE_MASTER_MOST ranks; the farm decides alike
 * (farm.h). */
int plan_workers(int ranks, bool *master)
{
    assert(ranks >= 1);
    *master = ranks > 1 && ranks <= SCHEDULE_MASTER_MOST;
    return ranks == 1 || *master ? ranks : ranks - 1;
}

/* Groups of which a rank gets hundreds of tasks, in packs: the makespan stays the same.  A
 * pack takes as long as its tasks one after the other; with only 16 a rank those of a large
 * diagram took seconds, for which a master does not compute, as it does for tasks that take
 * milliseconds.  With 4096 at least a pack of a minute's work takes 15 ms; more would cost
 * time of their own, for the best number of ranks is looked for in up to 13 simulated runs. */
static TaskGroup *packed(const Plan *plan, int ranks)
{
    TaskGroup *groups = checked_alloc(plan->group_count, sizeof *groups);
    for (size_t g = 0; g < plan->group_count; g++) {
        groups[g] = plan->groups[g];
        const size_t shared = (size_t)PACKS_PER_RANK * (size_t)ranks;
        const size_t packs = shared > PACKS_LEAST ? shared : PACKS_LEAST;
        if (groups[g].most == 1 && groups[g].count > 2 * packs) {
            const double size = (double)groups[g].count / (double)packs;
            groups[g].count = packs;
            groups[g].seconds *= size;
            groups[g].points *= size;
        }
    }
    return groups;
}

Simulated plan_simulate(const Plan *plan, int ranks)
{
    bool master;
    const CostModel model = learned(plan);
    const int workers = plan_workers(ranks, &master);
    SimulateSettings settings = {.schedule = schedule_settings(workers),
                                 .overhead = start_overhead,
                                 .message = master_message};
    settings.schedule.master = master;
    TaskGroup *groups = packed(plan, workers);
    const Simulated result = simulate(groups, plan->group_count, &settings, &model);
    free(groups);
    return result;
}

double plan_wall(const Simulated *run)
{
    return run->done > 0 ? start_of_run + run->makespan : 0.0;
}

/* Of the core time, what one rank would take too: the start of a run, which no number of ranks
 * shortens, is time like any other. */
static bool pays(const Simulated *run, int ranks)
{
    return run->makespan > 0.0 && start_of_run + run->serial >= good * ranks * plan_wall(run);
}

int plan_best_ranks(const Plan *plan, int most, Simulated *result)
{
    int best = 1;
    *result = plan_simulate(plan, 1);
    Simulated before = *result;
    /* powers of two: efficiency falls slowly, and nodes have such numbers of cores */
    for (int ranks = 2; ranks <= (result->refused > 0 ? PLAN_RANKS_MOST : most); ranks *= 2) {
        const Simulated trial = plan_simulate(plan, ranks);
        /* more chains that fit are worth any loss of efficiency */
        if (trial.refused < result->refused ||
            (trial.refused == result->refused && pays(&trial, ranks))) {
            best = ranks;
            *result = trial;
        }
        if (trial.refused == 0 && before.refused == 0 &&
            trial.makespan > 0.9 * before.makespan) {
            break; /* more ranks no longer help */
        }
        before = trial;
    }
    return best;
}
