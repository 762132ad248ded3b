#include "phasesweep/cli.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_plan.h"
#include "phasesweep/inspect.h"
#include "phasesweep/job.h"
#include "phasesweep/keys.h"
#include "phasesweep/point.h"
#include "phasesweep/run.h"
#include "phasesweep/version.h"
#include "phasesweep/words.h"

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    char *libraries = version_libraries();
    fprintf(stream, "%s\n%s\n", version_text(), libraries);
    free(libraries);
}

void (*argp_program_version_hook)(FILE *stream, struct argp_state *state) = print_version;

/* What a subcommand was given. */
typedef struct Arguments {
    const char *output; /* NULL: none */
    bool dry_run, json, extend, retry;
    const char *tolerance; /* NULL: none */
    PlanRequest plan; /* its options */
    char **words; /* [count], arguments that are no options; owned, not the texts */
    size_t count;
    char **sets; /* [set_count], likewise */
    size_t set_count;
    MPI_Comm (*start)(void);
    int voice; /* standard error of a silent rank, or -1 */
} Arguments;

enum {
    OPTION_SET = 256,
    OPTION_DRY_RUN,
    OPTION_JSON,
    OPTION_EXTEND,
    OPTION_RETRY,
    OPTION_TOLERANCE,
    OPTION_RANKS,
    OPTION_SIMULATE,
    OPTION_MEMORY,
    OPTION_LEARNED,
    OPTION_SBATCH
};

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

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
    Arguments *given = state->input;
    switch (key) {
    case 'o':
        given->output = argument;
        return 0;
    case OPTION_SET:
        given->sets[given->set_count++] = argument;
        return 0;
    case OPTION_DRY_RUN:
        given->dry_run = true;
        return 0;
    case OPTION_JSON:
        given->json = true;
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
    case ARGP_KEY_ARG:
        given->words[given->count++] = argument;
        return 0;
    default:
        return parse_plan_option(key, argument, &given->plan);
    }
}

/* ---- standard streams ------------------------------------------------------------------- */

/* Before MPI_Init a rank is known from the launcher's environment only. */
static bool is_first_rank(void)
{
    static const char *const variables[] = {"PMIX_RANK", "PMI_RANK"};
    for (size_t k = 0; k < sizeof variables / sizeof *variables; k++) {
        const char *rank = getenv(variables[k]);
        if (rank != NULL) {
            return strcmp(rank, "0") == 0;
        }
    }
    return true;
}

/* The standard error of a rank that is silent, else -1. */
static int kept_voice = -1;

