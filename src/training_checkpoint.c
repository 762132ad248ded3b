#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/check.h"
#include "training_state.h"

/* The file: Head, luggage, then on a grid of doubles the matrices of rank 0 (factor, B, base,
 * remembered blends and moves) and the vectors of all samples (v, memory), each vector in the
 * order of the samples, so that a team of another size can go on from it.  Native byte order:
 * a checkpoint is for the next job on the same machine. */
typedef struct Head {
    char         magic[32];
    Problem      problem;
    int          rotated, store;
    int          eigen;         /* method settled on: bits depend on it */
    int          matrices, vectors;
    size_t       luggage_bytes;
    Progress     progress;
    DescentState state;
} Head;

static const char magic[32] = "phasesweep training checkpoint 1";

enum { MATRICES = 3 + 2 * HISTORY, VECTORS = 1 + HISTORY };

static void list_matrices(TrainingWork *work, double *list[MATRICES])
{
    list[0] = work->factor;
    list[1] = work->pass.gram;
    list[2] = work->descent.base;
    for (int k = 0; k < HISTORY; k++) {
        list[3 + k] = work->descent.blend[k];
        list[3 + HISTORY + k] = work->descent.move[k];
    }
}

static double *vector_of(const TrainingWork *work, int k)
{
    return k == 0 ? work->pass.vector : work->pass.memory[k - 1];
}

/* Where the matrices begin, a multiple of 8, and where the vectors do. */
static size_t matrices_at(const TrainingWork *work)
{
    return (sizeof(Head) + work->settings.luggage_bytes + 7) / 8 * 8;
}

static MPI_Offset vector_at(const TrainingWork *work, int k)
{
    const size_t d = (size_t)work->d;
    const size_t row = (size_t)k * (size_t)work->samples.spec.samples +
                       (size_t)work->samples.first;
    return (MPI_Offset)(matrices_at(work) + 8 * (MATRICES * d * d + row));
}

/* The same data, so that the state means the same? */
static bool same_data(const TrainingWork *work, const Head *head)
{
    const Problem *a = &work->problem;
    const Problem *b = &head->problem;
    return memcmp(head->magic, magic, sizeof magic) == 0 && a->seed == b->seed &&
           a->samples == b->samples && a->dimension == b->dimension &&
           a->source_exponent == b->source_exponent && a->noise == b->noise &&
           head->rotated == work->settings.rotated &&
           head->store == (int)work->samples.spec.store &&
           head->luggage_bytes == work->settings.luggage_bytes;
}

/* ---- save ---------------------------------------------------------------------------- */

/* Root only. */
static bool write_root(TrainingWork *work, const char *path)
{
    Head head = {.problem = work->problem,
                 .rotated = work->settings.rotated,
                 .store = (int)work->samples.spec.store,
                 .eigen = (int)work->eigen.method,
                 .luggage_bytes = work->settings.luggage_bytes,
                 .progress = work->progress,
                 .state = work->descent.state};
    memcpy(head.magic, magic, sizeof magic);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    const size_t entries = (size_t)work->d * (size_t)work->d;
    double *list[MATRICES];
    list_matrices(work, list);
    bool good = fwrite(&head, sizeof head, 1, file) == 1;
    if (head.luggage_bytes > 0) {
        good = good && fwrite(work->settings.luggage, head.luggage_bytes, 1, file) == 1;
    }
    good = good && fseek(file, (long)matrices_at(work), SEEK_SET) == 0;
    for (int k = 0; good && k < MATRICES; k++) {
        good = fwrite(list[k], sizeof(double), entries, file) == entries;
    }
    return fclose(file) == 0 && good;
}

