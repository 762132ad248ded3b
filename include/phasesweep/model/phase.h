/* phase.h - the phases, their exponents and boundaries, and the one predicted for a point
 * (theory.md section 4).
 *
 * PREDICTED comes from (log_d n_eff, log_d lambda, gamma) and the table of phase boundaries;
 * MEASURED (measured_phase.h) from the exact local exponents of the solved point.  They agree
 * deep inside a phase as d grows; where they differ is itself a result.
 *
 * The table is for p >= d and Delta > 0, with lambda meaning lt for the quadratic network; that
 * of section 11 takes its place for deeper networks.
 * Without noise no phase exists (NONE); for a narrow network it is UNDEFINED.  Names and
 * codes are stored with every point.
 */
#ifndef PHASESWEEP_MODEL_PHASE_H
#define PHASESWEEP_MODEL_PHASE_H

#include "phasesweep/model/problem.h"

/* Codes are part of the file format: append, never renumber. */
#define PHASE_LIST(X)                                                                          \
    X(UNDEFINED, 0, "undefined") /* width below d: the table does not apply */                 \
    X(IA, 1, "Ia")               /* too few samples, R = 1 */                                  \
    X(IB, 2, "Ib")               /* collapsed, S = 0 */                                        \
    X(II, 3, "II")               /* over-regularised, some features learned */                 \
    X(III, 4, "III")             /* over-regularised, all features learned */                  \
    X(IV, 5, "IV")               /* benign: the Bayes rate up to constants */                  \
    X(V, 6, "V")                 /* noise learned, up to the interpolation peak */             \
    X(VIA, 7, "VIa")             /* d / n_eff, features still under the noise */               \
    X(VIB, 8, "VIb")             /* d / n_eff, every feature above the noise */

typedef enum Phase {
#define X(suffix, code, name) PHASE_##suffix = (code),
    PHASE_LIST(X)
#undef X
        PHASE_COUNT,
    PHASE_NONE = -1 /* no phase can be told */
} Phase;

/* Local.  Static string, never NULL; phase in [0, PHASE_COUNT). */
const char *phase_name(Phase phase);

/* Local.  Exponents (d log R/d log n_eff, d log R/d log lambda) of a phase, asymptotic in d,
 * for a penalty |t|^power (theory.md section 11; problem_power). Phase V of the diagonal
 * network has no power law: its small positive exponent is 0 here. phase in [IA, PHASE_COUNT);
 * source_exponent > 1/2.  Of R without the noise, at fixed d. */
void phase_exponents(ModelId model, double source_exponent, double power, Phase phase,
                     double exponents[2]);

/* Local.  log_d n_eff of the line between phases IV and V, at most 1.  Beyond 1 the
 * interpolation peak ends both phases.  dimension >= 2. */
double phase_noise_line(ModelId model, double source_exponent, double dimension);

/* Local.  The phase that the table gives; NONE at noise 0, UNDEFINED for width < d.  A sharp
 * line in a smooth crossover: near it constants that the table leaves out decide. */
Phase phase_predicted(const Problem *problem);

/* Local.  Is there a table for this problem?  Width >= d, noise > 0, rows of equal variances,
 * and of no kurtosis where a teacher of matrices is aligned with them. */
bool phase_table_applies(const Problem *problem);

/* Local.  What to say where there is none: NONE without noise, UNDEFINED for narrow networks.
 */
Phase phase_outside_table(const Problem *problem);

#endif
