/* The population risk of two-layer networks by Hermite series. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "phasesweep/numerics/rng.h"
#include "neurons/neurons_pairs.h"
#include "neurons/neurons_risk.h"

enum { D = 6, STUDENT = 5, TEACHER = 3, ROWS = 40000 };

static double output(const NeuronNet *net, const double x[])
{
    double sum = 0.0;
    for (int k = 0; k < net->neurons; k++) {
        double z = 0.0;
        double square = 0.0;
        double value;
        double slope;
        for (int i = 0; i < D; i++) {
            const double w = net->directions[k * D + i];
            z += w * x[i];
            square += w * w;
        }
        activation_block(&net->activation, &z, 1, &value, &slope);
        sum += net->readout[k] *
               (value - (net->activation.id == ACTIVATION_QUADRATIC ? square - 1.0 : 0.0));
    }
    return sum;
}

static NeuronNet draw(ActivationId id, uint64_t seed, int neurons, double scale, double w[],
                      double v[])
{
    rng_normals(seed, RNG_PROBE, 0, D * neurons, w);
    rng_normals(seed, RNG_PROBE, 1, neurons, v);
    for (int k = 0; k < D * neurons; k++) {
        w[k] *= scale / sqrt(D);
    }
    return (NeuronNet){.activation = {.id = id, .coefficient = {0.1, 0.3, -0.5, 0.2, 0.05}},
                       .dimension = D,
                       .neurons = neurons,
                       .directions = w,
                       .readout = v};
}

/* Each activation against the next one, norms about 1 and not equal: the mean of (f - f*)^2
 * over drawn rows within 5 of its standard errors, which for 12 pairs is right but once in
 * 10^5 seeds; the bound is what kinks leave. */
static void test_sampled(void **unused)
{
    (void)unused;
    double w[D * STUDENT];
    double v[STUDENT];
    double w_true[D * TEACHER];
    double v_true[TEACHER];
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const ActivationId other = (id + 1) % ACTIVATION_COUNT;
        const NeuronNet student = draw(id, 1, STUDENT, 1.0, w, v);
        const NeuronNet teacher = draw(other, 2, TEACHER, 0.8, w_true, v_true);
        const NeuronRisk found = neurons_risk(&student, &teacher);
        double sum = 0.0;
        double squares = 0.0;
        for (uint64_t row = 0; row < ROWS; row++) {
            double x[D];
            rng_normals(3, RNG_FEATURES, row, D, x);
            const double error = pow(output(&student, x) - output(&teacher, x), 2.0);
            sum += error;
            squares += error * error;
        }
        const double mean = sum / ROWS;
        const double deviation = sqrt((squares / ROWS - mean * mean) / ROWS);
        assert_true(fabs(mean - found.risk) < 5.0 * deviation);
        assert_true(found.bound < 1e-8 * found.risk);
    }
}

/* A student that is its teacher, neuron by neuron in another order, one of them in two halves;
 * two neurons that are the same are where kinks leave most: of l^(-5/2) at 1024 terms 1e-5. */
static void test_same(void **unused)
{
    (void)unused;
    double w[D * STUDENT];
    double v[STUDENT];
    double w_true[D * TEACHER];
    double v_true[TEACHER];
    for (ActivationId id = 0; id < ACTIVATION_COUNT; id++) {
        const NeuronNet teacher = draw(id, 2, TEACHER, 1.3, w_true, v_true);
        NeuronNet student = draw(id, 1, STUDENT, 1.0, w, v);
        student.neurons = TEACHER + 1;
        for (int k = 0; k < TEACHER + 1; k++) {
            const int from = (k + 1) % TEACHER;
            for (int i = 0; i < D; i++) {
                w[k * D + i] = w_true[from * D + i];
            }
            v[k] = from == 1 ? 0.5 * v_true[from] : v_true[from];
        }
        double best[TEACHER];
        const NeuronRisk found = neurons_risk(&student, &teacher);
        neurons_overlaps(&student, &teacher, best);
        assert_true(found.risk <= found.bound + 1e-12 * found.teacher);
        assert_true(found.bound < 1e-4 * found.teacher);
        for (int k = 0; k < TEACHER; k++) {
            assert_true(fabs(best[k] - 1.0) < 1e-12);
        }
    }
}

