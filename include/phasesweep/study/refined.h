/* refined.h - sweeps of which refinement chooses the points (key refine).
 *
 * The plane is that of the two innermost axes with more than one value; the points of a plane
 * are consecutive, and every plane is refined by itself.  Points of such a sweep are chains of
 * one: none starts from another, so that no choice changes a result.
 */
#ifndef PHASESWEEP_STUDY_REFINED_H
#define PHASESWEEP_STUDY_REFINED_H

#include "phasesweep/study/refinement.h"
#include "phasesweep/study/sweep.h"

/* What decides: at most so many fields. */
enum { REFINE_FIELDS = 2 };

/* Local.  Is only a part of the points asked for? */
bool sweep_is_refined(const Sweep *sweep);

/* Local.  Of a checked sweep that is refined: how its planes are refined; returns how many
 * there are. */
size_t sweep_planes(const Sweep *sweep, RefinePlane *plane);

/* Local.  The fields that decide, plane.fields of them; and the number that is compared, of a
 * value of one of them: log10 of a risk, -INFINITY of R = 0, which is apart from every other
 * risk and equal to itself. */
void sweep_refined_fields(const Sweep *sweep, FieldId fields[REFINE_FIELDS]);
double sweep_refined_number(FieldId field, double value);

/* Local.  The most points of a checked sweep that are ever asked for: all, or what a budget
 * allows. */
size_t sweep_points_most(const Sweep *sweep);

/* Local.  What is wrong with the keys of refinement, beside what single keys can show; of a
 * sweep whose axes are right. */
void sweep_check_refined(const Sweep *sweep, Diagnostics *errors);

#endif
