/* Sums over a power law without its terms.  A sum over i = first ... first + count - 1 of a
 * function smooth in i is a Gauss rule of the counting measure of these integers; how smooth
 * a resolvent 1/(w - s_i) is there is told by where, in the complex plane of i, s_i = w.
 *
 * Every sum of the program over the spectrum goes through these atoms, so that the cost of
 * a point grows as log d.
 */
#include "phasesweep/model/teacher.h"

#include <assert.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

#include "phasesweep/base/clones.h"
#include "phasesweep/numerics/power_law.h"

/* Blocks of at most this many indices are summed term by term. */
enum { EXACT = 16 };

/* Three branches at each of up to 16 values of w. */
enum { MOST_POLES = 48 };

/* A block is accepted if every singularity lies outside the Bernstein ellipse rho = 4 around
 * it: the rule's error is of order rho^(-2 TEACHER_RULE) = 4e-15.  For the branch point at
 * index 0 a block [2^k, 2^(k+1)) has rho = 5.8. */
static const double ellipse = 4.0 + 1.0 / 4.0;

/* Gauss rule of the integers 0 ... n-1 with unit weights: its orthogonal polynomials are
 * Gram's (discrete Chebyshev), whose recurrence coefficients are known in closed form.
 * Nodes and weights are the eigenvalues and squared first components of the Jacobi matrix
 * (Golub & Welsch 1969), which is made for (x - (n-1)/2)/n so that large n lose nothing. */
static void discrete_gauss(double n, double offset[], double weight[])
{
    gsl_matrix *jacobi = gsl_matrix_calloc(TEACHER_RULE, TEACHER_RULE);
    gsl_vector *node = gsl_vector_alloc(TEACHER_RULE);
    gsl_matrix *vector = gsl_matrix_alloc(TEACHER_RULE, TEACHER_RULE);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(TEACHER_RULE);
    if (jacobi == NULL || node == NULL || vector == NULL || work == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a Gauss rule");
    }
    for (size_t k = 1; k < TEACHER_RULE; k++) {
        const double j = (double)k;
        const double beta = j / 2.0 * sqrt((1.0 - j / n * (j / n)) / (4.0 * j * j - 1.0));
        gsl_matrix_set(jacobi, k, k - 1, beta);
        gsl_matrix_set(jacobi, k - 1, k, beta);
    }
    gsl_eigen_symmv(jacobi, node, vector, work);
    gsl_eigen_symmv_sort(node, vector, GSL_EIGEN_SORT_VAL_ASC);
    for (size_t k = 0; k < TEACHER_RULE; k++) {
        const double first = gsl_matrix_get(vector, 0, k);
        offset[k] = 0.5 * (n - 1.0) + n * gsl_vector_get(node, k);
        weight[k] = n * first * first;
    }
    gsl_eigen_symmv_free(work);
    gsl_matrix_free(vector);
    gsl_vector_free(node);
    gsl_matrix_free(jacobi);
}

/* At real indices too: rules and gaps have theirs between whole numbers. */
double teacher_eigenvalue(const Teacher *teacher, double index)
{
    return teacher->scale * exp(-teacher->source_exponent * log(index));
}

double teacher_index(const Teacher *teacher, double s)
{
    return pow(teacher->scale / s, 1.0 / teacher->source_exponent);
}

/* Room for `more` atoms. */
static void reserve(Atoms *atoms, size_t more)
{
    if (atoms->count + more > atoms->capacity) {
        atoms->capacity = 2 * atoms->capacity + 256;
        atoms->position = checked_realloc(atoms->position, atoms->capacity, sizeof(double));
        atoms->mass = checked_realloc(atoms->mass, atoms->capacity, sizeof(double));
    }
}

/* What a sum needs of a block of `count` indices from `first`: is it smooth there? */
typedef struct Smoothness {
    const Teacher *teacher;
    int poles; /* number of indices where the function is singular */
    double pole_re[MOST_POLES];
    double pole_im[MOST_POLES];
    double split; /* no block reaches from this index to the next */
    double width; /* teacher_atoms_smooth */
    double smooth_above, smooth_below;
    double edge, rise; /* teacher_atoms_edge */
} Smoothness;

/* Is the function analytic inside the ellipse around the block?  Foci are its ends, half an
 * index beyond the outer ones; a block must lie on one side of the split as well. */
