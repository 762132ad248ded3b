#include "checkpoint_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "phasesweep/base/check.h"

FILE *checkpoint_begin(const char *path)
{
    char *fresh = checked_format("%s.new", path);
    FILE *file = fopen(fresh, "wb");
    free(fresh);
    return file;
}

void checkpoint_commit(FILE *file, bool good, const char *path)
{
    char *fresh = checked_format("%s.new", path);
    /* on the disk before it takes the name: the old checkpoint is good until then */
    good = good && fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = file != NULL && fclose(file) == 0 && good;
    if (!good || rename(fresh, path) != 0) {
        die(STATUS_ENVIRONMENT, "cannot write the checkpoint %s", fresh);
    }
    free(fresh);
}
