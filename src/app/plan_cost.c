/* What chains cost, from what their points cost, and what follows for teams and memory.
 *
 * A team is worth its ranks as long as Amdahl's efficiency stays above `useful`; it has at
 * least as many as its memory asks for, since matrices are on every rank and rows are
 * shared.
 */
#include "phasesweep/app/plan.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/method/method.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"

static const double again = 1.5;   /* time, if rows are made at every use */
static const double useful = 0.75; /* efficiency at which a team is full */

enum { TEAM_MOST = 1 << 20 };

/* What has points of its own pace. */
typedef struct CostClass {
    ModelId model;
    MethodId method;
    bool convex; /* model_is_convex */
} CostClass;

static bool class_exists(const CostClass *class)
{
    return (model_row(class->model)->methods >> class->method & 1u) != 0 &&
           (class->convex || (model_has(class->model, TRAIT_LAYERS) &&
                              !method_facts(class->method)->knows_signs &&
                              !method_facts(class->method)->in_time));
}

/* Those that there are, in a fixed order.  A class learns one factor: methods of a model
 * differ, and so do networks that are narrow or deeper, but for what is followed in time;
 * points of a method much less. */
static int list_classes(CostClass classes[COST_CLASSES])
{
    int count = 0;
    for (int k = 0; k < 2 * MODEL_COUNT * METHOD_COUNT; k++) {
        const int pair = k % (MODEL_COUNT * METHOD_COUNT);
        const CostClass class = {.model = (ModelId)(pair / METHOD_COUNT),
                                 .method = (MethodId)(pair % METHOD_COUNT),
                                 .convex = k == pair};
        if (class_exists(&class)) {
            assert(count < COST_CLASSES);
            classes[count++] = class;
        }
    }
    return count;
}

int plan_class(const Problem *problem)
{
    CostClass classes[COST_CLASSES];
    const int count = list_classes(classes);
    const bool convex = model_is_convex(problem) || !model_has(problem->model, TRAIT_LAYERS) ||
                        method_facts(problem->method)->in_time;
    int k = 0;
    while (k < count &&
           !(classes[k].model == problem->model && classes[k].method == problem->method &&
             classes[k].convex == convex)) {
        k++;
    }
    assert(k < count);
    return k;
}

char *plan_classes(void)
{
    CostClass classes[COST_CLASSES];
    const int count = list_classes(classes);
    char *all = checked_format("%s", "");
    for (int k = 0; k < count; k++) {
        char *longer = checked_format(
            "%s%s%s/%s%s", all, k > 0 ? " " : "", model_name(classes[k].model),
            method_name(classes[k].method), classes[k].convex ? "" : "/not_convex");
        free(all);
        all = longer;
    }
    return all;
}

static bool draws_data(const Problem *problem)
{
    return method_facts(problem->method)->draws_data;
}

/* The fewest ranks on which a point fits; INT_MAX: on none.  More ranks never need more each.
 */
static int ranks_for(const Problem *problem, double memory, SampleStore store)
{
    int fits = 1;
    while (fits < TEAM_MOST && method_memory(problem, fits, store, memory) > memory) {
        fits *= 2;
    }
    if (method_memory(problem, fits, store, memory) > memory) {
        return INT_MAX;
    }
    for (int step = fits / 4; step >= 1; step /= 2) {
        if (method_memory(problem, fits - step, store, memory) <= memory) {
            fits -= step;
        }
    }
    return fits;
}

/* Seconds of a chain, and how many of them more ranks do not shorten.  Points between the first
 * and the last are taken to lie between them; those that share no data all start cold. */
static double chain_seconds(const Problem *begin, const Problem *end, size_t count,
                            double *fixed)
{
    const bool cold = draws_data(begin) && count > 1 &&
                      (begin->samples != end->samples || begin->seed != end->seed);
    double part[3];
    if (method_facts(begin->method)->in_time) {
        /* one run to the last of them, in which the others are met */
        const double all = method_seconds(end, true, &part[0]);
        const double report = method_seconds(end, false, &part[1]);
        *fixed = part[0] + (double)(count - 1) * part[1];
        return all + (double)(count - 1) * report;
    }
    const double first = method_seconds(begin, true, &part[0]);
    const double low = method_seconds(begin, cold, &part[1]);
    const double high = method_seconds(end, cold, &part[2]);
    const double others = 0.5 * (double)(count - 1);
    *fixed = part[0] + others * (part[1] + part[2]);
    return first + others * (low + high);
}

/* Ranks and memory of a chain that draws data; its largest point decides. */
static void size_team(const Sweep *sweep, const Problem *problem, double memory, PlanCost *cost)
{
    TaskGroup *task = &cost->task;
    /* efficiency 1/(1 + (r - 1) serial) falls to `useful` at this r */
    const double most = 1.0 + (1.0 / useful - 1.0) / task->serial;
    /* drawn rows are stored where they fit, those of a file always */
    const bool any = problem->store == STORE_AUTO && problem->data == 0.0;
    SampleStore store = any                            ? STORE_NONE
                        : problem->store == STORE_AUTO ? STORE_DOUBLE
                                                       : problem->store;
    task->most = most < TEAM_MOST ? (int)most : TEAM_MOST;
    task->least = ranks_for(problem, memory, store);
    if (any && ranks_for(problem, memory, STORE_DOUBLE) <= task->least) {
        store = STORE_DOUBLE;
    }
    if (store == STORE_NONE) {
        task->seconds *= again;
    }
    /* the user's word; if that is too few for the memory, the chain is refused */
    const int ranks = (int)sweep->settings.value[KEY_RANKS_PER_LINE];
    if (ranks > 0) {
        task->least = task->least <= ranks ? ranks : INT_MAX;
        task->most = task->least;
    }
    task->most = task->most > task->least ? task->most : task->least;
    cost->memory = method_memory(problem, task->least, store, memory);
}

/* Only first and last point are looked at: a job may have millions. */
PlanCost plan_cost(const Sweep *sweep, size_t chain, const PlanSettings *settings)
{
    size_t first;
    size_t count;
    sweep_chain(sweep, chain, &first, &count);
    const Problem begin = sweep_problem(sweep, first);
    const Problem end = sweep_problem(sweep, first + count - 1);
    double fixed;
    const double seconds = chain_seconds(&begin, &end, count, &fixed);
    PlanCost cost = {.task = {.kind = plan_class(model_is_convex(&begin) ? &end : &begin),
                              .seconds = seconds,
                              .serial = fixed / seconds,
                              .least = 1,
                              .most = 1,
                              .points = (double)count},
                     .memory = method_memory(&begin, 1, STORE_NONE, settings->memory)};
    if (draws_data(&begin)) {
        cost.task.polls = true;
        /* the axis may run either way */
        const bool shrinks = method_memory(&begin, 1, STORE_DOUBLE, settings->memory) >
                             method_memory(&end, 1, STORE_DOUBLE, settings->memory);
        size_team(sweep, shrinks ? &begin : &end, settings->memory, &cost);
    }
    return cost;
}
