/* neurons.h - what theory says of the network of general neurons (theory.md section 16).
 *
 * The teacher is f* = sum_k v_k sigma*(w_k.x), k <= teacher_width, sum v_k^2 = 1.  All errors
 * are E (f - f*)^2 in its units, where the quadratic activation has E f*^2 = 2.
 *
 * The quadratic student is in neuron_moments.h.
 *
 * Bayes-optimal, mu_1 = mu_2 = 0, n = Theta(d) for each strong neuron (specialisation):
 *     eps = sum_k v_k^2 (g(1) - g(q_k)),   q_k = argmax_q  l_k g(q) + q + log(1 - q),
 *     l_k = (n/d) v_k^2/(Delta + eps),
 * with the free energy  Psi = (n/2) log(Delta + eps) - (d/2) sum_k (q_k + log(1 - q_k)), the
 * least of which among the roots eps is reported.  q jumps from 0 at l_e; between the spinodal
 * l_s and l_e its root is metastable.
 *
 * Bayes-optimal, v_k = 1/sqrt k, Gaussian directions, n = alpha d^2, k = Theta(d), with a
 * quadratic part (heuristic: arXiv 2501.18530, 2505.24849; the matrix is taken for a Gaussian
 * one where nothing else is known of it): D = Delta + mu_2^2 (1 - q2)/2 + g(1) - g(q),   error
 * D - Delta, q/(1 - q) = r = (d/k) (alpha g'(q)/D + (q2 - q^2) q/(1 - q^2)^2), q2/(1 - q2) =
 * q^2/(1 - q^2) + alpha mu_2^2/D, stationary points of phi = -alpha/2 log D + (k/2d) (q + log(1
 * - q)) + (log y + 1 - y)/4,  y = (1 - q2)/(1 - q^2), the largest of which is reported.
 *
 * Nothing communicates.
 */
#ifndef PHASESWEEP_THEORY_NEURONS_H
#define PHASESWEEP_THEORY_NEURONS_H

#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/model/neuron_moments.h"

/* What one neuron learns from samples enough for it, by signal to noise l: hull of the points
 * (g(q), -q - log(1 - q)).  Release with specialisation_free. */
typedef struct Specialisation {
    HermiteSeries series;
    size_t count;            /* vertices of the hull, the first at q = 0 */
    double *t;               /* [count] q = 1 - exp(-t), increasing */
    double *rise;            /* [count] l from which a vertex is the best, rise[0] = 0 */
    double jump;             /* l_e: q = 0 is the best below it */
    double overlap;          /* q right above it */
    double spinodal;         /* l_s: least l with a root q > 0 */
    double spinodal_overlap; /* q there */
} Specialisation;

/* Local.  By the activation alone, some 20 ms. */
Specialisation specialisation_create(const Activation *activation);
void specialisation_free(Specialisation *s);

/* Local.  The best q at l >= 0, to 1e-12. */
double specialisation_overlap(const Specialisation *s, double l);

enum { SPECIALISED_ROOTS = 16 };

typedef struct SpecialisedRoot {
    double error;       /* eps */
    double free_energy; /* Psi/(n/2) less its value where nothing is learned */
    double specialised; /* k_c: neurons with q_k > 0 */
} SpecialisedRoot;

typedef struct Specialised {
    Outcome outcome;
    int roots;                               /* that are stable, at least 1 */
    SpecialisedRoot root[SPECIALISED_ROOTS]; /* eps decreasing */
    int optimal;                             /* index of the least free energy */
    double within_spinodal;                  /* neurons with l_k >= l_s at the optimal root */
    double residual;                         /* |F(eps) - eps|/eps there */
    int evaluations;
} Specialised;

/* Local.  Bayes-optimal error of a teacher without linear and quadratic part, whose
 * Specialisation s is; noise >= 0, teacher_width <= 10^6. */
Specialised specialised_solve(const Specialisation *s, const Problem *problem);

enum { ALIKE_ROOTS = 8 };

typedef struct AlikeRoot {
    double error;          /* D - Delta */
    double overlap;        /* q: a neuron and its estimate, 0 <= q < 1 */
    double matrix_overlap; /* q2 */
    double potential;      /* phi */
} AlikeRoot;

typedef struct Alike {
    Outcome outcome;
    int roots;                   /* that are stable, further apart than .02 in log(1 - q) */
    AlikeRoot root[ALIKE_ROOTS]; /* overlap increasing */
    int optimal;                 /* index of the largest potential */
    double residual;             /* relative, of q = r/(1 + r); the largest of all roots */
    int evaluations;
} Alike;

/* Local.  Of a teacher with readout_exponent 0 and the series of its activation, mu_2 not 0;
 * its constant and linear part do not count.  noise >= ALIKE_LEAST_NOISE. */
Alike alike_solve(const HermiteSeries *series, const Problem *problem);

#endif
