/* Rows of keys_table stand in the order of KeyId.  What a number may be is said once, here: the
 * parser, what an axis resolves to, error messages and the reference read the same bounds.
 */
#include "phasesweep/study/keys.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/model/features.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"

/* p and seed stay below 2^53, where doubles still hold every whole number.  R can be as small
 * as (lambda/n)^2 and noise/n, and its terms go with t^2, t = R/n: the bounds keep what is
 * multiplied within doubles; no phase reaches beyond them (VIb at gamma = 2, d = 1e12 begins at
 * n = 1e60). */
#define WHOLE_MOST 9007199254740992.0
#define SAMPLES_LEAST 1e-12
#define SAMPLES_MOST 1e60
#define WEIGHT_LEAST 1e-40
#define WEIGHT_MOST 1e40
#define NOISE_LEAST 1e-30

/* d^value: beyond this even d = 2 leaves the range of doubles */
#define EXPONENT_MOST 1000.0

#define BIT(form) (1u << (form))
#define ONE_NUMBER BIT(FORM_NUMBER)
#define WIDTH_FORMS (BIT(FORM_NUMBER) | BIT(FORM_POWER))
#define SAMPLE_FORMS                                                                           \
    (WIDTH_FORMS | BIT(FORM_EFFECTIVE) | BIT(FORM_EFFECTIVE_POWER) | BIT(FORM_PROPORTIONAL))
#define WEIGHT_FORMS (WIDTH_FORMS | BIT(FORM_SQRT_EFFECTIVE) | BIT(FORM_ROOT_EFFECTIVE))

/* Words by number, with the one type of function that Key has. */
static const char *model_word(int k)
{
    return model_name((ModelId)k);
}

static const char *sign_word(int k)
{
    return k == 0 ? "positive" : "random";
}

static const char *yes_word(int k)
{
    return k == 0 ? "no" : "yes";
}

static const char *optimizer_word(int k)
{
    static const char *const names[OPTIMIZER_COUNT] = {"gd", "sgd", "adam"};
    return names[k];
}

static const char *start_word(int k)
{
    return k == 0 ? "random" : "aligned";
}

static const char *feature_word(int k)
{
    return feature_name((FeatureLaw)k);
}

static const char *activation_word(int k)
{
    return activation_name((ActivationId)k);
}

static const char *directions_word(int k)
{
    return directions_name((TeacherDirections)k);
}

static const char *readout_word(int k)
{
    return readout_name((Readout)k);
}

static const char *store_word(int k)
{
    return store_name((SampleStore)k);
}

static const char *refine_word(int k)
{
    static const char *const names[REFINE_COUNT] = {"none", "phase", "exponent", "risk"};
    return names[k];
}

static const char *method_word(int k)
{
    return method_name((MethodId)k);
}

/* By what stands before it in the table of keys. */
static double tolerance_of_method(const Problem *problem)
{
    return method_facts(problem->method)->tolerance;
}

static double no_damping(const Problem *problem)
{
    (void)problem;
    return -1.0;
}

static double full_width(const Problem *problem)
{
    return problem->dimension;
}

static double least_depth(const Problem *problem)
{
    (void)problem;
    return 0.0;
}

/* Where the law has such a parameter. */
static double usual_freedom(const Problem *problem)
{
    return problem->features == FEATURES_STUDENT ? 6.0 : 0.0;
}

static double usual_share(const Problem *problem)
{
    return problem->features == FEATURES_SPARSE ? 0.25 : 0.0;
}

/* Of networks that have one. */
static double same_activation(const Problem *problem)
{
    return problem->activation;
}

static double full_teacher(const Problem *problem)
{
    return model_has(problem->model, TRAIT_NEURONS) ? problem->dimension : 0.0;
}

static double usual_block(const Problem *problem)
{
    return problem->block_correlation > 0.0 ? 10.0 : 0.0;
}

static double none_asked(const Problem *problem)
{
    (void)problem;
    return 0.0;
}

/* Of what needs no data: weight decay is then that of the mean loss. */
static double one_sample(const Problem *problem)
{
    (void)problem;
    return 1.0;
}

static double usual_start_scale(const Problem *problem)
{
    return method_facts(problem->method)->in_time ? 0.1 : 0.0;
}

static double no_weight(const Problem *problem)
{
    (void)problem;
    return NAN;
}

static double given_weight(const Problem *problem)
{
    return problem->weight_decay;
}

/* Methods that take a key. */
static bool takes_weight(MethodId id)
{
    return method_facts(id)->takes_weight;
}

static bool takes_nuclear_weight(MethodId id)
{
    return takes_weight(id) || method_facts(id)->optimises;
}

static bool predicts(MethodId id)
{
    return method_facts(id)->predicts;
}

