/* Writing rows: independent raw writes only, so that any rank can be killed at any moment.
 *
 * What the order of writes guarantees to a reader who comes after a kill:
 *   - a row whose outcome says finished has all of its payload, for outcome is written last;
 *   - a row being rewritten (retry) says RUNNING before anything of it changes;
 *   - a row in between says RUNNING, with the attempts that tell a crash from a first try.
 * Nothing structural changes here: HDF5 would do that collectively, and a rank inside a long
 * point cannot join.
 *
 * A disk that refuses ends the run with status 4 and one line; what was stored before is
 * whole.
 */
#include "phasesweep/archive/archive.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phasesweep/base/check.h"
#include "coefficients.h"
#include "guard.h"
#include "last_words.h"
#include "layout.h"

struct Archive {
    hid_t file;
    size_t count;
    Group *groups;  /* [count] */
    int descriptor; /* for fsync, H5Fflush being collective, and last words; -1: none */
    LastWords words;
};

/* errno is what HDF5's driver left, and 0 where it failed for a reason of its own: callers
 * clear it before they write. */
static void refuse(const char *what)
{
    die(STATUS_ENVIRONMENT, "writing %s into the archive failed: %s", what,
        errno != 0 ? strerror(errno) : "is the disk full?");
}

/* Every rank opens every group: it may lead a team in any of the sweeps. */
Archive *archive_open(MPI_Comm comm, const char *path, const Job *job)
{
    assert(comm != MPI_COMM_NULL && path != NULL && job->sweep_count > 0);
    Archive *archive = checked_alloc(1, sizeof *archive);
    archive->count = job->sweep_count;
    archive->groups = checked_alloc(job->sweep_count, sizeof *archive->groups);
    /* before the file is opened for MPI; a file that cannot be synced is still worth writing */
    archive->descriptor = open(path, O_RDWR | O_CLOEXEC);
    archive->words.descriptor = archive->descriptor;
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, comm, MPI_INFO_NULL);
    errno = 0;
    archive->file = H5Fopen(path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    bool good = archive->file >= 0;
    for (size_t s = 0; good && s < archive->count; s++) {
        good = group_open(archive->file, &job->sweeps[s], &archive->groups[s]);
    }
    if (!good) {
        die(STATUS_ENVIRONMENT, "%s: cannot be opened for writing: %s", path,
            errno != 0 ? strerror(errno) : "arrays are missing");
    }
    return archive;
}

void archive_close(Archive *archive)
{
    /* every set before the file: HDF5 keeps a file open as long as anything in it is */
    for (size_t s = 0; s < archive->count; s++) {
        group_close(&archive->groups[s]);
    }
    errno = 0;
    if (H5Fclose(archive->file) < 0) {
        refuse("the end");
    }
    /* after H5Fclose, which writes what HDF5 itself still held */
    archive_sync(archive);
    close(archive->descriptor);
    free(archive->groups);
    free(archive);
}

/* Through a descriptor of its own, since H5Fflush is collective: what raw writes have given
 * to the system goes to the disk, in about 8 ms. */
void archive_sync(Archive *archive)
{
    /* EINVAL: a file system, or a special file, that knows no fsync */
    if (archive->descriptor >= 0 && fsync(archive->descriptor) != 0 && errno != EINVAL) {
        refuse("to the disk");
    }
}

void archive_require_at(const Archive *archive, const char *path)
{
    struct stat ours;
    struct stat there;
    if (archive->descriptor >= 0 && fstat(archive->descriptor, &ours) == 0 &&
        (stat(path, &there) != 0 || there.st_dev != ours.st_dev ||
         there.st_ino != ours.st_ino)) {
        die(STATUS_ENVIRONMENT,
            "%s: was removed or replaced during the run; its results are lost", path);
    }
}

/* ---- rows ------------------------------------------------------------------------------ */

/* Dies with STATUS_ENVIRONMENT: a disk that refuses one row will refuse the next. */
static void move_rows(const Group *group, int set, size_t first, size_t count, hid_t type,
                      void *data, bool write)
{
    errno = 0;
    if (!group_move(group, set, first, count, type, data, write)) {
        refuse(set_name(set, group->schema));
    }
}

