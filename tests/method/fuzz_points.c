/* Any point that the table of keys allows ends: no signal, no hang, no converged record that
 * cannot be right.  A seeded generator draws points of all methods and networks, each as the
 * words of a command line; what fails is printed as one, to be run by hand.  Of those that draw
 * data it draws small ones.
 *
 * usage: fuzz_points [FIRST [COUNT [SECONDS [DIMENSION]]]]       default 0 4000 60 1e12
 *   points number FIRST ... FIRST + COUNT - 1, up to DIMENSION, SECONDS of processor time
 *   allowed to each; FUZZ_LIST in the environment: print what is slow or did not converge
 *
 * A child solves one point after the other and tells in shared memory which; the parent
 * watches, and goes on with another child behind a point that killed or held up the last.
 */
#include <math.h>
#include <mpi.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/method/method.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/numerics/rng.h"
#include "phasesweep/study/sweep.h"

enum { WORDS = 12, WORD = 64, SLOW = 1 };

/* KEY=VALUE of one point. */
typedef struct Words {
    int count;
    char word[WORDS][WORD];
} Words;

/* What parent and child share. */
typedef struct Tally {
    uint64_t at; /* number of the point in hand */
    uint64_t done, refused, outcome[OUTCOME_COUNT], slow, wrong;
    double slowest;
    uint64_t slowest_at;
    double largest; /* dimension */
} Tally;

/* ---- the generator ----------------------------------------------------------------------- */

typedef struct Draw {
    uint64_t point, next;
} Draw;

static double uniform(Draw *draw, double low, double high)
{
    return low + (high - low) * rng_uniform(14, 7, draw->point, draw->next++);
}

static bool chance(Draw *draw, double share)
{
    return uniform(draw, 0.0, 1.0) < share;
}

static double log_uniform(Draw *draw, double low, double high)
{
    return exp(uniform(draw, log(low), log(high)));
}

static double one_of(Draw *draw, const double values[], int count)
{
    return values[(int)uniform(draw, 0.0, count)];
}

static double clamp(KeyId id, double value)
{
    const Key *key = &keys_table[id];
    value = key->kind == KIND_WHOLE ? floor(value) : value;
    if (key->or_zero && value == 0.0) {
        return value;
    }
    return fmin(fmax(value, key->low), key->high);
}

static void put(Words *words, KeyId id, double value)
{
    snprintf(words->word[words->count++], WORD, "%s=%.17g", keys_table[id].name,
             clamp(id, value));
}

static void put_word(Words *words, KeyId id, const char *value)
{
    snprintf(words->word[words->count++], WORD, "%s=%s", keys_table[id].name, value);
}

static double draw_exponent(Draw *draw)
{
    static const double corner[] = {0.51, 0.75, 1.0, 1.25, 2.0, 4.0, 10.0};
    if (chance(draw, 0.2)) {
        return one_of(draw, corner, 7);
    }
    if (chance(draw, 0.1)) {
        return 0.5 + log_uniform(draw, 1e-15, 0.1);
    }
    return uniform(draw, 0.5, chance(draw, 0.7) ? 3.5 : 10.0);
}

static double draw_dimension(Draw *draw, double high)
{
    static const double corner[] = {2.0, 3.0, 4.0, 64.0, 100.0, 1000.0, 4096.0, 1e300};
    return chance(draw, 0.2)
               ? fmin(high, one_of(draw, corner, 8))
               : log_uniform(draw, 2.0, chance(draw, 0.6) ? fmin(1e5, high) : high);
}

static double draw_noise(Draw *draw)
{
    static const double corner[] = {0.0, 1e-300, 1e-100, 1e-30, 1e-16, 1e-8, 1.0, 1e300};
    if (chance(draw, 0.15)) {
        return 0.0;
    }
    if (chance(draw, 0.1)) {
        return one_of(draw, corner, 8);
    }
    return chance(draw, 0.6) ? log_uniform(draw, 1e-6, 1e2) : log_uniform(draw, 1e-31, 1e13);
}

/* A power of d, near interpolation, or anything in range. */
static double draw_power(Draw *draw, KeyId id, double d, double low, double high)
{
    const Key *key = &keys_table[id];
    const double pick = uniform(draw, 0.0, 1.0);
    if (pick < 0.05) {
        return pick < 0.025 ? key->low : key->high;
    }
    return pick < 0.25 ? log_uniform(draw, key->low, key->high)
                       : pow(d, uniform(draw, low, high)) * log_uniform(draw, 0.1, 10.0);
}

