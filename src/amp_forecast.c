#include <math.h>
#include <stdlib.h>

#include "amp_model.h"
#include "equations.h"
#include "phasesweep/check.h"

/* Accuracy of (E2) in log b at every iteration. */
static const double accuracy = 1e-10;

struct AmpForecast {
    OverlapsWork work;
    Equations equations;
    double log_t, log_r; /* of the next iteration; a guess of its threshold */
    double share;        /* of the first z = y in the last */
};

AmpForecast *amp_forecast(const Problem *problem)
{
    AmpForecast *forecast = checked_alloc(1, sizeof *forecast);
    forecast->work =
        (OverlapsWork){.teacher = teacher_create(problem->source_exponent, problem->dimension),
                       .near.v = -1.0,
                       .near_top.v = -1.0,
                       .width = problem->dimension};
    Equations *e = &forecast->equations;
    *e = equations_of(&forecast->work, problem);
    forecast->log_t = log((1.0 + e->noise) / e->capacity);
    forecast->share = 1.0;
    forecast->log_r = log(e->weight / e->capacity) - 0.5 * forecast->log_t;
    return forecast;
}

void amp_forecast_free(AmpForecast *forecast)
{
    atoms_free(&forecast->work.atoms);
    free(forecast);
}

double amp_forecast_step(AmpForecast *forecast, double keep)
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