/* Message passing takes one, though none that is narrow: sweep_check sees to it. */
static bool takes_width(MethodId id)
{
    return method_facts(id)->takes_width || method_facts(id)->draws_data;
}

static bool draws_data(MethodId id)
{
    return method_facts(id)->draws_data;
}

static bool trains(MethodId id)
{
    return draws_data(id) && !method_facts(id)->passes_messages && !method_facts(id)->in_time;
}

static bool descends(MethodId id)
{
    return draws_data(id) && method_facts(id)->in_time;
}

/* Adam in a training of neurons; a descent has to say it. */
static double usual_rate(const Problem *problem)
{
    return trains(problem->method) && model_has(problem->model, TRAIT_NEURONS) ? 0.01 : 0.0;
}

static double usual_epochs(const Problem *problem)
{
    return trains(problem->method) && model_has(problem->model, TRAIT_NEURONS) ? 500.0 : 0.0;
}

/* The flow is that of the population. */
static bool has_data(MethodId id)
{
    return !method_facts(id)->in_time || draws_data(id);
}

/* The training among these is that of neurons. */
static bool steps(MethodId id)
{
    return descends(id) || trains(id);
}

static bool in_time(MethodId id)
{
    return method_facts(id)->in_time;
}

/* Theory takes it for learned: d of n = Theta(d^2) numbers. */
static bool has_linear_unit(MethodId id)
{
    return trains(id) || (predicts(id) && !method_facts(id)->optimises);
}

/* All that learn: the best risk is of the data; and what is followed in time has the least. */
static bool has_layers(MethodId id)
{
    return !method_facts(id)->knows_signs && !in_time(id);
}

/* The best risk of all is of Gaussian rows, and so is what is followed in time. */
static bool sees_features(MethodId id)
{
    return !method_facts(id)->knows_signs && !in_time(id);
}

/* Where a point costs as much by itself as beside others, and has exponents and a phase. */
static bool is_refined(MethodId id)
{
    return predicts(id) && !method_facts(id)->optimises;
}

static bool passes_messages(MethodId id)
{
    return method_facts(id)->passes_messages;
}

/* double and none give the same bits, and auto is one of the two: any may go on with another's
 * archive; rounded rows are other data. */
static double rounds_rows(double store)
{
    return store == STORE_FLOAT;
}

/* clang-format off */
#define WORDS(function, count) .kind = KIND_WORD, .word = function, .word_count = count
#define RANGE(type, from, to) .kind = type, .low = from, .high = to
#define AT(name) .member = 1 + offsetof(Problem, name)
#define HERMITE(l, place)                                                                      \
    [KEY_HERMITE_0 + (l)] = {"hermite_" #l, "c_" #l, "1", "0",                                 \
        "of activation hermite, sum_l c_l He_l(z)",                                            \
        RANGE(KIND_REAL, -1e6, 1e6), .forms = ONE_NUMBER, .fallback = none_asked,              \
        .traits = TRAIT_NEURONS, .member = 1 + offsetof(Problem, hermite) + (l) * sizeof(double), \
        .content = place}
