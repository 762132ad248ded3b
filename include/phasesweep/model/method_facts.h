/* method_facts.h - what is known of a method without running it; how it solves is method.h.
 *
 * Everything that asks "does the method ..." asks here.
 */
#ifndef PHASESWEEP_MODEL_METHOD_FACTS_H
#define PHASESWEEP_MODEL_METHOD_FACTS_H

#include <stdbool.h>

#include "phasesweep/model/problem.h"

typedef struct MethodFacts {
    const char *name;  /* as written in job files */
    double tolerance;  /* the one taken where none is given; what it bounds, the method says */
    bool draws_data;   /* needs a team and whole samples, and leaves a spectrum */
    bool shares_data;  /* points that differ in weight alone form one chain, on the same data */
    bool stands_alone; /* what it makes of a point is proven, or hangs on no other point */
    bool takes_weight; /* needs a weight decay, rather than find the best or do without */
    bool optimises;    /* finds the best weight, or at a given nuclear weight the best width */
    bool takes_width;  /* a width narrower than the dimension means something to it */
    bool passes_messages; /* iterates with damping, beside its state evolution */
    bool knows_signs;     /* reports both with and without them, and takes none */
    bool in_time;  /* follows a network from a start: takes a time, Gaussian rows alone */
    bool predicts; /* state evolution: has exponents, phases, predicted spectra */
} MethodFacts;

/* Local.  Is the result of a point one wherever it stands?  A training proves its own, unless
 * the problem is not convex: then it is one of several minima, by where it starts. */
bool point_stands_alone(const Problem *problem);

/* Local.  Static. */
const MethodFacts *method_facts(MethodId id);
const char *method_name(MethodId id);

#endif
