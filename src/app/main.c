/* The one place that knows the world communicator: everything below takes a communicator from
 * its caller, so that it can also run on a part of the ranks, or in a test.
 *
 * Leaving early is as much its business: a rank that dies ends all, and HDF5 keeps quiet so
 * that the one line of die is all that a user reads.
 */
#include <mpi.h>
#include <stdlib.h>

#include "phasesweep/app/cli.h"
#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"
#include "phasesweep/parallel/core_lending.h"

/* A rank that leaves alone would let the others wait for it for ever. */
static void stop_all(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

static MPI_Comm start_mpi(void)
{
    /* Open MPI 4 opens files with shared pointers, which nobody here uses; two of the three
     * ways abort on paths of 245 bytes or refuse names of one letter */
    setenv("OMPI_MCA_sharedfp", "individual", 0);
    MPI_Init(NULL, NULL);
    check_set_stop(stop_all);
    return MPI_COMM_WORLD;
}

int main(int argc, char **argv)
{
    cores_one_thread();
    archive_silence();
    const ExitStatus status = cli_main(argc, argv, start_mpi);
    int started;
    MPI_Initialized(&started);
    /* help, keys and wrong input never start MPI and work without a launcher */
    if (started) {
        /* from here on a failure is this rank's own: the others may be gone */
        check_set_stop(NULL);
        MPI_Finalize();
    }
    return status;
}
