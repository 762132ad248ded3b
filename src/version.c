/* Versions of what runs, asked of the libraries themselves: what was linked dynamically may be
 * newer than what this was compiled with.
 *
 * Asked at run time and stored with every archive.
 */
#include "phasesweep/version.h"

#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <mpi.h>
#include <string.h>
#include <xxhash.h>
#include <yaml.h>

#include "commit.h" /* made by the build: COMMIT */
#include "phasesweep/check.h"

/* Exported by OpenBLAS, whose headers may not be installed; "OpenBLAS 0.3.21 DYNAMIC_ARCH
 * ...". */
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
    /* of OpenBLAS two words, name and number; of Open MPI what stands before its first comma */
    const char *blas = openblas_get_config();
    const unsigned xxhash = XXH_versionNumber();
    return checked_format("%s, HDF5 %u.%u.%u, %.*s, GSL %s, libyaml %s, xxHash %u.%u.%u", mpi,
                          major, minor, release, (int)strcspn(blas, " ") + 1 +
                              (int)strcspn(blas + strcspn(blas, " ") + 1, " "),
                          blas, gsl_version, yaml_get_version_string(), xxhash / 10000,
                          xxhash / 100 % 100, xxhash % 100);
}
