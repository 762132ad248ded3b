/* What rank 0 does before MPI starts: wrong input ends there in one plain line and a plain exit
 * status, without the banners that a launcher adds to MPI_Abort.
 *
 * Order: the job file by itself, then the archive by itself, then the lock, then what of the
 * archive must be read under it.  Nothing on the disk changes before the lock is held.
 *
 * Other ranks know nothing of all this and wait in MPI_Init.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/base/files.h"
#include "data_survey.h"
#include "libraries.h"
#include "run_start.h"

/* exit and not die: several lines, already complete, and no MPI to abort before it starts. */
Job run_parse(const char *name, const char *text)
{
    Job job;
    char *errors = job_parse(name, text, strlen(text), &job);
    if (errors != NULL) {
        fputs(errors, stderr);
        exit(STATUS_WRONG_INPUT);
    }
    return job;
}

void run_apply_sets(const RunRequest *request, Job *job)
{
    for (size_t k = 0; k < request->set_count; k++) {
        char *wrong = job_set_effort(job, request->sets[k]);
        if (wrong != NULL) {
            die(STATUS_WRONG_INPUT, "%s", wrong);
        }
    }
}

/* Its text may mean other numbers today than when it was made: then it counts as it was
 * written, too. */
char *run_difference(const char *path, const Job *old, const Job *given)
{
    char *difference = job_difference(old, given);
    if (difference != NULL) {
        char *text = archive_read_text(path);
        Job written = run_parse(path, text);
        char *other = job_difference(&written, given);
        if (other == NULL) {
            free(difference);
            difference = NULL;
        }
        free(other);
        free(text);
        job_free(&written);
    }
    return difference;
}

/* Make the archive over for the given job; where that has ranges, their numbers are called what
 * the archive calls them. */
static void plan_extension(RunStart *start, Job *given, const Job *old, char *stored)
{
    start->stored = stored;
    if (job_adopt(given, old)) {
        start->effort = checked_format("%s", start->text);
        start->written = start->text;
        start->text = job_resolved(given);
    }
}

/* Continue an archive of the same points; the stored text wins, so that spelling and comments
 * may change, but limits and ranks are those given now.  Another job is refused, or marked for
 * extension. */
static void meet_archive(const RunRequest *request, RunStart *start, Job *given, const Job *old,
                         char *stored)
{
    assert(stored != NULL);
    if (start->text == NULL) {
        start->text = stored;
        start->effort = archive_read_text(start->path);
        return;
    }
    char *difference = run_difference(start->path, old, given);
    if (difference != NULL && !request->extend) {
        die(STATUS_WRONG_INPUT,
            "%s holds another job than %s: %s; choose another -o, or --extend to keep what "
            "both share",
            request->archive_path, request->job_path, difference);
    }
    if (difference != NULL) {
        plan_extension(start, given, old, stored);
    } else {
        start->effort = start->text;
        start->text = stored;
    }
    free(difference);
}

/* Whatever ends this process must not leave the archive locked. */
static void release(void *lock)
{
    lock_release(lock);
}

/* Damage is found before MPI starts. */
static void check_archive(const char *path, const Job *job)
{
    ArchiveReader *reader = archive_reader(path, job);
    if (!archive_is_raw(reader)) {
        die(STATUS_WRONG_INPUT,
            "%s: was repacked and cannot be continued; allowed: the copy that "
            "`h5repack -l CONTI -f NONE` makes of it",
            path);
    }
    archive_require_sound(reader, path);
    archive_reader_close(reader);
}

/* The archive's folder takes its lock too: said of the one that the user named. */
static void check_folder(const char *path)
{
    char *folder = file_folder(path);
    if (access(folder, W_OK | X_OK) != 0) {
        die(file_status(errno), "%s: cannot be created: folder %s: %s", path, folder,
            strerror(errno));
    }
    free(folder);
}

/* What can be wrong with the archive is said before the lock, which needs a folder that may be
 * written. */
static Lock *take_lock(const char *path, bool needed)
{
    archive_probe(path);
    char *stored = archive_read_job(path);
    if (stored == NULL && needed) {
        die(STATUS_WRONG_INPUT, "%s: no such archive", path);
    }
    if (stored == NULL) {
        check_folder(path);
    }
    if (stored != NULL && access(path, W_OK) != 0) {
        die(STATUS_WRONG_INPUT, "%s: may not be written; nothing was changed", path);
    }
    if (stored != NULL) {
        if (needed) {
            stored = survey_job(path, stored);
        }
        Job job = run_parse(path, stored); /* which leaves without a look at locks */
        job_free(&job);
    }
    free(stored);
    return lock_take(path);
}

/* A training would end at its first checkpoint, hours later, or go on without. */
static void check_side_names(const char *path, const Job *job)
{
    char *folder = file_folder(path);
    const long most = pathconf(folder, _PC_NAME_MAX);
    free(folder);
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    for (size_t s = 0; s < job->sweep_count; s++) {
        const Sweep *sweep = &job->sweeps[s];
        /* NAME.SWEEP.CHAIN.checkpoint.new */
        char *longest =
            checked_format("%s.%s.%zu.checkpoint.new", name, sweep->name, sweep_chains(sweep));
        const bool fits = !method_facts(sweep_method(sweep))->draws_data || most < 0 ||
                          strlen(longest) <= (size_t)most;
        free(longest);
        if (!fits) {
            die(STATUS_WRONG_INPUT,
                "%s: the name is too long for the checkpoints of sweep %s beside it; allowed: "
                "names of %ld bytes with .SWEEP.CHAIN.checkpoint.new",
                path, sweep->name, most);
        }
    }
}

static void create_archive(const RunStart *start, const Job *job)
{
    char *libraries = libraries_text();
    char *classes = plan_classes();
    archive_create(start->path, job, &(Provenance){start->text, libraries, classes});
    lock_fence(start->lock);
    free(libraries);
    free(classes);
}

RunStart *run_prepare(const RunRequest *request, char *text)
{
    assert(request->archive_path != NULL && (text == NULL) == (request->job_path == NULL));
    RunStart *start = checked_alloc(1, sizeof *start);
    Job given = {0};
    start->text = text;
    if (request->archive_path[0] == '\0') {
        die(STATUS_WRONG_INPUT, "the name of the archive is empty");
    }
    start->path = lock_real_path(request->archive_path);
    /* a wrong job file is found before anything is locked or looked at */
    if (text != NULL) {
        given = run_parse(request->job_path, text);
        check_side_names(start->path, &given);
    }
    start->lock = take_lock(start->path, text == NULL);
    check_set_cleanup(release, start->lock);
    /* under the lock: what is read from here on nobody else changes */
    char *stored = archive_read_job(start->path);
    if (stored != NULL) {
        Job old = run_parse(start->path, stored);
        run_apply_sets(request, &old);
        check_archive(start->path, &old);
        meet_archive(request, start, &given, &old, stored);
        job_free(&old);
    } else if (text != NULL) {
        create_archive(start, &given);
    } else {
        die(STATUS_WRONG_INPUT, "%s: no such archive", start->path);
    }
    job_free(&given);
    return start;
}
