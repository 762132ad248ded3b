/* amp_forecast.h - message passing as state evolution sees it, one iteration after another.
 *
 * The iteration of (E1), (E2) of overlaps.h from S = 0, at the damping that message passing
 * had; its fixed point is the trained network (theory.md section 8).  Nothing here
 * communicates.
 */
#ifndef PHASESWEEP_THEORY_AMP_FORECAST_H
#define PHASESWEEP_THEORY_AMP_FORECAST_H

#include <stddef.h>

#include "phasesweep/model/problem.h"

/* Local.  R after each of `count` iterations, of which number k keeps a part kept[k] of the one
 * before; NAN from the first kept that is NAN.  risk and kept may be one array. */
void amp_forecast(const Problem *problem, size_t count, const double kept[], double risk[]);

#endif
