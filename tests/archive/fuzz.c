/* Mutated archives: fuzz COUNT SEED ARCHIVE...
 *
 * Each of COUNT times some bytes of one of the archives are changed, or it is cut.  Wrong is: a
 * signal (a failed assertion among them), more than 60 s, an exit status beyond 0, 1, 2, 4, and
 * a row, or a job, that verify takes for sound and that is not that of the original.  The
 * mutation is a function of SEED and its number alone; what went wrong stays as
 * mutant-SEED-NUMBER.h5 in the working folder.
 *
 * One child opens mutant after mutant as the commands do, until one ends it: a refusal, or a
 * crash inside HDF5, against which the commands open a file in a child first.  A mutant that
 * crashes, and one of fifty of all, is given to status, verify and diff themselves. */
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/report.h"
#include "phasesweep/base/check.h"
#include "open_job.h"

enum { BLOCK = 256, WRONG_ACCEPT = 77, OVER = 78, OF_COMMANDS = 50 };

typedef struct Sample {
    const char *path;
    unsigned char *bytes; /* [size] */
    size_t size;
    size_t *blocks; /* places of the blocks that are no fill */
    size_t block_count;
    Opened opened; /* closed again but for its job */
    Rows *rows;    /* by chain, sweep after sweep; owned */
} Sample;

/* What parent and child share. */
typedef struct Tally {
    long at; /* number of the mutant in hand */
    long ends[5];
} Tally;

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

static size_t count_chains(const Job *job)
{
    size_t chains = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        chains += sweep_chains(&job->sweeps[s]);
    }
    return chains;
}

static void read_chain(const Opened *opened, size_t s, size_t chain, size_t *count, Rows *rows)
{
    size_t first;
    sweep_chain(&opened->job->sweeps[s], chain, &first, count);
    archive_read_rows(opened->reader, s, first, *count, rows);
}

