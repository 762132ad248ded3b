#include "last_words.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void last_words_hold(LastWords *words, off_t outcome, off_t attempts, size_t first,
                     size_t count, const int32_t before[])
{
    const size_t held = (size_t)words->count;
    assert(count > 0 && held + count <= CHAIN_LENGTH);
    words->outcome = outcome;
    words->attempts = attempts;
    for (size_t i = 0; i < count; i++) {
        words->row[held + i] = first + i;
        words->before[held + i] = (int32_t)htole32((uint32_t)before[i]);
    }
    words->count = (sig_atomic_t)(held + count);
}

void last_words_forget(LastWords *words)
{
    memset(words->before, 0, sizeof words->before);
}

void last_words_drop(LastWords *words)
{
    words->count = 0;
}

static bool put(int descriptor, const void *bytes, size_t count, off_t place)
{
    return pwrite(descriptor, bytes, count, place) == (ssize_t)count;
}

/* What the run has said so far, after `ending`.  A stop that was asked for is followed by the
 * real end; the first of the others stays. */
static int8_t say(const LastWords *words, RunEnding ending)
{
    int8_t said = RUN_NO_WORD;
    const int8_t code = (int8_t)ending;
    if (words->ending > 0 && pread(words->descriptor, &said, 1, words->ending) == 1 &&
        (said == RUN_NO_WORD || said == RUN_STOPPED)) {
        put(words->descriptor, &code, 1, words->ending);
        said = code;
    }
    return words->ending > 0 ? said : code;
}

/* Attempts before outcome, as in archive_settle. */
static void give_back(LastWords *words)
{
    const int8_t outcome = OUTCOME_NEVER_RUN;
    const int count = words->count;
    words->count = 0;
    for (int i = 0; i < count; i++) {
        const off_t row = (off_t)words->row[i];
        if (put(words->descriptor, &words->before[i], sizeof words->before[i],
                words->attempts + row * (off_t)sizeof words->before[i])) {
            put(words->descriptor, &outcome, 1, words->outcome + row);
        }
    }
}

void last_words_speak(LastWords *words, RunEnding ending)
{
    const int error = errno;
    if (words->descriptor >= 0) {
        const int8_t said = say(words, ending);
        /* the signal may come from a launcher that ends a team because a rank of it crashed */
        const bool suspect = ending == RUN_CRASHED || (words->shared && said == RUN_CRASHED);
        /* the next run excuses what it finds, and does it last: it may need too much memory */
        const bool excused = words->ending > 0 && said == RUN_ENVIRONMENT && ending == said;
        if (!suspect && !excused) {
            give_back(words);
        }
    }
    errno = error;
}
