/* Saving and restoring the whole state of an iteration, so that an interrupted training
 * repeats the iterates it would have had.  Data are not saved: they are made again from the
 * seed.  The file is written under another name, synced and renamed: a kill leaves the old
 * one or the new.
 *
 * All goes through rank 0: the file needs no parallel file system, and the vectors, in order
 * of samples, suit a team of any size.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "checkpoint_file.h"
#include "training_state.h"

/* The file: Head, luggage, then on a grid of doubles the matrices of rank 0 (factor, B, base,
 * remembered blends and moves) and the vectors of all samples (v, memory), each vector in the
 * order of the samples, so that a team of another size can go on from it.  Native byte order:
 * a checkpoint is for the next job on the same machine. */
typedef struct Head {
    char magic[32];
    Problem problem;
    int rotated, store;
    int eigen; /* method settled on: bits depend on it */
    int matrices, vectors;
    size_t luggage_bytes;
    Progress progress;
    DescentState state;
} Head;

static const char magic[32] = "phasesweep training checkpoint 2";

enum { MATRICES = 3 + 2 * HISTORY, VECTORS = 1 + HISTORY };

/* d x d each, in the order of the file. */
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

/* v first, then the remembered ones; [rows] of this rank. */
static double *vector_of(const TrainingWork *work, int k)
{
    return k == 0 ? work->pass.vector : work->pass.memory[k - 1];
}

