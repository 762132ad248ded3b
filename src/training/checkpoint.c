#include "checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"

/* Bytes of a message, or of one look at the file. */
enum { CHUNK = 1 << 24 };

static const char magic[16] = "phasesweep  ckp3";

static const char of_another[] = "of another training";
static const char damaged[] = "damaged";

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static StateVisitor visitor_of(MPI_Comm team, VisitMode mode)
{
    StateVisitor visitor = {.team = team, .mode = mode, .good = true};
    MPI_Comm_rank(team, &visitor.rank);
    MPI_Comm_size(team, &visitor.ranks);
    return visitor;
}

static const double saving_share = 0.02;
static const double work_lost = 60.0;

/* The last save took its time after the state was as it is in the file, and the next one must
 * end before that is replaced. */
bool checkpoint_due(double since, double iteration, double cost)
{
    return since >= cost / saving_share && since + iteration + 2.0 * cost > work_lost;
}

/* ---- the file, on rank 0 ----------------------------------------------------------------- */

static void fail(StateVisitor *visitor, const char *why)
{
    visitor->good = false;
    visitor->why = visitor->why != NULL ? visitor->why : why;
}

static void put(StateVisitor *visitor, const void *bytes, size_t count)
{
    if (visitor->good && count > 0) {
        visitor->good = fwrite(bytes, count, 1, visitor->file) == 1;
        XXH3_64bits_update(visitor->digest, bytes, count);
    }
}

static void get(StateVisitor *visitor, void *bytes, size_t count)
{
    if (visitor->good && count > 0 && fread(bytes, count, 1, visitor->file) != 1) {
        fail(visitor, damaged);
    }
}

static void move(StateVisitor *visitor, void *bytes, size_t count)
{
    visitor->mode == VISIT_SAVE ? put(visitor, bytes, count) : get(visitor, bytes, count);
}

/* Is it ours, and does the hash at its end stand for what is before it? */
static bool whole(FILE *file)
{
    char word[sizeof magic];
    uint64_t hash;
    if (fseek(file, 0, SEEK_END) != 0 || ftell(file) < (long)(sizeof word + sizeof hash)) {
        return false;
    }
    uint64_t left = (uint64_t)ftell(file) - sizeof hash;
    rewind(file);
    XXH3_state_t *digest = XXH3_createState();
    char *buffer = checked_alloc(smaller(left, CHUNK), 1);
    XXH3_64bits_reset(digest);
    bool good = true;
    while (good && left > 0) {
        const size_t count = smaller(left, CHUNK);
        good = fread(buffer, count, 1, file) == 1;
        XXH3_64bits_update(digest, buffer, count);
        left -= count;
    }
    good =
        good && fread(&hash, sizeof hash, 1, file) == 1 && hash == XXH3_64bits_digest(digest);
    free(buffer);
    XXH3_freeState(digest);
    rewind(file);
    return good && fread(word, sizeof word, 1, file) == 1 &&
           memcmp(word, magic, sizeof word) == 0;
}

/* On the disk before it takes the name: the old one is good until then. */
static bool replace(StateVisitor *visitor, const char *fresh)
{
    const uint64_t hash = XXH3_64bits_digest(visitor->digest);
    FILE *file = visitor->file;
    visitor->file = NULL;
    bool good = visitor->good && fwrite(&hash, sizeof hash, 1, file) == 1 &&
                fflush(file) == 0 && fsync(fileno(file)) == 0;
    good = file != NULL && fclose(file) == 0 && good;
    good = good && rename(fresh, visitor->path) == 0;
    if (!good) {
        unlink(fresh);
    }
    return good && file_sync_folder(visitor->path);
}

/* ---- the team ---------------------------------------------------------------------------- */

/* What rank 0 says. */
static void agree(StateVisitor *visitor)
{
    MPI_Bcast(&visitor->good, 1, MPI_C_BOOL, 0, visitor->team);
}

StateVisitor checkpoint_measure(MPI_Comm team)
{
    return visitor_of(team, VISIT_SIZE);
}

StateVisitor checkpoint_write(MPI_Comm team, const char *path)
{
    StateVisitor visitor = visitor_of(team, VISIT_SAVE);
    if (visitor.rank == 0) {
        visitor.path = checked_format("%s", path);
        char *fresh = checked_format("%s.new", path);
        visitor.file = fopen(fresh, "wb");
        free(fresh);
        visitor.good = visitor.file != NULL;
        visitor.digest = XXH3_createState();
        XXH3_64bits_reset(visitor.digest);
        put(&visitor, magic, sizeof magic);
    }
    return visitor;
}

static void release(StateVisitor *visitor)
{
    if (visitor->file != NULL) {
        fclose(visitor->file);
    }
    if (visitor->digest != NULL) {
        XXH3_freeState(visitor->digest);
    }
    free(visitor->path);
    visitor->file = NULL;
    visitor->digest = NULL;
    visitor->path = NULL;
}

bool checkpoint_commit(StateVisitor *visitor)
{
    if (visitor->rank == 0) {
        char *fresh = checked_format("%s.new", visitor->path);
        visitor->good = replace(visitor, fresh);
        free(fresh);
    }
    agree(visitor);
    release(visitor);
    return visitor->good;
}

