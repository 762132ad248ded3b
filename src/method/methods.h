/* methods.h - private to the methods: a chain being computed, and what all of them share. */
#ifndef PHASESWEEP_METHOD_METHODS_H
#define PHASESWEEP_METHOD_METHODS_H

#include "phasesweep/method/method.h"
#include "phasesweep/numerics/tail_statistics.h"
#include "phasesweep/theory/bands.h"
#include "phasesweep/theory/bayes.h"
#include "phasesweep/theory/continuation.h"
#include "phasesweep/theory/neurons.h"

/* The chain being computed. */
typedef struct Chain {
    const PointTeam *team;
    /* [count] */
    const Problem *problems;
    size_t count;
    /* [count] */
    Record *records;
    /* of count points, NAN at first */
    const Series *series;
    /* when its first point began, on point_clock */
    double begun;
} Chain;

/* Of the last teacher of neurons. */
typedef struct NeuronWork {
    Problem problem; /* teacher_width 0: none */
    NeuronMoments moments;
    Specialisation specialisation; /* of its teacher_activation if it has no mu_2 */
    HermiteSeries series;          /* of that activation if it has, and all neurons are alike */
    bool has_series;
} NeuronWork;

struct PointWork {
    EvolutionWork evolution; /* teacher and scratch; a chain forgets its neighbour */
    Bands bands;             /* gaps of the teacher */
    BayesWork *bayes;        /* what is known of its denoising error */
    NeuronWork neurons;
};

/* A way to solve points, and what that costs; cost by the table of prices of its own file. */
typedef struct Method {
    /* Collective on the team if the method draws data, else Local.  Every record of the chain;
     * false if the team was told to stop. */
    bool (*solve)(const Chain *chain);
    /* As method_seconds and method_memory of method.h. */
    double (*seconds)(const Problem *problem, bool first, double *fixed);
    double (*memory)(const Problem *problem, int ranks, SampleStore store, double limit);
} Method;

extern const Method method_state_evolution;
extern const Method method_bayes;
extern const Method method_optimal;
extern const Method method_training;
extern const Method method_amp;
extern const Method method_flow;
extern const Method method_descent;

/* Local.  What a theory costs: the first point of a chain, others of a network that learns a
 * matrix, or a vector, or is narrow, and any for each coordinate where each has numbers, or for
 * each d^3 where matrices are decomposed; seconds at d = 100, and by which share of that the
 * first four grow with each decade of d.  Of vectors on correlated features the evaluations, of
 * the first point and of others, each of all blocks. */
typedef struct TheoryPrice {
    double first, matrix, vector, narrow, coordinate, cube, growth;
    double evaluations_first, evaluations;
} TheoryPrice;
double theory_seconds(const TheoryPrice *price, const Problem *problem, bool first,
                      double *fixed);

/* Local.  Theory needs no memory to speak of, but where matrices are decomposed, and for
 * vectors on large blocks. */
double theory_memory(const Problem *problem, int ranks, SampleStore store, double limit);

/* Of a rank before it computes: MPI and libraries. */
extern const double program_bytes;

/* Local.  Record k of the chain from a solution of state evolution at `problem`, checked;
 * found: the field of what was optimised, FIELD_COUNT for nothing. */
Record record_of_evolution(const Chain *chain, size_t k, const Problem *problem,
                           const Evolution *e, FieldId found);

/* Local.  Moments of the teacher of neurons of a problem, kept from the last. */
const NeuronMoments *point_neurons(PointWork *work, const Problem *problem);

/* Local.  A record of the quadratic network of neuron_as_quadratic becomes one of the problem.
 */
void point_put_neurons(const Problem *problem, const NeuronMoments *moments, Record *record);
/* Local.  Moments and effective noise alone. */
void point_put_moments(const Problem *problem, const NeuronMoments *moments, double value[]);

/* Local.  The Bayes-optimal record of a teacher without mu_2. */
Record point_specialised(PointWork *work, const Problem *problem);

/* Local.  That of neurons that are all alike (readout_exponent 0) and have a quadratic part. */
Record point_alike(PointWork *work, const Problem *problem);

/* Local.  Summary of the learned numbers [d], d >= 2, decreasing, those not learned exactly 0
 * (theory.md section 7).  Risk and loss must be among the values already. */
void point_put_spectrum(const Problem *problem, const double eigenvalues[], double value[]);

/* Local.  Exponent and error of a tail, absent where it is too short to tell them. */
void point_put_tail(const TailFit *fit, double value[]);

/* Seconds on a clock that only counts. */
double point_clock(void);

/* Local.  Is the chain, a const Chain, to be given up?  What takes half a second or less is
 * finished. */
bool chain_stopping(void *chain);

/* Local.  A converged record whose own numbers contradict it becomes NOT_CONVERGED with the
 * residual recomputed, or FAILED if it has no risk. */
void point_check_answer(const Problem *problem, Record *record);

/* What every method has. */
void point_complete(const Problem *problem, double seconds, Record *record);

#endif
