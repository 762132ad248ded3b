/* When a training is saved: at most 2 % of the time, at most a minute lost. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "checkpoint.h"

typedef struct Life {
    double saving; /* share of the time */
    double lost;   /* most that a kill at any moment loses; time of work and saves */
    int saves;
} Life;

/* A day of iterations on a clock of its own; they take `iteration` seconds, some of them up to
 * `more` times that, and saves take `cost`. */
static Life live(double iteration, double more, double cost)
{
    Life life = {0};
    double now = 0.0;
    double saved = 0.0; /* end of the last save */
    double state = 0.0; /* age of what is in the file */
    double spent = 0.0;
    for (int k = 0; now < 86400.0; k++) {
        const double step = k % 7 == 0 ? iteration * more : iteration;
        now += step;
        if (checkpoint_due(now - saved, step, cost)) {
            const double begun = now;
            now = saved = now + cost;
            spent += cost;
            life.lost = fmax(life.lost, now - state);
            state = begun;
            life.saves++;
        }
    }
    life.lost = fmax(life.lost, now - state);
    life.saving = spent / now;
    return life;
}

static void test_share(void **unused)
{
    (void)unused;
    for (double cost = 1e-4; cost < 1e3; cost *= 3.0) {
        for (double iteration = 1e-2; iteration < 1e3; iteration *= 4.0) {
            for (double more = 1.0; more < 4.0; more++) {
                assert_true(live(iteration, more, cost).saving <= 0.02);
            }
        }
    }
}

/* Saves of more than a second would take more than 2 % if they came every minute, and a long
 * iteration cannot be cut; the most that is lost is then no more than these ask for. */
static void test_lost(void **unused)
{
    (void)unused;
    for (double cost = 1e-4; cost < 1e3; cost *= 3.0) {
        for (double iteration = 1e-2; iteration < 1e3; iteration *= 4.0) {
            const Life life = live(iteration, 1.0, cost);
            const double allowed = fmax(60.0, cost / 0.02 + 2.0 * cost + iteration);
            assert_true(life.lost <= fmax(allowed, 2.0 * iteration + 2.0 * cost));
            assert_true(life.saves >= (int)(86400.0 / fmax(allowed, iteration + cost)) - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_share),
                                       cmocka_unit_test(test_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
