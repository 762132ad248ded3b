/* Who flows, and where coordinates do not mix: a logistic each. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "phasesweep/model/teacher.h"
#include "phasesweep/numerics/power_law.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/numerics/tail_statistics.h"
#include "flow_state.h"

/* Numbers below this share of the largest do not count for the rank. */
static const double vanishing = 1e-6;

static bool is_matrix(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX);
}

static bool mixes(const Problem *problem)
{
    return is_matrix(problem) && !problem->start_aligned;
}

bool flow_fits(const Problem *problem)
{
    const double d = problem->dimension;
    return mixes(problem) ? (problem->width + d) * d <= FLOW_NUMBERS_MOST
                          : d <= FLOW_COORDINATES_MOST;
}

/* A point takes some closed forms one after the other, each a QR of 2 d columns of d numbers;
 * or the closed form of each coordinate, whose values are put in order: 14 ms at d = 10^5. */
double flow_seconds(const Problem *problem)
{
    const double d = problem->dimension;
    const double columns = fmin(problem->width, d);
    const double steps = fmax(problem_flow_steps(problem), 1.0);
    return mixes(problem) ? 1e-4 + 1e-9 * steps * (d + columns) * columns * columns
                          : 1e-5 + 1.4e-7 * d;
}

double flow_memory(const Problem *problem)
{
    const double d = problem->dimension;
    return 8.0 * (mixes(problem)
                      ? (4.0 * fmin(problem->width, d) + problem->width + d + 4.0) * d
                      : 4.0 * d);
}

double flow_growth(double tau, double a)
{
    return a == 0.0 ? 2.0 * tau : -expm1(-2.0 * tau * fabs(a)) / fabs(a);
}

/* s_i, or |theta*_i|, one by one. */
static void put_teacher(Flow *flow)
{
    const Teacher teacher = teacher_create(flow->problem.source_exponent, (double)flow->d);
    const double scale =
        teacher.scale / model_of(&flow->problem)->teacher_per_coefficient(&flow->problem);
    flow->teacher = checked_alloc(flow->d, sizeof *flow->teacher);
    power_law(scale, teacher.source_exponent, 1.0, (int)flow->d, flow->teacher);
}

/* Where coordinates do not mix. */
static void put_start(Flow *flow)
{
    const Problem *problem = &flow->problem;
    const double d = (double)flow->d;
    const double p = problem->width;
    const double square = problem->start_scale * problem->start_scale;
    flow->start = checked_alloc(flow->d, sizeof *flow->start);
    if (!problem->start_aligned) {
        rng_normals((uint64_t)problem->seed, RNG_PROBE, 0, (int)flow->d, flow->start);
    }
    for (size_t k = 0; k < flow->d; k++) {
        const double w = problem->start_aligned ? 1.0 : flow->start[k];
        flow->start[k] = is_matrix(problem)
                             ? ((double)k < p ? square * fmax(p, d) / sqrt(p * d) : 0.0)
                             : square * w * w / sqrt(d);
    }
}

Flow *flow_create(const Problem *problem)
{
    assert(flow_fits(problem) && problem->start_scale > 0.0 && problem->samples > 0.0);
    Flow *flow = checked_alloc(1, sizeof *flow);
    flow->problem = *problem;
    flow->d = (size_t)problem->dimension;
    flow->decay = problem_time_decay(problem);
    flow->unit = is_matrix(problem) ? 1.0 / problem->dimension : 1.0;
    put_teacher(flow);
    if (!mixes(problem)) {
        put_start(flow);
        return flow;
    }
    flow->columns = (size_t)fmin(problem->width, problem->dimension);
    flow->start = checked_alloc(flow->d * flow->columns, sizeof *flow->start);
    flow->factor = checked_alloc(flow->d * flow->columns, sizeof *flow->factor);
    flow_draw(flow, flow->start);
    memcpy(flow->factor, flow->start, flow->d * flow->columns * sizeof *flow->factor);
    return flow;
}

void flow_free(Flow *flow)
{
    if (flow != NULL) {
        free(flow->teacher);
        free(flow->start);
        free(flow->factor);
        free(flow);
    }
}

/* The logistic u(tau) = a u0 e^(2 tau a)/(a + u0 (e^(2 tau a) - 1)), a = s - l, without
 * overflow: numerator and denominator by e^(2 tau a) where a > 0; *left = u - a without
 * cancellation. */
static double logistic(double start, double tau, double a, double *left)
{
    const double growth = flow_growth(tau, a);
    if (a > 0.0) {
        const double small = exp(-2.0 * tau * a);
        const double below = small + start * growth;
        *left = small * (start - a) / below;
        return start / below;
    }
    const double u = start * exp(2.0 * tau * a) / (1.0 + start * growth);
    *left = u - a;
    return u;
}

FlowPoint flow_coordinates(const Flow *flow, double tau, size_t count, double spectrum[])
{
    const double unit = flow->unit;
    FlowPoint point = {.feature_overlap = is_matrix(&flow->problem) ? 1.0 : NAN};
    double *all = checked_alloc(flow->d, sizeof *all);
    double change = 0.0; /* dR/dtau = -4 unit sum (u - s)(u - a) u */
    for (size_t k = 0; k < flow->d; k++) {
        const double s = flow->teacher[k];
        double left;
        const double u = all[k] = logistic(flow->start[k], tau, s - flow->decay, &left);
        const double error = left - flow->decay;
        point.risk += unit * error * error;
        change -= 4.0 * unit * error * left * u;
        point.overlap_q += unit * u * u;
        point.overlap_m += unit * u * s;
        point.trace += (is_matrix(&flow->problem) ? unit : 1.0) * u;
    }
    point.exponent = tau * change / point.risk;
    summary_sort(all, flow->d);
    point.largest = all[0];
    size_t rank = 0;
    while (rank < flow->d && all[rank] > vanishing * all[0]) {
        rank++;
    }
    point.rank = (double)rank;
    if (spectrum != NULL) {
        memcpy(spectrum, all, count * sizeof *spectrum);
    }
    free(all);
    return point;
}

FlowPoint flow_at(Flow *flow, double tau, size_t count, double spectrum[])
{
    assert(tau >= 0.0 && count <= flow->d);
    if (flow->columns == 0) {
        FlowPoint point = flow_coordinates(flow, tau, count, spectrum);
        point.steps = 1;
        return point;
    }
    if (tau < flow->tau) {
        flow->tau = 0.0;
        memcpy(flow->factor, flow->start, flow->d * flow->columns * sizeof *flow->factor);
    }
    const int steps = flow_advance(flow, tau - flow->tau);
    flow->tau = tau;
    if (steps < 0) {
        return (FlowPoint){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0};
    }
    FlowPoint point = flow_matrix(flow, count, spectrum);
    point.exponent *= tau;
    point.steps = steps;
    return point;
}
