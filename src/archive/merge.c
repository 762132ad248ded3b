/* The job of the third archive is that of the first with those sweeps of the second behind it
 * that the first lacks.
 */
#include "phasesweep/archive/merge.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/archive/lock.h"
#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"
#include "open_job.h"

struct Merge {
    Opened from[2];
    char *path; /* owned, as is the rest */
    char *text;
    Job *job;
    Lock *lock;
};

/* Number of the sweep of that name, or sweep_count. */
static size_t find_sweep(const Job *job, const char *name)
{
    size_t s = 0;
    while (s < job->sweep_count && strcmp(job->sweeps[s].name, name) != 0) {
        s++;
    }
    return s;
}

static Job parsed(const char *path, const char *text)
{
    Job job;
    char *errors = job_parse(path, text, strlen(text), &job);
    if (errors != NULL) {
        errors[strcspn(errors, "\n")] = '\0';
        die(STATUS_WRONG_INPUT, "%s", errors);
    }
    return job;
}

/* Dies if a sweep of both is not the same. */
static void require_equal(const Merge *merge, Sweep *ours, Sweep *theirs)
{
    const Job first = {.sweep_count = 1, .sweeps = ours};
    const Job second = {.sweep_count = 1, .sweeps = theirs};
    char *difference = job_difference(&first, &second);
    if (difference != NULL) {
        die(STATUS_WRONG_INPUT,
            "merge: grids conflict: %s (archive: %s, job: %s); one of the sweeps needs another "
            "name",
            difference, merge->from[0].path, merge->from[1].path);
    }
}

/* Owned by the caller. */
static char *joined_text(const Merge *merge)
{
    const Job *one = merge->from[0].job;
    const Job *other = merge->from[1].job;
    /* borrows what its sweeps own */
    Job joined = {.sweep_count = one->sweep_count,
                  .sweeps =
                      checked_alloc(one->sweep_count + other->sweep_count, sizeof(Sweep))};
    memcpy(joined.sweeps, one->sweeps, one->sweep_count * sizeof(Sweep));
    for (size_t s = 0; s < other->sweep_count; s++) {
        const size_t same = find_sweep(one, other->sweeps[s].name);
        if (same < one->sweep_count) {
            require_equal(merge, &one->sweeps[same], &other->sweeps[s]);
        } else {
            joined.sweeps[joined.sweep_count++] = other->sweeps[s];
        }
    }
    char *text = job_resolved(&joined);
    free(joined.sweeps);
    return text;
}

/* Dies if there is none, or none whose numbers mean what they did when it was made. */
static Opened open_sound(const char *path)
{
    archive_probe(path);
    const Opened opened = open_job_archive(path);
    if (!archive_structure_sound(opened.reader)) {
        die(STATUS_WRONG_INPUT,
            "%s: its job, axes or attributes are not as they were made, so that its numbers "
            "may mean something else; nothing was changed",
            path);
    }
    return opened;
}

Merge *merge_prepare(const char *a, const char *b, const char *to)
{
    Merge *merge = checked_alloc(1, sizeof *merge);
    *merge = (Merge){.from = {open_sound(a), open_sound(b)}};
    merge->text = joined_text(merge);
    merge->job = checked_alloc(1, sizeof *merge->job);
    *merge->job = parsed(to, merge->text);
    merge->path = lock_real_path(to);
    merge->lock = lock_take(merge->path);
    if (access(merge->path, F_OK) == 0) {
        lock_release(merge->lock);
        die(STATUS_WRONG_INPUT, "merge: %s is there already; choose another -o", to);
    }
    return merge;
}

/* ---- rows -------------------------------------------------------------------------------- */

/* How much of a chain that was read is worth keeping: 2 for what converged. */
static size_t worth(const Rows *rows, size_t i)
{
    return rows->sound[i] ? 1 + outcome_is_good(rows->records[i].outcome) : 0;
}

/* Read the chain from an archive; its worth, 0 if it has none of it. */
static size_t read_chain(Opened *from, const char *name, size_t first, size_t count)
{
    const size_t s = find_sweep(from->job, name);
    size_t sum = 0;
    if (s < from->job->sweep_count) {
        archive_read_rows(from->reader, s, first, count, from->rows);
        for (size_t i = 0; i < count; i++) {
            sum += worth(from->rows, i);
        }
    }
    return sum;
}

