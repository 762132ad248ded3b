/* Whatever is done with a key follows from its row in keys_table: the same checks for every
 * key, in a sweep that takes it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "phasesweep/base/check.h"
#include "phasesweep/study/job.h"

/* A text that the key allows, another one for another k, or NULL; owned by the caller. */
static char *sample(const Key *key, int k)
{
    static const char *const texts[] = {"2", "3", "first", "second", "0.001", "0.002", "4"};
    int found = -1;
    if (key->kind == KIND_WORD) {
        return k < key->word_count ? checked_format("%s", key->word(k)) : NULL;
    }
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        double value;
        char *error = key_read(key, FORM_NUMBER, texts[t], &value);
        found += error == NULL;
        free(error);
        if (found == k) {
            return checked_format("%s", texts[t]);
        }
    }
    return NULL;
}

static char *append(char *text, const Key *key, char *value)
{
    char *longer = checked_format("%s    %s: %s\n", text, key->name, value);
    free(text);
    free(value);
    return longer;
}

/* How a sweep is written: what it is, and a key of a weight, a law or the like that it needs,
 * with its value of number `value`. */
typedef struct Setting {
    ModelId model;
    MethodId method;
    KeyId also;
    int value;
} Setting;

/* Keys of a sweep whose data come from a file. */
static bool is_of_file(KeyId id)
{
    return id == KEY_DATA || id == KEY_TARGET || id == KEY_HOLD_OUT || id == KEY_FOLDS;
}

/* What a survey would have found: files named 2 and 3 differ, whatever their target. */
static char *append_files(char *text)
{
    char *longer = checked_format("%sdata_files:\n", text);
    free(text);
    for (int file = 2; file <= 3; file++) {
        for (int target = 2; target <= 3; target++) {
            text = longer;
            longer = checked_format("%s  - {data: %d, target: %d, rows: 100, dimension: 5, "
                                    "content: 012345678%d000000}\n",
                                    text, file, target, file);
            free(text);
        }
    }
    return longer;
}

/* What is refined needs two axes with room for the coarsest cells. */
static bool is_of_plane(KeyId id)
{
    return id == KEY_SAMPLES || id == KEY_WEIGHT_DECAY;
}

static char *append_plane(char *text)
{
    char *longer = checked_format("%s    samples: {from: 10, to: 20, count: 17}\n"
                                  "    weight_decay: {from: 1, to: 2, count: 17}\n",
                                  text);
    free(text);
    return longer;
}

/* The sweep with value k of a key, or without the key; false where it is refused. */
static bool parse(Setting setting, KeyId id, int k, Job *job)
{
    const KeyId fixed[] = {KEY_MODEL, KEY_METHOD, setting.also};
    const int values[] = {setting.model, setting.method, setting.value};
    char *text = checked_format("sweeps:\n  -\n");
    for (KeyId other = 0; other < KEY_COUNT; other++) {
        const bool needed =
            key_needed(&keys_table[other], (MethodId)setting.method) &&
            key_taken(&keys_table[other], (ModelId)setting.model, (MethodId)setting.method);
        /* of two keys either is needed; and a network of neurons has little theory without */
        const bool useful =
            (other == KEY_READOUT_EXPONENT && setting.model == MODEL_NEURONS) ||
            (other == KEY_WEIGHT_DECAY && id != KEY_NUCLEAR_WEIGHT &&
             setting.also != KEY_NUCLEAR_WEIGHT &&
             key_taken(&keys_table[other], (ModelId)setting.model, (MethodId)setting.method));
        int value = needed || useful ? 0 : -1;
        for (int f = 0; f < 3; f++) {
            value = other == fixed[f] ? values[f] : value;
        }
        if (is_of_file(id)) {
            value = other == KEY_DATA || other == KEY_TARGET ? 0
                    : other == KEY_SAMPLES                   ? 4 /* enough for folds */
                    : keys_table[other].drawn || other == KEY_DIMENSION ? -1
                                                                        : value;
        }
        value = other == id ? k : value;
        if (value >= 0 && !(id == KEY_REFINE && is_of_plane(other))) {
            char *written = sample(&keys_table[other], value);
            if (written == NULL) {
                free(text);
                return false;
            }
            text = append(text, &keys_table[other], written);
        }
    }
    text = is_of_file(id) ? append_files(text) : text;
    text = id == KEY_REFINE ? append_plane(text) : text;
    char *errors = job_parse("job", text, strlen(text), job);
    const bool good = errors == NULL;
    free(errors);
    free(text);
    return good;
}

