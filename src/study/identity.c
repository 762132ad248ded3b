/* What a job resolves to in words, and what tells two jobs apart.
 *
 * Two notions of sameness are kept apart.  job_difference compares ARRAYS: the same points in
 * the same place of the same group, or a run cannot go on in that file.  sweep_chain_id
 * compares POINTS: whatever is computed from equal numbers in equal order is equal, wherever it
 * stands.
 *
 * Both go by the bits of numbers: 0.1 and 0.1000000000000001 are different jobs, and a
 * changed grid is never ignored.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/job.h"
#include "data_files.h"

/* The shortest text that reads back as the same bits: the resolved job is a job again. */
static void print_value(FILE *out, AxisId id, double value)
{
    char *text = axis_text(id, value);
    fputs(text, out);
    free(text);
}

/* Axes that are not given are left out, those of one number stay a number: only lists are
 * dimensions of the arrays. */
static void print_axis(FILE *out, const Axis *axis, AxisId id)
{
    if (axis->count == 0) {
        return;
    }
    fprintf(out, "    %s: ", axis_name(id));
    if (!axis->varied) {
        print_value(out, id, axis->values[0]);
        fputc('\n', out);
        return;
    }
    fprintf(out, "{as: %s, values: [", form_name(axis->form));
    for (size_t k = 0; k < axis->count; k++) {
        fputs(k > 0 ? ", " : "", out);
        print_value(out, id, axis->values[k]);
    }
    fputs("]}\n", out);
}

/* In quotes, which no text has in it. */
static void print_text(FILE *out, const char *key, const char *text)
{
    if (text[0] != '\0') {
        fprintf(out, "    %s: \"%s\"\n", key, text);
    }
}

/* Every key that a default gave is written out, so that readers see what the defaults were. */
static void print_sweep(FILE *out, const Sweep *sweep)
{
    fprintf(out, "  - name: %s\n", sweep->name);
    for (KeyId id = KEY_MODEL; id < KEY_AXES; id++) {
        const Key *key = &keys_table[id];
        if (key->kind == KIND_TEXT) {
            print_text(out, key->name, sweep_text(sweep, id));
            continue;
        }
        char *text = key->silent ? NULL : key_text(key, sweep->settings.value[id]);
        if (text != NULL) {
            fprintf(out, "    %s: %s\n", key->name, text);
        }
        free(text);
    }
    for (AxisId id = 0; id < AXIS_COUNT; id++) {
        print_axis(out, &sweep->axis[id], id);
    }
}

char *job_resolved(const Job *job)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for the resolved job");
    }
    fputs("sweeps:\n", out);
    for (size_t k = 0; k < job->sweep_count; k++) {
        print_sweep(out, &job->sweeps[k]);
    }
    data_files_print(out, job);
    fclose(out);
    return text;
}

/* The one form of all answers: where, what, the archive's value first.  `sweep` gives its
 * name. */
static char *differ(const Sweep *sweep, KeyId id, const char *stored, const char *given)
{
    return checked_format("sweep %s: %s: %s in the archive, %s in the job", sweep->name,
                          keys_table[id].name, stored, given);
}

/* Both numbers in full: 0.1 beside 0.1000000000000001. */
static char *value_differs(const Sweep *sweep, AxisId id, double stored, double given)
{
    char *old = axis_text(id, stored);
    char *new = axis_text(id, given);
    char *difference = differ(sweep, (KeyId)(KEY_AXES + id), old, new);
    free(old);
    free(new);
    return difference;
}

/* Static strings, each written once: callers compare the pointers. */
static const char *kind_of(const Axis *axis)
{
    return axis->count == 0 ? "not given" : axis->varied ? "an axis" : "one number";
}

