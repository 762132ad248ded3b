#define _GNU_SOURCE /* strptime */

#include "deadline.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/text.h"

/* ---- texts ------------------------------------------------------------------------------- */

/* All of text by this form into *time; its other members stay. */
static bool read_form(const char *text, const char *form, struct tm *time)
{
    const char *rest = strptime(text, form, time);
    return rest != NULL && *rest == '\0';
}

/* Of this zone; whether it is summer there is for the library to know. */
static double seconds_of(struct tm time)
{
    time.tm_isdst = -1;
    return (double)mktime(&time);
}

double deadline_read(const char *text, double now)
{
    if (text[0] == '+') {
        const double minutes = text_number(text + 1);
        return minutes >= 0.0 && isfinite(minutes) ? now + 60.0 * minutes : NAN;
    }
    static const char *const dates[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"};
    static const char *const hours[] = {"%H:%M:%S", "%H:%M"};
    for (int k = 0; k < 2; k++) {
        struct tm date = {0};
        if (read_form(text, dates[k], &date)) {
            return seconds_of(date);
        }
        struct tm today;
        const time_t second = (time_t)now;
        localtime_r(&second, &today);
        today.tm_sec = 0;
        if (read_form(text, hours[k], &today)) {
            const double end = seconds_of(today);
            today.tm_mday++; /* not a day of seconds: clocks are put forward and back */
            return end > now ? end : seconds_of(today);
        }
    }
    return NAN;
}

ClockText deadline_text(double end)
{
    ClockText clock = {"never"};
    const time_t second = (time_t)end;
    struct tm time;
    if (isfinite(end) && localtime_r(&second, &time) != NULL) {
        strftime(clock.text, sizeof clock.text, "%Y-%m-%dT%H:%M:%S", &time);
    }
    return clock;
}

/* ---- Slurm ------------------------------------------------------------------------------- */

/* NAME=time in the one line of `scontrol show job -o`; NAN: unknown. */
static double time_in(const char *line, const char *name)
{
    const char *found = strstr(line, name);
    if (found == NULL) {
        return NAN;
    }
    found += strlen(name);
    char *value = checked_format("%.*s", (int)strcspn(found, " \n"), found);
    /* or "Unknown", or "None" */
    const double time = isdigit((unsigned char)value[0]) ? deadline_read(value, 0.0) : NAN;
    free(value);
    return time;
}

/* A controller that does not answer must not hold up the run. */
static void ask_controller(const char *job, double *begin, double *end)
{
    if (job[0] == '\0' || job[strspn(job, "0123456789")] != '\0') {
        return;
    }
    char *command = checked_format("timeout 20 scontrol show job -o %s 2>/dev/null", job);
    /* before MPI starts, of digits alone: NOLINTNEXTLINE(cert-env33-c) */
    FILE *answer = popen(command, "r");
    free(command);
    if (answer == NULL) {
        return;
    }
    char *line = NULL;
    size_t room = 0;
    if (getline(&line, &room, answer) > 0) {
        *begin = time_in(line, " StartTime=");
        *end = time_in(line, " EndTime=");
    }
    free(line);
    pclose(answer);
}

static double told(const char *variable)
{
    const char *text = getenv(variable);
    return text != NULL ? text_number(text) : NAN;
}

Deadline deadline_of_slurm(double now)
{
    const char *job = getenv("SLURM_JOB_ID");
    double begin = told("SLURM_JOB_START_TIME");
    double end = told("SLURM_JOB_END_TIME");
    if (!(end > now) && job != NULL) {
        ask_controller(job, &begin, &end);
    }
    return (Deadline){.begin = begin < now ? begin : now,
                      .end = end > now ? end : INFINITY,
                      .source = "the end of the Slurm job"};
}

/* ---- the deadline ------------------------------------------------------------------------ */

Deadline deadline_find(const char *command, const char *text, double now)
{
    if (text == NULL) {
        return deadline_of_slurm(now);
    }
    const double end = deadline_read(text, now);
    if (!(end > now)) {
        die(STATUS_WRONG_INPUT,
            "%s: --deadline: %s%s; allowed: +MINUTES, HH:MM or YYYY-MM-DDTHH:MM[:SS], a time "
            "to "
            "come",
            command, text_show(text).text, isnan(end) ? "" : ", which has passed");
    }
    return (Deadline){end, end, "--deadline"};
}

double deadline_margin(double left)
{
    return fmin(fmin(fmax(0.02 * left, 60.0), 600.0), 0.1 * left);
}
