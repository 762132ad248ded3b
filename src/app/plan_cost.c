/* The table of what points cost, and what follows for teams and memory.
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
#include <unistd.h>

#include "phasesweep/model/model.h"

/* Theory costs seconds a point; data cost iterations of nd2 n d^2 + nd n d + d3 d^3 flops.
 * Seconds are those of one core of 2024, measured: state evolution at d = 100 ... 10^4 takes
 * 1.7e-5 ... 4.5e-5 quadratic, 2e-5 ... 1.8e-4 diagonal, 2e-3 cold, 1.6e-3 at p < d; trainings
 * at d = 100 ... 400 take 16 ... 46 iterations, message passing, undamped at first and in
 * double precision, 30 ... 130.  A factor that is learned takes care of others.
 */
typedef struct Price {
    double cold, warm, narrow; /* seconds of the first point of a chain, of others, at p < d */
    double first, next;        /* iterations likewise; 0: no data are drawn */
    double nd2, nd, d3;        /* flops of an iteration */
    double rate;               /* flops a second of a core */
    double matrices, vectors;  /* d x d and d numbers on every rank of a team */
    double row;                /* numbers kept for every row of data besides the row */
} Price;

static const Price prices[MODEL_COUNT][METHOD_COUNT] =
    {
        [MODEL_QUADRATIC] =
            {
                [METHOD_STATE_EVOLUTION] = {.cold = 2e-3, .warm = 3e-5, .narrow = 1.6e-3},
                [METHOD_BAYES] = {.cold = 2e-3, .warm = 3e-5, .narrow = 3e-5},
                [METHOD_OPTIMAL] = {.cold = 4e-3, .warm = 6e-4, .narrow = 2e-2},
                [METHOD_TRAINING] = {.first = 50,
                                     .next = 30,
                                     .nd2 = 2,
                                     .d3 = 10,
                                     .rate = 6e10,
                                     .matrices = 15,
                                     .row = 6},
                [METHOD_AMP] = {.first = 80,
                                .next = 80,
                                .nd2 = 2,
                                .d3 = 10,
                                .rate = 4e10,
                                .matrices = 8,
                                .row = 6},
            },
        [MODEL_DIAGONAL] =
            {
                [METHOD_STATE_EVOLUTION] = {.cold = 2e-3, .warm = 1e-4, .narrow = 1e-4},
                [METHOD_BAYES] = {.cold = 2e-3, .warm = 1e-4, .narrow = 1e-4},
                [METHOD_OPTIMAL] = {.cold = 4e-3, .warm = 2e-3, .narrow = 2e-3},
                [METHOD_TRAINING] =
                    {.first = 300, .next = 60, .nd = 4, .rate = 4e9, .vectors = 24, .row = 6},
                [METHOD_AMP] =
                    {.first = 80, .next = 80, .nd = 4, .rate = 4e9, .vectors = 6, .row = 2},
            },
};

static const double narrow_iterations = 400.0; /* of L-BFGS on W, 4 n d p flops each */
static const double narrow_columns = 192.0;    /* of starts that descend side by side, */
static const double narrow_starts = 3.0;       /* and how many there are at most; p x d */
static const double narrow_shared = 65.0;      /* arrays of each, spread over the ranks, */
static const double narrow_own = 3.0;          /* and on every rank */
static const double narrow_matrices = 6.0;     /* d x d of the certificate, its pass too */
static const double again = 1.5;               /* time, if rows are made at every use */
static const double bandwidth = 1e9;           /* bytes a second that ranks add up */
static const double latency = 5e-5;            /* seconds of a step that all ranks take */
static const double serial_d = 400.0; /* below this d^3 steps do not scale, above by d / it */
static const double useful = 0.75;    /* efficiency at which a team is full */
static const double program_bytes = 50e6; /* of a rank before it computes */
static const double block_bytes = 8e6;    /* of data in hand */

enum { TEAM_MOST = 1 << 20 };

/* A class learns one factor: methods of a model differ, points of a method much less. */
int plan_class(ModelId model, MethodId method)
{
    _Static_assert(MODEL_COUNT * METHOD_COUNT <= COST_CLASSES, "a class for each method");
    return (int)model * METHOD_COUNT + (int)method;
}

static const Price *price_of(const Problem *problem)
{
    return &prices[problem->model][problem->method];
}

/* Trainings and message passing; theory needs no memory to speak of. */
static bool draws_data(const Problem *problem)
{
    return price_of(problem)->first > 0.0;
}