const Key keys_table[KEY_COUNT] = {
    [KEY_NAME] = {"name", "", "", "sweep_1, sweep_2, ...",
        "group in the archive; in job files only", .kind = KIND_NAME},
    [KEY_MODEL] = {"model", "", "", "quadratic", "the network",
        WORDS(model_word, MODEL_COUNT), AT(model), .content = 1},
    [KEY_METHOD] = {"method", "", "", "state_evolution", "how a point is solved",
        WORDS(method_word, METHOD_COUNT), AT(method), .content = 2},
    [KEY_TOLERANCE] = {"tolerance", "", "1", "1e-9, bayes 1e-7, training and amp 1e-6",
        "relative error of the equations, duality gap, of deeper networks `stationarity`, or (amp) "
        "change of the iterate",
        RANGE(KIND_REAL, 1e-13, 1e-2), .fallback = tolerance_of_method,
        AT(tolerance), .content = 10},
    [KEY_SIGNS] = {"signs", "", "", "positive",
        "of the teacher's coefficients; none for bayes, on correlated blocks positive but for training and amp",
        WORDS(sign_word, 2), .traits = TRAIT_SIGNS, AT(random_signs), .content = 11,
        .drawn = true},
    [KEY_ROTATED] = {"rotated", "", "", "no",
        "is the teacher turned by a Haar rotation, or aligned with the coordinates",
        WORDS(yes_word, 2), .traits = TRAIT_MATRIX | TRAIT_POWER_LAW, .method = sees_features, AT(rotated),
        .content = 16, .drawn = true},
    [KEY_LINEAR_UNIT] = {"linear_unit", "", "", "no",
        "a bias and a linear unit beside the squares, without weight decay, as labels of real data ask for",
        WORDS(yes_word, 2), .traits = TRAIT_MATRIX, .method = has_linear_unit, AT(linear_unit),
        .content = 21},
    [KEY_STORE] = {"store", "", "", "auto",
        "rows of data in memory, or made again at each use; training and amp",
        WORDS(store_word, STORE_COUNT), AT(store), .content = 12, .counts = rounds_rows},
    [KEY_RANKS_PER_LINE] = {"ranks_per_line", "", "1", "0",
        "ranks that train together; 0: as cost and memory ask",
        RANGE(KIND_WHOLE, 0, 1e6), .silent = true},
    [KEY_SPECTRUM] = {"spectrum", "", "1", "0",
        "nodes of the predicted density, 0: no predicted spectrum",
        RANGE(KIND_WHOLE, 0, 1e5), .traits = TRAIT_MATRIX | TRAIT_LAYERS, .method = predicts, .content = 13},
    [KEY_DAMPING] = {"damping", "", "1", "as little as it needs",
        "share of the last iterate kept at each iteration",
        RANGE(KIND_REAL, 0, 0.999), .fallback = no_damping, .method = passes_messages,
        AT(damping), .content = 14},
    [KEY_ITERATION_LIMIT] = {"iteration_limit", "", "1", "0",
        "iterations of a point (narrow: of each descent) until it is not_converged; 0: the trainer's own",
        RANGE(KIND_WHOLE, 0, 1e9), .method = draws_data, AT(iteration_limit), .silent = true},
    [KEY_TIME_LIMIT] = {"time_limit", "", "s", "0",
        "seconds of a point until it is not_converged, looked at between iterations; 0: none",
        RANGE(KIND_REAL, 0, 1e9), .method = draws_data, AT(time_limit), .silent = true},
    [KEY_DATA] = {"data", "", "", "drawn",
        "file whose rows are the data: HDF5, .npy, .csv, idx",
        .kind = KIND_TEXT, .fallback = none_asked, .method = trains, AT(data), .content = 22},
    [KEY_TARGET] = {"target", "", "", "required with data",
        "what is learned: set of the HDF5 file, column of the .csv, the other .npy or idx file",
        .kind = KIND_TEXT, .fallback = none_asked, .method = trains},
    [KEY_HOLD_OUT] = {"hold_out", "", "1", "0",
        "rows of data kept for the test, below 1 a share of them; the same for every n",
        RANGE(KIND_REAL, 0, WHOLE_MOST), .method = trains, AT(hold_out), .content = 23},
    [KEY_FOLDS] = {"folds", "", "1", "0",
        "of cross-validation over the n rows, 0: none; as many trainings more",
        RANGE(KIND_WHOLE, 2, 1000), .or_zero = true, .method = trains, AT(folds), .content = 24},
    [KEY_START] = {"start", "", "", "random",
        "weights at time 0: independent and normal, or aligned with the teacher",
        WORDS(start_word, 2), .method = in_time, AT(start_aligned), .content = 25},
    [KEY_START_SCALE] = {"start_scale", "", "1", "0.1",
        "standard deviation of the weights at time 0",
        RANGE(KIND_REAL, 1e-30, 1e10), .fallback = usual_start_scale, .method = in_time,
        AT(start_scale), .content = 26},
    [KEY_OPTIMIZER] = {"optimizer", "", "", "gd",
        "gradient descent on all rows, or sgd and adam on batches of them",
        WORDS(optimizer_word, OPTIMIZER_COUNT), .method = descends, AT(optimizer), .content = 28},
    [KEY_LEARNING_RATE] = {"learning_rate", "", "1", "required, neurons 0.01",
        "step in units of `time` (plain step size / (d sqrt(p d)/8), diagonal / (sqrt(d)/2)); adam: in weights, "
        "and `time` is that times steps; neurons: of Adam at first, it falls to 0 as a cosine",
        RANGE(KIND_REAL, 1e-12, 1e3), .fallback = usual_rate, .needed = descends, .method = steps,
        .trained_traits = TRAIT_NEURONS, AT(learning_rate), .content = 29},
    [KEY_BATCH] = {"batch", "", "1", "0",
        "rows of a step of sgd or adam, 0: all, neurons a third; beyond ceil(n/batch) steps the same batches again; "
        "neurons: about that many, in runs of 64 rows that each epoch mixes anew",
        RANGE(KIND_WHOLE, 0, WHOLE_MOST), .method = steps, .trained_traits = TRAIT_NEURONS, AT(batch),
        .content = 30},
    [KEY_EPOCHS] = {"epochs", "", "1", "500",
        "of neurons: passes of Adam over the data, of each start, before L-BFGS ends it; 0: L-BFGS alone",
        RANGE(KIND_WHOLE, 0, 1e9), .fallback = usual_epochs, .method = trains,
        .trained_traits = TRAIT_NEURONS, AT(epochs), .content = 46},
    [KEY_REFINE] = {"refine", "", "", "none",
        "instead of all points those around lines between phases, or where local exponents or the risk change, "
        "on the two innermost axes; all three keys at once: `{what: phase, depth: 4, budget: 0.1}`",
        WORDS(refine_word, REFINE_COUNT), .method = is_refined},
    [KEY_REFINE_DEPTH] = {"refine_depth", "", "1", "4",
        "of refine: cells of 2^depth steps are the coarsest, cut in halves down to single steps",
        RANGE(KIND_WHOLE, 1, 20), .method = is_refined},
    [KEY_REFINE_BUDGET] = {"refine_budget", "", "1", "0.1",
        "of refine: the most of the points, as a share of all, the corners of the coarsest cells among them; those "
        "are computed in any case",
        RANGE(KIND_REAL, 0, 1), .above = true, .method = is_refined},
    [KEY_SOURCE_EXPONENT] = {"source_exponent", "gamma", "1", NULL,
        "teacher coefficients decay as i^-gamma",
        RANGE(KIND_REAL, 0.5, 10), .above = true, .forms = ONE_NUMBER, .traits = TRAIT_POWER_LAW,
        AT(source_exponent), .content = 3, .drawn = true},
    [KEY_COVARIANCE_EXPONENT] = {"covariance_exponent", "a", "1", "0",
        "variances of the coordinates decay as i^-a, their sum being d",
        RANGE(KIND_REAL, 0, 10), .forms = ONE_NUMBER, .fallback = none_asked,
        .traits = TRAIT_POWER_LAW, .method = sees_features,
        AT(covariance_exponent), .content = 17, .drawn = true},
    [KEY_BLOCK_CORRELATION] = {"block_correlation", "rho", "1", "0",
        "of two features of a block, Sigma = D^1/2 C D^1/2 with D of the variances; 0: none",
        RANGE(KIND_REAL, 0, 0.999), .forms = ONE_NUMBER, .fallback = none_asked, .method = sees_features,
        .traits = TRAIT_POWER_LAW, AT(block_correlation), .content = 44, .drawn = true},
    [KEY_BLOCK_SIZE] = {"block_size", "B", "1", "10",
        "neighbouring features that are equicorrelated, of block_correlation; the last block has what is left",
        RANGE(KIND_WHOLE, 2, 1e6), .forms = ONE_NUMBER, .fallback = usual_block, .method = sees_features,
        .traits = TRAIT_POWER_LAW, AT(block_size), .content = 45, .drawn = true},
    [KEY_FEATURES] = {"features", "", "1", "gaussian",
        "law of the entries of a row, before their variances",
        WORDS(feature_word, FEATURES_COUNT), .forms = ONE_NUMBER, .fallback = none_asked,
        .traits = TRAIT_POWER_LAW, .method = sees_features,
        AT(features), .content = 18, .drawn = true},
    [KEY_DEGREES_OF_FREEDOM] = {"degrees_of_freedom", "nu", "1", "6",
        "of features student; variance 1 at any, a fourth moment above 4",
        RANGE(KIND_REAL, 2, 1e6), .above = true, .forms = ONE_NUMBER,
        .fallback = usual_freedom, .traits = TRAIT_POWER_LAW, .method = sees_features, AT(degrees_of_freedom),
        .content = 19, .drawn = true},
    [KEY_SPARSE_SHARE] = {"sparse_share", "epsilon", "1", "0.25",
        "of features sparse: share of the entries that are not 0",
        RANGE(KIND_REAL, 0, 1), .above = true, .forms = ONE_NUMBER, .fallback = usual_share,
        .traits = TRAIT_POWER_LAW, .method = sees_features, AT(sparse_share), .content = 20,
        .drawn = true},
    [KEY_ACTIVATION] = {"activation", "sigma", "1", "quadratic", "of the student",
        WORDS(activation_word, ACTIVATION_COUNT), .forms = ONE_NUMBER, .fallback = none_asked,
        .traits = TRAIT_NEURONS, AT(activation), .content = 31},
    [KEY_TEACHER_ACTIVATION] = {"teacher_activation", "sigma*", "1", "as activation", "of the teacher",
        WORDS(activation_word, ACTIVATION_COUNT), .forms = ONE_NUMBER,
        .fallback = same_activation, .traits = TRAIT_NEURONS, AT(teacher_activation),
        .content = 32, .drawn = true},
    HERMITE(0, 33),
    HERMITE(1, 34),
    HERMITE(2, 35),
    HERMITE(3, 36),
    HERMITE(4, 37),
    HERMITE(5, 38),
    HERMITE(6, 39),
    [KEY_TEACHER_DIRECTIONS] = {"teacher_directions", "", "1", "orthonormal",
        "rows of the teacher, of unit norm",
        WORDS(directions_word, DIRECTIONS_COUNT), .forms = ONE_NUMBER, .fallback = none_asked,
        .traits = TRAIT_NEURONS, AT(teacher_directions), .content = 40, .drawn = true},
    [KEY_READOUT_EXPONENT] = {"readout_exponent", "beta", "1", "0",
        "output weights of the teacher decay as k^-beta, their squares sum to 1",
        RANGE(KIND_REAL, 0, 10), .forms = ONE_NUMBER, .fallback = none_asked,
        .traits = TRAIT_NEURONS, AT(readout_exponent), .content = 41, .drawn = true},
    [KEY_READOUT] = {"readout", "", "1", "fixed", "output weights of the student",
        WORDS(readout_word, READOUT_COUNT), .forms = ONE_NUMBER, .fallback = none_asked,
        .traits = TRAIT_NEURONS, AT(readout), .content = 42},
    [KEY_DIMENSION] = {"dimension", "d", "1", NULL, "input dimension; of data from a file its own",
        RANGE(KIND_WHOLE, 2, 1e12), .forms = ONE_NUMBER, AT(dimension), .content = 4},
    [KEY_NOISE] = {"noise", "Delta", "1", "required, flow 0",
        "VARIANCE of the label noise; less would be lost in R; no part in a flow",
        RANGE(KIND_REAL, NOISE_LEAST, 1e12), .or_zero = true, .forms = ONE_NUMBER, .fallback = none_asked,
        .needed = has_data, AT(noise), .content = 5, .drawn = true},
    [KEY_SEED] = {"seed", "k", "1", "0", "of drawn data, or the order of the rows of a file; in state evolution, of a rotation on rows that are not isotropic alone",
        RANGE(KIND_WHOLE, 0, WHOLE_MOST), .forms = ONE_NUMBER, AT(seed), .content = 6},
    [KEY_DEPTH] = {"depth", "L, h", "1", "2 diagonal, 1 quadratic",
        "layers, diagonal L >= 2; quadratic: h linear ones before the square, h > 1 with width >= d",
        RANGE(KIND_WHOLE, 1, 100), .forms = ONE_NUMBER, .fallback = least_depth,
        .traits = TRAIT_LAYERS, .method = has_layers, AT(depth), .content = 15},
    [KEY_TEACHER_WIDTH] = {"teacher_width", "k", "1", "d", "neurons of the teacher",
        RANGE(KIND_WHOLE, 1, 1e9), .forms = WIDTH_FORMS, .fallback = full_teacher,
        .traits = TRAIT_NEURONS, AT(teacher_width), .content = 43, .drawn = true},
    [KEY_WIDTH] = {"width", "p", "1", "d", "hidden units",
        RANGE(KIND_WHOLE, 1, 1e15), .forms = WIDTH_FORMS, .fallback = full_width,
        .traits = TRAIT_MATRIX, .method = takes_width, AT(width), .content = 7},
    [KEY_SAMPLES] = {"samples", "n", "1", "required, flow 1",
        "number of data; real in state evolution; in bounds R^2 is a normal double; of a flow lambda/n alone counts",
        RANGE(KIND_REAL, SAMPLES_LEAST, SAMPLES_MOST), .forms = SAMPLE_FORMS, .fallback = one_sample,
        .needed = has_data, AT(samples), .content = 8},
    [KEY_WEIGHT_DECAY] = {"weight_decay", "lambda", "1", "this or nuclear_weight",
        "weight of the squared norms, bounds as for samples; 0 of flow and descent alone",
        RANGE(KIND_REAL, WEIGHT_LEAST, WEIGHT_MOST), .or_zero = true, .forms = WEIGHT_FORMS, .fallback = no_weight,
        .method = takes_weight, AT(weight_decay), .content = 9},
    [KEY_NUCLEAR_WEIGHT] = {"nuclear_weight", "lambda_tilde", "1", "this or weight_decay",
        "lambda sqrt(p/d), deeper lambda h (p d)^(q/2)/d with q = 1/h; given to optimal: the best "
        "width at it",
        RANGE(KIND_REAL, WEIGHT_LEAST, WEIGHT_MOST), .or_zero = true, .forms = WEIGHT_FORMS, .fallback = given_weight,
        .traits = TRAIT_MATRIX, .method = takes_nuclear_weight,
        AT(weight_decay), .content = 9},
    [KEY_TIME] = {"time", "tau", "1", NULL,
        "step size times steps on the mean loss, in units of d sqrt(p d)/8, diagonal sqrt(d)/2; of adam in plain "
        "weights; a descent is there after the nearest whole number of steps",
        RANGE(KIND_REAL, 1e-12, 1e12), .or_zero = true, .forms = ONE_NUMBER, .fallback = none_asked,
        .method = in_time, AT(time), .content = 27},
};
#undef WORDS
#undef RANGE
#undef AT
#undef HERMITE
/* clang-format on */

