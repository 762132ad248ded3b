/* Where the rows of a sweep lie.  Everything follows from the sweep, and the file is only asked
 * whether it agrees: a set that is missing or of another shape is damage, not a surprise in the
 * middle of a run.
 *
 * A point is one number in every set, at the same place; a chain is a contiguous piece of the
 * innermost axis, which makes its write one hyperslab a set, 2 to 3 microseconds each.
 */
#include "layout.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "guard.h"

Layout layout_of(const Sweep *sweep)
{
    Layout layout = {.fields = sweep_fields(sweep)};
    sweep_series(sweep, layout.series);
    size_t shape[AXIS_COUNT];
    layout.rank = sweep_shape(sweep, shape, layout.ids);
    for (int k = 0; k < layout.rank; k++) {
        layout.shape[k] = shape[k];
    }
    return layout;
}

/* A series of length 0 is not there; sets besides fields and series are in every group. */
bool layout_has(const Layout *layout, int set)
{
    assert(set >= 0 && set < SET_COUNT);
    return set < FIELD_COUNT ? (layout->fields >> set & 1u) != 0
                             : layout_width(layout, set) > 0;
}

/* Sets are numbered fields first, then attempts, series, checksum, outcome. */
SeriesId set_series(int set)
{
    const bool series = set >= SET_SERIES && set < SET_SERIES + SERIES_COUNT;
    return series ? (SeriesId)(set - SET_SERIES) : SERIES_COUNT;
}

/* Numbers a point takes in the set: 1, or the length of the series. */
size_t layout_width(const Layout *layout, int set)
{
    const SeriesId series = set_series(set);
    return series == SERIES_COUNT ? 1 : layout->series[series];
}

int layout_extent(const Layout *layout, int set, hsize_t shape[SET_RANK_MOST])
{
    const SeriesId series = set_series(set);
    int rank = layout->rank;
    memcpy(shape, layout->shape, sizeof layout->shape);
    if (series != SERIES_COUNT) {
        shape[rank++] = series_rows(layout->series, series);
    }
    if (series != SERIES_COUNT && record_series[series].across != INDEX_NONE) {
        shape[rank++] = series_columns(layout->series, series);
    }
    return rank;
}

/* Names are those of record.h, where Python and JSON have them from too. */
const char *set_name(int set, int schema)
{
    assert(set >= 0 && set < SET_COUNT);
    if (set == FIELD_RANK && schema < 3) {
        return FIELD_RANK_OLD;
    }
    if (set < FIELD_COUNT) {
        return record_fields[set].name;
    }
    if (set_series(set) != SERIES_COUNT) {
        return record_series[set_series(set)].name;
    }
    return set == SET_ATTEMPTS ? "attempts" : set == SET_CHECKSUM ? "checksum" : "outcome";
}

int file_schema(hid_t object)
{
    int schema = 0;
    const hid_t root = H5Gopen2(object, "/", H5P_DEFAULT);
    const bool known = root >= 0 && guard_int(root, "phasesweep_schema", &schema);
    H5Gclose(root);
    return known ? schema : 0;
}

bool set_is_resolved(int set)
{
    return set == FIELD_SAMPLES || set == FIELD_EFFECTIVE || set == FIELD_WEIGHT_DECAY ||
           set == FIELD_NUCLEAR || set == FIELD_WIDTH;
}

hid_t set_type(int set)
{
    assert(set >= 0 && set < SET_COUNT);
    /* little-endian whatever the machine: equal jobs give equal bytes */
    switch (set) {
    case SET_ATTEMPTS:
        return H5T_STD_I32LE;
    case SET_CHECKSUM:
        return H5T_STD_U64LE;
    case SET_OUTCOME:
        return H5T_STD_I8LE;
    default:
        return set < FIELD_COUNT && record_fields[set].kind == FIELD_PHASE ? H5T_STD_I8LE
                                                                           : H5T_IEEE_F64LE;
    }
}

/* As they are written in the job, not resolved: they identify the row within its sweep.
 * Returns their number. */
static size_t coordinates_of(const Sweep *sweep, size_t point, double coordinates[AXIS_COUNT])
{
    size_t place[AXIS_COUNT];
    size_t count = 0;
    sweep_place(sweep, point, place);
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        if (sweep->axis[id].varied) {
            coordinates[count++] = sweep->axis[id].values[place[id]];
        }
    }
    return count;
}

/* The slab of `count` points from `first` on.  Rows of a chain lie within one innermost row, so
 * that one hyperslab holds them; a sweep without axes is a scalar and has nothing to select.
 * The caller closes the space. */
static hid_t select_rows(const Layout *layout, int set, hid_t dataset, size_t first,
                         size_t count)
{
    assert(layout->rank >= 0 && layout->rank <= AXIS_COUNT);
    const hid_t space = H5Dget_space(dataset);
    hsize_t start[SET_RANK_MOST] = {0};
    hsize_t extent[SET_RANK_MOST];
    const int rank = layout_extent(layout, set, extent);
    /* the innermost axis runs fastest, as in sweep_place */
    hsize_t rest = first;
    for (int k = layout->rank - 1; k >= 0; k--) {
        start[k] = rest % layout->shape[k];
        rest /= layout->shape[k];
        extent[k] = k == layout->rank - 1 ? count : 1;
        assert(start[k] + extent[k] <= layout->shape[k]);
    }
    assert(rest == 0);
    if (rank > 0) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    }
    return space;
}

