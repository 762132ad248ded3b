#include "neurons_risk.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/normal_nodes.h"
#include "phasesweep/numerics/lapack.h"

static const double unit = 1.0;
static const double zero = 0.0;

/* A network by its series. */
typedef struct Expanded {
    int neurons;
    double *unit;        /* [d * neurons] directions of norm 1, or 0 */
    double *coefficient; /* [RISK_TERMS * neurons] readout_k a_l(r_k), by neuron */
    double *square;      /* [neurons] E of the neuron's square */
    double *missing;     /* [neurons] root of what RISK_TERMS leave of it */
} Expanded;

typedef struct Basis {
    double z[NORMAL_NODES], weight[NORMAL_NODES]; /* of E: quadrature times phi */
    double *table; /* [RISK_TERMS * NORMAL_NODES] h_l(z) times the weight; owned */
} Basis;

/* sqrt(l + 1) psi_{l+1} = z psi_l - sqrt(l) psi_{l-1} */
static void fill_node(double z, double width, double root, double column[])
{
    double before = 0.0;
    double here = root;
    for (int l = 0; l < RISK_TERMS; l++) {
        column[l] = width * root * here;
        const double next = (z * here - sqrt((double)l) * before) / sqrt(l + 1.0);
        before = here;
        here = next;
    }
}

static Basis *basis_create(void)
{
    Basis *basis = checked_alloc(1, sizeof *basis);
    double width[NORMAL_NODES];
    double root[NORMAL_NODES];
    normal_nodes(basis->z, width, root);
    basis->table = checked_alloc((size_t)NORMAL_NODES * RISK_TERMS, sizeof(double));
    for (int k = 0; k < NORMAL_NODES; k++) {
        basis->weight[k] = width[k] * root[k] * root[k];
        fill_node(basis->z[k], width[k], root[k], basis->table + (size_t)k * RISK_TERMS);
    }
    return basis;
}

static void basis_free(Basis *basis)
{
    free(basis->table);
    free(basis);
}

/* readout_k (sigma(r_k z) - mean_k) at the nodes; its E of the square. */
static double sample_neuron(const Basis *basis, const NeuronNet *net, int k, double norm,
                            double value[])
{
    double slope[NORMAL_NODES];
    const double mean = net->activation.id == ACTIVATION_QUADRATIC ? norm * norm - 1.0 : 0.0;
    for (int node = 0; node < NORMAL_NODES; node++) {
        value[node] = norm * basis->z[node];
    }
    activation_block(&net->activation, value, NORMAL_NODES, value, slope);
    double square = 0.0;
    for (int node = 0; node < NORMAL_NODES; node++) {
        value[node] = net->readout[k] * (value[node] - mean);
        square += basis->weight[node] * value[node] * value[node];
    }
    return square;
}

static double norm_of(int d, const double x[])
{
    double square = 0.0;
    for (int i = 0; i < d; i++) {
        square += x[i] * x[i];
    }
    return sqrt(square);
}

static Expanded expand(const Basis *basis, const NeuronNet *net)
{
    const int d = net->dimension;
    const int count = net->neurons;
    const size_t n = (size_t)count;
    Expanded series = {.neurons = count,
                       .unit = checked_alloc((size_t)d * n, sizeof(double)),
                       .coefficient = checked_alloc(RISK_TERMS * n, sizeof(double)),
                       .square = checked_alloc(n, sizeof(double)),
                       .missing = checked_alloc(n, sizeof(double))};
    double *values = checked_alloc(NORMAL_NODES * n, sizeof *values);
    for (int k = 0; k < count; k++) {
        const double *w = net->directions + (size_t)k * (size_t)d;
        const double norm = norm_of(d, w);
        for (int i = 0; i < d; i++) {
            series.unit[(size_t)k * (size_t)d + (size_t)i] = norm > 0.0 ? w[i] / norm : 0.0;
        }
        series.square[k] =
            sample_neuron(basis, net, k, norm, values + (size_t)k * NORMAL_NODES);
    }
    const int terms = RISK_TERMS;
    const int nodes = NORMAL_NODES;
    dgemm_("N", "N", &terms, &count, &nodes, &unit, basis->table, &terms, values, &nodes, &zero,
           series.coefficient, &terms, 1, 1);
    for (size_t k = 0; k < n; k++) {
        double left = series.square[k];
        for (size_t l = 0; l < RISK_TERMS; l++) {
            left -=
                series.coefficient[k * RISK_TERMS + l] * series.coefficient[k * RISK_TERMS + l];
        }
        /* rounding is no tail */
        series.missing[k] = left > 1e-13 * series.square[k] ? sqrt(left) : 0.0;
    }
    free(values);
    return series;
}