/* Contiguous, and one number a point: rows lie where their numbers say. */
static off_t place_of(const Group *group, int set)
{
    return (off_t)H5Dget_offset(group->set[set]);
}

/* By the leader of the team, before the first point. */
void archive_begin(Archive *archive, size_t sweep, size_t first, size_t count, bool shared)
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    const Group *group = &archive->groups[sweep];
    int32_t before[CHAIN_LENGTH];
    int32_t attempts[CHAIN_LENGTH];
    int8_t outcome[CHAIN_LENGTH];
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, before, false);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, false);
    /* attempts count since the row was last finished: a retry begins again at 1 */
    for (size_t i = 0; i < count; i++) {
        const bool unfinished =
            outcome[i] == OUTCOME_NEVER_RUN || outcome[i] == OUTCOME_RUNNING;
        const bool sane = before[i] > 0 && before[i] < INT_MAX;
        before[i] = unfinished && sane ? before[i] : 0;
        attempts[i] = before[i] + 1;
        outcome[i] = OUTCOME_RUNNING;
    }
    /* a row tried again stops being finished before anything else of it changes */
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, true);
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, attempts, true);
    archive->words.shared = shared;
    last_words_hold(&archive->words, place_of(group, SET_OUTCOME),
                    place_of(group, SET_ATTEMPTS), first, count, before);
}

void archive_progress(Archive *archive, size_t sweep, size_t first, size_t count)
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    const Group *group = &archive->groups[sweep];
    int32_t attempts[CHAIN_LENGTH];
    int8_t outcome[CHAIN_LENGTH];
    last_words_forget(&archive->words);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, false);
    for (size_t i = 0; i < count; i++) {
        /* given back already if a stop was asked for */
        attempts[i] = outcome[i] == OUTCOME_RUNNING;
    }
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, attempts, true);
}

void archive_settle(Archive *archive, size_t sweep, size_t first, size_t count, bool counted)
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    const Group *group = &archive->groups[sweep];
    int32_t attempts[CHAIN_LENGTH];
    int8_t outcome[CHAIN_LENGTH];
    last_words_drop(&archive->words);
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, attempts, false);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, false);
    for (size_t i = 0; i < count; i++) {
        if (outcome[i] == OUTCOME_RUNNING) {
            attempts[i] -= !counted && attempts[i] > 0;
            outcome[i] = OUTCOME_NEVER_RUN;
        }
    }
    /* attempts first: an asked stop must not count even if a kill comes in between */
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, attempts, true);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, true);
}

/* Rows without a result, and why. */
static void empty_rows(Archive *archive, size_t sweep, size_t first, size_t count, Outcome why)
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    const Group *group = &archive->groups[sweep];
    int32_t attempts[CHAIN_LENGTH] = {0};
    int8_t outcome[CHAIN_LENGTH];
    memset(outcome, why, sizeof outcome);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, true);
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, attempts, true);
}

void archive_forget(Archive *archive, size_t sweep, size_t first, size_t count)
{
    empty_rows(archive, sweep, first, count, OUTCOME_NEVER_RUN);
}

void archive_leave_out(Archive *archive, size_t sweep, size_t first, size_t count)
{
    empty_rows(archive, sweep, first, count, OUTCOME_NOT_ASKED);
}

/* HDF5 turns the doubles into the type of the file; int8 has no NAN, so that -1 says "no phase"
 * (record.h), and the checksum is taken before, over the NAN. */
static void store_field(const Group *group, FieldId field, size_t first, size_t count,
                        const Record records[])
{
    assert(count <= CHAIN_LENGTH);
    const bool phase = record_fields[field].kind == FIELD_PHASE;
    double column[CHAIN_LENGTH];
    for (size_t i = 0; i < count; i++) {
        const double value = records[i].value[field];
        column[i] = phase && isnan(value) ? -1.0 : value;
    }
    move_rows(group, (int)field, first, count, H5T_NATIVE_DOUBLE, column, true);
}

