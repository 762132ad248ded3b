/* checkpoint.h - the state of a training in one file, and the visit that writes and reads it.
 *
 * A trainer lists its state once, item after item; the same listing measures it, saves it and
 * puts it back.  The file: a magic word with the number of the format, lengths, the items that
 * rank 0 has, each after its length, a table of the shares with their hashes, XXH3-64 of all
 * that; then the shares, item after item and rank after rank, which each rank writes and reads
 * by itself.  Native byte order: a checkpoint is for the next job on the same machine.
 *
 * It is written under another name, synced and renamed, and the folder is synced: a kill leaves
 * the old one or the new.  What is not whole, of another length or of something else counts as
 * no checkpoint.  All ranks must see the folder, as that of the archive.
 */
#ifndef PHASESWEEP_TRAINING_CHECKPOINT_H
#define PHASESWEEP_TRAINING_CHECKPOINT_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "phasesweep/parallel/symmetric_eigen.h"

typedef enum VisitMode { VISIT_SIZE, VISIT_SAVE, VISIT_LOAD } VisitMode;

typedef struct StateVisitor {
    MPI_Comm team; /* borrowed */
    int rank, ranks;
    VisitMode mode;
    bool good;       /* LOAD: all items so far are what was asked for, the same on all ranks;
                        SAVE: the file has taken them all, on rank 0 */
    const char *why; /* not good; static */
    char *path;      /* owned */
    FILE *file;      /* the head, on rank 0; owned, as its hash so far */
    void *digest;
    double spent;          /* seconds of one rank (trainer_alone) behind the state: set before a
                              commit, known after a read, on rank 0 */
    uint64_t bytes;        /* of all items, on rank 0 */
    uint64_t head;         /* bytes of the head, when it is known */
    uint64_t table;        /* place of the table, on rank 0 */
    uint64_t region, item; /* bytes of the shares so far; where those of an item begin */
    int own;               /* descriptor of this rank, -1: none; owned as all below */
    void *pieces;          /* [piece_count] the table; on rank 0 if it is saved */
    size_t piece_count;
    void *waiting; /* [waiting_count] shares to be written at the end */
    size_t waiting_count;
} StateVisitor;

/* Collective on the team, all below.  For the length of a listing, without a file. */
StateVisitor checkpoint_measure(MPI_Comm team);

/* Open PATH.new. */
StateVisitor checkpoint_write(MPI_Comm team, const char *path);

/* Put it on the disk and give it its name; false on all ranks if that failed, and PATH is what
 * it was. */
bool checkpoint_commit(StateVisitor *visitor);

/* Open PATH, which is there and whole if `good`. */
StateVisitor checkpoint_read(MPI_Comm team, const char *path);

/* Release.  After a LOAD, whether all of it was what was asked for and nothing is left; if not
 * one line on stderr says why, but for a file that is not there. */
bool checkpoint_close(StateVisitor *visitor);

/* An item that is the same on all ranks; one that rank 0 has; one of which each rank has a
 * share, in the order of ranks: a team of another size may read it if its shares are cut anew.
 * Shares must stay as they are until the commit. */
void visit_common(StateVisitor *visitor, void *item, size_t bytes);

/* Local.  What a choice among methods has measured, so that it is made as if nothing had been
 * interrupted. */
void visit_eigen(StateVisitor *visitor, Eigen *eigen);
void visit_root(StateVisitor *visitor, void *item, size_t bytes);
void visit_shares(StateVisitor *visitor, void *share, size_t bytes);

/* An item of shares, `bytes` in all, of which this team has others: fetched from `at` on
 * wherever they are (local), until all have theirs. */
void visit_dealt_otherwise(StateVisitor *visitor, uint64_t bytes);
void visit_fetch(StateVisitor *visitor, uint64_t at, void *to, size_t bytes);
void visit_fetched(StateVisitor *visitor);

/* One that must be the same in the file, or the file is of something else. */
void visit_match(StateVisitor *visitor, const void *item, size_t bytes);

/* Local.  Is state to be replaced, and has it come so far? */
bool visit_loading(const StateVisitor *visitor);

/* Local.  Is it time to save, or would another iteration be too late?  At most 2 % of the time
 * is spent on saving, and where that allows a kill loses at most a minute of work.
 *   since      seconds since the last save ended
 *   iteration  seconds of the last iteration
 *   cost       seconds of a save */
bool checkpoint_due(double since, double iteration, double cost);

#endif
