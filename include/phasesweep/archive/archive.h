/* archive.h - the one HDF5 file that holds every record.
 *
 * A group per sweep; in it the varied axes as dimension scales and every field of the method as
 * an array over them, with outcome (int8), attempts and checksum; beside the sweeps the table
 * `runs`.  The structure is complete before the first point: built by one rank under a
 * temporary name, space reserved, closed, renamed.  From then on there are only independent raw
 * writes, payload first, then checksum, outcome last, so that kill -9 loses at most the chains
 * in flight.
 *
 * A row is a point's place in every array.  It is SOUND if its checksum agrees; only sound rows
 * count as finished.
 *
 * Who may call what: one process reads, at any time, also while a run writes; all ranks of a
 * run write, each whole chains that no other rank touches; rank 0 alone creates, extends and
 * enters runs.  A rank inside a long point is never waited for: nothing between archive_open
 * and archive_close is collective (architecture.md, Archive).
 */
#ifndef PHASESWEEP_ARCHIVE_H
#define PHASESWEEP_ARCHIVE_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#include "phasesweep/study/job.h"
#include "phasesweep/study/record.h"

enum {
    /* of the files written here; it grows when a reader of today would misread the new file */
    ARCHIVE_SCHEMA = 3,
    /* a point that dies with its job so often is lost */
    ATTEMPTS_MOST = 3,
    /* entries of the table of runs; the last takes all later ones */
    ARCHIVE_RUNS = 1024,
    /* bytes of a name in it, the last of them a NUL */
    RUN_TEXT = 64,
    /* room for COST_COEFFICIENTS of cost.h, three numbers a class */
    RUN_COEFFICIENTS = 96
};

/* Local.  Name and version of HDF5; owned by the caller. */
char *archive_library(void);

/* Local.  From now on HDF5 prints nothing by itself: one line of ours instead of its stack. */
void archive_silence(void);

/* ---- reading, by one process; the file may be being written ------------------------------ */

/* Local.  The job whose points the archive holds, as a text owned by the caller; NULL if
 * nothing exists at path.  That is the text it was made of or, where this program would read
 * other numbers out of that than the one that made the archive, what that one resolved it to.
 * Dies with STATUS_WRONG_INPUT, naming the reason, if it is no archive of ours, is truncated or
 * has a newer schema. */
char *archive_read_job(const char *path);

/* Local.  Likewise the text as it was written, whatever it means today. */
char *archive_read_text(const char *path);

/* Local.  The random name of the archive at path, which has one since schema 3 and else is
 * empty; owned by the caller.  Dies as archive_read_job does. */
char *archive_read_id(const char *path);

/* Local, before MPI starts.  Dies with STATUS_WRONG_INPUT if opening the file at path crashes
 * HDF5, which a child finds out; whatever else is wrong with it is left to the other
 * functions. */
void archive_probe(const char *path);

/* One process, one file; opaque, because HDF5 stays inside this layer. */
typedef struct ArchiveReader ArchiveReader;

/* Local.  Open for reading; the job must be the one inside and outlive the reader.  Dies with
 * STATUS_WRONG_INPUT if sweeps or arrays of the job are missing. */
ArchiveReader *archive_reader(const char *path, const Job *job);
/* Local.  Of a reader that is open; series of rows read through it end here. */
void archive_reader_close(ArchiveReader *reader);

/* Local.  Can rows be written in place?  Not in a copy that was repacked with compression. */
bool archive_is_raw(const ArchiveReader *reader);

/* Rows of one chain, in a caller's buffers of CHAIN_LENGTH. */
typedef struct Rows {
    /* fields the file lacks are NAN */
    Record records[CHAIN_LENGTH];
    /* begun since last finished, this finish included; 0 of a row that was taken over */
    int32_t attempts[CHAIN_LENGTH];
    uint64_t checksum[CHAIN_LENGTH];
    /* finished, and the checksum agrees */
    bool sound[CHAIN_LENGTH];
    /* of the chain read last; those that the file lacks are absent; in the reader's memory */
    Series series;
} Rows;

/* Local.  Read `count` rows from point `first` of a sweep; they must lie in one chain. */
void archive_read_rows(ArchiveReader *reader, size_t sweep, size_t first, size_t count,
                       Rows *rows);

