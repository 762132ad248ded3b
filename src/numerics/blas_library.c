/* The switches are weak: those of the libraries that were not linked are null. */
#include "phasesweep/numerics/blas_library.h"

#include <stddef.h>
#include <string.h>

#include "phasesweep/base/check.h"

#define WEAK __attribute__((weak))

/* Exported by the libraries, whose headers may not be installed. */
WEAK void openblas_set_num_threads(int threads);
WEAK char *openblas_get_config(void); /* "OpenBLAS 0.3.21 DYNAMIC_ARCH ..." */
WEAK void MKL_Set_Num_Threads(int threads);
WEAK void mkl_get_version_string(char *text, int length);
WEAK void bli_thread_set_num_threads(long threads);
WEAK const char *bli_info_get_version_str(void);
WEAK void omp_set_num_threads(int threads);

void blas_set_threads(int threads)
{
    if (openblas_set_num_threads != NULL) {
        openblas_set_num_threads(threads);
    } else if (MKL_Set_Num_Threads != NULL) {
        MKL_Set_Num_Threads(threads);
    } else if (bli_thread_set_num_threads != NULL) {
        bli_thread_set_num_threads(threads);
    } else if (omp_set_num_threads != NULL) {
        omp_set_num_threads(threads);
    }
}

/* The first two words. */
static char *two_words(const char *text)
{
    const size_t first = strcspn(text, " ");
    const size_t second = text[first] == '\0' ? 0 : 1 + strcspn(text + first + 1, " ");
    return checked_format("%.*s", (int)(first + second), text);
}

char *blas_name(void)
{
    if (openblas_get_config != NULL) {
        return two_words(openblas_get_config());
    }
    if (mkl_get_version_string != NULL) {
        char text[200] = "";
        mkl_get_version_string(text, sizeof text);
        text[sizeof text - 1] = '\0'; /* filled up with blanks, as Fortran does */
        for (size_t end = strlen(text); end > 0 && text[end - 1] == ' '; end--) {
            text[end - 1] = '\0';
        }
        return checked_format("%s", text);
    }
    if (bli_info_get_version_str != NULL) {
        return checked_format("BLIS %s", bli_info_get_version_str());
    }
    return checked_format("BLAS of unknown make");
}
