/* The average of the posterior variance of theta over x = theta + tau z, by panels in x.
 * From the bottom up: where neighbours are closer than tau the integrand is smooth; above,
 * only pairs of neighbours are ever mistaken for each other, gap by gap; where even these
 * are not, nothing is left to add.
 *
 * The s_i near a panel are listed anew for each: noise reaches 9.5 tau, and beyond that
 * nothing is felt.
 */
#include <assert.h>
#include <math.h>

#include "phasesweep/base/check.h"
#include "denoiser.h"

enum {
    NODES = RULE_NODES,
    MAX_DEPTH = 12,
    MAX_NEAR = 4096,
    UNLIKE = 16, /* gaps at the bottom that feel the end of the spectrum */
};

static const double window = 9.5;     /* noise beyond this many tau has weight e^-45 */
static const double dense = 0.8;      /* spacing over tau below which a sum is smooth */
static const double sparse = 30.0;    /* and above which neighbours are never mistaken */
static const double accuracy = 1e-11; /* of a panel, relative to what has been summed */
static const double nothing = 1e-24;  /* risk below which no digits are wanted */

/* Everything in units of s_i = theta_i sqrt(d), where the mean over i of the squared error is
 * the risk. */
typedef struct Scan {
    const Rule *rule;
    const Teacher *teacher;
    double tau; /* the noise */
    bool signs;
    const Atoms *low; /* stand for all s_i below `covered` */
    double covered;
    Atoms *near;             /* those that matter for the panel at hand */
    double weight[MAX_NEAR]; /* scratch */
    Denoised sum;
} Scan;

/* Integrands at x: density times variance, and times its square over tau^2.  The slope is d
 * risk / d log t: an error falls with the signal-to-noise ratio 1/tau^2 by the mean square
 * of the variance. */
static Denoised posterior(Scan *task, double x)
{
    const Atoms *near = task->near;
    const double scale = 1.0 / task->tau;
    double total = 0.0;
    double mean = 0.0;
    for (size_t i = 0; i < near->count; i++) {
        const double z = (x - near->position[i]) * scale;
        task->weight[i] = near->mass[i] * exp(-0.5 * z * z);
        total += task->weight[i];
        mean += task->weight[i] * near->position[i];
    }
    if (!(total > 0.0)) {
        return (Denoised){0};
    }
    mean /= total;
    double square = 0.0;
    for (size_t i = 0; i < near->count; i++) {
        const double from = near->position[i] - mean;
        square += task->weight[i] * from * from;
    }
    const double variance = square / total;
    const double density = total * scale * (0.5 * M_2_SQRTPI * M_SQRT1_2);
    return (Denoised){.risk = density * variance,
                      .slope = density * variance * variance * scale * scale};
}

/* ---- which s_i matter ---------------------------------------------------------------- */

/* The power law inverted: a real index, s_i for whole ones. */
static double index_of(const Teacher *teacher, double s)
{
    return pow(teacher->scale / s, 1.0 / teacher->source_exponent);
}

/* Near: all s_i that noise can bring between two x.  False, with none listed, if they are too
 * many, as over a panel that is long against the noise. */
static bool look_near(Scan *task, double x_low, double x_high)
{
    const Teacher *teacher = task->teacher;
    const double d = teacher->dimension;
    const double reach = window * task->tau;
    Atoms *near = task->near;
    near->count = 0;
    if (x_high + reach < task->covered) {
        for (size_t k = 0; k < task->low->count; k++) {
            const double s = task->low->position[k];
            if (s > x_low - reach && s < x_high + reach) {
                atoms_append(near, s, task->low->mass[k]);
            }
            /* half the mass at -s would halve both: x > 0 alone is integrated, which doubles
             * it again */
            if (task->signs && -s > x_low - reach) {
                atoms_append(near, -s, task->low->mass[k]);
            }
        }
    } else {
        const double first = fmax(1.0, ceil(index_of(teacher, x_high + reach)));
        const double end = x_low > reach ? index_of(teacher, x_low - reach) : d;
        const double last = fmin(d, floor(end));
        /* where neighbours are closer than half of tau, a sum over every stride-th is the same
         * to e^-60, away from the ends of the spectrum */
        const double step =
            teacher_eigenvalue(teacher, first) - teacher_eigenvalue(teacher, first + 1.0);
        const double stride =
            last < d && first > 1.0 ? fmax(1.0, floor(0.5 * task->tau / step)) : 1.0;
        if (last - first >= stride * MAX_NEAR) {
            return false;
        }
        for (double i = first; i <= last; i += stride) {
            atoms_append(near, teacher_eigenvalue(teacher, i), stride / d);
        }
    }
    return near->count <= MAX_NEAR;
}

/* ---- integration --------------------------------------------------------------------- */

/* Add the integral between two x, halved until it is resolved. */
static void add_panel(Scan *task, double low, double high, double factor, int depth)
{
    double values[NODES];
    Denoised sum = {0};
    const double half = 0.5 * (high - low);
    const bool all = look_near(task, low, high);
    for (int k = 0; k < NODES; k++) {
        const double x = low + half * (1.0 + task->rule->node[k]);
        if (!all && !look_near(task, x, x)) {
            assert(false); /* the window over the finest step has few */
        }
        const Denoised at = posterior(task, x);
        values[k] = half * at.risk;
        sum.risk += values[k] * task->rule->weight[k];
        sum.slope += half * at.slope * task->rule->weight[k];
    }
    const double error = factor * rule_error(task->rule, values);
    if (error <= accuracy * (task->sum.risk + factor * sum.risk) + nothing ||
        depth == MAX_DEPTH) {
        task->sum.risk += factor * sum.risk;
        task->sum.slope += factor * sum.slope;
        return;
    }
    add_panel(task, low, low + half, factor, depth + 1);
    add_panel(task, low + half, high, factor, depth + 1);
}

