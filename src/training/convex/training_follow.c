#include "training_follow.h"

void training_follow(TrainingWork *work)
{
    Progress *progress = &work->progress;
    const bool alike = progress->plan.single == progress->single;
    progress->plan.single = progress->single;
    MPI_Bcast(&progress->plan, sizeof progress->plan, MPI_BYTE, 0, work->team);
    MPI_Bcast(work->factor, work->d * progress->plan.rank, MPI_DOUBLE, 0, work->team);
    progress->sums = pass_run(&work->pass, &progress->plan, work->factor);
    training_count(progress);
    /* between precisions |v - r| is their rounding */
    if (work->rank == 0 && alike) {
        descent_curvature(&work->descent, progress->sums.move);
    }
}
