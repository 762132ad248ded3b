/* What the farm costs.  Build target `benches`; on a machine with two cores
 *
 *     mpirun -n 3 --oversubscribe build/tests/bench_farm
 * [points|mixed|idle|cores|scale|simulate]...
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

/* The line of /proc/PID/stat or smaps_rollup that holds what is asked for. */
static double number_of(const char *path, const char *format)
{
    char line[4096];
    double number = NAN;
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL &&
           sscanf(line, format, &number) != 1) {
    }
    if (file != NULL) {
        fclose(file);
    }
    return number;
}

/* Since the launcher was started, on the clock that counts from the boot. */
static double seconds_since_launch(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)getppid());
    /* field 22, behind a name in parentheses; in ticks */
    const double ticks =
        number_of(path, "%*d (%*[^)]) %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                        "%*s %*s %*s %*s %*s %lf");
    return number_of("/proc/uptime", "%lf") - ticks / (double)sysconf(_SC_CLK_TCK);
}

/* What a launch costs, then tasks that sleep, so that many ranks can share a core: the price
 * of the master, who answers all of them. */
static void bench_scale(int rank)
{
    static const struct {
        double seconds;
        int per_rank, batch;
    } cases[] = {{0.0, 100, 1}, {1e-3, 100, 1}, {1e-3, 100, 0}, {0.1, 20, 0}, {1.0, 5, 0}};
    int size;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Barrier(MPI_COMM_WORLD);
    const double launch = seconds_since_launch();
    const double own[] = {resident_megabytes(),
                          number_of("/proc/self/smaps_rollup", "Pss: %lf")};
    double most[2];
    MPI_Reduce(own, most, 2, MPI_DOUBLE, MPI_MAX, 0, MPI_COMM_WORLD);
    if (rank == 0) {
        printf("%d ranks: %.1f s from launch to the first barrier, %.0f MB resident a rank "
               "(%.0f MB without what is shared)\n",
               size, launch, most[0], 1e-3 * most[1]);
    }
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Load load = {
            .long_one = cases[k].seconds, .short_one = cases[k].seconds, .sleeps = true};
        const size_t count = (size_t)(size - 1) * (size_t)cases[k].per_rank;
        const TaskGroup group = tasks(0, count, 0, fmax(cases[k].seconds, 1e-6), 1);
        const double before = processor_seconds();
        const double seconds =
            farm_seconds(MPI_COMM_WORLD, &load, &group, 1, FARM_MASTER_SLEEPS, cases[k].batch);
        const double spent = processor_seconds() - before;
        if (rank == 0) {
            printf("%zu tasks of %g ms, %s: %.3g tasks/s, %.1f us of the master's processor a "
                   "task, efficiency %.3f\n",
                   count, 1e3 * cases[k].seconds,
                   cases[k].batch == 1 ? "one by one" : "in batches", (double)count / seconds,
                   1e6 * spent / (double)count, cases[k].per_rank * cases[k].seconds / seconds);
            fflush(stdout);
        }
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

/* The trainings alone, each with so many seeds that 14 hours of all ranks are full. */
static const char wide_job[] =
    "sweeps:\n"
    "  - {name: training, source_exponent: 1.25, noise: 0.1, weight_decay: [1],\n"
    "     seed: {from: 1, to: %d, count: %d}, dimension: [100, 200, 400, 800, 1600, 3200],\n"
    "     samples: {as: effective_power, from: 0.6, to: 1.2, count: 42}}\n";

static void simulate_at(const Plan *plan, int ranks, double error, double message)
{
    bool master;
    SimulateSettings settings = {.overhead = 1e-4, .message = message, .error = error};
    settings.schedule = schedule_settings(plan_workers(ranks, &master));
    settings.schedule.master = master;
    const double begin = clock_now(CLOCK_MONOTONIC);
    const Simulated run = simulate(plan->groups, plan->group_count, &settings, NULL);
    const double seconds = clock_now(CLOCK_MONOTONIC) - begin;
    printf(
        "%6d ranks, times off by up to %2.0f %%, %2.0f us a message: %6.0f s, efficiency %.3f, "
        "busy %.3f; %.1f us of scheduling a chain\n",
        ranks, 100.0 * (exp(error) - 1.0), 1e6 * message, run.makespan,
        run.serial / ranks / run.makespan, run.busy / ranks / run.makespan,
        1e6 * seconds / (double)run.done);
}

static Plan plan_of(Job *job, const char *text)
{
    static const PlanSettings settings = {.memory = 4e9};
    char *errors = job_parse("bench", text, strlen(text), job);
    if (errors != NULL) {
        fputs(errors, stderr);
        exit(1);
    }
    job->sweeps[job->sweep_count - 1].settings.value[KEY_METHOD] = METHOD_TRAINING;
    Plan plan = plan_create(job, &settings);
    for (size_t s = 0; s < job->sweep_count; s++) {
        const PlanTotal total = plan_total(&plan, s);
        printf("%s: %zu chains, %.4g core-hours, %d-%d ranks a chain\n", job->sweeps[s].name,
               total.chains, total.seconds / 3600.0, total.least, total.most);
    }
    return plan;
}

static const double messages[] = {0.0, 3e-6, 30e-6};
enum { MESSAGES = sizeof messages / sizeof *messages };

/* One job on ever more ranks, and ever more seeds on them. */
static void bench_simulate(int rank)
{
    static const int many[] = {64, 512, 1024, 4096, 16384, 65536, 100000};
    if (rank != 0) {
        return;
    }
    Job job;
    Plan full = plan_of(&job, full_job);
    for (int k = 0; k < 5; k++) {
        simulate_at(&full, many[k], 0.0, messages[1]);
        simulate_at(&full, many[k], 0.3, messages[1]);
    }
    plan_free(&full);
    job_free(&job);
    for (size_t k = 2; k < sizeof many / sizeof *many; k++) {
        char text[1024];
        const int seeds = many[k] / 256;
        snprintf(text, sizeof text, wide_job, seeds, seeds);
        Plan wide = plan_of(&job, text);
        for (int m = 0; m < MESSAGES; m++) {
            simulate_at(&wide, many[k], 0.3, messages[m]);
        }
        plan_free(&wide);
        job_free(&job);
    }
}

int main(int argc, char **argv)
{
    static const Bench benches[] = {{"points", bench_points}, {"mixed", bench_mixed},
                                    {"idle", bench_idle},     {"cores", bench_cores},
                                    {"scale", bench_scale},   {"simulate", bench_simulate}};
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
