#include "phasesweep/narrow.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "narrow_pass.h"
#include "phasesweep/check.h"
#include "phasesweep/lbfgs.h"
#include "phasesweep/rng.h"
#include "training_state.h"

enum { PAIRS = 30 };

/* Starts are compared, and single precision ends, at this estimate of what is left: rounding
 * in single precision moves F by about 1e-7 of it. */
static const double comparable = 1e-6;

/* Eigenvalues of S below this share of the largest are what the descent has left of neurons
 * that the penalty removes, and those below the other are rounding. */
static const double vanishing = 1e-6;
static const double nothing = 1e-13;

struct NarrowWork {
    MPI_Comm team;   /* borrowed */
    int rank, ranks; /* of the team */
    int d, p;
    Problem problem; /* as last asked for */
    NarrowSettings settings;
    Samples samples;
    NarrowPass pass;
    LbfgsWork *lbfgs;
    int *begin, *count; /* [ranks] each rank's share of the variables; owned as below */
    double *factor;     /* d x p; F by column, on all ranks */
    double *best;       /* [count] this rank's share of the lowest network */
    double *share;      /* [count] and of the one in hand */
    double *slope;      /* [d * p] gradient before it is summed */
    double weight;      /* lt */
    bool started;       /* there is a network */
};

NarrowSettings narrow_defaults(void)
{
    return (NarrowSettings){.store = STORE_AUTO,
                            .memory = (size_t)1 << 30,
                            .tolerance = 1e-7,
                            .evaluation_limit = 5000,
                            .starts = 3};
}

double narrow_flops(const Problem *problem, double evaluations)
{
    return 4.0 * evaluations * problem->samples * problem->dimension * problem->width;
}

size_t narrow_memory(const Problem *problem, int ranks, SampleStore store)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)problem->dimension;
    const size_t variables = d * (size_t)problem->width;
    /* a certificate's pass and matrices come when the descent is over */
    const size_t copy = store == STORE_DOUBLE ? narrow_copy_memory(&spec, ranks) : 0;
    return samples_memory(&spec, ranks) + copy +
           narrow_pass_memory(&spec, (int)problem->width) +
           8 * variables * (3 + (2 * PAIRS + 6) / (size_t)ranks) + pass_memory(&spec, ranks) +
           8 * 3 * d * d;
}

NarrowWork *narrow_create(MPI_Comm team, const Problem *problem, const NarrowSettings *settings)
{
    assert(problem->model == MODEL_QUADRATIC && problem->width >= 1.0);
    assert(settings->tolerance > 0.0 && settings->starts >= 1);
    NarrowWork *work = checked_alloc(1, sizeof *work);
    *work = (NarrowWork){.team = team,
                         .d = (int)problem->dimension,
                         .p = (int)problem->width,
                         .problem = *problem,
                         .settings = *settings};
    MPI_Comm_rank(team, &work->rank);
    MPI_Comm_size(team, &work->ranks);
    SamplesSpec spec = samples_spec(problem);
    spec.store = settings->store;
    spec.memory = settings->memory;
    spec.rotated = settings->rotated;
    work->samples = samples_create(team, &spec);
    const size_t both = samples_memory(&work->samples.spec, work->ranks) +
                        narrow_copy_memory(&spec, work->ranks);
    const bool copy = work->samples.spec.store == STORE_DOUBLE && !settings->double_only &&
                      both <= settings->memory;
    work->pass = narrow_pass_create(team, &work->samples, work->p, copy);
    const int variables = work->d * work->p;
    work->begin = checked_alloc((size_t)work->ranks, sizeof *work->begin);
    work->count = checked_alloc((size_t)work->ranks, sizeof *work->count);
    for (int k = 0; k < work->ranks; k++) {
        work->begin[k] = (int)((int64_t)variables * k / work->ranks);
        work->count[k] = (int)((int64_t)variables * (k + 1) / work->ranks) - work->begin[k];
    }
    const int mine = work->count[work->rank];
    work->lbfgs = lbfgs_create(team, mine, PAIRS);
    work->factor = checked_alloc((size_t)variables, sizeof(double));
    work->slope = checked_alloc((size_t)variables, sizeof(double));
    work->best = checked_alloc((size_t)mine, sizeof(double));
    work->share = checked_alloc((size_t)mine, sizeof(double));
    return work;
}

void narrow_free(NarrowWork *work)
{
    if (work == NULL) {
        return;
    }
    samples_free(&work->samples);
    narrow_pass_free(&work->pass);
    lbfgs_free(work->lbfgs);
    free(work->begin);
    free(work->count);
    free(work->factor);
    free(work->slope);
    free(work->best);
    free(work->share);
    free(work);
}

/* ---- descent ------------------------------------------------------------------------- */

