/* The new archive is built beside the old one, filled, and renamed over it: there is no moment
 * at which neither is whole.
 *
 * A chain that both jobs have is copied as it is: its first point starts cold and the others
 * continue from it, so that it is what a run would compute.  Of other chains those points are
 * taken that stand alone (method_facts.h); the run computes the rest of such a chain.  Points
 * that did not converge are tried again, but for narrow networks in a chain that both have:
 * they would only repeat what they did.
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

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"
#include "phasesweep/base/text.h"
#include "phasesweep/model/method_facts.h"
#include "content.h"

/* What becomes of a point of the new job. */
typedef enum Fate {
    FATE_TAKEN,
    FATE_NEW,
    FATE_NEIGHBOURS,
    FATE_START,
    FATE_UNCONVERGED,
    FATE_UNFINISHED,
    FATE_LEFT_OUT,
    FATE_DAMAGED,
    FATE_COUNT
} Fate;

/* Why it is not taken over. */
static const char *const reasons[FATE_COUNT] = {
    [FATE_NEW] = "not in the archive with these parameters, method and tolerance",
    [FATE_NEIGHBOURS] = "theory that starts from its neighbours, which changed: solved again",
    [FATE_START] =
        "not convex (width < d, or more layers): the minimum hangs on the chain, which changed",
    [FATE_UNCONVERGED] = "did not converge, failed, were lost or refused: tried again",
    [FATE_UNFINISHED] = "not finished in the archive",
    [FATE_LEFT_OUT] = "left out by the refinement of the archive",
    [FATE_DAMAGED] = "with a wrong checksum in the archive",
};

/* All borrowed. */
typedef struct Copy {
    ContentRows old;
    Archive *archive;
    const Job *given;
    ContentIndex chains, points; /* of the old job; used: taken over, or tried again */
    size_t fate[FATE_COUNT];     /* points of the new job */
} Copy;

/* ---- rows -------------------------------------------------------------------------------- */

/* Would a run of the whole chain give this row again, whatever it says? */
static bool repeats(const Problem *problem, Outcome outcome)
{
    return outcome_is_good(outcome) ||
           (outcome == OUTCOME_NOT_CONVERGED && method_facts(problem->method)->draws_data &&
            !point_stands_alone(problem));
}

/* Can the chain of the old archive be taken as it is?  Its rows are then those read last. */
static bool is_whole(Copy *copy, const ContentRef *chain)
{
    const Sweep *sweep = &copy->old.job->sweeps[chain->sweep];
    size_t first;
    size_t count;
    sweep_chain(sweep, chain->place, &first, &count);
    content_row(&copy->old, chain->sweep, first);
    const Problem problem = sweep_problem(sweep, first);
    bool whole = true;
    for (size_t i = 0; i < count; i++) {
        const Rows *rows = copy->old.rows;
        whole = whole && rows->sound[i] && repeats(&problem, rows->records[i].outcome);
    }
    return whole;
}

/* The old chain to take for one of that content, or NULL.  A second chain of that content
 * copies it, too. */
static ContentRef *whole_chain(Copy *copy, uint64_t id)
{
    size_t count;
    ContentRef *found = content_find(&copy->chains, id, &count);
    for (size_t k = 0; k < count; k++) {
        if (found[k].used || is_whole(copy, &found[k])) {
            found[k].used = 1;
            return &found[k];
        }
    }
    return NULL;
}

/* ---- points ------------------------------------------------------------------------------ */

/* What the row read last is worth for a point. */
static Fate fate_of(const Rows *rows, size_t i, const Problem *problem)
{
    const Outcome outcome = rows->records[i].outcome;
    if (outcome_is_hole(outcome)) {
        return outcome == OUTCOME_NOT_ASKED ? FATE_LEFT_OUT : FATE_UNFINISHED;
    }
    if (!rows->sound[i]) {
        return FATE_DAMAGED;
    }
    if (!outcome_is_good(outcome)) {
        return FATE_UNCONVERGED;
    }
    return point_stands_alone(problem)                 ? FATE_TAKEN
           : method_facts(problem->method)->draws_data ? FATE_START
                                                       : FATE_NEIGHBOURS;
}

/* The best of what the old archive has of the point; *row: its place among the rows read last,
 * if it is taken. */
static Fate find_point(Copy *copy, uint64_t id, const Problem *problem, size_t *row)
{
    size_t count;
    *row = 0;
    Fate best = FATE_NEW;
    ContentRef *found = content_find(&copy->points, id, &count);
    for (size_t k = 0; k < count && best != FATE_TAKEN; k++) {
        *row = content_row(&copy->old, found[k].sweep, found[k].place);
        const Fate fate = fate_of(copy->old.rows, *row, problem);
        best = best == FATE_NEW || fate < best ? fate : best;
        found[k].used |= fate == FATE_TAKEN || fate == FATE_UNCONVERGED;
    }
    return best;
}

/* ---- chains of the new job --------------------------------------------------------------- */

/* What is stored of one chain. */
typedef struct Part {
    uint32_t sweep;
    size_t first, count;
    bool taken[CHAIN_LENGTH];
    Record records[CHAIN_LENGTH];
    Series series;
} Part;

static void begin_part(const Copy *copy, uint32_t s, uint32_t chain, Part *part)
{
    size_t length[SERIES_COUNT];
    *part = (Part){.sweep = s};
    sweep_chain(&copy->given->sweeps[s], chain, &part->first, &part->count);
    sweep_series(&copy->given->sweeps[s], length);
    part->series = series_create(length, part->count);
}

static void take_row(const Copy *copy, Part *part, size_t i, size_t row)
{
    part->taken[i] = true;
    part->records[i] = copy->old.rows->records[row];
    series_refit(&copy->old.rows->series, row, &part->series, i);
}

