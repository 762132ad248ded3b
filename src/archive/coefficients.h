/* coefficients.h - private to the archive: a cost model by the names of its classes, so that
 * neither a new class nor another order makes one class speak for another.
 *
 * Names are words separated by blanks; three numbers a class, in the order of the names.
 */
#ifndef PHASESWEEP_ARCHIVE_COEFFICIENTS_H
#define PHASESWEEP_ARCHIVE_COEFFICIENTS_H

#include <stddef.h>

#include "phasesweep/archive/archive.h"

/* Local.  stored[width], of the classes `from`, as those of the classes `to`; NAN for a class
 * that is not among `from`, or lies beyond either. */
void coefficients_sort(const char *from, const double stored[], size_t width, const char *to,
                       double coefficients[RUN_COEFFICIENTS]);

/* The classes of the table before schema 3, which did not name them; static. */
const char *coefficients_old_classes(void);

#endif
