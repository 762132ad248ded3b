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
#include "phasesweep/numerics/blas_library.h"

char *libraries_text(void)
{
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(mpi, &length); /* allowed before MPI_Init */
    /* what stands before the first comma of Open MPI, before the end of line of MPICH */
    mpi[strcspn(mpi, ",\n")] = '\0';
    for (char *tab = strchr(mpi, '\t'); tab != NULL; tab = strchr(tab, '\t')) {
        *tab = ' '; /* MPICH's, and one line of words is what is kept */
    }
    const unsigned xxhash = XXH_versionNumber();
    char *blas = blas_name();
    char *hdf5 = archive_library();
    char *text =
        checked_format("%s, %s, %s, GSL %s, %s, xxHash %u.%u.%u", mpi, hdf5, blas, gsl_version,
                       job_library(), xxhash / 10000, xxhash / 100 % 100, xxhash % 100);
    free(blas);
    free(hdf5);
    return text;
}
