/* version.h - what this program is and what it was built with.
 *
 * Both go into every archive, so that a file tells what wrote it.
 */
#ifndef PHASESWEEP_VERSION_H
#define PHASESWEEP_VERSION_H

/* Local.  "phasesweep 0.1.0 (commit abcdef123456)"; a build from changed sources ends in
 * "-dirty", one without git has "commit unknown".  Static. */
const char *version_text(void);

/* Local.  Names and versions of the libraries, separated by ", "; owned by the caller. */
char *version_libraries(void);

#endif
