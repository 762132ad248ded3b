#include "phasesweep/training/narrow.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "phasesweep/numerics/lapack.h"
#include "convex/training_state.h"
#include "narrow_state.h"

enum { PAIRS = 30 };

/* Columns of all starts that descend side by side, about: from here on products of one network
 * are as fast (bench_narrow). */
enum { COLUMNS = 192 };

/* Eigenvalues of S below this share of the largest are what the descent has left of neurons
 * that the penalty removes, and those below the other are rounding. */
static const double vanishing = 1e-6;
static const double nothing = 1e-13;

NarrowSettings narrow_defaults(void)
{
    return (NarrowSettings){.store = STORE_AUTO,
                            .memory = (size_t)1 << 30,
                            .tolerance = 1e-7,
                            .evaluation_limit = 5000,
                            .starts = 3,
                            .checkpoint_period = 300.0};
}

double narrow_flops(const Problem *problem, double evaluations)
{
    return 4.0 * evaluations * problem->samples * problem->dimension * problem->width;
}

static int starts_together(double width, int starts)
{
    const int fit = (int)(COLUMNS / width);
    return fit < 1 ? 1 : fit < starts ? fit : starts;
}

size_t narrow_memory(const Problem *problem, int ranks, SampleStore store)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)problem->dimension;
    const size_t together = (size_t)starts_together(problem->width, narrow_defaults().starts);
    const size_t variables = d * (size_t)problem->width;
    const size_t vectors = together * (2 * PAIRS + 5) + 2;
    /* a certificate's pass and matrices come when the descent is over */
    const size_t copy = store == STORE_DOUBLE ? narrow_copy_memory(&spec, ranks) : 0;
    return samples_memory(&spec, ranks) + copy +
           narrow_pass_memory(&spec, (int)(together * (size_t)problem->width)) +
           8 * variables * (2 * together + vectors / (size_t)ranks + 1) +
           pass_memory(&spec, ranks) + 8 * 4 * d * d; /* factor, matrix, LAPACK's room */
}

/* The variables are cut into shares as even as can be, whatever neuron they belong to. */
static void create_descents(NarrowWork *work)
{
    const int variables = work->d * work->p;
    work->begin = checked_alloc((size_t)work->ranks, sizeof *work->begin);
    work->count = checked_alloc((size_t)work->ranks, sizeof *work->count);
    for (int k = 0; k < work->ranks; k++) {
        work->begin[k] = (int)((int64_t)variables * k / work->ranks);
        work->count[k] = (int)((int64_t)variables * (k + 1) / work->ranks) - work->begin[k];
    }
    const int mine = work->count[work->rank];
    work->lbfgs = checked_alloc((size_t)work->together, sizeof(LbfgsWork *));
    for (int k = 0; k < work->together; k++) {
        work->lbfgs[k] = lbfgs_create(work->team, mine, PAIRS);
    }
    work->factor = checked_alloc((size_t)variables * (size_t)work->together, sizeof(double));
    work->best = checked_alloc((size_t)mine, sizeof(double));
    work->share = checked_alloc((size_t)mine, sizeof(double));
}

NarrowWork *narrow_create(MPI_Comm team, const Problem *problem, const NarrowSettings *settings)
{
    assert(model_has(problem->model, TRAIT_MATRIX) && problem->width >= 1.0);
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
    /* all that the descents need, the copy in single precision included */
    const size_t both = narrow_memory(problem, work->ranks, STORE_DOUBLE);
    const bool copy = work->samples.spec.store == STORE_DOUBLE && !settings->double_only &&
                      both <= settings->memory;
    work->together = starts_together(problem->width, settings->starts);
    work->pass = narrow_pass_create(team, &work->samples, work->p, work->together, copy);
    create_descents(work);
    work->resumes_at = NAN;
    work->saved_at = MPI_Wtime();
    if (settings->checkpoint != NULL) {
        narrow_load(work);
    }
    return work;
}