/* The values of a key, at most `values`, that a sweep may have: jobs[0] to jobs[count - 1]. */
static int parse_all(Setting setting, KeyId id, int values, Job jobs[])
{
    int count = 0;
    for (int k = 0; k < values && setting.also != id; k++) {
        count += parse(setting, id, k, &jobs[count]);
    }
    return count;
}

static void free_all(Job jobs[], int count)
{
    for (int k = 0; k < count; k++) {
        job_free(&jobs[k]);
    }
}

/* The sweep that takes most of them. */
static Setting taker(KeyId id, int values)
{
    Setting best = {0};
    int most = 0;
    for (int at = 0; most < values && at < MODEL_COUNT * METHOD_COUNT * KEY_COUNT * WORDS_MOST;
         at++) {
        const int other = at / MODEL_COUNT / METHOD_COUNT;
        const Setting setting = {at % MODEL_COUNT, at / MODEL_COUNT % METHOD_COUNT,
                                 (KeyId)(other % KEY_COUNT), other / KEY_COUNT};
        if (setting.value >= (keys_table[setting.also].kind == KIND_WORD
                                  ? keys_table[setting.also].word_count
                                  : WORDS_MOST / 2)) {
            continue;
        }
        Job jobs[WORDS_MOST];
        const int count = parse_all(setting, id, values, jobs);
        free_all(jobs, count);
        best = count > most ? setting : best;
        most = count > most ? count : most;
    }
    if (most < 2) {
        fail_msg("%s: no sweep takes two values", keys_table[id].name);
    }
    return best;
}

static bool same_jobs(const Job *a, const Job *b)
{
    char *difference = job_difference(a, b);
    const bool same = difference == NULL;
    free(difference);
    return same;
}

/* What a job resolves to is the same job, whatever was said of the key in it. */
static void check_resolved(const Key *key, const Job *job)
{
    Job again;
    char *text = job_resolved(job);
    char *errors = job_parse("resolved", text, strlen(text), &again);
    assert_null(errors);
    assert_true(same_jobs(job, &again));
    assert_int_equal(sweep_chain_id(&job->sweeps[0], 0), sweep_chain_id(&again.sweeps[0], 0));
    char *name = checked_format(" %s: ", key->name);
    assert_int_equal(strstr(text, name) == NULL, key->silent);
    free(name);
    free(text);
    job_free(&again);
}

/* A copy of every key is the same sweep. */
static void check_copy(const Job *job)
{
    Sweep copy = {0};
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        sweep_copy(&copy, &job->sweeps[0], id);
    }
    assert_memory_equal(&copy.settings, &job->sweeps[0].settings, sizeof copy.settings);
    const Job other = {.sweep_count = 1, .sweeps = &copy};
    assert_true(same_jobs(job, &other));
    assert_int_equal(sweep_chain_id(&job->sweeps[0], 0), sweep_chain_id(&copy, 0));
    sweep_free(&copy);
}

/* Of the only point of a sweep. */
static double value_of(const Sweep *sweep, KeyId id)
{
    return id < KEY_AXES ? sweep->settings.value[id] : sweep->axis[id - KEY_AXES].values[0];
}

static double counted(const Key *key, double value)
{
    return key->counts != NULL ? key->counts(value) : value;
}