static void gather(NarrowWork *work, const double share[])
{
    MPI_Allgatherv(share, work->count[work->rank], MPI_DOUBLE, work->factor, work->count,
                   work->begin, MPI_DOUBLE, work->team);
}

/* F and its gradient -(4/d^2) sum r Z F + 2 (lt/d) F. */
static double evaluate(const double share[], double gradient[], void *context)
{
    NarrowWork *work = context;
    assert(work->weight > 0.0);
    const double d = work->d;
    const size_t variables = (size_t)work->d * (size_t)work->p;
    gather(work, share);
    const double loss = narrow_pass_run(&work->pass, work->factor);
    double square = 0.0;
    for (size_t k = 0; k < variables; k++) {
        square += work->factor[k] * work->factor[k];
        work->slope[k] = -4.0 / (d * d) * work->pass.sum[k];
    }
    MPI_Reduce_scatter(work->slope, gradient, work->count, MPI_DOUBLE, MPI_SUM, work->team);
    for (int k = 0; k < work->count[work->rank]; k++) {
        gradient[k] += 2.0 * work->weight / d * share[k];
    }
    return loss / (d * d) + work->weight / d * square;
}

/* This rank's share of W ~ N(0, 1), the same network for any team. */
static void draw_start(const NarrowWork *work, int start, double share[])
{
    const double scale = pow((double)work->p * work->d, -0.25);
    const int first = work->begin[work->rank];
    double *row = checked_alloc((size_t)work->d, sizeof *row);
    int drawn = -1;
    for (int k = 0; k < work->count[work->rank]; k++) {
        const int neuron = (first + k) / work->d;
        if (neuron != drawn) {
            rng_normals(work->samples.spec.seed, RNG_PROBE,
                        (uint64_t)start * (uint64_t)work->p + (uint64_t)neuron, work->d, row);
            drawn = neuron;
        }
        share[k] = scale * row[(first + k) % work->d];
    }
    free(row);
}

/* From `share` to an estimate of `relative`. */
static Lbfgs descend(NarrowWork *work, bool single, double relative, double share[])
{
    LbfgsSettings settings = lbfgs_defaults();
    settings.relative = relative;
    settings.evaluation_limit = work->settings.evaluation_limit;
    work->pass.single = single;
    return lbfgs_minimise(work->lbfgs, share, evaluate, work, &settings);
}

/* Descend from several starts and leave the lowest end in best. */
static void search(NarrowWork *work, Narrow *report)
{
    double lowest = INFINITY;
    double highest = -INFINITY;
    const size_t bytes = (size_t)work->count[work->rank] * sizeof(double);
    for (int start = 0; start < work->settings.starts; start++) {
        lbfgs_forget(work->lbfgs);
        draw_start(work, start, work->share);
        const Lbfgs end = descend(work, !work->settings.double_only, comparable, work->share);
        report->evaluations += end.evaluations;
        highest = fmax(highest, end.value);
        if (start == 0 || end.value < lowest) {
            lowest = end.value;
            report->iterations = end.iterations;
            memcpy(work->best, work->share, bytes);
        }
    }
    report->spread = highest / lowest - 1.0;
    if (work->settings.starts > 1) {
        lbfgs_forget(work->lbfgs);
    }
}

/* ---- report -------------------------------------------------------------------------- */

/* Replace factor by its principal axes on rank 0, the longest first: the same S with orthogonal
 * columns.  Returns how many there are. */
static int orthogonalise(const NarrowWork *work, double axes[])
{
    const int d = work->d;
    const int p = work->p;
    const size_t n = (size_t)p;
    const double one = 1.0;
    const double zero = 0.0;
    const int length = 1 + 6 * p + 2 * p * p;
    const int integers = 3 + 5 * p;
    double *gram = checked_alloc(n * n, sizeof *gram);
    double *values = checked_alloc(n, sizeof *values);
    double *room = checked_alloc((size_t)length, sizeof *room);
    int *more = checked_alloc((size_t)integers, sizeof *more);
    int info;
    dsyrk_("L", "T", &p, &d, &one, work->factor, &d, &zero, gram, &p, 1, 1);
    dsyevd_("V", "L", &p, gram, &p, values, room, &length, more, &integers, &info, 1, 1);
    assert(info >= 0);
    int rank = 0;
    while (info == 0 && rank < p && rank < d &&
           values[p - 1 - rank] > nothing * values[p - 1]) {
        rank++;
    }
    for (int k = 0; k < rank; k++) {
        const int unit_width = 1;
        dgemm_("N", "N", &d, &unit_width, &p, &one, work->factor, &d,
               gram + (n - 1 - (size_t)k) * n, &p, &zero, axes + (size_t)k * (size_t)d, &d, 1,
               1);
    }
    free(more);
    free(room);
    free(values);
    free(gram);
    return rank;
}

