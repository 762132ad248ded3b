#include "phasesweep/version.h"

#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <mpi.h>
#include <string.h>
#include <xxhash.h>
#include <yaml.h>

#include "commit.h" /* made by the build: COMMIT */
#include "phasesweep/check.h"

char *openblas_get_config(void);

const char *version_text(void)
{
    return "phasesweep " PHASESWEEP_VERSION " (commit " COMMIT ")";
}

char *version_libraries(void)
{
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    unsigned major, minor, release;
    MPI_Get_library_version(mpi, &length); /* allowed before MPI_Init */
    mpi[strcspn(mpi, ",\n")] = '\0';
    H5get_libversion(&major, &minor, &release);
    const char *blas = openblas_get_config();
    const unsigned xxhash = XXH_versionNumber();
    return checked_format("%s, HDF5 %u.%u.%u, %.*s, GSL %s, libyaml %s, xxHash %u.%u.%u", mpi,
                          major, minor, release, (int)strcspn(blas, " ") + 1 +
                              (int)strcspn(blas + strcspn(blas, " ") + 1, " "),
                          blas, gsl_version, yaml_get_version_string(), xxhash / 10000,
                          xxhash / 100 % 100, xxhash % 100);
}
