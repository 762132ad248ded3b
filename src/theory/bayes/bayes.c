#include "phasesweep/theory/bayes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/gauss_legendre.h"
#include "phasesweep/theory/model_theory.h"
#include "mmse_table.h"

enum {
    GRID = 1024,
    SPAN = MMSE_TABLE_NODES - 1,
    MIDDLE = 700,
    MAX_HALVINGS = 6,
    MAX_STEPS = 60,
    LONG = 64
};

static const double step = 0.25;    /* of the grid, in log t */
static const double highest = 80.0; /* log t that no s_i^2 comes near: its range is (0, d] */
/* a tolerance below it asks for mmse itself at the root, instead of its table */
static const double tabulated = 1e-7;

/* mmse and its derivative at one log t. */
typedef struct Known {
    double log_t;
    Denoised mmse;
    bool valid;
} Known;

/* What is known of mmse for one prior. */
typedef struct Curve {
    Known grid[GRID];              /* entry k at log t = (k - MIDDLE) step */
    MmseTable *table[GRID / SPAN]; /* of entries k SPAN ... (k + 1) SPAN, or NULL; owned */
    /* of the last point, which is often asked again along weight decay or width */
    double samples, noise, tolerance;
    Bayes last;
} Curve;

struct BayesWork {
    Denoiser *denoiser;
    Rule rule;
    Teacher teacher;
    ModelId model;
    const ModelTheory *theory; /* of the model */
    bool signs;
    Interrupt interrupt;
    bool left; /* the point in hand was given up: what is known of mmse is not to be trusted */
    double apart;   /* log t below which nothing of the teacher is mistaken for anything else */
    Curve prior[2]; /* without and with signs: a point asks for both */
    Curve *curve;   /* that of the prior in hand; borrowed */
};

/* The line capacity t - noise that meets mmse. */
typedef struct Line {
    BayesWork *work;
    double capacity, noise, tolerance;
    int asked; /* values of mmse, whether known or not: no matter what came before */
    Bayes *found;
} Line;

BayesWork *bayes_create(void)
{
    BayesWork *work = checked_alloc(1, sizeof *work);
    work->denoiser = denoiser_create();
    work->rule = rule_create();
    return work;
}

static void curve_free(Curve *curve)
{
    for (int k = 0; k < GRID / SPAN; k++) {
        mmse_table_free(curve->table[k]);
    }
    memset(curve, 0, sizeof *curve);
}

void bayes_free(BayesWork *work)
{
    if (work != NULL) {
        curve_free(&work->prior[0]);
        curve_free(&work->prior[1]);
        denoiser_free(work->denoiser);
        free(work);
    }
}

/* Far below every spacing of the s_i mmse has a closed form; far above all of them it no longer
 * changes. */
static Denoised denoise(void *context, double log_t)
{
    Line *line = context;
    BayesWork *work = line->work;
    work->left = work->left || interrupted(&work->interrupt);
    if (work->left) {
        return (Denoised){0};
    }
    if (log_t < work->apart) {
        return work->theory->mmse_apart(exp(log_t), work->teacher.dimension);
    }
    const double t = exp(fmin(log_t, highest));
    return work->theory->mmse(work->denoiser, &work->teacher, t, work->signs);
}

static Known known_at(Line *line, double log_t)
{
    return (Known){.log_t = log_t, .mmse = denoise(line, log_t), .valid = true};
}

static Known grid_at(Line *line, int k)
{
    const double log_t = (k - MIDDLE) * step;
    if (k < 0 || k >= GRID) {
        return known_at(line, log_t);
    }
    Known *known = &line->work->curve->grid[k];
    if (!known->valid) {
        *known = known_at(line, log_t);
    }
    return *known;
}

static Known evaluate(Line *line, double log_t)
{
    BayesWork *work = line->work;
    const MmseSource source = {denoise, line};
    line->asked++;
    const double place = floor(log_t / step) + MIDDLE;
    if (!(place >= 0.0 && place + SPAN < GRID)) {
        return known_at(line, log_t);
    }
    const int k = (int)place / SPAN;
    MmseTable **table = &work->curve->table[k];
    if (*table == NULL) {
        MmseNode node[MMSE_TABLE_NODES];
        for (int j = 0; j < MMSE_TABLE_NODES; j++) {
            const Known known = grid_at(line, k * SPAN + j);
            node[j] = (MmseNode){known.log_t, known.mmse};
        }
        *table = mmse_table_create(node);
    }
    return (Known){
        .log_t = log_t, .mmse = mmse_table_at(*table, &source, log_t), .valid = true};
}

