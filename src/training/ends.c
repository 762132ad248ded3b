#include "ends.h"

#include <math.h>

void ends_add(Ends *ends, double objective, double risk)
{
    const bool first = ends->count++ == 0;
    ends->highest = first ? objective : fmax(ends->highest, objective);
    ends->least_risk = first ? risk : fmin(ends->least_risk, risk);
    ends->most_risk = first ? risk : fmax(ends->most_risk, risk);
}

void ends_unknown(Ends *ends)
{
    ends->highest = ends->least_risk = ends->most_risk = NAN;
}

void ends_report(const Ends *ends, Observed *observed)
{
    const double spread = ends->highest / observed->objective - 1.0;
    observed->spread = spread < 0.0 ? 0.0 : spread; /* rounding; NAN stays */
    observed->risk_spread = ends->most_risk - ends->least_risk;
}
