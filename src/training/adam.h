/* adam.h - one step of Adam (Kingma and Ba 2015) on whatever share of the weights a rank has.
 *
 * Local; by every trainer that offers it, so that the constants are written once.
 */
#ifndef ADAM_H
#define ADAM_H

#include <stddef.h>
#include <stdint.h>

typedef struct AdamStep {
    double rate;   /* learning rate, in units of x */
    double slope;  /* > 0: the gradient of the loss is slope times the one that is given, whose
                    * means go with it; 1 if that is the loss's own */
    int64_t steps; /* taken, this one included: >= 1 */
} AdamStep;

/* Local.  Moves x along the running means of the gradient and of its squares, corrected for
 * the zeros that they began with.
 *   gradient       [count]
 *   first, second  [count] the means, kept by the caller; zeros before the first step
 *   x              [count] */
void adam_move(const AdamStep *adam, size_t count, const double gradient[], double first[],
               double second[], double x[]);

#endif
