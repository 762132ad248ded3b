/* Building the structure of an archive; nothing here knows of points.
 *
 * One process does it, with plain POSIX HDF5: creation is collective in parallel HDF5 and gains
 * nothing from ranks.  The order is what makes it safe against kill -9 and a full disk: build
 * under PATH.creating, every set contiguous and allocated at once, close, reserve the blocks
 * for real, fsync, rename.  A file at PATH is therefore always complete, and after this no
 * write can fail for want of space.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"
#include "phasesweep/study/refined.h"
#include "phasesweep/base/text.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/base/version.h"
#include "phasesweep/model/phase.h"
#include "layout.h"

/* Attributes live in the object's header, which ends at 64 KiB. */
enum { ATTRIBUTE_MOST = 60000 };

/* An empty text is left out: HDF5 has no string of length 0 that all readers accept. */
static void put_text(hid_t object, const char *name, const char *text)
{
    if (text[0] != '\0') {
        H5LTset_attribute_string(object, ".", name, text);
    }
}

/* As an attribute where a reader expects it, as a dataset of the same name where that is too
 * small; guard_text looks for both. */
static void put_long_text(hid_t file, const char *name, const char *text)
{
    if (strlen(text) < ATTRIBUTE_MOST) {
        put_text(file, name, text);
    } else {
        H5LTmake_dataset_string(file, name, text);
    }
}

/* CF's way to name the values of an integer array, which xarray and ncview show; codes from low
 * on without a hole. */
static void put_flags(hid_t set, int low, int count, const char *(*name)(int))
{
    char values[32];
    char names[512] = "";
    assert(count > 0 && (size_t)count <= sizeof values);
    for (int k = 0; k < count; k++) {
        values[k] = (char)(low + k);
        strcat(strcat(names, k > 0 ? " " : ""), name(low + k));
    }
    assert(strlen(names) < sizeof names);
    H5LTset_attribute_char(set, ".", "flag_values", values, (size_t)count);
    put_text(set, "flag_meanings", names);
}

/* The same of an axis of words, whose numbers are doubles like those of every axis. */
static void put_words(hid_t set, const Key *key)
{
    double values[WORDS_MOST];
    char names[512] = "";
    assert(key->word_count <= WORDS_MOST);
    for (int k = 0; k < key->word_count; k++) {
        values[k] = k;
        strcat(strcat(names, k > 0 ? " " : ""), key->word(k));
    }
    H5LTset_attribute_double(set, ".", "flag_values", values, (size_t)key->word_count);
    put_text(set, "flag_meanings", names);
}

static const char *outcome_flag(int code)
{
    return outcome_name((Outcome)code);
}

static const char *phase_flag(int code)
{
    return code < 0 ? "none" : phase_name((Phase)code);
}

/* The sets that are neither fields nor series. */
static void describe_other(hid_t set, int index)
{
    put_text(set, "units", "1");
    switch (index) {
    case SET_OUTCOME:
        put_flags(set, 0, OUTCOME_COUNT, outcome_flag);
        put_text(set, "long_name", "how the computation of the point ended");
        break;
    case SET_ATTEMPTS:
        put_text(set, "long_name",
                 "times begun since last finished, the finish included; 0 with a result: taken "
                 "over from another archive");
        break;
    default:
        put_text(set, "long_name", "XXH3-64 of the row: see the attribute checksum_recipe");
    }
}

/* `equation` names sections: a reader finds them in the repository's doc/theory.md. */
static void describe_result(hid_t set, const char *unit, const char *symbol,
                            const char *equation, const char *long_name)
{
    put_text(set, "units", unit);
    put_text(set, "symbol", symbol);
    put_text(set, "long_name", long_name);
    if (equation[0] != '\0') {
        char *where = checked_format("doc/theory.md, section %s", equation);
        put_text(set, "equation", where);
        free(where);
    }
}

/* A hole is told from a number as in netCDF; codes have one that means it, and no _FillValue,
 * so that xarray leaves them integers. */
static void describe_hole(hid_t set, int index)
{
    const double hole = NAN;
    if (H5Tequal(set_type(index), H5T_IEEE_F64LE) > 0) {
        H5LTset_attribute_double(set, ".", "_FillValue", &hole, 1);
    }
}

