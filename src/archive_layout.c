#include "archive_layout.h"

#include <assert.h>
#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/check.h"

/* Eigenvalues of the quadratic network, coefficients of the diagonal one: d of either. */
static hsize_t longest_spectrum(const Sweep *sweep)
{
    const Axis *axis = &sweep->axis[AXIS_DIMENSION];
    double longest = 0.0;
    for (size_t k = 0; k < axis->count && method_trains(sweep->method); k++) {
        longest = axis->values[k] > longest ? axis->values[k] : longest;
    }
    return (hsize_t)longest;
}

Layout layout_of(const Sweep *sweep)
{
    Layout layout = {.eigenvalues = longest_spectrum(sweep),
                     .fields = record_fields_of(sweep->method)};
    size_t shape[AXIS_COUNT];
    layout.rank = sweep_shape(sweep, shape, layout.ids);
    for (int k = 0; k < layout.rank; k++) {
        layout.shape[k] = shape[k];
    }
    return layout;
}

bool layout_has(const Layout *layout, int set)
{
    return set == SET_EIGENVALUES ? layout->eigenvalues > 0
                                  : set >= FIELD_COUNT || (layout->fields >> set & 1u) != 0;
}

const char *set_name(int set)
{
    static const char *const others[] = {"attempts", "eigenvalues", "checksum", "outcome"};
    return set < FIELD_COUNT ? record_fields[set].name : others[set - FIELD_COUNT];
}

hid_t set_type(int set)
{
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

/* Rows of a line lie within one innermost row. */
static hid_t select_rows(const Layout *layout, int set, hid_t dataset, size_t first, size_t count)
{
    const hid_t space = H5Dget_space(dataset);
    hsize_t start[AXIS_COUNT + 1];
    hsize_t extent[AXIS_COUNT + 1];
    hsize_t rest = first;
    for (int k = layout->rank - 1; k >= 0; k--) {
        start[k] = rest % layout->shape[k];
        rest /= layout->shape[k];
        extent[k] = k == layout->rank - 1 ? count : 1;
        assert(start[k] + extent[k] <= layout->shape[k]);
    }
    start[layout->rank] = 0;
    extent[layout->rank] = layout->eigenvalues;
    if (layout->rank + (set == SET_EIGENVALUES) > 0) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL);
    }
    return space;
}

static hid_t memory_of(const Layout *layout, int set, size_t count)
{
    const hsize_t length = count * (set == SET_EIGENVALUES ? layout->eigenvalues : 1);
    return H5Screate_simple(1, &length, NULL);
}

/* A dataset of another size would be read beyond its end. */
static bool has_shape(const Layout *layout, int set, hid_t dataset)
{
    const hid_t space = H5Dget_space(dataset);
    hsize_t expected = set == SET_EIGENVALUES ? layout->eigenvalues : 1;
    for (int k = 0; k < layout->rank; k++) {
        expected *= layout->shape[k];
    }
    const bool same = H5Sget_simple_extent_ndims(space) ==
                          layout->rank + (set == SET_EIGENVALUES) &&
                      (hsize_t)H5Sget_simple_extent_npoints(space) == expected;
    H5Sclose(space);
    return same;
}

/* Fields that an older schema did not have are no damage; fields that the group says its rows
 * have are. */
static bool is_promised(hid_t group, int set)
{
    char names[4096] = " ";
    hsize_t length;
    H5T_class_t class;
    size_t size = 0;
    if (set >= FIELD_COUNT || set == FIELD_SECONDS) {
        return set != SET_EIGENVALUES;
    }
    if (H5Aexists(group, "row_fields") > 0 &&
        H5LTget_attribute_info(group, ".", "row_fields", &length, &class, &size) >= 0 &&
        size + 3 < sizeof names) {
        H5LTget_attribute_string(group, ".", "row_fields", names + 1);
    }
    strcat(names, " ");
    char *word = checked_format(" %s ", set_name(set));
    const bool promised = strstr(names, word) != NULL;
    free(word);
    return promised;
}

static bool open_set(hid_t id, int set, Group *group)
{
    group->set[set] = -1;
    if (!layout_has(&group->layout, set)) {
        return true;
    }
    if (H5Lexists(id, set_name(set), H5P_DEFAULT) <= 0) {
        if (set < FIELD_COUNT) {
            group->layout.fields &= ~(UINT64_C(1) << set);
        }
        return !is_promised(id, set);
    }
    group->set[set] = H5Dopen2(id, set_name(set), H5P_DEFAULT);
    return group->set[set] >= 0 && has_shape(&group->layout, set, group->set[set]);
}

bool group_open(hid_t file, const Sweep *sweep, Group *group)
{
    *group = (Group){.sweep = sweep, .layout = layout_of(sweep)};
    const hid_t id = H5Gopen2(file, sweep->name, H5P_DEFAULT);
    bool good = id >= 0;
    for (int set = 0; set < SET_COUNT; set++) {
        good = good && open_set(id, set, group);
    }
    H5Gclose(id);
    return good;
}

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
    const hid_t dataset = group->set[set];
    const hid_t rows = select_rows(&group->layout, set, dataset, first, count);
    const hid_t memory = memory_of(&group->layout, set, count);
    const herr_t error = write ? H5Dwrite(dataset, type, memory, rows, H5P_DEFAULT, data)
                               : H5Dread(dataset, type, memory, rows, H5P_DEFAULT, data);
    H5Sclose(memory);
    H5Sclose(rows);
    return error >= 0;
}

uint64_t group_checksum(const Group *group, size_t point, const Record *record,
                        const double eigenvalues[])
{
    double coordinates[AXIS_COUNT];
    const RowData row = {
        .coordinates = coordinates,
        .coordinate_count = coordinates_of(group->sweep, point, coordinates),
        .eigenvalues = eigenvalues,
        .eigenvalue_count = eigenvalues == NULL ? 0 : group->layout.eigenvalues,
    };
    return record_checksum(record, group->layout.fields, &row);
}
