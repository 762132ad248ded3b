/* The average over mu of t (1 - t |G|^2), with t^2 |G|^2 = v^2 + (t H)^2 (theory.md section
 * 6), band by band from the top.  Isolated s_i come first, whose mass 1/d is known exactly;
 * then cells of bands that have nearly parted; then pieces of the bulk.
 *
 * Where many similar bands follow each other, one in several is computed and a rule for
 * whole numbers sums them.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "phasesweep/base/check.h"
#include "phasesweep/theory/freeconv.h"
#include "denoiser.h"

enum { LOWEST = 9 }; /* cells at the bottom are looked at one by one: bands.h */

/* Bands are cut apart where t is below this times the t at which they meet: at few s_i only
 * where there really is a neck, at many until the curve has risen so far above them (four
 * times their distance) that it no longer shows them one by one. */
static const double neck = 2.7;
static const double many_neck = 12.0;
static const double many = 48.0;

/* Half the width of a band over its s_i, below which rounding is all there is of it. */
static const double unresolved = 1e-13;

Denoiser *denoiser_create(void)
{
    static const int sides[FIELD_TABLES] = {FIELD_NARROW, FIELD_MIDDLE, FIELD_WIDE};
    Denoiser *denoiser = checked_alloc(1, sizeof *denoiser);
    denoiser->rule = rule_create();
    for (int k = 0; k < FIELD_TABLES; k++) {
        denoiser->fields[k].side = sides[k];
    }
    for (int k = 1; k < 1 << GRIDS; k++) {
        denoiser->grid[k] = panels_grid(&denoiser->rule, k);
    }
    return denoiser;
}

void denoiser_free(Denoiser *denoiser)
{
    if (denoiser != NULL) {
        bands_free(&denoiser->bands);
        for (int k = 0; k < FIELD_TABLES; k++) {
            field_table_free(&denoiser->fields[k]);
        }
        atoms_free(&denoiser->atoms);
        atoms_free(&denoiser->near);
        free(denoiser);
    }
}

/* Beyond both ends of the spectrum lies a gap that never closes. */
static Gap gap_or_none(const Task *task, double index)
{
    const double d = task->teacher->dimension;
    return index < 1.0 || index >= d ? (Gap){.t = INFINITY}
                                     : bands_gap(&task->denoiser->bands, task->teacher, index);
}

/* End of a piece at a gap or neck, on a side of s_index. */
static double panels_end(const Task *task, const Gap *gap, double index, int side)
{
    return gap->t > task->t
               ? bands_edge(&task->denoiser->bands, task->teacher, task->t, index, side)
               : gap->u;
}

/* The cell of s_index by a field, unless that does not reach. */
static bool add_by_field(Task *task, const Field *field, const Gap *above, const Gap *below)
{
    const double t = task->t;
    const double s = field->center;
    const double up = above->t > t ? field_edge(field, t, 1) : above->u - s;
    const double down = below->t > t ? field_edge(field, t, -1) : s - below->u;
    const double meet = fmin(above->t, below->t);
    /* among equal neighbours v^2 is about t/d times this when they have merged */
    const double height = sqrt(t * field->near.mass[0] * fmax(1.0, t / meet));
    if (fmax(fmax(up, down), height) >= field->reach) {
        return false;
    }
    const Piece piece = {s - down, s + up};
    /* far from merging: an ellipse, and no estimate of the error is needed */
    if (t < 0.2 * meet) {
        panels_add_ellipse(task, field, &piece);
        return true;
    }
    double y[RULE_NODES];
    for (int k = 0; k < RULE_NODES; k++) {
        /* towards an edge the curve falls like sin(phi), at a neck it does not */
        const double sine = t < 2.0 * meet ? task->denoiser->grid[1].sine[k] : 1.0;
        y[k] = pow(height * sine, 2.0);
    }
    return panels_add(task, field, &piece, y);
}

/* What the part of the curve around s_index adds, cut at both neighbouring gaps.  The
 * difference to what was summed before, because accuracy is judged relative to the sum. */
static Denoised cell(const Task *task, double index)
{
    const Gap above = gap_or_none(task, index - 1.0);
    const Gap below = gap_or_none(task, index);
    /* alone in a band so narrow that no u within it is told from s_i: only its own row of the
     * eigenvectors is known, 1/d of what the others share */
    const double s = teacher_eigenvalue(task->teacher, index);
    const double mass = 1.0 / task->teacher->dimension;
    if (task->t * mass < unresolved * unresolved * s * s &&
        task->t < 0.2 * fmin(above.t, below.t)) {
        const double lack = task->t * mass * mass;
        const double part = task->missing ? lack : task->t * mass - lack;
        return (Denoised){part, part};
    }
    Task part;
    bool done = false;
    /* the narrowest field that reaches is the cheapest */
    for (int k = 0; k < FIELD_TABLES && !done; k++) {
        part = *task;
        const Field *field = field_around(&task->denoiser->fields[k], task->teacher, index);
        done = add_by_field(&part, field, &above, &below);
    }
    if (!done) {
        part = *task;
        const Piece piece = {panels_end(task, &below, index, -1),
                             panels_end(task, &above, index, 1)};
        panels_add_alone(&part, &piece);
    }
    return (Denoised){.risk = part.sum.risk - task->sum.risk,
                      .slope = part.sum.slope - task->sum.slope};
}

