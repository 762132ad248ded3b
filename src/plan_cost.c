/* The table of what points cost, and what follows for teams and memory. */
#include "phasesweep/plan.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* Theory costs seconds a point; data cost iterations with flops a_nd2 n d^2 + a_nd n d +
 * a_d3 d^3 each.  Seconds are those of one core of 2024 (state evolution measured at d = 100
 * and 10^4: 1.7e-5 ... 4.5e-5 quadratic, 2e-5 ... 1.8e-4 diagonal, 2e-3 cold, 1.6e-3 at p < d);
 * a factor that is learned takes care of others. */
typedef struct Price {
    double cold, warm, narrow; /* seconds of the first point of a line, of others, at p < d */
    double first, next;        /* iterations likewise; 0: no data are drawn */
    double nd2, nd, d3;        /* flops of an iteration */
    double rate;               /* flops a second of a core */
    double parts;              /* d x d matrices spread over the team */
    double copies;             /* d x d matrices on each of its ranks */
} Price;

static const Price prices[MODEL_COUNT][METHOD_COUNT] = {
    [MODEL_QUADRATIC] =
        {
            [METHOD_STATE_EVOLUTION] = {.cold = 2e-3, .warm = 3e-5, .narrow = 1.6e-3},
            [METHOD_BAYES] = {.cold = 2e-3, .warm = 3e-5, .narrow = 3e-5},
            [METHOD_OPTIMAL] = {.cold = 4e-3, .warm = 6e-4, .narrow = 2e-2},
            [METHOD_TRAINING] = {.first = 100,
                                 .next = 60,
                                 .nd2 = 2,
                                 .d3 = 10,
                                 .rate = 6e10,
                                 .parts = 7,
                                 .copies = 3},
            [METHOD_AMP] = {.first = 60,
                            .next = 60,
                            .nd2 = 2,
                            .d3 = 10,
                            .rate = 6e10,
                            .parts = 7,
                            .copies = 3},
        },
    [MODEL_DIAGONAL] =
        {
            [METHOD_STATE_EVOLUTION] = {.cold = 2e-3, .warm = 1e-4, .narrow = 1e-4},
            [METHOD_BAYES] = {.cold = 2e-3, .warm = 1e-4, .narrow = 1e-4},
            [METHOD_OPTIMAL] = {.cold = 4e-3, .warm = 2e-3, .narrow = 2e-3},
            [METHOD_TRAINING] = {.first = 300, .next = 60, .nd = 4, .rate = 4e9},
            [METHOD_AMP] = {.first = 60, .next = 60, .nd = 4, .rate = 4e9},
        },
};

static const double narrow_iterations = 400.0; /* of L-BFGS on W, 4 n d p flops each */
static const double narrow_vectors = 24.0;     /* p x d arrays of its memory */
static const double again = 1.5;               /* time, if rows are made at every use */
static const double bandwidth = 1e9;           /* bytes a second that ranks add up */
static const double latency = 5e-5;            /* seconds of a step that all ranks take */
static const double serial_eigen = 0.05;       /* share of a d^3 step that does not scale */
static const double useful = 0.75;             /* efficiency at which a team is full */
static const double program_bytes = 50e6;      /* of a rank before it computes */
static const double block_rows = 256.0;

enum { TEAM_MOST = 1 << 20 };

int plan_class(Model model, Method method)
{
    _Static_assert(MODEL_COUNT * METHOD_COUNT <= COST_CLASSES, "a class for each method");
    return (int)model * METHOD_COUNT + (int)method;
}

static const Price *price_of(const Problem *problem)
{
    return &prices[problem->model][problem->method];
}

static bool is_narrow(const Problem *problem)
{
    return problem->model == MODEL_QUADRATIC && problem->width < problem->dimension;
}

static bool draws_data(const Problem *problem)
{
    return price_of(problem)->first > 0.0;
}

