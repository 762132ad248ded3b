/* A line is done if every row of it is finished and sound; else all of it is redone, since its
 * points start from each other.  What a row says after a kill is in archive.c.
 *
 * Interrupted lines are told from new ones by RUNNING rows, and lost ones by their attempts:
 * a line that takes its job down every time must not do so for ever.
 */
#include "phasesweep/lines.h"

#include <assert.h>
#include <stdlib.h>

#include "phasesweep/check.h"

/* What the rows of a line amount to. */
typedef struct LineState {
    bool open, interrupted, lost;
} LineState;

/* A row still RUNNING when nobody runs died with its job.  Once is bad luck (the node, the
 * time limit); ATTEMPTS_MOST times is most likely the point's own doing, and it must not
 * take the rest of the sweep down again: it is lost, unless `retry` insists. */
static LineState judge(const Rows *rows, size_t count, bool retry)
{
    LineState state = {0};
    assert(count > 0 && count <= LINE_LENGTH);
    for (size_t i = 0; i < count; i++) {
        const Outcome outcome = rows->records[i].outcome;
        const bool bad = rows->sound[i] && outcome != OUTCOME_CONVERGED;
        const bool begun = outcome == OUTCOME_RUNNING && rows->attempts[i] > 0;
        /* more ranks may have the memory now */
        const bool refused = rows->sound[i] && outcome == OUTCOME_REFUSED_MEMORY;
        state.open |= !rows->sound[i] || refused || (bad && retry);
        state.interrupted |= begun;
        state.lost |= begun && rows->attempts[i] >= ATTEMPTS_MOST && !retry;
    }
    return state;
}

/* Twice as long when full: millions of lines may be open. */
static void append(OpenLines *lines, size_t *capacity, OpenLine line)
{
    assert(lines->count <= *capacity);
    if (lines->count == *capacity) {
        *capacity = 2 * *capacity + 64;
        lines->lines = checked_realloc(lines->lines, *capacity, sizeof *lines->lines);
    }
    lines->lines[lines->count++] = line;
}

OpenLines lines_find(const char *archive_path, const Job *job, bool retry)
{
    OpenLines lines = {0};
    size_t capacity = 0;
    ArchiveReader *reader = archive_reader(archive_path, job);
    Rows *rows = checked_alloc(1, sizeof *rows);
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        for (uint32_t line = 0; line < sweep_lines(&job->sweeps[s]); line++) {
            size_t first;
            size_t count;
            sweep_line(&job->sweeps[s], line, &first, &count);
            archive_read_rows(reader, s, first, count, rows);
            const LineState state = judge(rows, count, retry);
            if (state.open) {
                append(&lines, &capacity, (OpenLine){s, line, state.interrupted, state.lost});
            } else {
                lines.finished += (double)count;
            }
        }
    }
    /* closed before the run opens the file for writing */
    free(rows);
    archive_reader_close(reader);
    return lines;
}

void lines_free(OpenLines *lines)
{
    free(lines->lines);
    *lines = (OpenLines){0};
}

size_t lines_unconverged(const char *archive_path, const Job *job)
{
    /* outcomes alone: checksums were looked at when the lines were chosen */
    size_t bad = 0;
    ArchiveReader *reader = archive_reader(archive_path, job);
    for (size_t s = 0; s < job->sweep_count; s++) {
        for (size_t line = 0; line < sweep_lines(&job->sweeps[s]); line++) {
            size_t first;
            size_t count;
            int8_t outcome[LINE_LENGTH];
            int32_t attempts[LINE_LENGTH];
            sweep_line(&job->sweeps[s], line, &first, &count);
            archive_read_outcomes(reader, s, first, count, outcome, attempts);
            for (size_t i = 0; i < count; i++) {
                bad += outcome[i] != OUTCOME_CONVERGED;
            }
        }
    }
    archive_reader_close(reader);
    return bad;
}

/* For qsort and bsearch; ids use all 64 bits, so that no difference fits an int. */
static int by_id(const void *a, const void *b)
{
    const LineRef *x = a;
    const LineRef *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

LineIndex lines_index(const Job *job)
{
    /* ids are hashes of 64 bits: among 10^6 lines two are equal by chance less than once in
     * 10^7 jobs */
    LineIndex index = {0};
    size_t most = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        most += sweep_lines(&job->sweeps[s]);
    }
    index.lines = checked_alloc(most, sizeof *index.lines);
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        for (uint32_t line = 0; line < sweep_lines(&job->sweeps[s]); line++) {
            const uint64_t id = sweep_line_id(&job->sweeps[s], line);
            index.lines[index.count++] = (LineRef){.id = id, .sweep = s, .line = line};
        }
    }
    assert(index.count == most);
    qsort(index.lines, index.count, sizeof *index.lines, by_id);
    return index;
}

void lines_index_free(LineIndex *index)
{
    free(index->lines);
    *index = (LineIndex){0};
}

LineRef *lines_lookup(LineIndex *index, uint64_t id)
{
    const LineRef wanted = {.id = id};
    LineRef *found = bsearch(&wanted, index->lines, index->count, sizeof wanted, by_id);
    if (found == NULL) {
        return NULL;
    }
    /* bsearch may hit any of several equal ids: to the first, then past those that are used */
    while (found > index->lines && found[-1].id == id) {
        found--;
    }
    LineRef *const last = index->lines + index->count - 1;
    while (found->used && found < last && found[1].id == id) {
        found++;
    }
    assert(found->id == id);
    return found;
}
