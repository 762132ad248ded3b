#include <hdf5.h>
#include <mpi.h>

#include "phasesweep/check.h"
#include "phasesweep/cli.h"

static void stop_all(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
}

static MPI_Comm start_mpi(void)
{
    MPI_Init(NULL, NULL);
    check_set_stop(stop_all);
    return MPI_COMM_WORLD;
}

int main(int argc, char **argv)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* our own one line instead of HDF5's stack */
    const ExitStatus status = cli_main(argc, argv, start_mpi);
    int started;
    MPI_Initialized(&started);
    if (started) {
        check_set_stop(NULL);
        MPI_Finalize();
    }
    return status;
}