/* Collective on the team: every rank's rows, in or out. */
static bool move_vectors(TrainingWork *work, const char *path, bool out)
{
    MPI_File file;
    if (MPI_File_open(work->team, path, out ? MPI_MODE_WRONLY : MPI_MODE_RDONLY, MPI_INFO_NULL,
                      &file) != MPI_SUCCESS) {
        return false;
    }
    bool good = true;
    for (int k = 0; k < VECTORS; k++) {
        double *vector = vector_of(work, k);
        const int rows = (int)work->samples.rows;
        MPI_Status status;
        int moved = 0;
        const int error =
            out ? MPI_File_write_at_all(file, vector_at(work, k), vector, rows, MPI_DOUBLE,
                                        &status)
                : MPI_File_read_at_all(file, vector_at(work, k), vector, rows, MPI_DOUBLE,
                                       &status);
        good = good && error == MPI_SUCCESS &&
               MPI_Get_count(&status, MPI_DOUBLE, &moved) == MPI_SUCCESS && moved == rows;
    }
    if (out) {
        good = MPI_File_sync(file) == MPI_SUCCESS && good;
    }
    return MPI_File_close(&file) == MPI_SUCCESS && good;
}

/* Collective.  A path only rank 0 needs to have; owned by the caller. */
static char *share_path(const TrainingWork *work, const char *suffix)
{
    char *path = work->rank == 0 ? checked_format("%s%s", work->settings.checkpoint, suffix)
                                 : NULL;
    int length = path != NULL ? (int)strlen(path) + 1 : 0;
    MPI_Bcast(&length, 1, MPI_INT, 0, work->team);
    path = checked_realloc(path, (size_t)length, 1);
    MPI_Bcast(path, length, MPI_CHAR, 0, work->team);
    return path;
}

static bool agree(const TrainingWork *work, bool good)
{
    int all = good;
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, work->team);
    return all;
}

void checkpoint_save(TrainingWork *work)
{
    char *path = share_path(work, ".new");
    bool good = agree(work, work->rank != 0 || write_root(work, path));
    good = good && agree(work, move_vectors(work, path, true));
    if (work->rank == 0 && (!good || rename(path, work->settings.checkpoint) != 0)) {
        die(STATUS_ENVIRONMENT, "cannot write the checkpoint %s", path);
    }
    work->saved_at = MPI_Wtime();
    free(path);
}

/* ---- load ---------------------------------------------------------------------------- */

/* Root only.  True if the file is ours, whole and of this data; then its state is in work. */
static bool read_root(TrainingWork *work, const char *path, Head *head)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    const size_t entries = (size_t)work->d * (size_t)work->d;
    const size_t end = matrices_at(work) + 8 * (MATRICES * entries +
                       VECTORS * (size_t)work->samples.spec.samples);
    bool good = fread(head, sizeof *head, 1, file) == 1 && same_data(work, head) &&
                fseek(file, 0, SEEK_END) == 0 && ftell(file) == (long)end &&
                fseek(file, (long)sizeof *head, SEEK_SET) == 0;
    if (good && head->luggage_bytes > 0) {
        good = fread(work->settings.luggage, head->luggage_bytes, 1, file) == 1;
    }
    double *list[MATRICES];
    list_matrices(work, list);
    good = good && fseek(file, (long)matrices_at(work), SEEK_SET) == 0;
    for (int k = 0; good && k < MATRICES; k++) {
        good = fread(list[k], sizeof(double), entries, file) == entries;
    }
    fclose(file);
    return good;
}

void checkpoint_load(TrainingWork *work)
{
    Head head;
    char *path = share_path(work, "");
    bool good = agree(work, work->rank != 0 || read_root(work, path, &head));
    good = good && agree(work, move_vectors(work, path, false));
    free(path);
    if (!good) {
        return;
    }
    MPI_Bcast(&head, sizeof head, MPI_BYTE, 0, work->team);
    const int d = work->d;
    MPI_Bcast(work->factor, d * d, MPI_DOUBLE, 0, work->team);
    work->progress = head.progress;
    work->descent.state = head.state;
    work->eigen.method = (EigenMethod)head.eigen;
    work->resumes_at = head.problem.weight_decay;
    work->started = true;
}
