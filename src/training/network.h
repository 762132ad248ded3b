/* network.h - what is observed of a network beside its teacher, for every trainer.  Private. */
#ifndef PHASESWEEP_TRAINING_NETWORK_H
#define PHASESWEEP_TRAINING_NETWORK_H

#include "phasesweep/training/trainer.h"

/* Local.  Of a network whose factor has orthogonal columns: eigenvectors times the roots of the
 * sizes of their eigenvalues, in decreasing order among those of one sign.
 *
 *     room [d * d]  scratch
 *     spectrum [d]  sizes of the eigenvalues, decreasing, 0 beyond the columns
 *     overlaps [d]  squared overlap of the k-th eigenvector with the teacher's k-th
 *
 * Among nearly equal eigenvalues the overlaps may be small though the features are learned as a
 * group. */
void network_observe_matrix(const Dataset *data, const Network *network, double room[],
                            Observed *observed, double spectrum[], double overlaps[]);

/* Local.  What independent features that are not Gaussian add to E (f - f*)^2 = 2 R
 * (theory.md section 14): (k4/d) sum_i E_ii^2 of E = S - S*, in the coordinates where the data
 * are isotropic; 0 for Gaussian ones.  The truth must be known. */
double network_kurtosis_risk(const Dataset *data, const Network *network);

/* Local.  S~* = A^T S* A of a teacher known in the coordinates of the rows: d x d, lower
 * triangle, owned by the caller; NULL where nobody knows one or it is diagonal where the data
 * are isotropic. */
double *network_turned_truth(const Dataset *data);

/* Local.  Eigenvalues [columns] of S with their signs, in the order of the columns. */
void network_eigenvalues(int d, const Network *network, double values[]);

/* Local.  out [rows]: f of the rows x [rows * d], whose covariance is the identity. */
void network_outputs(int d, const Network *network, int rows, const double x[], double out[]);

/* Local.  What has no value if nobody knows who made the labels. */
void network_forget_truth(Observed *observed);

/* Local.  theta [d], its entry k being that of coordinate order[k], NULL: k; risk and overlaps
 * are those where the data are isotropic, and NAN without a truth. */
void network_observe_vector(const Dataset *data, const int order[], const double theta[],
                            Observed *observed, double spectrum[]);

/* Local.  out [d]: theta* of a vector, beside theta and not where the data are isotropic; 0
 * where nothing is known of it. */
void network_vector_truth(const Dataset *data, double out[]);

/* Local.  (theta - target)^T Sigma (theta - target), both in the order of
 * network_observe_vector.
 */
double network_vector_risk(const Dataset *data, const int order[], const double theta[],
                           const double target[]);

/* Local.  |x|[d] in decreasing order. */
void network_sort(int d, const double x[], double sorted[]);

/* Collective on team.  What rank 0 observed, to all; after a failure or divergence there are no
 * numbers but the counts of iterations. */
void network_share(MPI_Comm team, int d, Observed *observed, double spectrum[],
                   double overlaps[]);

#endif
