/* risk_estimate.h - what a training tells of its own error, from its training data alone
 * (theory.md section 12).  Private.
 *
 * A minimum is f(M), f the threshold of state evolution and M the teacher with noise t, made of
 * network and residual.  How much of the noise the fit has taken is the divergence D of f,
 * which the data show: E (y - f)^2 = (sum res^2 / n) / (1 - D/C)^2,   t = E (y - f)^2 / (k C),
 *     R' = |M - f(M)|^2 - N t + 2 t D                (Stein's unbiased estimate)
 * with C the capacity and k = prediction_per_risk of model.h, and N the noise in M over t:
 * (d + 1)/d of a matrix, d of a vector.  It holds for features that are isotropic, and for
 * matrices whose rows have norms of variance d (2 + k4), of a law or as measured in a file,
 * with tau = (Tr S - Tr M)/(d (1 + k4/2)) and
 *     R = R' - k4 (1 + k4/4) tau^2,   Delta = E (y - f)^2 - k R' + k4 (1 + k4/2) tau^2.
 *
 * Both fill error_estimate, risk_estimate and noise_estimate of `observed`, whose train_loss is
 * known; NAN where there is no estimate: all three of matrices whose drawn rows have unequal
 * variances or are correlated.  Risk and noise have none where rows are not isotropic
 * (drawn ones with unequal variances or correlated; those of a file with covariance_square of
 * RowMoments from 1.3 on) and, of matrices, where the fourth moments matter beyond the norms
 * (drawn rows of a kurtosis beside an aligned teacher; pair_covariance from 3.0 on).  Of
 * matrices whose rows have nearly one norm, 1 + k4/2 below 0.1, the noise has an estimate and
 * the risk none: such a fit does not see Tr S*.
 */
#ifndef PHASESWEEP_TRAINING_RISK_ESTIMATE_H
#define PHASESWEEP_TRAINING_RISK_ESTIMATE_H

#include "phasesweep/training/trainer.h"

/* Local.  Of a quadratic network of two layers, or a signed one, at a minimum; `moments` of the
 * rows of a file, which are not looked at where rows are drawn.
 *     learned [rank]   its eigenvalues that are not 0
 *     slope [d - rank] eigenvalues of (2/(d lt)) sum r_mu Z_mu in the directions that are not
 *                      learned; in those learned they are 1, or -1 where S has a negative
 *                      eigenvalue.  None where one is so far above 1,
 *                      as width allows, that f would have learned it in place of another */
void estimate_matrix(const Problem *problem, const RowMoments *moments, int rank,
                     const double learned[], const double slope[], Observed *observed);

/* Local.  Of a vector whose fit has `freedom` degrees of freedom, >= 0 or NAN: active
 * coefficients, or the trace of the hat matrix.  slope2 is |X^T r|^2. */
void estimate_vector(const Problem *problem, const RowMoments *moments, double freedom,
                     double slope2, Observed *observed);

#endif