/* Names of sets with blanks: `first` to before `last`, those that `wanted` says. */
static void put_names(hid_t object, const char *attribute, const Layout *layout, int first,
                      int last, bool (*wanted)(int set))
{
    char names[2048] = "";
    for (int set = first; set < last; set++) {
        if (layout_has(layout, set) && wanted(set)) {
            strcat(strcat(names, names[0] != '\0' ? " " : ""), set_name(set, ARCHIVE_SCHEMA));
        }
    }
    assert(strlen(names) < sizeof names);
    put_text(object, attribute, names);
}

/* CF's way to say where a number belongs: physical n, lambda, p beside axes that may be powers
 * of d, so that a plot can have them as its axis. */
static void put_coordinates(hid_t set, int index, const Layout *layout)
{
    if (!set_is_resolved(index) && set_series(index) == SERIES_COUNT) {
        put_names(set, "coordinates", layout, 0, FIELD_COUNT, set_is_resolved);
    }
}

/* Of an integer that no average makes real. */
static bool is_count(int field)
{
    return field == FIELD_ITERATIONS || field == FIELD_SOLUTIONS || field == FIELD_OUTLIERS ||
           field == FIELD_SAMPLES || field == FIELD_WIDTH;
}

static void describe_set(hid_t set, int index)
{
    assert(set >= 0 && index >= 0 && index < SET_COUNT);
    if (index < FIELD_COUNT) {
        const Field *f = &record_fields[index];
        describe_result(set, f->unit, f->symbol, f->equation, f->long_name);
        if (f->kind == FIELD_PHASE) { /* -1, "none": the phase that cannot be told */
            put_flags(set, -1, PHASE_COUNT + 1, phase_flag);
        }
        if (is_count(index)) {
            put_text(set, "comment", "a count, stored as a real number: NaN is a hole");
        }
    } else if (set_series(index) != SERIES_COUNT) {
        const SeriesField *s = &record_series[set_series(index)];
        describe_result(set, s->unit, s->symbol, s->equation, s->long_name);
    } else {
        describe_other(set, index);
    }
}

/* A dimension scale, so that xarray and ncdump see a coordinate and not just an array. */
static hid_t create_scale(hid_t group, const char *name, const double values[], hsize_t count)
{
    assert(count > 0 && values != NULL);
    H5LTmake_dataset_double(group, name, 1, &count, values);
    const hid_t set = H5Dopen2(group, name, H5P_DEFAULT);
    H5DSset_scale(set, name);
    put_text(set, "units", "1");
    return set;
}

/* A dimension that no coordinate belongs to, as netCDF writes one: characters of texts, which
 * readers then join. */
static void create_dimension(hid_t group, const char *name, hsize_t count)
{
    char *said =
        checked_format("This is a netCDF dimension but not a netCDF variable.%10d", (int)count);
    float *nothing = checked_alloc(count, sizeof *nothing);
    H5LTmake_dataset_float(group, name, 1, &count, nothing);
    const hid_t set = H5Dopen2(group, name, H5P_DEFAULT);
    H5DSset_scale(set, said);
    H5Dclose(set);
    free(nothing);
    free(said);
}

static void create_axis(hid_t group, const Axis *axis, AxisId id)
{
    char *name = axis_written_name(id, axis->form);
    char *long_name =
        checked_format("%s %s: %s", axis_name(id), axis_symbol(id), form_meaning(axis->form));
    const hid_t set = create_scale(group, name, axis->values, axis->count);
    put_text(set, "axis_key", axis_name(id));
    put_text(set, "symbol", axis_symbol(id));
    put_text(set, "form", form_name(axis->form));
    put_text(set, "long_name", long_name);
    if (keys_table[KEY_AXES + id].kind == KIND_WORD) {
        put_words(set, &keys_table[KEY_AXES + id]);
    }
    H5Dclose(set);
    free(long_name);
    free(name);
}

/* What a row that never ran reads as: no number, no phase, never run. */
static void set_hole(hid_t plist, hid_t type)
{
    const double no_number = NAN;
    const int8_t no_phase = -1;
    if (H5Tequal(type, H5T_IEEE_F64LE) > 0) {
        H5Pset_fill_value(plist, H5T_NATIVE_DOUBLE, &no_number);
    } else if (H5Tequal(type, H5T_STD_I8LE) > 0) {
        H5Pset_fill_value(plist, H5T_NATIVE_INT8, &no_phase);
    }
}

