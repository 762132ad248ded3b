/* tangent.h - directions among symmetric matrices of one rank and one number of negative
 * eigenvalues, and the way along them.  Private to training_newton.c.
 *
 * At S = U diag(f) U^T, U [d x k], a direction is
 *     H = Z U^T + U Z^T - U K U^T,   Z = H U = U K + N,   K = U^T Z,   U^T N = 0,
 * and is kept as Z [d x k].  <H, H'> = 2 Tr Z^T Z' - Tr K K'.  With B the gradient of the loss
 * and c the weight of the norm, the minimum of |y - A(S)|^2/2 + c |S|_* among them has
 *     B U = c U diag(s),   s_i the sign of f_i,
 * and the second derivative there is A^* A (training_newton.c) plus that of the norm,
 *     h(N)_i = (c N_i - s_i (1 - U U^T) B N_i) / |f_i|,
 *     h(K)_ij = 2 c K_ij / (|f_i| + |f_j|) where s_i and s_j differ, else 0.
 *
 * All functions are local, and all arrays both owned and borrowed are d x k by column unless
 * they say otherwise.
 */
#ifndef PHASESWEEP_TRAINING_TANGENT_H
#define PHASESWEEP_TRAINING_TANGENT_H

#include <stdbool.h>
#include <stddef.h>

#include "training_pass.h"

typedef struct Tangent {
    int d, k;
    int negative;   /* of the k values, the last ones */
    double *basis;  /* U; owned as all below */
    double *values; /* [k] |f| */
    double *square; /* [k * k] scratch: K of the last matrix that was looked at */
} Tangent;

/* At the network of this factor, whose columns are orthogonal (descent_step).  Release with
 * tangent_free. */
Tangent tangent_create(int d, const PassPlan *plan, const double factor[]);
void tangent_free(Tangent *tangent);

/* Numbers of a Z. */
size_t tangent_entries(const Tangent *tangent);

/* <H, H'>. */
double tangent_inner(const Tangent *tangent, const double a[], const double b[]);

/* x = Z - U K/2, of which z.S.z for the row z is 2 (U^T z).(x^T z); and n = N. */
void tangent_halve(const Tangent *tangent, const double z[], double x[]);
void tangent_normal(const Tangent *tangent, const double z[], double n[]);

/* z = B U - c U diag(s): the step of steepest descent; B [d * d], lower triangle. */
void tangent_descent(const Tangent *tangent, const double b[], double weight, double z[]);

/* image += h of z. */
void tangent_add_curvature(const Tangent *tangent, const double b[], double weight,
                           const double z[], double image[]);

/* out = what z is to a second derivative that is `mean` for the loss and where B is 0: makes
 * conjugate gradients faster. */
void tangent_precondition(const Tangent *tangent, double mean, double weight, const double z[],
                          double out[]);

/* The factor [d * k] of (U + t N M^-1) M (U + t N M^-1)^T, M = diag(f) + t K, t = share, and
 * the rank, trace and sums of the plan: in the directions themselves it moves by t H and no
 * more, so that what is stiff among them is not felt, and across them as h has it.  Where M has
 * more values of one sign than f, the least of them are 0 in that network; where N asks for
 * more than M has it is cut.  False if LAPACK fails. */
bool tangent_move(const Tangent *tangent, const double z[], double share, double factor[],
                  PassPlan *plan);

#endif