/* In the order of AxisForm; the meanings are those of the reference. */
static const struct {
    const char *name, *meaning;
} forms[FORM_COUNT] = {
    [FORM_NUMBER] = {"number", "v"},
    [FORM_POWER] = {"power", "d^v"},
    [FORM_EFFECTIVE] = {"effective", "n_eff = v; n_eff is n/d of matrices and neurons, else n"},
    [FORM_EFFECTIVE_POWER] = {"effective_power", "n_eff = d^v"},
    [FORM_SQRT_EFFECTIVE] = {"sqrt_effective", "v sqrt(n_eff/d)"},
    [FORM_ROOT_EFFECTIVE] = {"root_effective",
                             "v (n_eff/d)^(1/L), quadratic v (n_eff/d)^(1/(2 h))"},
    [FORM_PROPORTIONAL] = {"proportional", "n_eff = v d: n = v d^2 if quadratic, else v d"},
};

void keys_list(const char *names[KEY_COUNT])
{
    for (int id = 0; id < KEY_COUNT; id++) {
        names[id] = keys_table[id].name;
    }
}

const char *axis_name(AxisId id)
{
    assert(id >= 0 && id < AXIS_COUNT);
    return keys_table[KEY_AXES + id].name;
}

const char *axis_symbol(AxisId id)
{
    assert(id >= 0 && id < AXIS_COUNT);
    return keys_table[KEY_AXES + id].symbol;
}