/* Below s_first, where neighbours are close: panels of a few tau at the bottom, longer as x
 * grows and everything changes slowly. */
static void add_smooth(Scan *task, double first)
{
    const double bottom = teacher_eigenvalue(task->teacher, task->teacher->dimension);
    const double end = teacher_eigenvalue(task->teacher, first);
    /* below it noise has weight e^-72; with signs the law of x is even, and half of it is
     * enough */
    double low = bottom - 12.0 * task->tau;
    if (task->signs) {
        low = fmax(0.0, low);
    }
    while (low < end) {
        const double length = fmax(3.0 * task->tau, 0.6 * (low - bottom - 12.0 * task->tau));
        const double high = low + length < end ? low + length : end;
        add_panel(task, low, high, 1.0, 0);
        low = high;
    }
}

/* Between s_{i+1} and s_i.  Around the middle, where they are mistaken for each other, the
 * integrand falls off like 1/cosh(z (s_i - s_{i+1})/(2 tau^2)). */
static void add_gap(Scan *task, double index, double factor)
{
    const double low = teacher_eigenvalue(task->teacher, index + 1.0);
    const double high = teacher_eigenvalue(task->teacher, index);
    const double middle = 0.5 * (low + high);
    const double half = 40.0 * task->tau * task->tau / (high - low);
    if (half < 0.5 * (high - low)) {
        add_panel(task, low, middle - half, factor, 0);
        add_panel(task, middle - half, middle, factor, 0);
        add_panel(task, middle, middle + half, factor, 0);
        add_panel(task, middle + half, high, factor, 0);
    } else {
        add_panel(task, low, middle, factor, 0);
        add_panel(task, middle, high, factor, 0);
    }
}

/* Spacings of a power law widen upwards. */
static double spacing(const Scan *task, double index)
{
    return teacher_eigenvalue(task->teacher, index) -
           teacher_eigenvalue(task->teacher, index + 1.0);
}

/* The lowest gap that is wider than `least`, 0 if none is. */
static double last_wider(const Scan *task, double least)
{
    double wider = 0.0;
    double closer = task->teacher->dimension;
    while (closer - wider > 1.0) {
        const double middle = floor(0.5 * (wider + closer));
        *(spacing(task, middle) > least ? &wider : &closer) = middle;
    }
    return wider;
}

/* Gaps from `last` upwards, and what is above s_1; far from the bottom only some of every
 * octave are computed. */
static void add_gaps(Scan *task, double last)
{
    const double d = task->teacher->dimension;
    double i = last;
    while (i >= 1.0 && spacing(task, i) < sparse * task->tau) {
        int octave = 0;
        for (double count = 2.0; fmod(i + 1.0, count) == 0.0 && 3.0 * count <= i + 1.0;
             count *= 2.0) {
            octave++;
        }
        /* too few of a kind for a rule, or unlike their neighbours */
        if (octave < TEACHER_ROUNDED || i > d - UNLIKE) {
            add_gap(task, i, 1.0);
            i -= 1.0;
            continue;
        }
        double offset[TEACHER_RULE];
        double factor[TEACHER_RULE];
        const double first = i + 1.0 - ldexp(1.0, octave);
        teacher_rounded_rule(task->teacher, octave, offset, factor);
        for (int k = TEACHER_RULE - 1; k >= 0; k--) {
            add_gap(task, first + offset[k], factor[k]);
        }
        i = first - 1.0;
    }
    /* above s_1, as far as noise carries: 12 tau */
    if (i < 1.0) {
        const double top = teacher_eigenvalue(task->teacher, 1.0);
        for (int k = 0; k < 4; k++) {
            const double low = top + 3.0 * k * task->tau;
            add_panel(task, low, low + 3.0 * task->tau, 1.0, 0);
        }
    }
}

Denoised mmse_scalar(Denoiser *denoiser, const Teacher *teacher, double t, bool signs)
{
    assert(t > 0.0);
    const double d = teacher->dimension;
    Scan task = {.rule = &denoiser->rule,
                 .teacher = teacher,
                 .tau = sqrt(t * d),
                 .signs = signs,
                 .low = &denoiser->atoms,
                 .near = &denoiser->near};
    /* neighbours are never mistaken for each other: nothing is left to learn */
    if (spacing(&task, d - 1.0) >= sparse * task.tau) {
        return (Denoised){0};
    }
    /* compressed atoms serve x well below it; the window of 9.5 tau around x must be covered
     * as well */
    task.covered = fmax(40.0 * task.tau, teacher_eigenvalue(teacher, d) + 30.0 * task.tau);
    teacher_atoms_smooth(teacher, 1.5 * task.tau, 0.0, task.covered, &denoiser->atoms);
    const double gaps = last_wider(&task, dense * task.tau);
    add_smooth(&task, gaps + 1.0);
    add_gaps(&task, gaps);
    return task.sum;
}
