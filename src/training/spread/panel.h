/* panel.h - some samples at a time, their rows made once on each node for all its ranks.
 * Private to src/training/spread.
 *
 * Every rank of the team sees all samples, for it has some rows and columns of every matrix,
 * and keeps label and dual vector of its own ones, a contiguous share.  A panel takes a few of
 * each share, so that the ranks of a team on one node make, or copy, as many rows each, and
 * what is sample by sample is done by all ranks.
 */
#ifndef PHASESWEEP_TRAINING_PANEL_H
#define PHASESWEEP_TRAINING_PANEL_H

#include <mpi.h>

#include "phasesweep/data/dataset.h"

typedef struct Panel {
    MPI_Comm team; /* borrowed */
    MPI_Comm node; /* ranks of the team that share memory; owned */
    MPI_Win window;
    const Dataset *data; /* borrowed */
    int ranks;           /* of the team */
    int node_rank, node_ranks;
    int64_t *first;  /* [ranks + 1] sample with which the share of a rank begins; owned */
    int most;        /* samples of a panel */
    int set, width;  /* shares that a panel draws on, samples of each */
    int64_t panels;  /* of a pass */
    double *rows;    /* [d * most]; of the node */
    int64_t *sample; /* [most] their numbers; owned */
    int count;       /* samples of the panel in hand, may be 0 */
    SampleBlock own; /* of them this rank's share; without features */
    int own_place;   /* where they begin in the panel */
} Panel;

/* Collective on team.  Release with panel_free, collective too. */
Panel panel_create(MPI_Comm team, const Dataset *data);
void panel_free(Panel *panel);

/* Local.  Samples of a panel, and its bytes. */
int panel_samples(int d);
size_t panel_memory(int d);

/* Collective on team.  Turn to panel k, 0 <= k < panels: rows [d x count] by column.  All ranks
 * must have read the one before. */
void panel_turn(Panel *panel, int64_t k);

#endif
