/* The network of general neurons (theory.md section 16): one neuron in closed form, published
 * samplers, brute force, exponents; and the quadratic student. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "phasesweep/theory/neurons.h"

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance)) {
        fail_msg("%.15g, expected %.15g within %g", value, expected, tolerance);
    }
}

static Activation cubic(void)
{
    return (Activation){.id = ACTIVATION_HERMITE, .coefficient = {[3] = 1.0 / sqrt(6.0)}};
}

static Problem problem_of(double n, double d, double width, double exponent)
{
    return (Problem){.samples = n,
                     .dimension = d,
                     .noise = 0.04,
                     .teacher_width = width,
                     .readout_exponent = exponent,
                     .tolerance = 1e-7};
}

/* g = q^3: l = 1/(3 q (1 - q)) has its least, 4/3, at q = 1/2; the line from 0 touches where
 * 3 (-q - log(1 - q)) (1 - q) = q^2, q = .645. */
static void one_cubic_neuron(void **state)
{
    (void)state;
    const Activation activation = cubic();
    Specialisation s = specialisation_create(&activation);
    assert_near(s.spinodal, 4.0 / 3.0, 1e-12);
    assert_near(s.spinodal_overlap, 0.5, 1e-6);
    assert_near(s.jump, 1.456, 5e-4);
    assert_near(s.overlap, 0.645, 5e-4);
    assert_near(3.0 * (-s.overlap - log1p(-s.overlap)) * (1.0 - s.overlap),
                s.overlap * s.overlap, 1e-12);
    assert_true(specialisation_overlap(&s, s.jump * (1.0 - 1e-9)) == 0.0);
    for (double l = s.jump * 1.0001; l < 1e9; l *= 1.37) {
        const double q = specialisation_overlap(&s, l);
        /* the larger root of 3 l q (1 - q) = 1 */
        assert_near(q, 0.5 + sqrt(0.25 - 1.0 / (3.0 * l)), 1e-12);
    }
    specialisation_free(&s);
}

/* Sixteen runs of Hamiltonian Monte Carlo at d = 200, k = 100, beta = .3, noise .04, n = alpha
 * d^2 have these means (standard error): within two of them and 1 %.  At alpha = 1.35 two roots
 * differ by .07 in n/2 times the free energy, so that the sampler may be at either. */
static void published_samplers(void **state)
{
    (void)state;
    static const double rows[][3] = {{0.75, .07626, .00009}, {1.35, .04069, .00011},
                                     {1.65, .02105, .00004}, {2.10, .01398, .00004},
                                     {2.55, .01055, .00002}, {3.00, .00850, .00001}};
    const Activation activation = {.id = ACTIVATION_STEEP_TANH};
    Specialisation s = specialisation_create(&activation);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        const Problem problem = problem_of(rows[k][0] * 40000.0, 200.0, 100.0, 0.3);
        const Specialised solved = specialised_solve(&s, &problem);
        assert_int_equal(solved.outcome, OUTCOME_CONVERGED);
        const double best = solved.root[solved.optimal].free_energy;
        double nearest = INFINITY;
        for (int r = 0; r < solved.roots; r++) {
            const double apart = 0.5 * problem.samples * (solved.root[r].free_energy - best);
            assert_true(apart >= 0.0);
            if (apart < 0.1) {
                nearest = fmin(nearest, fabs(solved.root[r].error - rows[k][1]));
            }
        }
        assert_near(nearest, 0.0, 2.0 * rows[k][2] + 0.01 * rows[k][1]);
    }
    specialisation_free(&s);
}

/* F of the equation for eps in closed form: q is the larger root of 3 l q (1 - q) = 1, or 0. */
static double learned(const Problem *problem, double eps)
{
    double square = 0.0;
    double error = 0.0;
    for (int k = 1; k <= (int)problem->teacher_width; k++) {
        square += pow(k, -2.0 * problem->readout_exponent);
    }
    for (int k = 1; k <= (int)problem->teacher_width; k++) {
        const double share = pow(k, -2.0 * problem->readout_exponent) / square;
        const double l = problem->samples / problem->dimension * share / (problem->noise + eps);
        const double q = 0.5 + sqrt(fmax(0.0, 0.25 - 1.0 / (3.0 * l)));
        const bool good = l > 4.0 / 3.0 && l * q * q * q + q + log1p(-q) > 0.0;
        error += share * (good ? 1.0 - q * q * q : 1.0);
    }
    return error;
}

/* All stable roots by a scan for where F(eps) - eps falls through 0 as eps grows, in steps of
 * 1e-4. */
