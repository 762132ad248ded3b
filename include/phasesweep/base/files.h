/* files.h - what the standard library leaves out about files. */
#ifndef PHASESWEEP_BASE_FILES_H
#define PHASESWEEP_BASE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "phasesweep/base/check.h"

/* Local.  Whose fault an errno of a file is: STATUS_ENVIRONMENT for what the machine lacks (a
 * disk that fails or is full, memory, descriptors), else STATUS_WRONG_INPUT. */
ExitStatus file_status(int error);

/* Local.  The folder that holds path, "." if none is named; owned by the caller. */
char *file_folder(const char *path);

/* How long a file is and when it was last written. */
typedef struct FileStamp {
    int64_t bytes, seconds, nanoseconds;
} FileStamp;

/* Local.  All 0 where there is no such file. */
FileStamp file_stamp(const char *path);
bool file_stamp_same(const FileStamp *a, const FileStamp *b);

/* Local.  Flush the folder that holds path, so that a file made, linked or renamed in it is
 * there after a power failure; false, with errno, if the disk refuses. */
bool file_sync_folder(const char *path);

#endif
