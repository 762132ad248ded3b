/* The points and chains of a sweep; what a sweep may hold is checked in sweep_check.c.
 *
 * Points are numbered along the axes, the last one fastest; chains cut the innermost axis
 * into pieces whose beginnings depend on the job alone, never on ranks or history.
 */
#include "phasesweep/study/sweep.h"
#include "phasesweep/model/method_facts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"

void sweep_copy(Sweep *to, const Sweep *from, KeyId id)
{
    assert(to->written_at[id] == 0);
    to->written_at[id] = from->written_at[id];
    if (id == KEY_MODEL) {
        to->model = from->model;
    } else if (id == KEY_METHOD) {
        to->method = from->method;
    } else if (id == KEY_TOLERANCE) {
        to->tolerance = from->tolerance;
    } else if (id == KEY_SIGNS) {
        to->random_signs = from->random_signs;
    } else if (id == KEY_STORE) {
        to->store = from->store;
    } else if (id == KEY_RANKS_PER_LINE) {
        to->ranks_per_line = from->ranks_per_line;
    } else if (id == KEY_DAMPING) {
        to->damping = from->damping;
    } else if (id == KEY_SPECTRUM) {
        to->spectrum = from->spectrum;
    } else if (id >= KEY_AXES) {
        /* `to` owns its values, like every sweep */
        Axis *axis = &to->axis[id - KEY_AXES];
        *axis = from->axis[id - KEY_AXES];
        const double *values = axis->values;
        axis->values = checked_alloc(axis->count, sizeof(double));
        if (axis->count > 0) {
            memcpy(axis->values, values, axis->count * sizeof(double));
        }
    }
}

void sweep_free(Sweep *sweep)
{
    for (int id = 0; id < AXIS_COUNT; id++) {
        free(sweep->axis[id].values);
    }
    *sweep = (Sweep){0};
}

/* Outermost axis first; the order of axes is that of AxisId, not of the job file. */
int sweep_shape(const Sweep *sweep, size_t shape[AXIS_COUNT], AxisId ids[AXIS_COUNT])
{
    int rank = 0;
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        if (sweep->axis[id].varied) {
            shape[rank] = sweep->axis[id].count;
            ids[rank++] = id;
        }
    }
    return rank;
}

size_t sweep_points(const Sweep *sweep)
{
    size_t points = 1;
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        points *= sweep->axis[id].varied ? sweep->axis[id].count : 1;
    }
    /* check_size has seen to it that this does not overflow */
    return points;
}

/* Points along the innermost axis; chains never cross from one row into the next, so that the
 * points of a chain have all other coordinates in common. */
static size_t row_length(const Sweep *sweep)
{
    size_t shape[AXIS_COUNT];
    AxisId ids[AXIS_COUNT];
    const int rank = sweep_shape(sweep, shape, ids);
    return rank > 0 ? shape[rank - 1] : 1;
}

/* Trainings share their data along a weight decay and nothing along any other axis; message
 * passing starts anew at every point, and data are drawn in the time of one iteration. */
static size_t chain_length(const Sweep *sweep)
{
    size_t shape[AXIS_COUNT];
    AxisId ids[AXIS_COUNT];
    const int rank = sweep_shape(sweep, shape, ids);
    const bool shared = rank > 0 && (ids[rank - 1] == AXIS_WEIGHT_DECAY ||
                                     ids[rank - 1] == AXIS_NUCLEAR_WEIGHT);
    const MethodFacts *facts = method_facts(sweep->method);
    return facts->draws_data && !(facts->shares_data && shared) ? 1 : CHAIN_LENGTH;
}

/* The last of them may be shorter.  A function of the job alone. */
static size_t chains_per_row(const Sweep *sweep)
{
    return (row_length(sweep) + chain_length(sweep) - 1) / chain_length(sweep);
}

size_t sweep_chains(const Sweep *sweep)
{
    return sweep_points(sweep) / row_length(sweep) * chains_per_row(sweep);
}

void sweep_chain(const Sweep *sweep, size_t chain, size_t *first, size_t *count)
{
    const size_t chains = chains_per_row(sweep);
    assert(chains > 0 && chain < sweep_chains(sweep));
    const size_t row = chain / chains;
    const size_t most = chain_length(sweep);
    const size_t begin = chain % chains * most;
    const size_t left = row_length(sweep) - begin;
    /* points of a row are consecutive: the innermost axis runs fastest */
    *first = row * row_length(sweep) + begin;
    *count = left < most ? left : most;
}

/* Place along every axis, 0 on those that are one number; the last axis runs fastest. */
void sweep_place(const Sweep *sweep, size_t point, size_t place[AXIS_COUNT])
{
    for (int id = AXIS_COUNT - 1; id >= 0; id--) {
        const size_t count = sweep->axis[id].count > 0 ? sweep->axis[id].count : 1;
        place[id] = point % count;
        point /= count;
    }
    assert(point == 0);
}

