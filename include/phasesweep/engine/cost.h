/* cost.h - what chains cost: an assumed time corrected by what finished chains took.
 *
 * Chains of one CLASS (a model, a method, convex or not) share a factor, measured over assumed
 * seconds. The factor forgets: the last MEMORY observations count most, so that a class whose
 * early chains are its cheap ones corrects itself.  All of it is plain data that an archive can
 * keep and a later run begin with.
 *
 * Times are seconds of wall clock.  A factor of 2 says that chains of the class take twice
 * what its method assumes (method_seconds of method.h): another CPU, or points that are harder
 * than usual.
 *
 * Nothing here communicates or allocates; a model is a value and may be copied.
 */
#ifndef PHASESWEEP_ENGINE_COST_H
#define PHASESWEEP_ENGINE_COST_H

#include <stdbool.h>
#include <stddef.h>

/* At least as many as plan_class tells apart; for each class three numbers are kept. */
enum { COST_CLASSES = 32, COST_COEFFICIENTS = 3 * COST_CLASSES };

typedef struct CostModel {
    double factor[COST_CLASSES]; /* > 0, measured over assumed seconds */
    double spread[COST_CLASSES]; /* >= 0, deviation of log(measured / estimated) of a batch */
    double weight[COST_CLASSES]; /* observations behind it, at most its memory; 0: none */
} CostModel;

/* Tasks first ... first + count - 1, all of one shape.  A team of r ranks needs
 * seconds (serial + (1 - serial) / r) times the factor of the class for one of them. */
typedef struct TaskGroup {
    size_t first, count;
    int kind;        /* cost class, below COST_CLASSES */
    double seconds;  /* assumed for one task on one rank, >= 0 */
    double serial;   /* share that more ranks do not shorten, [0, 1] */
    int least, most; /* ranks that its memory asks for, and that are of use; 1 <= least */
    double points;   /* of one task, for rates only */
    bool late;       /* starts only when all others have */
    bool polls;      /* asks every now and then whether to stop: the master may run it, for
                        it serves others meanwhile */
    double whole;    /* assumed for one task from its beginning, where an earlier run has done a
                        part of it; 0: seconds is all of it */
    double spent;    /* of such a task, measured seconds in earlier runs, on one rank: those of
                        a team over serial + (1 - serial) / r */
} TaskGroup;

/* Local.  Nothing learned: all factors 1.  The spread is 0: the first estimates are taken as
 * they are. */
CostModel cost_model(void);

/* Local.  The model as plain numbers to be kept, and back; of these numbers, those that make no
 * sense (NAN where nothing was kept) leave their class as if nothing had been learned.  In
 * the order factor, spread, weight, class after class: part of the archive's format. */
void cost_export(const CostModel *model, double numbers[COST_COEFFICIENTS]);
CostModel cost_import(const double numbers[COST_COEFFICIENTS]);

/* Local.  A batch of a class took `measured` seconds where `assumed` were assumed.  Seconds,
 * both >= 0; kind below COST_CLASSES.  Times of teams count as well, against what was
 * assumed for that team. */
void cost_learn(CostModel *model, int kind, double assumed, double measured);

/* Local.  Seconds that one task of the group takes a team of that many ranks.  Never 0;
 * ranks >= 1, not limited to the group's most. */
double cost_estimate(const CostModel *model, const TaskGroup *group, int ranks);

/* Local.  The fewest ranks that bring a task down to `seconds`; INT_MAX if none do.  Its
 * most and least are not looked at. */
int cost_ranks_for(const CostModel *model, const TaskGroup *group, double seconds);

/* Local.  The estimate to hold against a deadline: longer by two deviations seen so far. */
double cost_cautious(const CostModel *model, int kind, double estimate);

#endif
