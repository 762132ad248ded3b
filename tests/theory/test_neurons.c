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

/* ---- neurons that are all alike, beside a quadratic part -------------------------------- */

static HermiteSeries series_of(Activation activation)
{
    HermiteSeries series;
    activation_series(&activation, &series);
    return series;
}

static Problem alike_problem(double alpha, double ratio, double noise)
{
    Problem p = problem_of(alpha * 200 * 200, 200, ratio * 200, 0.0);
    p.noise = noise;
    return p;
}

/* phi by its definition. */
static double potential(const HermiteSeries *s, const Problem *p, double q, double q2)
{
    double unused;
    const double alpha = p->samples / (p->dimension * p->dimension);
    const double moment = series_moment(s, 2);
    const double variance = p->noise + 0.5 * moment * moment * (1.0 - q2) +
                            series_g(s, 1.0, &unused) - series_g(s, q, &unused);
    const double y = (1.0 - q2) / (1.0 - q * q);
    return -0.5 * alpha * log(variance) +
           0.5 * p->teacher_width / p->dimension * (q + log1p(-q)) + 0.25 * (log(y) + 1.0 - y);
}

/* Roots are maxima of phi along q and stationary in both; the best is the highest. */
static void alike_roots(void **state)
{
    (void)state;
    const ActivationId ids[] = {ACTIVATION_RELU, ACTIVATION_ABS, ACTIVATION_COS,
                                ACTIVATION_QUADRATIC};
    int several = 0;
    for (int k = 0; k < 120; k++) {
        const HermiteSeries s = series_of((Activation){.id = ids[k % 4]});
        const Problem p = alike_problem(0.05 * pow(1.3, k / 4), k % 3 == 0 ? 0.5 : 2.0,
                                        k % 5 == 0 ? 0.001 : 0.05);
        const Alike a = alike_solve(&s, &p);
        assert_int_equal(a.outcome, OUTCOME_CONVERGED);
        several += a.roots > 1;
        for (int j = 0; j < a.roots; j++) {
            const AlikeRoot *r = &a.root[j];
            const double q = r->overlap;
            const double q2 = r->matrix_overlap;
            const double h = 1e-4 * (1.0 - q);
            const double h2 = 1e-4 * (1.0 - q2);
            const double at = potential(&s, &p, q, q2);
            assert_near(r->potential, at, 1e-9 * (1.0 + fabs(at)));
            assert_true(r->potential <= a.root[a.optimal].potential);
            const double along = potential(&s, &p, q, q2 + h2) - potential(&s, &p, q, q2 - h2);
            assert_near(along, 0.0, 1e-8);
            if (q > 0.0) {
                const double left = potential(&s, &p, q - h, q2);
                const double right = potential(&s, &p, q + h, q2);
                assert_near(right - left, 0.0, 1e-8);
                assert_true(left <= at && right <= at);
            }
        }
    }
    assert_true(several > 5);
}

/* Down to the least noise there are as many roots as elsewhere, also with a kink. */
static void alike_with_next_to_no_noise(void **state)
{
    (void)state;
    const HermiteSeries s = series_of((Activation){.id = ACTIVATION_RELU});
    for (double alpha = 0.02; alpha < 50.0; alpha *= 1.1) {
        for (double noise = ALIKE_LEAST_NOISE; noise < 1e-2; noise *= 10.0) {
            const Problem p = alike_problem(alpha, 0.5, noise);
            const Alike a = alike_solve(&s, &p);
            assert_int_equal(a.outcome, OUTCOME_CONVERGED);
            assert_true(a.roots >= 1 && a.roots <= 2);
        }
    }
}

/* Next to no quadratic part: the specialisation of equal neurons, by other equations. */
static void alike_without_matrix(void **state)
{
    (void)state;
    const Activation plain = cubic();
    Activation activation = plain;
    activation.coefficient[2] = 1e-5;
    const HermiteSeries s = series_of(activation);
    Specialisation specialisation = specialisation_create(&plain);
    bool learned[2] = {false};
    for (double alpha = 0.2; alpha < 20.0; alpha *= 1.3) {
        const Problem p = alike_problem(alpha, 0.5, 0.04);
        const Alike a = alike_solve(&s, &p);
        const Specialised other = specialised_solve(&specialisation, &p);
        const double error = other.root[other.optimal].error;
        assert_near(a.root[a.optimal].error, error, 1e-6 * error);
        learned[a.root[a.optimal].overlap > 0.0] = true;
    }
    assert_true(learned[0] && learned[1]);
    specialisation_free(&specialisation);
}

/* From nothing to everything, and down all the way; neurons are found in one jump. */
static void alike_in_order(void **state)
{
    (void)state;
    double unused;
    const HermiteSeries s = series_of((Activation){.id = ACTIVATION_ABS});
    const double all = 0.5 * pow(series_moment(&s, 2), 2.0) + series_g(&s, 1.0, &unused);
    double last = all;
    double overlap = 0.0;
    double jump = 0.0;
    for (double alpha = 1e-4; alpha < 1e4; alpha *= 1.1) {
        const Problem p = alike_problem(alpha, 2.0, 0.05);
        const Alike a = alike_solve(&s, &p);
        const AlikeRoot *r = &a.root[a.optimal];
        assert_true(r->error < last && r->overlap >= overlap);
        jump = fmax(jump, r->overlap - overlap);
        last = r->error;
        overlap = r->overlap;
    }
    const Problem few = alike_problem(1e-4, 2.0, 0.05);
    const Alike first = alike_solve(&s, &few);
    assert_near(first.root[0].error, all, 2e-3 * all);
    assert_true(last < 1e-3 * all && jump > 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cubic_neuron),
        cmocka_unit_test(published_samplers),
        cmocka_unit_test(roots_by_scan),
        cmocka_unit_test(exponents_of_samples),
        cmocka_unit_test(quadratic_student),
        cmocka_unit_test(alike_roots),
        cmocka_unit_test(alike_with_next_to_no_noise),
        cmocka_unit_test(alike_without_matrix),
        cmocka_unit_test(alike_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
