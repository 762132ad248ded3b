/* From bytes to checked sweeps.  All errors of a file are gathered before anything is refused;
 * a part that cannot be read leaves what it would have filled empty, and later checks pass over
 * what is empty, so that one mistake gives one line.
 *
 * libyaml's documents are used, not its events: every node knows its line.
 *
 * The text of a job is what is stored, with --set appended to it, so that one parser and one
 * set of checks serve a file, an archive and the command line.
 */
#include "phasesweep/study/job.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "data_files.h"
#include "sweep_check.h"
#include "yaml_axes.h"

/* Groups of one file that people still find their way in. */
enum { SWEEPS_MOST = 1000, DEPTH_MOST = 32 };

/* In the order of root_names; `override`, which is where --set writes, and `set` are read
 * first, whatever the order in the file. */
typedef enum RootKey {
    ROOT_TITLE,
    ROOT_SET,
    ROOT_SWEEPS,
    ROOT_OVERRIDE,
    ROOT_DATA_FILES,
    ROOT_COUNT
} RootKey;
static const char *const root_names[ROOT_COUNT] = {"title", "set", "sweeps", "override",
                                                   "data_files"};

char *job_read(const char *path)
{
    /* a pipe is a job file too: read to the end, never sought */
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        die(STATUS_WRONG_INPUT, "%s: %s", path, strerror(errno));
    }
    /* one byte more than allowed tells a file that is too large; pipes have no size to ask
     * for */
    char *text = checked_alloc(JOB_BYTES_MOST + 1, 1);
    const size_t length = fread(text, 1, JOB_BYTES_MOST + 1, file);
    if (ferror(file)) {
        die(STATUS_WRONG_INPUT, "%s: %s", path, strerror(errno));
    }
    fclose(file);
    if (length > JOB_BYTES_MOST) {
        die(STATUS_WRONG_INPUT, "%s: too large for a job file; allowed: up to 16 MiB", path);
    }
    if (length > 4 && memcmp(text, "\211HDF", 4) == 0) {
        die(STATUS_WRONG_INPUT,
            "%s: is an archive, no job file; `phasesweep status %s` tells what it holds, "
            "`phasesweep resume %s` goes on with it",
            path, path, path);
    }
    /* the text travels and is stored as a string, which a NUL would cut silently */
    if (memchr(text, '\0', length) != NULL) {
        die(STATUS_WRONG_INPUT, "%s: holds a NUL byte; allowed: YAML in UTF-8", path);
    }
    return checked_realloc(text, length + 1, 1);
}

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* [1, 2] or {from: 1, to: 2, count: 5}, in one line. */
static bool is_list(const char *value)
{
    const size_t length = strlen(value);
    const char first = value[0];
    const char last = length > 1 ? value[length - 1] : '\0';
    return ((first == '[' && last == ']') || (first == '{' && last == '}')) &&
           strpbrk(value, "\n\r#") == NULL;
}

/* 1,2: the same without brackets. */
static bool is_bare_list(const char *value)
{
    return strchr(value, ',') != NULL && value[strspn(value, NAME_LETTERS "+-., ")] == '\0';
}

/* A name that YAML reads as one; whether it is a key is said of the line that it becomes. */
static bool is_name(const char *name)
{
    return name[strspn(name, NAME_LETTERS)] == '\0';
}

/* Does a key, or a part of an axis, of that name take a list? */
static bool takes_list(const char *name)
{
    const char *names[KEY_COUNT];
    const char *dot = strchr(name, '.');
    keys_list(names);
    return dot != NULL ? strcmp(dot, ".values") == 0
                       : text_find(names, KEY_COUNT, name) >= KEY_AXES;
}

/* What can be told of samples.count=64 before the job is known; the rest is said of the line
 * that it becomes. */