const char *form_name(AxisForm form)
{
    assert(form >= 0 && form < FORM_COUNT);
    return forms[form].name;
}

static const char *form_word(int k)
{
    return form_name((AxisForm)k);
}

const char *form_meaning(AxisForm form)
{
    assert(form >= 0 && form < FORM_COUNT);
    return forms[form].meaning;
}

/* Its numbers are powers of d: they may be negative, and need not be whole. */
static bool is_exponent(AxisForm form)
{
    return form == FORM_POWER || form == FORM_EFFECTIVE_POWER;
}

/* A multiple of n_eff or of its root is real and positive, whatever the key itself is. */
char *axis_written_name(AxisId id, AxisForm form)
{
    return form == FORM_NUMBER ? checked_format("%s", axis_name(id))
                               : checked_format("%s_%s", axis_name(id), form_name(form));
}

bool key_in_range(const Key *key, AxisForm form, double value)
{
    if (key->kind == KIND_TEXT) {
        return false; /* it is not a number that was written */
    }
    /* NAN is in no range: every comparison with it is false */
    if (is_exponent(form)) {
        return fabs(value) <= EXPONENT_MOST;
    }
    if (key->kind == KIND_WORD) {
        return value >= 0.0 && value < key->word_count;
    }
    if (key->or_zero && value == 0.0) {
        return true;
    }
    return value <= key->high && (key->above ? value > key->low : value >= key->low) &&
           (key->kind != KIND_WHOLE || value == floor(value));
}

