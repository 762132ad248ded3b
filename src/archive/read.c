/* Reading an archive, by one process and without MPI, also while a run writes it: nothing is
 * cached between calls but HDF5's own metadata, which a run never changes.
 *
 * Whatever is wrong with a file is the user's to know: STATUS_WRONG_INPUT and a line that names
 * the file, what is wrong with it, and that it was left as it is.
 *
 * Rows are trusted only if outcome and checksum agree: a node that crashed may have lost any
 * of the pages that its ranks had written.
 */
#include <assert.h>
#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"
#include "phasesweep/base/duration.h"
#include "phasesweep/base/files.h"
#include "coefficients.h"
#include "guard.h"
#include "layout.h"

struct ArchiveReader {
    const char *path; /* borrowed */
    hid_t file;
    size_t count;
    Group *groups;  /* [count]; owned */
    double *series; /* buffer of one chain, of the widest sweep; owned */
};

/* Never returns. */
static void refuse(const char *path, const char *why)
{
    die(STATUS_WRONG_INPUT, "%s: %s", path, why);
}

/* What a file that HDF5 does not open is: its first bytes tell a damaged archive from
 * something else. */
static const char *why_not_open(const char *path, const struct stat *status)
{
    if (!S_ISREG(status->st_mode)) {
        return "is no file; allowed: an archive of phasesweep";
    }
    return H5Fis_hdf5(path) > 0 ? "is truncated or damaged and cannot be opened"
                                : "exists and is no phasesweep archive";
}

/* Older schemas are read, for ever; a newer one may mean what we would read wrongly. */
static void check_schema(hid_t file, const char *path)
{
    const int schema = file_schema(file);
    if (schema == 0) {
        refuse(path, "exists and is no phasesweep archive");
    }
    if (schema < 1 || schema > ARCHIVE_SCHEMA) {
        die(STATUS_WRONG_INPUT,
            "%s: has schema %d; allowed: 1 to %d, a newer phasesweep wrote it; nothing was "
            "changed",
            path, schema, ARCHIVE_SCHEMA);
    }
}

/* The file at path, or -1 if there is none; the one function that can open any archive. */
static hid_t open_archive(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        /* ENOENT alone means "none yet": with any other error a run would build over what is
         * there */
        if (errno != ENOENT) {
            die(file_status(errno), "%s: %s", path, strerror(errno));
        }
        return -1;
    }
    errno = 0;
    const hid_t file =
        S_ISREG(status.st_mode) ? H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT) : -1;
    if (file < 0 && file_status(errno) == STATUS_ENVIRONMENT) {
        die(STATUS_ENVIRONMENT, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (file < 0) {
        refuse(path, why_not_open(path, &status));
    }
    check_schema(file, path);
    return file;
}

char *archive_read_text(const char *path)
{
    const hid_t file = open_archive(path);
    if (file < 0) {
        return NULL;
    }
    char *text = guard_text(file, "job");
    if (text == NULL) {
        refuse(path, "holds no job: it is damaged");
    }
    H5Fclose(file);
    return text;
}

/* Does `then`, what `text` was resolved to when the archive was made, tell other points than
 * the text does today? */
static bool tells_other_points(const char *path, const char *text, const char *then)
{
    Job today;
    Job before = {0};
    char *errors = job_parse(path, text, strlen(text), &today);
    if (errors != NULL) {
        free(errors);
        return false;
    }
    char *resolved = job_resolved(&today);
    /* a copy but for what an older program did not write */
    char *difference = NULL;
    if (strcmp(resolved, then) != 0) {
        errors = job_parse(path, then, strlen(then), &before);
        difference = errors == NULL ? job_difference(&before, &today) : NULL;
    }
    const bool other = difference != NULL;
    free(difference);
    free(errors);
    free(resolved);
    job_free(&before);
    job_free(&today);
    return other;
}

char *archive_read_job(const char *path)
{
    char *text = archive_read_text(path);
    const hid_t file = text != NULL ? open_archive(path) : -1;
    char *then = file >= 0 ? guard_text(file, "resolved_job") : NULL;
    if (file >= 0) {
        H5Fclose(file);
    }
    if (then != NULL && tells_other_points(path, text, then)) {
        free(text);
        return then;
    }
    free(then);
    return text;
}

char *archive_read_id(const char *path)
{
    const hid_t file = open_archive(path);
    char *text = file >= 0 ? guard_text(file, "archive_id") : NULL;
    if (file >= 0) {
        H5Fclose(file);
    }
    return text != NULL ? text : checked_format("%s", "");
}

int archive_schema(const ArchiveReader *reader)
{
    return file_schema(reader->file);
}

/* Groups with points, whether the job inside knows of them or not. */
static size_t sweeps_in(hid_t file)
{
    size_t count = 0;
    char name[NAME_LENGTH];
    for (hsize_t k = 0; H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, k, name,
                                           sizeof name, H5P_DEFAULT) > 0;
         k++) {
        const hid_t group = guard_group(file, name);
        if (group >= 0) {
            count += guard_exists(group, "outcome");
            H5Gclose(group);
        }
    }
    return count;
}