static void roots_by_scan(void **state)
{
    (void)state;
    const Activation activation = cubic();
    Specialisation s = specialisation_create(&activation);
    int several = 0;
    for (double n = 100.0; n < 1500.0; n *= 1.04) {
        const Problem problem = problem_of(n, 100.0, 4.0, 0.8);
        const Specialised solved = specialised_solve(&s, &problem);
        assert_int_equal(solved.outcome, OUTCOME_CONVERGED);
        int found = 0;
        double before = learned(&problem, 1.0) == 1.0 ? 0.0 : -1.0;
        if (before == 0.0) { /* nothing is learned */
            assert_near(solved.root[found++].error, 1.0, 1e-12);
        }
        for (double eps = 1.0; eps > 0.003; eps *= 0.9999) {
            const double rise = learned(&problem, eps) - eps;
            if (before < 0.0 && rise >= 0.0) {
                assert_true(found < solved.roots);
                assert_near(solved.root[found].error, eps, 1.01e-4 * eps);
                found++;
            }
            before = rise;
        }
        assert_int_equal(found, solved.roots);
        several += solved.roots > 1;
    }
    assert_true(several > 0);
    specialisation_free(&s);
}

/* eps ~ n^(-1 + 1/(2 beta)) until all are learned, then 1/n: over a decade each. */
static void exponents_of_samples(void **state)
{
    (void)state;
    const Activation activation = cubic();
    Specialisation s = specialisation_create(&activation);
    for (double beta = 1.0; beta < 1.6; beta += 0.5) {
        double error[2];
        for (int k = 0; k < 2; k++) {
            Problem problem = problem_of(k == 0 ? 1e7 : 1e8, 1000.0, 1e4, beta);
            problem.noise = 1.0; /* eps is small beside it */
            const Specialised solved = specialised_solve(&s, &problem);
            assert_int_equal(solved.outcome, OUTCOME_CONVERGED);
            error[k] = solved.root[solved.optimal].error;
        }
        /* sums end at k = 1e4, 2 % of eps, and one neuron more is 2 % */
        assert_near(log10(error[1] / error[0]), -1.0 + 0.5 / beta, 0.03);
        const Problem late[] = {problem_of(1e12, 1000.0, 100.0, beta),
                                problem_of(1e13, 1000.0, 100.0, beta)};
        const Specialised first = specialised_solve(&s, &late[0]);
        const Specialised second = specialised_solve(&s, &late[1]);
        assert_int_equal(first.outcome, OUTCOME_CONVERGED);
        assert_int_equal(second.outcome, OUTCOME_CONVERGED);
        assert_near(first.root[first.optimal].specialised, 100.0, 0.0);
        assert_near(log10(second.root[second.optimal].error / first.root[first.optimal].error),
                    -1.0, 1e-3);
    }
    specialisation_free(&s);
}

/* Delta_eff = 2 (Delta + g(1))/(mu_2^2/2), and the quadratic student of a quadratic teacher is
 * the quadratic network. */
static void quadratic_student(void **state)
{
    (void)state;
    Problem problem = problem_of(1e4, 100.0, 100.0, 0.8);
    problem.weight_decay = 0.3;
    problem.linear_unit = 1;
    NeuronMoments moments = neuron_moments(&problem);
    Problem quadratic = neuron_as_quadratic(&problem, &moments);
    assert_int_equal(quadratic.model, MODEL_QUADRATIC);
    assert_true(quadratic.noise == problem.noise && quadratic.weight_decay == 0.3);
    assert_true(quadratic.source_exponent == 0.8);
    problem.teacher_activation = ACTIVATION_RELU;
    moments = neuron_moments(&problem);
    quadratic = neuron_as_quadratic(&problem, &moments);
    const double higher = 0.25 * (1.0 - 3.0 / M_PI);
    assert_near(moments.higher, higher, 1e-14);
    assert_near(quadratic.noise, 8.0 * M_PI * (0.04 + higher), 1e-11);
    assert_near(quadratic.weight_decay, 0.6 * sqrt(2.0 * M_PI), 1e-12);
    /* without the unit, its linear part and mean are noise: 1/4 and (sum v)^2/(2 pi) */
    problem.linear_unit = 0;
    problem.teacher_width = 2.0;
    problem.readout_exponent = 1.0;
    assert_near(neuron_moments(&problem).lost, 0.25 + 1.8 / (2.0 * M_PI), 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cubic_neuron),  cmocka_unit_test(published_samplers),
        cmocka_unit_test(roots_by_scan),     cmocka_unit_test(exponents_of_samples),
        cmocka_unit_test(quadratic_student),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