bool key_taken(const Key *key, ModelId model, MethodId method)
{
    return model_has(model, key->traits) && (key->method == NULL || key->method(method)) &&
           (!trains(method) || model_has(model, key->trained_traits));
}

bool key_needed(const Key *key, MethodId method)
{
    return key->preset == NULL || (key->needed != NULL && key->needed(method));
}

/* Those words whose bit is set. */
static void print_words(FILE *out, const char *(*word)(int), unsigned set, const char *last)
{
    for (int k = 0; set >> k != 0; k++) {
        if ((set >> k & 1u) != 0) {
            const unsigned left = set >> k >> 1;
            fprintf(out, "%s%s", word(k),
                    left == 0                  ? ""
                    : (left & (left - 1)) == 0 ? last
                                               : ", ");
        }
    }
}

static void print_takers(FILE *out, const Key *key)
{
    unsigned models = 0;
    unsigned methods = 0;
    /* those of which more is asked, and their models */
    unsigned trainings = 0;
    unsigned trained = 0;
    for (int k = 0; k < MODEL_COUNT; k++) {
        models |= (unsigned)model_has((ModelId)k, key->traits) << k;
        trained |= (unsigned)model_has((ModelId)k, key->trained_traits) << k;
    }
    for (int k = 0; k < METHOD_COUNT && key->method != NULL; k++) {
        const bool apart = key->trained_traits != 0 && trains((MethodId)k);
        methods |= (unsigned)(key->method((MethodId)k) && !apart) << k;
        trainings |= (unsigned)apart << k;
    }
    if (key->traits != 0) {
        fputs("model ", out);
        print_words(out, model_word, models, " or ");
    }
    if (methods != 0) {
        fputs(key->traits != 0 ? " with method " : "method ", out);
        print_words(out, method_word, methods, " or ");
    }
    if (key->trained_traits != 0) {
        fputs(methods != 0 ? ", or model " : "model ", out);
        print_words(out, model_word, trained, " or ");
        fputs(" with method ", out);
        print_words(out, method_word, trainings, " or ");
    }
}