bool archive_structure_sound(const ArchiveReader *reader)
{
    char now[17];
    char *then = guard_text(reader->file, STRUCTURE_CHECKSUM);
    structure_checksum(reader->file, now);
    /* files before schema 3 say nothing of it, but a job that has lost a sweep shows */
    const bool sound = then != NULL ? strcmp(then, now) == 0 : file_schema(reader->file) < 3;
    free(then);
    return sound && sweeps_in(reader->file) == reader->count;
}

void archive_require_sound(const ArchiveReader *reader, const char *path)
{
    if (!archive_structure_sound(reader)) {
        die(STATUS_WRONG_INPUT,
            "%s: its job, axes or attributes are not as they were made, so that its numbers "
            "may mean something else",
            path);
    }
}

/* Opens all sweeps at once: what is missing or damaged is found before anything is done. */
ArchiveReader *archive_reader(const char *path, const Job *job)
{
    assert(path != NULL && job->sweep_count > 0);
    ArchiveReader *reader = checked_alloc(1, sizeof *reader);
    reader->path = path;
    errno = 0;
    reader->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (reader->file < 0 && file_status(errno) == STATUS_ENVIRONMENT) {
        die(STATUS_ENVIRONMENT, "%s: cannot be read: %s", path, strerror(errno));
    }
    reader->count = job->sweep_count;
    reader->groups = checked_alloc(job->sweep_count, sizeof *reader->groups);
    /* one buffer for the series of any sweep: rows are read a chain at a time */
    size_t largest = 0;
    for (size_t s = 0; s < reader->count; s++) {
        if (reader->file < 0 ||
            !group_open(reader->file, &job->sweeps[s], &reader->groups[s])) {
            die(STATUS_WRONG_INPUT, "%s: arrays of sweep %s are missing or damaged", path,
                job->sweeps[s].name);
        }
        const size_t size = series_size(reader->groups[s].layout.series, CHAIN_LENGTH);
        largest = size > largest ? size : largest;
    }
    reader->series = checked_alloc(largest, sizeof(double));
    return reader;
}

bool archive_is_raw(const ArchiveReader *reader)
{
    bool raw = true;
    for (size_t s = 0; s < reader->count; s++) {
        raw = raw && group_is_raw(&reader->groups[s]);
    }
    return raw;
}

void archive_reader_close(ArchiveReader *reader)
{
    for (size_t s = 0; s < reader->count; s++) {
        group_close(&reader->groups[s]);
    }
    H5Fclose(reader->file);
    free(reader->series);
    free(reader->groups);
    free(reader);
}

/* A truncated file opens well and fails here: HDF5 looks at raw data only when asked. */
static void read_set(const ArchiveReader *reader, const Group *group, int set, size_t first,
                     size_t count, hid_t type, void *data)
{
    errno = 0;
    if (!group_move(group, set, first, count, type, data, false)) {
        die(file_status(errno),
            "%s: %s of sweep %s cannot be read: the file is truncated or "
            "damaged",
            reader->path, set_name(set, group->schema), group->sweep->name);
    }
}

/* A few bytes a point, so that status of millions of points takes a moment. */
void archive_read_outcomes(ArchiveReader *reader, size_t sweep, size_t first, size_t count,
                           int8_t outcome[], int32_t attempts[])
{
    assert(sweep < reader->count && count <= CHAIN_LENGTH);
    const Group *group = &reader->groups[sweep];
    read_set(reader, group, SET_OUTCOME, first, count, H5T_NATIVE_INT8, outcome);
    read_set(reader, group, SET_ATTEMPTS, first, count, H5T_NATIVE_INT32, attempts);
}