/* Seconds that a point takes one rank, and how many of them more ranks do not shorten. */
static double point_seconds(const Problem *problem, bool first, double *fixed)
{
    const Price *price = price_of(problem);
    if (!draws_data(problem)) {
        return *fixed = first ? price->cold : is_narrow(problem) ? price->narrow : price->warm;
    }
    const double n = problem->samples;
    const double d = problem->dimension;
    double iterations = first ? price->first : price->next;
    double flops = price->nd2 * n * d * d + price->nd * n * d;
    double eigen = price->d3 * d * d * d;
    double words = price->d3 > 0.0 ? d * d : d;
    if (is_narrow(problem)) {
        iterations = narrow_iterations;
        flops = 4.0 * n * d * problem->width;
        eigen = 0.0;
        words = d * problem->width;
    }
    *fixed =
        iterations * (serial_eigen * eigen / price->rate + 16.0 * words / bandwidth + latency);
    return iterations * ((flops + eigen) / price->rate + latency) + *fixed;
}

double plan_memory(const Problem *problem, int ranks, bool stored)
{
    const Price *price = price_of(problem);
    if (!draws_data(problem)) {
        return program_bytes;
    }
    const double d = problem->dimension;
    const double vectors = is_narrow(problem) ? narrow_vectors * problem->width * d : 24.0 * d;
    const double rows = problem->samples * (stored ? d + 2.0 : 2.0);
    const double words = price->copies * d * d + block_rows * d +
                         (price->parts * d * d + vectors + rows) / ranks;
    return program_bytes + 8.0 * words;
}

/* The fewest ranks on which a point fits; INT_MAX: on none. */
static int ranks_for(const Problem *problem, double memory, bool stored)
{
    const double alone = plan_memory(problem, 1, stored);
    const double replicated = plan_memory(problem, INT_MAX, stored);
    const double ranks = ceil((alone - replicated) / (memory - replicated) * (1.0 - 1e-9));
    if (alone <= memory) {
        return 1;
    }
    return memory > replicated && ranks < TEAM_MOST ? (int)ranks : INT_MAX;
}

PlanCost plan_cost(const Sweep *sweep, size_t line, const PlanSettings *settings)
{
    size_t first;
    size_t count;
    sweep_line(sweep, line, &first, &count);
    const Problem begin = sweep_problem(sweep, first);
    const Problem end = sweep_problem(sweep, first + count - 1);
    double fixed[3];
    const double cold = point_seconds(&begin, true, &fixed[0]);
    const double warm =
        0.5 * (point_seconds(&begin, false, &fixed[1]) + point_seconds(&end, false, &fixed[2]));
    const double others = (double)(count - 1);
    PlanCost cost = {.task = {.kind = plan_class(begin.model, begin.method),
                              .seconds = cold + others * warm,
                              .least = 1,
                              .most = 1,
                              .points = (double)count},
                     .memory = program_bytes,
                     .replicated = program_bytes};
    TaskGroup *task = &cost.task;
    task->serial = (fixed[0] + 0.5 * others * (fixed[1] + fixed[2])) / task->seconds;
    if (!draws_data(&begin)) {
        return cost;
    }
    const Problem *large =
        plan_memory(&begin, 1, true) > plan_memory(&end, 1, true) ? &begin : &end;
    const double most = 1.0 + (1.0 / useful - 1.0) / task->serial;
    task->most = most < TEAM_MOST ? (int)most : TEAM_MOST;
    task->least = ranks_for(large, settings->memory, true);
    const bool stored = task->least <= task->most;
    if (!stored) {
        task->least = ranks_for(large, settings->memory, false);
        task->seconds *= again;
    }
    task->most = task->most > task->least ? task->most : task->least;
    cost.memory = plan_memory(large, task->least, stored);
    cost.replicated = plan_memory(large, INT_MAX, stored);
    return cost;
}

double plan_memory_here(int ranks_on_node)
{
    const char *granted = getenv("SLURM_MEM_PER_CPU"); /* in MB */
    const double megabytes = granted != NULL ? atof(granted) : 0.0;
    if (megabytes > 0.0) {
        return 1e6 * megabytes;
    }
    const double all = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    return 0.9 * all / ranks_on_node;
}
