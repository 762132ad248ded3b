/* The options of all subcommands, and where their values go.  One parser serves all: argp
 * offers a subcommand only what its own table names, so that no case below can meet a foreign
 * option.
 *
 * Values stay texts here: the command that knows what they mean also names them in its
 * errors.
 */
#include "options.h"

#include <assert.h>

/* Above every character, so that these have no short form. */
enum {
    OPTION_SET = 256,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_EXTEND,
    OPTION_RETRY,
    OPTION_TOLERANCE,
    OPTION_RANKS,
    OPTION_SIMULATE,
    OPTION_MEMORY,
    OPTION_LEARNED,
    OPTION_SBATCH,
    OPTION_DEADLINE
};

/* ---- tables ------------------------------------------------------------------------------ */

const struct argp_option cli_run_options[] = {
    {"output", 'o', "OUT.h5", 0, "archive to create, or to continue if it holds the same job",
     0},
    {"set", OPTION_SET, "KEY=VALUE", 0,
     "give KEY this value in every sweep, or samples.count=64 this part of it", 0},
    {"extend", OPTION_EXTEND, NULL, 0,
     "if OUT.h5 holds another job, keep the results that both share", 0},
    {"retry", OPTION_RETRY, NULL, 0,
     "also try again points that did not converge, failed or were lost", 0},
    {"deadline", OPTION_DEADLINE, "T|+MINUTES", 0,
     "be over by T, the next 18:30 or 2026-12-24T18:30; else by the end of the Slurm job", 0},
    {"dry-run", OPTION_DRY_RUN, NULL, 0,
     "print what would be done, with -o what remains of it, and touch nothing", 0},
    {0}};

const struct argp_option cli_resume_options[] = {
    {"set", OPTION_SET, "KEY=VALUE", 0,
     "this value in every sweep that takes KEY: ranks_per_line, iteration_limit, time_limit",
     0},
    {"retry", OPTION_RETRY, NULL, 0,
     "also try again points that did not converge, failed or were lost", 0},
    {"deadline", OPTION_DEADLINE, "T|+MINUTES", 0,
     "be over by T, the next 18:30 or 2026-12-24T18:30; else by the end of the Slurm job", 0},
    {0}};

const struct argp_option cli_plan_options[] = {
    {"ranks", OPTION_RANKS, "N", 0, "how long N ranks take", 0},
    {"simulate", OPTION_SIMULATE, "N,N,...", 0, "the same for each of these", 0},
    {"memory", OPTION_MEMORY, "SIZE", 0,
     "what a rank may use, as in 4G; else what Slurm grants, or a core's part of this machine",
     0},
    {"learned", OPTION_LEARNED, "OUT.h5", 0,
     "take the times that runs into OUT.h5 have learned", 0},
    {"deadline", OPTION_DEADLINE, "T|+MINUTES", 0,
     "refuse chains that cannot end by T, 18:30 or 2026-12-24T18:30", 0},
    {"sbatch", OPTION_SBATCH, NULL, 0, "print a batch script for these ranks (64)", 0},
    {"set", OPTION_SET, "KEY=VALUE", 0,
     "give KEY this value in every sweep, or samples.count=64 this part of it", 0},
    {0}};

const struct argp_option cli_status_options[] = {
    {"json", OPTION_JSON, NULL, 0, "print JSON", 0}, {0}};

const struct argp_option cli_point_options[] = {
    {"json", OPTION_JSON, NULL, 0, "print JSON also on a terminal", 0}, {0}};

const struct argp_option cli_merge_options[] = {
    {"output", 'o', "OUT.h5", 0, "archive to write; must not exist", 0}, {0}};

const struct argp_option cli_export_options[] = {
    {"csv", OPTION_CSV, NULL, 0, "as a table with commas", 0}, {0}};

const struct argp_option cli_diff_options[] = {
    {"tolerance", OPTION_TOLERANCE, "X", 0,
     "relative difference that counts as equal, 0 to 1 (default: 0)", 0},
    {0}};

const struct argp_option cli_draw_options[] = {
    {"output", 'o', "NAME", 0, "begin of the files' names", 0}, {0}};

/* ---- values ------------------------------------------------------------------------------ */

/* Apart because the values go where cli_plan takes them, all as texts: it checks them. */
static error_t parse_plan_option(int key, char *argument, PlanRequest *plan)
{
    switch (key) {
    case OPTION_RANKS:
        plan->ranks = argument;
        return 0;
    case OPTION_SIMULATE:
        plan->simulate = argument;
        return 0;
    case OPTION_MEMORY:
        plan->memory = argument;
        return 0;
    case OPTION_LEARNED:
        plan->learned = argument;
        return 0;
    case OPTION_SBATCH:
        plan->sbatch = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Sets and words have room for all of argv (cli_main): no bound to check. */
error_t cli_parse_option(int key, char *argument, struct argp_state *state)
{
    Arguments *given = state->input;
    switch (key) {
    case 'o':
        given->output = argument;
        return 0;
    case OPTION_SET:
        assert(argument != NULL);
        given->sets[given->set_count++] = argument;
        return 0;
    case OPTION_DRY_RUN:
        given->dry_run = true;
        return 0;
    case OPTION_JSON:
        given->json = true;
        return 0;
    case OPTION_CSV:
        given->csv = true;
        return 0;
    case OPTION_EXTEND:
        given->extend = true;
        return 0;
    case OPTION_RETRY:
        given->retry = true;
        return 0;
    case OPTION_TOLERANCE:
        given->tolerance = argument;
        return 0;
    case OPTION_DEADLINE:
        given->deadline = argument;
        return 0;
    case ARGP_KEY_ARG:
        given->words[given->count++] = argument;
        return 0;
    default:
        return parse_plan_option(key, argument, &given->plan);
    }
}
