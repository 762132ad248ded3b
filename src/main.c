#include <argp.h>
#include <errno.h>
#include <hdf5.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/check.h"
#include "phasesweep/job.h"
#include "phasesweep/point.h"
#include "phasesweep/run.h"

const char *argp_program_version = "phasesweep " PHASESWEEP_VERSION;

typedef struct Command {
    const char *output;
    char      **words;  /* arguments that are no options, borrowed from argv */
    int         count;
} Command;

static const struct argp_option options[] = {
    {"output", 'o', "OUT.h5", 0, "archive of `run`, created or continued", 0}, {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    Command *command = state->input;
    if (key == 'o') {
        command->output = argument;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        command->words[command->count++] = argument;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options,
    .parser = parse,
    .args_doc = "run JOB.yaml -o OUT.h5\nresume OUT.h5\nstatus OUT.h5\npoint KEY=VALUE...",
    .doc = "Phase diagrams of feature learning in two-layer networks, by MPI.\v"
           "Exit status: 0 done, 1 finished with failed points, 2 wrong input, 3 stopped early "
           "and resumable, 4 environment broken."};

static void stop_all(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

static ExitStatus with_mpi(const char *job, const char *archive)
{
    MPI_Init(NULL, NULL);
    check_set_stop(stop_all);
    const ExitStatus status = run_job(MPI_COMM_WORLD, job, archive);
    check_set_stop(NULL);
    MPI_Finalize();
    return status;
}

static ExitStatus solve_point(int count, char **words)
{
    Sweep sweep = {0};
    for (int k = 0; k < count; k++) {
        char *error = sweep_set(&sweep, words[k]);
        if (error != NULL) {
            die(STATUS_WRONG_INPUT, "%s", error);
        }
    }
    char *error = sweep_check(&sweep);
    if (error != NULL) {
        die(STATUS_WRONG_INPUT, "%s", error);
    }
    const Problem problem = sweep_problem(&sweep, 0);
    Record record;
    point_solve(&problem, 1, &record);
    point_print(&problem, &record);
    for (int id = 0; id < AXIS_COUNT; id++) {
        free(sweep.axis[id].values);
    }
    return record.outcome == OUTCOME_CONVERGED ? STATUS_DONE : STATUS_POINTS_FAILED;
}

static ExitStatus dispatch(const Command *command)
{
    const char *name = command->count > 0 ? command->words[0] : "";
    const char *file = command->count == 2 ? command->words[1] : NULL;
    if (strcmp(name, "point") == 0) {
        return solve_point(command->count - 1, command->words + 1);
    }
    if (strcmp(name, "run") == 0 && file != NULL && command->output != NULL) {
        return with_mpi(file, command->output);
    }
    if (strcmp(name, "resume") == 0 && file != NULL) {
        return with_mpi(NULL, file);
    }
    if (strcmp(name, "status") == 0 && file != NULL) {
        return run_status(file);
    }
    die(STATUS_WRONG_INPUT, "expected run JOB.yaml -o OUT.h5, resume OUT.h5, status OUT.h5 or "
                            "point KEY=VALUE...; see --help");
}

int main(int argc, char **argv)
{
    Command command = {.words = checked_alloc((size_t)argc, sizeof(char *))};
    argp_err_exit_status = STATUS_WRONG_INPUT;
    /* before MPI_Init: help and wrong options need no MPI */
    argp_parse(&parser, argc, argv, 0, NULL, &command);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* our own one line instead of HDF5's stack */
    const ExitStatus status = dispatch(&command);
    free(command.words);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        die(STATUS_ENVIRONMENT, "standard output: %s", strerror(errno));
    }
    return status;
}
