#include "phasesweep/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ExitStatus file_status(int error)
{
    static const int lacks[] = {EIO,    ENOSPC, EDQUOT, EFBIG, ENOMEM,
                                EMFILE, ENFILE, ENOLCK, ENXIO, ENODEV};
    for (size_t k = 0; k < sizeof lacks / sizeof *lacks; k++) {
        if (error == lacks[k]) {
            return STATUS_ENVIRONMENT;
        }
    }
    return STATUS_WRONG_INPUT;
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return checked_format(".");
    }
    /* the root keeps its slash */
    return checked_format("%.*s", slash == path ? 1 : (int)(slash - path), path);
}

FileStamp file_stamp(const char *path)
{
    struct stat facts;
    if (stat(path, &facts) != 0) {
        return (FileStamp){0};
    }
    return (FileStamp){facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

bool file_stamp_same(const FileStamp *a, const FileStamp *b)
{
    return a->bytes == b->bytes && a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}

bool file_sync_folder(const char *path)
{
    char *folder = file_folder(path);
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (descriptor < 0) {
        /* a folder that may be written and not read cannot be flushed */
        return errno == EACCES;
    }
    /* EINVAL: a file system that knows no fsync of folders */
    const bool good = fsync(descriptor) == 0 || errno == EINVAL;
    const int error = errno;
    close(descriptor);
    errno = error;
    return good;
}