static bool poles_far(const Smoothness *s, double first, double count)
{
    const double half = 0.5 * count;
    const double middle = first + 0.5 * (count - 1.0);
    bool far = first + count - 1.0 <= s->split || first > s->split;
    for (int k = 0; k < s->poles; k++) {
        const double left = s->pole_re[k] - middle + half;
        const double right = s->pole_re[k] - middle - half;
        const double y = s->pole_im[k] * s->pole_im[k];
        /* the sum of the distances to the foci tells the ellipse through the pole */
        far = far && sqrt(left * left + y) + sqrt(right * right + y) >= ellipse * half;
    }
    return far;
}

/* The rule of teacher_atoms_smooth: the block lies where the function is a low polynomial,
 * or is short against the scale on which it varies. */
static bool varies_little(const Smoothness *s, double first, double count)
{
    const double high = teacher_eigenvalue(s->teacher, first);
    const double low = teacher_eigenvalue(s->teacher, first + count - 1.0);
    return low > s->smooth_above || high < s->smooth_below || high - low < s->width;
}

typedef bool (*Fits)(const Smoothness *s, double first, double count);

/* Term by term. */
static void add_indices(const Teacher *teacher, double first, double count, Atoms *atoms)
{
    const double last = fmin(first + count - 1.0, teacher->dimension);
    reserve(atoms, EXACT);
    double *position = atoms->position + atoms->count;
    const int terms = (int)(last - first) + 1;
    if (last < TEACHER_HEAD) {
        memcpy(position, teacher->head + (int)first, (size_t)terms * sizeof *position);
    } else {
        power_law(teacher->scale, teacher->source_exponent, first, terms, position);
    }
    for (int k = 0; k < terms; k++) {
        atoms->mass[atoms->count++] = 1.0 / teacher->dimension;
    }
}

/* By the rule of the block; whole octaves, most of all blocks, are tabulated. */
static void add_rule(const Teacher *teacher, int octave, double first, double count,
                     Atoms *atoms)
{
    reserve(atoms, TEACHER_RULE);
    double *position = atoms->position + atoms->count;
    if (first == count) {
        memcpy(position, teacher->position[octave], sizeof teacher->position[octave]);
    } else {
        power_law_at(teacher->scale, teacher->source_exponent, first, teacher->offset[octave],
                     TEACHER_RULE, position);
    }
    memcpy(atoms->mass + atoms->count, teacher->mass[octave], sizeof teacher->mass[octave]);
    atoms->count += TEACHER_RULE;
}

/* The block of `count` = 2^octave indices. */
static void add_block(const Smoothness *s, Fits fits, int octave, double first, double count,
                      Atoms *atoms)
{
    const double d = s->teacher->dimension;
    if (first > d) {
        return;
    }
    if (count <= EXACT) {
        add_indices(s->teacher, first, count, atoms);
    } else if (first + count - 1.0 <= d && !s->teacher->exact && fits(s, first, count)) {
        add_rule(s->teacher, octave, first, count, atoms);
    } else {
        add_block(s, fits, octave - 1, first, 0.5 * count, atoms);
        add_block(s, fits, octave - 1, first + 0.5 * count, 0.5 * count, atoms);
    }
}

/* The octaves [1, 2), [2, 4), ... of the indices, each divided as far as the function asks
 * for.  Atoms come out in order of index: positions decrease. */
static void refill(const Smoothness *s, Fits fits, Atoms *atoms)
{
    atoms->count = 0;
    double first = 1.0;
    for (int octave = 0; first <= s->teacher->dimension; octave++, first *= 2.0) {
        add_block(s, fits, octave, first, first, atoms);
    }
}

/* Rules and eigenvalues at scale 1. */
static void tabulate(Teacher *teacher)
{
    for (int i = 1; i < TEACHER_HEAD; i++) {
        teacher->head[i] = teacher_eigenvalue(teacher, i);
    }
    for (int octave = 5; octave < TEACHER_OCTAVES; octave++) {
        const double count = ldexp(1.0, octave);
        discrete_gauss(count, teacher->offset[octave], teacher->mass[octave]);
        for (int k = 0; k < TEACHER_RULE; k++) {
            teacher->mass[octave][k] /= teacher->dimension;
            teacher->position[octave][k] =
                teacher_eigenvalue(teacher, count + teacher->offset[octave][k]);
        }
    }
}

/* At scale 1 the sum of squares fixes c; the tables are all proportional to it. */
static void rescale(Teacher *teacher, double scale)
{
    teacher->scale = scale;
    for (int i = 1; i < TEACHER_HEAD; i++) {
        teacher->head[i] *= scale;
    }
    for (int octave = 5; octave < TEACHER_OCTAVES; octave++) {
        for (int k = 0; k < TEACHER_RULE; k++) {
            teacher->position[octave][k] *= scale;
        }
    }
}