/* How far mmse is above the line, and the derivative in log t. */
static double above(const Line *line, const Known *at)
{
    return at->mmse.risk - (line->capacity * exp(at->log_t) - line->noise);
}

static double above_slope(const Line *line, const Known *at)
{
    return at->mmse.slope - line->capacity * exp(at->log_t);
}

/* ---- one root ------------------------------------------------------------------------ */

/* blur: relative error of this mmse. */
static void add_root(Line *line, const Known *at, double blur)
{
    Bayes *found = line->found;
    const double t = exp(at->log_t);
    const double level = at->mmse.risk + line->noise;
    if (found->roots == BAYES_ROOTS) {
        return;
    }
    const double bend = at->mmse.slope / level;
    BayesRoot *root = &found->root[found->roots++];
    *root = (BayesRoot){.risk = at->mmse.risk,
                        .delta = sqrt(t),
                        .exponent_samples = -at->mmse.slope / at->mmse.risk / (1.0 - bend),
                        .residual = fabs(log(line->capacity * t / level)) +
                                    blur * at->mmse.risk / level};
}

/* Newton's method with mmse itself from a root of the table. */
static void refine(Line *line, Known *at)
{
    for (int k = 0; k < MAX_STEPS; k++) {
        const double log_t = at->log_t;
        *at = known_at(line, log_t);
        line->asked++;
        const double level = at->mmse.risk + line->noise;
        const double error = log(line->capacity) + log_t - log(level);
        /* a tenth, because the residual is not all of the error of R */
        if (fabs(error) <= 0.1 * line->tolerance) {
            break;
        }
        at->log_t = log_t - error / (1.0 - at->mmse.slope / level);
    }
}

/* Newton's method on log(capacity t) = log(mmse + noise), kept inside the bracket. */
static void polish(Line *line, const Known *low, const Known *high)
{
    double a = low->log_t;
    double b = high->log_t;
    const double sign = above(line, low) > 0.0 ? 1.0 : -1.0;
    double x = a - (b - a) * above(line, low) / (above(line, high) - above(line, low));
    Known at = *low;
    for (int k = 0; k < MAX_STEPS; k++) {
        at = evaluate(line, x);
        const double level = at.mmse.risk + line->noise;
        const double error = log(line->capacity) + x - log(level);
        *(error * sign < 0.0 ? &a : &b) = x;
        const double next = x - error / (1.0 - at.mmse.slope / level);
        if (fabs(error) <= 1e-12 || fabs(next - x) <= 1e-14 * (1.0 + fabs(x))) {
            break;
        }
        x = next > a && next < b ? next : 0.5 * (a + b);
    }
    const bool exact = line->tolerance < tabulated;
    if (exact) {
        refine(line, &at);
    }
    add_root(line, &at, exact ? 0.0 : mmse_table_accuracy);
}

/* ---- all of them --------------------------------------------------------------------- */

/* Value and derivative at share r in (0, 1) of the cubic through both ends. */
static double cubic(const Line *line, const Known *low, const Known *high, double r,
                    double *slope)
{
    const double h = high->log_t - low->log_t;
    const double y0 = above(line, low);
    const double y1 = above(line, high);
    const double s0 = h * above_slope(line, low);
    const double s1 = h * above_slope(line, high);
    const double bend = 3.0 * (y1 - y0) - 2.0 * s0 - s1;
    const double twist = 2.0 * (y0 - y1) + s0 + s1;
    *slope = s0 + r * (2.0 * bend + r * 3.0 * twist);
    return y0 + r * (s0 + r * (bend + r * twist));
}

/* Could mmse meet the line between the two, apart from once where their signs differ?  The
 * cubic tells, with a margin of a few percent of the risk. */
