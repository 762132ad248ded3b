#include "content.h"

#include <assert.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

/* For qsort and bsearch; ids use all 64 bits, so that no difference fits an int.  They are
 * hashes: among 10^6 two are equal by chance less than once in 10^7 jobs. */
static int by_id(const void *a, const void *b)
{
    const ContentRef *x = a;
    const ContentRef *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_place(const void *a, const void *b)
{
    const ContentRef *x = a;
    const ContentRef *y = b;
    return x->sweep != y->sweep ? (x->sweep > y->sweep ? 1 : -1)
                                : (x->place > y->place) - (x->place < y->place);
}

static int by_id_and_place(const void *a, const void *b)
{
    const int order = by_id(a, b);
    return order != 0 ? order : by_place(a, b);
}

ContentIndex content_chains(const Job *job)
{
    ContentIndex index = {0};
    size_t most = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        most += sweep_chains(&job->sweeps[s]);
    }
    index.refs = checked_alloc(most, sizeof *index.refs);
    for (uint32_t s = 0; s < job->sweep_count; s++) {
        for (uint32_t chain = 0; chain < sweep_chains(&job->sweeps[s]); chain++) {
            const uint64_t id = sweep_chain_id(&job->sweeps[s], chain);
            index.refs[index.count++] = (ContentRef){.id = id, .sweep = s, .place = chain};
        }
    }
    assert(index.count == most);
    qsort(index.refs, index.count, sizeof *index.refs, by_id_and_place);
    return index;
}

ContentIndex content_points(const Job *job, const ContentIndex *chains)
{
    ContentIndex index = {0};
    size_t most = 0;
    for (int fill = 0; fill < 2; fill++) {
        for (size_t k = 0; k < chains->count; k++) {
            const ContentRef *chain = &chains->refs[k];
            const Sweep *sweep = &job->sweeps[chain->sweep];
            size_t first;
            size_t count;
            sweep_chain(sweep, chain->place, &first, &count);
            most += fill == 0 && !chain->used ? count : 0;
            for (size_t i = 0; i < count && fill == 1 && !chain->used; i++) {
                index.refs[index.count++] = (ContentRef){.id = sweep_point_id(sweep, first + i),
                                                         .sweep = chain->sweep,
                                                         .place = (uint32_t)(first + i)};
            }
        }
        index.refs = fill == 0 ? checked_alloc(most, sizeof *index.refs) : index.refs;
    }
    assert(index.count == most);
    qsort(index.refs, index.count, sizeof *index.refs, by_id_and_place);
    return index;
}

void content_free(ContentIndex *index)
{
    free(index->refs);
    *index = (ContentIndex){0};
}

/* bsearch may hit any of several equal ids. */
ContentRef *content_find(const ContentIndex *index, uint64_t id, size_t *count)
{
    const ContentRef wanted = {.id = id};
    ContentRef *first = bsearch(&wanted, index->refs, index->count, sizeof wanted, by_id);
    *count = 0;
    while (first != NULL && first > index->refs && first[-1].id == id) {
        first--;
    }
    for (const ContentRef *end = index->refs + index->count;
         first != NULL && first + *count < end && first[*count].id == id;) {
        ++*count;
    }
    return first;
}

ContentRef *content_unused(const ContentIndex *index, uint64_t id)
{
    size_t count;
    ContentRef *found = content_find(index, id, &count);
    for (size_t k = 0; k < count; k++) {
        if (!found[k].used) {
            return &found[k];
        }
    }
    return NULL;
}

void content_sort_by_place(ContentIndex *index)
{
    qsort(index->refs, index->count, sizeof *index->refs, by_place);
}

size_t content_row(ContentRows *rows, size_t sweep, size_t point)
{
    const bool there = rows->count > 0 && rows->sweep == sweep && point >= rows->first &&
                       point < rows->first + rows->count;
    if (!there) {
        const Sweep *its = &rows->job->sweeps[sweep];
        rows->sweep = sweep;
        sweep_chain(its, sweep_chain_at(its, point), &rows->first, &rows->count);
        archive_read_rows(rows->reader, sweep, rows->first, rows->count, rows->rows);
    }
    return point - rows->first;
}
