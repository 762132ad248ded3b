/* F(eps) = sum_k v_k^2 (g(1) - g(q_k(eps))) increases with eps: more noise, less learned.  So
 * all roots between a and b lie between F(a) and F(b), which halves or empties any interval;
 * where F jumps over the diagonal is no root.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/theory/neurons.h"

typedef struct Neurons {
    const Specialisation *s;
    size_t count;
    double *square;                           /* v_k^2, decreasing */
    double *below;                            /* sum_{j >= k} v_j^2, [count + 1] */
    double samples, dimension, noise, height; /* n, d, Delta, g(1) */
    Specialised *result;
} Neurons;

/* Where l_k < l_e nothing is learned, and of the weaker ones neither. */
static double learn(const Neurons *it, double eps, SpecialisedRoot *root)
{
    double left = 0.0;
    double cost = 0.0;
    double unused;
    double q = 0.0;
    double missing = 0.0;
    size_t k = 0;
    it->result->evaluations++;
    for (; k < it->count; k++) {
        if (k == 0 || it->square[k] != it->square[k - 1]) {
            const double l = it->samples / it->dimension * it->square[k] / (it->noise + eps);
            q = specialisation_overlap(it->s, l);
            missing = it->height - series_g(&it->s->series, q, &unused);
        }
        if (q == 0.0) {
            break;
        }
        left += it->square[k] * missing;
        cost -= q + log1p(-q);
    }
    const double error = left + it->below[k] * it->height;
    if (root != NULL) {
        root->error = error;
        root->specialised = (double)k;
        root->free_energy = log((it->noise + error) / (it->noise + it->height)) +
                            it->dimension / it->samples * cost;
    }
    return error;
}

static void add_root(const Neurons *it, double eps)
{
    Specialised *result = it->result;
    const bool known =
        result->roots > 0 && eps > result->root[result->roots - 1].error * (1.0 - 1e-10);
    if (!known && result->roots < SPECIALISED_ROOTS) {
        SpecialisedRoot *root = &result->root[result->roots++];
        const double error = learn(it, eps, root);
        const double residual = fabs(error / eps - 1.0);
        result->residual = fmax(result->residual, residual);
    }
}

/* F(a) >= a and F(b) <= b, or what is between them has no stable root at its ends; the largest
 * first. */
static void search(const Neurons *it, double a, double at_a, double b, double at_b)
{
    const double low = fmax(a, at_a);
    const double high = fmin(b, at_b);
    if (low > high * (1.0 + 1e-13)) {
        return;
    }
    if (high - low <= 1e-12 * high) {
        if (at_a >= a * (1.0 - 1e-12) && at_b <= b * (1.0 + 1e-12)) {
            add_root(it, 0.5 * (low + high));
        }
        return;
    }
    if (high - low < 0.5 * (b - a)) {
        search(it, low, learn(it, low, NULL), high, learn(it, high, NULL));
        return;
    }
    const double middle = 0.5 * (low + high);
    const double at = learn(it, middle, NULL);
    search(it, middle, at, high, high == b ? at_b : learn(it, high, NULL));
    search(it, low, low == a ? at_a : learn(it, low, NULL), middle, at);
}

static void set_readout(Neurons *it, double exponent)
{
    double sum = 0.0;
    for (size_t k = it->count; k-- > 0;) {
        it->square[k] = pow((double)k + 1.0, -2.0 * exponent);
        sum += it->square[k];
    }
    it->below[it->count] = 0.0;
    for (size_t k = it->count; k-- > 0;) {
        it->square[k] /= sum;
        it->below[k] = it->below[k + 1] + it->square[k];
    }
}

Specialised specialised_solve(const Specialisation *s, const Problem *problem)
{
    Specialised result = {.outcome = OUTCOME_CONVERGED};
    double unused;
    Neurons it = {.s = s,
                  .count = (size_t)problem->teacher_width,
                  .samples = problem->samples,
                  .dimension = problem->dimension,
                  .noise = problem->noise,
                  .height = series_g(&s->series, 1.0, &unused),
                  .result = &result};
    it.square = checked_alloc(it.count, sizeof *it.square);
    it.below = checked_alloc(it.count + 1, sizeof *it.below);
    set_readout(&it, problem->readout_exponent);
    /* 1 - q is at least d/n of something: far below the least eps */
    const double least = 1e-30 * it.height;
    search(&it, least, learn(&it, least, NULL), it.height, learn(&it, it.height, NULL));
    for (int k = 1; k < result.roots; k++) {
        if (result.root[k].free_energy < result.root[result.optimal].free_energy) {
            result.optimal = k;
        }
    }
    if (result.roots == 0 || !(result.residual <= problem->tolerance)) {
        result.outcome = result.roots == 0 ? OUTCOME_FAILED : OUTCOME_NOT_CONVERGED;
    }
    for (size_t k = 0; k < it.count && result.roots > 0; k++) {
        const double noise = it.noise + result.root[result.optimal].error;
        const double l = it.samples / it.dimension * it.square[k] / noise;
        result.within_spinodal += l >= s->spinodal;
    }
    free(it.square);
    free(it.below);
    return result;
}
