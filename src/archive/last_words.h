/* last_words.h - private to write.c: what a rank still writes when it is ended.
 *
 * Rows in hand were counted as an attempt when they were begun.  Whoever can still speak gives
 * them back, by plain writes at places found out before: a handler of signals may do no more,
 * and a process whose memory or disk has failed should not try more.
 */
#ifndef PHASESWEEP_ARCHIVE_LAST_WORDS_H
#define PHASESWEEP_ARCHIVE_LAST_WORDS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "phasesweep/archive/archive.h"

typedef struct LastWords {
    int descriptor; /* of the file, for writing; -1: none, and nothing is said; borrowed */
    off_t ending;   /* place of this run's ending; 0: not known, or an older file */
    off_t outcome, attempts; /* places of the sweep's first row */
    bool shared;             /* the rows are of a team of several ranks */
    volatile sig_atomic_t count;
    size_t row[CHAIN_LENGTH];     /* [count] in hand */
    int32_t before[CHAIN_LENGTH]; /* [count] attempts without this one, in bytes of the file */
} LastWords;

/* Local.  Speak for rows first ... first + count - 1 of a sweep, too; all in hand are of one
 * chain.  before: attempts without this one, [count]. */
void last_words_hold(LastWords *words, off_t outcome, off_t attempts, size_t first,
                     size_t count, const int32_t before[]);

/* Local.  This attempt is the first of those in hand. */
void last_words_forget(LastWords *words);

/* Local.  Not any more: whoever writes their outcome or attempts drops them first. */
void last_words_drop(LastWords *words);

/* Local, also within a handler of signals; errno is kept. */
void last_words_speak(LastWords *words, RunEnding ending);

#endif
