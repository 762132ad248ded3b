/* Master and workers.  A message with work names tasks and a team; the answer is three
 * numbers: tasks done, points failed, seconds.  The master never blocks: it takes the
 * answers that are there, hands out what the schedule starts, and sleeps a moment if neither
 * happened, since a blocking receive of Open MPI spins at 100 % CPU.  A rank is given work
 * ahead of its answer, so that a sleeping master costs no throughput.  A team is made by its
 * own ranks from the message alone (MPI_Comm_create_group): nobody else is disturbed, and it
 * may have any size.  A rank that dies ends the job, for Open MPI 4.1 recovers from nothing;
 * what was computed is in the archive.
 *
 * One clock, MPI_Wtime since the beginning, is told to the schedule; no rank's clock is ever
 * compared with another's.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "phasesweep/engine/farm.h"

#include <assert.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "phasesweep/base/check.h"

enum { TAG_WORK = 1, TAG_DONE = 2, TAG_STOP = 3 };
enum { SERVED_MOST = 256 };

static const double nap_shortest = 50e-6; /* seconds */
static const double nap_longest = 1e-3;
static const double nap_share = 0.01; /* of the time for which nothing has happened */
static const double progress_every = 0.1;
static const double serve_every = 50e-6; /* while the master computes */
static const double listen_every = 5e-3; /* to a stop while a worker computes */

/* First words of a message with work, then the team as (first rank, count) of its runs of
 * neighbours; none for a single rank.  Count 0 ends the run; first then tells whether a stop
 * was sent before. */
enum { WORD_FIRST, WORD_COUNT, WORDS_HEAD };

typedef struct Farm {
    MPI_Comm comm, self; /* of all; of this rank alone; owned */
    int rank, size;
    const FarmWork *work;
    bool stopping;
    double origin, acted, shown, polled; /* clock, and when something last happened */
    /* rank 0 only */
    Schedule *schedule;
    int offset;         /* rank in comm minus rank in the schedule */
    long long *message; /* [WORDS_HEAD + 2 size]; owned */
} Farm;

struct FarmTeam {
    MPI_Comm comm;
    Farm *farm; /* borrowed */
};

/* Seconds since farm_run began, on the clock that the schedule is told. */
static double now(const Farm *farm)
{
    return MPI_Wtime() - farm->origin;
}

/* The longer nothing happens the less it matters when it is seen.  Blocking calls of Open
 * MPI would spin at 100 % CPU. */
static void nap(const Farm *farm)
{
    const double idle = nap_share * (now(farm) - farm->acted);
    const double seconds = fmin(fmax(idle, nap_shortest), nap_longest);
    nanosleep(&(struct timespec){.tv_nsec = (long)(1e9 * seconds)}, NULL);
}

/* ---- tasks ------------------------------------------------------------------------------- */

/* Tasks first ... first + count - 1 one after the other on comm, which is farm->self for a
 * rank by itself.  Stops early if the run is to stop; result.done says how far it came. */
static ScheduleResult execute(Farm *farm, MPI_Comm comm, size_t first, size_t count)
{
    FarmTeam team = {comm, farm};
    const double begin = MPI_Wtime();
    ScheduleResult result = {0};
    while (result.done < count) {
        /* a stop must not split a team, so what runs on several ranks has to look itself */
        if (comm == farm->self && farm_stopping(&team)) {
            break;
        }
        const int failed = farm->work->run(farm->work->context, &team, first + result.done);
        if (failed == FARM_UNFINISHED) {
            break;
        }
        result.failed += (size_t)failed;
        result.done++;
    }
    result.seconds = MPI_Wtime() - begin;
    return result;
}

/* The team of a message, made, used and freed. */
static ScheduleResult execute_team(Farm *farm, const long long message[], int words)
{
    const int runs = (words - WORDS_HEAD) / 2;
    int(*ranges)[3] = checked_alloc((size_t)runs, sizeof *ranges);
    for (int k = 0; k < runs; k++) {
        const long long *run = &message[WORDS_HEAD + 2 * k];
        ranges[k][0] = (int)run[0];
        ranges[k][1] = (int)(run[0] + run[1] - 1);
        ranges[k][2] = 1;
    }
    MPI_Group all;
    MPI_Group some;
    MPI_Comm team;
    MPI_Comm_group(farm->comm, &all);
    MPI_Group_range_incl(all, runs, ranges, &some);
    /* collective on the team alone; 70-155 microseconds with its end */
    MPI_Comm_create_group(farm->comm, some, TAG_WORK, &team);
    assert(team != MPI_COMM_NULL && message[WORD_COUNT] == 1);
    const ScheduleResult result = execute(farm, team, (size_t)message[WORD_FIRST], 1);
    MPI_Comm_free(&team);
    MPI_Group_free(&some);
    MPI_Group_free(&all);
    free(ranges);
    return result;
}

/* ---- master ------------------------------------------------------------------------------ */

/* Fill farm->message; returns its words.  Ranks of a team are in ascending order, so that
 * neighbours form runs and the message stays short. */
