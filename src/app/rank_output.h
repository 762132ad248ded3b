/* rank_output.h - private to cli.c: which rank speaks, and that what it said was heard.
 *
 * Nothing here needs MPI; all of it works on the standard streams of this process.
 *
 * The rank is told by the launcher's environment (PMIX_RANK, PMI_RANK), which exists before
 * MPI does.
 */
#ifndef PHASESWEEP_APP_RANK_OUTPUT_H
#define PHASESWEEP_APP_RANK_OUTPUT_H

#include <stdbool.h>

/* Local.  Is this rank 0, or started without a launcher?  Works before MPI_Init. */
bool rank_output_is_first_rank(void);

/* Local.  Does a person read standard output?  Under a launcher nobody can tell. */
bool rank_output_is_terminal(void);

/* Local.  Point both streams of a rank above 0 to nowhere, so that one wrong option gives one
 * message and not one a rank.  To be called once. */
void rank_output_hush(void);

/* Local.  Give this rank its standard error back; harmless if it has it. */
void rank_output_raise(void);

/* Local, for atexit, also after help: output that was lost must not look like success, so it
 * leaves with STATUS_ENVIRONMENT then.  A rank that is still silent leaves with STATUS_DONE. */
void rank_output_check_output(void);

#endif