/* Cells first ... last.  A cell's part is smooth in its index away from both ends of the
 * spectrum and from `edge`, the last cell with an open gap below it. */
static void add_cells(Task *task, double first, double last, double edge)
{
    const double d = task->teacher->dimension;
    for (double i = first; i <= last;) {
        /* the largest aligned block [i, i + 2^octave) that is no longer than its distance
         * from index 0, from d and from the edge: there the sum over it is smooth enough for
         * a rule */
        int octave = 0;
        for (double count = 2.0;
             fmod(i, count) == 0.0 && i + count - 1.0 <= last && count <= d - i - count &&
             count <= fabs(i - edge) && (i > edge || i + 2.0 * count <= edge);
             count *= 2.0) {
            octave++;
        }
        double offset[TEACHER_RULE] = {0.0};
        double factor[TEACHER_RULE] = {1.0};
        int nodes = 1;
        /* shorter blocks are computed cell by cell */
        if (octave >= TEACHER_ROUNDED) {
            nodes = TEACHER_RULE;
            teacher_rounded_rule(task->teacher, octave, offset, factor);
        }
        for (int k = 0; k < nodes; k++) {
            const Denoised part = cell(task, i + offset[k]);
            task->sum.risk += factor[k] * part.risk;
            task->sum.slope += factor[k] * part.slope;
        }
        i += nodes == 1 ? 1.0 : ldexp(1.0, octave);
    }
}

/* The top cells, whose mass is known: t times that, minus what the variance lacks of t, which
 * is small where bands are narrow and needs few digits. */
static void add_known_mass(Task *task, double first, double last, double edge, double mass)
{
    Task lack = *task;
    lack.missing = true;
    lack.scale = task->sum.risk + task->t * mass;
    lack.sum = (Denoised){0};
    add_cells(&lack, first, last, edge);
    task->sum.risk += task->t * mass - lack.sum.risk;
    task->sum.slope += task->t * mass - lack.sum.slope;
}

/* Below the cells: every gap or neck ends a piece, of one s_i or of many. */
static void add_rest(Task *task, double cells, double ordered)
{
    const double d = task->teacher->dimension;
    double begin = cells;
    for (double i = fmax(cells + 1.0, ordered); i <= d; i++) {
        const Gap gap = gap_or_none(task, i);
        if (neck * gap.t < task->t) {
            continue;
        }
        if (i == begin + 1.0) {
            const Denoised part = cell(task, i);
            task->sum.risk += part.risk;
            task->sum.slope += part.slope;
        } else {
            const Gap above = gap_or_none(task, begin);
            const Piece piece = {panels_end(task, &gap, i, -1),
                                 panels_end(task, &above, begin + 1.0, 1)};
            panels_add_alone(task, &piece);
        }
        begin = i;
    }
}

/* Diagnostics of pieces are kept relative to the sum so far, which begins with the known top.
 */
Denoised mmse_matrix(Denoiser *denoiser, const Teacher *teacher, double t)
{
    assert(t > 0.0);
    const double d = teacher->dimension;
    Bands *bands = &denoiser->bands;
    Task task = {.denoiser = denoiser, .teacher = teacher, .t = t};
    /* above it gaps close from the bottom up, so that the open ones are found by halving */
    const double ordered = fmax(0.0, d - LOWEST);
    const double open = bands_open_gap(bands, teacher, t, ordered).index;
    Gap last = bands_open_gap(bands, teacher, t / many_neck, ordered);
    if (last.index < many) {
        last = bands_open_gap(bands, teacher, t / neck, ordered);
    }
    add_known_mass(&task, 1.0, open, open, open / d);
    if (last.index > open) {
        const SpectralPoint at = freeconv_point(teacher, t, last.u, &denoiser->atoms);
        const double from = at.x - at.u; /* t H */
        /* what the variance lacks of t at the neck: small there, it is smaller above */
        if (at.v * at.v + from * from < 0.2 * t) {
            const double mass = freeconv_mass_above(teacher, t, &at, &denoiser->atoms);
            add_known_mass(&task, open + 1.0, last.index, open, mass - open / d);
        } else {
            add_cells(&task, open + 1.0, last.index, open);
        }
    }
    add_rest(&task, last.index, ordered);
    return task.sum;
}
