#include <signal.h>

#include "run_start.h"

/* A handler has no argument to find anything by; all it may do is to set this. */
static volatile sig_atomic_t stop_asked = 0;

static void ask_to_stop(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

bool run_should_stop(void *context)
{
    (void)context;
    return stop_asked != 0;
}

void run_stop_on_signals(void)
{
    signal(SIGTERM, ask_to_stop);
    signal(SIGINT, ask_to_stop);
    signal(SIGUSR1, ask_to_stop);
    /* a limit on file sizes is then an error of the write, with a line and a status */
    signal(SIGXFSZ, SIG_IGN);
}
