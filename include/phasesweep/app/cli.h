/* cli.h - the command line: subcommands, options, what they print.
 *
 * argv is kept until the end: texts of options are not copied.  All output is on the
 * standard streams: results on stdout, complaints on stderr in one line each.
 */
#ifndef PHASESWEEP_APP_CLI_H
#define PHASESWEEP_APP_CLI_H

#include <mpi.h>

#include "phasesweep/base/check.h"

/* Local until it calls `start`, then collective on the communicator that this returns.
 * Parse argv, do what it asks, return the exit status; leaves by exit() after help, version
 * and wrong options.  Only commands that need MPI start it.  Under mpirun the ranks above 0
 * are silent until then, so that a wrong option gives one message, not one a rank. */
ExitStatus cli_main(int argc, char **argv, MPI_Comm (*start)(void));

#endif
