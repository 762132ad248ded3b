/* The job inside an archive is parsed by the same code as a job file, so that every command
 * agrees on what its points are.  It was checked when the archive was made: an error in it now
 * is damage, or a key that a newer program wrote.
 *
 * The reader's buffer of one chain is allocated once for the whole command.
 *
 * status, verify and diff begin here.
 */
#include "open_job.h"

#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"

Opened open_job_archive(const char *path)
{
    Opened opened = {.path = path};
    char *text = archive_read_job(path);
    if (text == NULL) {
        die(STATUS_WRONG_INPUT, "%s: no such archive", path);
    }
    /* on the heap: the reader keeps pointers into it while Opened is handed around by value */
    opened.job = checked_alloc(1, sizeof *opened.job);
    char *errors = job_parse(path, text, strlen(text), opened.job);
    if (errors != NULL) {
        die(STATUS_WRONG_INPUT, "%s: the job inside cannot be read", path);
    }
    free(text);
    opened.reader = archive_reader(path, opened.job);
    opened.rows = checked_alloc(1, sizeof *opened.rows);
    return opened;
}

void open_job_close(Opened *opened)
{
    archive_reader_close(opened->reader);
    free(opened->rows);
    job_free(opened->job);
    free(opened->job);
    *opened = (Opened){0};
}
