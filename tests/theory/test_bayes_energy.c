/* Several Bayes-optimal fixed points: their free energies against the closed form. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/bayes.h"

static BayesWork *work;

/* Psi = d I(theta; theta + tau z) + (n/2) log(tau^2) + noise/(2 tau^2), up to a constant, the
 * mutual information by quadrature of the entropy of a mixture. */
static double free_energy(const Problem *p, double delta)
{
    const double d = p->dimension;
    const Teacher teacher = teacher_create(p->source_exponent, d);
    const double tau = delta * sqrt(d);
    const double step = tau / 30.0;
    double entropy = 0.0;
    for (double x = -12.0 * tau; x < teacher.scale + 12.0 * tau; x += step) {
        double density = 0.0;
        for (double i = 1.0; i <= d; i++) {
            const double z = (x - teacher_eigenvalue(&teacher, i)) / tau;
            density += exp(-0.5 * z * z) / (tau * sqrt(2.0 * M_PI) * d);
        }
        entropy -= density > 1e-280 ? density * log(density) * step : 0.0;
    }
    const double t = delta * delta;
    return d * (entropy - log(tau)) + 0.5 * p->samples * log(t) + 0.5 * p->noise / t;
}

/* Little noise and known values: a first-order transition.  Somewhere along n there are three
 * roots, and the integrated difference is that of the closed form. */
static void test_transition(void **unused)
{
    (void)unused;
    int seen = 0;
    for (double n = 1.0; n < 12.0; n *= 1.05) {
        const Problem p = {.model = MODEL_DIAGONAL,
                           .source_exponent = 1.25,
                           .dimension = 12,
                           .noise = 1e-7,
                           .width = 12,
                           .samples = n};
        const Bayes bayes = bayes_solve(work, &p, false);
        assert_int_equal(bayes.outcome, OUTCOME_CONVERGED);
        for (int k = 1; k < bayes.roots; k++) {
            const double difference =
                free_energy(&p, bayes.root[k].delta) - free_energy(&p, bayes.root[0].delta);
            assert_true(fabs(bayes.root[k].free_energy - difference) < 1e-6);
            assert_true(bayes.root[k].risk < bayes.root[k - 1].risk);
            seen++;
        }
    }
    assert_true(seen > 0);
}

int main(void)
{
    work = bayes_create();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transition)};
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    bayes_free(work);
    return failures;
}
