/* features.h - laws and variances of the coordinates of a row x.
 *
 * x_i = sqrt(sigma_i) z_i with independent z_i of mean 0, variance 1 and the law of the
 * problem, and sigma_i ~ i^-a, sum sigma_i = d.  The teacher is the power law of theory.md
 * section 1 in the coordinates z, where the data are isotropic (theory.md section 14): with
 * S~* = Sigma^(1/2) S* Sigma^(1/2) and theta~* = Sigma^(1/2) theta*,
 *     s~_i = sigma_i s_i ~ i^-(gamma + a)
 *     theta~_i = sqrt(sigma_i) theta_i ~ i^-(gamma + a/2)
 * are normalised, not s_i and theta_i, and so are R and the overlaps; weight decay is on S and
 * theta.  A rotated teacher is S* = O diag(s) O^T, s_i ~ i^-gamma, normalised likewise.
 *
 * Correlated features come in blocks of `block_size` neighbours, equicorrelated: x = D^(1/2)
 * C^(1/2) z with D = diag(sigma_i) and C_B = (1 - rho) I + rho 1 1^T, Sigma = D^(1/2) C
 * D^(1/2).  The teacher is the power law in the coordinates of x as before, S* = diag(s) (or O
 * diag(s) O^T), theta*_i, s_i ~ i^-gamma, for which |Sigma^(1/2) S* Sigma^(1/2)|^2 = d,
 * theta*^T Sigma theta* = 1.
 *
 *     gaussian
 *     rademacher  -1 or 1
 *     uniform     between -sqrt(3) and sqrt(3)
 *     laplace     two-sided exponential
 *     student     t of degrees_of_freedom nu > 2
 *     sparse      0 but for a share, which is Gaussian
 *
 * Nothing communicates.
 */
#ifndef PHASESWEEP_MODEL_FEATURES_H
#define PHASESWEEP_MODEL_FEATURES_H

#include <stdbool.h>

#include "phasesweep/model/problem.h"

/* Largest d of a theory that has numbers for each coordinate. */
enum { FEATURES_ALIGNED_MOST = 20000 };

/* Largest d of a theory that decomposes matrices. */
enum { FEATURES_TURNED_MOST = 1000 };

/* Largest block of a theory that goes block by block. */
enum { FEATURES_BLOCK_MOST = 256 };

/* Local.  As written in job files; static. */
const char *feature_name(FeatureLaw law);

/* Local.  k4 = E z^4 - 3, at least -2; INFINITY where there is no fourth moment. */
double features_kurtosis(const Problem *problem);

/* Local.  Are rows Gaussian and isotropic, as the theory of the papers has them? */
bool features_are_plain(const Problem *problem);

/* Local.  Is Sigma = I; and is it no diagonal? */
bool features_are_isotropic(const Problem *problem);
bool features_are_correlated(const Problem *problem);

/* Local.  Has a network of matrices, its teacher aligned with the coordinates of such rows, a
 * theory with numbers for each of them (theory.md section 14)? */
bool features_are_aligned(const Problem *problem);

/* Local.  Has such a network a teacher whose eigenvectors are not those of Sigma? */
bool features_are_turned(const Problem *problem);

/* Local.  Exponent of the teacher in the coordinates z: gamma + a of a matrix, gamma + a/2 of a
 * vector; of correlated features gamma, in those of x. */
double features_source_exponent(const Problem *problem);

/* Local.  C of sigma_i = C i^-a, whose sum over i = 1 ... d is d; a >= 0, d whole.  To 1e-14.
 */
double features_variance_scale(double covariance_exponent, double dimension);

#endif
