/* One number over everything that rows mean but do not say: the job as written and as resolved,
 * names, units, axes.  A changed label noise in the stored job, a changed value of an axis, a
 * changed unit: each makes every number of the file mean something else, and no row shows it.
 *
 * Objects in the order of their names; of each its name, its attributes by name, and of axes
 * and texts the values, as they lie in the file.  References of HDF5 itself (which scale
 * belongs to which dimension) are left out: h5repack makes them anew.
 */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/base/check.h"
#include "guard.h"
#include "layout.h"

/* A text is digested with its NUL, so that two names never run together. */
static void digest_name(XXH3_state_t *state, const char *name)
{
    XXH3_64bits_update(state, name, strlen(name) + 1);
}

static herr_t digest_attribute(hid_t object, const char *name, const H5A_info_t *info,
                               void *context)
{
    XXH3_state_t *state = context;
    (void)info;
    if (strcmp(name, STRUCTURE_CHECKSUM) == 0) {
        return 0;
    }
    size_t bytes;
    const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    void *value = guard_attribute_value(attribute, &bytes);
    /* references and texts of any length are not ours */
    if (value != NULL) {
        digest_name(state, name);
        XXH3_64bits_update(state, value, bytes);
    }
    free(value);
    H5Aclose(attribute);
    return 0;
}

/* Axes, and texts too long for an attribute. */
static bool has_meaning(hid_t set)
{
    const hid_t type = H5Dget_type(set);
    const bool text = H5Tget_class(type) == H5T_STRING;
    H5Tclose(type);
    char *class = guard_attribute_text(set, "CLASS");
    const bool scale = class != NULL && strcmp(class, "DIMENSION_SCALE") == 0;
    free(class);
    return text || scale;
}

static void digest_values(hid_t set, XXH3_state_t *state)
{
    size_t bytes;
    void *values = has_meaning(set) ? guard_set_values(set, &bytes) : NULL;
    if (values != NULL) {
        XXH3_64bits_update(state, values, bytes);
    }
    free(values);
}

/* The table of runs changes as runs go on: of its columns the attributes alone count. */
static herr_t digest_object(hid_t root, const char *name, const H5O_info_t *info, void *context)
{
    XXH3_state_t *state = context;
    const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    if (object < 0) {
        return -1;
    }
    digest_name(state, name);
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, NULL, digest_attribute, state);
    if (info->type == H5O_TYPE_DATASET && strncmp(name, RUNS_GROUP "/", 5) != 0) {
        digest_values(object, state);
    }
    H5Oclose(object);
    return 0;
}

void structure_checksum(hid_t file, char text[17])
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for a checksum");
    }
    XXH3_64bits_reset(state);
    H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, digest_object, state);
    snprintf(text, 17, "%016llx", (unsigned long long)XXH3_64bits_digest(state));
    XXH3_freeState(state);
}
