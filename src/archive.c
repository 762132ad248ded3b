#include "phasesweep/archive.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/check.h"

enum { OUTCOME_SET = FIELD_COUNT, CHECKSUM_SET, SET_COUNT };

typedef struct Layout {
    int     rank;
    hsize_t shape[AXIS_COUNT];
    AxisId  ids[AXIS_COUNT];
} Layout;

struct Archive {
    hid_t   file;
    size_t  sweep_count;
    Layout *layout;             /* [sweep_count] */
    hid_t (*set)[SET_COUNT];    /* [sweep_count] datasets */
};

static void require(bool good, const char *path)
{
    if (!good) {
        die(STATUS_ENVIRONMENT, "%s: HDF5 cannot write the archive: %s", path,
            errno != 0 ? strerror(errno) : "unknown reason");
    }
}

static Layout layout_of(const Sweep *sweep)
{
    Layout layout = {0};
    size_t shape[AXIS_COUNT];
    layout.rank = sweep_shape(sweep, shape, layout.ids);
    for (int k = 0; k < layout.rank; k++) {
        layout.shape[k] = shape[k];
    }
    return layout;
}

static const char *set_name(int set)
{
    return set == OUTCOME_SET ? "outcome" : set == CHECKSUM_SET ? "checksum"
                                                                : record_fields[set].name;
}

static hid_t set_type(int set)
{
    return set == OUTCOME_SET ? H5T_STD_I8LE : set == CHECKSUM_SET ? H5T_STD_U64LE
                                                                   : H5T_IEEE_F64LE;
}

static void put_text(hid_t object, const char *name, const char *text)
{
    if (text[0] != '\0') {
        H5LTset_attribute_string(object, ".", name, text);
    }
}

static void put_outcome_names(hid_t set)
{
    char values[OUTCOME_COUNT];
    char names[256] = "";
    for (int k = 0; k < OUTCOME_COUNT; k++) {
        values[k] = (char)k;
        strcat(strcat(names, k > 0 ? " " : ""), outcome_name((Outcome)k));
    }
    H5LTset_attribute_char(set, ".", "flag_values", values, OUTCOME_COUNT);
    put_text(set, "flag_meanings", names);
    put_text(set, "long_name", "how the computation of the point ended");
}

static void create_axis(hid_t group, const Axis *axis, AxisId id)
{
    const hsize_t count = axis->count;
    H5LTmake_dataset_double(group, axis_name(id), 1, &count, axis->values);
    const hid_t set = H5Dopen2(group, axis_name(id), H5P_DEFAULT);
    H5DSset_scale(set, axis_name(id));
    put_text(set, "units", "1");
    put_text(set, "symbol", axis_symbol(id));
    put_text(set, "form", form_name(axis->form));
    put_text(set, "long_name", axis_name(id));
    H5Dclose(set);
}

