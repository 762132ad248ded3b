/* Several solutions of (E1), (E2): networks whose penalty is not convex (theory.md section 11).
 *
 * Two are looked for at both ends of a chain, from R = 0 and from R = 1, and followed through
 * it.  A solution ends in a fold; seen from the other side, the one that goes on there ends in
 * another fold beyond, so that between the two there are both.  Where on the way forth a
 * solution ended, or the far end has another, the chain is followed back as well.  Where
 * solutions differ the training objective decides, which is the free energy of each.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/model.h"
#include "track.h"

enum { MOST = 4, STARTS = 2 };

static const double solved = 1e-9; /* residual of a solution */

/* The solutions found at one point. */
typedef struct Found {
    int count;
    Iterate at[MOST];
} Found;

static bool same(const Iterate *a, const Iterate *b)
{
    return fabs(a->log_t - b->log_t) + fabs(a->log_r - b->log_r) < 1e-6;
}

/* One that did not converge, at a place where the roots of (E2) break off, is kept if there is
 * no other. */
static void add(Found *found, const Iterate *at)
{
    if (found->count == 1 && equations_residual(&found->at[0]) > solved) {
        found->count = 0;
    } else if (found->count > 0 && equations_residual(at) > solved) {
        return;
    }
    for (int k = 0; k < found->count; k++) {
        if (same(&found->at[k], at)) {
            return;
        }
    }
    if (found->count < MOST) {
        found->at[found->count++] = *at;
    }
}

/* Data term and penalty of theory.md section 11, in units of the weight: what is compared at
 * one point. */
static double objective(const Equations *e, const Problem *problem, const Iterate *at)
{
    const Model *model = model_of(problem);
    return model->loss_scale * at->share * at->share * at->t +
           model->penalty_scale * e->weight * at->o.penalty;
}

static const Iterate *lowest(const Equations *e, const Problem *problem, const Found *found)
{
    const Iterate *best = &found->at[0];
    for (int k = 1; k < found->count; k++) {
        if (objective(e, problem, &found->at[k]) < objective(e, problem, best)) {
            best = &found->at[k];
        }
    }
    return best;
}

static bool cold(Equations *e, int start, Iterate *at)
{
    overlaps_forget(e->work);
    return equations_cold_from(e, start, at);
}

bool branches_cold(Equations *e, const Problem *problem, Iterate *at)
{
    Found found = {0};
    for (int start = 0; start < STARTS; start++) {
        if (cold(e, start, at)) {
            add(&found, at);
        }
    }
    if (found.count > 0) {
        *at = *lowest(e, problem, &found);
    }
    return found.count > 0;
}

/* One way along the chain. */
typedef struct Walker {
    Track track[STARTS];
    bool merged;  /* both are the first */
    bool several; /* a sign was met that there is more than one solution */
} Walker;

static bool near_and_stable(const Track *track, Equations *e, Iterate *at)
{
    return track_follow(track, e, at) && equations_steepness(e, at) < 1.0;
}

/* One point on the way; `anew`: where nothing is known of it from the one before. */
static void walk(Walker *walker, Equations *e, bool anew, Found *found)
{
    Iterate at[STARTS];
    bool good[STARTS] = {false};
    if (anew) {
        *walker = (Walker){.several = walker->several};
    }
    for (int k = 0; k < STARTS && !(walker->merged && k > 0); k++) {
        Track *track = &walker->track[k];
        good[k] = near_and_stable(track, e, &at[k]);
        if (!good[k]) {
            good[k] = cold(e, k, &at[k]);
            walker->several |= !anew;
        }
        if (good[k]) {
            track_step(track, e, &at[k]);
            add(found, &at[k]);
        } else {
            *track = (Track){0};
        }
    }
    walker->merged = walker->merged || (good[0] && good[1] && same(&at[0], &at[1]));
    walker->several |= !walker->merged;
}

/* At the last point of a way: what is found there from nothing, too. */
static void look_around(Walker *walker, Equations *e, Found *found)
{
    for (int k = 0; k < STARTS; k++) {
        Iterate at;
        if (cold(e, k, &at)) {
            add(found, &at);
        }
    }
    walker->several |= found->count > 1;
}

/* Of points that differ in samples and weight alone one leads to the other. */
static bool is_neighbour(const Problem *a, const Problem *b)
{
    return a->model == b->model && a->depth == b->depth && a->dimension == b->dimension &&
           a->source_exponent == b->source_exponent && a->noise == b->noise;
}

static Evolution choose(const Equations *e, const Problem *problem, const Found *found)
{
    Evolution result = {.outcome = OUTCOME_FAILED, .residual = INFINITY};
    if (found->count > 0) {
        const Iterate *high = &found->at[0];
        for (int k = 1; k < found->count; k++) {
            high = found->at[k].log_t > high->log_t ? &found->at[k] : high;
        }
        result = track_report(e, lowest(e, problem, found), problem);
        result.solutions = found->count;
        result.risk_uninformed = high->o.risk;
    }
    return result;
}

/* One way, 1 or -1, through points that are neighbours.  False if interrupted. */
static bool walk_through(EvolutionWork *work, const Problem problems[], size_t count, int way,
                         Walker *walker, Found found[], int evaluations[])
{
    for (size_t step = 0; step < count; step++) {
        const size_t k = way > 0 ? step : count - 1 - step;
        Equations e = equations_of(&work->overlaps, &problems[k]);
        walk(walker, &e, step == 0, &found[k]);
        if (way > 0 && step + 1 == count && count > 1) {
            look_around(walker, &e, &found[k]);
        }
        evaluations[k] += e.evaluations;
        if (interrupted(&work->interrupt)) {
            return false;
        }
    }
    return true;
}

bool evolution_branches(EvolutionWork *work, const Problem problems[], size_t count,
                        Evolution evolutions[])
{
    Found *found = checked_alloc(count, sizeof *found);
    int *evaluations = checked_alloc(count, sizeof *evaluations);
    memset(found, 0, count * sizeof *found);
    memset(evaluations, 0, count * sizeof *evaluations);
    bool going = true;
    for (size_t first = 0, end; first < count && going; first = end) {
        assert(problem_power(&problems[first]) < 1.0);
        end = first + 1;
        while (end < count && is_neighbour(&problems[end], &problems[first])) {
            end++;
        }
        const size_t length = end - first;
        Walker walker = {0};
        evolution_take(work, &problems[first]);
        going = walk_through(work, &problems[first], length, 1, &walker, &found[first],
                             &evaluations[first]) &&
                (!walker.several || length == 1 ||
                 walk_through(work, &problems[first], length, -1, &walker, &found[first],
                              &evaluations[first]));
        for (size_t k = first; k < end && going; k++) {
            const Equations e = equations_of(&work->overlaps, &problems[k]);
            evolutions[k] = choose(&e, &problems[k], &found[k]);
            evolutions[k].iterations = evaluations[k];
        }
    }
    free(evaluations);
    free(found);
    return going;
}
