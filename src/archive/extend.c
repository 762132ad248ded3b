/* The new archive is built beside the old one, filled, and renamed over it: there is no moment
 * at which neither is whole.  Chains are copied and not points: a chain's first point starts
 * cold and the others continue from it, so that a part of one is not what a run would compute.
 *
 * What is left behind is kept under another name and said: results are never thrown away by
 * a change of the grid.
 *
 * MPI must have started, because the new archive is filled through the same functions as in
 * a run.
 */
#include "phasesweep/archive/extend.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/resume.h"
#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"

/* Every row has a sound result, whatever its outcome. */
static bool is_finished(const Rows *rows, size_t count)
{
    assert(count > 0 && count <= CHAIN_LENGTH);
    bool finished = true;
    for (size_t i = 0; i < count; i++) {
        finished = finished && rows->sound[i];
    }
    return finished;
}

/* The series of two jobs may be stored with different lengths: NAN fills the rest. */
static void refit(const Rows *rows, size_t count, const Series *to)
{
    for (size_t i = 0; i < count; i++) {
        for (SeriesId id = 0; id < SERIES_COUNT; id++) {
            const size_t old = rows->series.length[id];
            const size_t new = to->length[id];
            const size_t shared = old < new ? old : new;
            if (shared > 0) {
                memcpy(series_row(to, id, i), series_row(&rows->series, id, i),
                       shared * sizeof(double));
            }
        }
    }
}

/* What does not change from chain to chain; all borrowed. */
typedef struct Copy {
    ArchiveReader *reader;
    Archive *archive;
    const Job *stored, *given;
    Rows *rows; /* buffer of one chain */
} Copy;

/* Read a chain of the old archive; its length, or 0 if it is not finished. */
static size_t read_finished(const Copy *copy, const ChainRef *chain)
{
    size_t first;
    size_t count;
    sweep_chain(&copy->stored->sweeps[chain->sweep], chain->chain, &first, &count);
    archive_read_rows(copy->reader, chain->sweep, first, count, copy->rows);
    return is_finished(copy->rows, count) ? count : 0;
}

/* Its points if the chain could be taken over, else 0.  archive_store makes new checksums,
 * which cover the coordinates and these may differ. */
static size_t copy_chain(const Copy *copy, ChainRef *from, uint32_t sweep, uint32_t chain)
{
    const size_t count = read_finished(copy, from);
    if (count > 0) {
        const Sweep *new = &copy->given->sweeps[sweep];
        size_t length[SERIES_COUNT];
        sweep_series(new, length);
        Series series = series_create(length, count);
        refit(copy->rows, count, &series);
        size_t first;
        size_t same;
        sweep_chain(new, chain, &first, &same);
        assert(same == count);
        archive_store(copy->archive, sweep, first, same, copy->rows->records, &series);
        /* only a mark against being left behind: a second chain of that content copies it too
         */
        from->used = true;
        series_free(&series);
    }
    return count;
}

/* Points taken over; chains of the new job that the old one lacks stay never run. */
static size_t copy_shared(const Copy *copy, ChainIndex *old)
{
    size_t points = 0;
    for (uint32_t s = 0; s < copy->given->sweep_count; s++) {
        const Sweep *sweep = &copy->given->sweeps[s];
        for (uint32_t chain = 0; chain < sweep_chains(sweep); chain++) {
            /* a chain that the new job has twice is copied twice */
            ChainRef *found = chains_lookup(old, sweep_chain_id(sweep, chain));
            points += found != NULL ? copy_chain(copy, found, s, chain) : 0;
        }
    }
    return points;
}

/* Results that the new job has no place for are never thrown away silently. */
static bool any_left_behind(const Copy *copy, const ChainIndex *old)
{
    bool left = false;
    for (size_t k = 0; k < old->count && !left; k++) {
        left = !old->chains[k].used && read_finished(copy, &old->chains[k]) > 0;
    }
    return left;
}

/* A free name PATH.1, PATH.2, ... that the old archive keeps.  A link and not a rename: PATH
 * itself stays until the new archive takes it over. */
static void keep_old(const char *path)
{
    for (int k = 1; k < 1000; k++) {
        char *name = checked_format("%s.%d", path, k);
        const bool kept = link(path, name) == 0;
        const int error = errno;
        if (kept) {
            fprintf(stderr, "phasesweep: chains that the new job lacks stay in %s\n", name);
        }
        free(name);
        if (kept) {
            return;
        }
        if (error != EEXIST) {
            die(STATUS_ENVIRONMENT, "%s: the old archive cannot be kept: %s", path,
                strerror(error));
        }
    }
    die(STATUS_WRONG_INPUT, "%s: has 999 older versions; remove some", path);
}

void extend_archive(const char *path, const Job *stored, const Job *given,
                    const Provenance *provenance)
{
    char *next = checked_format("%s.extending", path);
    Rows *rows = checked_alloc(1, sizeof *rows);
    archive_create(next, given, provenance);
    /* by one process, before the run opens the file: MPI_COMM_SELF */
    const Copy copy = {.reader = archive_reader(path, stored),
                       .archive = archive_open(MPI_COMM_SELF, next, given),
                       .stored = stored,
                       .given = given,
                       .rows = rows};
    /* by content: names and places of sweeps do not matter */
    ChainIndex old = chains_index(stored);
    const size_t points = copy_shared(&copy, &old);
    const bool left_behind = any_left_behind(&copy, &old);
    /* closed, and with that synced, before it replaces anything */
    archive_close(copy.archive);
    archive_reader_close(copy.reader);
    if (left_behind) {
        keep_old(path);
    }
    /* the old name's link is on the disk before the old archive loses its own */
    if ((left_behind && !file_sync_folder(path)) || rename(next, path) != 0 ||
        !file_sync_folder(path)) {
        die(STATUS_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    fprintf(stderr, "phasesweep: %zu finished points taken over\n", points);
    chains_index_free(&old);
    free(rows);
    free(next);
}