static void check_member(const char *name, const char *value, Diagnostics *errors)
{
    const char *dot = strchr(name, '.');
    char *begin = checked_format("%.*s", (int)(dot - name), name);
    const char *names[KEY_COUNT];
    keys_list(names);
    const int id = text_find(names, KEY_COUNT, begin);
    char *hint = id < 0          ? text_hint(names + KEY_AXES, AXIS_COUNT, begin)
                 : id < KEY_AXES ? checked_format("; allowed: %s=VALUE", begin)
                                 : node_wrong_part(dot + 1);
    if (hint != NULL) {
        diagnostics_add(errors, 1, "%s: %s%s", text_show(name).text,
                        id < 0          ? "unknown key"
                        : id < KEY_AXES ? "is no axis, and has no parts"
                                        : "unknown part of an axis",
                        hint);
    } else if (value[0] == '\0' || value[strspn(value, NAME_LETTERS "+-.")] != '\0') {
        diagnostics_add(errors, 1, "%s: %s is not taken; allowed: %s", name,
                        text_show(value).text,
                        takes_list(name) ? "a list, 1,2 or [1, 2]" : "a number or word");
    }
    free(begin);
    free(hint);
}

/* Whatever is wrong with an assignment by itself; `value` as it will be written. */
static void check_assignment(Sweep *scratch, const char *assignment, const char *name,
                             const char *value, Diagnostics *errors)
{
    /* lists are YAML, and what is wrong in them is said of the line they become */
    const bool list = value != NULL && is_list(value);
    if (value == NULL || (strchr(name, '.') == NULL && !(list && is_name(name)))) {
        sweep_set(scratch, assignment, errors);
    } else if (strchr(name, '.') != NULL) {
        check_member(name, list && takes_list(name) ? "list" : value, errors);
    }
}

/* The text with one assignment more; takes text over. */
static char *add_assignment(char *text, const char *assignment, bool first, Sweep *scratch,
                            Diagnostics *errors)
{
    const char *equals = strchr(assignment, '=');
    char *word = checked_format("%.*s", (int)strcspn(assignment, "="), assignment);
    char *name = keys_spelled(word);
    const bool bare = equals != NULL && takes_list(name) && is_bare_list(equals + 1);
    char *value = equals == NULL ? NULL : checked_format(bare ? "[%s]" : "%s", equals + 1);
    check_assignment(scratch, assignment, name, value, errors);
    if (value != NULL) {
        /* at the end, so that the lines above keep their numbers */
        char *longer =
            checked_format("%s%s  %s: %s\n", text, first ? "\noverride:\n" : "", name, value);
        free(text);
        text = longer;
    }
    free(value);
    free(name);
    free(word);
    return text;
}

char *job_override(char *text, char *const assignments[], size_t count)
{
    assert(text != NULL && (count == 0 || assignments != NULL));
    Sweep scratch = {0};
    Diagnostics errors = {.source = "--set"};
    for (size_t k = 0; k < count; k++) {
        text = add_assignment(text, assignments[k], k == 0, &scratch, &errors);
    }
    sweep_free(&scratch);
    /* the first alone: die prints one line */
    if (errors.count > 0) {
        char *all = diagnostics_finish(&errors);
        all[strcspn(all, "\n")] = '\0';
        die(STATUS_WRONG_INPUT, "%s", all);
    }
    return text;
}

/* The three keys of refinement as one mapping, but for those that `common` has. */
static void read_refine(Reader *reader, Sweep *sweep, const Sweep *common,
                        const yaml_node_t *map)
{
    static const char *const names[] = {"what", "depth", "budget"};
    static const KeyId ids[] = {KEY_REFINE, KEY_REFINE_DEPTH, KEY_REFINE_BUDGET};
    const yaml_node_t *parts[3];
    node_collect(reader, map, keys_table[KEY_REFINE].name, names, 3, parts);
    for (int k = 0; k < 3; k++) {
        if (parts[k] != NULL && !sweep_given(common, ids[k])) {
            sweep_put(sweep, ids[k], node_text(parts[k]), node_line(parts[k]), &reader->errors);
        }
    }
    if (parts[0] == NULL) {
        char *allowed = key_allowed(&keys_table[KEY_REFINE], FORM_NUMBER);
        diagnostics_add(&reader->errors, node_line(map), "refine: what: missing; allowed: %s",
                        allowed);
        free(allowed);
    }
}

