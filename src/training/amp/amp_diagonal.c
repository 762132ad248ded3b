/* Message passing for the diagonal network: the LASSO iteration of Donoho, Maleki & Montanari
 * (2009), with the threshold that the weight decay asks for.
 *
 * Where features are correlated in blocks a step is a LASSO of each block (amp_blocks.c), and D
 * the number of its coefficients that are not 0: every b that is tried for (E2) solves them
 * (theory.md section 14).
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/numerics/lapack.h"
#include "amp_model.h"
#include "checkpoint.h"
#include "network.h"

enum { SUMS = 2 }; /* r.r and z.z travel with X^T z */

typedef struct Diagonal {
    MPI_Comm team; /* borrowed */
    int team_rank;
    int d;
    double capacity, weight;
    Threshold threshold; /* of the penalty */
    const Dataset *data; /* borrowed */
    double *block;       /* [block_rows * d] */
    double *z;           /* [rows] */
    double *out;         /* [block_rows] */
    double *theta;       /* [d] theta', on all ranks */
    double *base;        /* [d] theta, on rank 0 */
    double *gradient;    /* [d + SUMS]; X^T z on rank 0 */
    double *sorted;      /* [d] scratch */
    bool *active;        /* [d] theta' is not 0, on rank 0 */
    double *pull;        /* [d] scratch where features are correlated, else NULL */
} Diagonal;

static size_t diagonal_memory(const Problem *problem, int ranks, SampleStore store)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)spec.dimension;
    const size_t rows = (size_t)spec.samples / (size_t)ranks + 2 * SAMPLES_QUANTUM;
    const size_t block = (size_t)samples_block_rows(&spec);
    /* the pull, and what a risk is made from */
    const size_t correlated = features_are_correlated(problem) ? 6 * d : 0;
    return samples_memory(&spec, ranks) +
           8 * (block * (d + 1) + rows + 4 * d + correlated + SUMS);
}

static void *diagonal_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                             const TrainerSettings *settings)
{
    (void)settings; /* no eigenproblem */
    Diagonal *a = checked_alloc(1, sizeof *a);
    const size_t d = (size_t)data->dimension;
    a->team = team;
    MPI_Comm_rank(team, &a->team_rank);
    a->d = data->dimension;
    a->capacity = model_of(problem)->channel(problem).capacity;
    a->threshold = threshold_of(problem_power(problem));
    a->data = data;
    const bool correlated = covariance_has_blocks(&data->covariance);
    assert(!correlated || a->threshold.power == 1.0);
    const size_t block = (size_t)a->data->block_rows;
    a->block = checked_alloc(block * d, sizeof(double));
    a->out = checked_alloc(block, sizeof(double));
    a->z = checked_alloc((size_t)a->data->rows, sizeof(double));
    a->theta = checked_alloc(d, sizeof(double));
    a->base = checked_alloc(d, sizeof(double));
    a->gradient = checked_alloc(d + SUMS, sizeof(double));
    a->sorted = checked_alloc(d, sizeof(double));
    a->active = checked_alloc(d, sizeof(bool));
    a->pull = correlated ? checked_alloc(d, sizeof(double)) : NULL;
    return a;
}

static void diagonal_release(void *state)
{
    Diagonal *a = state;
    void *const all[] = {a->block,    a->z,      a->out,    a->theta, a->base,
                         a->gradient, a->sorted, a->active, a->pull};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        free(all[k]);
    }
    free(a);
}

/* One block: z keeps `old` of itself and takes `fresh` of y - X theta'. */
static void pass_block(Diagonal *a, const SampleBlock *block, double fresh, double old)
{
    static const double one = 1.0;
    static const double zero = 0.0;
    static const int step = 1;
    double *z = a->z + block->offset;
    double *sums = a->gradient + a->d;
    dgemv_("T", &a->d, &block->rows, &one, block->features, &a->d, a->theta, &step, &zero,
           a->out, &step, 1);
    for (int row = 0; row < block->rows; row++) {
        const double r = block->labels[row] - a->out[row];
        z[row] = fresh * r + old * z[row];
        sums[0] += r * r;
        sums[1] += z[row] * z[row];
    }
    dgemv_("N", &a->d, &block->rows, &one, block->features, &a->d, z, &step, &one, a->gradient,
           &step, 1);
}

