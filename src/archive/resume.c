/* A chain is done if every row of it is finished and sound; else all of it is redone, since its
 * points start from each other.  What a row says after a kill is in write.c.
 *
 * Interrupted chains are told from new ones, and lost ones, by their attempts: a chain that
 * takes its job down every time must not do so for ever.
 */
#include "phasesweep/archive/resume.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

/* What the rows of a chain amount to. */
typedef struct ChainState {
    bool open, interrupted, running, lost, spoilt;
    size_t missing;
} ChainState;

/* A row with attempts that is not finished died with its job.  Once is bad luck; ATTEMPTS_MOST
 * times is most likely the point's own doing, and it must not take the rest of the sweep down
 * again: it is lost, unless `retry` insists.  Those still RUNNING are of the last run, which
 * may be `excused`. */
static ChainState judge(const Rows *rows, size_t count, bool retry, bool excused)
{
    ChainState state = {0};
    assert(count > 0 && count <= CHAIN_LENGTH);
    for (size_t i = 0; i < count; i++) {
        const Outcome outcome = rows->records[i].outcome;
        const bool bad = rows->sound[i] && !outcome_is_good(outcome);
        const bool running = outcome == OUTCOME_RUNNING;
        const int64_t attempts = (int64_t)rows->attempts[i] - (running && excused);
        const bool begun = (running || outcome == OUTCOME_NEVER_RUN) && attempts > 0;
        /* more ranks may have the memory now */
        const bool refused = rows->sound[i] && outcome == OUTCOME_REFUSED_MEMORY;
        state.open |= !rows->sound[i] || refused || (bad && retry);
        state.interrupted |= begun || running;
        state.running |= running;
        state.lost |= begun && attempts >= ATTEMPTS_MOST && !retry;
        const bool taken = archive_is_taken(outcome, rows->attempts[i]);
        state.spoilt |= taken && !rows->sound[i];
        state.missing += !taken;
    }
    state.missing = state.spoilt ? count : state.missing;
    return state;
}

/* Twice as long when full: millions of chains may be open. */
static void append(OpenChains *chains, size_t *capacity, OpenChain chain)
{
    assert(chains->count <= *capacity);
    if (chains->count == *capacity) {
        *capacity = 2 * *capacity + 64;
        chains->chains = checked_realloc(chains->chains, *capacity, sizeof *chains->chains);
    }
    chains->chains[chains->count++] = chain;
}

/* Of the last run, as it said itself. */
static bool ended_by_environment(ArchiveReader *reader)
{
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    const size_t runs = archive_read_runs(reader, "", entries, ARCHIVE_RUNS);
    const bool said = runs > 0 && entries[runs - 1].ending == RUN_ENVIRONMENT;
    free(entries);
    return said;
}

OpenChains chains_find(const char *archive_path, const Job *job, bool retry, bool node_loss)
{
    OpenChains chains = {0};
    size_t capacity = 0;
    ArchiveReader *reader = archive_reader(archive_path, job);
    chains.excused = node_loss || ended_by_environment(reader);
    Rows *rows = checked_alloc(1, sizeof *rows);
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        for (uint32_t chain = 0; chain < sweep_chains(&job->sweeps[s]); chain++) {
            size_t first;
            size_t count;
            sweep_chain(&job->sweeps[s], chain, &first, &count);
            archive_read_rows(reader, s, first, count, rows);
            const ChainState state = judge(rows, count, retry, chains.excused);
            if (state.open) {
                append(&chains, &capacity,
                       (OpenChain){.sweep = s,
                                   .chain = chain,
                                   .interrupted = state.interrupted,
                                   .running = state.running,
                                   .lost = state.lost,
                                   .spoilt = state.spoilt,
                                   .missing = state.missing});
            } else {
                chains.finished += (double)count;
            }
        }
    }
    /* closed before the run opens the file for writing */
    free(rows);
    archive_reader_close(reader);
    return chains;
}

void chains_free(OpenChains *chains)
{
    free(chains->chains);
    *chains = (OpenChains){0};
}

/* A sweep whose points are counted. */
typedef struct Count {
    PointCounts *counts;
    size_t sweep;
} Count;

static void count_point(void *context, size_t point, int8_t outcome)
{
    const Count *count = context;
    PointCounts *counts = count->counts;
    if (outcome <= OUTCOME_RUNNING || outcome >= OUTCOME_COUNT) {
        counts->unfinished++;
        return;
    }
    const size_t before = counts->outcome[outcome]++;
    if (!outcome_is_good((Outcome)outcome)) {
        counts->unconverged++;
        if (before < POINTS_NAMED) {
            counts->bad[outcome][before] = (BadPoint){
                .sweep = count->sweep, .point = point, .iterations = NAN, .off = NAN};
        }
    }
}

/* Why points are not good, as far as their rows tell. */
static void ask_rows(ArchiveReader *reader, PointCounts *counts)
{
    Rows *rows = checked_alloc(1, sizeof *rows);
    for (int outcome = OUTCOME_RUNNING + 1; outcome < OUTCOME_COUNT; outcome++) {
        const size_t all = outcome_is_good((Outcome)outcome) ? 0 : counts->outcome[outcome];
        for (size_t k = 0; k < all && k < POINTS_NAMED; k++) {
            BadPoint *bad = &counts->bad[outcome][k];
            archive_read_rows(reader, bad->sweep, bad->point, 1, rows);
            const double *value = rows->records[0].value;
            bad->iterations = value[FIELD_ITERATIONS];
            bad->off = isfinite(value[FIELD_GAP]) ? value[FIELD_GAP] : value[FIELD_RESIDUAL];
        }
    }
    free(rows);
}

/* By outcomes alone: checksums were looked at when the chains were chosen, and made since. */
PointCounts chains_count(const char *archive_path, const Job *job)
{
    PointCounts counts = {0};
    ArchiveReader *reader = archive_reader(archive_path, job);
    for (size_t s = 0; s < job->sweep_count; s++) {
        archive_visit_outcomes(reader, s, &job->sweeps[s], count_point, &(Count){&counts, s});
    }
    ask_rows(reader, &counts);
    archive_reader_close(reader);
    return counts;
}
