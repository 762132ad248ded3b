#include "checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/files.h"
#include "phasesweep/training/path.h"

/* Bytes of a message, or of one look at the file. */
enum { CHUNK = 1 << 24 };

static const char magic[16] = "phasesweep  ckp6";

static const char of_another[] = "of another training";
static const char damaged[] = "damaged";

/* What follows the magic word; known when all items are. */
typedef struct Header {
    uint64_t head;   /* bytes from the beginning of the file to the end of the hash */
    uint64_t pieces; /* of the table before the hash */
    double spent;    /* seconds of one rank behind the state */
} Header;

/* A rank's share of an item. */
typedef struct Piece {
    uint64_t bytes, hash;
} Piece;

/* A share that waits for the end of the head. */
typedef struct Waiting {
    const void *share;
    uint64_t bytes, at; /* from the end of the head */
} Waiting;

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static StateVisitor visitor_of(MPI_Comm team, VisitMode mode)
{
    StateVisitor visitor = {.team = team, .mode = mode, .good = true, .own = -1};
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

static void fail(StateVisitor *visitor, const char *why)
{
    visitor->good = false;
    visitor->why = visitor->why != NULL ? visitor->why : why;
}

/* What rank 0 says. */
static void agree(StateVisitor *visitor)
{
    MPI_Bcast(&visitor->good, 1, MPI_C_BOOL, 0, visitor->team);
}

/* What all say; rank 0 knows why. */
static void agree_all(StateVisitor *visitor, const char *why)
{
    bool all;
    MPI_Allreduce(&visitor->good, &all, 1, MPI_C_BOOL, MPI_LAND, visitor->team);
    if (!all) {
        fail(visitor, why);
    }
}

/* ---- the head, on rank 0 ----------------------------------------------------------------- */

static void put(StateVisitor *visitor, const void *bytes, size_t count)
{
    if (visitor->good && count > 0) {
        visitor->good = fwrite(bytes, count, 1, visitor->file) == 1;
        XXH3_64bits_update(visitor->digest, bytes, count);
        visitor->head += count;
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

/* The hash of `left` bytes from where the file is, and of what the header says. */
static bool digest_of(FILE *file, uint64_t left, const Header *header, uint64_t *hash)
{
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
    XXH3_64bits_update(digest, header, sizeof *header);
    *hash = XXH3_64bits_digest(digest);
    free(buffer);
    XXH3_freeState(digest);
    return good;
}

/* Is it ours, and does the hash at the end of the head stand for what is before it?  Leaves the
 * table of pieces in the visitor and the file at its first item. */
static bool whole(StateVisitor *visitor)
{
    enum { FRONT = sizeof magic + sizeof(Header) };
    FILE *file = visitor->file;
    struct stat status;
    char word[sizeof magic];
    Header header;
    uint64_t hash;
    uint64_t wanted;
    if (fstat(fileno(file), &status) != 0 || fread(word, sizeof word, 1, file) != 1 ||
        memcmp(word, magic, sizeof word) != 0 || fread(&header, sizeof header, 1, file) != 1 ||
        header.head < FRONT + sizeof hash || header.head > (uint64_t)status.st_size ||
        header.pieces > (header.head - FRONT - sizeof hash) / sizeof(Piece) ||
        !digest_of(file, header.head - FRONT - sizeof hash, &header, &hash) ||
        fread(&wanted, sizeof wanted, 1, file) != 1 || wanted != hash) {
        return false;
    }
    Piece *table = checked_alloc((size_t)header.pieces, sizeof *table);
    const size_t bytes = (size_t)header.pieces * sizeof *table;
    bool good = fseek(file, -(long)(bytes + sizeof hash), SEEK_CUR) == 0 &&
                (bytes == 0 || fread(table, bytes, 1, file) == 1);
    uint64_t sum = header.head;
    for (uint64_t k = 0; k < header.pieces; k++) {
        sum += table[k].bytes;
    }
    visitor->spent = header.spent;
    visitor->head = header.head;
    visitor->pieces = table;
    visitor->piece_count = (size_t)header.pieces;
    visitor->table = header.head - sizeof hash - bytes;
    return good && sum == (uint64_t)status.st_size && fseek(file, (long)FRONT, SEEK_SET) == 0;
}

double path_spent(const char *checkpoint)
{
    FILE *file = fopen(checkpoint, "rb");
    char word[sizeof magic];
    Header header = {0};
    const bool good = file != NULL && fread(word, sizeof word, 1, file) == 1 &&
                      memcmp(word, magic, sizeof word) == 0 &&
                      fread(&header, sizeof header, 1, file) == 1;
    if (file != NULL) {
        fclose(file);
    }
    return good && header.spent > 0.0 && isfinite(header.spent) ? header.spent : 0.0;
}

/* Table, hash and header. */
static void end_head(StateVisitor *visitor)
{
    put(visitor, visitor->pieces, visitor->piece_count * sizeof(Piece));
    const Header header = {.head =
                               visitor->head + sizeof magic + sizeof header + sizeof(uint64_t),
                           .pieces = visitor->piece_count,
                           .spent = visitor->spent};
    XXH3_64bits_update(visitor->digest, &header, sizeof header);
    const uint64_t hash = XXH3_64bits_digest(visitor->digest);
    FILE *file = visitor->file;
    visitor->good = visitor->good && fwrite(&hash, sizeof hash, 1, file) == 1 &&
                    fseek(file, (long)sizeof magic, SEEK_SET) == 0 &&
                    fwrite(&header, sizeof header, 1, file) == 1 && fflush(file) == 0;
    visitor->head = header.head;
}

/* On the disk before it takes the name: the old one is good until then. */
static bool replace(StateVisitor *visitor, const char *fresh)
{
    FILE *file = visitor->file;
    visitor->file = NULL;
    bool good = visitor->good && fsync(fileno(file)) == 0;
    good = file != NULL && fclose(file) == 0 && good;
    good = good && rename(fresh, visitor->path) == 0;
    if (!good) {
        unlink(fresh);
    }
    return good && file_sync_folder(visitor->path);
}

/* ---- shares, on all ranks ---------------------------------------------------------------- */

static bool write_at(int file, const void *bytes, uint64_t count, uint64_t at)
{
    for (uint64_t done = 0; done < count;) {
        const ssize_t now = pwrite(file, (const char *)bytes + done,
                                   smaller(count - done, CHUNK), (off_t)(at + done));
        if (now <= 0 && errno != EINTR) {
            return false;
        }
        done += now > 0 ? (uint64_t)now : 0;
    }
    return true;
}

static bool read_at(int file, void *bytes, uint64_t count, uint64_t at)
{
    for (uint64_t done = 0; done < count;) {
        const ssize_t now =
            pread(file, (char *)bytes + done, smaller(count - done, CHUNK), (off_t)(at + done));
        if (now == 0 || (now < 0 && errno != EINTR)) {
            return false;
        }
        done += now > 0 ? (uint64_t)now : 0;
    }
    return true;
}

/* This rank's shares into the file that rank 0 has begun. */
static void write_shares(StateVisitor *visitor, const char *fresh)
{
    const Waiting *waiting = visitor->waiting;
    agree(visitor);
    MPI_Bcast(&visitor->head, 1, MPI_UINT64_T, 0, visitor->team);
    if (visitor->good && visitor->waiting_count > 0) {
        const int file = open(fresh, O_WRONLY | O_CLOEXEC);
        bool good = file >= 0;
        for (size_t k = 0; k < visitor->waiting_count && good; k++) {
            good = write_at(file, waiting[k].share, waiting[k].bytes,
                            visitor->head + waiting[k].at);
        }
        good = good && fsync(file) == 0;
        visitor->good = file >= 0 && close(file) == 0 && good;
    }
    agree_all(visitor, NULL);
}

/* The ranks part the pieces of the file among them, whoever wrote them. */
static bool pieces_are_whole(const StateVisitor *visitor)
{
    const Piece *pieces = visitor->pieces;
    uint64_t longest = 0;
    for (size_t k = 0; k < visitor->piece_count; k++) {
        longest = pieces[k].bytes > longest ? pieces[k].bytes : longest;
    }
    char *buffer = checked_alloc(smaller(longest, CHUNK), 1);
    uint64_t at = visitor->head;
    bool good = visitor->own >= 0;
    for (size_t k = 0; k < visitor->piece_count && good; at += pieces[k++].bytes) {
        if (k % (size_t)visitor->ranks != (size_t)visitor->rank) {
            continue;
        }
        XXH3_state_t *digest = XXH3_createState();
        XXH3_64bits_reset(digest);
        for (uint64_t done = 0; done < pieces[k].bytes && good; done += CHUNK) {
            const size_t count = smaller(pieces[k].bytes - done, CHUNK);
            good = read_at(visitor->own, buffer, count, at + done);
            XXH3_64bits_update(digest, buffer, count);
        }
        good = good && XXH3_64bits_digest(digest) == pieces[k].hash;
        XXH3_freeState(digest);
    }
    free(buffer);
    return good;
}

/* ---- the team ---------------------------------------------------------------------------- */

/* Rank 0's, for all. */
static char *share_path(const StateVisitor *visitor, const char *path)
{
    int length = visitor->rank == 0 ? (int)strlen(path) : 0;
    MPI_Bcast(&length, 1, MPI_INT, 0, visitor->team);
    char *own = checked_alloc((size_t)length + 1, 1);
    if (visitor->rank == 0) {
        memcpy(own, path, (size_t)length);
    }
    MPI_Bcast(own, length, MPI_CHAR, 0, visitor->team);
    return own;
}

StateVisitor checkpoint_measure(MPI_Comm team)
{
    return visitor_of(team, VISIT_SIZE);
}

StateVisitor checkpoint_write(MPI_Comm team, const char *path)
{
    StateVisitor visitor = visitor_of(team, VISIT_SAVE);
    visitor.path = share_path(&visitor, path);
    if (visitor.rank == 0) {
        const Header unknown = {0};
        char *fresh = checked_format("%s.new", path);
        visitor.file = fopen(fresh, "wb");
        free(fresh);
        visitor.good = visitor.file != NULL &&
                       fwrite(magic, sizeof magic, 1, visitor.file) == 1 &&
                       fwrite(&unknown, sizeof unknown, 1, visitor.file) == 1;
        visitor.digest = XXH3_createState();
        XXH3_64bits_reset(visitor.digest);
    }
    return visitor;
}

static void release(StateVisitor *visitor)
{
    if (visitor->file != NULL) {
        fclose(visitor->file);
    }
    if (visitor->own >= 0) {
        close(visitor->own);
    }
    if (visitor->digest != NULL) {
        XXH3_freeState(visitor->digest);
    }
    free(visitor->path);
    free(visitor->pieces);
    free(visitor->waiting);
    visitor->own = -1;
    visitor->file = NULL;
    visitor->digest = visitor->pieces = visitor->waiting = NULL;
    visitor->path = NULL;
}

bool checkpoint_commit(StateVisitor *visitor)
{
    char *fresh = checked_format("%s.new", visitor->path);
    if (visitor->rank == 0 && visitor->file != NULL) {
        end_head(visitor);
    }
    write_shares(visitor, fresh);
    if (visitor->rank == 0) {
        visitor->good = replace(visitor, fresh);
    }
    agree(visitor);
    free(fresh);
    release(visitor);
    return visitor->good;
}

StateVisitor checkpoint_read(MPI_Comm team, const char *path)
{
    StateVisitor visitor = visitor_of(team, VISIT_LOAD);
    visitor.path = share_path(&visitor, path);
    if (visitor.rank == 0) {
        visitor.file = fopen(path, "rb");
        if (visitor.file == NULL) {
            fail(&visitor, errno == ENOENT ? NULL : "not readable");
        } else if (!whole(&visitor)) {
            fail(&visitor, damaged);
        }
    }
    agree(&visitor);
    if (visitor.good) {
        uint64_t numbers[2] = {visitor.head, visitor.piece_count};
        MPI_Bcast(numbers, 2, MPI_UINT64_T, 0, team);
        visitor.head = numbers[0];
        visitor.piece_count = (size_t)numbers[1];
        if (visitor.rank != 0) {
            visitor.pieces = checked_alloc(visitor.piece_count, sizeof(Piece));
        }
        MPI_Bcast(visitor.pieces, (int)(visitor.piece_count * sizeof(Piece)), MPI_BYTE, 0,
                  team);
        visitor.own = open(visitor.path, O_RDONLY | O_CLOEXEC);
        visitor.good = pieces_are_whole(&visitor);
        agree_all(&visitor, damaged);
    }
    return visitor;
}

/* Of all shares in the file. */
static uint64_t bytes_of_shares(const StateVisitor *visitor)
{
    const Piece *pieces = visitor->pieces;
    uint64_t sum = 0;
    for (size_t k = 0; k < visitor->piece_count; k++) {
        sum += pieces[k].bytes;
    }
    return sum;
}

bool checkpoint_close(StateVisitor *visitor)
{
    if (visitor->rank == 0 && visitor->mode == VISIT_LOAD) {
        if (visitor->good && (ftell(visitor->file) != (long)visitor->table ||
                              visitor->region != bytes_of_shares(visitor))) {
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

/* Where this rank's share lies in the item, and the bytes of all. */
static uint64_t place_share(const StateVisitor *visitor, uint64_t bytes, uint64_t *sum)
{
    uint64_t before = 0;
    MPI_Exscan(&bytes, &before, 1, MPI_UINT64_T, MPI_SUM, visitor->team);
    MPI_Allreduce(&bytes, sum, 1, MPI_UINT64_T, MPI_SUM, visitor->team);
    return visitor->rank == 0 ? 0 : before;
}

/* The shares of an item: where they will be, and in the table on rank 0 what they are. */
static void wait_share(StateVisitor *visitor, const void *share, uint64_t bytes, uint64_t at)
{
    const Piece mine = {.bytes = bytes, .hash = XXH3_64bits(share, bytes)};
    Waiting *waiting =
        checked_realloc(visitor->waiting, visitor->waiting_count + 1, sizeof *waiting);
    waiting[visitor->waiting_count++] = (Waiting){share, bytes, at};
    visitor->waiting = waiting;
    if (visitor->rank == 0) {
        visitor->pieces = checked_realloc(
            visitor->pieces, visitor->piece_count + (size_t)visitor->ranks, sizeof mine);
    }
    MPI_Gather(&mine, sizeof mine, MPI_BYTE,
               visitor->rank == 0 ? (Piece *)visitor->pieces + visitor->piece_count : NULL,
               sizeof mine, MPI_BYTE, 0, visitor->team);
    visitor->piece_count += (size_t)visitor->ranks;
}

void visit_shares(StateVisitor *visitor, void *share, size_t bytes)
{
    uint64_t sum;
    const uint64_t at = visitor->region + place_share(visitor, bytes, &sum);
    if (begin_item(visitor, sum)) {
        if (visitor->mode == VISIT_SAVE) {
            wait_share(visitor, share, bytes, at);
        } else {
            visitor->good = read_at(visitor->own, share, bytes, visitor->head + at);
            agree_all(visitor, damaged);
        }
    }
    visitor->region += sum;
}

void visit_dealt_otherwise(StateVisitor *visitor, uint64_t bytes)
{
    assert(visitor->mode == VISIT_LOAD);
    begin_item(visitor, bytes);
    visitor->item = visitor->region;
    visitor->region += bytes;
}

void visit_fetch(StateVisitor *visitor, uint64_t at, void *to, size_t bytes)
{
    visitor->good =
        visitor->good && read_at(visitor->own, to, bytes, visitor->head + visitor->item + at);
}

void visit_fetched(StateVisitor *visitor)
{
    agree_all(visitor, damaged);
}

void visit_eigen(StateVisitor *visitor, Eigen *eigen)
{
    visit_common(visitor, &eigen->method, sizeof eigen->method);
    visit_common(visitor, eigen->tried, sizeof eigen->tried);
    visit_common(visitor, eigen->seconds, sizeof eigen->seconds);
}
