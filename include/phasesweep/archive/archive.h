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
 * An ATTEMPT is a chain begun and neither finished nor left by somebody who could say so.  It
 * is counted when the chain is begun, and taken back by whoever stops it: a signal (TERM, INT,
 * USR1, HUP, XCPU), also the one by which a launcher ends the other ranks; a disk or an
 * allocation that fails, on any rank, for all chains in flight; the loss of the node, seen by
 * the next run in the lock that stayed (another boot, or the same Slurm job started again).  A
 * checkpoint that was saved begins the count anew.  So what counts is a crash within the chain,
 * and kill -9 without a word, for which the kernel's memory killer cannot be told from a
 * person: three of them without a checkpoint in between, and the chain is lost.  Not seen is a
 * rank of a team that is killed while the launcher ends its leader by a signal.
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

/* Consecutive rows, in a caller's buffers of CHAIN_LENGTH. */
typedef struct Rows {
    /* fields the file lacks are NAN */
    Record records[CHAIN_LENGTH];
    /* begun since last finished, this finish included; 0 of a row that was taken over */
    int32_t attempts[CHAIN_LENGTH];
    uint64_t checksum[CHAIN_LENGTH];
    /* finished, and the checksum agrees */
    bool sound[CHAIN_LENGTH];
    /* of the rows read last; those that the file lacks are absent; in the reader's memory */
    Series series;
} Rows;

/* Local.  Read `count` rows, from point `first` of a sweep: of a chain, or of sweep_block. */
void archive_read_rows(ArchiveReader *reader, size_t sweep, size_t first, size_t count,
                       Rows *rows);

/* Local.  Only outcomes and attempts of the rows, without looking at checksums. */
void archive_read_outcomes(ArchiveReader *reader, size_t sweep, size_t first, size_t count,
                           int8_t outcome[], int32_t attempts[]);

/* Local.  Visit the outcomes of all points of a sweep, in their order. */
void archive_visit_outcomes(ArchiveReader *reader, size_t index, const Sweep *sweep,
                            void (*visit)(void *context, size_t point, int8_t outcome),
                            void *context);

/* How a run ended, as it said itself; int8 in the file: append, never renumber. */
#define RUN_ENDINGS(X)                                                                         \
    X(NO_WORD, -1, "no_word")        /* it goes on, or died without one */                     \
    X(FINISHED, 0, "finished")       /* no chain is open */                                    \
    X(STOPPED, 1, "stopped")         /* a signal asked for it */                               \
    X(ENVIRONMENT, 2, "environment") /* disk, memory or MPI failed */                          \
    X(CRASHED, 3, "crashed")         /* a fault or an abort within the program */

typedef enum RunEnding {
#define X(suffix, code, name) RUN_##suffix = (code),
    RUN_ENDINGS(X)
#undef X
        RUN_ENDING_BEYOND
} RunEnding;

/* Local.  Static string; "no_word" too for codes that are not known. */
const char *run_ending_name(int code);

/* One entry of the table of runs. */
typedef struct RunEntry {
    /* seconds since 1970; end 0: died */
    double start, end;
    /* NO_WORD too in files that have no such column */
    RunEnding ending;
    /* of the communicator, those that only wait included */
    int ranks;
    /* finished by this run */
    double points;
    /* when the run last told, since 1970, and what it expected to be left then, in seconds;
     * told 0: never, or by a program that did not */
    double told, left;
    /* empty: unknown, or no Slurm */
    char host[RUN_TEXT], slurm_job[RUN_TEXT];
    /* of the cost model, as learned by the run, in the order of its classes; NAN beyond */
    double coefficients[RUN_COEFFICIENTS];
} RunEntry;

/* Local.  Seconds until the run that goes on is done, by its own word (duration.h); NAN: it has
 * told nothing yet. */
double archive_run_left(const RunEntry *run, double now);

/* Local.  Points that the last of the runs has computed so far, of `done` that are finished:
 * its entry is a few seconds old, and all are its own where there was no run before. */
double archive_run_points(const RunEntry entries[], size_t count, size_t done);

/* Local.  Entries used, at most `most`, oldest first; coefficients in the order of `classes`,
 * names separated by blanks, NAN for classes that the file does not have. */
size_t archive_read_runs(ArchiveReader *reader, const char *classes, RunEntry entries[],
                         size_t most);

/* Local.  The schema of the file, from 1. */
int archive_schema(const ArchiveReader *reader);

/* Local.  Are job, axes and attributes as they were made?  What rows mean depends on them. */
bool archive_structure_sound(const ArchiveReader *reader);

/* Local.  Dies with STATUS_WRONG_INPUT, naming the path, if they are not. */
void archive_require_sound(const ArchiveReader *reader, const char *path);

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

/* Local.  Mark rows of a chain as running and count the attempt; shared: by a team of several
 * ranks.  They are in hand until rows are stored or settled: of one chain at a time. */
void archive_begin(Archive *archive, size_t sweep, size_t first, size_t count, bool shared);

/* Local.  The chain in hand, of which these are rows, has come to where nobody loses it: this
 * attempt is its first. */
void archive_progress(Archive *archive, size_t sweep, size_t first, size_t count);

/* Local.  Rows of a chain that are still marked as running are left for later: by who stops,
 * or, before anything else begins, by who finds them.  counted: the attempt stays one. */
void archive_settle(Archive *archive, size_t sweep, size_t first, size_t count, bool counted);

/* Local.  Rows of which nothing is to be kept. */
void archive_forget(Archive *archive, size_t sweep, size_t first, size_t count);

/* Local.  Rows that nobody asks for: refinement ended without them. */
void archive_leave_out(Archive *archive, size_t sweep, size_t first, size_t count);

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

/* Root only.  Enter this run in the table; `index` is the place of a run, counted from 0;
 * classes: the names of the entry's coefficients.  Those that the file does not have are lost.
 */
void archive_put_run(Archive *archive, size_t index, const RunEntry *entry,
                     const char *classes);

/* Root only.  Enter the runs of another archive from place `index` on, as many as there is room
 * for, with how they ended; one that died without a word stays so.  Returns the next place. */
size_t archive_copy_runs(Archive *archive, size_t index, ArchiveReader *from,
                         const char *classes);

/* Local, on every rank that computes.  The place of this run in the table, which rank 0 has put
 * there: from now on archive_last_words writes how it ended. */
void archive_speak_for(Archive *archive, size_t index);

/* Local.  Say how this run ends, unless an end was said before, and give the chain in hand
 * back: not after a crash, and not after an environment failed, whose chains the next run
 * excuses.  It may be called from a handler of signals, and after anything has failed; it never
 * dies. */
void archive_last_words(Archive *archive, RunEnding ending);

/* Root only.  The same at the end of a run, when nothing is in hand; dies if the disk refuses.
 */
void archive_put_ending(Archive *archive, size_t index, RunEnding ending);

/* Local.  Flush what has reached the file to the disk, through a descriptor of its own. */
void archive_sync(Archive *archive);

#endif
