/* libraries.h - the libraries this program runs with; private to app. */
#ifndef PHASESWEEP_APP_LIBRARIES_H
#define PHASESWEEP_APP_LIBRARIES_H

/* Local.  Names and versions of the libraries, separated by ", "; owned by the caller. */
char *libraries_text(void);

#endif