/* Seconds that a point takes one rank, and how many of them more ranks do not shorten. */
static double point_seconds(const Problem *problem, bool first, double *fixed)
{
    const Price *price = price_of(problem);
    if (!draws_data(problem)) {
        return *fixed = first                      ? price->cold
                        : model_is_narrow(problem) ? price->narrow
                                                   : price->warm;
    }
    const double n = problem->samples;
    const double d = problem->dimension;
    double iterations = first ? price->first : price->next;
    double flops = price->nd2 * n * d * d + price->nd * n * d;
    double eigen = price->d3 * d * d * d;
    double words = price->d3 > 0.0 ? d * d : d;
    /* L-BFGS on W: products with p columns, no eigenproblem, sums over p d numbers */
    if (model_is_narrow(problem)) {
        iterations = narrow_iterations;
        flops = 4.0 * n * d * problem->width;
        eigen = 0.0;
        words = d * problem->width;
    }
    /* eigenproblems of small d stay on one rank; sums and steps cost the same on any number */
    *fixed = iterations * (fmin(1.0, serial_d / d) * eigen / price->rate +
                           16.0 * words / bandwidth + latency);
    return iterations * ((flops + eigen) / price->rate + latency) + *fixed;
}

/* Numbers that a rank keeps besides rows of data; see narrow_memory. */
static double narrow_numbers(const Problem *problem, int ranks)
{
    const double d = problem->dimension;
    const double fit = floor(narrow_columns / problem->width);
    const double starts = fit < 1.0 ? 1.0 : fmin(fit, narrow_starts);
    return problem->width * d * starts * (narrow_shared / ranks + narrow_own) +
           narrow_matrices * d * d;
}

/* Matrices and program are on every rank of a team; rows, and what a narrow network shares, are
 * divided. */
double plan_memory(const Problem *problem, int ranks, SampleStore store)
{
    const Price *price = price_of(problem);
    if (!draws_data(problem)) {
        return program_bytes;
    }
    const double d = problem->dimension;
    const double entry = store == STORE_DOUBLE ? 8.0 : store == STORE_FLOAT ? 4.0 : 0.0;
    const double numbers = model_is_narrow(problem)
                               ? narrow_numbers(problem, ranks)
                               : (price->matrices * d + price->vectors) * d;
    const double rows = problem->samples * (entry * d + 8.0 * price->row);
    return program_bytes + block_bytes + 8.0 * numbers + rows / ranks;
}

/* The fewest ranks on which a point fits; INT_MAX: on none. */
static int ranks_for(const Problem *problem, double memory, SampleStore store)
{
    const double alone = plan_memory(problem, 1, store);
    const double replicated = plan_memory(problem, INT_MAX, store);
    /* memory = replicated + (alone - replicated)/ranks, solved for ranks */
    const double ranks = ceil((alone - replicated) / (memory - replicated) * (1.0 - 1e-9));
    if (alone <= memory) {
        return 1;
    }
    return memory > replicated && ranks < TEAM_MOST ? (int)ranks : INT_MAX;
}

/* Seconds of a chain, and how many of them more ranks do not shorten.  Points between the first
 * and the last are taken to lie between them; those that share no data all start cold. */
static double chain_seconds(const Problem *begin, const Problem *end, size_t count,
                            double *fixed)
{
    const bool cold = draws_data(begin) && count > 1 &&
                      (begin->samples != end->samples || begin->seed != end->seed);
    double part[3];
    const double first = point_seconds(begin, true, &part[0]);
    const double low = point_seconds(begin, cold, &part[1]);
    const double high = point_seconds(end, cold, &part[2]);
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
    const bool any = problem->store == STORE_AUTO; /* rows are stored where they fit */
    SampleStore store = any ? STORE_NONE : problem->store;
    task->most = most < TEAM_MOST ? (int)most : TEAM_MOST;
    task->least = ranks_for(problem, memory, store);
    if (any && ranks_for(problem, memory, STORE_DOUBLE) <= task->least) {
        store = STORE_DOUBLE;
    }
    if (store == STORE_NONE) {
        task->seconds *= again;
    }
    /* the user's word; if that is too few for the memory, the chain is refused */
    if (sweep->ranks_per_line > 0) {
        const bool fits = task->least <= sweep->ranks_per_line;
        task->least = fits ? sweep->ranks_per_line : INT_MAX;
        task->most = task->least;
    }
    task->most = task->most > task->least ? task->most : task->least;
    cost->memory = plan_memory(problem, task->least, store);
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
    PlanCost cost = {.task = {.kind = plan_class(begin.model, begin.method),
                              .seconds = seconds,
                              .serial = fixed / seconds,
                              .least = 1,
                              .most = 1,
                              .points = (double)count},
                     .memory = program_bytes};
    if (draws_data(&begin)) {
        cost.task.polls = true;
        /* the axis may run either way */
        const bool shrinks =
            plan_memory(&begin, 1, STORE_DOUBLE) > plan_memory(&end, 1, STORE_DOUBLE);
        size_team(sweep, shrinks ? &begin : &end, settings->memory, &cost);
    }
    return cost;
}

/* A tenth is left to the system, where no batch system says what is granted. */
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
