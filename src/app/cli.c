/* Subcommands as a table: a name, a function, and what argp is to show and take.
 *
 * MPI starts only inside the commands that compute, after everything that can be wrong with the
 * words has been found: `point --help` needs no launcher, and a mistake is one line.
 *
 * Exit statuses are those of check.h; a batch script acts on them, so that no command may
 * invent others.
 */
#include "phasesweep/app/cli.h"

#include <assert.h>
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/app/run.h"
#include "phasesweep/archive/export.h"
#include "phasesweep/archive/merge.h"
#include "phasesweep/archive/report.h"
#include "phasesweep/base/text.h"
#include "phasesweep/base/version.h"
#include "phasesweep/base/wall_clock.h"
#include "phasesweep/method/method.h"
#include "phasesweep/study/job.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/study/keys.h"
#include "data_survey.h"
#include "deadline.h"
#include "draw.h"
#include "libraries.h"
#include "options.h"
#include "point_json.h"
#include "rank_output.h"
#include "ranks.h"
#include "team_memory.h"
#include "watch.h"

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    char *libraries = libraries_text();
    fprintf(stream, "%s\n%s\n", version_text(), libraries);
    free(libraries);
}

/* argp looks for a global of this name. */
void (*argp_program_version_hook)(FILE *stream, struct argp_state *state) = print_version;

/* MPI, and with it the voice of a rank above 0: a disk or a point may fail on any rank, and
 * that must be heard. */
static MPI_Comm start_aloud(const Arguments *given)
{
    rank_output_raise();
    return given->start();
}

/* ---- run, resume --------------------------------------------------------------- */

/* The job file with what --set changed, and with what its files of data are; owned by the
 * caller. */
static char *job_text(const Arguments *given)
{
    char *text = job_override(job_read(given->words[0]), given->sets, given->set_count);
    return survey_job(given->words[0], text);
}

static ExitStatus command_plan(const Arguments *given)
{
    assert(given->count == 1);
    PlanRequest request = given->plan;
    request.job_path = given->words[0];
    request.overridden = given->set_count > 0;
    request.archive = given->output;
    request.extend = given->extend;
    request.retry = given->retry;
    request.deadline = given->deadline;
    return cli_plan(&request, job_text(given));
}

/* Only rank 0 need see the files; looked at before MPI_Init, wrong input is a plain exit
 * without the banner of MPI_Abort. */
