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
static void require_equal(const Merge *merge, const Sweep *ours, const Sweep *theirs)
{
    Sweep both[] = {*ours, *theirs}; /* borrow what they own */
    const Job first = {.sweep_count = 1, .sweeps = &both[0]};
    const Job second = {.sweep_count = 1, .sweeps = &both[1]};
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
        const Sweep *same = job_sweep(one, other->sweeps[s].name);
        if (same != NULL) {
            require_equal(merge, same, &other->sweeps[s]);
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
    archive_require_sound(opened.reader, path);
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
    const Sweep *sweep = job_sweep(from->job, name);
    size_t sum = 0;
    if (sweep != NULL) {
        archive_read_rows(from->reader, (size_t)(sweep - from->job->sweeps), first, count,
                          from->rows);
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

/* A chain without results, of the rows read last, if refinement left it out of either archive:
 * it would of the other.  Points that need no work. */
static size_t leave_out(const Merge *merge, Archive *archive, size_t s, size_t first,
                        size_t count)
{
    const Sweep *sweep = &merge->job->sweeps[s];
    bool out = false;
    for (int k = 0; k < 2; k++) {
        const bool has = job_sweep(merge->from[k].job, sweep->name) != NULL;
        out = out || (has && merge->from[k].rows->records[0].outcome == OUTCOME_NOT_ASKED);
    }
    if (out) {
        archive_leave_out(archive, s, first, count);
    }
    return out ? count : 0;
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
        return leave_out(merge, archive, s, first, count);
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
    size_t runs = 0;
    for (int k = 0; k < 2; k++) {
        runs = archive_copy_runs(archive, runs, merge->from[k].reader, provenance->classes);
    }
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
