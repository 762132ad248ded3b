#include "phasesweep/base/version.h"

#include "commit.h" /* made by the build: COMMIT */

const char *version_text(void)
{
    return "phasesweep " PHASESWEEP_VERSION " (commit " COMMIT ")";
}
