/* record.h - the one table of result fields; archive and JSON both read it.
 *
 * A field a method does not have, or that could not be computed, is NAN.  The order is the
 * order of the row checksum: append, never reorder.
 */
#ifndef PHASESWEEP_RECORD_H
#define PHASESWEEP_RECORD_H

#include <stdint.h>

#include "outcome.h"

/* suffix, name, unit, symbol, equation (theory.md section), long name */
#define FIELD_LIST(X)                                                                          \
    X(SAMPLES, "resolved_samples", "1", "n", "1", "number of samples")                        \
    X(EFFECTIVE, "effective_samples", "1", "n_eff", "1", "n/d quadratic, n diagonal")         \
    X(WEIGHT_DECAY, "resolved_weight_decay", "1", "lambda", "1", "weight decay")              \
    X(NUCLEAR, "resolved_nuclear_weight", "1", "lambda_tilde", "1", "nuclear-norm weight")    \
    X(WIDTH, "resolved_width", "1", "p", "1", "width")                                        \
    X(RISK, "risk", "1", "R", "1", "excess risk |S - S*|^2/d, without label noise")           \
    X(PREDICTION_RISK, "prediction_risk", "1", "E(f-f*)^2", "1", "mean squared error of f")   \
    X(DELTA, "delta", "1", "delta", "2 (E1)", "effective noise")                              \
    X(THRESHOLD, "threshold", "1", "b", "2 (E2)", "threshold on the eigenvalues")             \
    X(OVERLAP_Q, "overlap_q", "1", "q", "2", "|S|^2/d")                                       \
    X(OVERLAP_M, "overlap_m", "1", "m", "2", "Tr S S*/d")                                     \
    X(TRACE, "trace", "1", "Tr S/d", "2", "trace of the learned weights")                     \
    X(RANK, "rank", "1", "rank S", "7", "expected rank of the learned weights")               \
    X(OBJECTIVE, "objective", "1", "F", "2", "training objective at its minimum")             \
    X(RESIDUAL, "residual", "1", "", "2", "relative error of the fixed-point equations")      \
    X(ITERATIONS, "iterations", "1", "", "2", "values of delta tried")                        \
    X(SECONDS, "seconds", "s", "", "", "wall time of the point; not in the checksum")

typedef enum FieldId {
#define X(suffix, name, unit, symbol, equation, long_name) FIELD_##suffix,
    FIELD_LIST(X)
#undef X
    FIELD_COUNT
} FieldId;

typedef struct Field {
    const char *name, *unit, *symbol, *equation, *long_name;
} Field;

extern const Field record_fields[FIELD_COUNT];

typedef struct Record {
    Outcome outcome;
    double  value[FIELD_COUNT];
} Record;

/* Local.  XXH3-64 over every field but the seconds, in table order, little-endian. */
uint64_t record_checksum(const Record *record);

#endif
