#include <assert.h>
#include <math.h>

#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/numerics/tail_statistics.h"
#include "phasesweep/numerics/threshold.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/decomposition.h"
#include "phasesweep/theory/model_theory.h"
#include "methods.h"

/* Where noise ends in a trained spectrum.  Gaps between eigenvalues do not tell it from
 * learned features, whose spacing falls as a power law too; theory does, at the delta and
 * threshold that the network itself shows: delta from its risk by (E1), b from its loss, which
 * is delta^2 lt^2/(4 b^2) (theory.md section 2; chi for b where there are more layers).  NAN if
 * no feature hides in the bulk. */
static double noise_edge(const Problem *problem, const double value[])
{
    const double d = problem->dimension;
    const Model *model = model_of(problem);
    const Channel channel = model->channel(problem);
    /* E (f - f*)^2 has what a kurtosis adds to R */
    const double risk = matrix_kurtosis(problem) == 0.0
                            ? value[FIELD_RISK]
                            : value[FIELD_PREDICTION_RISK] / model->prediction_per_risk;
    const double t = (risk + channel.noise) / channel.capacity;
    const double loss =
        problem->samples * value[FIELD_TRAIN_LOSS] / model->squares_per_loss(problem);
    const double b = channel.weight * sqrt(model->loss_scale * t / loss);
    if (!(t > 0.0 && b > 0.0 && isfinite(b))) {
        return NAN;
    }
    EvolutionWork work = evolution_work();
    Bands bands = {0};
    work.overlaps.teacher = teacher_create(problem->source_exponent, d);
    work.overlaps.width = d;
    /* a threshold next to 0 leaves the edge where it is, also where none of it is learned */
    const SpectrumForecast forecast =
        spectrum_forecast((SpectrumWork){&work.overlaps, &bands}, t, 1e-12 * sqrt(t));
    bands_free(&bands);
    evolution_free(&work);
    /* the largest of d noisy eigenvalues: 99 % of the Tracy-Widom law is below 2 */
    const double beyond = 2.0 * sqrt(t) * pow(d, -2.0 / 3.0);
    const Threshold threshold = threshold_of(problem_power(problem));
    return threshold.jump > 0.0 ? threshold_shrink(&threshold, forecast.bulk_edge + beyond, b)
                                : fmax(0.0, forecast.bulk_edge - b + beyond);
}

/* Of S >= 0 learned from a teacher and noise that is the same in all directions. */
static bool has_known_bulk(const Problem *problem)
{
    return !model_has(problem->model, TRAIT_INDEFINITE) &&
           !model_has(problem->model, TRAIT_NEURONS) &&
           !method_facts(problem->method)->in_time && problem->data == 0.0 &&
           features_are_isotropic(problem) && !features_are_aligned(problem) &&
           isfinite(matrix_kurtosis(problem));
}

void point_put_tail(const TailFit *fit, double value[])
{
    const bool tells = summary_tail_tells(fit);
    value[FIELD_TAIL_EXPONENT] = tells ? fit->exponent : NAN;
    value[FIELD_TAIL_ERROR] = tells ? fit->error : NAN;
}

void point_put_spectrum(const Problem *problem, const double eigenvalues[], double value[])
{
    const size_t d = (size_t)problem->dimension;
    assert(d >= 2);
    /* what is not learned is exactly 0, hence no tolerance */
    const SpectrumSummary summary = summary_of(eigenvalues, d, 0.0);
    value[FIELD_STABLE_RANK] = summary.stable_rank;
    value[FIELD_PARTICIPATION] = summary.participation;
    point_put_tail(&summary.tail, value);
    value[FIELD_OUTLIERS] = (double)summary.outliers;
    value[FIELD_BULK_EDGE] = summary.bulk_edge;
    if (model_has(problem->model, TRAIT_MATRIX) && !has_known_bulk(problem)) {
        /* theory knows neither end of its bulk */
        value[FIELD_OUTLIERS] = value[FIELD_BULK_EDGE] = NAN;
    } else if (model_has(problem->model, TRAIT_MATRIX)) {
        const double edge = noise_edge(problem, value);
        const size_t above =
            isnan(edge) ? summary.rank : summary_count_above(eigenvalues, d, edge);
        value[FIELD_OUTLIERS] = (double)above;
        value[FIELD_BULK_EDGE] = above < summary.rank ? eigenvalues[above] : 0.0;
    }
}