/* A scalar or, for axes, a list or mapping.  sweep_put complains of what is neither. */
static void read_key(Reader *reader, Sweep *sweep, const Sweep *common, KeyId id,
                     const yaml_node_t *node)
{
    assert(id >= 0 && id < KEY_COUNT);
    const bool single = node->type == YAML_SCALAR_NODE;
    if (sweep_given(sweep, id)) {
        diagnostics_add(&reader->errors, node_line(node),
                        "%s: given in refine, too; allowed: once", keys_table[id].name);
    } else if (id == KEY_REFINE && node->type == YAML_MAPPING_NODE) {
        read_refine(reader, sweep, common, node);
    } else if (id >= KEY_AXES && !single) {
        sweep->settings.written_at[id] = node_line(node);
        node_read_axis(reader, node, id, &sweep->axis[id - KEY_AXES]);
    } else {
        sweep_put(sweep, id, node_text(node), node_line(node), &reader->errors);
    }
}

/* Keys that sweeps share, as sweeps of their own: whatever is wrong in them is said once, not
 * for every sweep. */
typedef struct Shared {
    Sweep override; /* stronger than a sweep's own */
    Sweep set;      /* weaker */
} Shared;

static void read_shared(Reader *reader, const yaml_node_t *node, RootKey root, Sweep *shared)
{
    const char *names[KEY_COUNT];
    const yaml_node_t *parts[KEY_COUNT];
    if (node == NULL) {
        return;
    }
    keys_list(names);
    names[KEY_NAME] = NULL; /* sweeps cannot share one */
    if (root == ROOT_OVERRIDE) {
        node_collect_members(reader, node, root_names[root], names, KEY_COUNT, parts);
    } else {
        node_collect(reader, node, root_names[root], names, KEY_COUNT, parts);
    }
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        if (parts[id] != NULL) {
            read_key(reader, shared, shared, id, parts[id]);
        }
    }
}

/* The other name of the same choice, which must not be given beside it; else the key itself. */
static KeyId rival_of(KeyId id)
{
    return id == KEY_WEIGHT_DECAY     ? KEY_NUCLEAR_WEIGHT
           : id == KEY_NUCLEAR_WEIGHT ? KEY_WEIGHT_DECAY
                                      : id;
}

/* Whoever gives a key stands in for the weaker ones that give its rival. */
static void read_sweep(Reader *reader, const yaml_node_t *node, const Shared *shared,
                       Sweep *sweep)
{
    const char *names[KEY_COUNT];
    const yaml_node_t *parts[KEY_COUNT];
    keys_list(names);
    if (!node_collect(reader, node, "sweeps", names, KEY_COUNT, parts)) {
        return;
    }
    for (KeyId id = 0; id < KEY_COUNT; id++) {
        const Sweep *override = &shared->override;
        const KeyId rival = rival_of(id);
        if (sweep_given(override, id)) {
            sweep_copy(sweep, override, id);
            if (id == KEY_REFINE && parts[id] != NULL && parts[id]->type == YAML_MAPPING_NODE) {
                read_refine(reader, sweep, override, parts[id]);
            }
        } else if (sweep_given(override, rival)) {
            continue;
        } else if (parts[id] != NULL) {
            read_key(reader, sweep, override, id, parts[id]);
        } else if (parts[rival] == NULL && sweep_given(&shared->set, id) &&
                   !sweep_given(sweep, id)) {
            sweep_copy(sweep, &shared->set, id);
            if (id >= KEY_AXES) {
                node_take_members(reader, (AxisId)(id - KEY_AXES));
            }
        }
    }
    data_files_attach(reader, sweep);
    /* also when keys were wrong: what is missing is said at once */
    sweep_check(sweep, node_line(node), &reader->errors);
}

/* Names become groups of the archive; the sweeps before `index` have theirs. */
static void check_name(Reader *reader, const Job *job, size_t index, size_t line)
{
    assert(index < SWEEPS_MOST);
    Sweep *sweep = &job->sweeps[index];
    if (!sweep_given(sweep, KEY_NAME)) {
        snprintf(sweep->name, sizeof sweep->name, "sweep_%zu", index + 1);
    }
    /* an empty name was refused already */
    for (size_t k = 0; k < index; k++) {
        if (strcmp(job->sweeps[k].name, sweep->name) == 0 && sweep->name[0] != '\0') {
            diagnostics_add(&reader->errors, line,
                            "name: %s is used twice; allowed: one sweep each", sweep->name);
        }
    }
}