/* In memory rows follow each other without gaps. */
static hid_t memory_of(const Layout *layout, int set, size_t count)
{
    const hsize_t length = count * layout_width(layout, set);
    return H5Screate_simple(1, &length, NULL);
}

/* Fields and series that an older schema did not have are no damage; those that the group says
 * its rows have are, and so are the sets that every schema had.  `row_fields` leaves out the
 * seconds, which no checksum covers. */
static bool is_promised(hid_t group, int set, int schema)
{
    const bool series = set_series(set) != SERIES_COUNT;
    const char *list = series ? "row_series" : "row_fields";
    /* schema 1 had no list of series: spectra of trainings were the only one */
    if (set == SET_SERIES + SERIES_EIGENVALUES && H5Aexists(group, list) <= 0) {
        return true;
    }
    if ((set >= FIELD_COUNT && !series) || set == FIELD_SECONDS) {
        return true;
    }
    /* blanks on both sides: "risk" is in "prediction_risk" too */
    char *names = guard_text(group, list);
    if (names == NULL && H5Aexists(group, list) > 0) {
        return true; /* a list that cannot be read is damage, too */
    }
    char *padded = checked_format(" %s ", names != NULL ? names : "");
    char *word = checked_format(" %s ", set_name(set, schema));
    const bool promised = strstr(padded, word) != NULL;
    free(word);
    free(padded);
    free(names);
    return promised;
}

/* A field or series that an older schema lacks is taken out of the layout, so that readers see
 * NAN or nothing and the checksum leaves it out, as it did when it was written. */
static bool open_set(hid_t id, int set, Group *group)
{
    assert(set >= 0 && set < SET_COUNT);
    group->set[set] = -1;
    if (!layout_has(&group->layout, set)) {
        return true;
    }
    const char *name = set_name(set, group->schema);
    if (!guard_exists(id, name)) {
        if (set < FIELD_COUNT) {
            group->layout.fields &= ~(UINT64_C(1) << set);
        } else if (set_series(set) != SERIES_COUNT) {
            group->layout.series[set_series(set)] = 0;
        }
        return !is_promised(id, set, group->schema);
    }
    hsize_t shape[SET_RANK_MOST];
    const int rank = layout_extent(&group->layout, set, shape);
    group->set[set] = guard_set(id, name, set_type(set), rank, shape);
    return group->set[set] >= 0;
}

/* False leaves sets open that were found: the callers end the program. */
bool group_open(hid_t file, const Sweep *sweep, Group *group)
{
    *group = (Group){.sweep = sweep, .schema = file_schema(file), .layout = layout_of(sweep)};
    const hid_t id = guard_group(file, sweep->name);
    bool good = id >= 0;
    for (int set = 0; set < SET_COUNT; set++) {
        good = good && open_set(id, set, group);
    }
    if (id >= 0) {
        H5Gclose(id);
    }
    return good;
}

/* h5repack with a filter makes sets chunked; then rows are read, and never written in place. */
bool group_is_raw(const Group *group)
{
    bool raw = true;
    for (int set = 0; set < SET_COUNT; set++) {
        if (group->set[set] >= 0) {
            const hid_t plist = H5Dget_create_plist(group->set[set]);
            raw = raw && H5Pget_layout(plist) == H5D_CONTIGUOUS;
            H5Pclose(plist);
        }
    }
    return raw;
}

void group_close(Group *group)
{
    for (int set = 0; set < SET_COUNT; set++) {
        if (group->set[set] >= 0) {
            H5Dclose(group->set[set]);
        }
    }
}

bool group_move(const Group *group, int set, size_t first, size_t count, hid_t type, void *data,
                bool write)
{
    assert(set >= 0 && set < SET_COUNT && group->set[set] >= 0 && count > 0 && data != NULL);
    const hid_t dataset = group->set[set];
    const hid_t rows = select_rows(&group->layout, set, dataset, first, count);
    const hid_t memory = memory_of(&group->layout, set, count);
    /* HDF5 converts between `type` in memory and that of the file */
    const herr_t error = write ? H5Dwrite(dataset, type, memory, rows, H5P_DEFAULT, data)
                               : H5Dread(dataset, type, memory, rows, H5P_DEFAULT, data);
    H5Sclose(memory);
    H5Sclose(rows);
    return error >= 0;
}

/* Over fields in schema order, series and coordinates: a row that was moved elsewhere is as
 * wrong as one that was changed. */
uint64_t group_checksum(const Group *group, size_t point, const Record *record,
                        const Series *series, size_t row)
{
    double coordinates[AXIS_COUNT];
    RowData data = {
        .coordinates = coordinates,
        .coordinate_count = coordinates_of(group->sweep, point, coordinates),
    };
    for (SeriesId id = 0; id < SERIES_COUNT; id++) {
        data.length[id] = group->layout.series[id];
        assert(data.length[id] == 0 || data.length[id] == series->length[id]);
        data.series[id] = series_row(series, id, row);
    }
    return record_checksum(record, group->layout.fields, &data);
}
