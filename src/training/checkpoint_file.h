/* checkpoint_file.h - replacing a checkpoint so that a kill leaves the old one or the new.
 * Root only, both; private. */
#ifndef PHASESWEEP_TRAINING_CHECKPOINT_FILE_H
#define PHASESWEEP_TRAINING_CHECKPOINT_FILE_H

#include <stdbool.h>
#include <stdio.h>

/* Open PATH.new for writing; NULL if that fails. */
FILE *checkpoint_begin(const char *path);

/* Put it on the disk and give it its name.  Ends the program if file is NULL or not all was
 * written (good). */
void checkpoint_commit(FILE *file, bool good, const char *path);

#endif