/* Point both streams of a rank above 0 to nowhere until MPI runs. */
static void hush(void)
{
    const int nowhere = is_first_rank() ? -1 : open("/dev/null", O_WRONLY);
    if (nowhere >= 0) {
        kept_voice = dup(STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
}

/* A disk or a point may fail on any rank, and that must be heard. */
static MPI_Comm start_aloud(const Arguments *given)
{
    if (kept_voice >= 0) {
        dup2(kept_voice, STDERR_FILENO);
        close(kept_voice);
        kept_voice = -1;
    }
    return given->start();
}

/* Called at exit, also after help: output that was lost must not look like success. */
static void check_output(void)
{
    if (kept_voice >= 0) {
        /* mpirun kills all at the first bad status: let rank 0 say what is wrong and give it */
        _exit(STATUS_DONE);
    }
    const bool lost = ferror(stdout) != 0;
    errno = 0;
    if (fflush(stdout) != 0 || lost || (fclose(stdout) != 0 && errno != EBADF)) {
        fprintf(stderr, "phasesweep: standard output: %s\n",
                errno != 0 ? strerror(errno) : "was not written completely");
        _exit(STATUS_ENVIRONMENT);
    }
}

/* ---- run, resume --------------------------------------------------------------- */

static const struct argp_option run_options[] = {
    {"output", 'o', "OUT.h5", 0, "archive to create, or to continue if it holds the same job",
     0},
    {"set", OPTION_SET, "KEY=VALUE", 0, "give KEY this value in every sweep", 0},
    {"extend", OPTION_EXTEND, NULL, 0,
     "if OUT.h5 holds another job, keep the lines that both share", 0},
    {"retry", OPTION_RETRY, NULL, 0,
     "also try again points that did not converge, failed or were lost", 0},
    {"dry-run", OPTION_DRY_RUN, NULL, 0, "print what would be done and touch nothing", 0},
    {0}};

static const struct argp_option resume_options[] = {
    {"retry", OPTION_RETRY, NULL, 0,
     "also try again points that did not converge, failed or were lost", 0},
    {0}};

static const struct argp_option plan_options[] = {
    {"ranks", OPTION_RANKS, "N", 0, "how long N ranks take", 0},
    {"simulate", OPTION_SIMULATE, "N,N,...", 0, "the same for each of these", 0},
    {"memory", OPTION_MEMORY, "SIZE", 0,
     "what a rank may use, as in 4G; else what Slurm grants, or a core's part of this machine",
     0},
    {"learned", OPTION_LEARNED, "OUT.h5", 0, "take the times that runs into OUT.h5 have learned",
     0},
    {"sbatch", OPTION_SBATCH, NULL, 0, "print a batch script for these ranks (64)", 0},
    {"set", OPTION_SET, "KEY=VALUE", 0, "give KEY this value in every sweep", 0},
    {0}};

static char *job_text(const Arguments *given)
{
    return job_override(job_read(given->words[0]), given->sets, given->set_count);
}

static ExitStatus command_plan(const Arguments *given)
{
    PlanRequest request = given->plan;
    request.job_path = given->words[0];
    request.overridden = given->set_count > 0;
    return cli_plan(&request, job_text(given));
}

/* Only rank 0 need see the files; looked at before MPI_Init, wrong input is a plain exit
 * without the banner of MPI_Abort. */
static ExitStatus run_request(const Arguments *given, const char *job_path,
                              const char *archive_path)
{
    const RunRequest request = {.job_path = job_path, .archive_path = archive_path,
                                .extend = given->extend, .retry = given->retry};
    RunStart *start = NULL;
    run_stop_on_signals();
    if (is_first_rank()) {
        start = run_prepare(&request, job_path != NULL ? job_text(given) : NULL);
    }
    return run_job(start_aloud(given), &request, start);
}

static ExitStatus command_run(const Arguments *given)
{
    if (given->dry_run) {
        return command_plan(given);
    }
    if (given->output == NULL) {
        die(STATUS_WRONG_INPUT, "run: -o OUT.h5 is missing");
    }
    return run_request(given, given->words[0], given->output);
}

static ExitStatus command_resume(const Arguments *given)
{
    return run_request(given, NULL, given->words[0]);
}

/* ---- status, verify, diff ---------------------------------------------------------------- */

static const struct argp_option status_options[] = {
    {"json", OPTION_JSON, NULL, 0, "print JSON", 0}, {0}};

static const struct argp_option diff_options[] = {
    {"tolerance", OPTION_TOLERANCE, "X", 0,
     "relative difference that counts as equal, 0 to 1 (default: 0)", 0},
    {0}};

static ExitStatus command_status(const Arguments *given)
{
    return inspect_status(given->words[0], given->json);
}

static ExitStatus command_verify(const Arguments *given)
{
    return inspect_verify(given->words[0]);
}

static ExitStatus command_diff(const Arguments *given)
{
    const double tolerance = given->tolerance == NULL ? 0.0 : words_number(given->tolerance);
    if (!(tolerance >= 0.0 && tolerance <= 1.0)) {
        die(STATUS_WRONG_INPUT, "diff: --tolerance: %s; allowed: a number from 0 to 1",
            words_show(given->tolerance).text);
    }
    return inspect_diff(given->words[0], given->words[1], tolerance);
}

/* ---- point, keys ------------------------------------------------------------------------ */

/* Half of the memory of this machine, for the rows of one training. */
static double memory_here(void)
{
    return 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

static ExitStatus command_point(const Arguments *given)
{
    Sweep sweep = {0};
    Errors errors = {.source = "phasesweep"};
    for (size_t k = 0; k < given->count; k++) {
        sweep_set(&sweep, given->words[k], &errors);
    }
    sweep_check(&sweep, 1, &errors);
    if (errors.count > 0) {
        char *text = errors_finish(&errors);
        fputs(text, stderr);
        free(text);
        sweep_free(&sweep);
        return STATUS_WRONG_INPUT;
    }
    const Problem problem = sweep_problem(&sweep, 0);
    PointTeam team = {.work = point_work(), .memory = memory_here()};
    double *eigenvalues = NULL;
    if (method_trains(problem.method)) {
        team.comm = start_aloud(given);
        eigenvalues = checked_alloc((size_t)problem.dimension, sizeof(double));
    }
    Record record;
    point_solve(&team, &problem, 1, &record, eigenvalues, (size_t)problem.dimension);
    point_print(&problem, &record); /* all ranks know it, the first one is heard */
    free(eigenvalues);
    point_work_free(team.work);
    sweep_free(&sweep);
    return record.outcome == OUTCOME_CONVERGED ? STATUS_DONE : STATUS_POINTS_FAILED;
}

static ExitStatus command_keys(const Arguments *given)
{
    (void)given;
    keys_print(stdout);
    return STATUS_DONE;
}

/* argp frees what this returns when it is not the text it passed in. */
static char *point_help(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_POST_DOC ? keys_help() : (char *)text;
}

/* ---- dispatch --------------------------------------------------------------------------- */

typedef struct Command {
    const char *name;
    ExitStatus (*run)(const Arguments *given);
    size_t least, most; /* number of words */
    struct argp argp;
} Command;

static const Command commands[] = {
    {"run",
     command_run,
     1,
     1,
     {run_options, parse_option, "JOB.yaml -o OUT.h5",
      "Compute the sweeps of a job file; also continues OUT.h5 if it holds the same job.\v"
      "Keys and grammar of job files: phasesweep keys, and jobs/README.md.",
      NULL, NULL, NULL}},
    {"resume",
     command_resume,
     1,
     1,
     {resume_options, parse_option, "OUT.h5", "Continue the job that the archive holds.", NULL, NULL,
      NULL}},
    {"status",
     command_status,
     1,
     1,
     {status_options, parse_option, "OUT.h5", "Count the points of every outcome.", NULL, NULL,
      NULL}},
    {"plan",
     command_plan,
     1,
     1,
     {plan_options, parse_option, "JOB.yaml",
      "Print what a job costs: points, core-hours, memory, disk, time for N ranks.", NULL, NULL,
      NULL}},
    {"verify",
     command_verify,
     1,
     1,
     {NULL, parse_option, "OUT.h5", "Compare every finished row with its checksum.", NULL, NULL,
      NULL}},
    {"diff",
     command_diff,
     2,
     2,
     {diff_options, parse_option, "A.h5 B.h5",
      "Compare the points that two archives share; status 1 if they differ.", NULL, NULL,
      NULL}},
    {"point",
     command_point,
     0,
     SIZE_MAX,
     {NULL, parse_option, "KEY=VALUE...", "Solve one point and print it as JSON.\v", NULL,
      point_help, NULL}},
    {"keys",
     command_keys,
     0,
     0,
     {NULL, parse_option, "", "Print the table of all keys in Markdown.", NULL, NULL, NULL}},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const Command *find_command(const char *name, const struct argp_state *state)
{
    const char *names[COMMAND_COUNT];
    for (int k = 0; k < COMMAND_COUNT; k++) {
        names[k] = commands[k].name;
    }
    const int found = words_find(names, COMMAND_COUNT, name);
    if (found < 0) {
        char *hint = words_hint(names, COMMAND_COUNT, name);
        argp_failure(state, STATUS_WRONG_INPUT, 0, "%s: unknown subcommand%s",
                     words_show(name).text, hint);
        free(hint);
    }
    return &commands[found];
}

/* What the top parser hands back. */
typedef struct Top {
    const Command *command;
    Arguments *given;
} Top;

/* The words after the subcommand are its own: `run --help` must show the options of run. */
static void parse_rest(Top *top, struct argp_state *state)
{
    char **rest = state->argv + state->next - 1;
    char *name = checked_format("phasesweep %s", top->command->name);
    char *word = rest[0];
    rest[0] = name; /* argp shows it in usage and errors */
    argp_parse(&top->command->argp, state->argc - state->next + 1, rest, 0, NULL, top->given);
    const Arguments *given = top->given;
    if (given->count < top->command->least || given->count > top->command->most) {
        argp_failure(state, STATUS_WRONG_INPUT, 0, "%s: %zu arguments; allowed: %s %s", word,
                     given->count, word, top->command->argp.args_doc);
    }
    rest[0] = word;
    free(name);
    state->next = state->argc;
}

static error_t parse_top(int key, char *argument, struct argp_state *state)
{
    Top *top = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        top->command = find_command(argument, state);
        parse_rest(top, state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a subcommand is missing; allowed: run, resume, status, plan, verify, "
                          "diff, point, keys");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp top_parser = {
    .parser = parse_top,
    .args_doc =
        "run JOB.yaml -o OUT.h5\nresume OUT.h5\nstatus OUT.h5\nplan JOB.yaml\n"
        "verify OUT.h5\ndiff A.h5 B.h5\npoint KEY=VALUE...\nkeys",
    .doc = "Phase diagrams of feature learning in two-layer networks, by MPI.\v"
           "`phasesweep SUBCOMMAND --help` shows the options of each.  Exit status: 0 done, "
           "1 finished with failed points, 2 wrong input, 3 stopped early and resumable, "
           "4 environment broken."};

ExitStatus cli_main(int argc, char **argv, MPI_Comm (*start)(void))
{
    Arguments given = {.start = start};
    given.words = checked_alloc((size_t)argc, sizeof(char *));
    given.sets = checked_alloc((size_t)argc, sizeof(char *));
    atexit(check_output);
    hush();
    argp_err_exit_status = STATUS_WRONG_INPUT;
    Top top = {.given = &given};
    argp_parse(&top_parser, argc, argv, ARGP_IN_ORDER, NULL, &top);
    const ExitStatus status = top.command->run(&given);
    free(given.words);
    free(given.sets);
    return status;
}
