/* problem.h - the parameters of one grid point, resolved to plain numbers.
 *
 * Notation and normalisation of theory.md section 1: training minimises
 * sum (y - f)^2 + lambda (|W|^2 + |a|^2) over n samples, no 1/n, no 1/2.
 */
#ifndef PHASESWEEP_PROBLEM_H
#define PHASESWEEP_PROBLEM_H

#include <stdbool.h>

typedef enum Model {
    MODEL_QUADRATIC,    /* f = Tr[S (x x^T - I)] / sqrt(d), S = W^T W / sqrt(p d) */
    MODEL_DIAGONAL,     /* f = a.(w o x) / sqrt(d) */
    MODEL_COUNT
} Model;

typedef enum Method {
    METHOD_STATE_EVOLUTION, /* fixed point of the state-evolution equations */
    METHOD_BAYES,           /* Bayes-optimal risk */
    METHOD_OPTIMAL,         /* state evolution at the best weight decay */
    METHOD_TRAINING,        /* empirical risk minimisation on drawn samples */
    METHOD_AMP,             /* approximate message passing on drawn samples */
    METHOD_COUNT
} Method;

/* Where the rows are between two uses. */
typedef enum SampleStore {
    STORE_AUTO,     /* double if that fits the memory given, else none */
    STORE_DOUBLE,   /* 8 d bytes a row */
    STORE_FLOAT,    /* 4 d bytes a row; entries rounded, labels not: slightly other data */
    STORE_NONE,     /* made again at every use: one block, however many rows; same bits */
    STORE_COUNT
} SampleStore;

typedef struct Problem {
    Model  model;
    Method method;
    double source_exponent; /* gamma > 1/2: teacher coefficients decay as i^-gamma */
    double dimension;       /* d, whole number >= 2 */
    double noise;           /* Delta >= 0, VARIANCE of the label noise */
    double seed;            /* whole number >= 0; used by training and amp only */
    double width;           /* p, whole number >= 1; used by the quadratic model */
    double samples;         /* n > 0, number of data (not n_eff); real in state evolution */
    double weight_decay;    /* lambda > 0; NAN for methods that take none */
    double tolerance;       /* > 0, relative; what it bounds is stated by the method */
    bool   random_signs;    /* of the teacher's coefficients; diagonal model */
    SampleStore store;      /* used by training and amp only */
} Problem;

/* Local.  Names as written in job files; static strings, never NULL. */
const char *model_name(Model model);
const char *method_name(Method method);

/* Local.  "auto", "double", "float", "none"; static strings. */
const char *store_name(SampleStore store);

/* Local.  Does the method draw samples, and leave a spectrum? */
bool method_trains(Method method);

/* Local.  Does the method take a weight decay, rather than find the best or need none? */
bool method_decays(Method method);

/* Local.  The tolerance taken where none is given: residual of the fixed-point equations 1e-9;
 * duality gap of a training 1e-6. */
double method_tolerance(Method method);

/* Local.  n_eff: n for the diagonal network, n/d for the quadratic one. */
double problem_effective_samples(const Problem *problem);

/* Local.  lt = lambda sqrt(p/d), the weight of the nuclear norm (quadratic); for the
 * diagonal network lambda itself. */
double problem_nuclear_weight(const Problem *problem);

/* Local.  The weight decay that gives nuclear weight lt at this model, width, dimension. */
double problem_weight_decay(const Problem *problem, double nuclear_weight);

#endif
