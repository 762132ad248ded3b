#include "panel.h"

#include <assert.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

/* Bytes of the rows of a panel, and samples at least: a product needs so many to be fast. */
enum { PANEL_BYTES = 2 << 20, PANEL_LEAST = 128, PANEL_MOST = 2048 };

int panel_samples(int d)
{
    const int fits = PANEL_BYTES / 8 / d;
    return fits < PANEL_LEAST ? PANEL_LEAST : fits > PANEL_MOST ? PANEL_MOST : fits;
}

size_t panel_memory(int d)
{
    return ((size_t)d + 2) * 8 * (size_t)panel_samples(d);
}

/* One piece of memory, all of it from rank 0 of the node. */
static void share_rows(Panel *panel)
{
    const size_t bytes = 8 * (size_t)panel->data->dimension * (size_t)panel->most;
    const MPI_Aint mine = panel->node_rank == 0 ? (MPI_Aint)bytes : 0;
    MPI_Aint size;
    int unit;
    MPI_Win_allocate_shared(mine, sizeof(double), MPI_INFO_NULL, panel->node, &panel->rows,
                            &panel->window);
    MPI_Win_shared_query(panel->window, 0, &size, &unit, &panel->rows);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, panel->window);
}

Panel panel_create(MPI_Comm team, const Dataset *data)
{
    Panel panel = {.team = team, .data = data, .most = panel_samples(data->dimension)};
    MPI_Comm_size(team, &panel.ranks);
    MPI_Comm_split_type(team, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &panel.node);
    MPI_Comm_rank(panel.node, &panel.node_rank);
    MPI_Comm_size(panel.node, &panel.node_ranks);
    panel.first = checked_alloc((size_t)panel.ranks + 1, sizeof *panel.first);
    MPI_Allgather(&data->first, 1, MPI_INT64_T, panel.first, 1, MPI_INT64_T, team);
    panel.first[panel.ranks] = data->samples;
    int64_t longest = data->rows;
    MPI_Allreduce(MPI_IN_PLACE, &longest, 1, MPI_INT64_T, MPI_MAX, team);
    panel.set = panel.ranks < panel.most ? panel.ranks : panel.most;
    panel.width = panel.most / panel.set;
    const int sets = (panel.ranks + panel.set - 1) / panel.set;
    panel.panels = sets * ((longest + panel.width - 1) / panel.width);
    panel.sample = checked_alloc((size_t)panel.most, sizeof *panel.sample);
    share_rows(&panel);
    return panel;
}

void panel_free(Panel *panel)
{
    MPI_Win_unlock_all(panel->window);
    MPI_Win_free(&panel->window);
    MPI_Comm_free(&panel->node);
    free(panel->first);
    free(panel->sample);
    *panel = (Panel){0};
}

/* Which samples panel k has, and which of them are this rank's. */
static void choose(Panel *panel, int64_t k)
{
    const int sets = (panel->ranks + panel->set - 1) / panel->set;
    const int from = (int)(k % sets) * panel->set;
    const int to = from + panel->set < panel->ranks ? from + panel->set : panel->ranks;
    const int64_t offset = k / sets * panel->width;
    panel->count = 0;
    panel->own = (SampleBlock){.offset = offset < panel->data->rows ? offset : 0};
    for (int rank = from; rank < to; rank++) {
        const int64_t begin = panel->first[rank] + offset;
        const int64_t end = panel->first[rank + 1];
        if (begin == panel->data->first + offset) {
            panel->own_place = panel->count;
        }
        for (int64_t at = begin; at < end && at < begin + panel->width; at++) {
            if (at >= panel->data->first && at < panel->data->first + panel->data->rows) {
                panel->own.rows++;
            }
            panel->sample[panel->count++] = at;
        }
    }
    panel->own.labels = panel->data->labels + panel->own.offset;
}

/* The ranks of a node part the rows evenly; with all of the team on one node these are its own
 * ones but for the ends of shares. */
static void make(Panel *panel)
{
    const int64_t count = panel->count;
    const int from = (int)(count * panel->node_rank / panel->node_ranks);
    const int to = (int)(count * (panel->node_rank + 1) / panel->node_ranks);
    const size_t d = (size_t)panel->data->dimension;
    for (int row = from; row < to; row++) {
        dataset_rows(panel->data, panel->sample[row], 1, panel->rows + (size_t)row * d);
    }
}

void panel_turn(Panel *panel, int64_t k)
{
    assert(k >= 0 && k < panel->panels);
    choose(panel, k);
    make(panel);
    MPI_Win_sync(panel->window);
    MPI_Barrier(panel->node);
    MPI_Win_sync(panel->window);
}
