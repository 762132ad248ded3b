/* What the farm costs.  Build target `benches`; on a machine with two cores
 *
 *     mpirun -n 3 --oversubscribe build/tests/bench_farm [points|mixed|idle|cores|simulate]...
 *
 * One rank more than cores: rank 0 sleeps between polls.  Work is a loop that lasts so many
 * seconds of wall time (mixed) or of processor time (cores).  On a machine that others use put
 * `nice -n -15` before it: what they take counts against two ranks more than against three.
 */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/engine/farm.h"
#include "phasesweep/numerics/rng.h"

typedef struct Bench {
    const char *name;
    void (*run)(int rank);
} Bench;

static double clock_now(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double processor_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static double resident_megabytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL && fscanf(file, "%*s %ld", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return 1e-6 * (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Seconds of a task, by its number: `often` of them short, the others long. */
typedef struct Load {
    double long_one, short_one;
    double spent; /* by this rank in tasks */
    size_t long_count;
    clockid_t clock;
    bool sleeps;
} Load;

static int run_load(void *context, FarmTeam *team, size_t task)
{
    (void)team;
    Load *load = context;
    const double begin = clock_now(CLOCK_MONOTONIC);
    const double seconds = task < load->long_count ? load->long_one : load->short_one;
    if (load->sleeps) {
        nanosleep(&(struct timespec){.tv_sec = (time_t)seconds,
                                     .tv_nsec = (long)(1e9 * (seconds - floor(seconds)))},
                  NULL);
        return 0;
    }
    for (const double end = clock_now(load->clock) + seconds;
         seconds > 0.0 && clock_now(load->clock) < end;) {
    }
    load->spent += clock_now(CLOCK_MONOTONIC) - begin;
    return 0;
}

static void no_progress(void *context, const ScheduleState *state)
{
    (void)context;
    (void)state;
}

static bool no_stop(void *context)
{
    (void)context;
    return false;
}

static double farm_seconds(MPI_Comm comm, Load *load, const TaskGroup groups[], size_t count,
                           FarmMaster master, int batch)
{
    const FarmWork work = {.groups = groups,
                           .group_count = count,
                           .master = master,
                           .batch = batch,
                           .deadline = INFINITY,
                           .limit = INFINITY,
                           .run = run_load,
                           .progress = no_progress,
                           .stop = no_stop,
                           .context = load};
    MPI_Barrier(comm);
    const double begin = MPI_Wtime();
    farm_run(comm, &work);
    return MPI_Wtime() - begin;
}

static TaskGroup tasks(size_t first, size_t count, int kind, double seconds, double points)
{
    return (TaskGroup){.first = first,
                       .count = count,
                       .kind = kind,
                       .seconds = seconds,
                       .least = 1,
                       .most = 1,
                       .points = points};
}

/* Nothing to compute: what remains is the farm. */
static void bench_points(int rank)
{
    static const struct {
        const char *what;
        double points, per_line;
        int batch;
    } cases[] = {{"a message each", 1e5, 1, 1},  {"one by one", 1e5, 1, 0},
                 {"one by one", 1e6, 1, 0},      {"one by one", 1e7, 1, 0},
                 {"chains of 256", 1e6, 256, 1}, {"chains of 256", 1e7, 256, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Load load = {0};
        const size_t lines = (size_t)(cases[k].points / cases[k].per_line);
        const TaskGroup group = tasks(0, lines, 0, 1e-6, cases[k].per_line);
        const double before = resident_megabytes();
        const double seconds =
            farm_seconds(MPI_COMM_WORLD, &load, &group, 1, FARM_MASTER_SLEEPS, cases[k].batch);
        if (rank == 0) {
            printf("%.0e empty points, %s: %.3g points/s, %.2f us a chain, master %+.1f MB\n",
                   cases[k].points, cases[k].what, cases[k].points / seconds,
                   1e6 * seconds / (double)lines, resident_megabytes() - before);
        }
    }
}

static void bench_mixed(int rank)
{
    Load load = {
        .long_one = 0.1, .short_one = 1e-3, .long_count = 40, .clock = CLOCK_MONOTONIC};
    const TaskGroup groups[] = {tasks(0, 40, 0, 0.1, 1), tasks(40, 4000, 1, 1e-3, 1)};
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const double seconds =
        farm_seconds(MPI_COMM_WORLD, &load, groups, 2, FARM_MASTER_SLEEPS, 0);
    double spent;
    MPI_Reduce(&load.spent, &spent, 1, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("40 of 100 ms, 4000 of 1 ms: efficiency %.3f of %d workers (in tasks %.3f)\n",
               8.0 / (size - 1) / seconds, size - 1, spent / (size - 1) / seconds);
    }
}

static void bench_idle(int rank)
{
    Load load = {.long_one = 2.0, .short_one = 2.0, .sleeps = true};
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    const TaskGroup group = tasks(0, (size_t)(size - 1), 0, 2.0, 1);
    const double before = processor_seconds();
    const double seconds =
        farm_seconds(MPI_COMM_WORLD, &load, &group, 1, FARM_MASTER_SLEEPS, 0);
    if (rank == 0) {
        printf("idle master: %.1f %% of a core\n",
               100.0 * (processor_seconds() - before) / seconds);
    }
}

/* As many ranks as cores, the master computing, against one more, the master sleeping. */
static void bench_cores(int rank)
{
    int size;
    MPI_Comm some;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Comm_split(MPI_COMM_WORLD, rank < size - 1, rank, &some);
    const TaskGroup groups[] = {tasks(0, 20, 0, 0.1, 1), tasks(20, 2000, 1, 1e-3, 1)};
    double seconds[2] = {0.0, 0.0};
    for (int round = 0; round < 3; round++) { /* taken in turns: others use the machine too */
        Load load = {.long_one = 0.1,
                     .short_one = 1e-3,
                     .long_count = 20,
                     .clock = CLOCK_THREAD_CPUTIME_ID};
        seconds[0] += farm_seconds(MPI_COMM_WORLD, &load, groups, 2, FARM_MASTER_SLEEPS, 0);
        if (rank < size - 1) {
            seconds[1] += farm_seconds(some, &load, groups, 2, FARM_MASTER_COMPUTES, 0);
        }
        MPI_Request all;
        int done = 0;
        for (MPI_Ibarrier(MPI_COMM_WORLD, &all); !done;) { /* the last rank must not spin */
            MPI_Test(&all, &done, MPI_STATUS_IGNORE);
            usleep(1000);
        }
    }
    MPI_Comm_free(&some);
    if (rank == 0) {
        printf("%d ranks, master computing: %.3f of the time of %d ranks, master sleeping\n",
               size - 1, seconds[1] / seconds[0], size);
    }
}

/* Both full diagrams and 500 trainings of d = 100 ... 3200 at n/d^2 = .05 ... 10. */
static const char full_job[] =
    "sweeps:\n"
    "  - {name: quadratic, source_exponent: [0.75, 1.25, 2], dimension: 10000, noise: 0.1,\n"
    "     samples: {as: effective_power, from: -0.5, to: 4.5, count: 1024},\n"
    "     weight_decay: {as: power, from: -2, to: 3, count: 1024}}\n"
    "  - {name: diagonal, model: diagonal, source_exponent: [0.75, 1.25, 2], dimension: "
    "10000,\n"
    "     noise: 0.1, samples: {as: effective_power, from: -0.5, to: 4.5, count: 1024},\n"
    "     weight_decay: {as: power, from: -2, to: 3, count: 1024}}\n"
    "  - {name: training, source_exponent: 1.25, noise: 0.1, seed: [1, 2], weight_decay: [1],\n"
    "     dimension: [100, 200, 400, 800, 1600, 3200],\n"
    "     samples: {as: effective_power, from: 0.6, to: 1.2, count: 42}}\n";

static void simulate_at(const Plan *plan, int ranks, double error)
{
    bool master;
    SimulateSettings settings = {.overhead = 1e-4, .error = error};
    settings.schedule = schedule_settings(plan_workers(ranks, &master));
    settings.schedule.master = master;
    const double begin = clock_now(CLOCK_MONOTONIC);
    const Simulated run = simulate(plan->groups, plan->group_count, &settings, NULL);
    const double seconds = clock_now(CLOCK_MONOTONIC) - begin;
    printf("%5d ranks, times off by up to %2.0f %%: %6.0f s, efficiency %.3f, busy %.3f; "
           "%.1f us of scheduling a chain\n",
           ranks, 100.0 * (exp(error) - 1.0), run.makespan, run.serial / ranks / run.makespan,
           run.busy / ranks / run.makespan, 1e6 * seconds / (double)run.done);
}

static void bench_simulate(int rank)
{
    Job job;
    if (rank != 0 || job_parse("full", full_job, strlen(full_job), &job) != NULL) {
        return;
    }
    job.sweeps[2].settings.value[KEY_METHOD] = METHOD_TRAINING;
    const PlanSettings settings = {.memory = 4e9};
    Plan plan = plan_create(&job, &settings);
    for (size_t s = 0; s < 3; s++) {
        const PlanTotal total = plan_total(&plan, s);
        printf("%s: %zu chains, %.4g core-hours, %d-%d ranks a chain\n", job.sweeps[s].name,
               total.chains, total.seconds / 3600.0, total.least, total.most);
    }
    for (int ranks = 64; ranks <= 4096; ranks *= 8) {
        simulate_at(&plan, ranks, 0.0);
        simulate_at(&plan, ranks, 0.3);
    }
    plan_free(&plan);
    job_free(&job);
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {{"points", bench_points},
                                    {"mixed", bench_mixed},
                                    {"idle", bench_idle},
                                    {"cores", bench_cores},
                                    {"simulate", bench_simulate}};
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    for (size_t k = 0; k < sizeof benches / sizeof *benches; k++) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; i++) {
            wanted |= strcmp(argv[i], benches[k].name) == 0;
        }
        if (wanted) {
            benches[k].run(rank);
            fflush(stdout);
        }
    }
    MPI_Finalize();
    return 0;
}