static bool doubtful(const Line *line, const Known *low, const Known *high)
{
    const double y0 = above(line, low);
    const double y1 = above(line, high);
    const bool crossing = (y0 > 0.0) != (y1 > 0.0);
    const double margin = 0.03 * fmin(low->mmse.risk, high->mmse.risk);
    for (int k = 0; k <= 8; k++) {
        double slope;
        const double y = cubic(line, low, high, k / 8.0, &slope);
        if (crossing ? (y1 - y0) * slope <= 0.0 : (y0 > 0.0 ? y < margin : y > -margin)) {
            return true;
        }
    }
    return false;
}

static void search(Line *line, const Known *low, const Known *high, int halvings)
{
    const bool crossing = (above(line, low) > 0.0) != (above(line, high) > 0.0);
    if (halvings < MAX_HALVINGS && doubtful(line, low, high)) {
        const Known middle = evaluate(line, 0.5 * (low->log_t + high->log_t));
        search(line, &middle, high, halvings + 1);
        search(line, low, &middle, halvings + 1);
    } else if (crossing) {
        polish(line, low, high);
    }
}

/* log t below which nothing more can happen. */
static double smallest(const BayesWork *work)
{
    const Teacher *teacher = &work->teacher;
    const double d = teacher->dimension;
    const double gap = teacher_eigenvalue(teacher, d - 1.0) - teacher_eigenvalue(teacher, d);
    return log(work->theory->smallest_t(gap, d));
}

/* Place on the grid, rounded down. */
static int place_of(double log_t)
{
    return (int)floor(log_t / step) + MIDDLE;
}

/* Where the line has the value that mmse has at `at`, no lower than `least`. */
static double meeting(const Line *line, const Known *at, double least)
{
    return fmax(least, log((at->mmse.risk + line->noise) / line->capacity));
}

/* A long way is shortened from both ends: mmse increases in t, so where it is below the line it
 * stays so down to where the line has that value, and where above, up to there. */
static void shorten(Line *line, int *first, int *last)
{
    const double least = (*last - MIDDLE) * step;
    for (int next = *first, k = next + 1; next < k; line->asked++) {
        k = *first = next;
        const Known at = grid_at(line, k);
        next = above(line, &at) < 0.0 ? place_of(meeting(line, &at, least)) + 1 : k;
    }
    for (int next = *last, k = next - 1; next > k && next < *first; line->asked++) {
        k = *last = next;
        const Known at = grid_at(line, k);
        next = above(line, &at) > 0.0 ? place_of(meeting(line, &at, least)) : k;
    }
}

/* Roots between two places.  Beyond both ends of the grid mmse is known in closed form or
 * nearly so, and meets the line once at most. */
static void scan(Line *line, int first, int last)
{
    line->asked++;
    int k = first;
    for (Known upper = grid_at(line, k); k > last;) {
        const int next = k >= GRID ? GRID - 1 : k > 0 ? k - 1 : last;
        const int below = next > last ? next : last;
        const Known lower = grid_at(line, below);
        line->asked++;
        search(line, &lower, &upper, below == k - 1 ? 0 : MAX_HALVINGS);
        upper = lower;
        k = below;
    }
}

/* R = 0 without noise: the root of a line that mmse has not met above, if it stays below it. */
static void find_no_risk(Line *line, double low)
{
    const double least = smallest(line->work);
    Known end = known_at(line, low);
    if (above(line, &end) > 0.0 && least < low) {
        const Known lower = known_at(line, least);
        search(line, &lower, &end, MAX_HALVINGS);
        end = lower;
    }
    if (above(line, &end) < 0.0 && line->found->roots < BAYES_ROOTS) {
        line->found->root[line->found->roots++] = (BayesRoot){.exponent_samples = NAN};
    }
}

/* From where R = 1 puts t down to where R = 0 does, or without noise R of next to nothing; more
 * data than there are unknowns then leave nothing but R = 0. */
