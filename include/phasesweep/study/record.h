/* record.h - the two tables of results: fields, one number a point, and series, a row of
 * numbers a point; archive, JSON and (through the archive) Python read them.
 *
 * What could not be computed is NAN; what its method does not have is absent.  The order is
 * that of the row checksum, fields before series: append, never reorder.
 */
#ifndef PHASESWEEP_STUDY_RECORD_H
#define PHASESWEEP_STUDY_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/model/problem.h"

/* Which methods have a field. */
#define HAS_EVOLUTION (1u << METHOD_STATE_EVOLUTION)
#define HAS_BAYES (1u << METHOD_BAYES)
#define HAS_OPTIMAL (1u << METHOD_OPTIMAL)
#define HAS_TRAINING (1u << METHOD_TRAINING)
#define HAS_AMP (1u << METHOD_AMP)
#define HAS_FLOW (1u << METHOD_FLOW)
#define HAS_DESCENT (1u << METHOD_DESCENT)
#define HAS_THEORY (HAS_EVOLUTION | HAS_OPTIMAL)
#define HAS_INSTANCE (HAS_TRAINING | HAS_AMP)
#define HAS_NETWORK (HAS_THEORY | HAS_INSTANCE)
#define HAS_FIXED_POINT (HAS_THEORY | HAS_BAYES | HAS_AMP)
#define HAS_CUT (HAS_THEORY | HAS_AMP)
#define HAS_LEARNED (HAS_NETWORK | HAS_FLOW | HAS_DESCENT)
#define HAS_FITTED (HAS_NETWORK | HAS_DESCENT)
#define HAS_BOUND (HAS_TRAINING | HAS_DESCENT)
#define HAS_SPECTRUM (HAS_INSTANCE | HAS_FLOW | HAS_DESCENT)
#define HAS_ALL (HAS_LEARNED | HAS_BAYES)
/* State evolution and optima of a sweep that gives a depth. */
#define HAS_DEPTH (1u << METHOD_COUNT)
#define HAS_SEVERAL (HAS_BAYES | HAS_DEPTH)
/* Trainings of a sweep that gives a depth. */
#define HAS_DEEP_TRAINING (1u << (METHOD_COUNT + 1))

/* Trainings of a sweep that holds rows out. */
#define HAS_HOLD_OUT (1u << (METHOD_COUNT + 2))
/* Trainings of a sweep that cross-validates. */
#define HAS_FOLDS (1u << (METHOD_COUNT + 3))

/* Sweeps of the model of neurons, by any method. */
#define HAS_NEURONS (1u << (METHOD_COUNT + 4))

/* How a field is stored. */
typedef enum FieldKind {
    /* float64 */
    FIELD_REAL,
    FIELD_PHASE /* int8 with the names of phase.h; NAN is stored as -1 */
} FieldKind;

