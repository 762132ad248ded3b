/* Message passing for the quadratic network: a pass over the data makes z and
 * B = sum z_mu Z_mu, an eigendecomposition makes S' from S + (d/2n) B.  Of the signed network
 * f(x) = sign(x) (|x| - b)_+ (theory.md section 13).
 *
 * Where rows are x = A z (covariance.h) S, M and S* are those in the coordinates z, S~ = A^T S
 * A, and the penalty is Tr P S~ with P = (A^T A)^-1: S~' = (M - b P)_+, so that (E2) is one
 * decomposition for each b that is tried (theory.md section 14).  The factor is in the
 * coordinates of the rows.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/parallel/symmetric_eigen.h"
#include "amp_model.h"
#include "checkpoint.h"
#include "convex/training_pass.h"
#include "matrix_square.h"
#include "matrix_threshold.h"
#include "network.h"

typedef struct Quadratic {
    MPI_Comm team; /* borrowed */
    int team_rank;
    int d;
    double capacity, weight;
    Threshold threshold; /* of the penalty */
    const Dataset *data; /* borrowed */
    Pass pass;           /* vector: z; gram: B on rank 0 */
    Eigen eigen;
    bool both;      /* eigenvalues of S may have either sign */
    bool stretched; /* the rows are not isotropic */
    int rank;       /* of S' */
    int negative;   /* of its eigenvalues, whose columns are the last; 0 but for both */
    double *factor; /* d x d; S' = factor sign factor^T as in network.h, on all ranks */
    double *matrix; /* d x d; M, then S', on rank 0 */
    double *values; /* [d] eigenvalues of M, stretched M - b P, ascending */
    double *base;   /* d x d; S, lower triangle, on rank 0 */
    double *turned; /* d x d; S* that is not diagonal, likewise, else NULL */
} Quadratic;

static size_t quadratic_memory(const Problem *problem, int ranks, SampleStore store)
{
    SamplesSpec spec = samples_spec(problem);
    spec.store = store;
    const size_t d = (size_t)spec.dimension;
    /* S* that is not diagonal and what it is made from; where rows are not isotropic made again
     * to be observed, or the product of Sigma and the factor */
    const bool turned = problem->rotated || features_are_correlated(problem);
    const size_t beside = (turned ? 2u : 0u) + (features_are_isotropic(problem) ? 0u : 1u);
    /* factor, matrix, base; LAPACK's room, and what ScaLAPACK makes on every rank */
    return samples_memory(&spec, ranks) + pass_memory(&spec, ranks) + 8 * (7 + beside) * d * d;
}

static void *quadratic_create(MPI_Comm team, const Dataset *data, const Problem *problem,
                              const TrainerSettings *settings)
{
    assert(problem->width >= problem->dimension);
    Quadratic *q = checked_alloc(1, sizeof *q);
    const size_t d = (size_t)data->dimension;
    q->team = team;
    MPI_Comm_rank(team, &q->team_rank);
    q->d = data->dimension;
    q->capacity = model_of(problem)->channel(problem).capacity;
    q->threshold = threshold_of(problem_power(problem));
    q->both = model_has(problem->model, TRAIT_INDEFINITE);
    q->stretched = !dataset_is_isotropic(data);
    assert(!(q->both && q->stretched));
    assert(!(q->both || q->stretched) || q->threshold.power == 1.0);
    q->data = data;
    q->pass = pass_create(team, q->data);
    q->eigen = eigen_create(team, q->d, settings->eigen);
    q->factor = checked_alloc(d * d, sizeof(double));
    q->matrix = checked_alloc(d * d, sizeof(double));
    q->values = checked_alloc(d, sizeof(double));
    if (q->team_rank == 0) {
        q->base = checked_alloc(d * d, sizeof(double));
        q->turned = network_turned_truth(data);
    }
    return q;
}

static void quadratic_release(void *state)
{
    Quadratic *q = state;
    eigen_free(&q->eigen);
    pass_free(&q->pass);
    free(q->factor);
    free(q->matrix);
    free(q->values);
    free(q->base);
    free(q->turned);
    free(q);
}

