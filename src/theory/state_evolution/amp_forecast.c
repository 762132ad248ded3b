#include "phasesweep/theory/amp_forecast.h"

#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/model_theory.h"
#include "fixed_point.h"

/* Accuracy of (E2) in log b at every iteration. */
static const double accuracy = 1e-10;

typedef struct Forecast {
    OverlapsWork work;
    Equations equations;
    double log_t, log_r; /* of the next iteration; a guess of its threshold */
    double share;        /* of the first z = y in the last */
} Forecast;

/* At S = 0; the equations point into the forecast. */
static void begin(Forecast *forecast, const Problem *problem)
{
    forecast->work = (OverlapsWork){
        .teacher = teacher_create(features_source_exponent(problem), problem->dimension),
        .near.v = -1.0,
        .near_top.v = -1.0,
        .near_low.v = -1.0,
        .width = problem->dimension};
    Equations *e = &forecast->equations;
    *e = equations_of(&forecast->work, problem);
    forecast->log_t = log((1.0 + e->noise) / e->capacity);
    forecast->share = 1.0;
    forecast->log_r = log(e->weight / e->capacity) - 0.5 * forecast->log_t;
}

/* R after an iteration that keeps a part `keep` of t. */
static double step(Forecast *forecast, double keep)
{
    Equations *e = &forecast->equations;
    const Iterate at = equations_threshold(e, forecast->log_t, forecast->log_r, accuracy);
    const double risk = fmax(at.o.risk, 0.0);
    const double fresh = 1.0 - keep;
    const double overlap = forecast->share * (1.0 - at.o.m) + (1.0 - forecast->share) * risk;
    const double sum = fresh * fresh * (risk + e->noise) +
                       2.0 * fresh * keep * (overlap + e->noise) +
                       keep * keep * e->capacity * at.t;
    forecast->share *= keep;
    forecast->log_r = at.log_r;
    forecast->log_t = log(sum / e->capacity);
    return risk;
}

/* Of matrices on correlated features within the limits of their state evolution; each
 * iteration of a vector there would take as long as ten evaluations of theory.md section 14. */
static bool blocks_are_known(const Problem *problem)
{
    return model_has(problem->model, TRAIT_MATRIX) &&
           problem->dimension <= FEATURES_TURNED_MOST &&
           problem->block_size <= FEATURES_BLOCK_MOST && problem->covariance_exponent <= 3.0;
}

/* On rows of a kurtosis the message has no diagonal of its own; and teachers of the signed
 * network are positive in theory. */
static bool is_known(const Problem *problem)
{
    const bool both = model_has(problem->model, TRAIT_INDEFINITE) && problem->random_signs;
    return !both && matrix_kurtosis(problem) == 0.0 &&
           (!features_are_correlated(problem) || blocks_are_known(problem));
}

void amp_forecast(const Problem *problem, size_t count, const double kept[], double risk[])
{
    if (!is_known(problem)) {
        for (size_t k = 0; k < count; k++) {
            risk[k] = NAN;
        }
        return;
    }
    Forecast *forecast = checked_alloc(1, sizeof *forecast);
    begin(forecast, problem);
    size_t k = 0;
    for (; k < count && !isnan(kept[k]); k++) {
        risk[k] = step(forecast, kept[k]);
    }
    for (; k < count; k++) {
        risk[k] = NAN;
    }
    overlaps_free(&forecast->work);
    free(forecast);
}
