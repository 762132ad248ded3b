#include <signal.h>
#include <stddef.h>

#include "run_start.h"

/* A handler has no argument to find anything by: all that it needs is here. */
static volatile sig_atomic_t stop_asked = 0;
static Archive *volatile spoken_for = NULL;

static void speak(RunEnding ending)
{
    Archive *archive = spoken_for;
    if (archive != NULL) {
        /* of plain pwrite alone: NOLINTNEXTLINE(bugprone-signal-handler) */
        archive_last_words(archive, ending);
    }
}

/* What is in hand is given back at once: who asks may not wait for the end of it. */
static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
    speak(RUN_STOPPED);
}

bool run_should_stop(void *context)
{
    (void)context;
    return stop_asked != 0;
}

void run_stop_heard(void)
{
    speak(RUN_STOPPED);
}

void run_stop_on_signals(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGUSR1, SIGHUP, SIGXCPU};
    for (size_t k = 0; k < sizeof signals / sizeof *signals; k++) {
        /* nohup */
        if (signal(signals[k], ask_to_stop) == SIG_IGN && signals[k] == SIGHUP) {
            signal(SIGHUP, SIG_IGN);
        }
    }
    /* a limit on file sizes is then an error of the write, with a line and a status */
    signal(SIGXFSZ, SIG_IGN);
}

/* ---- crashes ----------------------------------------------------------------------------- */

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
enum { CRASHES = sizeof crashes / sizeof *crashes };
static struct sigaction before[CRASHES];

static void restore_crashes(void)
{
    for (int k = 0; k < CRASHES; k++) {
        sigaction(crashes[k], &before[k], NULL);
    }
}

/* Then whatever would have happened: MPI prints where it was. */
static void note_crash(int signal_number)
{
    speak(RUN_CRASHED);
    restore_crashes();
    raise(signal_number);
}

void run_stop_speak_for(Archive *archive)
{
    if (spoken_for != NULL) {
        restore_crashes();
    }
    spoken_for = archive;
    const struct sigaction ours = {.sa_handler = note_crash};
    for (int k = 0; k < CRASHES && archive != NULL; k++) {
        sigaction(crashes[k], &ours, &before[k]);
    }
}
