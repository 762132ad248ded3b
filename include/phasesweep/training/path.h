/* path.h - points trained one after the other, each from where the one before ended; one way
 * through drawing, iterating, stopping, saving and going on, for every trainer.
 *
 * Data are drawn once for points that share them.  After each iteration rank 0 says whether to
 * go on, to save, or to stop.  Saving takes at most 2 % of the time and loses at most a minute
 * of work where that allows, or comes every PHASESWEEP_CHECKPOINT_PERIOD seconds, which tests
 * set; a checkpoint that cannot be written is a warning.
 */
#ifndef PHASESWEEP_TRAINING_PATH_H
#define PHASESWEEP_TRAINING_PATH_H

#include "phasesweep/training/trainer.h"

typedef struct Path Path;

/* Collective on team, which is borrowed and must outlive the path, as all below.  If
 * settings->checkpoint names the state of the same training (settings->identity) its luggage is
 * restored now, and its state at the point that it was in.  Release with path_free. */
Path *path_create(MPI_Comm team, const Trainer *trainer, const TrainerSettings *settings);
void path_free(Path *path);

/* Local.  Weight decay of the point in which the restored state was, NAN if none was restored.
 * The caller goes on there. */
double path_resumes_at(const Path *path);

/* Collective.  The data of this problem, and the state if it was saved in it; path_solve does
 * it too. */
void path_prepare(Path *path, const Problem *problem);

/* Local.  Other rows of the file from here on, which the next point draws; a state that was
 * saved is of the rows that were in hand then. */
void path_turn_to(Path *path, const DataFile *file);

/* Collective.  Between two points, where the last may have had no iteration to save after: save
 * if it is time.  What is saved is the caller's luggage, for no point goes on from the end of
 * another.  False if told to stop, with all saved. */
bool path_rest(Path *path);

/* Collective.  Train at problem->weight_decay to problem->tolerance > 0.
 *   spectrum, overlaps  [d] as in Trainer, or NULL; NAN after a failure
 * Report and arrays are the same on all ranks. */
Observed path_solve(Path *path, const Problem *problem, double spectrum[], double overlaps[]);

/* Local.  Since the point began, with its draw if it was the first of its data, in all runs
 * that a checkpoint joins. */
double path_seconds(const Path *path);

/* Local.  Seconds that one rank would have taken to the state in a checkpoint, in all runs:
 * those of a team are trainer_alone of the problem in hand.  0 if there is no such file, or
 * none of this program. */
double path_spent(const char *checkpoint);

/* Local.  The network of the last point. */
Network path_network(const Path *path);

#endif
