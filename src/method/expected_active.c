#include "expected_active.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "phasesweep/method/method.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/model.h"
#include "phasesweep/theory/continuation.h"

enum { EXACT_MOST = 96, SOLVED_MOST = 192, SLOTS = 1024 };

static const double steps_a_decade = 4.0;
static const double seconds_most = 0.4;       /* of theory, where something is known nearby */
static const double seconds_most_alone = 0.8; /* where nothing is */

/* What theory depends on, as numbers. */
enum { OF_MODEL, OF_DEPTH, OF_DIMENSION, OF_SAMPLES, OF_WEIGHT, OF_NOISE, NUMBERS = 12 };

typedef struct Place {
    double number[NUMBERS];
} Place;

typedef struct Known {
    Place place;
    double active;
} Known;

/* Open addressing: a slot holds 1 + the place in known[], 0 if it is free. */
static Known known[SOLVED_MOST];
static int known_count;
static uint16_t slots[SLOTS];
static double seconds; /* that theory has taken */
static size_t calls;
static Interrupt interrupt;

void method_prices_interrupt(Interrupt ask)
{
    interrupt = ask;
}

size_t method_theory_calls(void)
{
    return calls;
}

/* ---- theory ------------------------------------------------------------------------------ */

static double solve_active(const Problem *problem, Interrupt ask)
{
    EvolutionWork work = evolution_work();
    Problem at = *problem;
    at.method = METHOD_STATE_EVOLUTION;
    at.tolerance = 1e-6;
    work.interrupt = ask;
    const Evolution e = evolution_solve(&work, &at);
    evolution_free(&work);
    return e.outcome == OUTCOME_FAILED ? INFINITY : e.overlaps.rank;
}

double solved_active(const Problem *problem)
{
    return solve_active(problem, (Interrupt){0});
}

/* Where theory has numbers for each coordinate, or takes a decomposition, that of plain rows is
 * near enough: of unequal variances at the exponent of Sigma^(1/2) S* Sigma^(1/2), in whose
 * coordinates they are plain, but for the penalty (d = 100, n = 2000 and 10000, nuclear weight
 * 1: ranks 4.0 and 19.1 for 6.0 and 16.9 at a = .5, 2.0 and 9.7 for 4.0 and 6.1 at 1.5).  And
 * all widths that cut nothing are one. */
static Problem simpler(const Problem *problem)
{
    Problem simple = *problem;
    if (model_has(problem->model, TRAIT_MATRIX)) {
        simple.weight_decay = problem_nuclear_weight(problem);
        simple.width = problem->dimension;
        simple.source_exponent = features_are_turned(problem)
                                     ? problem->source_exponent
                                     : features_source_exponent(problem);
        simple.covariance_exponent = 0.0;
        simple.rotated = 0;
    }
    simple.block_correlation = simple.block_size = 0.0;
    simple.features = FEATURES_GAUSSIAN;
    simple.degrees_of_freedom = simple.sparse_share = 0.0;
    return simple;
}

/* ---- what is known ----------------------------------------------------------------------- */

static Place place_of(const Problem *problem)
{
    const Place place = {{[OF_MODEL] = problem->model,
                          [OF_DEPTH] = problem->depth,
                          [OF_DIMENSION] = problem->dimension,
                          [OF_SAMPLES] = problem->samples,
                          [OF_WEIGHT] = problem->weight_decay,
                          [OF_NOISE] = problem->noise,
                          problem->source_exponent,
                          problem->covariance_exponent,
                          problem->random_signs,
                          problem->width}};
    return place;
}

static bool same(const Place *a, const Place *b)
{
    bool equal = true;
    for (int k = 0; k < NUMBERS; k++) {
        equal = equal && a->number[k] == b->number[k];
    }
    return equal;
}

/* The slot of a place, or the free one for it; there are always some. */
static uint16_t *slot_of(const Place *place)
{
    unsigned char bytes[sizeof *place];
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    memcpy(bytes, place, sizeof bytes);
    for (size_t k = 0; k < sizeof bytes; k++) {
        hash = (hash ^ bytes[k]) * 1099511628211u;
    }
    size_t slot = (hash >> 32) % SLOTS;
    while (slots[slot] != 0 && !same(&known[slots[slot] - 1].place, place)) {
        slot = (slot + 1) % SLOTS;
    }
    return &slots[slot];
}

/* INFINITY between networks of other kinds. */
static double distance(const Place *a, const Place *b)
{
    double sum =
        a->number[OF_MODEL] == b->number[OF_MODEL] && a->number[OF_DEPTH] == b->number[OF_DEPTH]
            ? 0.0
            : INFINITY;
    for (int k = OF_DIMENSION; k < NUMBERS; k++) {
        const double x = a->number[k];
        const double y = b->number[k];
        sum += x > 0.0 && y > 0.0 ? fabs(log(x / y)) : fabs(x - y);
    }
    return sum;
}

/* NULL if none is. */
static const Known *nearest(const Place *place)
{
    const Known *best = NULL;
    double least = INFINITY;
    for (int k = 0; k < known_count; k++) {
        const double far = distance(&known[k].place, place);
        if (far < least) {
            least = far;
            best = &known[k];
        }
    }
    return best;
}

static double on_grid(double x)
{
    return pow(10.0, round(steps_a_decade * log10(x)) / steps_a_decade);
}

static Problem on_grid_of(const Problem *problem)
{
    Problem at = *problem;
    at.samples = on_grid(problem->samples);
    at.weight_decay = on_grid(problem->weight_decay);
    at.dimension = fmax(round(on_grid(problem->dimension)), 2.0);
    at.width = problem->width == problem->dimension ? at.dimension : problem->width;
    return at;
}

/* That of the problem if it is known or may be solved, else NAN. */
static double known_or_solved(const Problem *problem, int most)
{
    const Place place = place_of(problem);
    uint16_t *slot = slot_of(&place);
    if (*slot != 0) {
        return known[*slot - 1].active;
    }
    if (known_count >= most || interrupted(&interrupt) || seconds > seconds_most_alone ||
        (seconds > seconds_most && nearest(&place) != NULL)) {
        return NAN;
    }
    const clock_t begin = clock();
    const double active = solve_active(problem, interrupt);
    seconds += (double)(clock() - begin) / CLOCKS_PER_SEC;
    calls++;
    if (interrupted(&interrupt)) {
        return NAN;
    }
    known[known_count] = (Known){place, active};
    *slot = (uint16_t)++known_count;
    return active;
}

double expected_active(const Problem *problem, bool *near)
{
    const Problem simple = simpler(problem);
    double active = known_or_solved(&simple, EXACT_MOST);
    *near = isnan(active);
    if (isnan(active)) {
        const Problem grid = on_grid_of(&simple);
        active = known_or_solved(&grid, SOLVED_MOST);
    }
    if (isnan(active)) {
        const Place place = place_of(&simple);
        const Known *other = nearest(&place);
        active = other != NULL ? other->active : INFINITY;
    }
    return isfinite(active) ? fmin(active, problem->dimension) : INFINITY;
}
