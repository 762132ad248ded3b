/* The order of the looks matters: the kind of a link before what it leads to, since following
 * one opens files; the type and the extent before the data; where the data lie before they are
 * moved.
 */
#include "guard.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"

bool guard_exists(hid_t object, const char *name)
{
    return H5Lexists(object, name, H5P_DEFAULT) > 0;
}

static bool is_hard(hid_t object, const char *name)
{
    H5L_info_t info;
    return guard_exists(object, name) && H5Lget_info(object, name, &info, H5P_DEFAULT) >= 0 &&
           info.type == H5L_TYPE_HARD;
}

/* Open an object of one kind; -1 if it is none. */
static hid_t open_kind(hid_t object, const char *name, H5I_type_t kind)
{
    if (!is_hard(object, name)) {
        return -1;
    }
    const hid_t id = H5Oopen(object, name, H5P_DEFAULT);
    if (id >= 0 && H5Iget_type(id) != kind) {
        H5Oclose(id);
        return -1;
    }
    return id;
}

hid_t guard_group(hid_t object, const char *name)
{
    return open_kind(object, name, H5I_GROUP);
}

static bool has_type(hid_t type, hid_t expected)
{
    const bool same = type >= 0 && H5Tequal(type, expected) > 0;
    H5Tclose(type);
    return same;
}

static bool has_shape(hid_t space, int rank, const hsize_t shape[])
{
    hsize_t found[H5S_MAX_RANK];
    bool same = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL &&
                H5Sget_simple_extent_ndims(space) == rank &&
                H5Sget_simple_extent_dims(space, found, NULL) == rank;
    for (int k = 0; same && k < rank; k++) {
        same = found[k] == shape[k];
    }
    H5Sclose(space);
    return same;
}

/* Bytes of the values that type and space describe; 0 if there are none, or too many to count.
 */
static hsize_t bytes_of(hid_t type, hid_t space)
{
    const hssize_t points = H5Sget_simple_extent_npoints(space);
    const size_t size = H5Tget_size(type);
    return points > 0 && size > 0 && (hsize_t)points <= INT64_MAX / size
               ? (hsize_t)points * size
               : 0;
}

static bool fits_file(hid_t set, hsize_t bytes)
{
    hsize_t size = 0;
    const hid_t file = H5Iget_file_id(set);
    const bool fits = file >= 0 && H5Fget_filesize(file, &size) >= 0 && bytes <= size;
    H5Fclose(file);
    return fits;
}

/* Not virtual, not in other files; contiguous values must be all there, and those of chunks no
 * more than deflate can make of what is stored. */
static bool is_inside(hid_t set, hid_t type)
{
    enum { DEFLATE_MOST = 1100 };
    const hid_t plist = H5Dget_create_plist(set);
    const hid_t space = H5Dget_space(set);
    const H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_VIRTUAL;
    const hsize_t bytes = bytes_of(type, space);
    const hsize_t stored = H5Dget_storage_size(set);
    bool inside =
        stored > 0 && bytes > 0 && fits_file(set, stored) && H5Pget_external_count(plist) == 0;
    switch (layout) {
    case H5D_CONTIGUOUS:
        inside = inside && stored == bytes && H5Dget_offset(set) != HADDR_UNDEF;
        break;
    case H5D_COMPACT:
        inside = inside && stored == bytes;
        break;
    case H5D_CHUNKED:
        inside = inside && bytes / DEFLATE_MOST <= stored;
        break;
    default:
        inside = false;
    }
    H5Sclose(space);
    H5Pclose(plist);
    return inside;
}

hid_t guard_set(hid_t object, const char *name, hid_t type, int rank, const hsize_t shape[])
{
    assert(rank >= 0 && rank <= H5S_MAX_RANK);
    const hid_t set = open_kind(object, name, H5I_DATASET);
    if (set >= 0 && !(has_type(H5Dget_type(set), type) &&
                      has_shape(H5Dget_space(set), rank, shape) && is_inside(set, type))) {
        H5Dclose(set);
        return -1;
    }
    return set;
}

/* Others hold pointers, or lead elsewhere. */
static bool is_plain(hid_t type)
{
    const H5T_class_t class = H5Tget_class(type);
    return (class == H5T_INTEGER || class == H5T_FLOAT || class == H5T_STRING) &&
           H5Tis_variable_str(type) <= 0;
}

void *guard_set_values(hid_t set, size_t *bytes)
{
    const hid_t type = H5Dget_type(set);
    const hid_t space = H5Dget_space(set);
    void *values = NULL;
    *bytes = (size_t)bytes_of(type, space);
    if (*bytes > 0 && is_plain(type) && is_inside(set, type)) {
        /* one byte more: a string that fills its place need not end in a NUL */
        values = checked_alloc(*bytes + 1, 1);
        if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) {
            free(values);
            values = NULL;
        }
    }
    H5Sclose(space);
    H5Tclose(type);
    return values;
}

void *guard_attribute_value(hid_t attribute, size_t *bytes)
{
    const hid_t type = H5Aget_type(attribute);
    const hid_t space = H5Aget_space(attribute);
    void *value = NULL;
    *bytes = (size_t)bytes_of(type, space);
    if (*bytes > 0 && is_plain(type) && fits_file(attribute, *bytes)) {
        value = checked_alloc(*bytes + 1, 1);
        if (H5Aread(attribute, type, value) < 0) {
            free(value);
            value = NULL;
        }
    }
    H5Sclose(space);
    H5Tclose(type);
    return value;
}

/* Types and spaces are closed. */
static bool is_text(hid_t type, hid_t space)
{
    const bool text = type >= 0 && H5Tget_class(type) == H5T_STRING;
    H5Tclose(type);
    return has_shape(space, 0, NULL) && text;
}

char *guard_attribute_text(hid_t object, const char *name)
{
    size_t bytes;
    char *text = NULL;
    if (H5Aexists(object, name) > 0) {
        const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
        if (attribute >= 0 && is_text(H5Aget_type(attribute), H5Aget_space(attribute))) {
            text = guard_attribute_value(attribute, &bytes);
        }
        H5Aclose(attribute);
    }
    return text;
}

char *guard_text(hid_t group, const char *name)
{
    if (H5Aexists(group, name) > 0) {
        return guard_attribute_text(group, name);
    }
    size_t bytes;
    char *text = NULL;
    const hid_t set = open_kind(group, name, H5I_DATASET);
    if (set >= 0) {
        text =
            is_text(H5Dget_type(set), H5Dget_space(set)) ? guard_set_values(set, &bytes) : NULL;
        H5Dclose(set);
    }
    return text;
}

bool guard_int(hid_t object, const char *name, int *value)
{
    const hid_t id =
        H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : (hid_t)-1;
    if (id < 0) {
        return false;
    }
    const hid_t type = H5Aget_type(id);
    const hid_t space = H5Aget_space(id);
    const bool good = type >= 0 && H5Tget_class(type) == H5T_INTEGER &&
                      H5Tget_size(type) <= 8 && H5Sget_simple_extent_type(space) != H5S_NULL &&
                      H5Sget_simple_extent_npoints(space) == 1 &&
                      H5Aread(id, H5T_NATIVE_INT, value) >= 0;
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(id);
    return good;
}