/* Where the matrices begin, a multiple of 8. */
static size_t matrices_at(const TrainingWork *work)
{
    return (sizeof(Head) + work->settings.luggage_bytes + 7) / 8 * 8;
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
static bool write_root(TrainingWork *work, FILE *file)
{
    Head head = {.problem = work->problem,
                 .rotated = work->settings.rotated,
                 .store = (int)work->samples.spec.store,
                 .eigen = (int)work->eigen.method,
                 .luggage_bytes = work->settings.luggage_bytes,
                 .progress = work->progress,
                 .state = work->descent.state};
    memcpy(head.magic, magic, sizeof magic);
    const size_t entries = (size_t)work->d * (size_t)work->d;
    double *list[MATRICES];
    list_matrices(work, list);
    bool good = file != NULL && fwrite(&head, sizeof head, 1, file) == 1;
    if (good && head.luggage_bytes > 0) {
        good = fwrite(work->settings.luggage, head.luggage_bytes, 1, file) == 1;
    }
    good = good && fseek(file, (long)matrices_at(work), SEEK_SET) == 0;
    for (int k = 0; good && k < MATRICES; k++) {
        good = fwrite(list[k], sizeof(double), entries, file) == entries;
    }
    return good;
}

/* Collective on the team: one vector after another, rank after rank, through rank 0, which
 * alone touches the file (not open elsewhere).  False on rank 0 if the file refused. */
static bool write_vectors(const TrainingWork *work, FILE *file)
{
    const int rows = (int)work->samples.rows;
    if (work->rank > 0) {
        for (int k = 0; k < VECTORS; k++) {
            MPI_Send(&rows, 1, MPI_INT, 0, k, work->team);
            MPI_Send(vector_of(work, k), rows, MPI_DOUBLE, 0, k, work->team);
        }
        return true;
    }
    bool good = file != NULL;
    double *buffer = NULL;
    for (int k = 0; k < VECTORS; k++) {
        const size_t mine = (size_t)rows;
        good = good && fwrite(vector_of(work, k), sizeof(double), mine, file) == mine;
        for (int rank = 1; rank < work->eigen.ranks; rank++) {
            int theirs;
            MPI_Recv(&theirs, 1, MPI_INT, rank, k, work->team, MPI_STATUS_IGNORE);
            buffer = checked_realloc(buffer, (size_t)theirs, sizeof *buffer);
            MPI_Recv(buffer, theirs, MPI_DOUBLE, rank, k, work->team, MPI_STATUS_IGNORE);
            good =
                good && fwrite(buffer, sizeof(double), (size_t)theirs, file) == (size_t)theirs;
        }
    }
    free(buffer);
    return good;
}

void checkpoint_save(TrainingWork *work)
{
    const char *path = work->settings.checkpoint;
    assert(path != NULL);
    FILE *file = work->rank == 0 ? checkpoint_begin(path) : NULL;
    bool good = work->rank != 0 || write_root(work, file);
    good = write_vectors(work, good ? file : NULL) && good;
    if (work->rank == 0) {
        checkpoint_commit(file, good, path);
    }
    work->saved_at = MPI_Wtime();
}

/* ---- load ---------------------------------------------------------------------------- */

/* Root only.  True if the file is ours, whole and of this data; then its state is in work, and
 * the file stands at the first vector. */
static bool read_root(TrainingWork *work, FILE *file, Head *head)
{
    const size_t entries = (size_t)work->d * (size_t)work->d;
    const size_t end = matrices_at(work) +
                       8 * (MATRICES * entries + VECTORS * (size_t)work->samples.spec.samples);
    bool good = file != NULL && fread(head, sizeof *head, 1, file) == 1 &&
                same_data(work, head) && head->eigen >= 0 && head->eigen < EIGEN_COUNT &&
                fseek(file, 0, SEEK_END) == 0 &&
                /* a file that was cut short is no checkpoint */
                ftell(file) == (long)end && fseek(file, (long)sizeof *head, SEEK_SET) == 0;
    if (good && head->luggage_bytes > 0) {
        good = fread(work->settings.luggage, head->luggage_bytes, 1, file) == 1;
    }
    double *list[MATRICES];
    list_matrices(work, list);
    good = good && fseek(file, (long)matrices_at(work), SEEK_SET) == 0;
    for (int k = 0; good && k < MATRICES; k++) {
        good = fread(list[k], sizeof(double), entries, file) == entries;
    }
    return good;
}

/* Collective on the team: the way back of write_vectors. */
static bool read_vectors(const TrainingWork *work, FILE *file)
{
    const int rows = (int)work->samples.rows;
    if (work->rank > 0) {
        for (int k = 0; k < VECTORS; k++) {
            MPI_Send(&rows, 1, MPI_INT, 0, k, work->team);
            MPI_Recv(vector_of(work, k), rows, MPI_DOUBLE, 0, k, work->team, MPI_STATUS_IGNORE);
        }
        return true;
    }
    bool good = true;
    double *buffer = NULL;
    for (int k = 0; k < VECTORS; k++) {
        const size_t mine = (size_t)rows;
        good = good && fread(vector_of(work, k), sizeof(double), mine, file) == mine;
        for (int rank = 1; rank < work->eigen.ranks; rank++) {
            int theirs;
            MPI_Recv(&theirs, 1, MPI_INT, rank, k, work->team, MPI_STATUS_IGNORE);
            buffer = checked_realloc(buffer, (size_t)theirs, sizeof *buffer);
            good =
                good && fread(buffer, sizeof(double), (size_t)theirs, file) == (size_t)theirs;
            MPI_Send(buffer, theirs, MPI_DOUBLE, rank, k, work->team);
        }
    }
    free(buffer);
    return good;
}

/* Collective.  What rank 0 says. */
static bool said_by_root(const TrainingWork *work, bool good)
{
    int said = good;
    MPI_Bcast(&said, 1, MPI_INT, 0, work->team);
    return said;
}

void checkpoint_load(TrainingWork *work)
{
    Head head;
    FILE *file = work->rank == 0 ? fopen(work->settings.checkpoint, "rb") : NULL;
    bool good = said_by_root(work, work->rank == 0 && read_root(work, file, &head));
    good = good && said_by_root(work, read_vectors(work, file));
    if (file != NULL) {
        fclose(file);
    }
    if (!good) {
        return;
    }
    MPI_Bcast(&head, sizeof head, MPI_BYTE, 0, work->team);
    MPI_Bcast(work->factor, work->d * work->d, MPI_DOUBLE, 0, work->team);
    work->progress = head.progress;
    work->descent.state = head.state;
    /* the method too: EIGEN_AUTO must not measure again and choose another */
    work->eigen.method = (EigenMethod)head.eigen;
    work->resumes_at = head.problem.weight_decay;
    work->started = true;
}