/* Contiguous, allocated now; only the outcome is filled, with 0 = never run. */
static void create_set(hid_t group, int index, const Layout *layout)
{
    const hid_t space = layout->rank > 0 ? H5Screate_simple(layout->rank, layout->shape, NULL)
                                         : H5Screate(H5S_SCALAR);
    const hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(plist, H5D_CONTIGUOUS);
    H5Pset_alloc_time(plist, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(plist, index == OUTCOME_SET ? H5D_FILL_TIME_ALLOC : H5D_FILL_TIME_NEVER);
    const hid_t set = H5Dcreate2(group, set_name(index), set_type(index), space, H5P_DEFAULT,
                                 plist, H5P_DEFAULT);
    for (int k = 0; k < layout->rank; k++) {
        const hid_t scale = H5Dopen2(group, axis_name(layout->ids[k]), H5P_DEFAULT);
        H5DSattach_scale(set, scale, (unsigned)k);
        H5Dclose(scale);
    }
    if (index < FIELD_COUNT) {
        const Field *field = &record_fields[index];
        put_text(set, "units", field->unit);
        put_text(set, "symbol", field->symbol);
        put_text(set, "equation", field->equation);
        put_text(set, "long_name", field->long_name);
    } else if (index == OUTCOME_SET) {
        put_outcome_names(set);
    } else {
        put_text(set, "long_name", "XXH3-64 over the fields of the row in schema order, "
                                   "little-endian doubles, seconds left out");
    }
    H5Dclose(set);
    H5Pclose(plist);
    H5Sclose(space);
}

static void create_sweep(hid_t file, const Sweep *sweep)
{
    const hid_t group =
        H5Gcreate2(file, sweep->name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_text(group, "model", model_name(sweep->model));
    put_text(group, "method", method_name(sweep->method));
    const Layout layout = layout_of(sweep);
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        const Axis *axis = &sweep->axis[id];
        if (axis->varied) {
            create_axis(group, axis, id);
        } else if (axis->count > 0) {
            H5LTset_attribute_double(group, ".", axis_name(id), axis->values, 1);
        }
    }
    for (int set = 0; set < SET_COUNT; set++) {
        create_set(group, set, &layout);
    }
    H5Gclose(group);
}

/* Early allocation alone leaves a sparse file, and a full disk would be met too late. */
static int reserve_space(const char *path)
{
    const int descriptor = open(path, O_RDWR);
    struct stat status;
    int error = descriptor < 0 || fstat(descriptor, &status) != 0 ? errno : 0;
    if (error == 0) {
        error = posix_fallocate(descriptor, 0, status.st_size);
        error = error == 0 && fsync(descriptor) != 0 ? errno : error;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return error;
}

void archive_create(const char *path, const Job *job, const char *text)
{
    char *temporary = checked_format("%s.creating", path);
    const hid_t file = H5Fcreate(temporary, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) {
        die(STATUS_WRONG_INPUT, "%s: cannot be created: %s", path, strerror(errno));
    }
    const int schema = 1;
    H5LTset_attribute_int(file, ".", "phasesweep_schema", &schema, 1);
    put_text(file, "title", job->title);
    put_text(file, "job", text);
    put_text(file, "software", "phasesweep " PHASESWEEP_VERSION);
    char date[64];
    const time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
    put_text(file, "date", date);
    for (size_t k = 0; k < job->sweep_count; k++) {
        create_sweep(file, &job->sweeps[k]);
    }
    int error = H5Fclose(file) < 0 ? EIO : reserve_space(temporary);
    if (error == 0 && rename(temporary, path) != 0) {
        error = errno;
    }
    if (error != 0) {
        unlink(temporary);
        die(STATUS_ENVIRONMENT, "%s: cannot reserve the disk space: %s", path, strerror(error));
    }
    free(temporary);
}

bool archive_read_job(const char *path, char **text)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    const hid_t file = S_ISREG(status.st_mode) && H5Fis_hdf5(path) > 0
                           ? H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)
                           : -1;
    hsize_t length = 0;
    H5T_class_t class;
    size_t size = 0;
    if (file < 0 || H5Aexists(file, "phasesweep_schema") <= 0 ||
        H5LTget_attribute_info(file, ".", "job", &length, &class, &size) < 0) {
        die(STATUS_WRONG_INPUT, "%s: exists and is no phasesweep archive; nothing was changed",
            path);
    }
    *text = checked_alloc(size + 1, 1);
    H5LTget_attribute_string(file, ".", "job", *text);
    H5Fclose(file);
    return true;
}

void archive_read_outcomes(const char *path, const Sweep *sweep, int8_t outcome[])
{
    const size_t points = sweep_points(sweep);
    const hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t group = H5Gopen2(file, sweep->name, H5P_DEFAULT);
    double *values[FIELD_COUNT];
    uint64_t *checksum = checked_alloc(points, sizeof *checksum);
    bool good = H5LTread_dataset(group, "outcome", H5T_NATIVE_INT8, outcome) >= 0 &&
                H5LTread_dataset(group, "checksum", H5T_NATIVE_UINT64, checksum) >= 0;
    for (int k = 0; k < FIELD_COUNT; k++) {
        values[k] = checked_alloc(points, sizeof(double));
        good = good && H5LTread_dataset_double(group, record_fields[k].name, values[k]) >= 0;
    }
    if (!good) {
        die(STATUS_WRONG_INPUT, "%s: sweep %s cannot be read", path, sweep->name);
    }
    for (size_t i = 0; i < points; i++) {
        Record record = {0};
        for (int k = 0; k < FIELD_COUNT; k++) {
            record.value[k] = values[k][i];
        }
        if (outcome[i] == OUTCOME_RUNNING || record_checksum(&record) != checksum[i]) {
            outcome[i] = OUTCOME_NEVER_RUN;
        }
    }
    for (int k = 0; k < FIELD_COUNT; k++) {
        free(values[k]);
    }
    free(checksum);
    H5Gclose(group);
    H5Fclose(file);
}

