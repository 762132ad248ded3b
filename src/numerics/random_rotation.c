/* The rotation O of a teacher S* = O diag(s) O^T.  Every rank of a team makes its own from
 * the seed, so that no message has to carry it. */
#include "phasesweep/numerics/random_rotation.h"

#include <assert.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/lapack.h"
#include "phasesweep/numerics/rng.h"

/* Q of the QR factors of a Gaussian matrix is Haar distributed once the diagonal of R is made
 * positive (Mezzadri 2007). dgeqrf leaves the signs of that diagonal as they come; each
 * column is multiplied by its own. */
double *random_rotation(uint64_t seed, int d)
{
    const size_t n = (size_t)d;
    /* workspace for blocks of 64 columns, at which LAPACK is fast */
    const int length = 64 * d;
    double *q = checked_alloc(n * n, sizeof *q);
    double *tau = checked_alloc(n, sizeof *tau);
    double *work = checked_alloc((size_t)length, sizeof *work);
    double *sign = checked_alloc(n, sizeof *sign);
    for (size_t column = 0; column < n; column++) {
        rng_normals(seed, RNG_ROTATION, column, d, q + column * n);
    }
    int info;
    dgeqrf_(&d, &d, q, &d, tau, work, &length, &info);
    assert(info == 0);
    for (size_t column = 0; column < n; column++) {
        /* the diagonal of R lies where its column of Q is still to come: read it before */
        sign[column] = q[column * n + column] < 0.0 ? -1.0 : 1.0;
    }
    dorgqr_(&d, &d, &d, q, &d, tau, work, &length, &info);
    assert(info == 0);
    for (size_t k = 0; k < n * n; k++) {
        q[k] *= sign[k / n];
    }
    free(sign);
    free(work);
    free(tau);
    return q;
}
