#include "phasesweep/study/refined.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/model/phase.h"

/* Corners of a cell are apart if their local exponents or log10 R are further apart; what the
 * keys' meaning and jobs/README.md say. */
static const double exponents_apart = 0.1;
static const double decades_apart = 0.1;

/* The two innermost axes with more than one value, the inner one first; how many of two there
 * are. */
static int inner_axes(const Sweep *sweep, AxisId ids[2])
{
    int found = 0;
    for (AxisId id = AXIS_COUNT - 1; id >= 0 && found < 2; id--) {
        if (sweep->axis[id].varied && sweep->axis[id].count > 1) {
            ids[found++] = id;
        }
    }
    return found;
}

static Refine refine_of(const Sweep *sweep)
{
    return (Refine)sweep->settings.value[KEY_REFINE];
}

bool sweep_is_refined(const Sweep *sweep)
{
    return refine_of(sweep) != REFINE_NONE;
}

size_t sweep_planes(const Sweep *sweep, RefinePlane *plane)
{
    AxisId ids[2];
    const int found = inner_axes(sweep, ids);
    const Refine what = refine_of(sweep);
    assert(what != REFINE_NONE && found == 2);
    (void)found;
    *plane = (RefinePlane){.rows = sweep->axis[ids[1]].count,
                           .columns = sweep->axis[ids[0]].count,
                           .depth = (int)sweep->settings.value[KEY_REFINE_DEPTH],
                           .fields = what == REFINE_EXPONENT ? 2 : 1,
                           .apart = what == REFINE_EXPONENT ? exponents_apart
                                    : what == REFINE_RISK   ? decades_apart
                                                            : 0.0};
    const size_t points = plane->rows * plane->columns;
    const double share = sweep->settings.value[KEY_REFINE_BUDGET] * (double)points;
    /* a tenth of 1000 is 100, whatever rounding says */
    const size_t most = (size_t)floor(share * (1.0 + 1e-12));
    plane->most = most < points ? most : points;
    return sweep_points(sweep) / points;
}

void sweep_refined_fields(const Sweep *sweep, FieldId fields[REFINE_FIELDS])
{
    const Refine what = refine_of(sweep);
    fields[0] = what == REFINE_PHASE      ? FIELD_PHASE_MEASURED
                : what == REFINE_EXPONENT ? FIELD_EXPONENT_SAMPLES
                                          : FIELD_RISK;
    fields[1] = FIELD_EXPONENT_WEIGHT_DECAY;
}

double sweep_refined_number(FieldId field, double value)
{
    return field == FIELD_RISK ? log10(value) : value;
}

size_t sweep_points_most(const Sweep *sweep)
{
    RefinePlane plane;
    if (!sweep_is_refined(sweep)) {
        return sweep_points(sweep);
    }
    const size_t planes = sweep_planes(sweep, &plane);
    const size_t first = refinement_first(&plane);
    return planes * (first > plane.most ? first : plane.most);
}

/* ---- what is wrong ----------------------------------------------------------------------- */

static void refuse(const Sweep *sweep, KeyId id, Diagnostics *errors, char *message)
{
    const size_t line = sweep->settings.written_at[id];
    diagnostics_take(errors, line != 0 ? line : sweep->settings.written_at[KEY_REFINE],
                     keys_table[id].name, message);
}

/* Cells lie between neighbours. */
static bool is_ordered(const Axis *axis)
{
    bool up = true;
    bool down = true;
    for (size_t k = 1; k < axis->count; k++) {
        up = up && axis->values[k] > axis->values[k - 1];
        down = down && axis->values[k] < axis->values[k - 1];
    }
    return up || down;
}

static bool check_axis(const Sweep *sweep, AxisId id, Diagnostics *errors)
{
    const bool words = keys_table[KEY_AXES + id].kind == KIND_WORD;
    if (!words && is_ordered(&sweep->axis[id])) {
        return true;
    }
    refuse(sweep, KEY_REFINE, errors,
           checked_format(
               "%s is %s; allowed: as the two innermost axes, numbers that rise or fall",
               axis_name(id), words ? "an axis of words" : "in no order"));
    return false;
}

static bool check_model(const Sweep *sweep, Diagnostics *errors)
{
    const ModelId model = sweep_model(sweep);
    if (refine_of(sweep) != REFINE_PHASE || model_row(model)->phases.noise_line != NULL) {
        return true;
    }
    refuse(sweep, KEY_REFINE, errors,
           checked_format("phase: model %s has none; allowed: none, exponent, risk",
                          model_name(model)));
    return false;
}

static bool has_phase(const Sweep *sweep, size_t point)
{
    const Problem problem = sweep_problem(sweep, point);
    return phase_table_applies(&problem);
}

/* Why the table of phases (theory.md section 4) is not of a problem of a model that has one. */
static char *why_no_phase(const Problem *problem)
{
    return problem->noise == 0.0      ? checked_format("noise 0")
           : model_is_narrow(problem) ? checked_format("width %g below dimension %g",
                                                       problem->width, problem->dimension)
           : problem->covariance_exponent > 0.0
               ? checked_format("covariance_exponent %g", problem->covariance_exponent)
           : features_are_correlated(problem)
               ? checked_format("block_correlation %g", problem->block_correlation)
               : checked_format("rows with a kurtosis");
}

/* Without any phase all corners are alike, and a plane would be left at its coarsest. */
static bool check_phases(const Sweep *sweep, Diagnostics *errors)
{
    RefinePlane plane;
    const size_t planes = refine_of(sweep) == REFINE_PHASE ? sweep_planes(sweep, &plane) : 0;
    for (size_t k = 0; k < planes; k++) {
        const size_t first = k * plane.rows * plane.columns;
        const size_t end = first + plane.rows * plane.columns;
        size_t point = first;
        while (point < end && !has_phase(sweep, point)) {
            point++;
        }
        if (point == end) {
            const Problem problem = sweep_problem(sweep, first);
            char *why = why_no_phase(&problem);
            refuse(sweep, KEY_REFINE, errors,
                   checked_format("phase: with %s there is none; allowed: none, exponent, risk",
                                  why));
            free(why);
            return false;
        }
    }
    return true;
}

void sweep_check_refined(const Sweep *sweep, Diagnostics *errors)
{
    AxisId ids[2];
    if (!sweep_is_refined(sweep) || !check_model(sweep, errors)) {
        return;
    }
    if (inner_axes(sweep, ids) < 2) {
        refuse(sweep, KEY_REFINE, errors,
               checked_format("fewer than two axes have several values; allowed: none, or two "
                              "such axes, as samples and weight_decay"));
        return;
    }
    if (!check_axis(sweep, ids[1], errors) || !check_axis(sweep, ids[0], errors) ||
        !check_phases(sweep, errors)) {
        return;
    }
    const size_t rows = sweep->axis[ids[1]].count;
    const size_t columns = sweep->axis[ids[0]].count;
    const double least = (double)(rows < columns ? rows : columns);
    const int most = (int)floor(log2(least - 1.0));
    if (sweep->settings.value[KEY_REFINE_DEPTH] > most) {
        refuse(sweep, KEY_REFINE_DEPTH, errors,
               checked_format("%g: cells of 2^%g steps do not fit into %s x %s of %zu x %zu "
                              "values; allowed: a whole number from 1 to %d",
                              sweep->settings.value[KEY_REFINE_DEPTH],
                              sweep->settings.value[KEY_REFINE_DEPTH], axis_name(ids[1]),
                              axis_name(ids[0]), rows, columns, most));
    }
}
