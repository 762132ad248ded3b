#include "phasesweep/training/path.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "checkpoint.h"
#include "source.h"

/* What a save costs before there was one. */
static const double slow_disk = 1e8; /* bytes a second */

struct Path {
    MPI_Comm team; /* borrowed */
    int rank;
    const Trainer *trainer;
    TrainerSettings settings;
    Source source;   /* of the data; owned, as work */
    Dataset data;    /* a view of it */
    void *work;      /* of the trainer; NULL: no data */
    Problem problem; /* in hand */
    bool pending;    /* a checkpoint is open: `problem` was in hand when it was saved */
    bool ended;      /* `problem` has its end */
    struct {         /* of the data in hand, or when it was saved: no padding */
        int64_t fold_first, fold_rows, ended;
    } saved_of;
    StateVisitor visitor; /* of it */
    double begun;         /* MPI_Wtime when this call for the point began; rank 0, as below */
    double seconds;       /* of the point, in the calls before */
    double created;       /* MPI_Wtime */
    double spent;         /* seconds of one rank (trainer_alone), in earlier runs; on rank 0 */
    bool hurried;         /* the time of the point is over */
    double saved_at;      /* MPI_Wtime */
    double asked_at;      /* after the last iteration */
    double cost;          /* seconds of the last save, negative: none yet */
    double period;        /* seconds from one save to the next, NAN: by its cost */
    bool warned;          /* of one that failed */
};

/* ---- saving ------------------------------------------------------------------------------ */

/* What decides the bits of an iterate beside problem and team.  All bytes are set. */
typedef struct Choices {
    char trainer[16];
    int double_only, gradient_only, convex, starts, layout, path_room;
} Choices;

double path_seconds(const Path *path)
{
    return path->seconds + MPI_Wtime() - path->begun;
}

/* Of whom the state is, the caller's luggage and the point in hand. */
static void visit_head(Path *path, StateVisitor *visitor)
{
    const TrainerSettings *settings = &path->settings;
    Choices choices;
    memset(&choices, 0, sizeof choices);
    strncpy(choices.trainer, path->trainer->name, sizeof choices.trainer - 1);
    choices.double_only = settings->double_only;
    choices.gradient_only = settings->gradient_only;
    choices.convex = (int)settings->convex;
    choices.starts = settings->starts;
    choices.layout = (int)settings->layout;
    choices.path_room = (int)settings->path_room;
    visit_match(visitor, &choices, sizeof choices);
    visit_match(visitor, settings->identity, settings->identity_bytes);
    visit_common(visitor, settings->luggage, settings->luggage_bytes);
    visit_common(visitor, &path->problem, sizeof path->problem);
    if (!visit_loading(visitor)) {
        path->saved_of.fold_first = settings->data.fold_first;
        path->saved_of.fold_rows = settings->data.fold_rows;
        path->saved_of.ended = path->ended;
    }
    visit_common(visitor, &path->saved_of, sizeof path->saved_of);
    double seconds = path_seconds(path);
    visit_common(visitor, &seconds, sizeof seconds);
    if (visit_loading(visitor)) {
        path->seconds = seconds;
    }
}

typedef enum Command { COMMAND_GO_ON, COMMAND_SAVE, COMMAND_HURRY, COMMAND_STOP } Command;

static void save(Path *path, Command command)
{
    const double start = MPI_Wtime();
    StateVisitor visitor = checkpoint_write(path->team, path->settings.checkpoint);
    visit_head(path, &visitor);
    path->trainer->state(path->work, &visitor);
    if (path->rank == 0) {
        visitor.spent =
            path->spent + trainer_alone(&path->problem, visitor.ranks, start - path->created);
    }
    const bool good = checkpoint_commit(&visitor);
    if (good && path->rank == 0 && path->settings.saved != NULL) {
        path->settings.saved(path->settings.stop_context);
    }
    if (!good && path->rank == 0 && (!path->warned || command == COMMAND_STOP)) {
        fprintf(stderr, "phasesweep: cannot write the checkpoint %s: the training %s\n",
                path->settings.checkpoint,
                command == COMMAND_STOP ? "begins again from the one before" : "goes on");
        path->warned = true;
    }
    path->saved_at = path->asked_at = MPI_Wtime();
    path->cost = path->saved_at - start;
}

