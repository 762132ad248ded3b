/* teacher.h - the power-law spectrum of the target, and sums over it at any dimension.
 *
 * s_i = c i^-gamma, i = 1 ... d, with (1/d) sum s_i^2 = 1 (theory.md section 1, quadratic
 * network; the diagonal network's coefficients are s_i / sqrt(d)).
 *
 * The spectrum is never stored.  A sum over i of a function that is smooth in i is replaced
 * by ATOMS: dyadic blocks of indices, each integrated by the Gauss rule of its own integer
 * points (exact for polynomials of degree 2 TEACHER_RULE - 1), split where the function is
 * not smooth on a block and summed term by term once a block has 16 points.  The number of
 * atoms grows as log d; the error of a sum is below 1e-12 of it (test_teacher).
 *
 * Signs and rotation of the teacher are not here: no sum over the spectrum depends on them.
 * Nothing here communicates; a Teacher is a value of 12 kilobytes and may be copied.
 */
#ifndef PHASESWEEP_MODEL_TEACHER_H
#define PHASESWEEP_MODEL_TEACHER_H

#include <complex.h>
#include <stdbool.h>
#include <stddef.h>

/* Nodes of a rule; octaves up to d = 2^40; eigenvalues kept one by one, with index below the
 * last. */
enum { TEACHER_RULE = 12, TEACHER_OCTAVES = 41, TEACHER_HEAD = 32 };

typedef struct Teacher {
    double source_exponent; /* gamma > 1/2 */
    double dimension;       /* d, whole, 2 ... 2^40 */
    double scale;           /* c = s_1 */
    double mean;            /* Tr S* / d */
    bool exact; /* every index its own atom, at any cost: for tests; false at first */
    double head[TEACHER_HEAD]; /* s_i by index; [0] unused */
    /* for blocks of 2^k indices, k >= 5: Gauss nodes on 0 ... 2^k - 1, their masses of sum
     * 2^k / d, and the s at 2^k + offset */
    double offset[TEACHER_OCTAVES][TEACHER_RULE];
    double mass[TEACHER_OCTAVES][TEACHER_RULE];
    double position[TEACHER_OCTAVES][TEACHER_RULE];
} Teacher;

/* A discrete measure that stands for the spectrum.  Of no use after a change of teacher; a
 * caller keeps one as scratch. */
typedef struct Atoms {
    size_t count, capacity;
    double *position; /* [count] s, decreasing; owned */
    double *mass;     /* [count] > 0, sum 1; owned */
} Atoms;

/* Local.  source_exponent in (1/2, 10], dimension whole in [2, 2^40].  A plain value. */
Teacher teacher_create(double source_exponent, double dimension);

/* Local.  s_i of a real index i >= 1. */
double teacher_eigenvalue(const Teacher *teacher, double index);

/* Local.  Refill *atoms for sums of 1/(w - s)^k, k = 1, 2, and of log(w - s), at the given
 * w and between them when they are neighbours on a smooth path; Im w >= 0.  At most 16 w. */
void teacher_atoms_resolvent(const Teacher *teacher, const double complex w[], int count,
                             Atoms *atoms);

/* Local.  The same, with no atom standing for indices on both sides of split | split + 1. */
void teacher_atoms_split(const Teacher *teacher, const double complex w[], int count,
                         double split, Atoms *atoms);

/* Local.  Refill *atoms for sums of a function of s that varies on the scale `width` between
 * `smooth_below` and `smooth_above` and is a polynomial of degree <= 2 outside. */
void teacher_atoms_smooth(const Teacher *teacher, double width, double smooth_below,
                          double smooth_above, Atoms *atoms);

/* Local.  The same for a function that above `smooth_above` is smooth but singular at s = pole,
 * pole < smooth_above. */
void teacher_atoms_threshold(const Teacher *teacher, double width, double smooth_below,
                             double smooth_above, double pole, Atoms *atoms);

/* Local.  The same for a function that varies on that scale with s - e and s + e, e = edge
 * i^rise, unless they are more than `margin` apart, where it is smooth in the index; rise in
 * (0, 5]. */
void teacher_atoms_edge(const Teacher *teacher, double width, double margin, double edge,
                        double rise, Atoms *atoms);

/* Local.  The real index i >= 1 whose s_i it is. */
double teacher_index(const Teacher *teacher, double s);

/* The shortest block, of 64 indices, for which such a rule is offered. */
enum { TEACHER_ROUNDED = 6 };

/* Local.  A rule for sums over 2^octave whole numbers 0, 1, ... that needs only TEACHER_RULE of
 * them: sum f(i) = sum factor[k] f(offset[k]) for polynomials of degree below TEACHER_RULE.
 * octave at least TEACHER_ROUNDED. */
void teacher_rounded_rule(const Teacher *teacher, int octave, double offset[TEACHER_RULE],
                          double factor[TEACHER_RULE]);

/* Local.  One more atom at the end. */
void atoms_append(Atoms *atoms, double position, double mass);

/* Local.  Leaves *atoms empty and usable. */
void atoms_free(Atoms *atoms);

/* As many w as one sweep over the atoms serves: a vector of doubles. */
enum { ATOM_NODES = 8 };

/* Local.  G(w) = (1/d) sum 1/(w - s_i) and dG/dw at ATOM_NODES values w = u + i v, none of
 * them an s_i. */
void atoms_resolvent(const Atoms *atoms, const double u[ATOM_NODES], const double v[ATOM_NODES],
                     double complex g[ATOM_NODES], double complex derivative[ATOM_NODES]);

/* Local.  The same at one w. */
double complex atoms_resolvent_at(const Atoms *atoms, double complex w,
                                  double complex *derivative);

/* Local.  (1/d) sum 1/((u - s_i)^2 + y) and its derivative in y, for y > 0 or u away from
 * every s_i. */
void atoms_lorentzian(const Atoms *atoms, double u, double y, double *sum, double *derivative);

/* Local.  (1/d) sum arg(w - s_i), in [0, pi]. */
double atoms_argument(const Atoms *atoms, double complex w);

#endif