/* suffix, kind, methods, name, unit, symbol, equation (theory.md section), long name */
#define FIELD_LIST(X)                                                                          \
    X(SAMPLES, REAL, ALL, "resolved_samples", "1", "n", "1", "number of samples")              \
    X(EFFECTIVE, REAL, ALL, "effective_samples", "1", "n_eff", "1",                            \
      "n/d quadratic or signed, n diagonal")                                                   \
    X(WEIGHT_DECAY, REAL, ALL, "resolved_weight_decay", "1", "lambda", "1", "weight decay")    \
    X(NUCLEAR, REAL, ALL, "resolved_nuclear_weight", "1", "lambda_tilde", "1",                 \
      "weight of the nuclear norm: lambda sqrt(p/d), at depth h lambda h (p d)^(q/2)/d with "  \
      "q = 1/h; diagonal: lambda")                                                             \
    X(WIDTH, REAL, ALL, "resolved_width", "1", "p", "1", "hidden units; diagonal: d")          \
    X(RISK, REAL, ALL, "risk", "1", "R", "1",                                                  \
      "excess risk |S - S*|^2/d (diagonal |theta - theta*|^2) where features have variance "   \
      "1, "                                                                                    \
      "without label noise")                                                                   \
    X(PREDICTION_RISK, REAL, ALL, "prediction_risk", "1", "E(f-f*)^2", "1",                    \
      "mean squared error of the output: R diagonal, 2 R quadratic of Gaussian features")      \
    X(DELTA, REAL, FIXED_POINT, "delta", "1", "delta", "2 (E1), 3, 10",                        \
      "effective noise delta; diagonal: tau")                                                  \
    X(THRESHOLD, REAL, CUT, "threshold", "1", "b", "2 (E2), 3, 10",                            \
      "threshold on eigenvalues or coefficients; ridge: shrinkage 1/(1 + b)")                  \
    X(OVERLAP_Q, REAL, LEARNED, "overlap_q", "1", "q", "2", "|S|^2/d; diagonal |theta|^2")     \
    X(OVERLAP_M, REAL, LEARNED, "overlap_m", "1", "m", "2",                                    \
      "Tr S S*/d; diagonal theta.theta*")                                                      \
    X(TRACE, REAL, LEARNED, "trace", "1", "Tr S/d", "2",                                       \
      "Tr S/d; signed |S|_*/d; diagonal |theta|_1")                                            \
    X(RANK, REAL, LEARNED, "learned_rank", "1", "rank S", "7",                                 \
      "rank of the learned weights (expected, for theory); diagonal: active coefficients")     \
    X(OBJECTIVE, REAL, FITTED, "objective", "1", "F", "1, 2, 10", "training objective")        \
    X(TRAIN_LOSS, REAL, FITTED, "train_loss", "1", "sum res^2/n", "2, 3, 10",                  \
      "mean squared residual over the samples")                                                \
    X(EXPONENT_SAMPLES, REAL, THEORY, "exponent_samples", "1", "d log R/d log n", "4",         \
      "exact local exponent in the samples")                                                   \
    X(EXPONENT_WEIGHT_DECAY, REAL, THEORY, "exponent_weight_decay", "1",                       \
      "d log R/d log lambda", "4", "exact local exponent in the weight decay")                 \
    X(PHASE_PREDICTED, PHASE, THEORY, "phase_predicted", "1", "", "4",                         \
      "phase by the table of boundaries")                                                      \
    X(PHASE_MEASURED, PHASE, THEORY, "phase_measured", "1", "", "4",                           \
      "phase by the exact local exponents")                                                    \
    X(OPTIMAL_WEIGHT_DECAY, REAL, OPTIMAL, "optimal_weight_decay", "1", "lambda_opt", "4",     \
      "weight decay of least risk")                                                            \
    X(OVERFITTING, REAL, THEORY, "overfitting", "1", "", "7", "risk of learned noise")         \
    X(UNDERFITTING, REAL, THEORY, "underfitting", "1", "", "7",                                \
      "risk of features hidden in the bulk")                                                   \
    X(APPROXIMATION, REAL, THEORY, "approximation", "1", "", "7", "risk of learned features")  \
    X(CROSS, REAL, THEORY, "cross", "1", "", "7", "what the bulk learned of hidden features")  \
    X(OUTLIERS, REAL, NETWORK, "outliers", "1", "", "7",                                       \
      "eigenvalues above the bulk: learned features")                                          \
    X(BULK_EDGE, REAL, NETWORK, "bulk_edge", "1", "", "7",                                     \
      "upper edge of the bulk of learned eigenvalues")                                         \
    X(STABLE_RANK, REAL, SPECTRUM, "stable_rank", "1", "|S|_F^2/|S|^2", "7", "stable rank")    \
    X(PARTICIPATION, REAL, SPECTRUM, "participation_ratio", "1", "(Tr S)^2/|S|_F^2", "7",      \
      "participation ratio")                                                                   \
    X(TAIL_EXPONENT, REAL, LEARNED, "tail_exponent", "1", "", "7",                             \
      "power-law exponent of the learned spectrum, from 50 values on (theory: key spectrum)")  \
    X(TAIL_ERROR, REAL, LEARNED, "tail_exponent_error", "1", "", "7",                          \
      "standard error of the tail exponent")                                                   \
    X(FEATURE_OVERLAP, REAL, SPECTRUM, "feature_overlap", "1", "", "7",                        \
      "squared overlap of the leading learned vector with its teacher vector")                 \
    X(SOLUTIONS, REAL, SEVERAL, "solutions", "1", "", "6, 11", "fixed points found")           \
    X(RISK_UNINFORMED, REAL, SEVERAL, "risk_uninformed", "1", "", "6, 11",                     \
      "risk of the solution reached from R = 1")                                               \
    X(RISK_SIGNS, REAL, BAYES, "risk_random_signs", "1", "", "6",                              \
      "diagonal: risk if the signs of the coefficients are not known")                         \
    X(START_SPREAD, REAL, TRAINING, "start_spread", "1", "", "8",                              \
      "not convex: relative spread of the objective over the starts")                          \
    X(ITERATIONS, REAL, ALL, "iterations", "1", "", "2, 8",                                    \
      "evaluations of the overlaps, or steps of the training")                                 \
    X(RESIDUAL, REAL, FIXED_POINT, "residual", "1", "", "2",                                   \
      "relative error of the fixed-point equations; amp: change of S and delta")               \
    X(GAP, REAL, BOUND, "gap", "1", "gap/F", "8", "relative duality gap")                      \
    X(SECONDS, REAL, ALL, "seconds", "s", "", "",                                              \
      "wall time of the point; not in the checksum")                                           \
    X(DAMPING, REAL, AMP, "last_damping", "1", "k", "8",                                       \
      "share of the iterate before that the last iteration kept")                              \
    X(OPTIMAL_WIDTH, REAL, OPTIMAL, "optimal_width", "1", "p_opt", "5",                        \
      "width of least risk at the nuclear weight given; d: any from the rank up")              \
    X(STABILITY, REAL, DEPTH, "stability", "1", "sum E eta'^2/n", "11",                        \
      "response of the estimate to its noise, without the jump; diagonal")                     \
    X(STEEPNESS, REAL, DEPTH, "steepness", "1", "d log(R + noise)/d log t", "11",              \
      "of one iteration of (E1) along (E2): 1 where a solution ends")                          \
    X(RISK_SPREAD, REAL, DEEP_TRAINING, "start_risk_spread", "1", "", "11",                    \
      "highest minus lowest risk over the starts")                                             \
    X(STATIONARITY, REAL, DEEP_TRAINING, "stationarity", "1", "", "11",                        \
      "change of S, or of the coefficients, in one more step, over their norm, which "         \
      "tolerance bounds; neurons: |grad F| |weights|/F, not bounded by tolerance, which is "   \
      "for the fall of F that is still expected, over F")                                      \
    X(ERROR_ESTIMATE, REAL, TRAINING, "prediction_error_estimate", "1", "E(y-f)^2", "12",      \
      "mean squared error of the output on new labels, label noise included, estimated from "  \
      "the training data alone")                                                               \
    X(RISK_ESTIMATE, REAL, TRAINING, "risk_estimate", "1", "R", "12",                          \
      "excess risk, without label noise, estimated from the training data alone; absent "      \
      "where noise_estimate is, and of matrices where all rows have nearly the same norm")     \
    X(NOISE_ESTIMATE, REAL, TRAINING, "noise_estimate", "1", "Delta", "12",                    \
      "variance of the label noise, estimated from the training data alone; absent where "     \
      "rows are not isotropic, or those of a file too far from Gaussian")                      \
    X(LINEAR_SQUARE, REAL, TRAINING, "linear_unit_square", "1", "E(w.x+c)^2", "13",            \
      "mean square of what linear unit and bias add to the output; with key linear_unit")      \
    X(TEST_ERROR, REAL, HOLD_OUT, "test_error", "1", "E(y-f)^2", "15",                         \
      "mean squared error of the output on the rows held out")                                 \
    X(CLASSIFICATION_ERROR, REAL, HOLD_OUT, "classification_error", "1", "", "15",             \
      "share of the rows held out whose sign is wrong, where all their targets are 1 or -1")   \
    X(VALIDATION_ERROR, REAL, FOLDS, "cross_validation_error", "1", "E(y-f)^2", "15",          \
      "mean squared error of each row by the training that leaves out its fold")               \
    X(EXPONENT_TIME, REAL, FLOW, "exponent_time", "1", "d log R/d log tau", "17",              \
      "exact local exponent in the time")                                                      \
    X(MU_1, REAL, NEURONS, "mu_1", "1", "mu_1", "16",                                          \
      "E sigma(z) z of the teacher's activation")                                              \
    X(MU_2, REAL, NEURONS, "mu_2", "1", "mu_2", "16",                                          \
      "E sigma(z) (z^2 - 1) of the teacher's activation")                                      \
    X(HIGHER, REAL, NEURONS, "higher_variance", "1", "g(1)", "16",                             \
      "variance of the teacher beyond its quadratic part")                                     \
    X(EFFECTIVE_NOISE, REAL, NEURONS, "effective_noise", "1", "Delta_eff", "16",               \
      "label noise of the quadratic network that a quadratic student of this teacher is")      \
    X(SPECIALISED, REAL, NEURONS, "specialised", "1", "k_c", "16",                             \
      "neurons of the teacher that are learned one by one")                                    \
    X(SAMPLED_RISK, REAL, NEURONS, "sampled_risk", "1", "mean (f-f*)^2", "8",                  \
      "mean squared error of a trained output over 16384 rows that no training sees")          \
    X(WITHIN_SPINODAL, REAL, NEURONS, "within_spinodal", "1", "", "16",                        \
      "neurons of the teacher with a solution, stable or metastable, that has learned them")   \
    X(SPECIALISED_OVERLAP, REAL, NEURONS, "specialised_overlap", "1", "q_W", "16",             \
      "overlap of each neuron with its estimate where all of a teacher's are alike; 0: none "  \
      "is "                                                                                    \
      "learned")