/* c from (1/d) sum s_i^2 = 1 (theory.md section 1), the mean Tr S* / d by the same atoms. */
Teacher teacher_create(double source_exponent, double dimension)
{
    assert(source_exponent > 0.5 && source_exponent <= 10.0);
    assert(dimension >= 2.0 && dimension <= ldexp(1.0, TEACHER_OCTAVES - 1));
    Teacher teacher = {
        .source_exponent = source_exponent, .dimension = dimension, .scale = 1.0};
    tabulate(&teacher);
    /* no poles and no split: every whole octave is one rule */
    const Smoothness always = {.teacher = &teacher, .split = dimension};
    Atoms atoms = {0};
    refill(&always, poles_far, &atoms);
    double square = 0.0;
    double sum = 0.0;
    for (size_t k = atoms.count; k-- > 0;) { /* small terms first */
        square += atoms.mass[k] * atoms.position[k] * atoms.position[k];
        sum += atoms.mass[k] * atoms.position[k];
    }
    atoms_free(&atoms);
    rescale(&teacher, 1.0 / sqrt(square));
    teacher.mean = teacher.scale * sum;
    return teacher;
}

/* Indices x where s = c x^-gamma is w:
 *     x = (c/w)^(1/gamma) exp(2 pi i k/gamma),  k whole.
 * Beyond gamma = 4 the branches k = -1 and 1 come close to the real line too. */
static void add_poles(Smoothness *s, double complex w)
{
    const double inverse = 1.0 / s->teacher->source_exponent;
    const double radius = pow(s->teacher->scale / cabs(w), inverse);
    const int branches = inverse < 0.25;
    if (isinf(radius)) {
        return; /* w = 0 is met at no index */
    }
    for (int k = -branches; k <= branches; k++) {
        const double angle = (2.0 * M_PI * k - carg(w)) * inverse;
        if (fabs(angle) < M_PI) {
            assert(s->poles < MOST_POLES);
            s->pole_re[s->poles] = radius * cos(angle);
            s->pole_im[s->poles++] = radius * sin(angle);
        }
    }
}

void teacher_atoms_split(const Teacher *teacher, const double complex w[], int count,
                         double split, Atoms *atoms)
{
    Smoothness s = {.teacher = teacher, .split = split};
    for (int k = 0; k < count; k++) {
        add_poles(&s, w[k]);
    }
    refill(&s, poles_far, atoms);
}

void teacher_atoms_resolvent(const Teacher *teacher, const double complex w[], int count,
                             Atoms *atoms)
{
    teacher_atoms_split(teacher, w, count, teacher->dimension, atoms);
}

void teacher_atoms_smooth(const Teacher *teacher, double width, double smooth_below,
                          double smooth_above, Atoms *atoms)
{
    const Smoothness s = {.teacher = teacher,
                          .width = width,
                          .smooth_below = smooth_below,
                          .smooth_above = smooth_above};
    refill(&s, varies_little, atoms);
}

static bool varies_little_or_far(const Smoothness *s, double first, double count)
{
    return varies_little(s, first, count) &&
           (teacher_eigenvalue(s->teacher, first) < s->smooth_below ||
            poles_far(s, first, count));
}

void teacher_atoms_threshold(const Teacher *teacher, double width, double smooth_below,
                             double smooth_above, double pole, Atoms *atoms)
{
    Smoothness s = {.teacher = teacher,
                    .split = teacher->dimension,
                    .width = width,
                    .smooth_below = smooth_below,
                    .smooth_above = smooth_above};
    add_poles(&s, pole);
    refill(&s, varies_little_or_far, atoms);
}

/* Edges rise with the index while s falls. */
static bool edge_far(const Smoothness *s, double first, double count)
{
    const double last = first + count - 1.0;
    const double high = teacher_eigenvalue(s->teacher, first);
    const double low = teacher_eigenvalue(s->teacher, last);
    const double low_edge = s->edge * pow(first, s->rise);
    const double high_edge = s->edge * pow(last, s->rise);
    return low - high_edge > s->smooth_above || low_edge - high > s->smooth_above ||
           high - low + high_edge - low_edge < s->width;
}

void teacher_atoms_edge(const Teacher *teacher, double width, double margin, double edge,
                        double rise, Atoms *atoms)
{
    const Smoothness s = {
        .teacher = teacher, .width = width, .smooth_above = margin, .edge = edge, .rise = rise};
    refill(&s, edge_far, atoms);
}

