/* What trainings and message passing cost: iterations of flops and of steps that all ranks
 * take.
 *
 * Seconds of one core of 2024.  Trainings at d = 100 ... 400 take 16 ... 46 iterations, message
 * passing, undamped at first and in double precision, 30 ... 130.
 */
#include "data_prices.h"

#include <math.h>

static const double bandwidth = 1e9;  /* bytes a second that ranks add up */
static const double latency = 5e-5;   /* seconds of a step that all ranks take */
static const double serial_d = 400.0; /* below this d^3 steps do not scale, above by d / it */

/* Eigenproblems of small d stay on one rank; sums and steps cost the same on any number. */
double data_seconds(const DataPrice *price, double dimension, bool first, double *fixed)
{
    const double iterations = first ? price->first : price->next;
    *fixed = iterations * (fmin(1.0, serial_d / dimension) * price->eigen / price->rate +
                           16.0 * price->words / bandwidth + latency);
    return iterations * ((price->flops + price->eigen) / price->rate + latency) + *fixed;
}
