/* data_survey.h - private to the commands: files of data, looked at before anything is done. */
#ifndef PHASESWEEP_APP_DATA_SURVEY_H
#define PHASESWEEP_APP_DATA_SURVEY_H

#include "phasesweep/base/diagnostics.h"
#include "phasesweep/data/file_rows.h"
#include "phasesweep/study/job.h"

/* Local.  The text with what its files of data are, which is taken over (job_survey); leaves
 * with STATUS_WRONG_INPUT and all errors on stderr. */
char *survey_job(const char *name, char *text);

/* Local.  The same for a sweep of its own, if it names a file. */
void survey_sweep(Sweep *sweep, Diagnostics *errors);

/* Local.  For those who read its rows; borrows. */
DataFile data_file_of(const Sweep *sweep);

#endif