size_t sweep_point(const Sweep *sweep, const size_t place[AXIS_COUNT])
{
    size_t point = 0;
    for (int id = 0; id < AXIS_COUNT; id++) {
        const size_t count = sweep->axis[id].count > 0 ? sweep->axis[id].count : 1;
        assert(place[id] < count);
        point = point * count + place[id];
    }
    return point;
}

/* Eigenvalues of the quadratic network, coefficients of the diagonal one: d of either.  A
 * predicted spectrum has as many outliers as fit; more lie so close that a histogram of them
 * is wanted, and phases where that is so have a large d. */
static size_t index_length(const Sweep *sweep, IndexId index)
{
    const Axis *axis = &sweep->axis[AXIS_DIMENSION];
    double largest = 0.0;
    for (size_t k = 0; k < axis->count; k++) {
        largest = fmax(largest, axis->values[k]);
    }
    switch (index) {
    case INDEX_EIGENVALUE:
        return (size_t)largest;
    case INDEX_DENSITY:
        return sweep->spectrum;
    case INDEX_OUTLIER:
        return sweep->spectrum > 0 ? (size_t)fmin(largest, OUTLIERS_STORED) : 0;
    default:
        return ITERATIONS_STORED;
    }
}

void sweep_series(const Sweep *sweep, size_t length[SERIES_COUNT])
{
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        const bool has = (record_series[id].methods >> sweep->method & 1u) != 0;
        length[id] = has ? index_length(sweep, record_series[id].index) : 0;
    }
}

/* What a value means at dimension d, where n_eff = n / per_effective and, for a weight, the
 * point's n_eff is known. */
static double resolve(AxisForm form, double value, double d, double per_effective, double n_eff)
{
    assert(d >= 1.0 && per_effective >= 1.0);
    switch (form) {
    case FORM_POWER:
        return pow(d, value);
    case FORM_EFFECTIVE:
        return value * per_effective;
    case FORM_EFFECTIVE_POWER:
        return pow(d, value) * per_effective;
    case FORM_SQRT_EFFECTIVE:
        return value * sqrt(n_eff / d);
    default:
        return value;
    }
}

/* Width is not given: d, the network without a bottleneck. */
static double resolve_width(const Axis *axis, double value, double d)
{
    /* a power of d is no whole number, a width is */
    return axis->count > 0 ? round(resolve(axis->form, value, d, 1.0, 1.0)) : d;
}

/* lambda of the point.  A nuclear weight is lt = lambda sqrt(p/d) (theory.md section 1) and
 * is turned into the lambda of this width; NAN for a method without one. */
static double resolve_weight_decay(const Sweep *sweep, const double value[AXIS_COUNT],
                                   const Problem *problem)
{
    const bool nuclear = sweep->axis[AXIS_NUCLEAR_WEIGHT].count > 0;
    const AxisId id = nuclear ? AXIS_NUCLEAR_WEIGHT : AXIS_WEIGHT_DECAY;
    if (sweep->axis[id].count == 0) {
        return NAN; /* sweep_check has seen to it that the method needs none */
    }
    const double weight = resolve(sweep->axis[id].form, value[id], problem->dimension, 1.0,
                                  problem_effective_samples(problem));
    return nuclear ? problem_weight_decay(problem, weight) : weight;
}

/* Resolved to plain n, lambda, p: what a form means depends on d and on the other axes, so
 * it is done point by point, and rounding is done here, before any content id is made. */
Problem sweep_problem(const Sweep *sweep, size_t point)
{
    size_t place[AXIS_COUNT];
    double value[AXIS_COUNT];
    sweep_place(sweep, point, place);
    assert(point < sweep_points(sweep));
    for (int id = 0; id < AXIS_COUNT; id++) {
        const Axis *axis = &sweep->axis[id];
        value[id] = axis->count > 0 ? axis->values[place[id]] : 0.0;
    }
    const double d = value[AXIS_DIMENSION];
    Problem problem = {.model = sweep->model,
                       .method = sweep->method,
                       .source_exponent = value[AXIS_SOURCE_EXPONENT],
                       .dimension = d,
                       .noise = value[AXIS_NOISE],
                       .seed = value[AXIS_SEED],
                       .tolerance = sweep->tolerance,
                       .random_signs = sweep->random_signs,
                       .store = sweep->store,
                       .damping = sweep->damping};
    problem.width = resolve_width(&sweep->axis[AXIS_WIDTH], value[AXIS_WIDTH], d);
    /* n before the weights: a multiple of sqrt(n_eff/d) needs the n_eff of the point */
    problem.samples = resolve(sweep->axis[AXIS_SAMPLES].form, value[AXIS_SAMPLES], d,
                              model_of(&problem)->samples_per_effective(&problem), 1.0);
    if (method_facts(sweep->method)->draws_data &&
        sweep->axis[AXIS_SAMPLES].form != FORM_NUMBER) {
        /* a power of d is no whole number, rows are */
        problem.samples = round(problem.samples);
    }
    problem.weight_decay = resolve_weight_decay(sweep, value, &problem);
    return problem;
}