/* Contiguous: raw writes into it need no index that a kill could leave half written.  Allocated
 * and filled now: no rank has to extend the file later, and holes read as holes. */
static hid_t allocate_set(hid_t group, const char *name, hid_t type, int rank,
                          const hsize_t shape[], bool holes)
{
    const hid_t space = rank > 0 ? H5Screate_simple(rank, shape, NULL) : H5Screate(H5S_SCALAR);
    assert(rank >= 0 && rank <= SET_RANK_MOST);
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(plist, H5D_CONTIGUOUS);
    H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(plist, H5D_FILL_TIME_ALLOC);
    if (holes) {
        set_hole(plist, type);
    }
    const hid_t set = H5Dcreate2(group, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    H5Pclose(plist);
    H5Sclose(space);
    return set;
}

static void attach(hid_t group, hid_t set, const char *axis, int dimension)
{
    const hid_t scale = H5Dopen2(group, axis, H5P_DEFAULT);
    H5DSattach_scale(set, scale, (unsigned)dimension);
    H5Dclose(scale);
}

/* False if HDF5 refuses; a set without axes is a scalar. */
static bool create_set(hid_t group, const Sweep *sweep, int index, const Layout *layout)
{
    hsize_t shape[SET_RANK_MOST];
    assert(layout_has(layout, index));
    const SeriesId series = set_series(index);
    const int rank = layout_extent(layout, index, shape);
    const hid_t set = allocate_set(group, set_name(index, ARCHIVE_SCHEMA), set_type(index),
                                   rank, shape, index != SET_OUTCOME);
    if (set < 0) {
        return false;
    }
    for (int k = 0; k < layout->rank; k++) {
        char *scale = axis_written_name(layout->ids[k], sweep->axis[layout->ids[k]].form);
        attach(group, set, scale, k);
        free(scale);
    }
    if (series != SERIES_COUNT) {
        attach(group, set, record_indices[record_series[series].index], layout->rank);
    }
    if (rank > layout->rank + 1) {
        attach(group, set, record_indices[record_series[series].across], layout->rank + 1);
    }
    describe_set(set, index);
    describe_hole(set, index);
    put_coordinates(set, index, layout);
    H5Dclose(set);
    return true;
}

/* xarray wants a coordinate for every dimension; counted from 1, as in s_1 >= s_2 >= ... */
static void create_index(hid_t group, const char *name, size_t length)
{
    double *index = checked_alloc(length, sizeof(double));
    for (size_t k = 0; k < length; k++) {
        index[k] = (double)(k + 1);
    }
    const hid_t scale = create_scale(group, name, index, length);
    put_text(scale, "symbol", "i");
    put_text(scale, "form", form_name(FORM_NUMBER));
    put_text(scale, "long_name", name);
    H5Dclose(scale);
    free(index);
}

/* Those of the series that the sweep has. */
static void create_indices(hid_t group, const Layout *layout)
{
    size_t length[INDEX_COUNT] = {0};
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        const size_t rows = series_rows(layout->series, id);
        size_t *known = &length[record_series[id].index];
        assert(*known == 0 || rows == 0 || *known == rows);
        *known = rows > 0 ? rows : *known;
        if (record_series[id].across != INDEX_NONE) {
            length[record_series[id].across] = series_columns(layout->series, id);
        }
    }
    for (IndexId id = 0; id < INDEX_COUNT; id++) {
        if (length[id] > 0) {
            create_index(group, record_indices[id], length[id]);
        }
    }
}

/* Varied axes become scales, and what is one number for all points an attribute of the
 * group. */
static void create_axes(hid_t group, const Sweep *sweep)
{
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        const Axis *axis = &sweep->axis[id];
        if (axis->varied) {
            create_axis(group, axis, id);
        } else if (axis->count > 0 && keys_table[KEY_AXES + id].kind == KIND_WORD) {
            put_text(group, axis_name(id),
                     keys_table[KEY_AXES + id].word((int)axis->values[0]));
        } else if (axis->count > 0) {
            H5LTset_attribute_double(group, ".", axis_name(id), axis->values, 1);
        }
    }
}

static bool is_checked(int set)
{
    return set != FIELD_SECONDS;
}

