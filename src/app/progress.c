/* One line, rewritten on a terminal, appended to a log.  The rate is an exponential average
 * over about half a minute: a sweep goes from cheap to dear points, and the mean since the
 * beginning would lag behind.
 *
 * The bar is by cost, the text by counts: near the end of a sweep whose large chains went
 * first the two differ.
 */
#include "phasesweep/app/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "phasesweep/base/check.h"
#include "phasesweep/base/duration.h"
#include "phasesweep/base/text.h"

enum { BAR = 24, COLUMNS_PRESET = 80 };

static const double terminal_every = 0.2;                 /* seconds */
static const double log_first[] = {2.0, 5.0, 10.0, 20.0}; /* seconds of the run, */
static const double log_every = 60.0;                     /* and then every minute */
static const double rate_span = 30.0;

Progress progress_begin(FILE *file, double now)
{
    Progress progress = {.file = file, .begin = now, .shown = now};
    struct winsize size;
    if (isatty(fileno(file))) {
        const bool known = ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
        progress.columns = known ? size.ws_col : COLUMNS_PRESET;
    }
    return progress;
}

/* What is left comes from the schedule: by cost, with what was learned. */
char *progress_text(const Progress *progress, const ScheduleState *state, double now)
{
    char teams[128] = "";
    char failed[96] = "";
    if (state->teams > 0) {
        snprintf(teams, sizeof teams, ", %d large on %s (%s)", state->teams,
                 text_count(state->team_ranks, "rank").text,
                 duration_text(state->team_seconds).text);
    }
    if (state->failed > 0) {
        snprintf(failed, sizeof failed, ", %s failed",
                 text_count((double)state->failed, "point").text);
    }
    char rate[32];
    /* three digits, and no power of ten before a million */
    snprintf(rate, sizeof rate,
             progress->rate >= 999.5 && progress->rate < 1e6 ? "%.0f" : "%.3g", progress->rate);
    return checked_format("%zu/%zu chains, %s points/s, %s, ETA %s%s%s%s", state->done,
                          state->tasks, rate, duration_text(now - progress->begin).text,
                          duration_text(state->seconds_left).text,
                          progress->of != NULL ? progress->of : "", failed, teams);
}

/* A bar only where it fits beside the text: a line that wraps could not be overwritten. */
static void show_bar(const Progress *progress, const ScheduleState *state, const char *text)
{
    /* the last column would make some terminals wrap */
    const int room = progress->columns - 1;
    const int filled = (int)(BAR * state->share);
    char bar[BAR + 3] = "";
    if ((int)strlen(text) + BAR + 3 <= room) {
        bar[0] = '[';
        memset(bar + 1, '#', (size_t)filled);
        memset(bar + 1 + filled, '.', (size_t)(BAR - filled));
        bar[BAR + 1] = ']';
    }
    fprintf(progress->file, "\r%s%s%.*s\033[K", bar, bar[0] != '\0' ? " " : "", room, text);
}

/* In a log soon after the beginning, when people still look, and then ever more seldom. */
static bool line_due(const Progress *progress, double now)
{
    const double shown = progress->shown - progress->begin;
    for (size_t k = 0; k < sizeof log_first / sizeof *log_first; k++) {
        if (shown < log_first[k]) {
            return now - progress->begin >= log_first[k];
        }
    }
    return floor((now - progress->begin) / log_every) > floor(shown / log_every);
}

/* Called ten times a second; most calls end at the first test. */
void progress_show(Progress *progress, const ScheduleState *state, double now, bool last)
{
    const double passed = now - progress->shown;
    const bool due = progress->columns > 0 ? passed >= terminal_every : line_due(progress, now);
    if (!last && !due) {
        return;
    }
    const double rate = passed > 0.0 ? (state->points_done - progress->points) / passed : 0.0;
    /* the average begins with the first rate, not with 0 */
    const bool first = progress->points == 0.0;
    progress->rate += first ? rate - progress->rate
                            : (rate - progress->rate) * (1.0 - exp(-passed / rate_span));
    if (last && now > progress->begin) {
        /* the last line is the sum of the run: its mean rate */
        progress->rate = state->points_done / (now - progress->begin);
    }
    progress->points = state->points_done;
    progress->shown = now;
    char *text = progress_text(progress, state, now);
    if (progress->columns > 0) {
        show_bar(progress, state, text);
    } else {
        fputs(text, progress->file);
    }
    if (progress->columns == 0 || last) {
        fputc('\n', progress->file);
    }
    fflush(progress->file);
    free(text);
}