static ExitStatus run_request(const Arguments *given, const char *job_path,
                              const char *archive_path)
{
    const bool resumes = job_path == NULL;
    RunRequest request = {.job_path = job_path,
                          .archive_path = archive_path,
                          .extend = given->extend,
                          .retry = given->retry,
                          .sets = resumes ? given->sets : NULL,
                          .set_count = resumes ? given->set_count : 0};
    /* signals first: a batch system may send one before the files are read */
    assert(archive_path != NULL);
    RunStart *start = NULL;
    run_stop_on_signals();
    if (rank_output_is_first_rank()) {
        const Deadline deadline =
            deadline_find(resumes ? "resume" : "run", given->deadline, wall_clock());
        request.deadline = deadline.end;
        request.deadline_source = deadline.source;
        request.time_limit = deadline.end - deadline.begin;
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

/* The job is inside the archive; what would change it is not offered. */
static ExitStatus command_resume(const Arguments *given)
{
    return run_request(given, NULL, given->words[0]);
}

/* ---- status, verify, diff ---------------------------------------------------------------- */

static ExitStatus command_status(const Arguments *given)
{
    ExitStatus worst = STATUS_DONE;
    for (size_t k = 0; k < given->count; k++) {
        if (given->count > 1 && !given->json) {
            printf("%s%s\n", k > 0 ? "\n" : "", given->words[k]);
        }
        const ExitStatus status = report_status(given->words[k], given->json);
        worst = status > worst ? status : worst;
    }
    return worst;
}

static ExitStatus command_watch(const Arguments *given)
{
    return watch_archive(given->words[0]);
}

static ExitStatus command_merge(const Arguments *given)
{
    if (given->output == NULL) {
        die(STATUS_WRONG_INPUT, "merge: -o OUT.h5 is missing");
    }
    Merge *merge = rank_output_is_first_rank()
                       ? merge_prepare(given->words[0], given->words[1], given->output)
                       : NULL;
    given->start();
    if (merge != NULL) {
        char *libraries = libraries_text();
        char *classes = plan_classes();
        merge_write(merge, &(Provenance){NULL, libraries, classes});
        free(libraries);
        free(classes);
    }
    return STATUS_DONE;
}

static ExitStatus command_export(const Arguments *given)
{
    if (!given->csv) {
        die(STATUS_WRONG_INPUT, "export: --csv is missing");
    }
    return export_csv(given->words[0]);
}

static ExitStatus command_verify(const Arguments *given)
{
    return report_verify(given->words[0]);
}

/* Exact unless a tolerance is given: state evolution is bitwise reproducible on one kind of
 * CPU. */
static ExitStatus command_diff(const Arguments *given)
{
    const double tolerance = given->tolerance == NULL ? 0.0 : text_number(given->tolerance);
    if (!(tolerance >= 0.0 && tolerance <= 1.0)) {
        die(STATUS_WRONG_INPUT, "diff: --tolerance: %s; allowed: a number from 0 to 1",
            text_show(given->tolerance).text);
    }
    return report_diff(given->words[0], given->words[1], tolerance);
}

/* ---- point, keys ------------------------------------------------------------------------ */

/* A sweep of one point, for every key is one number; false, with what is wrong said, if it is
 * none. */
static bool read_point(const Arguments *given, Sweep *sweep)
{
    Diagnostics errors = {.source = "phasesweep"};
    *sweep = (Sweep){0};
    /* all mistakes at once, like a job file's */
    for (size_t k = 0; k < given->count; k++) {
        sweep_set(sweep, given->words[k], &errors);
    }
    survey_sweep(sweep, &errors);
    sweep_check(sweep, 1, &errors);
    if (errors.count > 0) {
        char *text = diagnostics_finish(&errors);
        fputs(text, stderr);
        free(text);
        sweep_free(sweep);
        return false;
    }
    assert(sweep_points(sweep) == 1);
    return true;
}

/* One point, cold: what an archive holds of the same point agrees to the solver's tolerance,
 * not to the bit. */
static ExitStatus command_point(const Arguments *given)
{
    Sweep sweep;
    if (!read_point(given, &sweep)) {
        return STATUS_WRONG_INPUT;
    }
    /* asked before MPI, which changes what the environment says */
    const bool terminal = rank_output_is_terminal();
    const Problem problem = sweep_problem(&sweep, 0);
    PointTeam team = {.work = point_work(), .data = data_file_of(&sweep)};
    size_t length[SERIES_COUNT];
    sweep_series(&sweep, length);
    Series series = series_create(length, 1);
    /* state evolution needs no MPI: it runs with and without a launcher, and starts at once */
    if (method_facts(problem.method)->draws_data) {
        team.comm = start_aloud(given);
        team.memory = team_memory(team.comm);
    }
    Record record;
    point_solve(&team, &problem, 1, &record, &series);
    /* all ranks know it, the first one is heard */
    if (terminal && !given->json) {
        point_table(&sweep, &record, &series);
    } else {
        point_json(&sweep, &record, &series);
    }
    series_free(&series);
    point_work_free(team.work);
    sweep_free(&sweep);
    return outcome_is_good(record.outcome) ? STATUS_DONE : STATUS_POINTS_FAILED;
}

/* What point would train on. */
static ExitStatus command_draw(const Arguments *given)
{
    if (given->output == NULL) {
        die(STATUS_WRONG_INPUT, "draw: -o NAME is missing");
    }
    Sweep sweep;
    if (!read_point(given, &sweep)) {
        return STATUS_WRONG_INPUT;
    }
    const Problem problem = sweep_problem(&sweep, 0);
    sweep_free(&sweep);
    if (!method_facts(problem.method)->draws_data) {
        die(STATUS_WRONG_INPUT, "draw: method %s draws no data; allowed: training, amp",
            method_name(problem.method));
    }
    if (problem.data != 0.0) {
        die(STATUS_WRONG_INPUT, "draw: data of a file are there already; allowed: no data");
    }
    if (rank_output_is_first_rank()) {
        draw_check(given->output);
    }
    start_aloud(given);
    if (rank_output_is_first_rank()) {
        draw_write(&problem, given->output);
    }
    return STATUS_DONE;
}

static ExitStatus command_keys(const Arguments *given)
{
    (void)given;
    (rank_output_is_terminal() ? keys_print_plain : keys_print)(stdout);
    return STATUS_DONE;
}

static ExitStatus command_ranks(const Arguments *given)
{
    ranks_print(start_aloud(given));
    return STATUS_DONE;
}

/* argp frees what this returns when it is not the text it passed in. */
static char *point_help(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_POST_DOC ? keys_help() : (char *)text;
}

static char *draw_help(int key, const char *text, void *input)
{
    (void)input;
    return key == ARGP_KEY_HELP_POST_DOC ? keys_help_drawn() : (char *)text;
}

/* ---- dispatch --------------------------------------------------------------------------- */

typedef struct Command {
    const char *name;
    ExitStatus (*run)(const Arguments *given);
    size_t least, most; /* number of words */
    struct argp argp;
} Command;

/* clang-format off */
static const Command commands[] = {
    {"run", command_run, 1, 1,
     {cli_run_options, cli_parse_option, "JOB.yaml -o OUT.h5",
      "Compute the sweeps of a job file; also continues OUT.h5 if it holds the same job.\v"
      "Keys and grammar of job files: phasesweep keys, and jobs/README.md.",
      NULL, NULL, NULL}},
    {"resume", command_resume, 1, 1,
     {cli_resume_options, cli_parse_option, "OUT.h5",
      "Continue the job that the archive holds.", NULL, NULL, NULL}},
    {"status", command_status, 1, SIZE_MAX,
     {cli_status_options, cli_parse_option, "OUT.h5...",
      "Count the points of every outcome.", NULL, NULL, NULL}},
    {"watch", command_watch, 1, 1,
     {NULL, cli_parse_option, "OUT.h5",
      "Show how far a run is, from another terminal, until it ends.  In the maps # is done, "
      "x has failed points, o is being computed, + is done in part, . is not begun.",
      NULL, NULL, NULL}},
    {"merge", command_merge, 2, 2,
     {cli_merge_options, cli_parse_option, "A.h5 B.h5 -o OUT.h5",
      "Write a third archive with the finished points of two.", NULL, NULL, NULL}},
    {"export", command_export, 1, 1,
     {cli_export_options, cli_parse_option, "--csv OUT.h5",
      "Print the finished points of all sweeps as a table, with their checksums.",
      NULL, NULL, NULL}},
    {"plan", command_plan, 1, 1,
     {cli_plan_options, cli_parse_option, "JOB.yaml",
      "Print what a job costs: points, core-hours, memory, disk, time for N ranks.",
      NULL, NULL, NULL}},
    {"verify", command_verify, 1, 1,
     {NULL, cli_parse_option, "OUT.h5",
      "Compare every finished row with its checksum.", NULL, NULL, NULL}},
    {"diff", command_diff, 2, 2,
     {cli_diff_options, cli_parse_option, "A.h5 B.h5",
      "Compare the points that two archives share; status 1 if they differ.",
      NULL, NULL, NULL}},
    {"point", command_point, 0, SIZE_MAX,
     {cli_point_options, cli_parse_option, "KEY=VALUE...",
      "Solve one point and print it: a table on a terminal, else JSON.  Keys may be written as "
      "n, d, gamma, lambda, lambda_tilde, p, Delta.\v", NULL, point_help, NULL}},
    {"draw", command_draw, 0, SIZE_MAX,
     {cli_draw_options, cli_parse_option, "KEY=VALUE... -o NAME",
      "Write the data that point trains on, for other programs: NAME_x.npy, NAME_y.npy and "
      "NAME_teacher.npy.\v", NULL, draw_help, NULL}},
    {"keys", command_keys, 0, 0,
     {NULL, cli_parse_option, "",
      "Print all keys: in paragraphs on a terminal, else as a table in Markdown.", NULL, NULL, NULL}},
    {"ranks", command_ranks, 0, 0,
     {NULL, cli_parse_option, "",
      "Print how many ranks the launcher started, on how many nodes: a test of the launcher.",
      NULL, NULL, NULL}},
};
/* clang-format on */
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

/* Leaves with status 2 and a hint if there is no such command. */
static const Command *find_command(const char *name, const struct argp_state *state)
{
    const char *names[COMMAND_COUNT];
    for (int k = 0; k < COMMAND_COUNT; k++) {
        names[k] = commands[k].name;
    }
    const int found = text_find(names, COMMAND_COUNT, name);
    if (found < 0) {
        char *hint = text_hint(names, COMMAND_COUNT, name);
        argp_failure(state, STATUS_WRONG_INPUT, 0, "%s: unknown subcommand%s",
                     text_show(name).text, hint);
        free(hint);
    }
    assert(found >= 0);
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
    assert(state->next >= 1 && state->next <= state->argc);
    char **rest = state->argv + state->next - 1;
    char *name = checked_format("phasesweep %s", top->command->name);
    char *word = rest[0];
    rest[0] = name; /* argp shows it in usage and errors */
    argp_parse(&top->command->argp, state->argc - state->next + 1, rest, 0, NULL, top->given);
    const Arguments *given = top->given;
    if (given->count < top->command->least || given->count > top->command->most) {
        argp_failure(state, STATUS_WRONG_INPUT, 0, "%s: %s after it; allowed: %s%s%s", word,
                     text_count((double)given->count, "word").text, word,
                     top->command->argp.args_doc[0] == '\0' ? "" : " ",
                     top->command->argp.args_doc);
    }
    rest[0] = word;
    free(name);
    state->next = state->argc;
}

/* The first word that is no option names the command; what follows is its own. */
static error_t parse_top(int key, char *argument, struct argp_state *state)
{
    Top *top = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        top->command = find_command(argument, state);
        parse_rest(top, state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a subcommand is missing; allowed: run, resume, status, watch, "
                          "plan, verify, diff, merge, export, point, draw, keys, ranks, help");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp top_parser = {
    .parser = parse_top,
    .args_doc = "run JOB.yaml -o OUT.h5\nresume OUT.h5\nstatus OUT.h5...\nwatch OUT.h5\n"
                "plan JOB.yaml\nverify OUT.h5\ndiff A.h5 B.h5\nmerge A.h5 B.h5 -o "
                "OUT.h5\nexport --csv OUT.h5\npoint "
                "KEY=VALUE...\ndraw KEY=VALUE... -o NAME\nkeys\nranks",
    .doc = "Phase diagrams of feature learning in networks of two and more layers, by MPI.\v"
           "`phasesweep SUBCOMMAND --help` shows the options of each.  Exit status: 0 done, "
           "1 finished with failed points, 2 wrong input, 3 stopped early and resumable, "
           "4 environment broken."};

/* `help`, `help run` and -h are what people type; argp knows --help. */
static void translate_help(int argc, char **argv)
{
    static char help[] = "--help";
    for (int k = 1; k < argc; k++) {
        if (strcmp(argv[k], "-h") == 0) {
            argv[k] = help;
        }
    }
    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "help") == 0) {
        argv[1] = argc == 3 ? argv[2] : help;
        argv[argc - 1] = help;
    }
}

ExitStatus cli_main(int argc, char **argv, MPI_Comm (*start)(void))
{
    Arguments given = {.start = start};
    /* no command line has more words than argv */
    assert(argc >= 1 && start != NULL);
    translate_help(argc, argv);
    given.words = checked_alloc((size_t)argc, sizeof(char *));
    given.sets = checked_alloc((size_t)argc, sizeof(char *));
    atexit(rank_output_check_output);
    rank_output_hush();
    argp_err_exit_status = STATUS_WRONG_INPUT;
    Top top = {.given = &given};
    /* ARGP_IN_ORDER: options behind the subcommand are not the top parser's */
    argp_parse(&top_parser, argc, argv, ARGP_IN_ORDER, NULL, &top);
    const ExitStatus status = top.command->run(&given);
    free(given.words);
    free(given.sets);
    return status;
}