/* Tests save more often than is wise. */
static double period_asked_for(void)
{
    const char *given = getenv("PHASESWEEP_CHECKPOINT_PERIOD");
    return given != NULL ? strtod(given, NULL) : NAN;
}

/* ---- life -------------------------------------------------------------------------------- */

Path *path_create(MPI_Comm team, const Trainer *trainer, const TrainerSettings *settings)
{
    Path *path = checked_alloc(1, sizeof *path);
    assert(settings->starts >= 1 && settings->iteration_limit >= 0);
    path->team = team;
    path->trainer = trainer;
    path->settings = *settings;
    path->cost = -1.0;
    path->period = period_asked_for();
    path->created = MPI_Wtime();
    MPI_Comm_rank(team, &path->rank);
    if (settings->checkpoint != NULL) {
        path->visitor = checkpoint_read(team, settings->checkpoint);
        visit_head(path, &path->visitor);
        path->pending = path->visitor.good;
        if (path->pending) {
            path->spent = path->visitor.spent;
        } else {
            checkpoint_close(&path->visitor);
        }
    }
    return path;
}

static void drop_data(Path *path)
{
    if (path->work != NULL) {
        path->trainer->release(path->work);
        path->work = NULL;
        source_free(&path->source);
    }
}

void path_free(Path *path)
{
    if (path != NULL) {
        drop_data(path);
        if (path->pending) {
            checkpoint_close(&path->visitor);
        }
        free(path);
    }
}

double path_resumes_at(const Path *path)
{
    return path->pending ? path->problem.weight_decay : NAN;
}

static bool same_point(const Problem *a, const Problem *b)
{
    return samples_same_data(a, b) && a->weight_decay == b->weight_decay &&
           a->width == b->width && a->linear_unit == b->linear_unit && a->depth == b->depth &&
           a->activation == b->activation && a->readout == b->readout &&
           a->learning_rate == b->learning_rate && a->epochs == b->epochs &&
           a->batch == b->batch && a->tolerance == b->tolerance && a->time == b->time;
}

static void draw(Path *path, const Problem *problem)
{
    drop_data(path);
    path->source = source_create(path->team, problem, path->trainer, &path->settings);
    path->data = source_dataset(&path->source);
    path->work = path->trainer->create(path->team, &path->data, problem, &path->settings);
    if (path->settings.checkpoint != NULL && path->cost < 0.0) {
        StateVisitor size = checkpoint_measure(path->team);
        path->trainer->state(path->work, &size);
        path->cost = (double)size.bytes / slow_disk;
    }
}

/* Put back the state of the open checkpoint; what a bad one has left half done is drawn again.
 */
static void restore(Path *path, const Problem *problem)
{
    path->trainer->state(path->work, &path->visitor);
    path->pending = false;
    if (!checkpoint_close(&path->visitor)) {
        draw(path, problem);
        path->trainer->begin(path->work, problem);
    }
}

/* Was it saved in the middle of this point, on these rows? */
static bool goes_on(const Path *path, const Problem *problem)
{
    return path->pending && path->saved_of.ended == 0 &&
           path->saved_of.fold_first == path->settings.data.fold_first &&
           path->saved_of.fold_rows == path->settings.data.fold_rows &&
           same_point(&path->problem, problem);
}

/* True if the point is in hand already. */
static bool prepare(Path *path, const Problem *problem)
{
    const bool resumes = goes_on(path, problem);
    if (path->pending && !resumes) {
        if (path->saved_of.ended != 0) {
            path->visitor.good = false; /* the luggage was all there was to it */
        }
        checkpoint_close(&path->visitor);
        path->pending = false;
    }
    if (path->work == NULL || !samples_same_data(&path->problem, problem)) {
        draw(path, problem);
        path->asked_at = MPI_Wtime();
        path->saved_at = path->saved_at > 0.0 ? path->saved_at : path->asked_at;
    }
    path->problem = *problem;
    path->ended = false;
    return resumes;
}