static void find_roots(Line *line)
{
    const BayesWork *work = line->work;
    const double high = log((1.0 + line->noise) / line->capacity);
    const double nothing = log(1e-30 / line->capacity);
    const double low =
        line->noise > 0.0 ? log(line->noise / line->capacity) : fmax(smallest(work), nothing);
    int first = (int)ceil(high / step) + MIDDLE;
    int last = place_of(fmin(high, low));
    if (line->noise == 0.0 &&
        line->capacity >= work->theory->unknowns(work->teacher.dimension)) {
        first = last;
    }
    if (first - last > LONG) {
        shorten(line, &first, &last);
    }
    scan(line, first, last);
    if (line->noise == 0.0) {
        find_no_risk(line, (last - MIDDLE) * step);
    }
}

/* ---- free energy --------------------------------------------------------------------- */

/* Psi at a root minus that at the one before it. */
static double free_energy_step(Line *line, const BayesRoot *from, const BayesRoot *to)
{
    if (to->delta == 0.0) {
        return -INFINITY;
    }
    const Rule *rule = &line->work->rule;
    const double high = 2.0 * log(from->delta);
    const double low = 2.0 * log(to->delta);
    /* mmse is analytic within |Im log t| < pi/2 or so, where 16 nodes on 2 give all digits */
    const int panels = 1 + (int)((high - low) / (8.0 * step));
    const double half = 0.5 * (high - low) / panels;
    double sum = 0.0;
    for (int panel = 0; panel < panels; panel++) {
        for (int k = 0; k < RULE_NODES; k++) {
            const Known at = evaluate(line, low + half * (2.0 * panel + 1.0 + rule->node[k]));
            /* dR = capacity t dlog t and R + noise = capacity t */
            sum += half * rule->weight[k] * above(line, &at) * exp(-at.log_t);
        }
    }
    return sum / (2.0 * model_row(line->work->model)->prediction_per_risk);
}

static void choose(Line *line)
{
    Bayes *found = line->found;
    for (int k = 1; k < found->roots; k++) {
        const BayesRoot *before = &found->root[k - 1];
        BayesRoot *root = &found->root[k];
        root->free_energy = before->free_energy + free_energy_step(line, before, root);
        if (k % 2 == 0 && root->free_energy < found->root[found->optimal].free_energy) {
            found->optimal = k;
        }
    }
}

static void take_problem(BayesWork *work, const Problem *problem, bool signs)
{
    const bool same =
        !work->left && work->teacher.source_exponent == problem->source_exponent &&
        work->teacher.dimension == problem->dimension && work->model == problem->model;
    if (!same) {
        work->teacher = teacher_create(problem->source_exponent, problem->dimension);
        work->model = problem->model;
        work->theory = model_theory(problem->model);
        work->left = false;
        work->apart = smallest(work) - 14.0; /* a millionth of it */
        curve_free(&work->prior[0]);
        curve_free(&work->prior[1]);
    }
    work->signs = signs;
    work->curve = &work->prior[signs];
}

void bayes_interrupt(BayesWork *work, Interrupt interrupt)
{
    work->interrupt = interrupt;
}

Bayes bayes_solve(BayesWork *work, const Problem *problem, bool random_signs)
{
    assert(problem->samples > 0.0);
    take_problem(work, problem, random_signs && model_has(problem->model, TRAIT_SIGNS));
    Curve *curve = work->curve;
    if (curve->samples == problem->samples && curve->noise == problem->noise &&
        curve->tolerance == problem->tolerance) {
        return curve->last;
    }
    Bayes bayes = {.outcome = OUTCOME_CONVERGED};
    const Channel channel = model_of(problem)->channel(problem);
    Line line = {.work = work,
                 .capacity = channel.capacity,
                 .noise = channel.noise,
                 .tolerance = problem->tolerance,
                 .found = &bayes};
    find_roots(&line);
    choose(&line);
    for (int k = 0; k < bayes.roots; k++) {
        if (!(bayes.root[k].residual <= fmax(problem->tolerance, 1e-12))) {
            bayes.outcome = OUTCOME_NOT_CONVERGED;
        }
    }
    if (bayes.roots == 0) {
        bayes.outcome = OUTCOME_FAILED;
    }
    bayes.iterations = line.asked;
    curve->samples = problem->samples;
    curve->noise = problem->noise;
    curve->tolerance = problem->tolerance;
    curve->last = bayes;
    return bayes;
}
