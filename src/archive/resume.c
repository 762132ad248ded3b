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
#include "phasesweep/model/method_facts.h"
#include "phasesweep/study/refined.h"

/* What the rows of a chain amount to. */
typedef struct ChainState {
    bool open, interrupted, running, lost, spoilt;
    size_t missing;
} ChainState;

/* A row with attempts that is not finished died with its job.  Once is bad luck; ATTEMPTS_MOST
 * times is most likely the point's own doing, and it must not take the rest of the sweep down
 * again: it is lost, unless `retry` insists.  Those still RUNNING are of the last run, which
 * may be `excused`. */
static ChainState judge(const Rows *rows, size_t first, size_t count, ChainsWish wish,
                        bool excused)
{
    ChainState state = {0};
    assert(count > 0 && first + count <= CHAIN_LENGTH);
    for (size_t i = first; i < first + count; i++) {
        const Outcome outcome = rows->records[i].outcome;
        const bool bad = rows->sound[i] && !outcome_is_good(outcome);
        const bool running = outcome == OUTCOME_RUNNING;
        const int64_t attempts = (int64_t)rows->attempts[i] - (running && excused);
        const bool begun = (running || outcome == OUTCOME_NEVER_RUN) && attempts > 0;
        /* more ranks may have the memory now */
        const bool refused = rows->sound[i] && outcome == OUTCOME_REFUSED_MEMORY;
        state.open |= !rows->sound[i] || (refused && wish.last == NULL) || (bad && wish.retry);
        state.interrupted |= begun || running;
        state.running |= running;
        state.lost |= begun && attempts >= ATTEMPTS_MOST && !wish.retry;
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

/* What is being looked for, and where. */
typedef struct Search {
    ArchiveReader *reader;
    const Job *job;
    ChainsWish wish;
    Rows *rows;
    OpenChains chains;
    size_t capacity;
} Search;

/* Append the chain if it is open. */
static void settle(Search *search, uint32_t s, uint32_t chain, ChainState state, size_t count)
{
    if (state.open) {
        append(&search->chains, &search->capacity,
               (OpenChain){.sweep = s,
                           .chain = chain,
                           .interrupted = state.interrupted,
                           .running = state.running,
                           .lost = state.lost,
                           .spoilt = state.spoilt,
                           .missing = state.missing});
    } else {
        search->chains.finished += (double)count;
    }
}

static void find_in_sweep(Search *search, uint32_t s)
{
    const Sweep *sweep = &search->job->sweeps[s];
    for (uint32_t chain = 0; chain < sweep_chains(sweep); chain++) {
        size_t first;
        size_t count;
        sweep_chain(sweep, chain, &first, &count);
        archive_read_rows(search->reader, s, first, count, search->rows);
        settle(search, s, chain,
               judge(search->rows, 0, count, search->wish, search->chains.excused), count);
    }
}

/* ---- refinement -------------------------------------------------------------------------- */

/* What is stored of a sweep that is refined, point by point, and what was made of it so far. */
struct RefinedRows {
    const Sweep *sweep;
    RefinePlane plane;
    size_t planes, points;
    FieldId fields[REFINE_FIELDS];
    double *value;     /* [points * plane.fields]; owned, as are the others */
    ChainState *state; /* [points] */
    bool *known;       /* [points] is there a result? */
    bool *marked;      /* [points] and if not, was it left out? */
    bool *asked;       /* [points] */
    bool *ended;       /* [planes] was the last round the last? */
    size_t waiting;    /* cells without room */
};

static RefinedRows refined_rows(const Sweep *sweep)
{
    RefinedRows its = {.sweep = sweep, .points = sweep_points(sweep)};
    its.planes = sweep_planes(sweep, &its.plane);
    sweep_refined_fields(sweep, its.fields);
    its.value = checked_alloc(its.points * its.plane.fields, sizeof *its.value);
    its.state = checked_alloc(its.points, sizeof *its.state);
    its.known = checked_alloc(its.points, sizeof *its.known);
    its.marked = checked_alloc(its.points, sizeof *its.marked);
    its.asked = checked_alloc(its.points, sizeof *its.asked);
    its.ended = checked_alloc(its.planes, sizeof *its.ended);
    return its;
}

static void refined_rows_free(RefinedRows *its)
{
    free(its->value);
    free(its->state);
    free(its->known);
    free(its->marked);
    free(its->asked);
    free(its->ended);
}

static void take_row(RefinedRows *its, size_t point, const Search *search, size_t i)
{
    const Rows *rows = search->rows;
    its->state[point] = judge(rows, i, 1, search->wish, search->chains.excused);
    its->known[point] = rows->sound[i];
    its->marked[point] = rows->records[i].outcome == OUTCOME_NOT_ASKED;
    for (size_t f = 0; f < its->plane.fields; f++) {
        const FieldId field = its->fields[f];
        its->value[point * its->plane.fields + f] =
            sweep_refined_number(field, rows->records[i].value[field]);
    }
}

/* All rows, or those that the last round has asked for. */
static void read_refined(RefinedRows *its, const Search *search, uint32_t s, bool all)
{
    for (size_t first = 0, count; first < its->points; first += count) {
        const size_t most = sweep_block(its->sweep, first);
        count = all ? most : 0;
        while (count < most && its->asked[first + count] && !its->known[first + count]) {
            count++;
        }
        if (count == 0) {
            count = 1;
            continue;
        }
        archive_read_rows(search->reader, s, first, count, search->rows);
        for (size_t i = 0; i < count; i++) {
            take_row(its, first + i, search, i);
        }
    }
}

static bool all_known(const RefinedRows *its, size_t plane)
{
    const size_t size = its->plane.rows * its->plane.columns;
    bool known = true;
    for (size_t k = plane * size; k < (plane + 1) * size && known; k++) {
        known = !its->asked[k] || its->known[k];
    }
    return known;
}

/* The rounds of a plane up to the first with a point that is not known.  Each looks at what was
 * asked for before it, and at nothing else that may be known: so it is what it was, or will be,
 * in any other run. */
static void ask_on(RefinedRows *its, size_t plane)
{
    const size_t first = plane * its->plane.rows * its->plane.columns;
    while (!its->ended[plane] && all_known(its, plane)) {
        const RefineRound round = refinement_next(
            &its->plane, its->value + first * its->plane.fields, its->asked + first);
        its->ended[plane] = round.added == 0 || round.waiting > 0;
        its->waiting += round.waiting;
    }
}

/* Is it over?  A result that is tried again may turn out another. */
static bool all_ended(const RefinedRows *its, bool none_open)
{
    bool ended = none_open;
    for (size_t plane = 0; plane < its->planes; plane++) {
        ended = ended && its->ended[plane];
    }
    return ended;
}

/* Has no point of the plane a number that could be compared? */
static bool is_blind(const RefinedRows *its, size_t plane)
{
    const size_t fields = its->plane.fields;
    const size_t size = its->plane.rows * its->plane.columns;
    bool blind = true;
    for (size_t k = plane * size; k < (plane + 1) * size && blind; k++) {
        for (size_t f = 0; its->asked[k] && f < fields; f++) {
            blind = blind && isnan(its->value[k * fields + f]);
        }
    }
    return blind;
}

/* Says what it came to, and which rows are not to be marked. */
static void end_refined(OpenChains *chains, uint32_t s, RefinedRows *its)
{
    RefinedSweep ended = {.sweep = s, .waiting = its->waiting, .planes = its->planes};
    for (size_t plane = 0; plane < its->planes; plane++) {
        ended.blind += is_blind(its, plane);
    }
    for (size_t k = 0; k < its->points; k++) {
        ended.asked += its->asked[k];
        its->asked[k] = its->asked[k] || its->known[k];
        ended.unmarked |= !its->asked[k] && !its->marked[k];
    }
    ended.kept = its->asked;
    its->asked = NULL;
    chains->refined =
        checked_realloc(chains->refined, chains->refined_count + 1, sizeof *chains->refined);
    chains->refined[chains->refined_count++] = ended;
}

static void find_refined(Search *search, uint32_t s)
{
    RefinedRows *its = &search->chains.rows[s];
    const bool new = its->points == 0;
    if (!new && its->asked == NULL) {
        return; /* ended in an earlier round */
    }
    if (new) {
        *its = refined_rows(&search->job->sweeps[s]);
    }
    read_refined(its, search, s, new);
    for (size_t plane = 0; plane < its->planes; plane++) {
        ask_on(its, plane);
    }
    const size_t before = search->chains.count;
    for (size_t point = 0; point < its->points; point++) {
        if (its->asked[point]) {
            settle(search, s, (uint32_t)point, its->state[point], 1);
            /* told once: the next round reads again what has no result yet */
            its->state[point].open = false;
        }
    }
    if (all_ended(its, search->chains.count == before)) {
        end_refined(&search->chains, s, its);
    } else {
        search->chains.more = true;
    }
}

static void free_rows(OpenChains *chains)
{
    for (size_t s = 0; chains->rows != NULL && s < chains->sweeps; s++) {
        refined_rows_free(&chains->rows[s]);
    }
    free(chains->rows);
    chains->rows = NULL;
}

/* What the last round knew, but where it tried again what was known. */
static void remember(OpenChains *chains, size_t sweeps, ChainsWish wish)
{
    chains->sweeps = sweeps;
    if (wish.last != NULL && !wish.last->retried) {
        chains->rows = wish.last->rows;
        wish.last->rows = NULL;
    } else {
        chains->rows = checked_alloc(sweeps, sizeof *chains->rows);
    }
    chains->retried = wish.retry;
}

OpenChains chains_find(const char *archive_path, const Job *job, ChainsWish wish)
{
    ArchiveReader *reader = archive_reader(archive_path, job);
    Search search = {.reader = reader, .job = job, .wish = wish};
    search.rows = checked_alloc(1, sizeof *search.rows);
    search.chains.excused = wish.node_loss || ended_by_environment(reader);
    remember(&search.chains, job->sweep_count, wish);
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        if (sweep_is_refined(&job->sweeps[s])) {
            find_refined(&search, s);
        } else if (wish.last == NULL) {
            find_in_sweep(&search, s);
        }
    }
    /* closed before the run opens the file for writing */
    free(search.rows);
    archive_reader_close(reader);
    return search.chains;
}

void chains_free(OpenChains *chains)
{
    for (size_t k = 0; k < chains->refined_count; k++) {
        free(chains->refined[k].kept);
    }
    free_rows(chains);
    free(chains->refined);
    free(chains->chains);
    *chains = (OpenChains){0};
}

/* A sweep whose points are counted. */
typedef struct Count {
    PointCounts *counts;
    size_t sweep;
    const Sweep *its;
} Count;

static void count_point(void *context, size_t point, int8_t outcome)
{
    const Count *count = context;
    PointCounts *counts = count->counts;
    if (outcome <= OUTCOME_RUNNING || outcome >= OUTCOME_COUNT) {
        counts->unfinished++;
        return;
    }
    if (outcome == OUTCOME_NOT_ASKED) {
        return;
    }
    const size_t before = counts->outcome[outcome]++;
    if (!outcome_is_good((Outcome)outcome)) {
        counts->unconverged++;
        counts->drawn += method_facts(sweep_problem(count->its, point).method)->draws_data;
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
        archive_visit_outcomes(reader, s, &job->sweeps[s], count_point,
                               &(Count){&counts, s, &job->sweeps[s]});
    }
    ask_rows(reader, &counts);
    archive_reader_close(reader);
    return counts;
}
