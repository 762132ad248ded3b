#include "data_files.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"

typedef enum FilePart {
    PART_DATA,
    PART_TARGET,
    PART_ROWS,
    PART_DIMENSION,
    PART_CONTENT,
    PART_COUNT
} FilePart;

/* In the order of FilePart. */
static const char *const part_names[PART_COUNT] = {"data", "target", "rows", "dimension",
                                                   "content"};

/* The last: what was found after what was told. */
static DataSource *find(Reader *reader, const char *file, const char *target)
{
    for (size_t k = reader->source_count; k-- > 0;) {
        DataSource *source = &reader->sources[k];
        if (strcmp(source->file, file) == 0 && strcmp(source->target, target) == 0) {
            return source;
        }
    }
    return NULL;
}

static void append(Reader *reader, const DataSource *source)
{
    reader->sources =
        checked_realloc(reader->sources, reader->source_count + 1, sizeof *reader->sources);
    reader->sources[reader->source_count++] = *source;
}

/* Sixteen hexadecimal digits; false if it is anything else. */
static bool read_content(const char *text, uint64_t *content)
{
    const size_t length = strspn(text, "0123456789abcdef");
    *content = strtoull(text, NULL, 16);
    return length == 16 && text[length] == '\0';
}

static bool read_entry(Reader *reader, const yaml_node_t *node, DataSource *source)
{
    const yaml_node_t *parts[PART_COUNT];
    const size_t before = reader->errors.count;
    if (!node_collect(reader, node, "data_files", part_names, PART_COUNT, parts)) {
        return false;
    }
    bool good = reader->errors.count == before;
    for (int k = 0; k < PART_COUNT; k++) {
        good = good && parts[k] != NULL;
    }
    if (good) {
        snprintf(source->file, TEXT_LENGTH, "%s", node_text(parts[PART_DATA]));
        snprintf(source->target, TEXT_LENGTH, "%s", node_text(parts[PART_TARGET]));
        source->rows = text_number(node_text(parts[PART_ROWS]));
        source->dimension = text_number(node_text(parts[PART_DIMENSION]));
        good = source->rows >= 1.0 && source->dimension >= 1.0 &&
               read_content(node_text(parts[PART_CONTENT]), &source->content);
    }
    return good;
}

void data_files_read(Reader *reader, const yaml_node_t *list)
{
    for (size_t k = 0; k < node_length(list); k++) {
        DataSource source = {0};
        const yaml_node_t *node = node_item(reader, list, k);
        if (read_entry(reader, node, &source)) {
            append(reader, &source);
        } else {
            diagnostics_add(&reader->errors, node_line(node),
                            "data_files: wrong; allowed: what a run writes there");
        }
    }
    reader->told = reader->source_count;
}

/* Of a file, or a target of it, that data_files does not have; allowed: the words at the end
 * where it is the file. */
static void refuse_unlisted(Reader *reader, const Sweep *sweep, const char *allowed)
{
    const char *other = NULL;
    for (size_t k = 0; k < reader->told && other == NULL; k++) {
        other = strcmp(reader->sources[k].file, sweep->source.file) == 0
                    ? reader->sources[k].target
                    : NULL;
    }
    const KeyId key = other != NULL ? KEY_TARGET : KEY_DATA;
    const char *name = other != NULL ? sweep->source.target : sweep->source.file;
    const size_t line = reader->told > 0 ? 0 : sweep->settings.written_at[key];
    diagnostics_add(&reader->errors, line, "%s: %s: not among data_files; allowed: %s%s",
                    keys_table[key].name, text_show(name).text,
                    other != NULL ? text_show(other).text : "",
                    other != NULL ? ", which is there for this file" : allowed);
}

/* NULL: nobody can say.  What is wrong is said once, whatever number of sweeps name the file:
 * it is remembered as it is, without rows where it cannot be read.  Where the text has
 * data_files a program wrote it, and a line of it would tell the user nothing. */
static const DataSource *ask(Reader *reader, const Sweep *sweep)
{
    DataSource found = sweep->source;
    const DataSource *told = find(reader, found.file, found.target);
    if (reader->survey == NULL || (told != NULL && told >= reader->sources + reader->told)) {
        return told;
    }
    KeyId key;
    char *why = reader->survey(&found, &key);
    const size_t line =
        reader->told > 0 ? 0 : sweep->settings.written_at[why != NULL ? key : KEY_DATA];
    if (why != NULL) {
        diagnostics_take(&reader->errors, line, keys_table[key].name, why);
    } else if (told != NULL && told->content != found.content) {
        diagnostics_add(&reader->errors, line,
                        "data: %s: its content is %016" PRIx64 ", and that of data_files "
                        "%016" PRIx64 "; allowed: the same file",
                        text_show(found.file).text, found.content, told->content);
    } else if (told == NULL && reader->told > 0) {
        refuse_unlisted(reader, sweep, "all files there, or no data_files");
    }
    append(reader, &found);
    return &reader->sources[reader->source_count - 1];
}

void data_files_attach(Reader *reader, Sweep *sweep)
{
    const size_t before = reader->errors.count;
    /* wrong keys, and a target that is missing, are complained of elsewhere */
    if (sweep->source.file[0] == '\0' || sweep->source.target[0] == '\0') {
        return;
    }
    const DataSource *known = ask(reader, sweep);
    if (known != NULL && known->rows > 0.0) {
        sweep_know(sweep, known);
    } else if (known == NULL && reader->errors.count == before) {
        refuse_unlisted(reader, sweep, "a file among data_files");
    }
}

static bool same_file(const DataSource *a, const DataSource *b)
{
    return strcmp(a->file, b->file) == 0 && strcmp(a->target, b->target) == 0;
}

/* Was it printed for a sweep before this one? */
static bool is_printed(const Job *job, size_t index)
{
    for (size_t k = 0; k < index; k++) {
        if (same_file(&job->sweeps[k].source, &job->sweeps[index].source)) {
            return true;
        }
    }
    return false;
}

void data_files_print(FILE *out, const Job *job)
{
    const char *head = "data_files:\n";
    for (size_t k = 0; k < job->sweep_count; k++) {
        const DataSource *source = &job->sweeps[k].source;
        if (source->rows > 0.0 && !is_printed(job, k)) {
            fprintf(out,
                    "%s  - {data: \"%s\", target: \"%s\", rows: %.15g, dimension: %.15g, "
                    "content: \"%016" PRIx64 "\"}\n",
                    head, source->file, source->target, source->rows, source->dimension,
                    source->content);
            head = "";
        }
    }
}

char *data_files_text(const Job *job)
{
    char *text;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL) {
        die(STATUS_ENVIRONMENT, "out of memory for the files of a job");
    }
    data_files_print(out, job);
    fclose(out);
    if (length == 0) {
        free(text);
        return NULL;
    }
    return text;
}
