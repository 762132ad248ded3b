/* problem.h - the parameters of one grid point, resolved to plain numbers.
 *
 * Notation and normalisation of theory.md section 1: training minimises
 * sum (y - f)^2 + lambda (|W|^2 + |a|^2) over n samples, no 1/n, no 1/2.
 */
#ifndef PHASESWEEP_MODEL_PROBLEM_H
#define PHASESWEEP_MODEL_PROBLEM_H

#include <stdbool.h>

#include "phasesweep/model/activation.h"

/* The networks of theory.md section 1; what each is stands in model.h. */
typedef enum ModelId {
    /* f = Tr[S (x x^T - I)] / sqrt(d), S = W^T W / sqrt(p d) */
    MODEL_QUADRATIC,
    /* f = a.(w o x) / sqrt(d) */
    MODEL_DIAGONAL,
    /* f = theta.x with weight decay, no network: a yardstick */
    MODEL_RIDGE,
    /* the quadratic network whose neurons count with either sign, S = W^T diag(a) W / sqrt(p
     * d), a_k = +-1 */
    MODEL_SIGNED,
    /* f = sum_k v_k sigma(w_k.x), with a teacher of the same form (theory.md section 16) */
    MODEL_NEURONS,
    MODEL_COUNT
} ModelId;

/* How a point is solved (theory.md sections 2 and 3, 6, 4, 8, 8); what each is stands in
 * method_facts.h. */
typedef enum MethodId {
    /* fixed point of the state-evolution equations */
    METHOD_STATE_EVOLUTION,
    /* Bayes-optimal risk */
    METHOD_BAYES,
    /* state evolution at the best weight decay, or at a given nuclear weight the best width */
    METHOD_OPTIMAL,
    /* empirical risk minimisation on drawn samples */
    METHOD_TRAINING,
    /* approximate message passing on drawn samples */
    METHOD_AMP,
    /* population gradient flow, in closed form (section 17) */
    METHOD_FLOW,
    /* gradient descent, SGD or Adam on the weights, on drawn samples (section 17) */
    METHOD_DESCENT,
    METHOD_COUNT
} MethodId;

#define ALL_METHODS ((1u << METHOD_COUNT) - 1u)

/* How a descent steps. */
typedef enum Optimizer {
    OPTIMIZER_GD, /* all rows */
    OPTIMIZER_SGD,
    OPTIMIZER_ADAM,
    OPTIMIZER_COUNT
} Optimizer;

/* Most steps of a descent. */
#define DESCENT_STEPS_MOST 2e9

/* Most numbers of the start of a flow: (p + d) d where a matrix is drawn, else d. */
#define FLOW_NUMBERS_MOST 2e8

/* Of a flow whose coordinates mix: the exponent by which its fastest one grows in one closed
 * form, so that squares stay within doubles, and closed forms one after the other. */
#define FLOW_GROWTH_MOST 150.0
#define FLOW_STEPS_MOST 1e5
#define FLOW_COORDINATES_MOST 1e8

/* Neurons of a network that are told one by one; part of the file format. */
enum { NEURONS_STORED = 64 };

/* Law of the independent entries of a row before its covariance, all of mean 0 and variance 1;
 * what each is stands in features.h. */
typedef enum FeatureLaw {
    FEATURES_GAUSSIAN,
    FEATURES_RADEMACHER,
    FEATURES_UNIFORM,
    FEATURES_LAPLACE,
    FEATURES_STUDENT,
    FEATURES_SPARSE,
    FEATURES_COUNT
} FeatureLaw;

/* Rows of the teacher of MODEL_NEURONS, of unit norm. */
typedef enum TeacherDirections {
    /* orthonormal, Haar; k <= d */
    DIRECTIONS_ORTHONORMAL,
    /* independent and uniform on the sphere */
    DIRECTIONS_GAUSSIAN,
    DIRECTIONS_COUNT
} TeacherDirections;

/* Output weights of a student of MODEL_NEURONS. */
typedef enum Readout { READOUT_FIXED, READOUT_TRAINED, READOUT_COUNT } Readout;

/* Where the rows are between two uses. */
typedef enum SampleStore {
    /* double if that fits the memory given, else none */
    STORE_AUTO,
    /* 8 d bytes a row */
    STORE_DOUBLE,
    /* 4 d bytes a row; entries rounded, labels not: slightly other data */
    STORE_FLOAT,
    /* made again at every use: one block, however many rows; same bits */
    STORE_NONE,
    STORE_COUNT
} SampleStore;

/* Whole numbers are held as doubles: d = 10^8 in state evolution needs n of 1e40.  What takes
 * part in the content of a chain, and where a number comes from, stands in the rows of keys.c.
 */
