/* A checkpoint is of one chain: whatever key is changed, the chain that goes on ends as if
 * there had been no file.
 *
 * For each way to train a sweep is given in words, a chain of two points is stopped in the
 * second, and one key after the other is changed before it goes on; keys without a part in it
 * may be changed and the file still serve. */
#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "phasesweep/base/diagnostics.h"
#include "phasesweep/method/method.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/model/model.h"
#include "phasesweep/study/sweep.h"

enum { WORDS = 14, POINTS = 2 };

typedef struct Words {
    const char *word[WORDS];
} Words;

/* What every one of them starts from. */
static const Words ways[] = {
    {{"method=training", "dimension=12", "samples=150", "weight_decay=.05", "tolerance=1e-9"}},
    {{"method=training", "dimension=12", "samples=150", "weight_decay=.05", "tolerance=1e-9",
      "width=3"}},
    {{"method=training", "model=diagonal", "dimension=40", "samples=30", "weight_decay=.05",
      "tolerance=1e-9"}},
    {{"method=amp", "dimension=12", "samples=150", "weight_decay=.3", "damping=.1"}},
    {{"method=amp", "model=diagonal", "dimension=40", "samples=50", "weight_decay=.3"}},
    {{"method=training", "dimension=8", "samples=60", "weight_decay=.1", "features=student"}},
    {{"method=training", "dimension=8", "samples=60", "weight_decay=.1", "features=sparse",
      "block_correlation=.6"}},
    {{"method=descent", "dimension=12", "samples=150", "weight_decay=.05", "width=3", "time=.3",
      "learning_rate=.01", "optimizer=adam", "batch=40"}},
    {{"method=training", "model=neurons", "dimension=8", "samples=90", "weight_decay=.1",
      "width=4", "teacher_width=5", "activation=hermite", "teacher_activation=hermite",
      "hermite_2=1", "hermite_3=.5", "epochs=12", "batch=64", "iteration_limit=20"}}};

/* Another value of each key that has a part in a problem. */
static const char *const changes[] = {"model=diagonal",
                                      "model=quadratic",
                                      "model=ridge",
                                      "method=amp",
                                      "method=training",
                                      "tolerance=1e-7",
                                      "signs=random",
                                      "store=none",
                                      "store=float",
                                      "store=double",
                                      "spectrum=5",
                                      "damping=.3",
                                      "source_exponent=2",
                                      "dimension=13",
                                      "noise=.2",
                                      "seed=5",
                                      "width=4",
                                      "samples=151",
                                      "weight_decay=.06",
                                      "nuclear_weight=.07",
                                      "model=signed",
                                      "linear_unit=yes",
                                      "rotated=yes",
                                      "features=laplace",
                                      "covariance_exponent=.5",
                                      "block_correlation=.5",
                                      "block_size=3",
                                      "degrees_of_freedom=8",
                                      "sparse_share=.5",
                                      "start=aligned",
                                      "start_scale=.2",
                                      "optimizer=sgd",
                                      "learning_rate=.02",
                                      "batch=30",
                                      "epochs=15",
                                      "time=.5",
                                      "activation=tanh",
                                      "teacher_activation=relu",
                                      "teacher_width=6",
                                      "teacher_directions=gaussian",
                                      "readout_exponent=.7",
                                      "readout=trained",
                                      "hermite_0=.1",
                                      "hermite_1=.1",
                                      "hermite_2=.9",
                                      "hermite_3=.6",
                                      "hermite_4=.1",
                                      "hermite_5=.1",
                                      "hermite_6=.1"};

static char name[64];

typedef struct Chain {
    size_t count;
    Problem problem[POINTS];
    Record record[POINTS];
    Series series;
    int stop_at, asked; /* iterations; 0: never */
} Chain;

static bool stops(void *context)
{
    Chain *chain = context;
    return ++chain->asked == chain->stop_at;
}

static KeyId key_of(const char *word)
{
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const size_t length = strlen(keys_table[id].name);
        if (strncmp(word, keys_table[id].name, length) == 0 && word[length] == '=') {
            return id;
        }
    }
    fail();
    return KEY_COUNT;
}

/* Its teacher has a readout in place of a source exponent. */
static bool of_neurons(const Words *way)
{
    return strcmp(way->word[1], "model=neurons") == 0;
}

/* The way with one word in the place of another, or beside it; false if refused.  The points
 * differ in weight, or in time. */
static bool describe(const Words *way, const char *change, Chain *chain)
{
    Sweep sweep = {0};
    Diagnostics errors = {.source = "test"};
    *chain = (Chain){.count = POINTS};
    for (int k = 0; k < WORDS && way->word[k] != NULL; k++) {
        const KeyId id = key_of(way->word[k]);
        const bool is_other_weight =
            change != NULL && id == KEY_WEIGHT_DECAY && key_of(change) == KEY_NUCLEAR_WEIGHT;
        if (change == NULL || (id != key_of(change) && !is_other_weight)) {
            sweep_set(&sweep, way->word[k], &errors);
        }
    }
    if (!of_neurons(way) && (change == NULL || key_of(change) != KEY_SOURCE_EXPONENT)) {
        sweep_set(&sweep, "source_exponent=1.25", &errors);
    }
    if (change == NULL || key_of(change) != KEY_NOISE) {
        sweep_set(&sweep, "noise=.1", &errors);
    }
    if (change != NULL) {
        sweep_set(&sweep, change, &errors);
    }
    sweep_check(&sweep, 1, &errors);
    free(diagnostics_finish(&errors));
    if (errors.count == 0) {
        size_t length[SERIES_COUNT];
        sweep_series(&sweep, length);
        chain->series = series_create(length, POINTS);
        for (size_t k = 0; k < POINTS; k++) {
            chain->problem[k] = sweep_problem(&sweep, 0);
            const bool in_time = chain->problem[k].time > 0.0;
            double *differs =
                in_time ? &chain->problem[k].time : &chain->problem[k].weight_decay;
            *differs *= in_time ? (double)(k + 1) : 1.0 / (double)(k + 1);
        }
    }
    sweep_free(&sweep);
    return errors.count == 0;
}

