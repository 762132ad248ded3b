/* The points and lines of a sweep; the reading of job files is in job.c. */
#include <assert.h>
#include <math.h>

#include "phasesweep/job.h"

const char *axis_name(AxisId id)
{
    static const char *const names[AXIS_COUNT] = {
        "source_exponent", "dimension", "noise", "seed",
        "width", "samples", "weight_decay", "nuclear_weight"};
    return names[id];
}

const char *axis_symbol(AxisId id)
{
    static const char *const symbols[AXIS_COUNT] = {"gamma", "d", "Delta", "k",
                                                    "p", "n", "lambda", "lambda_tilde"};
    return symbols[id];
}

const char *form_name(AxisForm form)
{
    static const char *const names[FORM_COUNT] = {"number", "power", "effective",
                                                  "effective_power", "sqrt_effective"};
    return names[form];
}

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
    return points;
}

static size_t row_length(const Sweep *sweep)
{
    size_t shape[AXIS_COUNT];
    AxisId ids[AXIS_COUNT];
    const int rank = sweep_shape(sweep, shape, ids);
    return rank > 0 ? shape[rank - 1] : 1;
}

static size_t lines_per_row(const Sweep *sweep)
{
    return (row_length(sweep) + LINE_LENGTH - 1) / LINE_LENGTH;
}

size_t sweep_lines(const Sweep *sweep)
{
    return sweep_points(sweep) / row_length(sweep) * lines_per_row(sweep);
}

void sweep_line(const Sweep *sweep, size_t line, size_t *first, size_t *count)
{
    assert(line < sweep_lines(sweep));
    const size_t row = line / lines_per_row(sweep);
    const size_t begin = line % lines_per_row(sweep) * LINE_LENGTH;
    const size_t left = row_length(sweep) - begin;
    *first = row * row_length(sweep) + begin;
    *count = left < LINE_LENGTH ? left : LINE_LENGTH;
}

static double resolve(AxisForm form, double value, double d, double per_effective, double n_eff)
{
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

Problem sweep_problem(const Sweep *sweep, size_t point)
{
    double value[AXIS_COUNT] = {0};
    for (int id = AXIS_COUNT - 1; id >= 0; id--) {
        const Axis *axis = &sweep->axis[id];
        if (axis->count > 0) {
            value[id] = axis->values[point % axis->count];
            point /= axis->count;
        }
    }
    assert(point == 0);
    const double d = value[AXIS_DIMENSION];
    Problem problem = {.model = sweep->model, .method = sweep->method,
                       .source_exponent = value[AXIS_SOURCE_EXPONENT], .dimension = d,
                       .noise = value[AXIS_NOISE], .seed = value[AXIS_SEED],
                       .tolerance = sweep->tolerance};
    const Axis *axis = sweep->axis;
    problem.width = axis[AXIS_WIDTH].count > 0
                        ? resolve(axis[AXIS_WIDTH].form, value[AXIS_WIDTH], d, 1.0, 1.0)
                        : d;
    problem.width = fmax(1.0, round(problem.width));
    problem.samples = resolve(axis[AXIS_SAMPLES].form, value[AXIS_SAMPLES], d,
                              sweep->model == MODEL_QUADRATIC ? d : 1.0, 1.0);
    const AxisId weight =
        axis[AXIS_NUCLEAR_WEIGHT].count > 0 ? AXIS_NUCLEAR_WEIGHT : AXIS_WEIGHT_DECAY;
    const double resolved = resolve(axis[weight].form, value[weight], d, 1.0,
                                    problem_effective_samples(&problem));
    problem.weight_decay = weight == AXIS_NUCLEAR_WEIGHT
                               ? problem_weight_decay(&problem, resolved)
                               : resolved;
    return problem;
}
