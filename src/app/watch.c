/* The archive is opened anew for every picture: HDF5 keeps what it has read, and what others
 * write meanwhile would not be seen.
 *
 * The rate is that of the run that goes on, from its begin; the ETA is its own (duration.h), as
 * `status` has it.
 */
#include "watch.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/archive/lock.h"
#include "phasesweep/base/duration.h"
#include "phasesweep/base/wall_clock.h"
#include "phasesweep/study/refined.h"

/* Lines stay below 80 columns with counts of nine digits. */
enum { NAME = 14, MAP = 40, BAR = 24 };

/* Rows of a terminal that does not say. */
enum { ROWS = 24 };

static const double watch_every = 1.0; /* seconds */

/* Points of one part of a sweep. */
typedef struct Part {
    size_t points, done, failed, running;
} Part;

static void add(Part *sum, const Part *part)
{
    sum->points += part->points;
    sum->done += part->done;
    sum->failed += part->failed;
    sum->running += part->running;
}

/* A sweep cut into cells of as many points, but for one. */
typedef struct Map {
    size_t points, cells;
    Part cell[MAP]; /* [cells] */
} Map;

static void add_point(void *context, size_t point, int8_t outcome)
{
    Map *map = context;
    const double share = (double)point / (double)map->points;
    const bool done = outcome_has_row((Outcome)outcome);
    if (outcome == OUTCOME_NOT_ASKED) {
        return;
    }
    const Part one = {.points = 1,
                      .done = done,
                      .failed = done && !outcome_is_good((Outcome)outcome),
                      .running = outcome == OUTCOME_RUNNING};
    add(&map->cell[(size_t)(share * (double)map->cells)], &one);
}

static char letter(const Part *part)
{
    return part->points == 0            ? ' '
           : part->failed > 0           ? 'x'
           : part->done == part->points ? '#'
           : part->running > 0          ? 'o'
           : part->done > 0             ? '+'
                                        : '.';
}

/* Removes what an older picture left there. */
static const char *line_end(void)
{
    return isatty(STDOUT_FILENO) ? "\033[K" : "";
}

/* The sums, and the letters [MAP + 1] of the map. */
static Part count_sweep(ArchiveReader *reader, size_t s, const Sweep *sweep, char line[])
{
    const size_t points = sweep_points(sweep);
    Map map = {.points = points, .cells = points < MAP ? points : MAP};
    archive_visit_outcomes(reader, s, sweep, add_point, &map);
    memset(line, 0, MAP + 1);
    Part sum = {0};
    for (size_t k = 0; k < map.cells; k++) {
        line[k] = letter(&map.cell[k]);
        add(&sum, &map.cell[k]);
    }
    /* which points refinement asks for shows as it goes on; what it leaves out, at its end */
    const size_t most = sweep_points_most(sweep);
    if (sum.done < sum.points && most < sum.points) {
        sum.points = most > sum.done ? most : sum.done + 1;
    }
    return sum;
}

/* Lines for sweeps; where there are more sweeps, the complete ones have none. */
static size_t room_for_sweeps(void)
{
    struct winsize window = {.ws_row = 0};
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0;
    const size_t rows = known ? window.ws_row : ROWS;
    return !isatty(STDOUT_FILENO) ? SIZE_MAX : rows > 4 ? rows - 3 : 1;
}

/* A line a sweep, *lines of them; the sums of all. */
static Part show_sweeps(ArchiveReader *reader, const Job *job, size_t *lines)
{
    const size_t room = room_for_sweeps();
    Part all = {0};
    *lines = 0;
    for (size_t s = 0; s < job->sweep_count; s++) {
        char map[MAP + 1];
        const Part sum = count_sweep(reader, s, &job->sweeps[s], map);
        if (job->sweep_count <= room || (sum.done < sum.points && *lines < room)) {
            printf("%-*.*s %s %zu/%zu%s\n", NAME, NAME, job->sweeps[s].name, map, sum.done,
                   sum.points, line_end());
            (*lines)++;
        }
        add(&all, &sum);
    }
    return all;
}

static void show_bar(const Part *all)
{
    const size_t filled = all->points > 0 ? BAR * all->done / all->points : 0;
    printf("[");
    for (size_t k = 0; k < BAR; k++) {
        putchar(k < filled ? '#' : '.');
    }
    printf("] %zu of %zu points, %zu running, %zu failed", all->done, all->points, all->running,
           all->failed);
}

/* Of the run that goes on. */
static void show_rate(ArchiveReader *reader, const Part *all)
{
    RunEntry *runs = checked_alloc(ARCHIVE_RUNS, sizeof *runs);
    const size_t count = archive_read_runs(reader, "", runs, ARCHIVE_RUNS);
    /* its entry may not be there yet: an older one has an end */
    if (count > 0 && runs[count - 1].end == 0.0) {
        const RunEntry *run = &runs[count - 1];
        const double passed = wall_clock() - run->start;
        printf("%s", duration_text(passed).text);
        const double points = archive_run_points(runs, count, all->done);
        const double left = archive_run_left(run, wall_clock());
        if (points > 0.0 && passed > 0.0) {
            printf(", %.0f points/min", 60.0 * points / passed);
        }
        if (isfinite(left)) {
            printf(", ETA %s", duration_text(left).text);
        }
    }
    free(runs);
}

/* Returns the number of lines. */
static int show(const char *path, bool going_on)
{
    Job job;
    char *text = archive_read_job(path);
    if (text == NULL) {
        die(STATUS_WRONG_INPUT, "%s: no such archive", path);
    }
    char *errors = job_parse(path, text, strlen(text), &job);
    if (errors != NULL) {
        die(STATUS_WRONG_INPUT, "%s: the job inside cannot be read", path);
    }
    free(text);
    ArchiveReader *reader = archive_reader(path, &job);
    size_t lines;
    const Part all = show_sweeps(reader, &job, &lines);
    show_bar(&all);
    printf("%s\n", line_end());
    if (going_on) {
        show_rate(reader, &all);
    } else if (all.done == all.points) {
        printf("complete");
    } else {
        printf("nobody computes it: `phasesweep resume %s` goes on", path);
    }
    printf("%s\n", isatty(STDOUT_FILENO) ? "\033[J" : "");
    archive_reader_close(reader);
    job_free(&job);
    return (int)lines + 2;
}

ExitStatus watch_archive(const char *path)
{
    assert(path != NULL);
    const bool terminal = isatty(STDOUT_FILENO);
    archive_probe(path);
    bool going_on = lock_is_held(path);
    int lines = show(path, going_on);
    while (terminal && going_on) {
        fflush(stdout);
        const struct timespec pause = {.tv_sec = (time_t)watch_every};
        nanosleep(&pause, NULL);
        /* asked before the counts are read: what is written last is seen */
        going_on = lock_is_held(path);
        printf("\033[%dA", lines);
        lines = show(path, going_on);
    }
    return STATUS_DONE;
}