/* What another program needs to check a row. */
static void put_recipe(hid_t group, const Layout *layout)
{
    put_names(group, "row_fields", layout, 0, FIELD_COUNT, is_checked);
    put_names(group, "row_series", layout, SET_SERIES, SET_SERIES + SERIES_COUNT, is_checked);
    put_text(group, "checksum_recipe",
             "XXH3-64 over the coordinates of the varied axes in the order of the dimensions, "
             "then outcome, row_fields, and row_series if there are any, all as "
             "little-endian doubles with one NaN (0x7ff8000000000000); a phase -1 counts as "
             "NaN");
}

/* n, n_eff, lambda, lt and p of every point, solved or not: a chain at a time, and no more than
 * a few numbers at once. */
static bool write_resolved(hid_t file, const Sweep *sweep)
{
    Group group;
    double column[CHAIN_LENGTH];
    Problem problems[CHAIN_LENGTH];
    bool good = group_open(file, sweep, &group);
    for (size_t first = 0, count; good && first < sweep_points(sweep); first += count) {
        count = sweep_block(sweep, first);
        for (size_t k = 0; k < count; k++) {
            problems[k] = sweep_problem(sweep, first + k);
        }
        for (FieldId field = 0; good && field < FIELD_COUNT; field++) {
            if (set_is_resolved((int)field)) {
                for (size_t k = 0; k < count; k++) {
                    column[k] = record_resolved(&problems[k], field);
                }
                good = group_move(&group, (int)field, first, count, H5T_NATIVE_DOUBLE, column,
                                  true);
            }
        }
    }
    group_close(&group);
    return good;
}

/* Of data that were not drawn: which file, and what tells it from any other. */
static void put_source(hid_t group, const Sweep *sweep)
{
    const DataSource *source = &sweep->source;
    if (source->file[0] == '\0') {
        return;
    }
    char content[17];
    snprintf(content, sizeof content, "%016llx", (unsigned long long)source->content);
    put_text(group, "data", source->file);
    put_text(group, "target", source->target);
    put_text(group, "data_content", content);
    put_text(group, "data_content_recipe",
             "XXH3-64 of the rows one after the other, each followed by its target, as "
             "little-endian doubles");
    H5LTset_attribute_double(group, ".", "data_rows", &source->rows, 1);
    const double held_out = sweep_problem(sweep, 0).hold_out;
    H5LTset_attribute_double(group, ".", "hold_out", &held_out, 1);
}

/* Words that say what the points are, as far as the job gives them; and numbers of what is
 * followed in time, which has no axis of them. */
static void put_settings(hid_t group, const Sweep *sweep)
{
    const bool in_time = method_facts(sweep_method(sweep))->in_time;
    for (KeyId id = KEY_METHOD + 1; id < KEY_AXES; id++) {
        const Key *key = &keys_table[id];
        if (key->kind == KIND_WORD && key->content != 0 &&
            sweep->settings.written_at[id] != 0) {
            put_text(group, key->name, key->word((int)sweep->settings.value[id]));
        } else if (in_time && id != KEY_TOLERANCE && key->content != 0 &&
                   (key->kind == KIND_REAL || key->kind == KIND_WHOLE) &&
                   key_taken(key, sweep_model(sweep), sweep_method(sweep))) {
            H5LTset_attribute_double(group, ".", key->name, &sweep->settings.value[id], 1);
        }
    }
    /* readers draw what was not asked for as the cells that it lies in */
    if (sweep_is_refined(sweep)) {
        const double *value = sweep->settings.value;
        put_text(group, "refine", keys_table[KEY_REFINE].word((int)value[KEY_REFINE]));
        H5LTset_attribute_double(group, ".", "refine_depth", &value[KEY_REFINE_DEPTH], 1);
        H5LTset_attribute_double(group, ".", "refine_budget", &value[KEY_REFINE_BUDGET], 1);
    }
}