typedef enum FieldId {
#define X(suffix, kind, methods, name, unit, symbol, equation, long_name) FIELD_##suffix,
    FIELD_LIST(X)
#undef X
        FIELD_COUNT
} FieldId;

/* One row of the table; all strings static. */
typedef struct Field {
    FieldKind kind;
    /* bit 1u << method, HAS_DEPTH, HAS_DEEP_TRAINING, HAS_HOLD_OUT, HAS_FOLDS, HAS_NEURONS */
    unsigned methods;
    const char *name, *unit, *symbol, *equation, *long_name;
} Field;

/* The name that a field had in files before schema 3 and has in the JSON of `point`, on which
 * scripts rely: xarray has a method called rank. */
#define FIELD_RANK_OLD "rank"

/* By FieldId. */
extern const Field record_fields[FIELD_COUNT];

/* The result of one point, whatever its method. */
typedef struct Record {
    /* says which fields may be there: converged all of the method's, failed next to none */
    Outcome outcome;
    /* NAN: absent */
    double value[FIELD_COUNT];
} Record;

/* Local.  A record without a single value. */
Record record_empty(void);

/* Local.  What is known of a point before it is solved: n, n_eff, lambda, lt, p; NAN for other
 * fields. */
double record_resolved(const Problem *problem, FieldId field);