static void print_allowed_words(FILE *out, const Key *key)
{
    print_words(out, key->word, (1u << key->word_count) - 1, ", ");
}

/* What a function prints of a key, as a text. */
static char *printed(void (*print)(FILE *out, const Key *key), const Key *key)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for the text of a key");
    }
    print(out, key);
    fclose(out);
    return text;
}

char *key_takers(const Key *key)
{
    return printed(print_takers, key);
}

char *key_allowed(const Key *key, AxisForm form)
{
    if (key->kind == KIND_NAME) {
        return checked_format("up to 63 of a-z, 0-9, _ (not `runs`)");
    }
    if (key->kind == KIND_TEXT) {
        return checked_format("a text of up to %d bytes, no quotes, \\ or #", TEXT_LENGTH - 1);
    }
    if (key->kind == KIND_WORD) {
        return printed(print_allowed_words, key);
    }
    assert(key->low < key->high);
    char *low = text_of_number(is_exponent(form) ? -EXPONENT_MOST : key->low);
    char *high = text_of_number(is_exponent(form) ? EXPONENT_MOST : key->high);
    const bool whole = key->kind == KIND_WHOLE && !is_exponent(form);
    const bool above = key->above && !is_exponent(form);
    char *text = checked_format("%sa %snumber %s %s to %s", key->or_zero ? "0 or " : "",
                                whole ? "whole " : "", above ? "above" : "from", low, high);
    free(low);
    free(high);
    return text;
}

/* NULL, or what is wrong; the most telling of no number, not whole, out of range. */
static const char *read_number(const Key *key, AxisForm form, const char *text, double *value)
{
    *value = text_number(text);
    if (isnan(*value)) {
        return "is no decimal number within the range of doubles";
    }
    if (key_in_range(key, form, *value)) {
        return NULL;
    }
    const bool whole = key->kind == KIND_WHOLE && !is_exponent(form);
    return whole && *value != floor(*value) ? "is not whole" : "is out of range";
}

/* Likewise; `runs` is the archive's table of runs, beside the groups of the sweeps. */
static const char *check_name(const char *text)
{
    const size_t legal = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    const bool good = legal > 0 && text[legal] == '\0' && legal < NAME_LENGTH;
    return good && strcmp(text, "runs") != 0 ? NULL : "is no name of a sweep";
}

/* What YAML, and one line of a message, can hold as it is. */
static const char *check_text(const char *text)
{
    const size_t length = strlen(text);
    bool good = length > 0 && length < TEXT_LENGTH && strpbrk(text, "\"'\\#") == NULL &&
                strstr(text, ": ") == NULL && strchr("[{&*!|>%@` -", text[0]) == NULL &&
                text[length - 1] != ':' && text[length - 1] != ' ';
    for (size_t k = 0; k < length; k++) {
        good = good && (unsigned char)text[k] >= ' ' && text[k] != 127;
    }
    return good ? NULL : "is no name that is taken";
}

static char *read_word(const Key *key, const char *text, double *value)
{
    const char *names[WORDS_MOST];
    assert(key->word_count <= WORDS_MOST);
    for (int k = 0; k < key->word_count; k++) {
        names[k] = key->word(k);
    }
    const int found = text_find(names, key->word_count, text);
    *value = found;
    if (found >= 0) {
        return NULL;
    }
    char *hint = text_hint(names, key->word_count, text);
    char *error = checked_format("%s is unknown%s", text_show(text).text, hint);
    free(hint);
    return error;
}

char *key_read(const Key *key, AxisForm form, const char *text, double *value)
{
    if (key->kind == KIND_WORD) {
        return read_word(key, text, value);
    }
    const char *wrong = key->kind == KIND_NAME   ? check_name(text)
                        : key->kind == KIND_TEXT ? check_text(text)
                                                 : read_number(key, form, text, value);
    *value = key->kind == KIND_TEXT ? 1.0 : *value;
    if (wrong == NULL) {
        return NULL;
    }
    char *allowed = key_allowed(key, form);
    char *error = checked_format("%s %s; allowed: %s", text_show(text).text, wrong, allowed);
    free(allowed);
    return error;
}

