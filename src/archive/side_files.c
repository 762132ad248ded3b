#include "phasesweep/archive/side_files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"

char *side_checkpoint(const char *path, const Sweep *sweep, size_t chain)
{
    return checked_format("%s.%s.%zu.checkpoint", path, sweep->name, chain);
}

/* Calls `visit` with every file beside the archive that may be a checkpoint of it; rest: its
 * name behind that of the archive. */
static void each_checkpoint(const char *path,
                            void (*visit)(const char *file, const char *rest, void *context),
                            void *context)
{
    char *folder = file_folder(path);
    const char *slash = strrchr(path, '/');
    char *prefix = checked_format("%s.", slash != NULL ? slash + 1 : path);
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        const char *ending = strstr(entry->d_name, ".checkpoint");
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && ending != NULL &&
            (strcmp(ending, ".checkpoint") == 0 || strcmp(ending, ".checkpoint.new") == 0)) {
            char *file = checked_format("%s/%s", folder, entry->d_name);
            visit(file, entry->d_name + strlen(prefix), context);
            free(file);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
    free(prefix);
    free(folder);
}

static void remove_file(const char *file, const char *rest, void *context)
{
    (void)rest;
    (void)context;
    unlink(file);
}

void side_remove_checkpoints(const char *path)
{
    each_checkpoint(path, remove_file, NULL);
}

/* The list that grows, and whose it is. */
typedef struct Search {
    const Job *job;
    SideCheckpoints *found;
} Search;

static void note_checkpoint(const char *file, const char *rest, void *context)
{
    const Search *search = context;
    SideCheckpoints *found = search->found;
    struct stat status;
    for (size_t s = 0; s < search->job->sweep_count; s++) {
        const Sweep *sweep = &search->job->sweeps[s];
        const size_t length = strlen(sweep->name);
        if (strncmp(rest, sweep->name, length) != 0 || rest[length] != '.') {
            continue;
        }
        char *ending;
        const unsigned long long chain = strtoull(rest + length + 1, &ending, 10);
        if (strcmp(ending, ".checkpoint") == 0 && chain < sweep_chains(sweep) &&
            stat(file, &status) == 0) {
            found->list = checked_realloc(found->list, found->count + 1, sizeof *found->list);
            found->list[found->count++] =
                (SideCheckpoint){s, (size_t)chain, (double)status.st_mtime};
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const SideCheckpoint *x = a;
    const SideCheckpoint *y = b;
    return x->sweep != y->sweep ? (x->sweep > y->sweep) - (x->sweep < y->sweep)
                                : (x->chain > y->chain) - (x->chain < y->chain);
}

SideCheckpoints side_checkpoints(const char *path, const Job *job)
{
    SideCheckpoints found = {0};
    each_checkpoint(path, note_checkpoint, &(Search){job, &found});
    if (found.count > 0) {
        qsort(found.list, found.count, sizeof *found.list, by_place);
    }
    return found;
}
