/* The phase of a point: predicted well inside each, and measured there. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/theory/measured_phase.h"
#include "solve.h"

static const double exponents[] = {0.75, 1.0, 1.25, 2.0};
enum { EXPONENTS = sizeof exponents / sizeof *exponents };

/* The problem at log_d n_eff = x, log_d lambda = y. */
static Problem place(ModelId model, double gamma, double d, double x, double y, double noise)
{
    const double n = pow(d, x) * (model == MODEL_QUADRATIC ? d : 1.0);
    return problem_of(model, n, d, gamma, pow(d, y), noise);
}

static void test_predicted(void **unused)
{
    (void)unused;
    for (int k = 0; k < 2 * EXPONENTS; k++) {
        const ModelId model = k % 2 == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
        const double g = exponents[k / 2];
        const double line = phase_noise_line(model, g, 1e8);
        const struct {
            double x, y;
            Phase phase;
        } inside[] = {{-0.3, -2.0, PHASE_IA},
                      {1.0, 1.0, PHASE_IB},
                      {-0.5, -0.6, PHASE_IB},
                      {g + 0.5 + g / 2.0, g, PHASE_II},
                      {3.5 * g + 0.75, 2.0 * g, PHASE_III},
                      {line / 2.0, -2.0, PHASE_IV},
                      {0.5 * (line + 1.0), -1.5, PHASE_V},
                      {0.5 + g, g / 2.0 - 1.0, PHASE_VIA},
                      {2.0 * g + 1.0, g - 1.0, PHASE_VIB}};
        for (size_t i = 0; i < sizeof inside / sizeof *inside; i++) {
            Problem p = place(model, g, 1e8, inside[i].x, inside[i].y, 0.1);
            assert_int_equal(phase_predicted(&p), inside[i].phase);
            p.noise = 0.0;
            assert_int_equal(phase_predicted(&p), PHASE_NONE);
        }
    }
    const Problem narrow = at_width(place(MODEL_QUADRATIC, 1.0, 100, 1.0, 0.0, 0.1), 99);
    assert_int_equal(phase_predicted(&narrow), PHASE_UNDEFINED);
}

/* Flat phases are told apart by what is learned, V by a risk that grows with n. */
static void test_flat(void **unused)
{
    (void)unused;
    static const struct {
        double x, y;
        Phase phase;
    } inside[] = {{-0.3, -2.0, PHASE_IA}, {1.0, 1.0, PHASE_IB}, {0.9, -1.5, PHASE_V}};
    for (int k = 0; k < 2 * EXPONENTS; k++) {
        const ModelId model = k % 2 == 0 ? MODEL_QUADRATIC : MODEL_DIAGONAL;
        for (int i = 0; i < 3; i++) {
            const Problem p =
                place(model, exponents[k / 2], 1e8, inside[i].x, inside[i].y, 1.0);
            const Evolution e = solve(p);
            const Teacher teacher = teacher_create(p.source_exponent, p.dimension);
            assert_int_equal(phase_measured(&p, &teacher, &e), inside[i].phase);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicted),
        cmocka_unit_test(test_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