void archive_visit_outcomes(ArchiveReader *reader, size_t index, const Sweep *sweep,
                            void (*visit)(void *context, size_t point, int8_t outcome),
                            void *context)
{
    int8_t outcome[CHAIN_LENGTH];
    int32_t attempts[CHAIN_LENGTH];
    const size_t points = sweep_points(sweep);
    for (size_t first = 0, count; first < points; first += count) {
        count = sweep_block(sweep, first);
        archive_read_outcomes(reader, index, first, count, outcome, attempts);
        for (size_t i = 0; i < count; i++) {
            visit(context, first + i, outcome[i]);
        }
    }
}

/* The inverse of store_field; what the file lacks stays NAN. */
static void read_fields(const ArchiveReader *reader, const Group *group, size_t first,
                        size_t count, Record records[])
{
    double column[CHAIN_LENGTH];
    assert(count <= CHAIN_LENGTH);
    for (size_t i = 0; i < count; i++) {
        records[i] = record_empty();
    }
    for (int field = 0; field < FIELD_COUNT; field++) {
        if (!layout_has(&group->layout, field)) {
            continue;
        }
        const bool phase = record_fields[field].kind == FIELD_PHASE;
        read_set(reader, group, field, first, count, H5T_NATIVE_DOUBLE, column);
        for (size_t i = 0; i < count; i++) {
            records[i].value[field] = phase && column[i] < 0.0 ? (double)NAN : column[i];
        }
    }
}

static bool any_finished(const int8_t outcome[], size_t count)
{
    bool finished = false;
    for (size_t i = 0; i < count; i++) {
        finished = finished || !outcome_is_hole((Outcome)outcome[i]);
    }
    return finished;
}

/* Rows without a result have nothing worth reading: a new archive is looked through at once. */
static void leave_empty(Rows *rows, const int8_t outcome[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rows->records[i] = record_empty();
        rows->records[i].outcome = (Outcome)outcome[i];
        rows->sound[i] = false;
        series_clear(&rows->series, i);
    }
}

void archive_read_rows(ArchiveReader *reader, size_t sweep, size_t first, size_t count,
                       Rows *rows)
{
    assert(sweep < reader->count && count <= CHAIN_LENGTH && rows != NULL);
    const Group *group = &reader->groups[sweep];
    int8_t outcome[CHAIN_LENGTH];
    archive_read_outcomes(reader, sweep, first, count, outcome, rows->attempts);
    rows->series = series_in(reader->series, group->layout.series, count);
    if (!any_finished(outcome, count)) {
        leave_empty(rows, outcome, count);
        return;
    }
    read_set(reader, group, SET_CHECKSUM, first, count, H5T_NATIVE_UINT64, rows->checksum);
    read_fields(reader, group, first, count, rows->records);
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        if (rows->series.length[id] > 0) {
            read_set(reader, group, SET_SERIES + (int)id, first, count, H5T_NATIVE_DOUBLE,
                     rows->series.value[id]);
        }
    }
    /* an outcome out of range is damage too: it must never reach a table of names as sound */
    for (size_t i = 0; i < count; i++) {
        rows->records[i].outcome = (Outcome)outcome[i];
        rows->sound[i] = outcome_has_row((Outcome)outcome[i]) &&
                         group_checksum(group, first + i, &rows->records[i], &rows->series,
                                        i) == rows->checksum[i];
    }
}

/* ---- table of runs ---------------------------------------------------------------------- */

/* The whole column at once: the table is small.  `type` in memory and `stored` in the file
 * have one size, as has the buffer. */
static bool read_column(hid_t group, const char *name, hid_t type, hid_t stored, hsize_t width,
                        void *data)
{
    const hsize_t shape[2] = {ARCHIVE_RUNS, width};
    const hid_t set = guard_set(group, name, stored, width > 1 ? 2 : 1, shape);
    const bool good = set >= 0 && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0;
    if (set >= 0) {
        H5Dclose(set);
    }
    return good;
}

/* The table as it lies in the file, by column; too large for a stack. */
typedef struct Columns {
    double start[ARCHIVE_RUNS], end[ARCHIVE_RUNS], points[ARCHIVE_RUNS];
    double told[ARCHIVE_RUNS], left[ARCHIVE_RUNS];
    double coefficients[ARCHIVE_RUNS * RUN_COEFFICIENTS]; /* [width] a run */
    size_t width;
    int ranks[ARCHIVE_RUNS];
    int8_t ending[ARCHIVE_RUNS];
    char host[ARCHIVE_RUNS][RUN_TEXT], slurm_job[ARCHIVE_RUNS][RUN_TEXT];
} Columns;