void teacher_rounded_rule(const Teacher *teacher, int octave, double offset[TEACHER_RULE],
                          double factor[TEACHER_RULE])
{
    assert(octave >= TEACHER_ROUNDED && octave < TEACHER_OCTAVES);
    for (int j = 0; j < TEACHER_RULE; j++) {
        offset[j] = round(teacher->offset[octave][j]);
    }
    /* interpolation through the rounded nodes, summed by the exact rule: right for every
     * polynomial that the 12 rounded nodes determine */
    for (int j = 0; j < TEACHER_RULE; j++) {
        factor[j] = 0.0;
        for (int k = 0; k < TEACHER_RULE; k++) {
            double lagrange = teacher->mass[octave][k] * teacher->dimension;
            for (int i = 0; i < TEACHER_RULE; i++) {
                lagrange *=
                    i == j ? 1.0
                           : (teacher->offset[octave][k] - offset[i]) / (offset[j] - offset[i]);
            }
            factor[j] += lagrange;
        }
    }
}

void atoms_append(Atoms *atoms, double position, double mass)
{
    reserve(atoms, 1);
    atoms->position[atoms->count] = position;
    atoms->mass[atoms->count++] = mass;
}

void atoms_free(Atoms *atoms)
{
    free(atoms->position);
    free(atoms->mass);
    *atoms = (Atoms){0};
}

/* With r = 1/((u-s)^2 + v^2):  G = sum m (u-s) r - i v sum m r,
 * G' = 2 v^2 sum m r^2 - sum m r + 2 i v sum m (u-s) r^2. */
CLONES
void atoms_resolvent(const Atoms *atoms, const double u[ATOM_NODES], const double v[ATOM_NODES],
                     double complex g[ATOM_NODES], double complex derivative[ATOM_NODES])
{
    double r1[ATOM_NODES] = {0};
    double x1[ATOM_NODES] = {0};
    double r2[ATOM_NODES] = {0};
    double x2[ATOM_NODES] = {0};
    for (size_t i = 0; i < atoms->count; i++) {
        const double s = atoms->position[i];
        const double m = atoms->mass[i];
#pragma omp simd
        for (int k = 0; k < ATOM_NODES; k++) {
            const double x = u[k] - s;
            const double r = 1.0 / (x * x + v[k] * v[k]);
            const double mr = m * r;
            r1[k] += mr;
            x1[k] += mr * x;
            r2[k] += mr * r;
            x2[k] += mr * r * x;
        }
    }
    for (int k = 0; k < ATOM_NODES; k++) {
        g[k] = x1[k] - I * (v[k] * r1[k]);
        derivative[k] = 2.0 * v[k] * v[k] * r2[k] - r1[k] + I * (2.0 * v[k] * x2[k]);
    }
}

CLONES
double complex atoms_resolvent_at(const Atoms *atoms, double complex w,
                                  double complex *derivative)
{
    const double u = creal(w);
    const double v = cimag(w);
    double r1 = 0.0;
    double x1 = 0.0;
    double r2 = 0.0;
    double x2 = 0.0;
#pragma omp simd reduction(+ : r1, x1, r2, x2)
    for (size_t i = 0; i < atoms->count; i++) {
        const double x = u - atoms->position[i];
        const double r = 1.0 / (x * x + v * v);
        const double mr = atoms->mass[i] * r;
        r1 += mr;
        x1 += mr * x;
        r2 += mr * r;
        x2 += mr * r * x;
    }
    *derivative = 2.0 * v * v * r2 - r1 + I * (2.0 * v * x2);
    return x1 - I * (v * r1);
}

CLONES
void atoms_lorentzian(const Atoms *atoms, double u, double y, double *sum, double *derivative)
{
    double r1 = 0.0;
    double r2 = 0.0;
#pragma omp simd reduction(+ : r1, r2)
    for (size_t i = 0; i < atoms->count; i++) {
        const double x = u - atoms->position[i];
        const double r = 1.0 / (x * x + y);
        r1 += atoms->mass[i] * r;
        r2 += atoms->mass[i] * r * r;
    }
    *sum = r1;
    *derivative = -r2;
}

/* For masses above a point, theory.md section 2; the branch of log(w - s) is that of Im w >=
 * 0. */
double atoms_argument(const Atoms *atoms, double complex w)
{
    double sum = 0.0;
    for (size_t i = 0; i < atoms->count; i++) {
        sum += atoms->mass[i] * atan2(cimag(w), creal(w) - atoms->position[i]);
    }
    return sum;
}
