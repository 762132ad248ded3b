/* settings.h - what a sweep is given key by key, as one array: whatever is done with every key
 * is a loop over keys_table.
 */
#ifndef PHASESWEEP_STUDY_SETTINGS_H
#define PHASESWEEP_STUDY_SETTINGS_H

#include <stddef.h>

#include "phasesweep/study/keys.h"

typedef struct Settings {
    /* Of a word its index.  NAN until it is completed, if the text was wrong; outside of the
     * key's range where there is none (damping below 0: as little as it needs).  Of axes and
     * the name 0: they are kept apart. */
    double value[KEY_COUNT];
    /* line where a key was written, from 1; 0: not given */
    size_t written_at[KEY_COUNT];
} Settings;

#endif