/* Collective.  The pass after S' is there: z keeps `old` of itself and takes `fresh` of y -
 * A(S'). */
static PassSums pass(Quadratic *q, double trace, double fresh, double old)
{
    PassPlan plan = {.rank = q->rank,
                     .negative = q->negative,
                     .trace = trace,
                     .residual_share = fresh,
                     .previous_share = old,
                     .share = {1.0}};
    MPI_Bcast(&plan, sizeof plan, MPI_BYTE, 0, q->team);
    q->rank = plan.rank;
    q->negative = plan.negative;
    MPI_Bcast(q->factor, q->d * q->rank, MPI_DOUBLE, 0, q->team);
    return pass_run(&q->pass, &plan, q->factor);
}

static double quadratic_begin(void *state, double weight)
{
    Quadratic *q = state;
    const size_t rows = (size_t)q->data->rows;
    q->weight = weight;
    q->rank = q->negative = 0;
    /* not only multiplied by 0: after a divergence it is not finite */
    memset(q->pass.vector, 0, rows * sizeof(double));
    memset(q->pass.memory[0], 0, rows * sizeof(double));
    if (q->team_rank == 0) {
        memset(q->base, 0, (size_t)q->d * (size_t)q->d * sizeof(double));
    }
    return pass(q, 0.0, 1.0, 0.0).square;
}

/* Root only.  What the data add to S where rows are isotropic, in the place of B. */
static void make_pull(Quadratic *q)
{
    const double scale = 1.0 / (q->capacity * q->d);
    const size_t d = (size_t)q->d;
    for (size_t k = 0; k < d * d; k++) {
        q->pass.gram[k] *= scale;
    }
    covariance_whiten_square(&q->data->covariance, q->pass.gram);
}

/* Root only.  M, or M - b P where rows are not isotropic, lower triangle. */
static void make_matrix(Quadratic *q, double b)
{
    const size_t d = (size_t)q->d;
    for (size_t k = 0; k < d * d; k++) {
        q->matrix[k] = q->base[k] + q->pass.gram[k];
    }
    if (q->stretched) {
        covariance_add_dual(&q->data->covariance, -b, q->matrix);
    }
}

/* Collective.  What eigen_vectors needs, with the eigenvalues on rank 0. */
static bool decompose(Quadratic *q, double b)
{
    if (q->team_rank == 0) {
        make_matrix(q, b);
    }
    return eigen_values(&q->eigen, q->matrix, q->values) == OUTCOME_CONVERGED;
}

/* Collective.  b of (E2) on M - b P, which is left decomposed at the b of the step. */
static bool find_threshold(Quadratic *q, AmpStep *step)
{
    AmpSearch search = amp_search_begin(step->before, q->capacity, q->weight);
    double b = 0.0;
    double trial = exp(search.x); /* of rank 0; NAN: b is it */
    MPI_Bcast(&trial, 1, MPI_DOUBLE, 0, q->team);
    while (!isnan(trial)) {
        b = trial;
        if (!decompose(q, b)) {
            return false;
        }
        if (q->team_rank == 0) {
            const double divergence = threshold_divergence(q->values, q->d, 0.0);
            trial = amp_search_goes_on(&search, divergence) ? exp(search.x) : NAN;
        }
        MPI_Bcast(&trial, 1, MPI_DOUBLE, 0, q->team);
    }
    double wanted = amp_follow(step, b);
    MPI_Bcast(&wanted, 1, MPI_DOUBLE, 0, q->team);
    if (wanted != b && !decompose(q, wanted)) {
        return false;
    }
    step->threshold = wanted;
    if (q->team_rank == 0) {
        q->rank = threshold_active(q->values, q->d, 0.0);
    }
    return true;
}

