/* resume_case.h - every trainer, small, for the tests of stopping and going on; include after
 * cmocka.h. */
#ifndef PHASESWEEP_TESTS_RESUME_CASE_H
#define PHASESWEEP_TESTS_RESUME_CASE_H

#include "phasesweep/training/path.h"

enum { CASES = 29, D_MOST = 150, POINTS = 3, ROOM = 8 };

typedef struct Case {
    const Trainer *trainer;
    ModelId model;
    int d, p, n;
    double weight, tolerance;
    LassoLayout layout;
    bool gradient_only, any_team;
    ConvexWay way;
    int depth; /* 0: the least */
    bool unit; /* linear */
    double covariance_exponent, correlation;
} Case;

static const Case cases[CASES] = {
    {&trainer_convex, MODEL_QUADRATIC, 24, 24, 400, 0.1, 1e-10, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_convex, MODEL_QUADRATIC, 24, 24, 400, 0.1, 1e-6, LASSO_AUTO, true, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_convex, MODEL_QUADRATIC, 24, 24, 150, 0.1, 1e-10, LASSO_AUTO, false, true,
     CONVEX_INTERIOR, 0, false, 0.0, 0.0},
    /* by the active pairs */
    {&trainer_convex, MODEL_QUADRATIC, 60, 60, 2000, 2.0, 1e-10, LASSO_AUTO, false, true,
     CONVEX_DESCENT, 0, false, 0.0, 0.0},
    /* with dual vectors that are polished */
    {&trainer_convex, MODEL_QUADRATIC, 24, 24, 550, 0.1, 1e-6, LASSO_AUTO, false, false,
     CONVEX_DESCENT, 0, false, 0.0, 0.0},
    /* by Newton steps */
    {&trainer_convex, MODEL_SIGNED, 24, 24, 1500, 0.5, 1e-6, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 1.0, 0.0},
    {&trainer_factored, MODEL_QUADRATIC, 30, 3, 600, 0.6, 1e-12, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    /* two groups of starts */
    {&trainer_factored, MODEL_QUADRATIC, 30, 80, 600, 0.02, 1e-12, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_lasso, MODEL_DIAGONAL, 150, 1, 200, 0.2, 1e-11, LASSO_COLUMNS, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    /* by way of larger weights */
    {&trainer_lasso, MODEL_DIAGONAL, 150, 1, 50, 0.02, 1e-10, LASSO_COLUMNS, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    /* more than one block */
    {&trainer_lasso, MODEL_DIAGONAL, 150, 1, 6000, 0.2, 1e-11, LASSO_SUMS, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_lasso, MODEL_DIAGONAL, 150, 1, 160, 0.01, 1e-11, LASSO_SUMS, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_amp, MODEL_QUADRATIC, 24, 24, 400, 0.3, 1e-9, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_amp, MODEL_DIAGONAL, 150, 1, 250, 0.1, 1e-9, LASSO_AUTO, false, true, CONVEX_AUTO,
     0, false, 0.0, 0.0},
    {&trainer_spread, MODEL_QUADRATIC, 12, 12, 150, 0.1, 1e-10, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    /* coefficients are held at the edge */
    {&trainer_amp, MODEL_DIAGONAL, 150, 1, 450, 0.3, 1e-9, LASSO_AUTO, false, true, CONVEX_AUTO,
     3, false, 0.0, 0.0},
    {&trainer_deep_lasso, MODEL_DIAGONAL, 150, 1, 80, 0.05, 1e-10, LASSO_AUTO, false, true,
     CONVEX_AUTO, 4, false, 0.0, 0.0},
    {&trainer_deep_lasso, MODEL_DIAGONAL, 150, 1, 1000, 0.1, 1e-10, LASSO_AUTO, false, true,
     CONVEX_AUTO, 3, false, 0.0, 0.0},
    {&trainer_deep_matrix, MODEL_QUADRATIC, 24, 24, 400, 2.0, 1e-9, LASSO_AUTO, false, true,
     CONVEX_AUTO, 2, false, 0.0, 0.0},
    {&trainer_deep_matrix, MODEL_QUADRATIC, 20, 20, 160, 1.0, 1e-9, LASSO_AUTO, false, true,
     CONVEX_AUTO, 3, false, 0.0, 0.0},
    {&trainer_convex, MODEL_SIGNED, 24, 24, 400, 0.1, 1e-10, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_convex, MODEL_SIGNED, 24, 24, 400, 0.1, 1e-10, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, true, 0.0, 0.0},
    /* Adam on batches, which has the most state */
    {&trainer_descent, MODEL_QUADRATIC, 24, 6, 400, 0.1, 1e-6, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_descent, MODEL_DIAGONAL, 150, 1, 450, 0.1, 1e-6, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    {&trainer_neurons, MODEL_QUADRATIC, 12, 5, 300, 0.1, 1e-12, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.0, 0.0},
    /* "depth" 1: the readout is trained, the teacher's directions are not orthonormal */
    {&trainer_neurons, MODEL_QUADRATIC, 12, 5, 300, 0.1, 1e-12, LASSO_AUTO, false, true,
     CONVEX_AUTO, 1, false, 0.0, 0.0},
    {&trainer_amp, MODEL_SIGNED, 24, 24, 400, 0.3, 1e-9, LASSO_AUTO, false, true, CONVEX_AUTO,
     0, false, 0.0, 0.0},
    /* rows of unequal variances, correlated */
    {&trainer_amp, MODEL_QUADRATIC, 24, 24, 400, 0.3, 1e-9, LASSO_AUTO, false, true,
     CONVEX_AUTO, 0, false, 0.5, 0.4},
    {&trainer_amp, MODEL_DIAGONAL, 150, 1, 250, 0.1, 1e-9, LASSO_AUTO, false, true, CONVEX_AUTO,
     0, false, 0.5, 0.4},
};

static inline Problem problem_of(const Case *c, int point)
{
    const bool in_time = c->trainer == &trainer_descent;
    const bool neurons = c->trainer == &trainer_neurons;
    return (Problem){.model = c->model,
                     .method = c->trainer == &trainer_amp ? METHOD_AMP
                               : in_time                  ? METHOD_DESCENT
                                                          : METHOD_TRAINING,
                     .time = in_time ? 0.2 * (point + 1) : 0.0,
                     .optimizer = OPTIMIZER_ADAM,
                     .learning_rate = 0.01,
                     .batch = 64.0,
                     .start_scale = 0.5,
                     .depth = c->depth,
                     .linear_unit = c->unit,
                     .covariance_exponent = c->covariance_exponent,
                     .block_correlation = c->correlation,
                     .block_size = c->correlation > 0.0 ? 7.0 : 0.0,
                     .dimension = c->d,
                     .width = c->p,
                     .activation = neurons ? ACTIVATION_TANH : 0,
                     .teacher_activation = neurons ? ACTIVATION_TANH : 0,
                     .teacher_width = neurons ? 4.0 : 0.0,
                     .teacher_directions = (TeacherDirections)(neurons ? c->depth : 0),
                     .readout = (Readout)(neurons ? c->depth : 0),
                     .epochs = 10.0,
                     .samples = c->n,
                     .source_exponent = 1.25,
                     .noise = 0.1,
                     .weight_decay = in_time ? c->weight : c->weight / (1 << point),
                     .seed = 7.0,
                     .random_signs = c->model == MODEL_DIAGONAL || c->model == MODEL_SIGNED,
                     .damping = -1.0,
                     .tolerance = c->tolerance};
}

static inline TrainerSettings settings_of(const Case *c)
{
    TrainerSettings settings = trainer_defaults();
    settings.layout = c->layout;
    settings.gradient_only = c->gradient_only;
    settings.convex = c->way;
    settings.pairs = PAIRS_ACTIVE;
    settings.eigen = EIGEN_LAPACK; /* bits depend on it */
    settings.path_room = c->trainer == &trainer_amp ? ROOM : 0;
    return settings;
}

static inline int rank_in_world(void)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

#endif