/* Collective.  theta' and the shares are those of rank 0; leaves X^T z and the sums there. */
static void pass(Diagonal *a, double fresh, double old)
{
    double share[2] = {fresh, old};
    MPI_Bcast(share, 2, MPI_DOUBLE, 0, a->team);
    MPI_Bcast(a->theta, a->d, MPI_DOUBLE, 0, a->team);
    memset(a->gradient, 0, ((size_t)a->d + SUMS) * sizeof(double));
    for (size_t k = 0; k < dataset_blocks(a->data); k++) {
        const SampleBlock block = dataset_block(a->data, k, a->block);
        pass_block(a, &block, share[0], share[1]);
    }
    MPI_Reduce(a->team_rank == 0 ? MPI_IN_PLACE : a->gradient, a->gradient, a->d + SUMS,
               MPI_DOUBLE, MPI_SUM, 0, a->team);
}

static double diagonal_begin(void *state, double weight)
{
    Diagonal *a = state;
    a->weight = weight;
    memset(a->z, 0, (size_t)a->data->rows * sizeof(double));
    memset(a->theta, 0, (size_t)a->d * sizeof(double));
    memset(a->base, 0, (size_t)a->d * sizeof(double));
    memset(a->active, 0, (size_t)a->d * sizeof(bool));
    pass(a, 1.0, 0.0);
    return a->gradient[a->d + 1];
}

/* Root only.  theta + Sigma^-1 X^T z / n in theta, and its threshold b: that where the data are
 * isotropic is b/sqrt(sigma_i), that of theta_i is b/sigma_i. */
static double make_matched(Diagonal *a)
{
    for (int i = 0; i < a->d; i++) {
        a->theta[i] =
            a->base[i] +
            a->gradient[i] / (a->capacity * covariance_variance(&a->data->covariance, i));
        a->sorted[i] = a->theta[i] * covariance_variance(&a->data->covariance, i);
    }
    network_sort(a->d, a->sorted, a->sorted);
    if (a->threshold.jump == 0.0) {
        return amp_threshold_vector(a->sorted, a->d, a->capacity, a->weight);
    }
    const double tau = sqrt(a->gradient[a->d + 1]) / a->capacity; /* (E1) by z */
    return amp_threshold_jump(&a->threshold, a->sorted, a->d, tau, a->capacity, a->weight);
}

/* Root only.  theta' of blocks at the threshold of the step, from D^-1/2 (Sigma theta + X^T z /
 * n). */
static void solve_blocks(Diagonal *a, AmpStep *step)
{
    const Covariance *sigma = &a->data->covariance;
    covariance_product(sigma, 1, a->base, a->pull);
    for (int i = 0; i < a->d; i++) {
        a->pull[i] =
            (a->pull[i] + a->gradient[i] / a->capacity) / covariance_deviation(sigma, i);
    }
    AmpSearch search = amp_search_begin(step->before, a->capacity, a->weight);
    int active;
    do {
        active = amp_threshold_blocks(sigma, a->pull, exp(search.x), a->theta);
    } while (amp_search_goes_on(&search, active));
    step->threshold = amp_follow(step, exp(search.x));
    amp_threshold_blocks(sigma, a->pull, step->threshold, a->theta);
}

/* Root only.  What the step reports of theta', as shrink does. */
static void compare_blocks(Diagonal *a, AmpStep *step)
{
    Observed seen = observed_nothing(OUTCOME_RUNNING);
    network_observe_vector(a->data, NULL, a->theta, &seen, a->sorted);
    *step = (AmpStep){.keep = step->keep,
                      .threshold = step->threshold,
                      .move = sqrt(network_vector_risk(a->data, NULL, a->theta, a->base)),
                      .rank = (int)seen.rank,
                      .risk = seen.risk,
                      .trace = seen.trace,
                      .penalty = seen.trace,
                      .overlap_q = seen.overlap_q,
                      .overlap_m = seen.overlap_m};
    for (int i = 0; i < a->d; i++) {
        a->base[i] = a->theta[i] - step->keep * (a->theta[i] - a->base[i]);
    }
}