/* Column by column: the rows are contiguous in every set, so that each is one write. */
static void store_rows(const Group *group, size_t first, size_t count, const Record records[],
                       const Series *series, int attempts[])
{
    uint64_t checksum[CHAIN_LENGTH];
    int8_t outcome[CHAIN_LENGTH];
    assert(count <= CHAIN_LENGTH);
    /* checksums of what memory holds, not of what the file holds: verify compares the two */
    for (size_t i = 0; i < count; i++) {
        checksum[i] = group_checksum(group, first + i, &records[i], series, i);
        outcome[i] = (int8_t)records[i].outcome;
    }
    for (FieldId field = 0; field < FIELD_COUNT; field++) {
        if (layout_has(&group->layout, (int)field)) {
            store_field(group, field, first, count, records);
        }
    }
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        if (group->layout.series[id] > 0) {
            move_rows(group, SET_SERIES + (int)id, first, count, H5T_NATIVE_DOUBLE,
                      series->value[id], true);
        }
    }
    /* from here the payload is complete; outcome last */
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT, attempts, true);
    move_rows(group, SET_CHECKSUM, first, count, H5T_NATIVE_UINT64, checksum, true);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, true);
}

void archive_store(Archive *archive, size_t sweep, size_t first, size_t count,
                   const Record records[], const Series *series)
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    int attempts[CHAIN_LENGTH];
    last_words_drop(&archive->words);
    for (size_t i = 0; i < count; i++) {
        /* a lost chain keeps the count that made it one */
        attempts[i] = records[i].outcome == OUTCOME_LOST ? ATTEMPTS_MOST : 1;
    }
    store_rows(&archive->groups[sweep], first, count, records, series, attempts);
}

void archive_take(Archive *archive, size_t sweep, size_t first, size_t count,
                  const Record records[], const Series *series)
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    int attempts[CHAIN_LENGTH] = {0};
    store_rows(&archive->groups[sweep], first, count, records, series, attempts);
}

bool archive_is_taken(Outcome outcome, int32_t attempts)
{
    return outcome == OUTCOME_CONVERGED && attempts == 0;
}

/* Rows that were not taken over have attempts as soon as they are begun. */
size_t archive_missing(const Archive *archive, size_t sweep, size_t first, size_t count,
                       size_t missing[])
{
    assert(sweep < archive->count && count <= CHAIN_LENGTH);
    const Group *group = &archive->groups[sweep];
    int attempts[CHAIN_LENGTH];
    int8_t outcome[CHAIN_LENGTH];
    size_t found = 0;
    move_rows(group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT, attempts, false);
    move_rows(group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome, false);
    for (size_t i = 0; i < count; i++) {
        if (!archive_is_taken((Outcome)outcome[i], attempts[i])) {
            missing[found++] = i;
        }
    }
    return found;
}

/* ---- table of runs ---------------------------------------------------------------------- */

/* One entry of one column; width above 1 is a column of vectors.  A column is opened for each
 * write, for the table is touched every 30 s at most. */
static void put_cell(hid_t group, const char *column, hid_t type, hsize_t index, hsize_t width,
                     const void *data)
{
    const hid_t set = H5Dopen2(group, column, H5P_DEFAULT); /* looked at by archive_read_runs */
    const hid_t space = H5Dget_space(set);
    const hsize_t start[2] = {index, 0};
    const hsize_t extent[2] = {1, width};
    const hid_t memory = H5Screate_simple(1, &width, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    errno = 0;
    if (H5Dwrite(set, type, memory, space, H5P_DEFAULT, data) < 0) {
        refuse(column);
    }
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(set);
}

/* How many numbers an entry of the column has, 1 or those of its second dimension: an older
 * file has fewer coefficients. */
static hsize_t column_width(hid_t group, const char *column)
{
    hsize_t shape[2] = {0, 1};
    const hid_t set = H5Dopen2(group, column, H5P_DEFAULT);
    const hid_t space = H5Dget_space(set);
    if (H5Sget_simple_extent_ndims(space) == 2) {
        H5Sget_simple_extent_dims(space, shape, NULL);
    }
    H5Sclose(space);
    H5Dclose(set);
    return shape[1] < RUN_COEFFICIENTS ? shape[1] : RUN_COEFFICIENTS;
}

static void put_text_cell(hid_t group, const char *column, hsize_t place,
                          const char words[RUN_TEXT])
{
    const hsize_t width = column_width(group, column);
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, RUN_TEXT / width);
    put_cell(group, column, text, place, width, words);
    H5Tclose(text);
}