/* Of quadratic neurons E (f - f*)^2 = 2 |S - S*|^2 in any norm, S = sum v w w^T: the series
 * has one term. */
static void test_quadratic(void **unused)
{
    (void)unused;
    double w[D * STUDENT];
    double v[STUDENT];
    double w_true[D * TEACHER];
    double v_true[TEACHER];
    const NeuronNet student = draw(ACTIVATION_QUADRATIC, 1, STUDENT, 1.7, w, v);
    const NeuronNet teacher = draw(ACTIVATION_QUADRATIC, 2, TEACHER, 0.6, w_true, v_true);
    double square = 0.0;
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
            double entry = 0.0;
            for (int k = 0; k < STUDENT; k++) {
                entry += v[k] * w[k * D + i] * w[k * D + j];
            }
            for (int k = 0; k < TEACHER; k++) {
                entry -= v_true[k] * w_true[k * D + i] * w_true[k * D + j];
            }
            square += entry * entry;
        }
    }
    const NeuronRisk found = neurons_risk(&student, &teacher);
    assert_true(fabs(found.risk / (2.0 * square) - 1.0) < 1e-12);
    assert_true(found.bound == 0.0);
}

/* A student that is its teacher in another order, with more neurons than are told: each of the
 * first comes to stand where the teacher's is, whatever its sign and length. */
static void test_pairs(void **unused)
{
    (void)unused;
    enum { SIDE = 90, NEURONS = 80, EXTRA = 5 };
    static double w[SIDE * (NEURONS + EXTRA)];
    static double w_true[SIDE * NEURONS];
    double v[NEURONS + EXTRA];
    double v_true[NEURONS];
    for (int k = 0; k < NEURONS; k++) {
        w_true[k * SIDE + k] = 1.0;
        v_true[k] = 1.0;
        w[(NEURONS - 1 - k) * SIDE + k] = k % 2 == 0 ? 2.0 : -0.5;
        v[NEURONS - 1 - k] = k;
    }
    for (int k = NEURONS; k < NEURONS + EXTRA; k++) { /* large, and next to none */
        w[k * SIDE + SIDE - 1] = 1.0;
        v[k] = 1e3;
    }
    const NeuronNet student = {
        .dimension = SIDE, .neurons = NEURONS + EXTRA, .directions = w, .readout = v};
    const NeuronNet teacher = {
        .dimension = SIDE, .neurons = NEURONS, .directions = w_true, .readout = v_true};
    NeuronPairs pairs = neuron_pairs_create(student.neurons, teacher.neurons);
    assert_int_equal(pairs.students, NEURONS_STORED);
    assert_int_equal(pairs.teachers, NEURONS_STORED);
    neuron_pairs_put(&pairs, &student, &teacher);
    for (size_t k = 0; k < pairs.students; k++) {
        const double length = k % 2 == 0 ? 2.0 : -0.5;
        assert_true(pairs.readout[k] == (double)k);
        for (size_t j = 0; j < pairs.teachers; j++) {
            assert_true(pairs.overlap[k * pairs.teachers + j] == (j == k ? length : 0.0));
            assert_true(pairs.gram[k * pairs.students + j] == (j == k ? length * length : 0.0));
        }
    }
    neuron_pairs_put(&pairs, &student, NULL); /* by size alone */
    for (size_t k = 0; k < EXTRA; k++) {
        assert_true(pairs.readout[k] == 1e3 && isnan(pairs.overlap[k]));
    }
    neuron_pairs_free(&pairs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sampled), cmocka_unit_test(test_same),
        cmocka_unit_test(test_quadratic), cmocka_unit_test(test_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