double key_default(const Key *key, const Problem *so_far)
{
    if (key->fallback != NULL) {
        return key->fallback(so_far);
    }
    double value = NAN;
    char *error = key_read(key, FORM_NUMBER, key->preset, &value);
    assert(error == NULL);
    (void)error;
    return value;
}

void key_put(const Key *key, Problem *problem, double value)
{
    static_assert(sizeof(ModelId) == sizeof(int), "a word is an int, however it is declared");
    char *member = (char *)problem + key->member - 1;
    const int word = (int)value;
    assert(key->member > 0);
    memcpy(member, key->kind == KIND_WORD ? (const void *)&word : &value,
           key->kind == KIND_WORD ? sizeof word : sizeof value);
}

double key_get(const Key *key, const Problem *problem)
{
    const char *member = (const char *)problem + key->member - 1;
    double value;
    int word;
    assert(key->member > 0);
    if (key->kind == KIND_WORD) {
        memcpy(&word, member, sizeof word);
        return word;
    }
    memcpy(&value, member, sizeof value);
    return value;
}

char *key_text(const Key *key, double value)
{
    if (!key_in_range(key, FORM_NUMBER, value)) {
        return NULL;
    }
    return key->kind == KIND_WORD ? checked_format("%s", key->word((int)value))
                                  : text_of_number(value);
}

char *axis_text(AxisId id, double value)
{
    const Key *key = &keys_table[KEY_AXES + id];
    return key->kind == KIND_WORD ? key_text(key, value) : text_of_number(value);
}

void keys_print(FILE *file)
{
    fputs("| key | symbol | allowed | default | forms | meaning |\n"
          "|---|---|---|---|---|---|\n",
          file);
    for (int id = 0; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        char *allowed = key_allowed(key, FORM_NUMBER);
        char *takers = key_takers(key);
        fprintf(file, "| `%s` | %s | %s | %s | ", key->name, key->symbol, allowed,
                key->preset == NULL ? "required" : key->preset);
        print_words(file, form_word, key->forms, ", ");
        fprintf(file, " | %s%s%s |\n", key->meaning, takers[0] != '\0' ? "; only " : "",
                takers);
        free(allowed);
        free(takers);
    }
    fputs("\n| form | what the value v means |\n|---|---|\n", file);
    for (AxisForm form = 0; form < FORM_COUNT; form++) {
        fprintf(file, "| `%s` | %s |\n", forms[form].name, forms[form].meaning);
    }
}

/* By a point whose rows are drawn? */
static bool taken_by_drawn(KeyId id)
{
    const bool of_rows =
        id == KEY_DATA || id == KEY_TARGET || id == KEY_HOLD_OUT || id == KEY_FOLDS;
    bool taken = false;
    for (int k = 0; k < MODEL_COUNT * METHOD_COUNT && !of_rows; k++) {
        const MethodId method = (MethodId)(k / MODEL_COUNT);
        taken = taken || (method_facts(method)->draws_data &&
                          key_taken(&keys_table[id], (ModelId)(k % MODEL_COUNT), method));
    }
    return taken;
}

/* A single point needs no name; `drawn` NULL: all keys. */
static void print_help(FILE *out, const Key *drawn)
{
    fputs("Keys:\n", out);
    for (int id = KEY_NAME + 1; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        if (drawn != NULL && !taken_by_drawn((KeyId)id)) {
            continue;
        }
        char *allowed = key_allowed(key, FORM_NUMBER);
        fprintf(out, "  %-16s %s (%s)\n", key->name, allowed,
                key->preset == NULL ? "required" : key->preset);
        free(allowed);
    }
}

char *keys_help(void)
{
    return printed(print_help, NULL);
}

char *keys_help_drawn(void)
{
    return printed(print_help, keys_table);
}

void keys_print_plain(FILE *file)
{
    for (int id = 0; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        char *allowed = key_allowed(key, FORM_NUMBER);
        char *takers = key_takers(key);
        fprintf(file, "%s%s%s%s: %s%s%s\n    allowed: %s\n    default: %s\n", key->name,
                key->symbol[0] != '\0' ? " (" : "", key->symbol,
                key->symbol[0] != '\0' ? ")" : "", key->meaning,
                takers[0] != '\0' ? "; only " : "", takers, allowed,
                key->preset == NULL ? "required" : key->preset);
        if (id >= KEY_AXES) {
            fputs("    forms: ", file);
            print_words(file, form_word, key->forms, ", ");
            fputs("\n", file);
        }
        free(allowed);
        free(takers);
    }
    fputs("\nforms: what the value v means\n", file);
    for (AxisForm form = 0; form < FORM_COUNT; form++) {
        fprintf(file, "    %-16s %s\n", forms[form].name, forms[form].meaning);
    }
}
