/* The job of the third archive is the resolved text of the first with those sweeps of the
 * second behind it that the first lacks: resolved texts are ours, one block "  - name: ..." a
 * sweep.
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

static const char block_begin[] = "  - name: ";

/* The block of a sweep in a resolved text, as a job of its own; owned by the caller, NULL if
 * there is none. */
static char *block_of(const char *text, const char *name)
{
    char *head = checked_format("%s%s\n", block_begin, name);
    const char *begin = strstr(text, head);
    char *block = NULL;
    if (begin != NULL) {
        const char *end = strstr(begin + 1, block_begin);
        const size_t length = end != NULL ? (size_t)(end - begin) : strlen(begin);
        block = checked_format("%.*s", (int)length, begin);
    }
    free(head);
    return block;
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
static void require_equal(const Merge *merge, const char *ours, const char *theirs)
{
    char *a = checked_format("sweeps:\n%s", ours);
    char *b = checked_format("sweeps:\n%s", theirs);
    Job first = parsed(merge->from[0].path, a);
    Job second = parsed(merge->from[1].path, b);
    char *difference = job_difference(&first, &second);
    if (difference != NULL) {
        die(STATUS_WRONG_INPUT,
            "merge: grids conflict: %s (archive: %s, job: %s); one of the sweeps needs another "
            "name",
            difference, merge->from[0].path, merge->from[1].path);
    }
    job_free(&first);
    job_free(&second);
    free(a);
    free(b);
}

/* Owned by the caller. */
static char *joined_text(const Merge *merge)
{
    const Job *other = merge->from[1].job;
    char *text = job_resolved(merge->from[0].job);
    char *theirs = job_resolved(other);
    for (size_t s = 0; s < other->sweep_count; s++) {
        char *ours = block_of(text, other->sweeps[s].name);
        char *block = block_of(theirs, other->sweeps[s].name);
        assert(block != NULL);
        if (ours != NULL) {
            require_equal(merge, ours, block);
        } else {
            char *longer = checked_format("%s%s", text, block);
            free(text);
            text = longer;
        }
        free(ours);
        free(block);
    }
    free(theirs);
    return text;
}

Merge *merge_prepare(const char *a, const char *b, const char *to)
{
    Merge *merge = checked_alloc(1, sizeof *merge);
    *merge = (Merge){.from = {open_job_archive(a), open_job_archive(b)}};
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

/* Number of the sweep of that name, or sweep_count. */
static size_t find_sweep(const Job *job, const char *name)
{
    size_t s = 0;
    while (s < job->sweep_count && strcmp(job->sweeps[s].name, name) != 0) {
        s++;
    }
    return s;
}

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

/* Those of an archive, but for rows that the other has as good (NULL: none), runs of neighbours
 * at once; the number of them. */
static size_t take_rows(Archive *archive, size_t s, size_t first, size_t count,
                        const Rows *rows, const Rows *better)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = i;
        while (end < count && worth(rows, end) > (better != NULL ? worth(better, end) : 0)) {
            end++;
        }
        if (end > i) {
            const Series rest = series_from(&rows->series, i);
            archive_take(archive, s, first + i, end - i, rows->records + i, &rest);
            taken += end - i;
            i = end;
        }
    }
    return taken;
}

/* The better archive of a chain first, and from the other what that one lacks. */
static size_t merge_chain(Merge *merge, Archive *archive, size_t s, size_t chain)
{
    const Sweep *sweep = &merge->job->sweeps[s];
    size_t first;
    size_t count;
    sweep_chain(sweep, chain, &first, &count);
    const size_t a = read_chain(&merge->from[0], sweep->name, first, count);
    const size_t b = read_chain(&merge->from[1], sweep->name, first, count);
    const int best = b > a;
    const Rows *rows = merge->from[best].rows;
    size_t taken = a > 0 || b > 0 ? take_rows(archive, s, first, count, rows, NULL) : 0;
    if (a > 0 && b > 0) {
        taken += take_rows(archive, s, first, count, merge->from[!best].rows, rows);
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