typedef struct Problem {
    ModelId model;
    MethodId method;
    /* of a file whose rows are the data, a number that tells its content; 0: data are drawn. Of
     * data from a file nothing is known that says how others are drawn: those are 0 */
    double data;
    /* of that file in all, whose order takes memory while it is read; 0: not known.  No key:
     * the content tells it */
    double data_rows;
    /* rows of the file that no training sees, >= 0 and whole */
    double hold_out;
    /* of cross-validation, whole: 0, none, or 2 and more */
    double folds;
    /* gamma > 1/2: teacher coefficients decay as i^-gamma */
    double source_exponent;
    /* a >= 0: variances of the coordinates decay as i^-a (features.h); 0: all are 1 */
    double covariance_exponent;
    /* rho in [0, 1) of two features of a block (features.h), and features of a block, whole and
     * at least 2; 0 and 0: none are correlated */
    double block_correlation, block_size;
    FeatureLaw features;
    /* nu > 2 of FEATURES_STUDENT, else 0 */
    double degrees_of_freedom;
    /* share of the entries that are not 0, of FEATURES_SPARSE, else 0 */
    double sparse_share;
    /* d, whole number >= 2 */
    double dimension;
    /* Delta >= 0, VARIANCE of the label noise */
    double noise;
    /* whole number >= 0; used by training and amp only */
    double seed;
    /* whole number of layers: L >= 2 of the diagonal network, h >= 1 linear ones before the
     * square of the quadratic one; 0: as many as that least */
    double depth;
    /* p, whole number >= 1; used by the quadratic model */
    double width;
    /* n > 0, number of data (not n_eff); real in state evolution */
    double samples;
    /* lambda > 0, of flow and descent >= 0; NAN where the method takes none, or finds it */
    double weight_decay;
    /* of student and teacher, and what MODEL_NEURONS has beside them; others have 0 */
    ActivationId activation, teacher_activation;
    /* c_l of sum_l c_l He_l(z), of whichever of the two is ACTIVATION_HERMITE */
    double hermite[HERMITE_KEYS];
    TeacherDirections teacher_directions;
    /* k, whole number >= 1: neurons of the teacher */
    double teacher_width;
    /* beta >= 0: v_k ~ k^-beta, sum v_k^2 = 1 */
    double readout_exponent;
    Readout readout;
    /* > 0, relative; what it bounds is stated by the method */
    double tolerance;
    /* 0 or 1: of the teacher's coefficients; networks with TRAIT_SIGNS */
    int random_signs;
    /* 0 or 1: the eigenvectors of S* are a Haar rotation, not the coordinates; no other data
     * where rows are isotropic and Gaussian */
    int rotated;
    /* 0 or 1: a bias and a weight for every coordinate beside the matrix, without a penalty;
     * used by training */
    int linear_unit;
    /* used by training and amp only */
    SampleStore store;
    /* of amp, in [0, 1); negative: as little as it needs */
    double damping;
    /* of flow and descent: tau >= 0 where theory.md section 17 says what its unit is; 0 for
     * others, as below */
    double time;
    /* the standard deviation of the weights at the start, > 0 */
    double start_scale;
    /* of descent: step size > 0 in units of tau, of Adam in plain weights; rows of a batch,
     * whole, 0: all.  Of Adam in a training of neurons, too, where 0 is a third of the rows */
    double learning_rate, batch;
    /* of that training, whole, 0: none */
    double epochs;
    /* of descent; and of flow, too: 0 or 1, is the start aligned with the teacher, or drawn */
    Optimizer optimizer;
    int start_aligned;
    /* effort of training and amp, a point: iterations and seconds, 0: no limit but the
     * trainer's own; no part of what a converged point is */
    double iteration_limit, time_limit;
} Problem;

/* Local.  Names as written in job files; static strings, never NULL. */
const char *model_name(ModelId model);

/* Local.  "auto", "double", "float", "none"; static strings. */
const char *store_name(SampleStore store);

/* Local.  As written in job files; static strings. */
const char *directions_name(TeacherDirections directions);
const char *readout_name(Readout readout);

/* Local.  sigma of the student, and of the teacher, of MODEL_NEURONS. */
Activation problem_activation(const Problem *problem);
Activation problem_teacher_activation(const Problem *problem);

/* Local.  n_eff of the network. */
double problem_effective_samples(const Problem *problem);

/* Local.  q of the penalty |t|^q that weight decay on all layers amounts to (theory.md section
 * 11): 2/L, 1/h; 1 at the least depth, and for a model without layers. */
double problem_power(const Problem *problem);

/* Local.  lt = lambda sqrt(p/d), the weight of the nuclear norm, deeper lambda h (p d)^(q/2)/d;
 * lambda itself for a network that learns no matrix. */
double problem_nuclear_weight(const Problem *problem);

/* Local.  l, weight decay per unit of time tau and of the teacher (theory.md section 17): what
 * a flow and a descent have in common. */
double problem_time_decay(const Problem *problem);

/* Local.  The weight decay that gives nuclear weight lt at this model, width, dimension. */
double problem_weight_decay(const Problem *problem, double nuclear_weight);

/* Local.  Closed forms that a flow from 0 to its time takes, at most; not rounded. */
double problem_flow_steps(const Problem *problem);

#endif