/* Two values of a key are two jobs, and two points, as far as the row says so. */
static void check_pair(KeyId id, const Job *a, const Job *b)
{
    const Key *key = &keys_table[id];
    const bool same = key->silent ||
                      (key->kind == KIND_WORD && counted(key, value_of(&a->sweeps[0], id)) ==
                                                     counted(key, value_of(&b->sweeps[0], id)));
    assert_int_equal(same_jobs(a, b), same);
    char *difference = job_difference(a, b);
    assert_true(same || strstr(difference, key->name) != NULL);
    free(difference);
    const bool same_point =
        sweep_point_id(&a->sweeps[0], 0) == sweep_point_id(&b->sweeps[0], 0);
    assert_int_equal(same_point, same || key->content == 0);
}

static void test_every_key(void **unused)
{
    (void)unused;
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const int values = keys_table[id].kind == KIND_WORD ? keys_table[id].word_count : 2;
        Job jobs[WORDS_MOST];
        const int count = parse_all(taker(id, values), id, values, jobs);
        for (int k = 0; k < count; k++) {
            assert_true(jobs[k].sweeps[0].settings.written_at[id] > 0);
            check_resolved(&keys_table[id], &jobs[k]);
            check_copy(&jobs[k]);
            for (int before = 0; before < k; before++) {
                check_pair(id, &jobs[before], &jobs[k]);
            }
        }
        free_all(jobs, count);
    }
}

/* Rows do not claim one place of a content id for two numbers, and leave none empty. */
static void test_content(void **unused)
{
    (void)unused;
    size_t member[KEY_COUNT + 1] = {0};
    size_t most = 0;
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const Key *key = &keys_table[id];
        const size_t place = key->content;
        assert_true(place == 0 || member[place] == 0 || member[place] == key->member);
        member[place] = key->member != 0 ? key->member : SIZE_MAX;
        most = place > most ? place : most;
    }
    for (size_t place = 1; place <= most; place++) {
        assert_int_not_equal(member[place], 0);
    }
}

/* Ids as they were before keys were rows: the order and the bits of what is hashed. */
static void test_content_ids(void **unused)
{
    (void)unused;
    static const char text[] =
        "sweeps:\n"
        "  - {source_exponent: 1.25, dimension: [40, 60], noise: 0.1, seed: 3,\n"
        "     samples: {as: effective_power, values: [1, 1.5]}, width: {as: power, values: "
        "[0.5]},\n"
        "     nuclear_weight: {as: sqrt_effective, values: [0.1, 1]}, spectrum: 9}\n"
        "  - {model: diagonal, method: amp, source_exponent: 1, dimension: 50, noise: 0,\n"
        "     samples: {as: power, values: [0.7]}, weight_decay: [0.1, 1], signs: random,\n"
        "     store: float, damping: 0.5, tolerance: 1e-5, ranks_per_line: 2}\n"
        "  - {method: bayes, source_exponent: 1, dimension: 50, noise: 1, samples: 90}\n";
    static const uint64_t ids[3][2] = {{0x2574158e61f6a15c, 0xb8efefc4d4e2ebc1},
                                       {0x5c6fe3e97edba265, 0x19abfd41bda0cccc},
                                       {0x4edfb9c5bf59f2f1}};
    Job job;
    assert_null(job_parse("job", text, strlen(text), &job));
    for (size_t s = 0; s < 3; s++) {
        for (size_t chain = 0; chain < 2 && chain < sweep_chains(&job.sweeps[s]); chain++) {
            assert_int_equal(sweep_chain_id(&job.sweeps[s], chain), ids[s][chain]);
        }
    }
    job_free(&job);
}

static Job job_of(const char *values)
{
    Job job;
    char *text = checked_format("sweeps:\n  - {source_exponent: 1.25, dimension: [40, 60], "
                                "noise: 0.1, samples: 90, weight_decay: %s}\n",
                                values);
    assert_null(job_parse("job", text, strlen(text), &job));
    free(text);
    return job;
}

/* A point is what it resolves to, wherever it stands; a chain of one is no more than its point.
 */
