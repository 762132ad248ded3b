#include "run_words.h"

#include <stdio.h>
#include <stdlib.h>

#include "phasesweep/base/duration.h"
#include "deadline.h"

/* Several lines or none; taken over. */
static void say(char *lines)
{
    if (lines != NULL) {
        fputs(lines, stderr);
    }
    free(lines);
}

void words_begin(const char *path, const Plan *plan, int workers)
{
    double points = 0.0;
    for (size_t g = 0; g < plan->group_count; g++) {
        points += (double)plan->groups[g].count * plan->groups[g].points;
    }
    if (plan->chain_count > 0) {
        fprintf(stderr, "phasesweep: %s: %.0f points in %zu chains on %d ranks\n", path, points,
                plan->chain_count, workers);
    }
}

void words_finished(const char *path, const OpenChains *open)
{
    if (open->count == 0) {
        fprintf(stderr, "phasesweep: %s: all %.0f points are finished; nothing to do\n", path,
                open->finished);
    }
}

void words_refusals(const Plan *plan, int workers)
{
    say(plan_refusals(plan, workers));
}

void words_too_long(const Plan *plan, int workers, double limit, const CostModel *costs)
{
    say(plan_too_long(plan, workers, limit, costs));
}

void words_deadline(const RunRequest *request, double margin)
{
    fprintf(stderr,
            "phasesweep: nothing starts that would not end by %s (%s); trainings are saved %s "
            "before\n",
            deadline_text(request->deadline).text, request->deadline_source,
            duration_text(margin).text);
}

void words_end(const char *path, const Plan *plan, size_t unconverged)
{
    if (unconverged > 0) {
        fprintf(stderr,
                "phasesweep: %zu points did not converge, failed, were lost or refused; "
                "`phasesweep resume --retry %s` tries them again, with `--set "
                "iteration_limit=N` where trainings met a limit\n",
                unconverged, path);
    }
    if (plan->chain_count > 0) {
        fprintf(stderr,
                "phasesweep: %s is complete; `phasesweep status` counts its points, "
                "phasesweep-figure (analysis/README.md) draws them\n",
                path);
    }
}

void words_stopped(const char *path, bool hopeless)
{
    fprintf(stderr, "phasesweep: %s; `phasesweep resume %s` goes on%s\n",
            hopeless ? "all that is left takes longer than the time limit" : "stopped", path,
            hopeless ? " where there is more time" : "");
}