/* False if it was stopped, as it asks for. */
static bool run(Chain *chain, const char *checkpoint, const char *archive)
{
    const PointTeam team = {.work = point_work(),
                            .comm = MPI_COMM_WORLD,
                            .stopping = stops,
                            .context = chain,
                            .memory = 1e9,
                            .checkpoint = checkpoint,
                            .archive = archive};
    const bool finished =
        point_solve(&team, chain->problem, chain->count, chain->record, &chain->series);
    point_work_free(team.work);
    return finished;
}

/* In the second point: the first has a record in the file by then. */
static void leave_checkpoint(const Words *way, int *iterations)
{
    Chain whole, part;
    assert_true(describe(way, NULL, &whole) && describe(way, NULL, &part));
    assert_true(run(&whole, NULL, "one"));
    part.stop_at = *iterations = whole.asked;
    remove(name);
    assert_false(run(&part, name, "one"));
    assert_int_equal(access(name, F_OK), 0);
    series_free(&whole.series);
    series_free(&part.series);
}

static void assert_same(const Chain *a, const Chain *b)
{
    for (size_t k = 0; k < a->count; k++) {
        Record x = a->record[k];
        Record y = b->record[k];
        x.value[FIELD_SECONDS] = y.value[FIELD_SECONDS] = 0.0;
        assert_memory_equal(&x.outcome, &y.outcome, sizeof x.outcome);
        assert_memory_equal(x.value, y.value, sizeof x.value);
    }
    assert_memory_equal(series_block(&a->series), series_block(&b->series),
                        series_size(a->series.length, a->count) * sizeof(double));
}

/* As if there were no file; whether it was of use is told by the iterations. */
static bool serves(Chain *after, Chain *fresh, const char *archive)
{
    assert_true(run(fresh, NULL, archive));
    assert_true(run(after, name, archive));
    assert_same(after, fresh);
    const bool used = after->asked < fresh->asked;
    series_free(&after->series);
    series_free(&fresh->series);
    return used;
}

/* Does a network that learns from drawn data take it?  Theory alone leaves no checkpoint. */
static bool is_for_data(const Key *key)
{
    bool found = false;
    for (int k = 0; k < MODEL_COUNT * METHOD_COUNT; k++) {
        const ModelId model = (ModelId)(k / METHOD_COUNT);
        const MethodId method = (MethodId)(k % METHOD_COUNT);
        found = found || ((model_row(model)->methods >> method & 1u) != 0 &&
                          method_facts(method)->draws_data && key_taken(key, model, method));
    }
    return found;
}

static void test_every_key(void **unused)
{
    (void)unused;
    bool met[KEY_COUNT] = {false};
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        int iterations;
        Chain after, fresh;
        leave_checkpoint(&ways[w], &iterations);
        for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
            Chain plain;
            if (!describe(&ways[w], changes[c], &after)) {
                continue;
            }
            assert_true(describe(&ways[w], changes[c], &fresh));
            assert_true(describe(&ways[w], NULL, &plain));
            const KeyId id = key_of(changes[c]);
            const bool is_changed =
                memcmp(&plain.problem[1], &after.problem[1], sizeof plain.problem[1]) != 0;
            met[id] |= is_changed;
            assert_true(!serves(&after, &fresh, "one") || !is_changed);
            series_free(&plain.series);
        }
        /* another archive; another count of points; and at last the chain itself */
        assert_true(describe(&ways[w], NULL, &after) && describe(&ways[w], NULL, &fresh));
        assert_false(serves(&after, &fresh, "two"));
        assert_true(describe(&ways[w], NULL, &after) && describe(&ways[w], NULL, &fresh));
        after.count = fresh.count = 1;
        assert_false(serves(&after, &fresh, "one"));
        assert_true(describe(&ways[w], NULL, &after) && describe(&ways[w], NULL, &fresh));
        assert_true(serves(&after, &fresh, "one"));
    }
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        /* of a depth there is one value so far for what draws data; what needs a file is tested
         * with one (system/test_data.py) */
        assert_true(met[id] || keys_table[id].member == 0 || keys_table[id].silent ||
                    !is_for_data(&keys_table[id]) || id == KEY_DEPTH || id == KEY_DATA ||
                    id == KEY_HOLD_OUT || id == KEY_FOLDS);
    }
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    snprintf(name, sizeof name, "test_checkpoint_keys.%d.state", (int)getpid());
    /* a line for each file that is not used */
    if (getenv("SHOW") == NULL && freopen("/dev/null", "w", stderr) == NULL) {
        return 1;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_key)};
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(name);
    MPI_Finalize();
    return failed;
}
