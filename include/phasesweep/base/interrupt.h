/* interrupt.h - how whoever waits for a result says that it is not wanted any more.
 *
 * A computation that may take seconds asks now and then and leaves early; what it returns then
 * is of no use, and its caller, who can ask as well, throws it away.
 */
#ifndef PHASESWEEP_BASE_INTERRUPT_H
#define PHASESWEEP_BASE_INTERRUPT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct Interrupt {
    bool (*asked)(void *context); /* NULL: never */
    void *context;                /* borrowed */
} Interrupt;

/* Local.  As dear as `asked`. */
static inline bool interrupted(const Interrupt *interrupt)
{
    return interrupt->asked != NULL && interrupt->asked(interrupt->context);
}

#endif