/* Axes before the sets that are attached to them. */
static bool create_sweep(hid_t file, const Sweep *sweep)
{
    const hid_t group = H5Gcreate2(file, sweep->name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const Layout layout = layout_of(sweep);
    put_text(group, "model", model_name(sweep_model(sweep)));
    put_text(group, "method", method_name(sweep_method(sweep)));
    H5LTset_attribute_double(group, ".", "tolerance", &sweep->settings.value[KEY_TOLERANCE], 1);
    put_settings(group, sweep);
    put_source(group, sweep);
    put_recipe(group, &layout);
    create_axes(group, sweep);
    create_indices(group, &layout);
    bool good = group >= 0;
    for (int set = 0; good && set < SET_COUNT; set++) {
        good = !layout_has(&layout, set) || create_set(group, sweep, set, &layout);
    }
    H5Gclose(group);
    return good && write_resolved(file, sweep);
}

/* Of the table of runs: filled, for a start of 0 marks the entries not used yet.  `second`
 * names the dimension of a column that is `width` wide. */
static void create_column(hid_t group, const char *name, hid_t type, const char *second,
                          hsize_t width, const char *unit, const char *long_name)
{
    const hsize_t shape[2] = {ARCHIVE_RUNS, width};
    const bool holes = H5Tequal(type, H5T_STD_I8LE) > 0;
    const hid_t set = allocate_set(group, name, type, width > 1 ? 2 : 1, shape, holes);
    attach(group, set, "run", 0);
    if (holes) {
        put_flags(set, RUN_NO_WORD, RUN_ENDING_BEYOND - RUN_NO_WORD, run_ending_name);
    }
    if (width > 1) {
        attach(group, set, second, 1);
    }
    put_text(set, "units", unit);
    put_text(set, "long_name", long_name);
    H5Dclose(set);
}

/* A fixed size, since an archive that is being written cannot grow; archive.h says what happens
 * to run ARCHIVE_RUNS + 1.  Texts are arrays of characters: netCDF knows no strings of fixed
 * length, and variable ones would need the heap, a structure. */
static void create_runs(hid_t file, const char *classes)
{
    const hid_t group = H5Gcreate2(file, RUNS_GROUP, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t real = H5T_IEEE_F64LE;
    create_index(group, "run", ARCHIVE_RUNS);
    create_dimension(group, "character", RUN_TEXT);
    create_index(group, "coefficient", RUN_COEFFICIENTS);
    put_text(group, "classes", classes);
    create_column(group, "start", real, NULL, 1, "s", "start, since 1970-01-01; 0: unused");
    create_column(group, "end", real, NULL, 1, "s", "end, since 1970-01-01; 0: died");
    create_column(group, RUNS_ENDING, H5T_STD_I8LE, NULL, 1, "1",
                  "how the run ended; no_word: it goes on, or died without one");
    create_column(group, "ranks", H5T_STD_I32LE, NULL, 1, "1", "MPI ranks");
    create_column(group, "points", real, NULL, 1, "1", "points finished by the run");
    create_column(group, RUNS_TOLD, real, NULL, 1, "s",
                  "when seconds_left was told, since 1970-01-01; 0: never");
    create_column(group, RUNS_LEFT, real, NULL, 1, "s",
                  "until the end of the run, as it expected then; NaN: a round of refinement, "
                  "after which there may be more");
    create_column(group, "host", H5T_C_S1, "character", RUN_TEXT, "", "host of the master");
    create_column(group, "slurm_job", H5T_C_S1, "character", RUN_TEXT, "", "Slurm job id");
    create_column(group, "coefficients", real, "coefficient", RUN_COEFFICIENTS, "1",
                  "of the cost model, as learned: factor, spread, weight of each of `classes`");
    H5Gclose(group);
}

/* Random, so that what belongs to this archive is told from what belongs to another that was at
 * the same path. */
static void put_identity(hid_t file)
{
    uint64_t words[2];
    char text[33];
    if (getrandom(words, sizeof words, 0) != (ssize_t)sizeof words) {
        die(STATUS_ENVIRONMENT, "no random numbers from the system: %s", strerror(errno));
    }
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)words[0],
             (unsigned long long)words[1]);
    put_text(file, "archive_id", text);
}

/* All that is needed to make the file again.  The text as written is what `resume` parses; the
 * resolved job is for people and says what defaults were at that time. */
static void put_provenance(hid_t file, const Job *job, const Provenance *provenance)
{
    const int schema = ARCHIVE_SCHEMA;
    struct utsname machine;
    char date[64];
    const time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    uname(&machine);
    char *resolved = job_resolved(job);
    char *where = checked_format("%s, %s %s %s", machine.nodename, machine.sysname,
                                 machine.release, machine.machine);
    H5LTset_attribute_int(file, ".", "phasesweep_schema", &schema, 1);
    put_identity(file);
    put_text(file, "Conventions", "CF-1.8");
    put_text(file, "title", job->title);
    put_long_text(file, "job", provenance->text);
    put_long_text(file, "resolved_job", resolved);
    put_text(file, "software", version_text());
    put_text(file, "libraries", provenance->libraries);
    put_text(file, "date", date);
    put_text(file, "machine", where);
    free(resolved);
    free(where);
}

