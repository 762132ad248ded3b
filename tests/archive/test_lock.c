/* One of many processes that meet a stale lock at the same time takes it; who lost a lock finds
 * out, and leaves the lock of its successor alone. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "phasesweep/archive/lock.h"
#include "phasesweep/base/check.h"

enum { WRITERS = 6, ROUNDS = 40 };

static char folder[] = "/tmp/phasesweep-lock-XXXXXX";

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A lock of a process that is gone: its process number is beyond the largest. */
static void write_stale(const char *path)
{
    Lock *lock = lock_take("sample");
    char text[1024] = "";
    FILE *file = fopen("sample.lock", "r");
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    lock_release(lock);
    char *pid = strstr(text, " pid ") + 5;
    char *rest = strchr(pid, ' ');
    char *line = checked_format("%.*s%ld%s", (int)(pid - text), text, 99999999L, rest);
    write_text(path, line);
    free(line);
}

/* In a child: wait for the start, take the lock, say so, hold it until told. */
static void contend(const char *path, int begin, int won, int end)
{
    char byte;
    freopen("/dev/null", "w", stderr);
    while (read(begin, &byte, 1) > 0) {
    }
    Lock *lock = lock_take(path);
    write(won, "w", 1);
    while (read(end, &byte, 1) > 0) {
    }
    lock_release(lock);
    _exit(0);
}

static int count_winners(const char *path)
{
    int begin[2], won[2], end[2];
    assert_true(pipe(begin) == 0 && pipe(won) == 0 && pipe(end) == 0);
    pid_t children[WRITERS];
    for (int k = 0; k < WRITERS; k++) {
        children[k] = fork();
        if (children[k] == 0) {
            close(begin[1]);
            close(end[1]);
            contend(path, begin[0], won[1], end[0]);
        }
    }
    close(begin[1]);
    close(won[1]);
    int refused = 0;
    int status;
    /* all but one are refused and end */
    for (int k = 0; k < WRITERS - 1; k++) {
        assert_true(wait(&status) > 0 && WIFEXITED(status));
        refused += WEXITSTATUS(status) == STATUS_WRONG_INPUT;
    }
    close(end[1]);
    assert_true(wait(&status) > 0);
    char letters[WRITERS];
    const ssize_t winners = read(won[0], letters, sizeof letters);
    assert_int_equal(refused, WRITERS - 1);
    close(begin[0]);
    close(won[0]);
    close(end[0]);
    return (int)winners;
}

static void test_one_of_many(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        write_stale("stale.lock");
        /* a claim whose owner died, every other time, and its lock: both are dead */
        if (round % 2 == 1) {
            char text[1024], token[32];
            FILE *file = fopen("stale.lock", "r");
            assert_non_null(fgets(text, sizeof text, file));
            fclose(file);
            assert_int_equal(sscanf(text, "token %16s", token), 1);
            char *name = checked_format("stale.lock.%s", token);
            write_stale(name);
            free(name);
        }
        assert_int_equal(count_winners("stale"), 1);
        assert_int_not_equal(access("stale.lock", F_OK), 0);
    }
}

static int status_of(void (*body)(const char *path), const char *path)
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        freopen("/dev/null", "w", stderr);
        body(path);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Take the lock, lose it to another token, give a sign of life. */
static void lose(const char *path)
{
    Lock *lock = lock_take(path);
    write_text("lost.lock",
               "token 0123456789abcdef host h space s pid 1 start 1 slurm_job none "
               "restart 0 date d\n");
    lock_touch(lock);
}

static void lose_by_removal(const char *path)
{
    Lock *lock = lock_take(path);
    unlink("lost.lock");
    lock_touch(lock);
}

/* Take the lock, lose it, and release: the successor's stays. */
static void release_late(const char *path)
{
    Lock *lock = lock_take(path);
    unlink("lost.lock");
    write_text("lost.lock",
               "token 0123456789abcdef host h space s pid 1 start 1 slurm_job none "
               "restart 0 date d\n");
    lock_release(lock);
}

static void test_lost(void **state)
{
    (void)state;
    assert_int_equal(status_of(lose, "lost"), STATUS_ENVIRONMENT);
    unlink("lost.lock");
    assert_int_equal(status_of(lose_by_removal, "lost"), STATUS_ENVIRONMENT);
    assert_int_equal(status_of(release_late, "lost"), 0);
    assert_int_equal(access("lost.lock", F_OK), 0);
    unlink("lost.lock");
}

static void take(const char *path)
{
    lock_release(lock_take(path));
}

/* On one host an archive is fenced under any name; a hard link is refused anywhere. */
static void test_names(void **state)
{
    (void)state;
    write_text("archive", "");
    Lock *lock = lock_take("archive");
    unlink("archive.lock");
    assert_int_equal(status_of(take, "archive"), STATUS_WRONG_INPUT);
    assert_int_equal(symlink("archive", "symbolic"), 0);
    char *real = lock_real_path("symbolic");
    assert_string_equal(strrchr(real, '/'), "/archive");
    free(real);
    assert_int_equal(link("archive", "hard"), 0);
    assert_int_equal(status_of(take, "hard"), STATUS_WRONG_INPUT);
    lock_release(lock);
    assert_int_equal(status_of(take, "hard"), STATUS_WRONG_INPUT);
    /* unless it is what a killed --extend left */
    assert_int_equal(rename("hard", "archive.1"), 0);
    assert_int_equal(status_of(take, "archive"), 0);
    assert_int_not_equal(access("archive.1", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_of_many),
                                       cmocka_unit_test(test_lost),
                                       cmocka_unit_test(test_names)};
    /* the patience of those who are refused */
    setenv("PHASESWEEP_LOCK_SILENCE", "0.2", 1);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return 1;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char *command = checked_format("rm -r %s", folder);
    const int removed = system(command);
    free(command);
    return failed + (removed != 0);
}
