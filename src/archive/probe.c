/* HDF5 trusts the structure of a file: 1.10.8 reads, frees or divides where a few changed bytes
 * tell it to (one in twenty random changes of structure ends in a signal).  So a child goes
 * first, and does with the file all that its parent is about to do.
 *
 * Rows of contiguous sets are moved by our own arithmetic on checked shapes; those of chunks
 * lie behind an index, which the child walks through.
 */
#include <assert.h>
#include <signal.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"
#include "open_job.h"

/* An index of chunks may be damaged anywhere. */
static void read_all(ArchiveReader *reader, const Job *job)
{
    Rows *rows = checked_alloc(1, sizeof *rows);
    for (size_t s = 0; s < job->sweep_count; s++) {
        const Sweep *sweep = &job->sweeps[s];
        for (size_t first = 0, count; first < sweep_points(sweep); first += count) {
            count = sweep_block(sweep, first);
            archive_read_rows(reader, s, first, count, rows);
        }
    }
    free(rows);
}

/* In the child, which ends in any way it likes: its parent meets what is wrong again, aloud. */
static void look(const char *path)
{
    Job job;
    /* a structure may lead in circles */
    alarm(50);
    char *text = archive_read_job(path);
    if (text == NULL || job_parse(path, text, strlen(text), &job) != NULL) {
        return;
    }
    ArchiveReader *reader = archive_reader(path, &job);
    archive_structure_sound(reader);
    RunEntry *entries = checked_alloc(ARCHIVE_RUNS, sizeof *entries);
    archive_read_runs(reader, "", entries, ARCHIVE_RUNS);
    alarm(0);
    if (!archive_is_raw(reader)) {
        read_all(reader, &job);
    }
    archive_reader_close(reader);
}

static void limit(int resource, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && now.rlim_cur > most) {
        now.rlim_cur = most;
        setrlimit(resource, &now);
    }
}

/* What die and atexit do is the parent's. */
static _Noreturn void be_child(const char *path)
{
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    limit(RLIMIT_CORE, 0);
    check_set_cleanup(NULL, NULL);
    check_set_stop(_exit);
    look(path);
    _exit(0);
}

/* Wait for a child; dies if a signal ended it that nobody sent. */
static int status_of(pid_t child, const char *what)
{
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        die(STATUS_ENVIRONMENT, "no process to read %s in", what);
    }
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number == SIGALRM) {
        die(STATUS_ENVIRONMENT, "%s: could not be read in time", what);
    }
    if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
        number == SIGABRT) {
        die(STATUS_WRONG_INPUT, "%s: is damaged, HDF5 crashes on it (%s)", what,
            strsignal(number));
    }
    if (number == SIGPIPE) { /* `| head`: what reads has enough */
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    if (number != 0) {
        die(STATUS_ENVIRONMENT, "%s: the process that read it was ended (%s)", what,
            strsignal(number));
    }
    return WEXITSTATUS(status);
}

void archive_probe(const char *path)
{
    assert(path != NULL);
    const pid_t child = fork();
    if (child == 0) {
        be_child(path);
    }
    status_of(child, path);
}

static rlim_t file_bytes(const char *path)
{
    struct stat status;
    return path != NULL && stat(path, &status) == 0 ? (rlim_t)status.st_size : 0;
}

ExitStatus archive_apart(const char *path_a, const char *path_b,
                         ExitStatus (*body)(void *context), void *context)
{
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        limit(RLIMIT_CORE, 0);
        limit(RLIMIT_DATA, ((rlim_t)4 << 30) + 4 * (file_bytes(path_a) + file_bytes(path_b)));
        exit(body(context));
    }
    char *what = path_b == NULL ? checked_format("%s", path_a)
                                : checked_format("%s or %s", path_a, path_b);
    const int status = status_of(child, what);
    free(what);
    return (ExitStatus)status;
}