void narrow_free(NarrowWork *work)
{
    if (work == NULL) {
        return;
    }
    samples_free(&work->samples);
    narrow_pass_free(&work->pass);
    for (int k = 0; k < work->together; k++) {
        lbfgs_free(work->lbfgs[k]);
    }
    free(work->lbfgs);
    free(work->begin);
    free(work->count);
    free(work->factor);
    free(work->best);
    free(work->share);
    free(work);
}

/* ---- report -------------------------------------------------------------------------- */

/* Replace factor by its principal axes on rank 0, the longest first: the same S with orthogonal
 * columns.  Returns how many there are, -1 if LAPACK failed. */
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
    int rank = info == 0 ? 0 : -1;
    while (rank >= 0 && rank < p && rank < d &&
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
        const double bound = pass_dual_bound(&sums, work->d, work->weight, largest);
        report->train_loss = sums.residual / work->problem.samples;
        report->gap =
            isnan(largest) ? NAN : fmax((report->objective - bound) / report->objective, 0.0);
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
    if (rank < 0) {
        report->outcome = OUTCOME_FAILED;
        rank = 0;
    }
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

/* What rank 0 tells the team to do next. */
typedef enum Command { COMMAND_STEP, COMMAND_SAVE, COMMAND_STOP } Command;

/* Collective.  Until the end of the point, or the order to stop; false then. */
static bool descend(NarrowWork *work)
{
    const NarrowSettings *settings = &work->settings;
    while (work->progress.stage != NARROW_END) {
        int command = COMMAND_STEP;
        if (work->rank == 0 && settings->stop != NULL &&
            settings->stop(settings->stop_context)) {
            command = COMMAND_STOP;
        } else if (work->rank == 0 && settings->checkpoint != NULL &&
                   MPI_Wtime() - work->saved_at >= settings->checkpoint_period) {
            command = COMMAND_SAVE;
        }
        MPI_Bcast(&command, 1, MPI_INT, 0, work->team);
        if (command != COMMAND_STEP && settings->checkpoint != NULL) {
            narrow_save(work);
        }
        if (command == COMMAND_STOP) {
            return false;
        }
        narrow_step(work);
    }
    return true;
}

/* Collective.  The network in hand, described on all ranks. */
static void report_network(NarrowWork *work, Narrow *report, double eigenvalues[],
                           double overlaps[])
{
    const NarrowProgress *progress = &work->progress;
    const Lbfgs end = lbfgs_report(work->lbfgs[0], work->best);
    narrow_gather(work, work->best);
    report->outcome = end.outcome;
    report->iterations = progress->iterations + end.iterations;
    report->objective = end.value;
    report->estimate = end.estimate / end.value;
    report->spread = progress->lowest > 0.0 ? progress->highest / progress->lowest - 1.0 : 0.0;
    work->started = end.outcome != OUTCOME_FAILED;
    double *values = checked_alloc((size_t)work->d, sizeof *values);
    describe(work, report, values, overlaps);
    for (int k = 0; k < work->d; k++) {
        /* a descent only comes near 0 where the minimum has it */
        values[k] = values[k] > vanishing * values[0] ? values[k] : 0.0;
        report->rank += values[k] > 0.0;
    }
    if (eigenvalues != NULL) {
        memcpy(eigenvalues, values, (size_t)work->d * sizeof *values);
    }
    free(values);
    if (report->outcome == OUTCOME_FAILED) {
        report->gap = report->estimate = report->spread = report->objective =
            report->train_loss = NAN;
    }
}

Narrow narrow_solve(NarrowWork *work, const Problem *problem, double eigenvalues[],
                    double overlaps[])
{
    assert(problem->weight_decay > 0.0 && problem->width == work->p);
    const bool resumed = work->resumes_at == problem->weight_decay;
    work->resumes_at = NAN;
    work->problem.weight_decay = problem->weight_decay;
    work->weight = problem_nuclear_weight(&work->problem);
    work->progress.tolerance =
        problem->tolerance > 0.0 ? problem->tolerance : work->settings.tolerance;
    if (!resumed) {
        narrow_begin_point(work);
    }
    Narrow report = {.outcome = OUTCOME_RUNNING, .stopped = !descend(work)};
    report.evaluations = work->progress.evaluations;
    if (!report.stopped) {
        report_network(work, &report, eigenvalues, overlaps);
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
