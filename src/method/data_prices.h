/* data_prices.h - private to training and amp: what an iteration over drawn data costs. */
#ifndef PHASESWEEP_METHOD_DATA_PRICES_H
#define PHASESWEEP_METHOD_DATA_PRICES_H

#include <stdbool.h>

typedef struct DataPrice {
    double first, next;  /* iterations of the first point of a chain, of others */
    double flops, eigen; /* of an iteration: over the data; of the eigenproblem */
    double rate;         /* flops a second of a core */
    double words;        /* numbers that the ranks add up in an iteration */
} DataPrice;

/* Local.  Seconds of a point on one rank; *fixed: those that more ranks do not shorten. */
double data_seconds(const DataPrice *price, double dimension, bool first, double *fixed);

#endif
