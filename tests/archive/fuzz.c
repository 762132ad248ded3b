/* Mutated archives: fuzz COUNT SEED ARCHIVE...
 *
 * Each of COUNT times some bytes of one of the archives are changed, or it is cut, and a child
 * runs status, verify and diff on it.  Wrong is: a signal (a failed assertion among them), more
 * than 60 s, an exit status beyond 0, 1, 2, 4, and a row that verify takes for sound and that
 * is not the row of the original.  The mutation is a function of SEED and its number alone;
 * what went wrong stays as mutant-SEED-NUMBER.h5 in the working folder. */
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/report.h"
#include "phasesweep/base/check.h"
#include "open_job.h"

enum { BLOCK = 256, WRONG_ACCEPT = 77 };

typedef struct Sample {
    const char *path;
    unsigned char *bytes; /* [size] */
    size_t size;
    size_t *blocks; /* places of the blocks that are no fill */
    size_t block_count;
} Sample;

/* SplitMix64. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t bound)
{
    return (size_t)(next(state) % bound);
}

/* The table of runs is most of a small file, and empty: blocks of one repeated word are left
 * aside. */
static bool is_fill(const unsigned char *block)
{
    return memcmp(block, block + 8, BLOCK - 8) == 0;
}

static Sample read_sample(const char *path)
{
    Sample sample = {.path = path};
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        die(STATUS_WRONG_INPUT, "%s: cannot be read", path);
    }
    sample.size = (size_t)ftell(file);
    sample.bytes = checked_alloc(sample.size, 1);
    rewind(file);
    if (fread(sample.bytes, 1, sample.size, file) != sample.size) {
        die(STATUS_WRONG_INPUT, "%s: cannot be read", path);
    }
    fclose(file);
    sample.blocks = checked_alloc(sample.size / BLOCK, sizeof *sample.blocks);
    for (size_t at = 0; at + BLOCK <= sample.size; at += BLOCK) {
        if (!is_fill(sample.bytes + at)) {
            sample.blocks[sample.block_count++] = at;
        }
    }
    return sample;
}

static size_t choose_place(uint64_t *state, const Sample *sample)
{
    const size_t block = sample->blocks[below(state, sample->block_count)];
    return below(state, 10) == 0 ? below(state, sample->size) : block + below(state, BLOCK);
}

/* One change within size bytes. */
static void change(uint64_t *state, const Sample *sample, unsigned char *bytes)
{
    static const uint64_t words[] = {
        0,          1,         2,          255,       65535,
        UINT32_MAX, INT32_MAX, UINT64_MAX, INT64_MAX, UINT64_C(1) << 62,
        1024,       1025};
    const size_t at = choose_place(state, sample);
    const size_t room = sample->size - at;
    uint64_t word = words[below(state, sizeof words / sizeof *words)];
    const size_t widths[] = {1, 2, 4, 8};
    size_t width = widths[below(state, 4)];
    width = width < room ? width : room;
    switch (below(state, 4)) {
    case 0:
        bytes[at] ^= (unsigned char)(1u << below(state, 8));
        break;
    case 1:
        memcpy(bytes + at, &word, width);
        break;
    case 2:
        word = next(state);
        memcpy(bytes + at, &word, width);
        break;
    default: {
        const size_t from = choose_place(state, sample);
        size_t length = 1 + below(state, 64);
        length = length < room ? length : room;
        length = from + length <= sample->size ? length : sample->size - from;
        memmove(bytes + at, bytes + from, length);
    }
    }
}

/* Returns the size; bytes has room for that of the sample. */
static size_t mutate(uint64_t seed, const Sample *sample, unsigned char *bytes)
{
    uint64_t state = seed;
    memcpy(bytes, sample->bytes, sample->size);
    const size_t changes = 1 + below(&state, 4);
    for (size_t k = 0; k < changes; k++) {
        change(&state, sample, bytes);
    }
    return below(&state, 20) == 0 ? below(&state, sample->size) : sample->size;
}