static void read_rows(Sample *sample)
{
    sample->opened = open_job_archive(sample->path);
    const Job *job = sample->opened.job;
    Rows *rows = sample->rows = checked_alloc(count_chains(job), sizeof *rows);
    for (size_t s = 0; s < job->sweep_count; s++) {
        for (size_t chain = 0; chain < sweep_chains(&job->sweeps[s]); chain++) {
            size_t count;
            read_chain(&sample->opened, s, chain, &count, rows++);
        }
    }
    archive_reader_close(sample->opened.reader);
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
    read_rows(&sample);
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

/* What verify says of an archive, and WRONG_ACCEPT if that is too good. */
static int verdict_on(const Opened *mutant, const Sample *sample)
{
    int verdict = STATUS_DONE;
    const Rows *original = sample->rows;
    RunEntry entries[ARCHIVE_RUNS];
    archive_read_runs(mutant->reader, "", entries, ARCHIVE_RUNS);
    if (!archive_structure_sound(mutant->reader)) {
        return STATUS_POINTS_FAILED;
    }
    if (count_chains(mutant->job) != count_chains(sample->opened.job) ||
        mutant->job->sweep_count != sample->opened.job->sweep_count) {
        return WRONG_ACCEPT;
    }
    for (size_t s = 0; s < mutant->job->sweep_count; s++) {
        for (size_t chain = 0; chain < sweep_chains(&mutant->job->sweeps[s]); chain++) {
            size_t count;
            read_chain(mutant, s, chain, &count, mutant->rows);
            for (size_t i = 0; i < count; i++) {
                if (mutant->rows->sound[i] && !is_same_row(mutant->rows, original, i)) {
                    return WRONG_ACCEPT;
                }
                verdict = mutant->rows->sound[i] ? verdict : STATUS_POINTS_FAILED;
            }
            original++;
        }
    }
    return verdict;
}

static void be_quiet(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    archive_silence();
    if (freopen("/dev/null", "w", stdout) == NULL ||
        freopen("/dev/null", "w", stderr) == NULL) {
        exit(STATUS_ENVIRONMENT);
    }
}

static ExitStatus command(int which, const char *mutant, const char *original)
{
    return which == 0   ? report_verify(mutant)
           : which == 1 ? report_status(mutant, true)
                        : report_diff(mutant, original, 0.0);
}

/* The commands on one mutant, each in a process of its own: die ends it.  The status of verify,
 * or what ended another. */
static int end_of_commands(const char *mutant, const char *original, long number)
{
    int end = 0;
    for (int which = 0; which < 2; which++) {
        fflush(NULL);
        int status;
        const pid_t child = fork();
        if (child == 0) {
            alarm(60);
            be_quiet();
            exit(command(which == 0 ? 0 : 1 + (int)(number % 2), mutant, original));
        }
        waitpid(child, &status, 0);
        const int this = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
        end = which == 0 || this < 0 || this > 4 || this == 3 ? this : end;
    }
    return end;
}

static size_t make_mutant(uint64_t seed, long number, const Sample *sample,
                          unsigned char *bytes)
{
    uint64_t mixed = seed;
    mixed = next(&mixed) + (uint64_t)number;
    return mutate(mixed, sample, bytes);
}

/* The child: to the last mutant, or to the first that ends it or is for the commands. */
static void look_at_all(uint64_t seed, long count, int step, const Sample *sample,
                        const char *path, Tally *tally)
{
    unsigned char *bytes = checked_alloc(sample->size, 1);
    be_quiet();
    check_set_stop(_exit);
    for (; tally->at < count; tally->at += step) {
        write_all(path, bytes, make_mutant(seed, tally->at, sample, bytes));
        if (tally->at / step % OF_COMMANDS == 0) {
            raise(SIGKILL);
        }
        alarm(60);
        Opened mutant = open_job_archive(path);
        const int verdict = verdict_on(&mutant, sample);
        open_job_close(&mutant);
        if (verdict == WRONG_ACCEPT) {
            _exit(WRONG_ACCEPT);
        }
        tally->ends[verdict]++;
    }
    _exit(OVER);
}

/* How a child ended at a mutant; what a signal says is left to the commands. */
static int settle(int status, const char *path, const Sample *sample, long number)
{
    return WIFEXITED(status) ? WEXITSTATUS(status)
                             : end_of_commands(path, sample->path, number);
}

/* Mutants tally->at, + step, ... of one sample; returns how many went wrong. */
static long watch(uint64_t seed, long count, int step, const Sample *sample, Tally *tally)
{
    long wrong = 0;
    char *path = checked_format("fuzz-%ld.h5", (long)getpid());
    for (; tally->at < count; tally->at += step) {
        int status;
        fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            look_at_all(seed, count, step, sample, path, tally);
        }
        waitpid(child, &status, 0);
        const int end = settle(status, path, sample, tally->at);
        if (end == OVER) {
            break;
        }
        if (end >= 0 && end <= 4 && end != 3) {
            tally->ends[end]++;
            continue;
        }
        wrong++;
        unsigned char *bytes = checked_alloc(sample->size, 1);
        char *kept = checked_format("mutant-%llu-%ld.h5", (unsigned long long)seed, tally->at);
        write_all(kept, bytes, make_mutant(seed, tally->at, sample, bytes));
        printf("%s: %s %d\n", kept, end < 0 ? "signal" : "exit", abs(end));
        free(bytes);
        free(kept);
    }
    unlink(path);
    free(path);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        die(STATUS_WRONG_INPUT, "fuzz COUNT SEED ARCHIVE...");
    }
    const long count = atol(argv[1]);
    const uint64_t seed = strtoull(argv[2], NULL, 10);
    const int step = argc - 3;
    long wrong = 0;
    Tally *tally =
        mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED) {
        die(STATUS_ENVIRONMENT, "fuzz: no shared memory");
    }
    for (int k = 0; k < step; k++) {
        Sample sample = read_sample(argv[k + 3]);
        tally->at = k;
        wrong += watch(seed, count, step, &sample, tally);
        job_free(sample.opened.job);
        free(sample.opened.job);
        free(sample.opened.rows);
        free(sample.rows);
        free(sample.bytes);
        free(sample.blocks);
    }
    const long *ends = tally->ends;
    printf("%ld mutants: %ld sound, %ld with wrong rows, %ld refused, %ld environment, %ld "
           "wrong\n",
           count, ends[0], ends[1], ends[2], ends[4], wrong);
    return wrong > 0;
}
