#include "phasesweep/evolution.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "phasesweep/freeconv.h"

enum { MAX_STEPS = 200 };

/* State at one (delta, threshold). */
typedef struct State {
    SpectralPoint at;
    double delta;
    double divergence;  /* D */
    double risk;        /* R */
    SideMoments above;
} State;

typedef struct Equations {
    const Teacher *teacher;
    double alpha;       /* n/d^2 */
    double weight;      /* lt */
    double noise;       /* Delta */
    State  state;       /* at the last delta tried */
} Equations;

/* R by the form that does not cancel: the complement form while delta^2 + b^2 is small
 * (theory.md section 2, "Cancellation trap"), else 1 - 2m + q. */
static State state_at(const Teacher *teacher, double delta, double u)
{
    State state = {.at = freeconv_point(teacher, delta, u), .delta = delta};
    const double b = state.at.x;
    const double t = delta * delta;
    state.above = freeconv_side(teacher, delta, &state.at, 1);
    if (t + b * b > 1.0) {
        const SideMoments *f = &state.above;
        state.divergence = f->mixed;
        state.risk = 1.0 - f->second - 2.0 * b * f->first + 2.0 * t * f->mixed;
    } else {
        const SideMoments g = freeconv_side(teacher, delta, &state.at, -1);
        state.divergence = 1.0 + g.mixed;
        state.risk = t + b * b + g.second - 2.0 * b * g.first + 2.0 * t * g.mixed;
    }
    return state;
}

/* lt of (E2) at this state. */
static double weight_of(const Equations *e, const State *state)
{
    return 2.0 * state->at.x * (2.0 * e->alpha - state->divergence);
}

/* One step of a bracketed root of an increasing function with f(*low) < 0 < f(*high):
 * regula falsi with the Illinois weights, bisection when it would not move. */
typedef struct Bracket {
    double low, f_low, high, f_high;
} Bracket;

static double bracket_guess(const Bracket *k)
{
    const double x = (k->low * k->f_high - k->high * k->f_low) / (k->f_high - k->f_low);
    return x > k->low && x < k->high ? x : 0.5 * (k->low + k->high);
}

static void bracket_update(Bracket *k, double x, double f)
{
    /* an end that stays loses weight, faster the better the new point (Anderson-Bjorck) */
    if (f > 0.0) {
        const double keep = 1.0 - f / k->f_high;
        k->f_low *= keep > 0.0 ? keep : 0.5;
        k->high = x;
        k->f_high = f;
    } else {
        const double keep = 1.0 - f / k->f_low;
        k->f_high *= keep > 0.0 ? keep : 0.5;
        k->low = x;
        k->f_low = f;
    }
}

/* The root b of (E2) at fixed delta, as a point u on the boundary curve: x(0) <= 0 and at
 * the upper end the threshold exceeds the spectrum and lt / (4 alpha), so D = 0. */
static State state_on_weight(const Equations *e, double delta)
{
    const double top = e->teacher->eigenvalue[0] + 2.0 * delta + e->weight / (4.0 * e->alpha);
    Bracket k = {.low = 0.0, .f_low = -e->weight, .high = top};
    State state = state_at(e->teacher, delta, top);
    k.f_high = weight_of(e, &state) - e->weight;
    for (int step = 0; step < MAX_STEPS; step++) {
        const double u = step % 4 == 3 ? 0.5 * (k.low + k.high) : bracket_guess(&k);
        state = state_at(e->teacher, delta, u);
        /* below b = 0, where (E2) has no meaning, any increasing continuation will do */
        const double lt = state.at.x > 0.0 ? weight_of(e, &state) : 4.0 * e->alpha * state.at.x;
        const double f = lt - e->weight;
        if (fabs(f) <= 1e-14 * e->weight || k.high - k.low <= 4e-16 * k.high) {
            break;
        }
        bracket_update(&k, u, f);
    }
    return state;
}

/* (E1) as a function that increases through its root in log delta. */
static double noise_excess(Equations *e, double log_delta)
{
    e->state = state_on_weight(e, exp(log_delta));
    return 2.0 * log_delta +
           log(2.0 * e->alpha / (fmax(e->state.risk, 0.0) + 0.5 * e->noise));
}

/* Begin where R = 0 would put delta and enlarge until the sign changes: R can be far above
 * 1 near interpolation. */
static bool find_bracket(Equations *e, Bracket *k, int *tried)
{
    const double start = e->noise > 0.0 ? e->noise / (4.0 * e->alpha) : 1.0 / (2.0 * e->alpha);
    k->low = 0.5 * log(start);
    k->f_low = noise_excess(e, k->low);
    double step = 0.25;
    for (*tried = 1; k->f_low > 0.0; (*tried)++, step *= 2.0) { /* noise = 0 or rounding */
        if (*tried > 12) {
            return false;
        }
        k->high = k->low;
        k->f_high = k->f_low;
        k->low -= step;
        k->f_low = noise_excess(e, k->low);
    }
    if (*tried > 1) {
        return true;
    }
    k->high = k->low;
    for (step = 0.25;; step *= 2.0) {
        k->high += step;
        k->f_high = noise_excess(e, k->high);
        if (++*tried > 12) {
            return false;
        }
        if (k->f_high > 0.0) {
            return true;
        }
        k->low = k->high;
        k->f_low = k->f_high;
    }
}

static Evolution report(const Equations *e, double residual, double tolerance)
{
    const State *s = &e->state;
    const double b = s->at.x;
    const double data = pow(s->delta * e->weight / (2.0 * b), 2.0);
    const double error = fmax(residual, fabs(weight_of(e, s) / e->weight - 1.0));
    return (Evolution){
        .outcome = error <= tolerance ? OUTCOME_CONVERGED : OUTCOME_NOT_CONVERGED,
        .risk = s->risk,
        .delta = s->delta,
        .threshold = b,
        .overlap_q = s->above.second,
        .overlap_m =
            s->above.second + b * s->above.first - s->delta * s->delta * s->above.mixed,
        .trace = s->above.first,
        .rank = s->above.mass * (double)e->teacher->count,
        .objective = data + e->weight * s->above.first,
        .residual = error,
    };
}

Evolution evolution_quadratic(const Teacher *teacher, const Problem *problem)
{
    assert(problem->model == MODEL_QUADRATIC && problem->width >= problem->dimension);
    assert(problem->samples > 0.0 && problem->weight_decay > 0.0);
    const double d = problem->dimension;
    Equations e = {.teacher = teacher,
                   .alpha = problem->samples / d / d,
                   .weight = problem_nuclear_weight(problem),
                   .noise = problem->noise};
    Bracket k;
    int tried;
    if (!find_bracket(&e, &k, &tried)) {
        return (Evolution){.outcome = OUTCOME_FAILED, .iterations = tried, .residual = INFINITY};
    }
    double f = INFINITY;
    for (int step = 0; step < MAX_STEPS; step++, tried++) {
        const double x = bracket_guess(&k);
        f = noise_excess(&e, x);
        if (fabs(f) <= 1e-13 || k.high - k.low <= 1e-15 * fabs(k.high)) {
            break;
        }
        bracket_update(&k, x, f);
    }
    Evolution result = report(&e, fabs(f), problem->tolerance);
    result.iterations = tried;
    return result;
}