/* Runs of neighbours at once.  archive_take makes new checksums, which cover the coordinates,
 * and these may differ. */
static void end_part(const Copy *copy, Part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        size_t end = i;
        while (end < part->count && part->taken[end]) {
            end++;
        }
        if (end > i) {
            const Series rest = series_from(&part->series, i);
            archive_take(copy->archive, part->sweep, part->first + i, end - i,
                         part->records + i, &rest);
            i = end;
        }
    }
    series_free(&part->series);
}

static void copy_whole(Copy *copy, Part *part, const ContentRef *whole)
{
    size_t first;
    size_t count;
    sweep_chain(&copy->old.job->sweeps[whole->sweep], whole->place, &first, &count);
    assert(count == part->count);
    for (size_t i = 0; i < count; i++) {
        take_row(copy, part, i, content_row(&copy->old, whole->sweep, first + i));
    }
    copy->fate[FATE_TAKEN] += count;
}

static void copy_points(Copy *copy, Part *part)
{
    const Sweep *sweep = &copy->given->sweeps[part->sweep];
    for (size_t i = 0; i < part->count; i++) {
        const Problem problem = sweep_problem(sweep, part->first + i);
        size_t row;
        const Fate fate =
            find_point(copy, sweep_point_id(sweep, part->first + i), &problem, &row);
        copy->fate[fate]++;
        if (fate == FATE_TAKEN) {
            take_row(copy, part, i, row);
        }
    }
}

/* Those chains that are copied as they are, or the others. */
static void copy_chains(Copy *copy, bool by_points)
{
    Part *part = checked_alloc(1, sizeof *part);
    for (uint32_t s = 0; s < copy->given->sweep_count; s++) {
        const Sweep *sweep = &copy->given->sweeps[s];
        for (uint32_t chain = 0; chain < sweep_chains(sweep); chain++) {
            const ContentRef *whole = whole_chain(copy, sweep_chain_id(sweep, chain));
            if ((whole == NULL) != by_points) {
                continue;
            }
            begin_part(copy, s, chain, part);
            if (by_points) {
                copy_points(copy, part);
            } else {
                copy_whole(copy, part, whole);
            }
            end_part(copy, part);
        }
    }
    free(part);
}

/* Results that the new job has no place for are never thrown away silently. */
static bool any_left_behind(Copy *copy)
{
    bool left = false;
    /* so that a chain is read once */
    content_sort_by_place(&copy->points);
    for (size_t k = 0; k < copy->points.count && !left; k++) {
        const ContentRef *point = &copy->points.refs[k];
        if (!point->used) {
            const size_t row = content_row(&copy->old, point->sweep, point->place);
            left = copy->old.rows->sound[row];
        }
    }
    return left;
}

/* ---- files ------------------------------------------------------------------------------- */

/* A free name PATH.1, PATH.2, ... that the old archive keeps.  A link and not a rename: PATH
 * itself stays until the new archive takes it over. */
static void keep_old(const char *path)
{
    for (int k = 1; k < 1000; k++) {
        char *name = checked_format("%s.%d", path, k);
        const bool kept = link(path, name) == 0;
        const int error = errno;
        if (kept) {
            fprintf(stderr, "phasesweep: results that were not taken over stay in %s\n", name);
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

static void say_fates(const Copy *copy, int schema)
{
    fprintf(stderr, "phasesweep: %zu finished points taken over\n", copy->fate[FATE_TAKEN]);
    if (copy->fate[FATE_TAKEN] > 0 && schema < ARCHIVE_SCHEMA) {
        fprintf(
            stderr,
            "phasesweep: they were written with schema %d: CHANGELOG.md says which of their "
            "numbers have another meaning now\n",
            schema);
    }
    for (Fate fate = FATE_TAKEN + 1; fate < FATE_COUNT; fate++) {
        if (copy->fate[fate] > 0) {
            fprintf(stderr, "phasesweep: %s not taken over: %s\n",
                    text_count((double)copy->fate[fate], "point").text, reasons[fate]);
        }
    }
}

void extend_archive(const char *path, const Job *stored, const Job *given,
                    const Provenance *provenance)
{
    char *next = checked_format("%s.extending", path);
    Rows *rows = checked_alloc(1, sizeof *rows);
    archive_create(next, given, provenance);
    /* by one process, before the run opens the file: MPI_COMM_SELF */
    Copy copy = {.old = {.reader = archive_reader(path, stored), .job = stored, .rows = rows},
                 .archive = archive_open(MPI_COMM_SELF, next, given),
                 .given = given,
                 /* by content: names and places of sweeps do not matter */
                 .chains = content_chains(stored)};
    copy_chains(&copy, false);
    copy.points = content_points(stored, &copy.chains);
    copy_chains(&copy, true);
    /* their hours were spent on the points taken over, and the next run begins with what they
     * learned */
    archive_copy_runs(copy.archive, 0, copy.old.reader, provenance->classes);
    const bool left_behind = any_left_behind(&copy);
    const int schema = archive_schema(copy.old.reader);
    /* closed, and with that synced, before it replaces anything */
    archive_close(copy.archive);
    archive_reader_close(copy.old.reader);
    if (left_behind) {
        keep_old(path);
    }
    /* the old name's link is on the disk before the old archive loses its own */
    if ((left_behind && !file_sync_folder(path)) || rename(next, path) != 0 ||
        !file_sync_folder(path)) {
        die(STATUS_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    say_fates(&copy, schema);
    content_free(&copy.points);
    content_free(&copy.chains);
    free(rows);
    free(next);
}
