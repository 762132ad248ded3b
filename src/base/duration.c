#include "phasesweep/base/duration.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

Duration duration_text(double seconds)
{
    Duration d;
    /* infinite and negative estimates must not reach an integer */
    const double whole = fmin(fmax(round(seconds), 0.0), 1e12);
    const long long s = (long long)whole;
    if (seconds >= 1e-3 && seconds < 10.0) {
        snprintf(d.text, sizeof d.text, "%.2g s", seconds);
    } else if (s < 60) {
        snprintf(d.text, sizeof d.text, "%lld s", s);
    } else if (s < 3600) {
        snprintf(d.text, sizeof d.text, "%lld min %02lld s", s / 60, s % 60);
    } else if (s < 86400) {
        snprintf(d.text, sizeof d.text, "%lld h %02lld min", s / 3600, s / 60 % 60);
    } else {
        snprintf(d.text, sizeof d.text, "%lld d %02lld h", s / 86400, s / 3600 % 24);
    }
    return d;
}

double duration_left(double expected, double passed)
{
    assert(expected >= 0.0);
    return passed <= expected ? expected - fmax(passed, 0.0) : passed;
}
