/* lasso.h - the diagonal network trained to its global minimum, with a proof.
 *
 * Training is the LASSO of theory.md section 1,
 *     F(theta) = 1/2 |y - X theta|^2 + lambda sqrt(d) |theta|_1 .
 * The active set and the signs of the minimum turn it into a linear system, so the last steps
 * are Newton steps on the active set: a Cholesky factor of a part of the Gram matrix X^T X,
 * exact but for rounding.  Accelerated proximal gradient (with adaptive restart and step) gets
 * near enough for them and takes over again whenever they stop making progress, so that the
 * iteration converges always.  The duality gap of theory.md section 8 decides when to stop:
 * with r = y - X theta and the best scale s, |s X^T r|_inf <= lambda sqrt(d),
 *     gap = (F - D)/F,   D = 1/2 |y|^2 - 1/2 |y - s r|^2,
 * proves that F is within that share of its minimum.
 *
 * Two layouts.  With not many more data than coefficients the columns of X are stored and the
 * Gram matrix covers only those that have mattered so far (a working set that grows along a
 * line).  With many more data (n > 4 d, or X too large) the rows are drawn once, summed into
 * the full Gram matrix about the teacher, where nothing cancels, and forgotten.
 *
 * A team of ranks shares the rows of X and the panels of the Gram matrix; all decisions are
 * those of rank 0.
 */
#ifndef PHASESWEEP_TRAINING_LASSO_H
#define PHASESWEEP_TRAINING_LASSO_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

#include "phasesweep/base/outcome.h"
#include "phasesweep/data/gaussian_rows.h"
#include "phasesweep/model/problem.h"

typedef enum LassoLayout {
    LASSO_AUTO,    /* columns unless n > 4 d or memory says otherwise */
    LASSO_COLUMNS, /* X stored, Gram matrix of the working set */
    LASSO_SUMS     /* X drawn once, full Gram matrix */
} LassoLayout;

typedef struct LassoSettings {
    bool random_signs; /* of the teacher's coefficients */
    LassoLayout layout;
    size_t memory;               /* bytes a rank may use; read by LASSO_AUTO */
    double tolerance;            /* > 0: relative duality gap to reach */
    int iteration_limit;         /* >= 1, per call of lasso_solve */
    bool (*stop)(void *context); /* asked by rank 0 once a step and block; NULL: never stop */
    void *stop_context;          /* borrowed */
} LassoSettings;

typedef struct Lasso {
    Outcome outcome;        /* CONVERGED, NOT_CONVERGED (limit reached or rounding; see gap),
                               FAILED (not finite: all numbers NAN), or RUNNING if stopped */
    bool stopped;           /* settings.stop said so: nothing else is meant, and the line must
                               be begun again */
    int iterations;         /* proximal and Newton steps */
    int factorisations;     /* of the Newton steps among them */
    int rank;               /* active coefficients */
    double gap;             /* (F - lower bound of the minimum) / F >= 0 */
    double objective;       /* F */
    double train_loss;      /* mean squared residual over the samples */
    double risk;            /* R = |theta - theta*|^2 */
    double prediction_risk; /* E (f - f*)^2 = R */
    double trace;           /* |theta|_1 */
    double overlap_q;       /* |theta|^2 */
    double overlap_m;       /* theta . theta* */
} Lasso;

typedef struct LassoWork LassoWork;

/* Local.  Signs +, automatic layout, no memory limit, tolerance 1e-6, 20000 iterations,
 * never stopped. */
LassoSettings lasso_defaults(void);

/* Collective on team, which is borrowed and must outlive the work.  Draws the data of the
 * problem's (seed, n, d, gamma, Delta).  Release with lasso_free. */
LassoWork *lasso_create(MPI_Comm team, const Problem *problem, const LassoSettings *settings);
void lasso_free(LassoWork *work);

/* Collective on the team.  Train at problem->weight_decay, tolerance problem->tolerance if
 * that is > 0; the rest of problem is that of lasso_create.  Starts from where the previous
 * call ended: call along weight decay, in either direction.
 *   coefficients  [d] |theta_i| in decreasing order, or NULL
 * Report and array are the same on all ranks. */
Lasso lasso_solve(LassoWork *work, const Problem *problem, double coefficients[]);

/* Local.  theta[d] of the last solution, coordinate i of the data at place i. */
void lasso_network(const LassoWork *work, double theta[]);

/* Local.  The layout that LASSO_AUTO stands for. */
LassoLayout lasso_layout(const Problem *problem, int ranks, const LassoSettings *settings);

/* Local.  Bytes the busiest of `ranks` ranks needs while no more than `active` coefficients are
 * (state evolution predicts them; min(n, d) is always enough); layout not LASSO_AUTO. */
size_t lasso_memory(const Problem *problem, int ranks, LassoLayout layout, double active);

/* Local.  Floating-point operations of one solution, a rough guide: the Gram matrix and
 * `factorisations` Cholesky factors of order `active`. */
double lasso_flops(const Problem *problem, LassoLayout layout, double active,
                   double factorisations);

#endif