/* Local.  Of a point without a result: its outcome and what is known before it is solved. */
Record record_unsolved(const Problem *problem, Outcome outcome);

/* What a sweep has beside its method. */
typedef struct SweepExtras {
    bool depth, hold_out, folds, neurons;
} SweepExtras;

/* Local.  Bit 1 << field for every field of such a sweep. */
uint64_t record_fields_of(MethodId method, SweepExtras extras);

/* ---- series ------------------------------------------------------------------------------ */

/* The dimension that numbers of a series are counted along, from 1.  Its length is one for a
 * sweep (sweep_series of sweep.h); rows that have fewer numbers end in NAN. */
typedef enum IndexId {
    INDEX_EIGENVALUE,
    INDEX_DENSITY,
    INDEX_OUTLIER,
    INDEX_ITERATION,
    /* neurons; the second and third are those across matrices */
    INDEX_STUDENT,
    INDEX_TEACHER,
    INDEX_OTHER_STUDENT,
    INDEX_COUNT,
    INDEX_NONE = INDEX_COUNT
} IndexId;

/* Lengths that no key gives; part of the file format. */
enum {
    OUTLIERS_STORED = 512,
    ITERATIONS_STORED = 256,
    FLOW_STORED = 4096 /* leading eigenvalues of a flow */
};

/* suffix, index, second index of what is a matrix (row by row), methods, name, unit, symbol,
 * equation (theory.md section), long name; those along INDEX_STUDENT are of networks of neurons
 * alone */
#define SERIES_LIST(X)                                                                         \
    X(EIGENVALUES, EIGENVALUE, NONE, SPECTRUM, "eigenvalues", "1", "", "7",                    \
      "eigenvalues of S, descending; signed: their sizes; diagonal: |theta|")                  \
    X(DENSITY_POSITION, DENSITY, NONE, THEORY, "density_position", "1", "x - b", "7",          \
      "learned eigenvalues of the bulk at which its density is given, ascending")              \
    X(DENSITY, DENSITY, NONE, THEORY, "density", "1", "dmu/dx", "2, 7",                        \
      "predicted density of the bulk, as a share of all d eigenvalues; 1 - rank/d are 0")      \
    X(OUTLIER_POSITION, OUTLIER, NONE, THEORY, "outlier_position", "1", "x_i - b", "7",        \
      "predicted position of the learned eigenvalues above the bulk, descending")              \
    X(OUTLIER_OVERLAP, OUTLIER, NONE, THEORY, "outlier_overlap", "1", "(v_i.v*_i)^2", "7",     \
      "predicted squared overlap of an outlier's vector with its teacher vector")              \
    X(RISK_PATH, ITERATION, NONE, AMP, "risk_by_iteration", "1", "R_k", "8",                   \
      "risk after each iteration")                                                             \
    X(RISK_PREDICTED, ITERATION, NONE, AMP, "predicted_risk_by_iteration", "1", "R_k", "2, 8", \
      "risk after each iteration of the equations of state evolution")                         \
    X(NEURON_READOUT, STUDENT, NONE, TRAINING, "neuron_readout", "1", "a_k/sqrt p", "8",       \
      "output weights of the student's neurons, first those next to neurons 1, 2, ... of the " \
      "teacher, then by size; at most 64")                                                     \
    X(NEURON_OVERLAP, STUDENT, TEACHER, TRAINING, "neuron_overlap", "1", "u_k.w*_j", "8",      \
      "of the student's neurons, u = w/sqrt d in f = sum (a_k/sqrt p) sigma(u_k.x), in that "  \
      "order, with the teacher's, of unit norm and the strongest first; at most 64 each")      \
    X(NEURON_GRAM, STUDENT, OTHER_STUDENT, TRAINING, "neuron_gram", "1", "u_k.u_l", "8",       \
      "of the student's neurons, in that order")