static void write_all(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        die(STATUS_ENVIRONMENT, "%s: cannot be written", path);
    }
}

static bool is_same_row(const Rows *a, const Rows *b, size_t i)
{
    bool same = a->records[i].outcome == b->records[i].outcome;
    for (int field = 0; field < FIELD_COUNT; field++) {
        const double x = a->records[i].value[field];
        const double y = b->records[i].value[field];
        same = same && (field == FIELD_SECONDS || x == y || (isnan(x) && isnan(y)));
    }
    return same;
}

/* A structure that is not sound is said by verify: the job may be another. */
static bool has_wrong_row(const char *mutant, const char *original)
{
    Opened a = open_job_archive(mutant);
    if (!archive_structure_sound(a.reader)) {
        return false;
    }
    Opened b = open_job_archive(original);
    bool wrong = a.job->sweep_count != b.job->sweep_count;
    for (size_t s = 0; s < a.job->sweep_count && !wrong; s++) {
        const Sweep *sweep = &b.job->sweeps[s];
        wrong = sweep_chains(sweep) != sweep_chains(&a.job->sweeps[s]);
        for (size_t chain = 0; chain < sweep_chains(sweep) && !wrong; chain++) {
            size_t first;
            size_t count;
            sweep_chain(sweep, chain, &first, &count);
            archive_read_rows(a.reader, s, first, count, a.rows);
            archive_read_rows(b.reader, s, first, count, b.rows);
            for (size_t i = 0; i < count; i++) {
                wrong |= a.rows->sound[i] && !is_same_row(a.rows, b.rows, i);
            }
        }
    }
    return wrong;
}

/* In a child. */
static void look_at(const char *mutant, const char *original, bool odd)
{
    alarm(60);
    archive_silence();
    if (freopen("/dev/null", "w", stdout) == NULL ||
        freopen("/dev/null", "w", stderr) == NULL) {
        exit(STATUS_ENVIRONMENT);
    }
    /* verify first, and each in its own process: die ends it */
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        exit(odd ? report_status(mutant, true) : report_diff(mutant, original, 0.0));
    }
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        raise(WTERMSIG(status));
    }
    const ExitStatus verdict = report_verify(mutant);
    exit(has_wrong_row(mutant, original) ? WRONG_ACCEPT : (int)verdict);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        die(STATUS_WRONG_INPUT, "fuzz COUNT SEED ARCHIVE...");
    }
    const long count = atol(argv[1]);
    const uint64_t seed = strtoull(argv[2], NULL, 10);
    long ends[5] = {0};
    long wrong = 0;
    char *path = checked_format("fuzz-%ld.h5", (long)getpid());
    for (int k = 3; k < argc; k++) {
        const Sample sample = read_sample(argv[k]);
        unsigned char *bytes = checked_alloc(sample.size, 1);
        for (long number = k - 3; number < count; number += argc - 3) {
            uint64_t mixed = seed;
            mixed = next(&mixed) + (uint64_t)number;
            const size_t size = mutate(mixed, &sample, bytes);
            write_all(path, bytes, size);
            fflush(NULL);
            int status;
            const pid_t child = fork();
            if (child == 0) {
                look_at(path, sample.path, number / 3 % 2 == 1);
            }
            waitpid(child, &status, 0);
            const int end = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            if (end >= 0 && end <= 4 && end != 3) {
                ends[end]++;
                continue;
            }
            wrong++;
            char *kept = checked_format("mutant-%llu-%ld.h5", (unsigned long long)seed, number);
            write_all(kept, bytes, size);
            printf("%s: %s %d\n", kept, end < 0 ? "signal" : "exit",
                   end < 0 ? WTERMSIG(status) : end);
            free(kept);
        }
        free(sample.bytes);
        free(sample.blocks);
        free(bytes);
    }
    unlink(path);
    free(path);
    printf("%ld mutants: %ld sound, %ld with wrong rows, %ld refused, %ld environment, %ld "
           "wrong\n",
           count, ends[0], ends[1], ends[2], ends[4], wrong);
    return wrong > 0;
}