/* Local.  Only outcomes and attempts of the rows, without looking at checksums. */
void archive_read_outcomes(ArchiveReader *reader, size_t sweep, size_t first, size_t count,
                           int8_t outcome[], int32_t attempts[]);

/* One entry of the table of runs. */
typedef struct RunEntry {
    /* seconds since 1970; end 0: died */
    double start, end;
    /* of the communicator, those that only wait included */
    int ranks;
    /* finished by this run */
    double points;
    /* empty: unknown, or no Slurm */
    char host[RUN_TEXT], slurm_job[RUN_TEXT];
    /* of the cost model, as learned by the run, in the order of its classes; NAN beyond */
    double coefficients[RUN_COEFFICIENTS];
} RunEntry;

/* Local.  Entries used, at most `most`, oldest first; coefficients in the order of `classes`,
 * names separated by blanks, NAN for classes that the file does not have. */
size_t archive_read_runs(ArchiveReader *reader, const char *classes, RunEntry entries[],
                         size_t most);

/* Local.  The schema of the file, from 1. */
int archive_schema(const ArchiveReader *reader);

/* Local.  Are job, axes and attributes as they were made?  What rows mean depends on them. */
bool archive_structure_sound(const ArchiveReader *reader);

/* ---- making ------------------------------------------------------------------------------ */

/* What a file says of its making. */
typedef struct Provenance {
    const char *text;      /* of the job, as written; borrowed */
    const char *libraries; /* names and versions; borrowed */
    const char *classes;   /* of the cost model, separated by blanks; borrowed */
} Provenance;

/* Root only.  Build the file at path; dies with STATUS_WRONG_INPUT if the folder does not let
 * it, with STATUS_ENVIRONMENT, leaving nothing, if the disk is full. */
void archive_create(const char *path, const Job *job, const Provenance *provenance);

/* Local.  Bytes the file of this job takes, without HDF5's own few kilobytes. */
double archive_bytes(const Job *job);

/* ---- writing ----------------------------------------------------------------------------- */

/* A file open for writing on all ranks of a communicator; opaque. */
typedef struct Archive Archive;

/* Collective on comm, which must outlive the archive and must not be Cartesian (silent
 * corruption with Open MPI 4.1).  Open for writing rows; close with archive_close. */
Archive *archive_open(MPI_Comm comm, const char *path, const Job *job);
/* Collective on the communicator of archive_open.  Everything is on the disk when it
 * returns. */
void archive_close(Archive *archive);

/* Local.  Dies with STATUS_ENVIRONMENT unless the file at path is the one that is open. */
void archive_require_at(const Archive *archive, const char *path);

/* Local.  Mark the rows of a chain as running and count the attempt. */
void archive_begin(Archive *archive, size_t sweep, size_t first, size_t count);

/* Local.  The rows of a chain that was begun and is left for later, unharmed: an interruption
 * that was asked for is no attempt. */
void archive_give_back(Archive *archive, size_t sweep, size_t first, size_t count);

/* Local.  Write the rows of a chain; dies with STATUS_ENVIRONMENT if the disk refuses.
 * series: of sweep_series. */
void archive_store(Archive *archive, size_t sweep, size_t first, size_t count,
                   const Record records[], const Series *series);

/* Local.  Write rows taken over from another archive: what archive_missing leaves out. */
void archive_take(Archive *archive, size_t sweep, size_t first, size_t count,
                  const Record records[], const Series *series);

/* Local.  Was a row taken over, with a result that stands? */
bool archive_is_taken(Outcome outcome, int32_t attempts);

/* Local.  Places, from `first`, of the rows of a chain that were not taken over; returns how
 * many, all of them but after an --extend. */
size_t archive_missing(const Archive *archive, size_t sweep, size_t first, size_t count,
                       size_t missing[]);

/* Root only.  Enter this run in the table; `index` is the place of a run, counted from 0. */
void archive_put_run(Archive *archive, size_t index, const RunEntry *entry);

/* Local.  Flush what has reached the file to the disk, through a descriptor of its own. */
void archive_sync(Archive *archive);

#endif
