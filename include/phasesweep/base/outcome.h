/* outcome.h - how the computation of one grid point ended.
 *
 * One list serves the enum, the names and the codes stored in the archive
 * (int8 with flag_values / flag_meanings).  Codes are part of the file format:
 * append, never renumber.
 *
 * The outcome of a point is data: it is stored beside the numbers, and a bad point never
 * stops a sweep.  RUNNING after a job has ended means that the job died in that chain.
 */
#ifndef PHASESWEEP_BASE_OUTCOME_H
#define PHASESWEEP_BASE_OUTCOME_H

#include <stdbool.h>

/*   enum suffix      code  name in the archive and in JSON                        */
#define OUTCOME_LIST(X)                                                                        \
    X(NEVER_RUN, 0, "never_run")           /* not attempted, or not finished */                \
    X(RUNNING, 1, "running")               /* handed to a team                */               \
    X(CONVERGED, 2, "converged")           /* residual within the tolerance   */               \
    X(NOT_CONVERGED, 3, "not_converged")   /* best iterate and its residual   */               \
    X(FAILED, 4, "failed")                 /* no number could be given        */               \
    X(REFUSED_MEMORY, 5, "refused_memory") /* would not fit; not tried        */               \
    X(LOST, 6, "lost")                     /* three attempts, see archive.h   */               \
    X(DIVERGED, 7, "diverged")             /* an iteration that ran away      */               \
    X(STATIONARY, 8, "stationary")         /* the best of several starts, each followed to     \
                                              the end: one minimum, not proven the least */    \
    X(NOT_ASKED, 9, "not_asked") /* refinement ended without it: no result, none to come */

typedef enum Outcome {
#define X(suffix, code, name) OUTCOME_##suffix = (code),
    OUTCOME_LIST(X)
#undef X
        OUTCOME_COUNT
} Outcome;

/* Local.  Static string, never NULL; outcome must be below OUTCOME_COUNT. */
const char *outcome_name(Outcome outcome);

/* Local.  Is there no result, NEVER_RUN, RUNNING or NOT_ASKED?  Takes any number: one that is
 * no outcome is damage, and neither this nor a row. */
bool outcome_is_hole(Outcome outcome);

/* Local.  Was the point solved, or given up: is there a row with a checksum?  Of any number. */
bool outcome_has_row(Outcome outcome);

/* Local.  Is the point what was asked for, with nothing left to try: CONVERGED, STATIONARY? */
bool outcome_is_good(Outcome outcome);

#endif