/* Rank 0.  Only once: what follows takes a few iterations more. */
static bool is_late(const Path *path)
{
    const double limit = path->settings.time_limit;
    return limit > 0.0 && !path->hurried && path->trainer->hurry != NULL &&
           path_seconds(path) >= limit;
}

void path_prepare(Path *path, const Problem *problem)
{
    prepare(path, problem);
}

void path_turn_to(Path *path, const DataFile *file)
{
    drop_data(path);
    path->settings.data = *file;
}

/* ---- a point ----------------------------------------------------------------------------- */

static bool save_is_due(Path *path)
{
    const double now = MPI_Wtime();
    const double since = now - path->saved_at;
    const double iteration = now - path->asked_at;
    path->asked_at = now;
    return isnan(path->period) ? checkpoint_due(since, iteration, path->cost)
                               : since >= path->period;
}

/* Rank 0's, for all. */
static Command decide(Path *path)
{
    const TrainerSettings *settings = &path->settings;
    int command = COMMAND_GO_ON;
    if (path->rank == 0 && settings->stop != NULL && settings->stop(settings->stop_context)) {
        command = COMMAND_STOP;
    } else if (path->rank == 0 && is_late(path)) {
        command = COMMAND_HURRY;
    } else if (path->rank == 0 && settings->checkpoint != NULL && save_is_due(path)) {
        command = COMMAND_SAVE;
    }
    MPI_Bcast(&command, 1, MPI_INT, 0, path->team);
    return (Command)command;
}

/* To the end of the point; false if told to stop before.  Counts its iterations. */
static bool iterate(Path *path, int *iterations)
{
    for (*iterations = 1; path->trainer->advance(path->work); ++*iterations) {
        const Command command = decide(path);
        if (command == COMMAND_HURRY) {
            path->trainer->hurry(path->work);
            path->hurried = true;
        } else if (command != COMMAND_GO_ON && path->settings.checkpoint != NULL) {
            save(path, command);
        }
        if (command == COMMAND_STOP) {
            return false;
        }
    }
    return true;
}

bool path_rest(Path *path)
{
    const Command command = path->work != NULL ? decide(path) : COMMAND_GO_ON;
    if ((command == COMMAND_SAVE || command == COMMAND_STOP) &&
        path->settings.checkpoint != NULL) {
        save(path, command);
    }
    return command != COMMAND_STOP;
}

/* On the rows held out; of what is no network there is nothing to test. */
static void test(const Path *path, Observed *observed)
{
    const HoldOut held = source_hold_out(&path->source);
    if (isfinite(observed->objective)) {
        const Network network = path->trainer->network(path->work);
        hold_out_test(path->team, &held, &network, observed);
    }
}

Observed path_solve(Path *path, const Problem *problem, double spectrum[], double overlaps[])
{
    assert(problem->weight_decay >= 0.0 && problem->tolerance > 0.0);
    const size_t d = (size_t)problem->dimension;
    path->begun = MPI_Wtime();
    path->hurried = false;
    if (prepare(path, problem)) {
        restore(path, problem);
    } else {
        path->seconds = 0.0;
        path->trainer->begin(path->work, problem);
    }
    Observed observed = observed_nothing(OUTCOME_RUNNING);
    if (!iterate(path, &observed.iterations)) {
        observed.stopped = true;
        return observed;
    }
    double *arrays = checked_alloc(2 * d, sizeof *arrays);
    path->trainer->observe(path->work, &observed, arrays, arrays + d);
    test(path, &observed);
    path->ended = true;
    if (spectrum != NULL) {
        memcpy(spectrum, arrays, d * sizeof *spectrum);
    }
    if (overlaps != NULL) {
        memcpy(overlaps, arrays + d, d * sizeof *overlaps);
    }
    free(arrays);
    return observed;
}

Network path_network(const Path *path)
{
    return path->trainer->network(path->work);
}
