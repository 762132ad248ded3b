/* point.h - a chain of grid points, by the method it names; the one place where the result of a
 * method becomes a record.
 */
#ifndef PHASESWEEP_METHOD_POINT_H
#define PHASESWEEP_METHOD_POINT_H

#include <mpi.h>
#include <stdbool.h>

#include "phasesweep/model/problem.h"
#include "phasesweep/study/record.h"

/* What a rank keeps from chain to chain: tables that save time and never change a result. */
typedef struct PointWork PointWork;

/* Local.  Release with point_work_free. */
PointWork *point_work(void);
void point_work_free(PointWork *work);

/* Who computes a chain, and what may interrupt it. */
typedef struct PointTeam {
    /* this rank's own; borrowed */
    PointWork *work;
    /* borrowed */
    MPI_Comm comm;
    /* asked on rank 0 now and then; NULL: never stop */
    bool (*stopping)(void *context);
    /* borrowed */
    void *context;
    /* bytes a rank may use for rows of data */
    double memory;
    /* path for the state of a training, NULL: none; borrowed */
    const char *checkpoint;
} PointTeam;

/* Collective on team->comm for methods that train, else Local.  Solve `count` points of one
 * method, one after the other, into records[count]; where they share what is costly (teacher,
 * data, a neighbour's solution) it is kept.  Every outcome is data.
 *   series  those of sweep_series are filled; NAN where a point has no number
 * Returns false if the team was told to stop: then the chain is not finished, and its state is
 * in the checkpoint. */
bool point_solve(const PointTeam *team, const Problem problems[], size_t count,
                 Record records[], const Series *series);

/* Local.  One JSON object on stdout; what is absent is left out, a series ends at its last
 * number.  series: of one point. */
void point_print(const Problem *problem, const Record *record, const Series *series);

#endif