typedef enum SeriesId {
#define X(suffix, index, across, methods, name, unit, symbol, equation, long_name)             \
    SERIES_##suffix,
    SERIES_LIST(X)
#undef X
        SERIES_COUNT
} SeriesId;

/* One row of the table; all strings static. */
typedef struct SeriesField {
    IndexId index, across;
    /* bit 1u << method */
    unsigned methods;
    const char *name, *unit, *symbol, *equation, *long_name;
} SeriesField;

/* By SeriesId; and the names of the dimensions, by IndexId. */
extern const SeriesField record_series[SERIES_COUNT];
extern const char *const record_indices[INDEX_COUNT];

/* The series of some points, in one block of memory. */
typedef struct Series {
    /* numbers a point; 0: absent */
    size_t length[SERIES_COUNT];
    /* [points * length], or NULL if absent; owned by whoever gave or asked for the memory */
    double *value[SERIES_COUNT];
} Series;

/* Local.  Rows and columns of a point's numbers, by the lengths of all series: of what is no
 * matrix one column; 0 and 0 if absent. */
size_t series_rows(const size_t length[SERIES_COUNT], SeriesId id);
size_t series_columns(const size_t length[SERIES_COUNT], SeriesId id);

/* Local.  Doubles that the series of `points` points take. */
size_t series_size(const size_t length[SERIES_COUNT], size_t points);

/* Local.  Lay them out in memory [series_size], which keeps what it holds. */
Series series_in(double memory[], const size_t length[SERIES_COUNT], size_t points);

/* Local.  Numbers of one point; NULL if the series is absent. */
double *series_row(const Series *series, SeriesId id, size_t point);

/* Local.  One of them, NAN where there is no such row or column. */
double series_number(const Series *series, SeriesId id, size_t point, size_t row,
                     size_t column);

/* Local.  Put rows [count * columns] in their places of a point, as far as there is room. */
void series_put(const Series *series, SeriesId id, size_t point, const double rows[],
                size_t count, size_t columns);

/* Local.  Those of the points from `point` on, in the same memory. */
Series series_from(const Series *series, size_t point);

/* Local.  Point i of one as point k of another, whose lengths may be others: what that has no
 * room for is left out, and what this one lacks stays. */
void series_refit(const Series *from, size_t i, const Series *to, size_t k);

/* Local.  The same in memory of their own, all NAN; release with series_free. */
Series series_create(const size_t length[SERIES_COUNT], size_t points);
void series_free(Series *series);

/* Local.  Where all numbers of all points lie, [series_size]; NULL if there are none. */
double *series_block(const Series *series);

/* Local.  Make every number of one point NAN. */
void series_clear(const Series *series, size_t point);

/* ---- checksum ---------------------------------------------------------------------------- */

/* What a row of the archive holds beside its record. */
typedef struct RowData {
    /* [coordinate_count], of the varied axes; borrowed */
    const double *coordinates;
    size_t coordinate_count;
    /* numbers of each series, 0: not in the checksum */
    size_t length[SERIES_COUNT];
    /* [length]; borrowed */
    const double *series[SERIES_COUNT];
} RowData;

/* Local.  XXH3-64 over the coordinates, the outcome, the fields of the set but the seconds,
 * then the series, both in table order, all as little-endian doubles with one NAN. */
uint64_t record_checksum(const Record *record, uint64_t fields, const RowData *row);

#endif