static void test_points(void **unused)
{
    (void)unused;
    Job up = job_of("{as: power, from: -1, to: 1, count: 601}");
    Job down = job_of("{as: power, from: 1, to: -1, count: 601}");
    Job one = job_of("[0.1]");
    const Sweep *sweep = &up.sweeps[0];
    assert_int_equal(sweep_points(sweep), 1202);
    for (size_t point = 0; point < 1202; point++) {
        const size_t row = point / 601;
        const size_t mirrored = 601 * row + 600 - point % 601;
        size_t first, count;
        sweep_chain(sweep, sweep_chain_at(sweep, point), &first, &count);
        assert_true(point >= first && point < first + count);
        /* -1 + 2 k/600 and 1 - 2 k/600 are not always one double */
        const bool same = sweep_problem(sweep, point).weight_decay ==
                          sweep_problem(&down.sweeps[0], mirrored).weight_decay;
        assert_int_equal(same, sweep_point_id(sweep, point) ==
                                   sweep_point_id(&down.sweeps[0], mirrored));
        assert_true(point == 0 ||
                    sweep_point_id(sweep, point) != sweep_point_id(sweep, point - 1));
    }
    assert_int_equal(sweep_point_id(&one.sweeps[0], 1), sweep_chain_id(&one.sweeps[0], 1));
    assert_int_not_equal(sweep_point_id(&one.sweeps[0], 0), sweep_point_id(&one.sweeps[0], 1));
    job_free(&up);
    job_free(&down);
    job_free(&one);
}

/* Of a training drawn with these samples; *errors: of the job, owned by the caller, or NULL. */
static Job drawn_with(const char *method, const char *samples, char **errors)
{
    char *yaml = checked_format("sweeps:\n  - {method: %s, source_exponent: 1, noise: 0.1,\n"
                                "     dimension: 50, weight_decay: 1, samples: %s}\n",
                                method, samples);
    Job job;
    *errors = job_parse("test", yaml, strlen(yaml), &job);
    free(yaml);
    return job;
}

/* Rows of data are whole; of theory alone samples are real. */
static void test_whole_samples(void **unused)
{
    (void)unused;
    static const char *const methods[] = {
        "training", "amp", "descent, time: 1, learning_rate: 1", "state_evolution"};
    static const char *const ranges[] = {
        "{from: 100, to: 1000, count: 20}",
        "{from: 100, to: 1000, count: 20, spacing: logarithmic}",
        "{from: 40.4, to: 9, count: 5}", "{as: power, from: 1, to: 2, count: 20}"};
    for (int k = 0; k < 16; k++) {
        char *errors;
        Job job = drawn_with(methods[k / 4], ranges[k % 4], &errors);
        assert_null(errors);
        const Sweep *sweep = &job.sweeps[0];
        const Axis *axis = &sweep->axis[KEY_SAMPLES - KEY_AXES];
        const bool drawn = k / 4 < 3;
        assert_int_equal(axis->count, k % 4 == 2 ? 5 : 20);
        for (size_t point = 0; point < axis->count; point++) {
            const double n = sweep_problem(sweep, point).samples;
            assert_true(!drawn || n == round(n));
            assert_true(k % 4 == 3 || n == axis->values[point]);
        }
        assert_true(drawn || sweep_problem(sweep, 1).samples != round(axis->values[1]));
        job_free(&job);
    }
}

/* What was written is not changed, and no training is there under two names. */
static void test_fractions(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"[100, 150.5, 200]", "{from: 3, to: 7, count: 9}",
                                        "{from: 0.1, to: 7, count: 3}"};
    static const char *const says[] = {"allowed: a whole number", "allowed: a smaller count",
                                       "allowed: a whole number from 1"};
    for (int k = 0; k < 3; k++) {
        char *errors;
        Job job = drawn_with("training", wrong[k], &errors);
        assert_non_null(errors);
        assert_non_null(strstr(errors, says[k]));
        assert_ptr_equal(strchr(errors, '\n'), errors + strlen(errors) - 1);
        free(errors);
        job = drawn_with("state_evolution", wrong[k], &errors);
        assert_null(errors);
        job_free(&job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),     cmocka_unit_test(test_content),
        cmocka_unit_test(test_content_ids),   cmocka_unit_test(test_points),
        cmocka_unit_test(test_whole_samples), cmocka_unit_test(test_fractions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