/* Root only.  b, and how many eigenvalues are beyond it. */
static double make_threshold(Quadratic *q, const AmpStep *step)
{
    static const double tolerance = 1e-13;
    const double root =
        q->threshold.jump == 0.0
            ? threshold_matrix(q->values, q->d, q->both, q->capacity, q->weight, tolerance)
            : threshold_matrix_jump(&q->threshold, q->values, q->d, q->capacity, q->weight,
                                    tolerance);
    const double b = amp_follow(step, root);
    if (q->both) {
        q->negative = threshold_below(q->values, q->d, b);
        q->rank = threshold_active(q->values, q->d, b) + q->negative;
        return b;
    }
    /* those that were active are the largest */
    const int held = threshold_active(q->values, q->d, amp_floor(&q->threshold, step, b));
    const int above = threshold_active(q->values, q->d, b);
    q->rank = held < q->rank ? held : above > q->rank ? above : q->rank;
    return b;
}

/* Root only.  Column k of the factor from the eigenvector at `place`.  Returns the size of its
 * eigenvalue. */
static double make_column(Quadratic *q, int k, int place, double chi)
{
    const size_t d = (size_t)q->d;
    const double size = fabs(q->values[place]);
    const double learned =
        q->stretched ? size : q->threshold.shrink(q->threshold.power, size, chi);
    const double root = sqrt(learned);
    for (size_t i = 0; i < d; i++) {
        q->factor[i + (size_t)k * d] = root * q->matrix[i + (size_t)place * d];
    }
    return learned;
}

/* Root only.  S' = f(M) as a factor, leading columns first among those of one sign, from the
 * vectors wanted: the last columns, and the first ones that are below -b.  Returns
 * sum |f|^q / d. */
static double make_factor(Quadratic *q, double chi)
{
    double penalty = 0.0;
    const int positive = q->rank - q->negative;
    for (int k = 0; k < q->rank; k++) {
        const int place = k < positive ? q->d - 1 - k : k - positive;
        penalty += threshold_penalty(&q->threshold, make_column(q, k, place, chi)) / q->d;
    }
    return penalty;
}

/* An entry of S*, 0 where nothing is known of it. */
static double target(const Quadratic *q, size_t row, size_t column)
{
    if (q->turned != NULL) {
        return q->turned[row + column * (size_t)q->d];
    }
    return q->data->truth != NULL && row == column ? q->data->truth->teacher[row] : 0.0;
}

/* Root only.  What of S' the step reports; entry by entry, so that a small risk keeps its
 * digits.  S becomes (1 - keep) S' + keep S. */
static void compare(Quadratic *q, AmpStep *step)
{
    const int d = q->d;
    const size_t n = (size_t)d;
    double *s = q->matrix;
    matrix_lower(d, q->rank, q->negative, q->factor, s);
    double move = 0.0;
    *step = (AmpStep){.keep = step->keep, .threshold = step->threshold, .rank = q->rank};
    for (size_t column = 0; column < n; column++) {
        for (size_t row = column; row < n; row++) {
            const size_t k = row + column * n;
            const double twice = row == column ? 1.0 : 2.0;
            const double teacher = target(q, row, column);
            const double change = s[k] - q->base[k];
            move += twice * change * change;
            step->risk += twice * (s[k] - teacher) * (s[k] - teacher);
            step->overlap_q += twice * s[k] * s[k];
            step->overlap_m += twice * teacher * s[k];
            q->base[k] = s[k] - step->keep * change;
        }
        step->trace += s[column * (n + 1)] / d;
    }
    step->move = sqrt(move / d);
    step->risk /= d;
    step->overlap_q /= d;
    step->overlap_m /= d;
}

/* Root only.  The factor from where rows are isotropic to their coordinates, where the penalty
 * is Tr S. */
static void turn_factor(Quadratic *q, AmpStep *step)
{
    const size_t entries = (size_t)q->rank * (size_t)q->d;
    covariance_colour_dual(&q->data->covariance, q->rank, q->factor);
    step->trace = 0.0;
    for (size_t k = 0; k < entries; k++) {
        step->trace += q->factor[k] * q->factor[k] / q->d;
    }
}

/* Collective.  The threshold of this step, and the matrix decomposed. */
static bool choose(Quadratic *q, AmpStep *step)
{
    if (q->stretched) {
        return find_threshold(q, step);
    }
    if (!decompose(q, 0.0)) {
        return false;
    }
    if (q->team_rank == 0) {
        step->threshold = make_threshold(q, step);
    }
    return true;
}