StateVisitor checkpoint_read(MPI_Comm team, const char *path)
{
    StateVisitor visitor = visitor_of(team, VISIT_LOAD);
    if (visitor.rank == 0) {
        visitor.path = checked_format("%s", path);
        visitor.file = fopen(path, "rb");
        if (visitor.file == NULL) {
            fail(&visitor, errno == ENOENT ? NULL : "not readable");
        } else if (!whole(visitor.file)) {
            fail(&visitor, damaged);
        }
    }
    agree(&visitor);
    return visitor;
}

bool checkpoint_close(StateVisitor *visitor)
{
    if (visitor->rank == 0 && visitor->mode == VISIT_LOAD) {
        uint64_t hash;
        get(visitor, &hash, sizeof hash);
        if (visitor->good && fgetc(visitor->file) != EOF) {
            fail(visitor, of_another);
        }
        if (visitor->why != NULL) {
            fprintf(stderr, "phasesweep: checkpoint %s is %s: not used\n", visitor->path,
                    visitor->why);
        }
    }
    agree(visitor);
    release(visitor);
    return visitor->good;
}

bool visit_loading(const StateVisitor *visitor)
{
    return visitor->mode == VISIT_LOAD && visitor->good;
}

/* ---- items ------------------------------------------------------------------------------- */

/* Rank 0 knows how long the item is.  True if its bytes are to be moved now. */
static bool begin_item(StateVisitor *visitor, uint64_t bytes)
{
    visitor->bytes += bytes + sizeof bytes;
    if (visitor->mode == VISIT_SIZE || (visitor->mode == VISIT_LOAD && !visitor->good)) {
        return false;
    }
    if (visitor->rank == 0) {
        uint64_t length = bytes;
        move(visitor, &length, sizeof length);
        if (visitor->good && length != bytes) {
            fail(visitor, of_another);
        }
    }
    if (visitor->mode == VISIT_LOAD) {
        agree(visitor);
    }
    return visitor->mode == VISIT_SAVE || visitor->good;
}

void visit_root(StateVisitor *visitor, void *item, size_t bytes)
{
    if (begin_item(visitor, bytes) && visitor->rank == 0) {
        move(visitor, item, bytes);
    }
}

void visit_common(StateVisitor *visitor, void *item, size_t bytes)
{
    visit_root(visitor, item, bytes);
    if (visitor->mode == VISIT_LOAD) {
        agree(visitor); /* rank 0 alone knows whether it could be read */
    }
    for (size_t at = 0; visit_loading(visitor) && at < bytes; at += CHUNK) {
        MPI_Bcast((char *)item + at, (int)smaller(bytes - at, CHUNK), MPI_BYTE, 0,
                  visitor->team);
    }
}

void visit_match(StateVisitor *visitor, const void *item, size_t bytes)
{
    void *other = checked_alloc(bytes, 1);
    memcpy(other, item, bytes);
    visit_root(visitor, other, bytes);
    if (visitor->mode == VISIT_LOAD) {
        if (visitor->rank == 0 && visitor->good && memcmp(other, item, bytes) != 0) {
            fail(visitor, of_another);
        }
        agree(visitor);
    }
    free(other);
}

/* Between rank 0, which has the file, and the share of another. */
static void move_share(StateVisitor *visitor, int rank, char *share, uint64_t bytes)
{
    const bool save = visitor->mode == VISIT_SAVE;
    char *buffer = visitor->rank == 0 ? checked_alloc(smaller(bytes, CHUNK), 1) : NULL;
    for (uint64_t at = 0; at < bytes; at += CHUNK) {
        const int count = (int)smaller(bytes - at, CHUNK);
        if (visitor->rank == 0 && save) {
            MPI_Recv(buffer, count, MPI_BYTE, rank, 0, visitor->team, MPI_STATUS_IGNORE);
            put(visitor, buffer, (size_t)count);
        } else if (visitor->rank == 0) {
            get(visitor, buffer, (size_t)count);
            MPI_Send(buffer, count, MPI_BYTE, rank, 0, visitor->team);
        } else if (save) {
            MPI_Send(share + at, count, MPI_BYTE, 0, 0, visitor->team);
        } else {
            MPI_Recv(share + at, count, MPI_BYTE, 0, 0, visitor->team, MPI_STATUS_IGNORE);
        }
    }
    free(buffer);
}

void visit_shares(StateVisitor *visitor, void *share, size_t bytes)
{
    const uint64_t mine = bytes;
    uint64_t *all = checked_alloc((size_t)visitor->ranks, sizeof *all);
    MPI_Gather(&mine, 1, MPI_UINT64_T, all, 1, MPI_UINT64_T, 0, visitor->team);
    uint64_t sum = 0;
    for (int rank = 0; rank < visitor->ranks; rank++) {
        sum += all[rank];
    }
    if (begin_item(visitor, sum)) {
        if (visitor->rank == 0) {
            move(visitor, share, bytes);
            for (int rank = 1; rank < visitor->ranks; rank++) {
                move_share(visitor, rank, NULL, all[rank]);
            }
        } else {
            move_share(visitor, visitor->rank, share, mine);
        }
    }
    free(all);
}
