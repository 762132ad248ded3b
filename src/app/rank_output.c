/* The launcher starts every rank with the same arguments and the same two streams.  Until MPI
 * runs all ranks find the same mistakes, and only the first may speak of them.
 *
 * The rank is read from the launcher's environment, because MPI does not run yet; without
 * one of the variables the process is alone.
 */
#include "rank_output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "phasesweep/base/check.h"

/* The standard error of a silent rank, else -1.  Static because a function of atexit takes no
 * argument. */
static int kept_voice = -1;

/* NULL without a launcher. */
static const char *rank_of_launcher(void)
{
    /* before MPI_Init the launcher's environment alone knows: PMIx of mpirun and srun, or
     * PMI */
    static const char *const variables[] = {"PMIX_RANK", "PMI_RANK"};
    for (size_t k = 0; k < sizeof variables / sizeof *variables; k++) {
        const char *rank = getenv(variables[k]);
        if (rank != NULL) {
            return rank;
        }
    }
    return NULL;
}

bool rank_output_is_first_rank(void)
{
    const char *rank = rank_of_launcher();
    return rank == NULL || strcmp(rank, "0") == 0;
}

bool rank_output_is_terminal(void)
{
    return rank_of_launcher() == NULL && isatty(STDOUT_FILENO);
}

void rank_output_hush(void)
{
    assert(kept_voice == -1);
    const int nowhere = rank_output_is_first_rank() ? -1 : open("/dev/null", O_WRONLY);
    if (nowhere >= 0) {
        kept_voice = dup(STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        close(nowhere);
    }
}

void rank_output_raise(void)
{
    /* standard output stays silent: all ranks know a result, one prints it */
    if (kept_voice >= 0) {
        dup2(kept_voice, STDERR_FILENO);
        close(kept_voice);
        kept_voice = -1;
    }
}

void rank_output_check_output(void)
{
    if (kept_voice >= 0) {
        /* mpirun kills all at the first bad status: let rank 0 say what is wrong and give it */
        _exit(STATUS_DONE);
    }
    const bool lost = ferror(stdout) != 0;
    errno = 0;
    /* a full disk may show at fclose only; EBADF: the caller gave no standard output at all */
    if (fflush(stdout) != 0 || lost || (fclose(stdout) != 0 && errno != EBADF)) {
        fprintf(stderr, "phasesweep: standard output: %s\n",
                errno != 0 ? strerror(errno) : "was not written completely");
        _exit(STATUS_ENVIRONMENT);
    }
}