/* NULL if none.  Forms count too: two ways to write equal numbers give other coordinates. */
static char *axis_difference(const Sweep *sweep, AxisId id, const Axis *stored,
                             const Axis *given)
{
    assert(id >= 0 && id < AXIS_COUNT);
    if (kind_of(stored) != kind_of(given)) {
        return differ(sweep, (KeyId)(KEY_AXES + id), kind_of(stored), kind_of(given));
    }
    if (stored->form != given->form) {
        return differ(sweep, (KeyId)(KEY_AXES + id), form_name(stored->form),
                      form_name(given->form));
    }
    if (stored->count != given->count) {
        return checked_format("sweep %s: %s: %s in the archive, %zu in the job", sweep->name,
                              axis_name(id), text_count((double)stored->count, "value").text,
                              given->count);
    }
    /* bit by bit: 0.1 and 0.1000000000000001 are two coordinates */
    for (size_t k = 0; k < stored->count; k++) {
        if (stored->values[k] != given->values[k]) {
            return value_differs(sweep, id, stored->values[k], given->values[k]);
        }
    }
    return NULL;
}

/* NULL if none. */
static char *setting_difference(const Sweep *sweep, KeyId id, double stored, double given)
{
    const Key *key = &keys_table[id];
    if (key->silent ||
        (key->counts != NULL ? key->counts(stored) == key->counts(given) : stored == given)) {
        return NULL;
    }
    char *old = key_text(key, stored);
    char *new = key_text(key, given);
    char *difference =
        differ(sweep, id, old == NULL ? "not given" : old, new == NULL ? "not given" : new);
    free(old);
    free(new);
    return difference;
}

/* A file may move, but not change.  NULL if none. */
static char *source_difference(const Sweep *sweep, const DataSource *stored,
                               const DataSource *given)
{
    char old[32];
    char new[32];
    snprintf(old, sizeof old, "content %016llx", (unsigned long long)stored->content);
    snprintf(new, sizeof new, "content %016llx", (unsigned long long)given->content);
    if (stored->content != given->content) {
        return differ(sweep, KEY_DATA, stored->file[0] == '\0' ? "not given" : old,
                      given->file[0] == '\0' ? "not given" : new);
    }
    return strcmp(stored->target, given->target) == 0
               ? NULL
               : differ(sweep, KEY_TARGET, stored->target, given->target);
}

/* NULL if none, else the first in the order of the keys. */
static char *sweep_difference(const Sweep *stored, const Sweep *given)
{
    if (strcmp(stored->name, given->name) != 0) {
        return differ(given, KEY_NAME, stored->name, given->name);
    }
    char *difference = source_difference(given, &stored->source, &given->source);
    for (KeyId id = KEY_MODEL; id < KEY_AXES && difference == NULL; id++) {
        if (keys_table[id].kind != KIND_TEXT) {
            difference = setting_difference(given, id, stored->settings.value[id],
                                            given->settings.value[id]);
        }
    }
    for (AxisId id = 0; id < AXIS_COUNT && difference == NULL; id++) {
        difference = axis_difference(given, id, &stored->axis[id], &given->axis[id]);
    }
    return difference;
}

char *job_difference(const Job *stored, const Job *given)
{
    char *difference = NULL;
    for (size_t k = 0; k < stored->sweep_count && k < given->sweep_count; k++) {
        difference = sweep_difference(&stored->sweeps[k], &given->sweeps[k]);
        if (difference != NULL) {
            return difference;
        }
    }
    return stored->sweep_count == given->sweep_count
               ? NULL
               : checked_format("%s in the archive, %zu in the job",
                                text_count((double)stored->sweep_count, "sweep").text,
                                given->sweep_count);
}

void job_take_effort(Job *job, const Job *given)
{
    assert(job->sweep_count == given->sweep_count);
    memcpy(job->title, given->title, sizeof job->title);
    for (size_t s = 0; s < job->sweep_count; s++) {
        job->sweeps[s].source = given->sweeps[s].source; /* where the file is now */
        for (KeyId id = KEY_MODEL; id < KEY_AXES; id++) {
            if (keys_table[id].silent) {
                job->sweeps[s].settings.value[id] = given->sweeps[s].settings.value[id];
            }
        }
    }
}

/* The keys that change no result, in words. */
static char *silent_keys(void)
{
    char *all = checked_format("%s", "");
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        if (keys_table[id].silent) {
            char *longer =
                checked_format("%s%s%s", all, all[0] != '\0' ? ", " : "", keys_table[id].name);
            free(all);
            all = longer;
        }
    }
    return all;
}

