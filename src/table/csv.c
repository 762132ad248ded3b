/* Text with a header: lines are counted when the file is opened, and read as numbers once. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"
#include "formats.h"
#include "stream.h"

typedef struct Csv {
    Stream *stream;
    int fields, target; /* of a line; which of them is the target */
    int64_t next;       /* row that the stream is at */
    int64_t line;       /* of the file, from 1, read last */
} Csv;

static bool accepts(const char *file)
{
    return name_ends(file, ".csv");
}

/* The next field, without blanks and quotes around it; *rest is NULL after the last. */
static char *next_field(char **rest)
{
    char *field = strsep(rest, ",");
    field += strspn(field, " \t\"");
    size_t length = strlen(field);
    while (length > 0 && strchr(" \t\"", field[length - 1]) != NULL) {
        field[--length] = '\0';
    }
    return field;
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

/* The next line that is not blank, NULL at the end. */
static char *next_line(Csv *csv)
{
    char *line;
    do {
        line = stream_line(csv->stream);
        csv->line++;
    } while (line != NULL && is_blank(line));
    return line;
}

static char *read_header(Table *table, Csv *csv)
{
    char *line = next_line(csv);
    csv->target = -1;
    csv->fields = 0;
    if (line == NULL) {
        return table_error(table->file, "is empty; allowed: a header and rows of numbers");
    }
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0) {
        line += 3; /* spreadsheets begin a file with a mark of its encoding */
    }
    Names columns = {0};
    for (char *rest = line; rest != NULL; csv->fields++) {
        const char *name = next_field(&rest);
        names_add(&columns, text_show(name).text);
        if (strcmp(name, table->target) == 0) {
            csv->target = csv->fields;
        }
    }
    if (csv->target < 0) {
        table->at_target = true;
        return table_error(table->file, "no column %s in its header; allowed: %s",
                           text_show(table->target).text, names_show(&columns));
    }
    table->columns = csv->fields - 1;
    return NULL;
}

/* The header alone has been read then. */
static char *rewind_to_rows(Table *table, Csv *csv)
{
    stream_close(csv->stream);
    csv->line = csv->next = 0;
    char *why = stream_open(table->file, &csv->stream);
    return why != NULL ? why : read_header(table, csv);
}

static char *open_csv(Table *table)
{
    Csv *csv = checked_alloc(1, sizeof *csv);
    table->work = csv;
    char *why = rewind_to_rows(table, csv);
    if (why != NULL) {
        return why;
    }
    while (next_line(csv) != NULL) {
        table->rows++;
    }
    if (!stream_sound(csv->stream)) {
        return table_error(table->file, "is damaged or cut short");
    }
    return rewind_to_rows(table, csv);
}

static char *read_row(Table *table, const Csv *csv, char *line, double features[],
                      double *label)
{
    int field = 0;
    for (char *rest = line; rest != NULL; field++) {
        const char *text = next_field(&rest);
        const double value = text_number(text);
        if (field < csv->fields && isnan(value)) {
            table->at_target = field == csv->target;
            return table_error(table->file, "line %lld: field %d: %s is no finite number",
                               (long long)csv->line, field + 1, text_show(text).text);
        }
        if (field == csv->target) {
            *label = value;
        } else if (field < csv->fields) {
            features[field - (field > csv->target)] = value;
        }
    }
    return field == csv->fields ? NULL
                                : table_error(table->file,
                                              "line %lld: %d fields; allowed: %d as in "
                                              "the header",
                                              (long long)csv->line, field, csv->fields);
}

static char *read_csv(Table *table, int64_t first, int count, double features[],
                      double labels[])
{
    Csv *csv = table->work;
    assert(first >= csv->next);
    for (; csv->next < first + count; csv->next++) {
        char *line = next_line(csv);
        if (line == NULL) {
            return table_error(table->file, "has become shorter");
        }
        const int64_t k = csv->next - first;
        char *why = k < 0
                        ? NULL
                        : read_row(table, csv, line, features + k * table->columns, labels + k);
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static void close_csv(Table *table)
{
    Csv *csv = table->work;
    if (csv != NULL) {
        stream_close(csv->stream);
        free(csv);
    }
}

const TableFormat format_csv = {accepts, open_csv, read_csv, close_csv};
