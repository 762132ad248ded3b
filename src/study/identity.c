/* What a job resolves to, in words and as identities of its chains.
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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "phasesweep/base/check.h"
#include "phasesweep/model/method_facts.h"
#include "phasesweep/base/text.h"
#include "phasesweep/study/job.h"

/* The shortest text that reads back as the same bits: the resolved job is a job again. */
static void print_number(FILE *out, double value)
{
    char *text = text_of_number(value);
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
        print_number(out, axis->values[0]);
        fputc('\n', out);
        return;
    }
    fprintf(out, "{as: %s, values: [", form_name(axis->form));
    for (size_t k = 0; k < axis->count; k++) {
        fputs(k > 0 ? ", " : "", out);
        print_number(out, axis->values[k]);
    }
    fputs("]}\n", out);
}

/* Nothing where it is chosen as the iteration goes. */
static void print_damping(FILE *out, double damping)
{
    if (damping >= 0.0) {
        fputs("    damping: ", out);
        print_number(out, damping);
        fputc('\n', out);
    }
}

/* Every key that a default gave is written out, so that readers see what the defaults were. */
static void print_sweep(FILE *out, const Sweep *sweep)
{
    fprintf(out, "  - name: %s\n    model: %s\n    method: %s\n    tolerance: ", sweep->name,
            model_name(sweep->model), method_name(sweep->method));
    print_number(out, sweep->tolerance);
    fprintf(out, "\n    signs: %s\n    store: %s\n    spectrum: %zu\n",
            sweep->random_signs ? "random" : "positive", store_name(sweep->store),
            sweep->spectrum);
    print_damping(out, sweep->damping);
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
static char *number_differs(const Sweep *sweep, KeyId id, double stored, double given)
{
    char *old = text_of_number(stored);
    char *new = text_of_number(given);
    char *difference = differ(sweep, id, old, new);
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
        return differ(sweep, KEY_AXES + id, kind_of(stored), kind_of(given));
    }
    if (stored->form != given->form) {
        return differ(sweep, KEY_AXES + id, form_name(stored->form), form_name(given->form));
    }
    /* bit by bit: 0.1 and 0.1000000000000001 are two coordinates */
    for (size_t k = 0; k < stored->count && k < given->count; k++) {
        if (stored->values[k] != given->values[k]) {
            return number_differs(sweep, KEY_AXES + id, stored->values[k], given->values[k]);
        }
    }
    return stored->count == given->count
               ? NULL
               : checked_format("sweep %s: %s: %zu values in the archive, %zu in the job",
                                sweep->name, axis_name(id), stored->count, given->count);
}

/* In the order in which a reader looks for a mistake; ranks_per_line is absent because it
 * changes nothing but the speed. */
static char *sweep_difference(const Sweep *stored, const Sweep *given)
{
    if (strcmp(stored->name, given->name) != 0) {
        return differ(given, KEY_NAME, stored->name, given->name);
    }
    if (stored->model != given->model) {
        return differ(given, KEY_MODEL, model_name(stored->model), model_name(given->model));
    }
    if (stored->method != given->method) {
        return differ(given, KEY_METHOD, method_name(stored->method),
                      method_name(given->method));
    }
    if (stored->tolerance != given->tolerance) {
        return number_differs(given, KEY_TOLERANCE, stored->tolerance, given->tolerance);
    }
    if (stored->random_signs != given->random_signs) {
        return differ(given, KEY_SIGNS, stored->random_signs ? "random" : "positive",
                      given->random_signs ? "random" : "positive");
    }
    /* double and none give the same bits, and auto is one of the two: any may go on with
     * another's archive; rounded rows are other data */
    if ((stored->store == STORE_FLOAT) != (given->store == STORE_FLOAT)) {
        return differ(given, KEY_STORE, store_name(stored->store), store_name(given->store));
    }
    if (stored->spectrum != given->spectrum) {
        return number_differs(given, KEY_SPECTRUM, (double)stored->spectrum,
                              (double)given->spectrum);
    }
    if (stored->damping != given->damping) {
        return number_differs(given, KEY_DAMPING, stored->damping, given->damping);
    }
    char *difference = NULL;
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
               : checked_format("%zu sweeps in the archive, %zu in the job",
                                stored->sweep_count, given->sweep_count);
}

uint64_t sweep_chain_id(const Sweep *sweep, size_t chain)
{
    /* doubles all the way: a struct would bring padding, whose bytes are not defined */
    size_t first;
    size_t count;
    double key[CHAIN_LENGTH][14];
    sweep_chain(sweep, chain, &first, &count);
    for (size_t k = 0; k < count; k++) {
        const Problem p = sweep_problem(sweep, first + k);
        const double numbers[] = {p.model, p.method, p.source_exponent, p.dimension, p.noise,
                                  p.seed, p.width, p.samples, p.weight_decay, p.tolerance,
                                  p.random_signs,
                                  /* other stores hold the same bits */
                                  p.store == STORE_FLOAT, (double)sweep->spectrum, p.damping};
        static_assert(sizeof numbers == sizeof key[0], "all of a problem's numbers");
        memcpy(key[k], numbers, sizeof numbers);
    }
    assert(count >= 1 && count <= CHAIN_LENGTH);
    return XXH3_64bits(key, count * sizeof key[0]);
}