/* NULL, or what is wrong. */
static char *put_effort(Job *job, const char *assignment, const Sweep *given)
{
    KeyId id = 0;
    while (id < KEY_COUNT && given->settings.written_at[id] == 0) {
        id++;
    }
    bool taken = false;
    for (size_t s = 0; s < job->sweep_count && id < KEY_COUNT && keys_table[id].silent; s++) {
        Sweep *sweep = &job->sweeps[s];
        if (key_taken(&keys_table[id], sweep_model(sweep), sweep_method(sweep))) {
            sweep->settings.value[id] = given->settings.value[id];
            taken = true;
        }
    }
    if (taken) {
        return NULL;
    }
    if (id < KEY_COUNT && keys_table[id].silent) {
        return checked_format("--set: %s: no sweep of this job takes it", assignment);
    }
    char *silent = silent_keys();
    char *message = checked_format("--set: %s: would change what the points are; allowed: %s",
                                   assignment, silent);
    free(silent);
    return message;
}

char *job_set_effort(Job *job, const char *assignment)
{
    Sweep given = {0};
    Diagnostics errors = {.source = "--set"};
    sweep_set(&given, assignment, &errors);
    char *message = diagnostics_finish(&errors);
    if (message != NULL) {
        message[strcspn(message, "\n")] = '\0'; /* a line of the caller's */
    } else {
        message = put_effort(job, assignment, &given);
    }
    sweep_free(&given);
    return message;
}

/* ---- numbers of ranges ------------------------------------------------------------------- */

/* What rounding may do to the numbers of a range, in units of the number or of its ends. */
static const double rounding = 1e-14;

/* How far number k is from what it might be called elsewhere, well within its neighbours. */
static double uncertainty(const Axis *axis, size_t k)
{
    const double *values = axis->values;
    const double ends = fmax(fabs(values[0]), fabs(values[axis->count - 1]));
    const double size = axis->spacing == SPACING_LINEAR ? ends : fabs(values[k]);
    double step = INFINITY;
    if (k > 0) {
        step = fabs(values[k] - values[k - 1]);
    }
    if (k + 1 < axis->count) {
        step = fmin(step, fabs(values[k + 1] - values[k]));
    }
    return fmin(rounding * size, 0.1 * step);
}

/* For qsort; no NAN gets here. */
static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The first of sorted[count > 0] that is not below x, else the last. */
static double not_below(const double sorted[], size_t count, double x)
{
    size_t low = 0;
    for (size_t high = count - 1; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle] < x) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return sorted[low];
}

/* True if a number has changed. */
static bool adopt_values(Axis *axis, const Axis *stored)
{
    bool changed = false;
    if (axis->spacing == SPACING_WRITTEN || stored->form != axis->form || stored->count == 0) {
        return false;
    }
    double *sorted = checked_alloc(stored->count, sizeof *sorted);
    memcpy(sorted, stored->values, stored->count * sizeof *sorted);
    qsort(sorted, stored->count, sizeof *sorted, ascending);
    for (size_t k = 0; k < axis->count; k++) {
        const double reach = uncertainty(axis, k);
        const double other = not_below(sorted, stored->count, axis->values[k] - reach);
        if (other != axis->values[k] && fabs(other - axis->values[k]) <= reach) {
            axis->values[k] = other;
            changed = true;
        }
    }
    free(sorted);
    return changed;
}

const Sweep *job_sweep(const Job *job, const char *name)
{
    for (size_t s = 0; s < job->sweep_count; s++) {
        if (strcmp(job->sweeps[s].name, name) == 0) {
            return &job->sweeps[s];
        }
    }
    return NULL;
}

/* From the sweep of that name or, if it has another name now, from any. */
bool job_adopt(Job *job, const Job *stored)
{
    bool changed = false;
    for (size_t s = 0; s < job->sweep_count; s++) {
        Sweep *sweep = &job->sweeps[s];
        const Sweep *same = job_sweep(stored, sweep->name);
        for (AxisId id = 0; id < AXIS_COUNT; id++) {
            for (size_t old = 0; old < stored->sweep_count; old++) {
                const Sweep *other = &stored->sweeps[old];
                if (same == NULL || same == other) {
                    changed = adopt_values(&sweep->axis[id], &other->axis[id]) || changed;
                }
            }
        }
    }
    return changed;
}
