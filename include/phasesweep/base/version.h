/* version.h - what this program is; every archive says so of what wrote it. */
#ifndef PHASESWEEP_BASE_VERSION_H
#define PHASESWEEP_BASE_VERSION_H

/* Local.  "phasesweep 0.1.0 (commit abcdef123456)"; a build from changed sources ends in
 * "-dirty", one without git has "commit unknown".  Static. */
const char *version_text(void);

#endif