/* Early allocation alone leaves a sparse file, and a full disk would be met too late.  Returns
 * an errno, 0 if the space is ours: posix_fallocate returns it rather than setting it. */
static int reserve_space(const char *path)
{
    const int descriptor = open(path, O_RDWR);
    struct stat status;
    int error = descriptor < 0 || fstat(descriptor, &status) != 0 ? errno : 0;
    if (error == 0) {
        assert(descriptor >= 0);
        error = posix_fallocate(descriptor, 0, status.st_size);
        error = error == 0 && fsync(descriptor) != 0 ? errno : error;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return error;
}

/* HDF5 calls it when any of its functions fails; the first errno stays. */
static herr_t note_failure(hid_t stack, void *context)
{
    int *error = context;
    (void)stack;
    *error = *error != 0 ? *error : errno != 0 ? errno : EIO;
    return 0;
}

/* Takes the file over and closes it.  Returns an errno, EIO where HDF5 gives no reason. */
static int build(hid_t file, const Job *job, const Provenance *provenance, const char *path)
{
    /* whatever fails anywhere in it counts: a file that lacks an attribute, or the zeros of a
     * column, is not to be seen under the name of an archive */
    int error = 0;
    errno = 0;
    H5Eset_auto2(H5E_DEFAULT, note_failure, &error);
    put_provenance(file, job, provenance);
    create_runs(file, provenance->classes);
    bool good = true;
    for (size_t k = 0; good && k < job->sweep_count; k++) {
        good = create_sweep(file, &job->sweeps[k]);
    }
    char checksum[17];
    structure_checksum(file, checksum);
    put_text(file, STRUCTURE_CHECKSUM, checksum);
    good = H5Fclose(file) >= 0 && good;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    return !good && error == 0 ? EIO : error != 0 ? error : reserve_space(path);
}

void archive_create(const char *path, const Job *job, const Provenance *provenance)
{
    assert(path != NULL && provenance->text != NULL && job->sweep_count > 0);
    char *temporary = checked_format("%s.creating", path);
    errno = 0;
    const hid_t file = H5Fcreate(temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    /* the folder's fault, which the user can mend: wrong input, unlike a disk that is full */
    if (file < 0) {
        die(file_status(errno), "%s: cannot be created: %s", path, strerror(errno));
    }
    int error = build(file, job, provenance, temporary);
    /* within one folder, hence atomic: PATH is absent or whole */
    if (error == 0 && (rename(temporary, path) != 0 || !file_sync_folder(path))) {
        error = errno;
    }
    if (error != 0) {
        unlink(temporary);
        const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
        die(STATUS_ENVIRONMENT, "%s: cannot %s %s MB%s: %s", path, full ? "reserve" : "write",
            text_digits(1e-6 * archive_bytes(job), 3).text, full ? " of disk space" : "",
            strerror(error));
    }
    free(temporary);
}

/* A run's entry, and what HDF5 keeps of a sweep beside its numbers: measured. */
static const double entry_bytes =
    6.0 * sizeof(double) + 2.0 * RUN_TEXT + RUN_COEFFICIENTS * sizeof(double);
static const double sweep_bytes = 7e4;

double archive_bytes(const Job *job)
{
    double bytes = ARCHIVE_RUNS * entry_bytes + sweep_bytes * (double)job->sweep_count;
    for (size_t k = 0; k < job->sweep_count; k++) {
        const Layout layout = layout_of(&job->sweeps[k]);
        double row = 0.0;
        for (int set = 0; set < SET_COUNT; set++) {
            const double width = (double)layout_width(&layout, set);
            row += layout_has(&layout, set) ? width * (double)H5Tget_size(set_type(set)) : 0.0;
        }
        bytes += row * (double)sweep_points(&job->sweeps[k]);
    }
    return bytes;
}

char *archive_library(void)
{
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    return checked_format("HDF5 %u.%u.%u", major, minor, release);
}

void archive_silence(void)
{
    /* HDF5's own locks fail where a file system has none (Lustre without flock, NFS without its
     * daemon) and guard nothing here: lock.h keeps writers apart, and readers may look at any
     * time */
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    /* at the end of a process whose disk was full HDF5 would try to write once more, and crash
     */
    H5dont_atexit();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}
