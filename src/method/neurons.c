/* Records of the network of general neurons (theory.md section 16). */
#include <assert.h>
#include <math.h>

#include "phasesweep/model/model.h"
#include "methods.h"

static bool same_activation(const Problem *a, const Problem *b)
{
    bool same = a->teacher_activation == b->teacher_activation;
    for (int l = 0; l < HERMITE_KEYS; l++) {
        same = same && a->hermite[l] == b->hermite[l];
    }
    return same;
}

static bool same_teacher(const Problem *a, const Problem *b)
{
    return same_activation(a, b) && a->teacher_width == b->teacher_width &&
           a->readout_exponent == b->readout_exponent && a->linear_unit == b->linear_unit;
}

const NeuronMoments *point_neurons(PointWork *work, const Problem *problem)
{
    NeuronWork *its = &work->neurons;
    assert(model_has(problem->model, TRAIT_NEURONS));
    if (!same_teacher(&its->problem, problem)) {
        if (!same_activation(&its->problem, problem)) {
            specialisation_free(&its->specialisation);
            its->has_series = false;
        }
        its->moments = neuron_moments(problem);
        its->problem = *problem;
    }
    return &its->moments;
}

void point_put_moments(const Problem *problem, const NeuronMoments *moments, double value[])
{
    value[FIELD_MU_1] = moments->linear;
    value[FIELD_MU_2] = moments->quadratic;
    value[FIELD_HIGHER] = moments->higher;
    if (moments->quadratic != 0.0) {
        value[FIELD_EFFECTIVE_NOISE] = neuron_noise(problem, moments);
    }
}

/* R becomes the error of the output, of which its logarithmic derivatives are a share. */
void point_put_neurons(const Problem *problem, const NeuronMoments *moments, Record *record)
{
    static const FieldId risks[] = {FIELD_OVERFITTING, FIELD_UNDERFITTING, FIELD_APPROXIMATION,
                                    FIELD_CROSS, FIELD_RISK_UNINFORMED};
    static const FieldId losses[] = {FIELD_OBJECTIVE, FIELD_TRAIN_LOSS};
    double *value = record->value;
    const double square = 0.25 * moments->quadratic * moments->quadratic;
    const double risk = 2.0 * square * value[FIELD_RISK];
    const double error = risk + moments->higher + moments->lost;
    for (size_t k = 0; k < sizeof risks / sizeof *risks; k++) {
        value[risks[k]] *= 2.0 * square;
    }
    value[FIELD_RISK_UNINFORMED] += moments->higher + moments->lost;
    for (size_t k = 0; k < sizeof losses / sizeof *losses; k++) {
        value[losses[k]] *= square;
    }
    value[FIELD_EXPONENT_SAMPLES] *= risk / error;
    value[FIELD_EXPONENT_WEIGHT_DECAY] *= risk / error;
    value[FIELD_RISK] = value[FIELD_PREDICTION_RISK] = error;
    point_put_moments(problem, moments, value);
}

Record point_specialised(PointWork *work, const Problem *problem)
{
    NeuronMoments moments = *point_neurons(work, problem);
    Specialisation *s = &work->neurons.specialisation;
    Record record = record_empty();
    double *value = record.value;
    moments.lost = 0.0;
    point_put_moments(problem, &moments, value);
    value[FIELD_RISK_UNINFORMED] = moments.higher;
    if (moments.higher == 0.0) { /* constant and linear: learned by n = Theta(d) samples */
        record.outcome = OUTCOME_CONVERGED;
        value[FIELD_RISK] = value[FIELD_PREDICTION_RISK] = value[FIELD_SPECIALISED] = 0.0;
        return record;
    }
    if (s->t == NULL) {
        const Activation activation = problem_teacher_activation(problem);
        *s = specialisation_create(&activation);
    }
    const Specialised solved = specialised_solve(s, problem);
    record.outcome = solved.outcome;
    value[FIELD_ITERATIONS] = solved.evaluations;
    if (solved.outcome == OUTCOME_FAILED) {
        return record;
    }
    const SpecialisedRoot *root = &solved.root[solved.optimal];
    value[FIELD_RISK] = value[FIELD_PREDICTION_RISK] = root->error;
    value[FIELD_SPECIALISED] = root->specialised;
    value[FIELD_WITHIN_SPINODAL] = solved.within_spinodal;
    value[FIELD_SOLUTIONS] = solved.roots;
    value[FIELD_RESIDUAL] = solved.residual;
    return record;
}

Record point_alike(PointWork *work, const Problem *problem)
{
    NeuronMoments moments = *point_neurons(work, problem);
    NeuronWork *its = &work->neurons;
    Record record = record_empty();
    double *value = record.value;
    moments.lost = 0.0;
    point_put_moments(problem, &moments, value);
    if (!its->has_series) {
        const Activation activation = problem_teacher_activation(problem);
        activation_series(&activation, &its->series);
        its->has_series = true;
    }
    const Alike solved = alike_solve(&its->series, problem);
    record.outcome = solved.outcome;
    value[FIELD_ITERATIONS] = solved.evaluations;
    if (solved.outcome == OUTCOME_FAILED) {
        return record;
    }
    const AlikeRoot *root = &solved.root[solved.optimal];
    const AlikeRoot *last = &solved.root[solved.roots - 1];
    value[FIELD_RISK] = value[FIELD_PREDICTION_RISK] = root->error;
    value[FIELD_RISK_UNINFORMED] = solved.root[0].error;
    value[FIELD_SPECIALISED_OVERLAP] = root->overlap;
    value[FIELD_SPECIALISED] = root->overlap > 0.0 ? problem->teacher_width : 0.0;
    value[FIELD_WITHIN_SPINODAL] = last->overlap > 0.0 ? problem->teacher_width : 0.0;
    value[FIELD_SOLUTIONS] = solved.roots;
    value[FIELD_RESIDUAL] = solved.residual;
    return record;
}
