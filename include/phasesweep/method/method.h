/* method.h - a chain of grid points by the method it names: its records, and what they cost.
 *
 * The one layer where the result of a solver becomes a record.  A method is a file and a row of
 * the table in method.c; what is known of it without running it is a row of method_facts.h.
 */
#ifndef PHASESWEEP_METHOD_METHOD_H
#define PHASESWEEP_METHOD_METHOD_H

#include <mpi.h>
#include <stdbool.h>

#include "phasesweep/base/interrupt.h"
#include "phasesweep/data/file_rows.h"
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
    /* called on rank 0 when the checkpoint is on the disk; NULL: nobody wants to know */
    void (*saved)(void *context);
    /* borrowed */
    void *context;
    /* bytes a rank may use; 0: not known, and rows of data are not kept */
    double memory;
    /* path for the state of a training, NULL: none; borrowed */
    const char *checkpoint;
    /* of problems whose data come from one, else empty */
    DataFile data;
    /* name of the archive that the state is for, the same on all ranks; NULL: none; borrowed */
    const char *archive;
} PointTeam;

/* Collective on team->comm for methods that train, else Local.  Solve `count` points of one
 * method, one after the other, into records[count]; where they share what is costly (teacher,
 * data, a neighbour's solution) it is kept.  Every outcome is data.
 *   series  those of sweep_series are filled; NAN where a point has no number
 * Returns false if the team was told to stop: then the chain is not finished, and its state is
 * in the checkpoint. */
bool point_solve(const PointTeam *team, const Problem problems[], size_t count,
                 Record records[], const Series *series);

/* Local.  Seconds that a point takes one rank, the first of its chain or another; *fixed: those
 * of them that more ranks do not shorten.  An estimate for one core of 2024, off by a factor
 * that is learned (cost.h). */
double method_seconds(const Problem *problem, bool first, double *fixed);

/* Local.  From now on method_seconds and method_memory ask before they solve a point of theory;
 * interrupted, they tell what they know without it. */
void method_prices_interrupt(Interrupt ask);

/* Local.  Points of theory that both have solved in this process; a few hundred at most, and
 * below a second, however many points they were asked for. */
size_t method_theory_calls(void);

/* Local.  Bytes a rank of a team of `ranks` needs for a point, the program included; INT_MAX
 * ranks: what no team can spread.  By the account of the solver that is chosen where a rank may
 * use `limit` bytes, > 0.  store is not STORE_AUTO. */
double method_memory(const Problem *problem, int ranks, SampleStore store, double limit);

#endif