static int compose(Farm *farm, const ScheduleStart *start)
{
    long long *message = farm->message;
    int words = WORDS_HEAD;
    message[WORD_FIRST] = (long long)start->first;
    message[WORD_COUNT] = (long long)start->count;
    for (int k = 0; k < start->size && start->size > 1; k++) {
        const long long rank = start->ranks[k] + farm->offset;
        if (words > WORDS_HEAD && message[words - 2] + message[words - 1] == rank) {
            message[words - 1]++;
        } else {
            message[words++] = rank;
            message[words++] = 1;
        }
    }
    return words;
}

/* `rank` is one of comm, the leader of the team that answered. */
static void finish(Farm *farm, int rank, const ScheduleResult *result)
{
    farm->acted = now(farm);
    schedule_finished(farm->schedule, farm->acted, rank - farm->offset, result);
}

/* Hand out what starts now, run what the master has a part in; false: nothing started. */
static bool hand_out(Farm *farm)
{
    ScheduleStart start;
    bool any = false;
    while (schedule_next(farm->schedule, now(farm), &start)) {
        any = true;
        farm->acted = now(farm);
        const int words = compose(farm, &start);
        const bool own = start.ranks[0] + farm->offset == 0;
        /* small messages go out at once, whatever the receiver is doing */
        for (int k = own; k < start.size; k++) {
            MPI_Send(farm->message, words, MPI_LONG_LONG, start.ranks[k] + farm->offset,
                     TAG_WORK, farm->comm);
        }
        if (own) {
            const ScheduleResult result =
                start.size > 1 ? execute_team(farm, farm->message, words)
                               : execute(farm, farm->self, start.first, start.count);
            finish(farm, 0, &result);
            break; /* others have waited */
        }
    }
    return any;
}

/* Takes the answers that are there, at most SERVED_MOST so that idle ranks are not kept
 * waiting; true if there was one. */
static bool serve(Farm *farm)
{
    int served = 0;
    for (int arrived = 1; arrived && served < SERVED_MOST; served += arrived) {
        MPI_Status status;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_DONE, farm->comm, &arrived, &status);
        if (arrived) {
            double message[3];
            MPI_Recv(message, 3, MPI_DOUBLE, status.MPI_SOURCE, TAG_DONE, farm->comm, &status);
            const ScheduleResult result = {(size_t)message[0], (size_t)message[1], message[2]};
            finish(farm, status.MPI_SOURCE, &result);
        }
    }
    return served > 0;
}

/* Stop, deadline and progress: what the master does besides messages. */
static void look_around(Farm *farm)
{
    const FarmWork *work = farm->work;
    const double time = now(farm);
    if (!farm->stopping && (time >= work->deadline || work->stop(work->context))) {
        farm->stopping = true;
        schedule_stop(farm->schedule);
        for (int rank = 1; rank < farm->size; rank++) {
            MPI_Send(NULL, 0, MPI_BYTE, rank, TAG_STOP, farm->comm);
        }
    }
    if (time - farm->shown >= progress_every) {
        const ScheduleState state = schedule_state(farm->schedule, time);
        farm->shown = time;
        work->progress(work->context, &state);
    }
}

/* Rank 0 until nothing runs and nothing starts; ends the workers too. */
static ScheduleState run_master(Farm *farm)
{
    for (;;) {
        look_around(farm);
        const bool served = serve(farm);
        const bool started = hand_out(farm);
        if (!served && !started) {
            if (schedule_quiet(farm->schedule)) {
                break;
            }
            nap(farm);
        }
    }
    /* the stop message, if there was one, is still to be received by those who did not look */
    const long long end[WORDS_HEAD] = {[WORD_FIRST] = farm->stopping};
    for (int rank = 1; rank < farm->size; rank++) {
        MPI_Send(end, WORDS_HEAD, MPI_LONG_LONG, rank, TAG_WORK, farm->comm);
    }
    const ScheduleState state = schedule_state(farm->schedule, now(farm));
    farm->work->progress(farm->work->context, &state);
    return state;
}

/* ---- workers ----------------------------------------------------------------------------- */

/* The next message of the master, owned by the caller. */
static long long *receive(Farm *farm, int *words)
{
    MPI_Status status;
    int arrived = 0;
    for (farm->acted = now(farm);;) {
        MPI_Iprobe(0, TAG_WORK, farm->comm, &arrived, &status);
        if (arrived) {
            break;
        }
        nap(farm); /* a blocking receive would burn a core */
    }
    MPI_Get_count(&status, MPI_LONG_LONG, words);
    long long *message = checked_alloc((size_t)*words, sizeof *message);
    MPI_Recv(message, *words, MPI_LONG_LONG, 0, TAG_WORK, farm->comm, MPI_STATUS_IGNORE);
    return message;
}

