/* Versions of what runs, asked of the libraries themselves: what was linked dynamically may be
 * newer than what this was compiled with.
 *
 * Asked at run time and stored with every archive.
 */
#include "libraries.h"

#include <gsl/gsl_version.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/archive/archive.h"
#include "phasesweep/base/check.h"

/* Exported by OpenBLAS, whose headers may not be installed; "OpenBLAS 0.3.21 DYNAMIC_ARCH
 * ...". */
char *openblas_get_config(void);

char *libraries_text(void)
{
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(mpi, &length); /* allowed before MPI_Init */
    mpi[strcspn(mpi, ",\n")] = '\0';
    /* of OpenBLAS two words, name and number; of Open MPI what stands before its first comma */
    const char *blas = openblas_get_config();
    const unsigned xxhash = XXH_versionNumber();
    const int words =
        (int)strcspn(blas, " ") + 1 + (int)strcspn(blas + strcspn(blas, " ") + 1, " ");
    char *hdf5 = archive_library();
    char *text = checked_format("%s, %s, %.*s, GSL %s, %s, xxHash %u.%u.%u", mpi, hdf5, words,
                                blas, gsl_version, job_library(), xxhash / 10000,
                                xxhash / 100 % 100, xxhash % 100);
    free(hdf5);
    return text;
}