/* The bound of theory.md section 8 from nu = (2/d^2) r at its best scale, on rank 0. */
static double dual_bound(const NarrowWork *work, const PassSums *sums, double largest)
{
    const double d = work->d;
    const double nu = 2.0 / (d * d);
    const double linear = nu * sums->label;
    const double square = 0.5 * d * d * nu * nu * sums->square;
    double scale = square > 0.0 ? fmax(linear / square, 0.0) : 0.0;
    if (largest > 0.0) {
        scale = fmin(scale, work->weight / d / (nu * largest));
    }
    return scale * linear - 0.5 * scale * scale * square;
}

/* Gap of the convex problem and mean squared residual, on rank 0. */
static void certify(const NarrowWork *work, const double axes[], int rank, double matrix[],
                    Narrow *report)
{
    Pass pass = pass_create(work->team, &work->samples);
    Eigen eigen = eigen_create(work->team, work->d, EIGEN_LAPACK);
    PassPlan plan = {.rank = rank, .residual_share = 1.0, .share = {1.0}};
    for (size_t k = 0; k < (size_t)work->d * (size_t)rank; k++) {
        plan.trace += axes[k] * axes[k];
    }
    const PassSums sums = pass_run(&pass, &plan, axes);
    if (work->rank == 0) {
        double *values = checked_alloc((size_t)work->d, sizeof *values);
        memcpy(matrix, pass.gram, (size_t)work->d * (size_t)work->d * sizeof *matrix);
        const double largest = eigen_largest(&eigen, matrix, values);
        const double bound = dual_bound(work, &sums, largest);
        report->train_loss = sums.residual / work->problem.samples;
        report->gap = fmax((report->objective - bound) / report->objective, 0.0);
        free(values);
    }
    eigen_free(&eigen);
    pass_free(&pass);
}

/* What the report says of S, by the observations of a convex training. */
static void describe(NarrowWork *work, Narrow *report, double eigenvalues[], double overlaps[])
{
    const size_t d = (size_t)work->d;
    TrainingWork network = {
        .team = work->team, .rank = work->rank, .d = work->d, .samples = work->samples};
    network.factor = checked_alloc(d * d, sizeof(double));
    network.matrix = checked_alloc(d * d, sizeof(double));
    int rank = 0;
    if (work->rank == 0 && report->outcome != OUTCOME_FAILED) {
        rank = orthogonalise(work, network.factor);
    }
    MPI_Bcast(&rank, 1, MPI_INT, 0, work->team);
    MPI_Bcast(network.factor, work->d * rank, MPI_DOUBLE, 0, work->team);
    network.progress.plan.rank = rank;
    if (report->outcome != OUTCOME_FAILED) {
        certify(work, network.factor, rank, network.matrix, report);
    }
    Training seen = {.outcome = report->outcome};
    observe(&network, &seen, eigenvalues, overlaps);
    report->risk = seen.risk;
    report->prediction_risk = seen.prediction_risk;
    report->trace = seen.trace;
    report->overlap_q = seen.overlap_q;
    report->overlap_m = seen.overlap_m;
    free(network.factor);
    free(network.matrix);
}

Narrow narrow_solve(NarrowWork *work, const Problem *problem, double eigenvalues[],
                    double overlaps[])
{
    assert(problem->weight_decay > 0.0 && problem->width == work->p);
    work->problem.weight_decay = problem->weight_decay;
    work->weight = problem_nuclear_weight(&work->problem);
    const double tolerance =
        problem->tolerance > 0.0 ? problem->tolerance : work->settings.tolerance;
    Narrow report = {0};
    if (!work->started) {
        search(work, &report);
    }
    const Lbfgs end = descend(work, false, tolerance, work->best);
    gather(work, work->best);
    report.outcome = end.outcome;
    report.iterations += end.iterations;
    report.evaluations += end.evaluations;
    report.objective = end.value;
    report.estimate = end.estimate / end.value;
    work->started = end.outcome != OUTCOME_FAILED;
    double *values = checked_alloc((size_t)work->d, sizeof *values);
    describe(work, &report, values, overlaps);
    for (int k = 0; k < work->d; k++) {
        report.rank += values[k] > vanishing * values[0];
    }
    if (eigenvalues != NULL) {
        memcpy(eigenvalues, values, (size_t)work->d * sizeof *values);
    }
    free(values);
    if (report.outcome == OUTCOME_FAILED) {
        report.gap = report.estimate = report.spread = report.objective = report.train_loss =
            NAN;
    }
    MPI_Bcast(&report, sizeof report, MPI_BYTE, 0, work->team);
    return report;
}

void narrow_weights(const NarrowWork *work, double weights[])
{
    const double scale = pow((double)work->p * work->d, 0.25);
    for (size_t k = 0; k < (size_t)work->p * (size_t)work->d; k++) {
        weights[k] = scale * work->factor[k];
    }
}