/* Root only.  theta' = f(theta) with what the step reports; the base becomes
 * (1 - keep) theta' + keep base. */
static void shrink(Diagonal *a, AmpStep *step)
{
    const double b = step->threshold;
    const double chi = threshold_weight(&a->threshold, b);
    const double power = a->threshold.power;
    const double held = amp_floor(&a->threshold, step, b);
    double move = 0.0;
    *step = (AmpStep){.keep = step->keep, .threshold = b};
    for (int i = 0; i < a->d; i++) {
        const double sigma = covariance_variance(&a->data->covariance, i);
        const double size = fabs(a->theta[i]);
        const double theta =
            size * sigma > (a->active[i] ? held : b)
                ? copysign(a->threshold.shrink(power, size, chi / sigma), a->theta[i])
                : 0.0;
        const double change = theta - a->base[i];
        const double teacher = a->data->truth != NULL ? a->data->truth->teacher[i] : 0.0;
        a->theta[i] = theta;
        a->active[i] = theta != 0.0;
        a->base[i] = theta - step->keep * change;
        move += sigma * change * change;
        step->rank += theta != 0.0;
        const double x = sqrt(sigma) * theta; /* where the data are isotropic */
        step->risk += (x - teacher) * (x - teacher);
        step->trace += fabs(theta);
        step->penalty += threshold_penalty(&a->threshold, theta);
        step->overlap_q += x * x;
        step->overlap_m += x * teacher;
    }
    step->move = sqrt(move);
}

/* Root only.  From X^T z to theta'. */
static void advance(Diagonal *a, AmpStep *step)
{
    if (covariance_has_blocks(&a->data->covariance)) {
        solve_blocks(a, step);
        compare_blocks(a, step);
    } else {
        step->threshold = amp_follow(step, make_matched(a));
        shrink(a, step);
    }
}

static bool diagonal_step(void *state, AmpStep *step)
{
    Diagonal *a = state;
    int finite = true;
    double onsager = 0.0; /* D/C */
    for (int i = 0; i < a->d; i++) {
        finite &= isfinite(a->gradient[i]);
    }
    MPI_Bcast(&finite, 1, MPI_INT, 0, a->team);
    if (!finite) {
        return false;
    }
    if (a->team_rank == 0) {
        advance(a, step);
        const double chi = threshold_weight(&a->threshold, step->threshold);
        onsager = 1.0 - a->weight / (chi * a->capacity);
    }
    const double fresh = 1.0 - step->keep;
    pass(a, fresh, step->keep + fresh * onsager);
    step->residual = a->gradient[a->d];
    step->square = a->gradient[a->d + 1];
    return true;
}

static double diagonal_observe(void *state, double spectrum[])
{
    const Diagonal *a = state;
    network_sort(a->d, a->theta, spectrum);
    return NAN;
}

static Network diagonal_network(const void *state)
{
    return (Network){.theta = ((const Diagonal *)state)->theta};
}

static void diagonal_state(void *state, StateVisitor *visitor)
{
    Diagonal *a = state;
    const size_t bytes = (size_t)a->d * sizeof(double);
    visit_common(visitor, &a->weight, sizeof a->weight);
    visit_common(visitor, a->theta, bytes);
    visit_root(visitor, a->base, bytes);
    visit_root(visitor, a->active, (size_t)a->d * sizeof(bool));
    visit_root(visitor, a->gradient, bytes + SUMS * sizeof(double));
    visit_shares(visitor, a->z, (size_t)a->data->rows * sizeof(double));
}

const AmpModel amp_diagonal = {diagonal_create, diagonal_release, diagonal_begin,
                               diagonal_step,   diagonal_observe, diagonal_network,
                               diagonal_state,  diagonal_memory};
