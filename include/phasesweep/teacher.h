/* teacher.h - the power-law spectrum of the target, and sums over it.
 *
 * s_i = c i^-gamma, i = 1 ... d, with (1/d) sum s_i^2 = 1 (theory.md section 1, quadratic
 * network).  Kept exactly, in decreasing order: memory and the cost of a sum are O(d).
 */
#ifndef PHASESWEEP_TEACHER_H
#define PHASESWEEP_TEACHER_H

#include <complex.h>
#include <stddef.h>

typedef struct Teacher {
    size_t  count;           /* d >= 2 */
    double *eigenvalue;      /* [count], decreasing, positive; owned */
    double  mean;            /* Tr S* / d */
} Teacher;

/* Local.  source_exponent > 1/2, dimension >= 2.  Release with teacher_free. */
Teacher teacher_create(double source_exponent, size_t dimension);

/* Local.  Leaves *teacher empty, so a second call is harmless. */
void teacher_free(Teacher *teacher);

/* Local.  G(w) = (1/d) sum 1/(w - s_i) and its derivative, for w away from every s_i. */
void teacher_resolvent(const Teacher *teacher, double complex w, double complex *g,
                       double complex *derivative);

/* Local.  (1/d) sum 1/((u - s_i)^2 + y) and its derivative in y, for y > 0 or u away from
 * every s_i. */
void teacher_lorentzian(const Teacher *teacher, double u, double y, double *sum,
                        double *derivative);

#endif
