/* options.h - private to cli.c: what may be written after a subcommand.
 *
 * Options are only sorted here; whether their values make sense is judged by the command
 * that uses them, so that a message can name it.
 */
#ifndef PHASESWEEP_APP_OPTIONS_H
#define PHASESWEEP_APP_OPTIONS_H

#include <argp.h>
#include <mpi.h>
#include <stdbool.h>

#include "plan_command.h"

/* What a subcommand was given; all texts belong to argv. */
typedef struct Arguments {
    /* archive of -o, NULL: none */
    const char *output;
    bool dry_run, json, csv, extend, retry;
    /* as written, NULL: none */
    const char *tolerance, *deadline;
    /* its options; job_path and overridden unset */
    PlanRequest plan;
    /* [count], arguments that are no options; owned */
    char **words;
    size_t count;
    /* [set_count], KEY=VALUE of every --set; owned */
    char **sets;
    size_t set_count;
    /* initialises MPI and returns the world; at most once */
    MPI_Comm (*start)(void);
} Arguments;

/* Tables for argp, ended by an empty row. */
extern const struct argp_option cli_run_options[];
extern const struct argp_option cli_resume_options[];
extern const struct argp_option cli_plan_options[];
extern const struct argp_option cli_status_options[];
extern const struct argp_option cli_point_options[];
extern const struct argp_option cli_merge_options[];
extern const struct argp_option cli_export_options[];
extern const struct argp_option cli_diff_options[];
extern const struct argp_option cli_draw_options[];

/* Local.  A parser of argp whose input is an Arguments with room in words and sets for as many
 * texts as argv has.  ARGP_ERR_UNKNOWN for what it does not know, as argp wants it. */
error_t cli_parse_option(int key, char *argument, struct argp_state *state);

#endif
