/* model.h - what tells one network from another, in numbers: the only place that knows.
 *
 * A network is a row of the table: quadratic.c holds two, diagonal.c, ridge.c and neurons.c one
 * each.
 * Everything above asks the row of a problem (model_of) instead of comparing names; what needs
 * more than the numbers of this layer is a row beside it in the layer that needs it, as in
 * model_theory.h.
 */
#ifndef PHASESWEEP_MODEL_MODEL_H
#define PHASESWEEP_MODEL_MODEL_H

#include <stdbool.h>

#include "phasesweep/model/problem.h"

/* How data and penalty enter state evolution, all models alike:
 *     capacity t = R + noise            (E1)
 *     capacity = D + weight / b         (E2) */
typedef struct Channel {
    double capacity; /* quadratic 2n/d^2; diagonal n; ridge n */
    double noise;    /* Delta/2; Delta; Delta */
    double weight;   /* lt/2; lambda sqrt(d), deeper lambda (L/2) d^(1/L); lambda */
} Channel;

/* What differs in the table of phases (theory.md section 4). */
typedef struct PhaseTable {
    double overfitting_exponent; /* d log R / d log n in phase V; 0 if it is no power law */
    /* log_d n_eff of the line between IV and V, before it meets the interpolation peak; NULL:
     * the table is not of this model */
    double (*noise_line)(double source_exponent, double dimension);
} PhaseTable;

/* Keys that only some networks take. */
enum ModelTrait {
    TRAIT_MATRIX = 1u,  /* learns a d x d matrix S: a width, a nuclear weight, a spectrum */
    TRAIT_SIGNS = 2u,   /* the teacher's coefficients may have signs */
    TRAIT_SQUARED = 4u, /* the penalty is |theta|^2 */
    TRAIT_LAYERS = 8u,  /* a product of layers, of which there may be more: a depth */
    /* S has eigenvalues of either sign, where else S >= 0; of full width */
    TRAIT_INDEFINITE = 16u,
    TRAIT_POWER_LAW = 32u, /* a teacher of coefficients i^-gamma, rows of any law */
    TRAIT_NEURONS = 64u    /* activations, and a teacher of neurons of Gaussian rows */
};

typedef struct Model {
    const char *name;     /* as written in job files */
    unsigned traits;      /* of ModelTrait */
    unsigned methods;     /* bit 1u << MethodId of those there are for it */
    int side_most;        /* largest d whose data can be drawn */
    int spread_most;      /* the same for trainings of at least width d, whose matrices may be
                             spread over a team; 0: none are */
    double depth_least;   /* layers where the penalty is convex: 1, 2; 0: no layers */
    double penalty_scale; /* penalty of the objective in units of weight and ModelTheory's */
    double loss_scale;    /* data term of the objective in units of t (weight / b)^2 */
    double prediction_per_risk; /* E (f - f*)^2 / R; also Delta / noise of the channel */
    PhaseTable phases;
    double (*samples_per_effective)(const Problem *problem); /* n / n_eff */
    double (*nuclear_factor)(const Problem *problem);        /* lt / lambda */
    Channel (*channel)(const Problem *problem);         /* weight NAN without weight decay */
    double (*squares_per_loss)(const Problem *problem); /* sum of squares / data term */
    double (*teacher_per_coefficient)(const Problem *problem); /* s_i over what is learned */
} Model;

extern const Model model_quadratic;
extern const Model model_diagonal;
extern const Model model_ridge;
extern const Model model_signed;
extern const Model model_neurons;

/* Local.  The row of a network; static. */
const Model *model_row(ModelId id);
const Model *model_of(const Problem *problem);

/* Local.  Has the network all these traits? */
bool model_has(ModelId id, unsigned traits);

/* Local.  Is the network cut to fewer hidden units than dimensions?  Training is then not
 * convex, and state evolution a conjecture (theory.md section 5). */
bool model_is_narrow(const Problem *problem);

/* Local.  Is training a convex problem, with one minimum and a proof of it?  It is not for a
 * narrow network, nor for one of more layers than depth_least. */
bool model_is_convex(const Problem *problem);

#endif