static void draw_method(Draw *draw, Words *words, MethodId *method, ModelId *model)
{
    const double pick = uniform(draw, 0.0, 1.0);
    const double which = uniform(draw, 0.0, 1.0);
    *method = pick < 0.4    ? METHOD_STATE_EVOLUTION
              : pick < 0.65 ? METHOD_BAYES
              : pick < 0.95 ? METHOD_OPTIMAL
              : pick < 0.98 ? METHOD_TRAINING
                            : METHOD_AMP;
    *model = which < 0.5 ? MODEL_QUADRATIC : which < 0.9 ? MODEL_DIAGONAL : MODEL_RIDGE;
    if (which < 0.1 && (model_row(MODEL_SIGNED)->methods >> *method & 1u) != 0) {
        *model = MODEL_SIGNED;
    }
    put_word(words, KEY_METHOD, method_name(*method));
    put_word(words, KEY_MODEL, model_name(*model));
}

static Words draw_words(uint64_t point, double largest)
{
    Draw draw = {.point = point};
    Words words = {0};
    MethodId method;
    ModelId model;
    draw_method(&draw, &words, &method, &model);
    const bool draws_data = method_facts(method)->draws_data;
    const double d = draws_data ? floor(log_uniform(&draw, 2.0, 40.0))
                                : clamp(KEY_DIMENSION, draw_dimension(&draw, largest));
    put(&words, KEY_SOURCE_EXPONENT, draw_exponent(&draw));
    put(&words, KEY_DIMENSION, d);
    put(&words, KEY_NOISE, draw_noise(&draw));
    const bool matrix = model == MODEL_QUADRATIC || model == MODEL_SIGNED;
    const double side = matrix ? 1.0 : 0.0;
    put(&words, KEY_SAMPLES,
        draws_data ? floor(log_uniform(&draw, 1.0, 3000.0))
                   : draw_power(&draw, KEY_SAMPLES, d, side - 0.5, side + 4.0));
    const bool nuclear = matrix && chance(&draw, 0.4);
    const KeyId weight = nuclear ? KEY_NUCLEAR_WEIGHT : KEY_WEIGHT_DECAY;
    if (method_facts(method)->takes_weight || (method == METHOD_OPTIMAL && nuclear)) {
        put(&words, weight, draw_power(&draw, weight, d, -2.0, 2.5));
    }
    const bool narrow = model == MODEL_QUADRATIC && method != METHOD_BAYES &&
                        !(method == METHOD_OPTIMAL && nuclear) && chance(&draw, 0.3);
    if (narrow) {
        put(&words, KEY_WIDTH, pow(d, uniform(&draw, 0.0, 1.1)));
    }
    if (method == METHOD_AMP && chance(&draw, 0.5)) {
        put(&words, KEY_DAMPING, uniform(&draw, 0.0, 1.0));
    }
    if (model == MODEL_DIAGONAL && method != METHOD_BAYES && chance(&draw, 0.3)) {
        put_word(&words, KEY_SIGNS, "random");
    }
    if (model == MODEL_QUADRATIC && method_facts(method)->predicts && chance(&draw, 0.1)) {
        put(&words, KEY_SPECTRUM, log_uniform(&draw, 1.0, 300.0));
    }
    if (chance(&draw, 0.2)) {
        put(&words, KEY_TOLERANCE, log_uniform(&draw, 1e-13, 1e-2));
    }
    return words;
}

/* ---- a point ----------------------------------------------------------------------------- */

static void print_words(const Words *words, const char *what)
{
    printf("%s: phasesweep point", what);
    for (int k = 0; k < words->count; k++) {
        printf(" %s", words->word[k]);
    }
    printf("\n");
    fflush(stdout);
}

/* What no converged record may lack, whoever says that it converged. */
static const char *fault_of(const Record *record)
{
    const double *value = record->value;
    if (record->outcome == OUTCOME_NEVER_RUN || record->outcome == OUTCOME_RUNNING) {
        return "no outcome";
    }
    if (record->outcome != OUTCOME_CONVERGED) {
        return NULL;
    }
    if (!(isfinite(value[FIELD_RISK]) && value[FIELD_RISK] >= 0.0)) {
        return "risk";
    }
    return isfinite(value[FIELD_RESIDUAL]) || isfinite(value[FIELD_GAP]) ? NULL : "residual";
}

