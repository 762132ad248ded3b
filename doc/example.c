/* The excess risk of one point of theory, by the library: cc example.c $(pkg-config --cflags
 * --libs phasesweep).  The same as `phasesweep point dimension=400 samples=160000 ...`. */
#include <phasesweep/method/method.h>
#include <phasesweep/study/sweep.h>
#include <stdio.h>

int main(void)
{
    Diagnostics errors = {.source = "example"};
    Sweep sweep = {0};
    const char *words[] = {"dimension=400", "samples=160000", "source_exponent=1.25",
                           "noise=0.1", "nuclear_weight=0.1"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        sweep_set(&sweep, words[k], &errors);
    }
    sweep_check(&sweep, 1, &errors);
    if (errors.count > 0) {
        fputs(diagnostics_finish(&errors), stderr);
        return 2;
    }
    const Problem problem = sweep_problem(&sweep, 0);
    PointTeam team = {.work = point_work()};
    size_t length[SERIES_COUNT];
    sweep_series(&sweep, length);
    Series series = series_create(length, 1);
    Record record;
    point_solve(&team, &problem, 1, &record, &series);
    printf("%.15g\n", record.value[FIELD_RISK]);
    series_free(&series);
    point_work_free(team.work);
    sweep_free(&sweep);
    return 0;
}