static void expanded_free(Expanded *series)
{
    free(series->unit);
    free(series->coefficient);
    free(series->square);
    free(series->missing);
}

size_t neurons_risk_memory(int dimension, int neurons)
{
    const size_t numbers = (size_t)dimension + RISK_TERMS + NORMAL_NODES + 2;
    return 8 *
           ((size_t)neurons * (numbers + (size_t)neurons) + (size_t)NORMAL_NODES * RISK_TERMS);
}

/* sum_{l >= 1} a_l b_l q^l and what is not in it. */
static double pair(const double a[], const double b[], double q, double *power_left)
{
    double sum = 0.0;
    double power = q;
    int l = 1;
    for (; l < RISK_TERMS && fabs(power) > 1e-18; l++) {
        sum += a[l] * b[l] * power;
        power *= q;
    }
    *power_left = l == RISK_TERMS ? fabs(power) : 0.0;
    return sum;
}

/* sum over pairs of E of their product, the constants apart; adds to *bound. */
static double covariance(int d, const Expanded *one, const Expanded *other, double *bound)
{
    const int m = one->neurons;
    const int n = other->neurons;
    const bool same = one == other;
    double *cosine = checked_alloc((size_t)m * (size_t)n, sizeof *cosine);
    dgemm_("T", "N", &m, &n, &d, &unit, one->unit, &d, other->unit, &d, &zero, cosine, &m, 1,
           1);
    double sum = 0.0;
    for (size_t j = 0; j < (size_t)n; j++) {
        for (size_t k = same ? j : 0; k < (size_t)m; k++) {
            const double *a = one->coefficient + k * RISK_TERMS;
            const double *b = other->coefficient + j * RISK_TERMS;
            const double q = fmax(-1.0, fmin(1.0, cosine[k + j * (size_t)m]));
            double left = 0.0;
            if (same && k == j) { /* exact */
                sum += one->square[k] - a[0] * a[0];
                continue;
            }
            const double twice = same ? 2.0 : 1.0;
            sum += twice * pair(a, b, q, &left);
            *bound += twice * left * one->missing[k] * other->missing[j];
        }
    }
    free(cosine);
    return sum;
}

/* E f */
static double mean_of(const Expanded *series)
{
    double mean = 0.0;
    for (size_t k = 0; k < (size_t)series->neurons; k++) {
        mean += series->coefficient[k * RISK_TERMS];
    }
    return mean;
}

NeuronRisk neurons_risk(const NeuronNet *student, const NeuronNet *teacher)
{
    assert(student->dimension == teacher->dimension);
    const int d = student->dimension;
    Basis *basis = basis_create();
    Expanded own = expand(basis, student);
    Expanded truth = expand(basis, teacher);
    NeuronRisk found = {.constant = mean_of(&own) - mean_of(&truth)};
    double cross_bound = 0.0;
    const double own_square = covariance(d, &own, &own, &found.bound);
    const double cross = covariance(d, &own, &truth, &cross_bound);
    const double truth_square = covariance(d, &truth, &truth, &found.bound);
    found.bound += 2.0 * cross_bound;
    found.student = own_square + mean_of(&own) * mean_of(&own);
    found.teacher = truth_square + mean_of(&truth) * mean_of(&truth);
    /* of a perfect student rounding alone is left, of either sign */
    found.risk =
        fmax(own_square - 2.0 * cross + truth_square, 0.0) + found.constant * found.constant;
    expanded_free(&own);
    expanded_free(&truth);
    basis_free(basis);
    return found;
}

void neurons_overlaps(const NeuronNet *student, const NeuronNet *teacher, double best[])
{
    const size_t d = (size_t)student->dimension;
    const int columns = (int)d;
    for (int j = 0; j < teacher->neurons; j++) {
        const double *v = teacher->directions + (size_t)j * d;
        best[j] = 0.0;
        for (int k = 0; k < student->neurons; k++) {
            const double *w = student->directions + (size_t)k * d;
            double product = 0.0;
            for (size_t i = 0; i < d; i++) {
                product += w[i] * v[i];
            }
            const double norms = norm_of(columns, w) * norm_of(columns, v);
            best[j] = norms > 0.0 ? fmax(best[j], fabs(product) / norms) : best[j];
        }
    }
}