Archive *archive_open(MPI_Comm comm, const char *path, const Job *job)
{
    Archive *archive = checked_alloc(1, sizeof *archive);
    archive->sweep_count = job->sweep_count;
    archive->layout = checked_alloc(job->sweep_count, sizeof *archive->layout);
    archive->set = checked_alloc(job->sweep_count, sizeof *archive->set);
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, comm, MPI_INFO_NULL);
    archive->file = H5Fopen(path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    require(archive->file >= 0, path);
    for (size_t s = 0; s < job->sweep_count; s++) {
        archive->layout[s] = layout_of(&job->sweeps[s]);
        const hid_t group = H5Gopen2(archive->file, job->sweeps[s].name, H5P_DEFAULT);
        for (int k = 0; k < SET_COUNT; k++) {
            archive->set[s][k] = H5Dopen2(group, set_name(k), H5P_DEFAULT);
            require(archive->set[s][k] >= 0, path);
        }
        H5Gclose(group);
    }
    return archive;
}

void archive_close(Archive *archive)
{
    for (size_t s = 0; s < archive->sweep_count; s++) {
        for (int k = 0; k < SET_COUNT; k++) {
            H5Dclose(archive->set[s][k]);
        }
    }
    H5Fclose(archive->file);
    free(archive->layout);
    free(archive->set);
    free(archive);
}

/* The file selection of `count` rows from flat index `first`, within one innermost row. */
static hid_t select_rows(hid_t set, const Layout *layout, hsize_t first, hsize_t count)
{
    const hid_t space = H5Dget_space(set);
    hsize_t start[AXIS_COUNT];
    hsize_t extent[AXIS_COUNT];
    for (int k = layout->rank - 1; k >= 0; k--) {
        start[k] = first % layout->shape[k];
        first /= layout->shape[k];
        extent[k] = k == layout->rank - 1 ? count : 1;
    }
    if (layout->rank > 0) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    }
    return space;
}

static void write_rows(Archive *archive, size_t sweep, int set, size_t first, size_t count,
                       hid_t type, const void *data)
{
    const hid_t dataset = archive->set[sweep][set];
    const hid_t file_space = select_rows(dataset, &archive->layout[sweep], first, count);
    const hsize_t length = count;
    const hid_t memory = H5Screate_simple(1, &length, NULL);
    if (H5Dwrite(dataset, type, memory, file_space, H5P_DEFAULT, data) < 0) {
        die(STATUS_ENVIRONMENT, "writing %s failed: %s", set_name(set), strerror(errno));
    }
    H5Sclose(memory);
    H5Sclose(file_space);
}

void archive_store(Archive *archive, size_t sweep, size_t first, size_t count,
                   const Record records[])
{
    assert(sweep < archive->sweep_count && count <= LINE_LENGTH);
    double column[LINE_LENGTH];
    for (int field = 0; field < FIELD_COUNT; field++) {
        for (size_t i = 0; i < count; i++) {
            column[i] = records[i].value[field];
        }
        write_rows(archive, sweep, field, first, count, H5T_NATIVE_DOUBLE, column);
    }
    uint64_t checksum[LINE_LENGTH];
    int8_t outcome[LINE_LENGTH];
    for (size_t i = 0; i < count; i++) {
        checksum[i] = record_checksum(&records[i]);
        outcome[i] = (int8_t)records[i].outcome;
    }
    write_rows(archive, sweep, CHECKSUM_SET, first, count, H5T_NATIVE_UINT64, checksum);
    write_rows(archive, sweep, OUTCOME_SET, first, count, H5T_NATIVE_INT8, outcome);
}