/* Rows as the third archive has them: an old one may store fewer series, NAN fills the rest. */
static void put_rows(Archive *archive, size_t s, const Sweep *sweep, size_t first, size_t count,
                     const Rows *rows, size_t from)
{
    size_t length[SERIES_COUNT];
    sweep_series(sweep, length);
    Series series = series_create(length, count);
    for (size_t k = 0; k < count; k++) {
        series_refit(&rows->series, from + k, &series, k);
    }
    archive_take(archive, s, first + from, count, rows->records + from, &series);
    series_free(&series);
}

/* Those of an archive, but for rows that the other has as good (NULL: none), runs of neighbours
 * at once. */
static void take_rows(Archive *archive, size_t s, const Sweep *sweep, size_t first,
                      size_t count, const Rows *rows, const Rows *better)
{
    for (size_t i = 0; i < count; i++) {
        size_t end = i;
        while (end < count && worth(rows, end) > (better != NULL ? worth(better, end) : 0)) {
            end++;
        }
        if (end > i) {
            put_rows(archive, s, sweep, first, end - i, rows, i);
            i = end;
        }
    }
}

/* The better archive of a chain first, and from the other what that one lacks; the number of
 * points that one of them has. */
static size_t merge_chain(Merge *merge, Archive *archive, size_t s, size_t chain)
{
    const Sweep *sweep = &merge->job->sweeps[s];
    size_t first;
    size_t count;
    sweep_chain(sweep, chain, &first, &count);
    size_t sum[2];
    for (int k = 0; k < 2; k++) {
        sum[k] = read_chain(&merge->from[k], sweep->name, first, count);
    }
    const int best = sum[1] > sum[0];
    const Rows *rows = merge->from[best].rows;
    const Rows *rest = sum[!best] > 0 ? merge->from[!best].rows : NULL;
    if (sum[best] == 0) {
        return 0;
    }
    take_rows(archive, s, sweep, first, count, rows, NULL);
    if (rest != NULL) {
        take_rows(archive, s, sweep, first, count, rest, rows);
    }
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        taken += worth(rows, i) > 0 || (rest != NULL && worth(rest, i) > 0);
    }
    return taken;
}

/* Those of the first, then those of the second, as many as there is room for. */
static void merge_runs(Merge *merge, Archive *archive, const char *classes)
{
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    size_t place = 0;
    for (int k = 0; k < 2; k++) {
        const size_t count =
            archive_read_runs(merge->from[k].reader, classes, entries, ARCHIVE_RUNS);
        for (size_t i = 0; i < count && place < ARCHIVE_RUNS; i++, place++) {
            archive_put_run(archive, place, &entries[i], classes);
            archive_put_ending(archive, place, entries[i].ending);
        }
    }
    free(entries);
}

void merge_write(Merge *merge, const Provenance *provenance)
{
    char *next = checked_format("%s.extending", merge->path);
    const Provenance own = {merge->text, provenance->libraries, provenance->classes};
    archive_create(next, merge->job, &own);
    Archive *archive = archive_open(MPI_COMM_SELF, next, merge->job);
    size_t points = 0;
    size_t taken = 0;
    for (size_t s = 0; s < merge->job->sweep_count; s++) {
        points += sweep_points(&merge->job->sweeps[s]);
        for (size_t chain = 0; chain < sweep_chains(&merge->job->sweeps[s]); chain++) {
            taken += merge_chain(merge, archive, s, chain);
        }
        lock_check(merge->lock);
    }
    merge_runs(merge, archive, provenance->classes);
    archive_close(archive);
    /* complete and on the disk, before it has its name */
    if (rename(next, merge->path) != 0 || !file_sync_folder(merge->path)) {
        die(STATUS_ENVIRONMENT, "%s: %s", merge->path, strerror(errno));
    }
    fprintf(stderr, "phasesweep: %s: %zu of %zu points are finished\n", merge->path, taken,
            points);
    lock_release(merge->lock);
    open_job_close(&merge->from[0]);
    open_job_close(&merge->from[1]);
    job_free(merge->job);
    free(merge->job);
    free(merge->text);
    free(merge->path);
    free(next);
    free(merge);
}