/* A double, since a size_t could overflow. */
static double count_points(const Sweep *sweep)
{
    double points = 1.0;
    for (int id = 0; id < AXIS_COUNT; id++) {
        points *= sweep->axis[id].varied ? (double)sweep->axis[id].count : 1.0;
    }
    return points;
}

/* Every sweep is read, also after errors, so that one call names the mistakes of all; but no
 * more of them than a job may have points. */
static void read_sweeps(Reader *reader, const yaml_node_t *list, const Shared *shared, Job *job)
{
    const size_t count = node_length(list);
    if (list->type != YAML_SEQUENCE_NODE || count < 1 || count > SWEEPS_MOST) {
        diagnostics_add(&reader->errors, node_line(list),
                        "sweeps: %s; allowed: a list of 1 to %d "
                        "mappings",
                        list->type != YAML_SEQUENCE_NODE ? "is no list"
                        : count < 1                      ? "is an empty list"
                                                         : "is too long",
                        SWEEPS_MOST);
        return;
    }
    assert(job->sweeps == NULL);
    job->sweeps = checked_alloc(count, sizeof *job->sweeps);
    double points = 0.0;
    while (job->sweep_count < count && points <= POINTS_MOST) {
        const size_t index = job->sweep_count++;
        const yaml_node_t *node = node_item(reader, list, index);
        read_sweep(reader, node, shared, &job->sweeps[index]);
        check_name(reader, job, index, node_line(node));
        points += count_points(&job->sweeps[index]);
        if (points > POINTS_MOST && count_points(&job->sweeps[index]) <= POINTS_MOST) {
            diagnostics_add(&reader->errors, node_line(node),
                            "sweeps: %.4g points up to here; allowed: at most %d in all",
                            points, POINTS_MOST);
        }
    }
}

/* The mapping of the whole file.  An unknown key is an error: a misspelt one must not be
 * ignored. */
static void read_root(Reader *reader, const yaml_node_t *root, Job *job)
{
    const yaml_node_t *parts[ROOT_COUNT];
    if (!node_collect(reader, root, NULL, root_names, ROOT_COUNT, parts)) {
        return;
    }
    /* the title is for people: it does not enter the content of chains */
    const yaml_node_t *title = parts[ROOT_TITLE];
    if (title != NULL) {
        if (title->type != YAML_SCALAR_NODE || strlen(node_text(title)) >= TITLE_LENGTH) {
            diagnostics_add(&reader->errors, node_line(title),
                            "title: %s; allowed: a text of up to "
                            "%d bytes",
                            title->type != YAML_SCALAR_NODE ? "is no text" : "is too long",
                            TITLE_LENGTH - 1);
        } else {
            strcpy(job->title, node_text(title));
        }
    }
    Shared shared = {0};
    read_shared(reader, parts[ROOT_OVERRIDE], ROOT_OVERRIDE, &shared.override);
    reader->in_set = true;
    read_shared(reader, parts[ROOT_SET], ROOT_SET, &shared.set);
    reader->in_set = false;
    if (parts[ROOT_DATA_FILES] != NULL) {
        data_files_read(reader, parts[ROOT_DATA_FILES]);
    }
    if (parts[ROOT_SWEEPS] != NULL) {
        read_sweeps(reader, parts[ROOT_SWEEPS], &shared, job);
    } else {
        diagnostics_add(&reader->errors, node_line(root),
                        "sweeps: missing; allowed: a list of "
                        "mappings");
    }
    sweep_free(&shared.override);
    sweep_free(&shared.set);
    if (reader->errors.count == 0) {
        node_check_members(reader);
    }
}

/* Also of a byte that is no UTF-8, for which libyaml gives an offset instead of a mark. */
static void complain_of_yaml(Reader *reader, const yaml_parser_t *parser, const char *text,
                             size_t length)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        die(STATUS_ENVIRONMENT, "out of memory in the YAML parser");
    }
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t k = 0; k < length && k < parser->problem_offset; k++) {
            line += text[k] == '\n';
        }
    }
    diagnostics_add(&reader->errors, line, "not YAML: %s%s%s",
                    parser->context != NULL ? parser->context : "",
                    parser->context != NULL ? ", " : "", parser->problem);
}

/* Brackets in brackets take libyaml a time that grows with their square.  The lines of a text
 * that is not YAML are left to those who read it. */
