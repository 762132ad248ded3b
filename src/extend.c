#include "phasesweep/extend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/archive.h"
#include "phasesweep/check.h"
#include "phasesweep/lines.h"

static bool is_finished(const Rows *rows, size_t count)
{
    bool finished = true;
    for (size_t i = 0; i < count; i++) {
        finished = finished && rows->sound[i];
    }
    return finished;
}

/* The spectra of two jobs may be stored with different lengths: NAN fills the rest. */
static double *refit(const Rows *rows, size_t count, size_t from, size_t to)
{
    double *spectra = rows->eigenvalues == NULL || to == 0
                          ? NULL
                          : checked_alloc(count * to, sizeof(double));
    for (size_t k = 0; spectra != NULL && k < count * to; k++) {
        const size_t i = k % to;
        spectra[k] = i < from ? rows->eigenvalues[k / to * from + i] : (double)__builtin_nan("");
    }
    return spectra;
}

typedef struct Copy {
    ArchiveReader *reader;
    Archive *archive;
    const Job *stored, *given;
    Rows *rows;
} Copy;

/* Read a line of the old archive; its length, or 0 if it is not finished. */
static size_t read_finished(const Copy *copy, const LineRef *line)
{
    size_t first;
    size_t count;
    sweep_line(&copy->stored->sweeps[line->sweep], line->line, &first, &count);
    archive_read_rows(copy->reader, line->sweep, first, count, copy->rows);
    return is_finished(copy->rows, count) ? count : 0;
}

static size_t copy_line(const Copy *copy, LineRef *from, uint32_t sweep, uint32_t line)
{
    const size_t count = read_finished(copy, from);
    if (count > 0) {
        const Sweep *new = &copy->given->sweeps[sweep];
        const size_t spectrum = archive_spectrum(&copy->stored->sweeps[from->sweep]);
        double *spectra = refit(copy->rows, count, spectrum, archive_spectrum(new));
        size_t first;
        size_t same;
        sweep_line(new, line, &first, &same);
        archive_store(copy->archive, sweep, first, same, copy->rows->records, spectra);
        from->used = true;
        free(spectra);
    }
    return count;
}

static size_t copy_shared(const Copy *copy, LineIndex *old)
{
    size_t points = 0;
    for (uint32_t s = 0; s < copy->given->sweep_count; s++) {
        const Sweep *sweep = &copy->given->sweeps[s];
        for (uint32_t line = 0; line < sweep_lines(sweep); line++) {
            LineRef *found = lines_lookup(old, sweep_line_id(sweep, line));
            points += found != NULL ? copy_line(copy, found, s, line) : 0;
        }
    }
    return points;
}

static bool any_left_behind(const Copy *copy, const LineIndex *old)
{
    bool left = false;
    for (size_t k = 0; k < old->count && !left; k++) {
        left = !old->lines[k].used && read_finished(copy, &old->lines[k]) > 0;
    }
    return left;
}

/* A free name PATH.1, PATH.2, ... that the old archive keeps. */
static void keep_old(const char *path)
{
    for (int k = 1; k < 1000; k++) {
        char *name = checked_format("%s.%d", path, k);
        const bool kept = link(path, name) == 0;
        const int error = errno;
        if (kept) {
            fprintf(stderr, "phasesweep: lines that the new job lacks stay in %s\n", name);
        }
        free(name);
        if (kept) {
            return;
        }
        if (error != EEXIST) {
            die(STATUS_ENVIRONMENT, "%s: the old archive cannot be kept: %s", path,
                strerror(error));
        }
    }
    die(STATUS_WRONG_INPUT, "%s: has 999 older versions; remove some", path);
}

void extend_archive(const char *path, const Job *stored, const Job *given, const char *text)
{
    char *next = checked_format("%s.extending", path);
    Rows *rows = checked_alloc(1, sizeof *rows);
    archive_create(next, given, text);
    const Copy copy = {.reader = archive_reader(path, stored),
                 .archive = archive_open(MPI_COMM_SELF, next, given),
                 .stored = stored, .given = given, .rows = rows};
    LineIndex old = lines_index(stored);
    const size_t points = copy_shared(&copy, &old);
    const bool left_behind = any_left_behind(&copy, &old);
    archive_close(copy.archive);
    archive_reader_close(copy.reader);
    if (left_behind) {
        keep_old(path);
    }
    if (rename(next, path) != 0) {
        die(STATUS_ENVIRONMENT, "%s: %s", path, strerror(errno));
    }
    fprintf(stderr, "phasesweep: %zu finished points taken over\n", points);
    lines_index_free(&old);
    free(rows);
    free(next);
}
