#include "data_survey.h"

#include <stdio.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/table/table.h"

/* As DataSurvey. */
static char *survey(DataSource *source, KeyId *key)
{
    TableFacts facts;
    char *why = table_survey(source->file, source->target, &facts);
    *key = why != NULL && facts.at_target ? KEY_TARGET : KEY_DATA;
    if (why != NULL) {
        return why;
    }
    if (facts.columns < 2) {
        return checked_format("%s: rows of one number; allowed: of two or more", source->file);
    }
    source->rows = (double)facts.rows;
    source->dimension = facts.columns;
    source->content = facts.content;
    return NULL;
}

/* exit and not die: several lines, already complete, and no MPI to abort before it starts. */
char *survey_job(const char *name, char *text)
{
    char *errors = job_survey(name, &text, survey);
    if (errors != NULL) {
        fputs(errors, stderr);
        exit(STATUS_WRONG_INPUT);
    }
    return text;
}

void survey_sweep(Sweep *sweep, Diagnostics *errors)
{
    if (sweep->source.file[0] == '\0' || sweep->source.target[0] == '\0') {
        return;
    }
    DataSource found = sweep->source;
    KeyId key;
    char *why = survey(&found, &key);
    if (why != NULL) {
        diagnostics_take(errors, 1, keys_table[key].name, why);
    } else {
        sweep_know(sweep, &found);
    }
}

DataFile data_file_of(const Sweep *sweep)
{
    return (DataFile){.file = sweep->source.file,
                      .target = sweep->source.target,
                      .rows = (int64_t)sweep->source.rows};
}