static void solve(const Words *words, Tally *tally)
{
    Sweep sweep = {0};
    Diagnostics errors = {.source = "fuzz"};
    for (int k = 0; k < words->count; k++) {
        sweep_set(&sweep, words->word[k], &errors);
    }
    sweep_check(&sweep, 1, &errors);
    char *text = diagnostics_finish(&errors);
    free(text);
    if (errors.count > 0) {
        tally->refused++;
        sweep_free(&sweep);
        return;
    }
    const Problem problem = sweep_problem(&sweep, 0);
    size_t length[SERIES_COUNT];
    sweep_series(&sweep, length);
    Series series = series_create(length, 1);
    PointTeam team = {.work = point_work(), .comm = MPI_COMM_SELF, .memory = 1e9};
    Record record;
    point_solve(&team, &problem, 1, &record, &series);
    tally->outcome[record.outcome]++;
    const char *fault = fault_of(&record);
    if (fault != NULL) {
        tally->wrong++;
        print_words(words, fault);
    }
    if (getenv("FUZZ_LIST") != NULL && record.outcome != OUTCOME_CONVERGED) {
        print_words(words, outcome_name(record.outcome));
    }
    series_free(&series);
    point_work_free(team.work);
    sweep_free(&sweep);
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + 1e-6 * (double)usage.ru_utime.tv_usec;
}

/* The rest of the child's life; a point that takes too long ends it by SIGPROF. */
static void solve_all(uint64_t end, int seconds, Tally *tally)
{
    /* no daemon beside each child */
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 1);
    MPI_Init(NULL, NULL);
    for (; tally->at < end; tally->at++) {
        const struct itimerval limit = {.it_value.tv_sec = seconds};
        setitimer(ITIMER_PROF, &limit, NULL);
        const double start = cpu_seconds();
        const Words words = draw_words(tally->at, tally->largest);
        solve(&words, tally);
        const double taken = cpu_seconds() - start;
        tally->done++;
        if (taken > SLOW) {
            tally->slow++;
            if (getenv("FUZZ_LIST") != NULL) {
                char what[32];
                snprintf(what, sizeof what, "slow %.2f", taken);
                print_words(&words, what);
            }
        }
        if (taken > tally->slowest) {
            tally->slowest = taken;
            tally->slowest_at = tally->at;
        }
    }
    MPI_Finalize();
    fflush(NULL);
    _exit(0); /* what MPI leaves allocated is no leak of ours */
}

/* Until a child comes to the end; the number of points that ended one. */
static int watch(uint64_t first, uint64_t end, int seconds, Tally *tally)
{
    int killed = 0;
    while (first < end) {
        const pid_t child = fork();
        if (child == 0) {
            tally->at = first;
            solve_all(end, seconds, tally);
        }
        int status;
        if (child < 0 || waitpid(child, &status, 0) != child) {
            die(STATUS_ENVIRONMENT, "fuzz_points: no child");
        }
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            break;
        }
        const Words words = draw_words(tally->at, tally->largest);
        char what[32];
        snprintf(what, sizeof what, WIFSIGNALED(status) ? "signal %d" : "status %d",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        print_words(&words, what);
        killed++;
        first = tally->at + 1;
    }
    return killed;
}

int main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? (uint64_t)text_number(argv[1]) : 0;
    const uint64_t count = argc > 2 ? (uint64_t)text_number(argv[2]) : 4000;
    const int seconds = argc > 3 ? (int)text_number(argv[3]) : 60;
    Tally *tally =
        mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED) {
        die(STATUS_ENVIRONMENT, "fuzz_points: no shared memory");
    }
    tally->largest = argc > 4 ? text_number(argv[4]) : 1e12;
    const int killed = watch(first, first + count, seconds, tally);
    printf("%llu points, %d killed or too long, %llu wrong;", (unsigned long long)count, killed,
           (unsigned long long)tally->wrong);
    printf(" refused %llu", (unsigned long long)tally->refused);
    for (Outcome outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        if (tally->outcome[outcome] > 0) {
            printf(", %s %llu", outcome_name(outcome),
                   (unsigned long long)tally->outcome[outcome]);
        }
    }
    printf("; %llu above %d s, slowest %.3g s: ", (unsigned long long)tally->slow, SLOW,
           tally->slowest);
    const Words slowest = draw_words(tally->slowest_at, tally->largest);
    print_words(&slowest, "slowest");
    return killed > 0 || tally->wrong > 0;
}
