/* guard.h - private to the archive: opening what a file holds only after looking at it.
 *
 * HDF5 reads what a file says, as far as it says, through links and external files wherever
 * they lead.  Whoever reads into a buffer, or writes rows, opens groups, sets and attributes
 * through these functions alone; they refuse everything that an archive of ours, or a copy that
 * h5repack made, does not have.
 *
 * Nothing here prints, and all is local.
 */
#ifndef PHASESWEEP_ARCHIVE_GUARD_H
#define PHASESWEEP_ARCHIVE_GUARD_H

#include <hdf5.h>
#include <stdbool.h>

/* Is there a link of that name, of whatever kind? */
bool guard_exists(hid_t object, const char *name);

/* Open a group, or -1: not there, no hard link, or no group. */
hid_t guard_group(hid_t object, const char *name);

/* Open a dataset, or -1 unless it is a hard link to one of exactly that type and shape[rank],
 * whose values lie in this file, allocated. */
hid_t guard_set(hid_t object, const char *name, hid_t type, int rank, const hsize_t shape[]);

/* The string that an attribute holds, or, in a group, a scalar dataset of that name if there is
 * no such attribute; owned by the caller.  NULL if there is none, or if it is no single string
 * of fixed length. */
char *guard_attribute_text(hid_t object, const char *name);
char *guard_text(hid_t group, const char *name);

/* The values of an open set or attribute as they lie in the file, owned by the caller; NULL
 * unless they are numbers or strings of fixed length, all inside the file. */
void *guard_set_values(hid_t set, size_t *bytes);
void *guard_attribute_value(hid_t attribute, size_t *bytes);

/* One integer from an attribute; false if it is anything else. */
bool guard_int(hid_t object, const char *name, int *value);

#endif