/* Every other rank: receive, compute, answer, until the end is sent. */
static void run_worker(Farm *farm)
{
    for (;;) {
        int words;
        long long *message = receive(farm, &words);
        const size_t first = (size_t)message[WORD_FIRST];
        const size_t count = (size_t)message[WORD_COUNT];
        if (count == 0) {
            if (first > 0 && !farm->stopping) {
                MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_STOP, farm->comm, MPI_STATUS_IGNORE);
            }
            free(message);
            return;
        }
        const bool alone = words == WORDS_HEAD;
        const ScheduleResult result = alone ? execute(farm, farm->self, first, count)
                                            : execute_team(farm, message, words);
        /* the first rank of a team answers for it */
        if (alone || message[WORDS_HEAD] == farm->rank) {
            const double answer[3] = {(double)result.done, (double)result.failed,
                                      result.seconds};
            MPI_Send(answer, 3, MPI_DOUBLE, 0, TAG_DONE, farm->comm);
        }
        free(message);
    }
}

MPI_Comm farm_comm(const FarmTeam *team)
{
    return team->comm;
}

bool farm_stopping(FarmTeam *team)
{
    Farm *farm = team->farm;
    const double time = now(farm);
    /* a task may ask as often as it likes: the clock is cheaper than a probe */
    if (time - farm->polled < (farm->rank == 0 ? serve_every : listen_every)) {
        return farm->stopping;
    }
    farm->polled = time;
    if (farm->rank == 0) {
        look_around(farm);
        if (farm->size > 1) {
            serve(farm);
            hand_out(farm); /* never to the master, who is busy */
        }
    } else if (!farm->stopping) {
        int arrived;
        MPI_Iprobe(0, TAG_STOP, farm->comm, &arrived, MPI_STATUS_IGNORE);
        if (arrived) {
            MPI_Recv(NULL, 0, MPI_BYTE, 0, TAG_STOP, farm->comm, MPI_STATUS_IGNORE);
            farm->stopping = true;
        }
    }
    return farm->stopping;
}

/* ---- the whole --------------------------------------------------------------------------- */

/* Have the ranks of every node a core each?  Bound ranks see their own cores only. */
static bool cores_for_all(MPI_Comm comm)
{
    MPI_Comm node;
    int ranks;
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
    MPI_Comm_size(node, &ranks);
    cpu_set_t cores;
    CPU_ZERO(&cores);
    sched_getaffinity(0, sizeof cores, &cores);
    MPI_Allreduce(MPI_IN_PLACE, &cores, sizeof cores, MPI_BYTE, MPI_BOR, node);
    MPI_Comm_free(&node);
    int enough = CPU_COUNT(&cores) >= ranks;
    MPI_Allreduce(MPI_IN_PLACE, &enough, 1, MPI_INT, MPI_MIN, comm);
    return enough != 0;
}

/* Collective.  A master among very many ranks would answer late too often to be worth its
 * share. */
static bool master_computes(MPI_Comm comm, int size, FarmMaster wish)
{
    MPI_Bcast(&wish, sizeof wish, MPI_BYTE, 0, comm);
    return wish == FARM_MASTER_AUTO ? size <= SCHEDULE_MASTER_MOST && cores_for_all(comm)
                                    : wish == FARM_MASTER_COMPUTES;
}

static void create_master(Farm *farm, bool computes)
{
    const FarmWork *work = farm->work;
    /* a master that sleeps is no rank of the schedule */
    farm->offset = computes || farm->size == 1 ? 0 : 1;
    ScheduleSettings settings = schedule_settings(farm->size - farm->offset);
    settings.master = computes;
    settings.deadline = work->deadline;
    settings.limit = work->limit;
    settings.batch = work->batch > 0 ? work->batch : settings.batch;
    farm->schedule = schedule_create(work->groups, work->group_count, &settings, work->model);
    farm->message = checked_alloc(WORDS_HEAD + 2 * (size_t)farm->size, sizeof *farm->message);
}

int farm_workers(MPI_Comm comm, FarmMaster wish)
{
    int size;
    MPI_Comm_size(comm, &size);
    return size == 1 || master_computes(comm, size, wish) ? size : size - 1;
}

FarmReport farm_run(MPI_Comm comm, const FarmWork *work)
{
    Farm farm = {.work = work, .origin = MPI_Wtime()};
    FarmReport report;
    /* tags of the farm must not meet those of tasks */
    MPI_Comm_dup(comm, &farm.comm);
    MPI_Comm_rank(comm, &farm.rank);
    MPI_Comm_size(comm, &farm.size);
    MPI_Comm_split(comm, farm.rank, 0, &farm.self);
    const bool computes = master_computes(farm.comm, farm.size, work->master);
    if (farm.rank == 0) {
        create_master(&farm, computes);
        report.state = run_master(&farm);
        report.too_long = schedule_too_long(farm.schedule);
        report.learned = schedule_learned(farm.schedule);
        schedule_free(farm.schedule);
        free(farm.message);
    } else {
        run_worker(&farm);
    }
    MPI_Bcast(&report, sizeof report, MPI_BYTE, 0, farm.comm);
    MPI_Comm_free(&farm.self);
    MPI_Comm_free(&farm.comm);
    return report;
}
