/* data_files.h - private to job: what a job's text says of its files of data.
 *
 *     data_files:
 *       - {data: "FILE", target: "TARGET", rows: 1797, dimension: 30, content: "0123..."}
 *
 * Whoever reads a job without its files, on another rank or years later, has this list.
 */
#ifndef PHASESWEEP_STUDY_DATA_FILES_H
#define PHASESWEEP_STUDY_DATA_FILES_H

#include <stdio.h>

#include "yaml_axes.h"

/* Local.  The list of the text. */
void data_files_read(Reader *reader, const yaml_node_t *list);

/* Local.  What is known of the file that the sweep names, by asking or from the list; an error
 * where that is nothing, or where both differ. */
void data_files_attach(Reader *reader, Sweep *sweep);

/* Local.  The list of all files of a job, nothing where there are none. */
void data_files_print(FILE *out, const Job *job);

/* Local.  The same as a text, owned by the caller; NULL where there are none. */
char *data_files_text(const Job *job);

#endif
