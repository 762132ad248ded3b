/* deadline.h - private to app: when a run has to be over.
 *
 * Given as an option, or the end of the Slurm job that the process belongs to.  Times are
 * seconds since 1970.
 */
#ifndef PHASESWEEP_APP_DEADLINE_H
#define PHASESWEEP_APP_DEADLINE_H

typedef struct Deadline {
    double begin;       /* of the Slurm job; the end, if that is not what ends it */
    double end;         /* INFINITY: none */
    const char *source; /* for people; static, or the text of the option */
} Deadline;

/* Local.  +MINUTES from now, YYYY-MM-DDTHH:MM[:SS] of this machine's zone, or the next HH:MM
 * [:SS]; NAN: none of these.  The end may lie before `now`. */
double deadline_read(const char *text, double now);

/* Local.  Begin and end of the Slurm job by what it was told (SLURM_JOB_START_TIME and
 * SLURM_JOB_END_TIME), or by what `scontrol show job` says; none outside a job, without a
 * limit, and if the end is past: who is still there has been given more time. */
Deadline deadline_of_slurm(double now);

/* Local.  By the option of `command`, which may be NULL, else of the Slurm job.  Dies with
 * STATUS_WRONG_INPUT if the text is no time, or one that has passed. */
Deadline deadline_find(const char *command, const char *text, double now);

/* Local.  Seconds before the end at which trainings are told to save and leave, for a run that
 * begins `left` before it: a fiftieth, from one minute to ten, never above a tenth. */
double deadline_margin(double left);

/* A time of this machine's zone, as Slurm writes it. */
typedef struct ClockText {
    char text[32];
} ClockText;

/* Local.  By value, so that it can be used inside a printf call. */
ClockText deadline_text(double end);

#endif
