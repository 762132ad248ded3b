#include "training_pairs.h"

#include <limits.h>

#include "phasesweep/model/model.h"

/* Sides for which this was measured to pay, and those that can be asked for; more ranks
 * decompose as fast.  At d = 800, n = 20000 a threshold that is kept took 53 passes in place of
 * 44, which was more than the pairs saved; at 200 ... 600 it took -6 ... 2. */
enum { SIDE_LEAST = 200, SIDE_MOST = 600, SIDE_POSSIBLE = 1, RANKS_MOST = 2 };

/* From steps of this length on, relative to S, the pairs are near those of the step before and
 * b near where it ends; what of a step may be lost. */
static const double move_most = 0.05;
static const double error_share = 0.3;

/* Error of a step relative to S from which products of floats do for it. */
static const double single_error = 1e-5;

/* Does the team use them?  They are those above the threshold, not below.  Room is there in any
 * case, for a checkpoint of another team. */
static bool used(const TrainingWork *work)
{
    int ranks;
    MPI_Comm_size(work->team, &ranks);
    return !model_has(work->problem.model, TRAIT_INDEFINITE) &&
           (work->settings.pairs == PAIRS_ACTIVE ||
            (work->settings.pairs == PAIRS_AUTO && ranks <= RANKS_MOST));
}

static int side_least(double d)
{
    return d <= SIDE_MOST ? SIDE_LEAST : INT_MAX;
}

ActiveEigen pairs_create(const TrainingWork *work)
{
    const int least =
        work->settings.pairs == PAIRS_ACTIVE ? SIDE_POSSIBLE : side_least(work->d);
    return active_eigen_create(work->d, work->rank == 0 ? least : INT_MAX);
}

size_t pairs_memory(double d)
{
    return active_eigen_memory(d, side_least(d));
}

void pairs_visit(TrainingWork *work, StateVisitor *visitor)
{
    ActiveEigen *active = &work->active;
    const size_t column = (size_t)work->d * sizeof(double);
    visit_common(visitor, &active->state, sizeof active->state);
    const size_t columns = (size_t)active->state.columns;
    visit_root(visitor, active->basis, columns * column);
    visit_root(visitor, active->lowest, columns > 0 ? column : 0);
}

/* Root only. */
static bool find_active(TrainingWork *work, double *b)
{
    const double move = descent_relative_move(&work->descent);
    if (!used(work) || !(move > 0.0)) {
        return false;
    }
    *b = descent_known_threshold(&work->descent);
    const ActiveGoal goal = {.threshold = *b,
                             .error = error_share * move * work->descent.state.size,
                             .single = error_share * move > single_error};
    return *b > 0.0 && active_eigen_solve(&work->active, &goal, work->matrix, work->values,
                                          &work->progress.plan.rank);
}

/* Root only, after a decomposition.  How many vectors are wanted. */
static int choose(TrainingWork *work, double *b)
{
    PassPlan *plan = &work->progress.plan;
    *b = descent_threshold(&work->descent, work->values, plan);
    if (plan->negative > 0) {
        return work->d;
    }
    if (!used(work) || !(descent_relative_move(&work->descent) <= move_most)) {
        return plan->rank;
    }
    const int count = active_eigen_wish(&work->active, plan->rank);
    if (count > plan->rank && work->descent.state.rule == RULE_MESSAGE) {
        descent_freeze(&work->descent, *b);
    }
    return count;
}

/* Collective. */
static bool decompose(TrainingWork *work, double *b)
{
    if (eigen_values(&work->eigen, work->matrix, work->values) != OUTCOME_CONVERGED) {
        return false;
    }
    /* eigen_vectors hears from rank 0 how many are wanted */
    const int count = work->rank == 0 ? choose(work, b) : 0;
    if (eigen_vectors(&work->eigen, count, work->matrix) != OUTCOME_CONVERGED) {
        return false;
    }
    if (work->rank == 0) {
        active_eigen_learn(&work->active, work->matrix, count, work->progress.plan.rank);
    }
    return true;
}

bool pairs_find(TrainingWork *work, double *b)
{
    int found = work->rank == 0 && find_active(work, b);
    MPI_Bcast(&found, 1, MPI_INT, 0, work->team);
    return found || decompose(work, b);
}