static bool quadratic_step(void *state, AmpStep *step)
{
    Quadratic *q = state;
    if (q->team_rank == 0) {
        make_pull(q);
    }
    if (!choose(q, step)) {
        return false;
    }
    /* those of the largest eigenvalues come last, and alone if so wanted */
    const int wanted = q->negative > 0 ? q->d : q->rank;
    if (eigen_vectors(&q->eigen, wanted, q->matrix) != OUTCOME_CONVERGED) {
        return false;
    }
    double onsager = 0.0; /* D/C */
    double trace = 0.0;   /* of S' */
    if (q->team_rank == 0) {
        const double chi = threshold_weight(&q->threshold, step->threshold);
        onsager = 1.0 - q->weight / (chi * q->capacity);
        const double penalty = make_factor(q, chi);
        compare(q, step);
        if (q->stretched) {
            turn_factor(q, step);
        }
        trace = step->trace * q->d;
        step->trace = q->both ? penalty : step->trace;
        step->penalty = q->threshold.power == 1.0 ? step->trace : penalty;
    }
    const double fresh = 1.0 - step->keep;
    const PassSums sums = pass(q, trace, fresh, step->keep + fresh * onsager);
    step->residual = sums.residual;
    step->square = sums.square;
    return true;
}

static Network quadratic_network(const void *state)
{
    const Quadratic *q = state;
    return (Network){.columns = q->rank, .negative = q->negative, .factor = q->factor};
}

/* Collective.  The columns of a factor that comes from other coordinates are not orthogonal:
 * those of the same S that are. */
static void make_orthogonal(Quadratic *q)
{
    MPI_Bcast(&q->rank, 1, MPI_INT, 0, q->team); /* a step may have failed half way */
    if (q->team_rank == 0) {
        matrix_lower(q->d, q->rank, 0, q->factor, q->matrix);
    }
    if (eigen_values(&q->eigen, q->matrix, q->values) != OUTCOME_CONVERGED ||
        eigen_vectors(&q->eigen, q->rank, q->matrix) != OUTCOME_CONVERGED) {
        return; /* after a divergence, of which nothing is shown */
    }
    if (q->team_rank == 0) {
        make_factor(q, 0.0);
    }
    MPI_Bcast(q->factor, q->d * q->rank, MPI_DOUBLE, 0, q->team);
}

static double quadratic_observe(void *state, double spectrum[])
{
    Quadratic *q = state;
    double leading = NAN; /* with the teacher's first vector, an axis or turned */
    if (q->stretched) {
        make_orthogonal(q);
    }
    if (q->team_rank == 0) {
        const Network network = quadratic_network(q);
        double *overlaps = checked_alloc((size_t)q->d, sizeof *overlaps);
        Observed seen = observed_nothing(OUTCOME_CONVERGED);
        network_observe_matrix(q->data, &network, q->matrix, &seen, spectrum, overlaps);
        leading = seen.feature_overlap;
        free(overlaps);
    }
    return leading;
}

static void quadratic_state(void *state, StateVisitor *visitor)
{
    Quadratic *q = state;
    const size_t column = (size_t)q->d * sizeof(double);
    visit_common(visitor, &q->weight, sizeof q->weight);
    visit_common(visitor, &q->rank, sizeof q->rank);
    visit_common(visitor, &q->negative, sizeof q->negative);
    visit_eigen(visitor, &q->eigen);
    visit_common(visitor, q->factor, (size_t)q->rank * column);
    visit_root(visitor, q->base, (size_t)q->d * column);
    visit_root(visitor, q->pass.gram, (size_t)q->d * column);
    visit_shares(visitor, q->pass.vector, (size_t)q->data->rows * sizeof(double));
}

const AmpModel amp_quadratic = {quadratic_create, quadratic_release, quadratic_begin,
                                quadratic_step,   quadratic_observe, quadratic_network,
                                quadratic_state,  quadratic_memory};
