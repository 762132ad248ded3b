/* An archive keeps its points though a newer program reads other numbers out of the same text:
 * one that was made when a logarithmic range missed its decades goes on with what it has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "phasesweep/app/plan.h"
#include "phasesweep/app/run.h"
#include "phasesweep/archive/archive.h"
#include "run_start.h"

#define SWEEP                                                                                  \
    "sweeps:\n"                                                                                \
    "  - {name: grid, source_exponent: 1.25, dimension: 60, noise: 0.1, samples: 900,\n"       \
    "     weight_decay: "

static const char range[] = SWEEP "{from: 1e-4, to: 1, count: 3, spacing: logarithmic}}\n";
static const char before[] = SWEEP "[1e-4, 0.009999999999999995, 1]}\n";
static const char today[] = SWEEP "[1e-4, 0.01, 1]}\n";

static Job job_of(const char *text)
{
    Job job;
    assert_null(job_parse("test", text, strlen(text), &job));
    return job;
}

/* An archive of `points`, said to be made of `text`. */
static void make(const char *path, const char *points, const char *text)
{
    Job job = job_of(points);
    char *classes = plan_classes();
    unlink(path);
    archive_create(path, &job, &(Provenance){text, "test", classes});
    free(classes);
    job_free(&job);
}

static void check_points(const char *text, const char *points)
{
    Job is = job_of(text);
    Job wanted = job_of(points);
    assert_null(job_difference(&is, &wanted));
    job_free(&is);
    job_free(&wanted);
}

static void check_read(const char *path, const char *points)
{
    char *job = archive_read_job(path);
    char *text = archive_read_text(path);
    check_points(job, points);
    assert_string_equal(text, range);
    free(job);
    free(text);
}

/* The job file that made it is still its job, by whatever name its points go today. */
static void check_run(const char *path, const char *text, const char *points)
{
    const RunRequest request = {.job_path = "job", .archive_path = path};
    RunStart *start = run_prepare(&request, strdup(text));
    assert_null(start->stored);
    check_points(start->text, points);
    check_set_cleanup(NULL, NULL);
    lock_release(start->lock);
    free(start->path);
    free(start->text);
    free(start->effort);
    free(start);
}

static void test_older_range(void **unused)
{
    (void)unused;
    char path[] = "/tmp/phasesweep-prepare-XXXXXX";
    close(mkstemp(path));
    make(path, range, range);
    check_read(path, today);
    check_run(path, range, today);
    make(path, before, range);
    check_read(path, before);
    check_run(path, range, before);
    check_run(path, before, before);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_older_range)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