static bool check_depth(Reader *reader, const char *text, size_t length)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        die(STATUS_ENVIRONMENT, "out of memory in the YAML parser");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    int depth = 0;
    size_t line = 1;
    for (yaml_event_type_t type = YAML_NO_EVENT;
         type != YAML_STREAM_END_EVENT && depth <= DEPTH_MOST;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            break;
        }
        type = event.type;
        line = event.start_mark.line + 1;
        depth += type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
        depth -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (depth > DEPTH_MOST) {
        diagnostics_add(&reader->errors, line,
                        "nested deeper than %d; allowed: title, set, sweeps", DEPTH_MOST);
    }
    return depth <= DEPTH_MOST;
}

/* False, with the error added, if there is no next document; an empty one at the end. */
static bool load(Reader *reader, yaml_parser_t *parser, const char *text, size_t length)
{
    const bool good = yaml_parser_load(parser, &reader->document);
    if (!good) {
        complain_of_yaml(reader, parser, text, length);
    }
    return good;
}

/* A second document, which would otherwise be ignored silently, is an error. */
static void read_documents(Reader *reader, yaml_parser_t *parser, const char *text,
                           size_t length, Job *job)
{
    if (!load(reader, parser, text, length)) {
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    if (root == NULL) {
        diagnostics_add(&reader->errors, 1, "the job is empty; allowed: title, set, sweeps");
        yaml_document_delete(&reader->document);
        return;
    }
    read_root(reader, root, job);
    yaml_document_delete(&reader->document);
    if (load(reader, parser, text, length)) {
        const yaml_node_t *second = yaml_document_get_root_node(&reader->document);
        if (second != NULL) {
            diagnostics_add(&reader->errors, node_line(second),
                            "a second YAML document; allowed: one");
        }
        yaml_document_delete(&reader->document);
    }
}

/* *told: files that the text itself tells of. */
static char *parse(const char *file, const char *text, size_t length, DataSurvey survey,
                   Job *job, size_t *told)
{
    assert(file != NULL && text != NULL);
    *job = (Job){0};
    Reader reader = {.errors = {.source = file, .numbered = true}, .survey = survey};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        die(STATUS_ENVIRONMENT, "out of memory in the YAML parser");
    }
    /* the parser reads from text while it runs: text must stay */
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (check_depth(&reader, text, length)) {
        read_documents(&reader, &parser, text, length, job);
    }
    yaml_parser_delete(&parser);
    /* half a job is no job */
    if (reader.errors.count > 0) {
        job_free(job);
    }
    *told = reader.told;
    free(reader.sources);
    return diagnostics_finish(&reader.errors);
}

char *job_parse(const char *file, const char *text, size_t length, Job *job)
{
    size_t told;
    return parse(file, text, length, NULL, job, &told);
}

/* At the end, so that the lines above keep their numbers.  Takes text over. */
static char *add_files(char *text, const char *files)
{
    char *longer = checked_format("%s\n%s", text, files);
    free(text);
    return longer;
}

/* Is it a job still, with what was added at its end? */
static char *check_end(const char *file, const char *text)
{
    Job job;
    char *errors = job_parse(file, text, strlen(text), &job);
    job_free(&job);
    if (errors == NULL) {
        return NULL;
    }
    free(errors);
    return checked_format("%s: no place for data_files at its end; allowed: a root that is not "
                          "written in braces, and no `...`\n",
                          file);
}

char *job_survey(const char *file, char **text, DataSurvey survey)
{
    Job job;
    size_t told;
    char *errors = parse(file, *text, strlen(*text), survey, &job, &told);
    char *files = errors == NULL ? data_files_text(&job) : NULL;
    /* what the text has already was found to be the same */
    if (files != NULL && told == 0) {
        *text = add_files(*text, files);
        errors = check_end(file, *text);
    }
    free(files);
    job_free(&job);
    return errors;
}

void job_free(Job *job)
{
    for (size_t k = 0; k < job->sweep_count; k++) {
        sweep_free(&job->sweeps[k]);
    }
    free(job->sweeps);
    *job = (Job){0};
}

const char *job_library(void)
{
    static char text[32];
    snprintf(text, sizeof text, "libyaml %s", yaml_get_version_string());
    return text;
}
