/* mmse.h - minimum mean squared errors of the teacher seen through Gaussian noise.
 *
 * Matrix: S* from S* + delta Z, Z a GOE matrix of bulk radius 2, the eigenvectors of S*
 * unknown; scalar: theta_i from theta_i + tau z, the law of the theta_i known (theory.md
 * section 6).  Both are functions of the teacher and of t = delta^2 or tau^2 alone.
 *
 * The matrix error is the average over mu of t - v^2 - (t H)^2 = t (1 - t |G|^2).  Integrals of
 * |G|^2 are not reached by paths off the spectrum (contour.h): the curve that carries them
 * takes nodes.  It is cut where two bands have parted or nearly so; around a single s_i the
 * resolvent is a few neighbours and a series kept from the first use; of many similar bands
 * one in several is computed; what is left is smooth, and halved until 16 nodes resolve it.
 * The scalar error is the average of the variance of theta given x = theta + tau z: a smooth
 * function of x where neighbours are closer than tau, and above that pairs of neighbours that
 * are mistaken for each other.
 *
 * Nothing here communicates; what was asked before makes no difference to results.
 */
#ifndef PHASESWEEP_THEORY_MMSE_H
#define PHASESWEEP_THEORY_MMSE_H

#include <stdbool.h>

#include "phasesweep/theory/bands.h"

typedef struct Denoised {
    double risk;  /* sum of squared errors: 1/d of it for the matrix */
    double slope; /* d risk / d log t, >= 0 */
} Denoised;

/* What does not depend on t, of the last teacher. */
typedef struct Denoiser Denoiser;

/* Local.  Release with denoiser_free; that of NULL is harmless. */
Denoiser *denoiser_create(void);
void denoiser_free(Denoiser *denoiser);

/* Local.  t > 0.  To 1e-10, relative. */
Denoised mmse_matrix(Denoiser *denoiser, const Teacher *teacher, double t);

/* Local.  t = tau^2 > 0.  signs: the prior is the law of the coefficients with random signs,
 * half at theta_i and half at -theta_i; else their empirical law, all positive.  To 1e-9,
 * relative, or 1e-20 where nothing is left. */
Denoised mmse_scalar(Denoiser *denoiser, const Teacher *teacher, double t, bool signs);

#endif
