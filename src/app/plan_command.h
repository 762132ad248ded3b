/* plan_command.h - private to cli.c: the subcommand plan and run --dry-run.
 *
 * The bill before the run: points, core-hours, memory and ranks, or a batch script with them.
 *
 * --ranks and --simulate tell how long so many ranks take, by the schedule of the farm
 * itself.
 */
#ifndef PHASESWEEP_APP_PLAN_COMMAND_H
#define PHASESWEEP_APP_PLAN_COMMAND_H

#include <stdbool.h>

#include "phasesweep/base/check.h"

/* What `plan` was asked for; texts are checked by cli_plan, which names the option. */
typedef struct PlanRequest {
    const char *job_path;
    const char *ranks, *simulate, *memory; /* as written, NULL: not given; borrowed */
    const char *learned;  /* archive whose last run knows what chains cost, or NULL */
    const char *deadline; /* as written, NULL: not given; borrowed */
    bool sbatch;          /* a batch script instead of the table */
    bool overridden;      /* keys were set on the command line */
    const char *archive;  /* of run --dry-run: only what is open in it is planned; or NULL */
    bool extend, retry;   /* as for run */
} PlanRequest;

/* Local.  Needs no MPI.  Print what the job of this text (taken over) costs.
 * STATUS_WRONG_INPUT if something is wrong with it, if chains do not fit the ranks and memory
 * given, or if the archive holds another job. */
ExitStatus cli_plan(const PlanRequest *request, char *text);

#endif
