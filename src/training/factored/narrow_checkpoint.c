#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "checkpoint_file.h"
#include "narrow_state.h"

/* The file: Head, luggage, the scalars of each descent in hand, then the best network and the
 * vectors of each descent, all p d variables in order, so that a team of another size can go on
 * from it.  Native byte order: a checkpoint is for the next job on the same machine. */
typedef struct Head {
    char magic[32];
    Problem problem;
    int rotated, store, double_only, starts;
    int together, started;
    size_t luggage_bytes;
    size_t scalar_bytes; /* of a descent */
    int vectors;         /* of a descent */
    NarrowProgress progress;
} Head;

static const char magic[32] = "phasesweep narrow checkpoint 1";

static Head head_of(NarrowWork *work)
{
    Head head = {.problem = work->problem,
                 .rotated = work->settings.rotated,
                 .store = (int)work->samples.spec.store,
                 .double_only = work->settings.double_only,
                 .starts = work->settings.starts,
                 .together = work->together,
                 .started = work->started,
                 .luggage_bytes = work->settings.luggage_bytes,
                 .vectors = lbfgs_vectors(work->lbfgs[0]),
                 .progress = work->progress};
    memcpy(head.magic, magic, sizeof magic);
    lbfgs_scalars(work->lbfgs[0], &head.scalar_bytes);
    return head;
}

/* The same data and networks, so that the state means the same? */
static bool same_work(NarrowWork *work, const Head *theirs)
{
    const Head ours = head_of(work);
    const Problem *a = &ours.problem;
    const Problem *b = &theirs->problem;
    return memcmp(theirs->magic, magic, sizeof magic) == 0 && a->seed == b->seed &&
           a->samples == b->samples && a->dimension == b->dimension && a->width == b->width &&
           a->source_exponent == b->source_exponent && a->noise == b->noise &&
           ours.rotated == theirs->rotated && ours.store == theirs->store &&
           ours.double_only == theirs->double_only && ours.starts == theirs->starts &&
           ours.together == theirs->together && ours.luggage_bytes == theirs->luggage_bytes &&
           ours.scalar_bytes == theirs->scalar_bytes && ours.vectors == theirs->vectors;
}

/* Share k of the state: the best network first. */
static double *vector_of(NarrowWork *work, int k)
{
    const int vectors = lbfgs_vectors(work->lbfgs[0]);
    return k == 0 ? work->best
                  : lbfgs_vector(work->lbfgs[(k - 1) / vectors], (k - 1) % vectors);
}

static int vector_count(NarrowWork *work)
{
    return 1 + narrow_descents(work) * lbfgs_vectors(work->lbfgs[0]);
}

/* ---- save ---------------------------------------------------------------------------- */

/* Root only. */
static bool write_scalars(NarrowWork *work, FILE *file)
{
    const Head head = head_of(work);
    bool good = file != NULL && fwrite(&head, sizeof head, 1, file) == 1;
    if (good && head.luggage_bytes > 0) {
        good = fwrite(work->settings.luggage, head.luggage_bytes, 1, file) == 1;
    }
    for (int k = 0; good && k < narrow_descents(work); k++) {
        size_t bytes;
        const void *scalars = lbfgs_scalars(work->lbfgs[k], &bytes);
        good = fwrite(scalars, bytes, 1, file) == 1;
    }
    return good;
}

/* Collective on the team: through rank 0, which alone touches the file. */
static bool write_vectors(NarrowWork *work, FILE *file)
{
    const size_t variables = (size_t)work->d * (size_t)work->p;
    double *all = checked_alloc(work->rank == 0 ? variables : 1, sizeof *all);
    bool good = work->rank > 0 || file != NULL;
    for (int k = 0; k < vector_count(work); k++) {
        MPI_Gatherv(vector_of(work, k), work->count[work->rank], MPI_DOUBLE, all, work->count,
                    work->begin, MPI_DOUBLE, 0, work->team);
        if (work->rank == 0) {
            good = good && fwrite(all, sizeof *all, variables, file) == variables;
        }
    }
    free(all);
    return good;
}

void narrow_save(NarrowWork *work)
{
    const char *path = work->settings.checkpoint;
    assert(path != NULL);
    FILE *file = work->rank == 0 ? checkpoint_begin(path) : NULL;
    bool good = work->rank != 0 || write_scalars(work, file);
    good = write_vectors(work, good ? file : NULL) && good;
    if (work->rank == 0) {
        checkpoint_commit(file, good, path);
    }
    work->saved_at = MPI_Wtime();
}

/* ---- load ---------------------------------------------------------------------------- */

/* Root only.  Is the file ours and whole?  It is left behind the head. */
static bool read_head(NarrowWork *work, FILE *file, Head *head)
{
    if (file == NULL || fread(head, sizeof *head, 1, file) != 1 || !same_work(work, head)) {
        return false;
    }
    const size_t descents =
        head->progress.stage == NARROW_SEARCH ? (size_t)head->progress.group : 1;
    const size_t variables = (size_t)work->d * (size_t)work->p;
    const size_t end = sizeof *head + head->luggage_bytes + descents * head->scalar_bytes +
                       8 * variables * (1 + descents * (size_t)head->vectors);
    return fseek(file, 0, SEEK_END) == 0 && ftell(file) == (long)end &&
           fseek(file, (long)sizeof *head, SEEK_SET) == 0;
}

/* Root only; the file is whole, so that a failure is the disk's. */
static void read_or_die(const NarrowWork *work, void *to, size_t bytes, FILE *file)
{
    if (bytes > 0 && fread(to, bytes, 1, file) != 1) {
        die(STATUS_ENVIRONMENT, "cannot read the checkpoint %s", work->settings.checkpoint);
    }
}

/* Collective on the team: the way back. */
static void read_state(NarrowWork *work, FILE *file)
{
    const size_t variables = (size_t)work->d * (size_t)work->p;
    if (work->rank == 0) {
        read_or_die(work, work->settings.luggage, work->settings.luggage_bytes, file);
    }
    for (int k = 0; k < narrow_descents(work); k++) {
        size_t bytes;
        void *scalars = lbfgs_scalars(work->lbfgs[k], &bytes);
        if (work->rank == 0) {
            read_or_die(work, scalars, bytes, file);
        }
        MPI_Bcast(scalars, (int)bytes, MPI_BYTE, 0, work->team);
    }
    double *all = checked_alloc(work->rank == 0 ? variables : 1, sizeof *all);
    for (int k = 0; k < vector_count(work); k++) {
        if (work->rank == 0) {
            read_or_die(work, all, variables * sizeof *all, file);
        }
        MPI_Scatterv(all, work->count, work->begin, MPI_DOUBLE, vector_of(work, k),
                     work->count[work->rank], MPI_DOUBLE, 0, work->team);
    }
    free(all);
}

void narrow_load(NarrowWork *work)
{
    Head head;
    FILE *file = work->rank == 0 ? fopen(work->settings.checkpoint, "rb") : NULL;
    int good = work->rank == 0 && read_head(work, file, &head);
    MPI_Bcast(&good, 1, MPI_INT, 0, work->team);
    if (good) {
        MPI_Bcast(&head, sizeof head, MPI_BYTE, 0, work->team);
        work->progress = head.progress;
        work->started = head.started;
        work->resumes_at = head.problem.weight_decay;
        read_state(work, file);
    }
    if (file != NULL) {
        fclose(file);
    }
}
