/* Cost of one cold state-evolution point, its teacher included: risk and median CPU seconds.
 * usage: bench_cold [DIMENSION]        default 400 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "phasesweep/theory/continuation.h"

enum { RUNS = 101 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const double d = argc > 1 ? atof(argv[1]) : 400.0;
    const Problem problem = {.source_exponent = 1.25,
                             .dimension = d,
                             .noise = 0.1,
                             .width = d,
                             .samples = d * d,
                             .weight_decay = 0.1,
                             .tolerance = 1e-9};
    double seconds[RUNS];
    double risk = 0.0;
    for (int k = 0; k < RUNS; k++) {
        const clock_t start = clock();
        EvolutionWork work = evolution_work();
        risk = evolution_solve(&work, &problem).overlaps.risk;
        evolution_free(&work);
        seconds[k] = (double)(clock() - start) / CLOCKS_PER_SEC;
    }
    qsort(seconds, RUNS, sizeof *seconds, ascending);
    printf("%.9g %.4g\n", risk, seconds[RUNS / 2]);
    return 0;
}