static bool read_numbers(hid_t group, const char *name, hsize_t width, void *data)
{
    return read_column(group, name, H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, width, data);
}

/* False if any column is missing or of another type.  Texts were strings before schema 3, and
 * are arrays of characters now: in memory they are the same. */
static bool read_columns(hid_t group, int schema, Columns *columns)
{
    /* written for fewer classes then */
    columns->width = schema < 3 ? 32 : RUN_COEFFICIENTS;
    const hid_t text = H5Tcopy(H5T_C_S1);
    const size_t characters = schema < 3 ? 1 : RUN_TEXT;
    H5Tset_size(text, RUN_TEXT / characters);
    const bool good =
        read_numbers(group, "start", 1, columns->start) &&
        read_numbers(group, "end", 1, columns->end) &&
        read_numbers(group, "points", 1, columns->points) &&
        read_column(group, "ranks", H5T_NATIVE_INT, H5T_STD_I32LE, 1, columns->ranks) &&
        read_column(group, "host", text, text, characters, columns->host) &&
        read_column(group, "slurm_job", text, text, characters, columns->slurm_job) &&
        read_numbers(group, "coefficients", columns->width, columns->coefficients);
    H5Tclose(text);
    memset(columns->ending, RUN_NO_WORD, sizeof columns->ending);
    return good &&
           (!guard_exists(group, RUNS_LEFT) ||
            (read_numbers(group, RUNS_TOLD, 1, columns->told) &&
             read_numbers(group, RUNS_LEFT, 1, columns->left))) &&
           (!guard_exists(group, RUNS_ENDING) ||
            read_column(group, RUNS_ENDING, H5T_NATIVE_INT8, H5T_STD_I8LE, 1, columns->ending));
}

const char *run_ending_name(int code)
{
    static const char *const names[] = {
#define X(suffix, code, name) [(code)-RUN_NO_WORD] = (name),
        RUN_ENDINGS(X)
#undef X
    };
    const bool known = code >= RUN_NO_WORD && code < RUN_ENDING_BEYOND;
    return names[known ? code - RUN_NO_WORD : 0];
}

double archive_run_left(const RunEntry *run, double now)
{
    return run->told > 0.0 && run->left >= 0.0 ? duration_left(run->left, now - run->told)
                                               : NAN;
}

double archive_run_points(const RunEntry entries[], size_t count, size_t done)
{
    assert(count > 0);
    const double told = entries[count - 1].points;
    return count == 1 ? fmax(told, (double)done) : told;
}

/* A run that died leaves an entry with end 0. */
size_t archive_read_runs(ArchiveReader *reader, const char *classes, RunEntry entries[],
                         size_t most)
{
    const hid_t group = guard_group(reader->file, RUNS_GROUP);
    Columns *columns = checked_alloc(1, sizeof *columns);
    if (group < 0 || !read_columns(group, file_schema(reader->file), columns)) {
        die(STATUS_WRONG_INPUT, "%s: the table of runs is damaged", reader->path);
    }
    char *stored = guard_text(group, "classes");
    /* entries are filled in order, so the first without a start ends them */
    size_t count = 0;
    for (; count < ARCHIVE_RUNS && count < most && columns->start[count] > 0.0; count++) {
        RunEntry *entry = &entries[count];
        *entry = (RunEntry){.start = columns->start[count],
                            .end = columns->end[count],
                            .ending = (RunEnding)columns->ending[count],
                            .ranks = columns->ranks[count],
                            .points = columns->points[count],
                            .told = columns->told[count],
                            .left = columns->left[count]};
        /* all but the last byte, a NUL if this program wrote it */
        memcpy(entry->host, columns->host[count], RUN_TEXT - 1);
        memcpy(entry->slurm_job, columns->slurm_job[count], RUN_TEXT - 1);
        coefficients_sort(stored != NULL ? stored : coefficients_old_classes(),
                          &columns->coefficients[count * columns->width], columns->width,
                          classes, entry->coefficients);
    }
    free(stored);
    free(columns);
    H5Gclose(group);
    return count;
}