/* A full table keeps its first runs and the latest one. */
static hsize_t place_of_run(size_t index)
{
    return index < ARCHIVE_RUNS ? index : ARCHIVE_RUNS - 1;
}

/* The classes that the file names, NULL before schema 3; owned by the caller.  Not guard_text,
 * which asks for the size of the file: of one that is open in parallel there is none.
 * Attributes were checked before. */
static char *classes_of(hid_t group)
{
    if (H5Aexists(group, "classes") <= 0) {
        return NULL;
    }
    const hid_t attribute = H5Aopen(group, "classes", H5P_DEFAULT);
    const hid_t type = H5Aget_type(attribute);
    char *text = checked_alloc(H5Tget_size(type) + 1, 1);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 ||
        H5Aread(attribute, type, text) < 0) {
        die(STATUS_ENVIRONMENT, "the classes of costs in the archive cannot be read");
    }
    H5Tclose(type);
    H5Aclose(attribute);
    return text;
}

/* In the order of the classes that the file names. */
static void put_coefficients(hid_t group, hsize_t place, const RunEntry *entry,
                             const char *classes)
{
    const hsize_t width = column_width(group, "coefficients");
    double coefficients[RUN_COEFFICIENTS];
    char *stored = classes_of(group);
    coefficients_sort(classes, entry->coefficients, RUN_COEFFICIENTS,
                      stored != NULL ? stored : coefficients_old_classes(), coefficients);
    put_cell(group, "coefficients", H5T_NATIVE_DOUBLE, place, width, coefficients);
    free(stored);
}

/* Column by column, as the table lies in the file; rank 0 alone writes it. */
void archive_put_run(Archive *archive, size_t index, const RunEntry *entry, const char *classes)
{
    const hsize_t place = place_of_run(index);
    const hid_t group = H5Gopen2(archive->file, RUNS_GROUP, H5P_DEFAULT);
    put_cell(group, "start", H5T_NATIVE_DOUBLE, place, 1, &entry->start);
    put_cell(group, "end", H5T_NATIVE_DOUBLE, place, 1, &entry->end);
    put_cell(group, "ranks", H5T_NATIVE_INT, place, 1, &entry->ranks);
    put_cell(group, "points", H5T_NATIVE_DOUBLE, place, 1, &entry->points);
    if (guard_exists(group, RUNS_LEFT)) {
        put_cell(group, RUNS_TOLD, H5T_NATIVE_DOUBLE, place, 1, &entry->told);
        put_cell(group, RUNS_LEFT, H5T_NATIVE_DOUBLE, place, 1, &entry->left);
    }
    put_text_cell(group, "host", place, entry->host);
    put_text_cell(group, "slurm_job", place, entry->slurm_job);
    put_coefficients(group, place, entry, classes);
    H5Gclose(group);
}

void archive_put_ending(Archive *archive, size_t index, RunEnding ending)
{
    const int8_t code = (int8_t)ending;
    const hid_t group = H5Gopen2(archive->file, RUNS_GROUP, H5P_DEFAULT);
    if (guard_exists(group, RUNS_ENDING)) {
        put_cell(group, RUNS_ENDING, H5T_NATIVE_INT8, place_of_run(index), 1, &code);
    }
    H5Gclose(group);
}

size_t archive_copy_runs(Archive *archive, size_t index, ArchiveReader *from,
                         const char *classes)
{
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    const size_t count = archive_read_runs(from, classes, entries, ARCHIVE_RUNS);
    for (size_t k = 0; k < count && index < ARCHIVE_RUNS; k++, index++) {
        archive_put_run(archive, index, &entries[k], classes);
        archive_put_ending(archive, index, entries[k].ending);
    }
    free(entries);
    return index;
}

void archive_speak_for(Archive *archive, size_t index)
{
    const hid_t group = H5Gopen2(archive->file, RUNS_GROUP, H5P_DEFAULT);
    if (guard_exists(group, RUNS_ENDING)) {
        const hid_t set = H5Dopen2(group, RUNS_ENDING, H5P_DEFAULT);
        archive->words.ending = (off_t)(H5Dget_offset(set) + place_of_run(index));
        H5Dclose(set);
    }
    H5Gclose(group);
}

void archive_last_words(Archive *archive, RunEnding ending)
{
    last_words_speak(&archive->words, ending);
}
