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

/* Seconds of a chain, one run to its last point in which the others are met. */
static double run_seconds(const Problem *end, size_t count, double *fixed)
{
    double part[2];
    const double all = method_seconds(end, true, &part[0]);
    const double report = method_seconds(end, false, &part[1]);
    *fixed = part[0] + (double)(count - 1) * part[1];
    return all + (double)(count - 1) * report;
}

/* Points of a chain that are looked at beside the first: trainings along the weight decay are
 * longest in the middle or at an end; theory changes slowly, and a job may have millions. */
enum { LOOKS_TRAINED = 5, LOOKS = 2 };

/* Seconds of the points after the first, and how many of them more ranks do not shorten.  Those
 * that share no data all start cold. */
static double others_seconds(const Sweep *sweep, size_t first, size_t count, double *fixed)
{
    const Problem begin = sweep_problem(sweep, first);
    const size_t others = count - 1;
    const size_t most = draws_data(&begin) ? LOOKS_TRAINED : LOOKS;
    const size_t looks = others < most ? others : most;
    double sum = 0.0;
    *fixed = 0.0;
    for (size_t k = 0; k < looks; k++) {
        const size_t place = looks > 1 ? k * (others - 1) / (looks - 1) : 0;
        const Problem problem = sweep_problem(sweep, first + 1 + place);
        const bool cold = draws_data(&begin) &&
                          (begin.samples != problem.samples || begin.seed != problem.seed);
        double part;
        sum += method_seconds(&problem, cold, &part);
        *fixed += part;
    }
    const double share = looks > 0 ? (double)others / (double)looks : 0.0;
    *fixed *= share;
    return share * sum;
}

/* Seconds of a chain, and how many of them more ranks do not shorten. */
static double chain_seconds(const Sweep *sweep, size_t first, size_t count, double *fixed)
{
    const Problem begin = sweep_problem(sweep, first);
    if (method_facts(begin.method)->in_time) {
        const Problem end = sweep_problem(sweep, first + count - 1);
        return run_seconds(&end, count, fixed);
    }
    double part;
    const double others = others_seconds(sweep, first, count, &part);
    const double seconds = method_seconds(&begin, true, fixed);
    *fixed += part;
    return seconds + others;
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

/* For memory first and last point are looked at: a job may have millions. */
PlanCost plan_cost(const Sweep *sweep, size_t chain, const PlanSettings *settings)
{
    size_t first;
    size_t count;
    sweep_chain(sweep, chain, &first, &count);
    const Problem begin = sweep_problem(sweep, first);
    const Problem end = sweep_problem(sweep, first + count - 1);
    double fixed;
    const double seconds = chain_seconds(sweep, first, count, &fixed);
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
