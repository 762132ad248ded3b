#include "block_soft.h"

#include <assert.h>
#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "phasesweep/base/check.h"
#include "phasesweep/numerics/normal.h"
#include "block_product.h"

/* Standard deviations beyond which nothing is: exp(-28) is left. */
static const double farthest = 7.5;
/* Sums over twice the step of a that agree so well: those over the step are right to the square
 * of it or, as a Gaussian's would be, to its fourth power, which the sum for 1 tells. */
static const double content = 1e-3;
static const double exact = 1e-11;
/* A probability that is none. */
static const double never = 1e-12;
/* What is left of a product and adds nothing. */
static const double negligible = 1e-17;

enum { MAX_HALVINGS = 8, TILTS = 8, BISECTIONS = 10 };

struct SoftBlockRoom {
    size_t coordinates, chunks, nodes; /* there is room for */
    SoftCoordinate *coordinate;
    BlockWaves *waves;                /* [chunk] */
    BlockLanes *at_teacher, *at_edge; /* [chunk][coordinate] e^(-i eta phi*), e^(i eta kappa) */
};

/* A block, and where its sums go. */
typedef struct Task {
    const SoftBlock *block;
    SoftBlockRoom *room;
    const Interrupt *interrupt;
    double sigma, unit; /* 1/sqrt(1 - rho), sqrt(rho) */
    double b;
    double low, high; /* of a */
    double step;      /* of omega */
    size_t chunks;    /* of BLOCK_LANES omega from 0 on */
} Task;

SoftBlockRoom *soft_block_room(void)
{
    SoftBlockRoom *room = checked_alloc(1, sizeof *room);
    *room = (SoftBlockRoom){0};
    return room;
}

void soft_block_free(SoftBlockRoom *room)
{
    if (room != NULL) {
        free(room->coordinate);
        free(room->waves);
        free(room->at_teacher);
        free(room->at_edge);
        free(room);
    }
}

static double cut_of(const Task *task, int j)
{
    return task->b * task->block->penalty[j] * task->sigma * task->sigma;
}

/* ---- blocks of one active set -------------------------------------------------------- */

/* The solution without noise: phi_j = (phi*_j + a - kappa_j)_+, (1 - rho) a + rho M = 0. */
typedef struct Still {
    double a;
    int active;
    double error;    /* M */
    double penalty;  /* sum of r_j over active j */
    double together; /* (1 - rho + rho active), what 1 is to C of those */
} Still;

/* The active set at a, and M there. */
static void observe(const Task *task, Still *still)
{
    const double rho = task->block->correlation;
    still->active = 0;
    still->error = still->penalty = 0.0;
    for (int j = 0; j < task->block->size; j++) {
        const double teacher = task->block->teacher[j];
        const bool active = teacher + still->a - cut_of(task, j) > 0.0;
        still->active += active;
        still->penalty += active ? task->block->penalty[j] : 0.0;
        still->error += active ? still->a - cut_of(task, j) : -teacher;
    }
    still->together = 1.0 - rho + rho * still->active;
}

/* Newton's method for a, from the right, where all is shrunk to 0: the side increases and is
 * convex, so that the active set only shrinks. */
static Still still_of(const Task *task)
{
    const double rho = task->block->correlation;
    Still still = {.a = INFINITY};
    int before = -1;
    for (observe(task, &still); still.active != before; observe(task, &still)) {
        double sum = 0.0;
        for (int j = 0; j < task->block->size; j++) {
            const double teacher = task->block->teacher[j];
            const bool active = teacher + still.a - cut_of(task, j) > 0.0;
            sum += active ? cut_of(task, j) : teacher;
        }
        before = still.active;
        still.a = rho * sum / still.together;
    }
    return still;
}

/* Does noise change the active set of that solution?  To fall to 0 a coordinate has to move by
 * phi_j, with variance (C_aa^-1)_jj; to leave it, its gradient, with the variance that the
 * active ones leave it, to b r_j. */
static bool is_settled(const Task *task, const Still *still)
{
    const SoftBlock *block = task->block;
    const double rho = block->correlation;
    const double moves = task->sigma * sqrt(1.0 - rho / still->together);
    const double turns = sqrt(1.0 - rho * rho * still->active / still->together);
    double chance = 0.0;
    for (int j = 0; j < block->size; j++) {
        const double phi = block->teacher[j] + still->a - cut_of(task, j);
        const double edge = task->b * block->penalty[j];
        const double pull = (1.0 - rho) * block->teacher[j] - rho * still->error;
        chance += phi > 0.0
                      ? normal_tail(phi / moves)
                      : normal_tail((edge - pull) / turns) + normal_tail((edge + pull) / turns);
    }
    return chance < never;
}

/* phi = that solution + C_aa^-1 (C^(1/2) g)_a. */
static SoftBlockMoments settled_moments(const Task *task, const Still *still)
{
    const SoftBlock *block = task->block;
    const double rho = block->correlation;
    SoftBlockMoments sum = {.norm = 1.0,
                            .risk = still->active + rho * still->error * still->error,
                            .risk_tau = 2.0 * still->active,
                            .active = still->active};
    for (int j = 0; j < block->size; j++) {
        const double r = block->penalty[j];
        const double phi = block->teacher[j] + still->a - cut_of(task, j);
        const double error = phi > 0.0 ? still->a - cut_of(task, j) : -block->teacher[j];
        sum.risk += (1.0 - rho) * error * error;
        sum.trace += phi > 0.0 ? r * phi : 0.0;
        sum.trace_b -= phi > 0.0 ? r * (r - rho * still->penalty / still->together) : 0.0;
    }
    sum.trace_b /= 1.0 - rho;
    return sum;
}

/* ---- ranges of a and omega ----------------------------------------------------------- */

/* log E e^(tilt Delta_j) at given a: of both halves and of what is 0, whose exponents may be
 * out of range one by one. */
static double log_moment(const Task *task, int j, double a, double tilt)
{
    const double sigma = task->sigma;
    const double teacher = task->block->teacher[j];
    const double above = a - cut_of(task, j); /* Delta on either side before it is cut */
    const double below = a + cut_of(task, j);
    const double grown = 0.5 * tilt * tilt * sigma * sigma;
    const double factor[] = {normal_tail(-(teacher + above) / sigma - tilt * sigma),
                             normal_tail((teacher + below) / sigma + tilt * sigma),
                             normal_tail((teacher + above) / sigma) -
                                 normal_tail((teacher + below) / sigma)};
    const double exponent[] = {tilt * above + grown, tilt * below + grown, -tilt * teacher};
    double most = -INFINITY;
    for (int k = 0; k < 3; k++) {
        most = factor[k] > 0.0 ? fmax(most, exponent[k]) : most;
    }
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        sum += factor[k] > 0.0 ? factor[k] * exp(exponent[k] - most) : 0.0;
    }
    return most + log(sum);
}

/* log E e^(tilt (z_0 + z')) at given a, z' a standard normal number of its own; z_0 is here
 * what a makes of it. */
static double cumulant(const Task *task, double a, double tilt)
{
    const double rho = task->block->correlation;
    double sum = tilt * (1.0 - rho) / task->unit * a + 0.5 * tilt * tilt;
    for (int j = 0; j < task->block->size; j++) {
        sum += log_moment(task, j, a, tilt * task->unit);
    }
    return sum;
}

/* Of Chernoff's bounds: a geometric row of tilts between those of a standard deviation of 1 and
 * of the largest there is, 1 + size rho/(1 - rho) being that of all coordinates active. */
static double tilt_of(const Task *task, int k)
{
    const double spread =
        1.0 + task->block->size * (task->unit * task->sigma) * (task->unit * task->sigma);
    return farthest * pow(spread, -0.5 * k / (TILTS - 1.0));
}

/* log P that the solution's a is farther out than this one, side 1 or -1, or more. */
static double log_beyond(const Task *task, double a, double side)
{
    double least = 0.0;
    for (int k = 0; k < TILTS; k++) {
        least = fmin(least, cumulant(task, a, -side * tilt_of(task, k)));
    }
    return least;
}

/* The a beyond which nothing is, from `middle` on, which is near the mean.  Given all others, a
 * moves with z_0 by at most sqrt(rho)/(1 - rho), and with each z_j by less than sigma. */
static double end_of(const Task *task, double middle, double side)
{
    const double rho = task->block->correlation;
    const double level = -0.5 * farthest * farthest;
    double inside = side * middle;
    double step = farthest * task->unit / (1.0 - rho);
    double outside = inside + step;
    for (; log_beyond(task, side * inside, side) < level; step *= 2.0) {
        outside = inside;
        inside -= step;
    }
    for (; log_beyond(task, side * outside, side) > level; step *= 2.0) {
        inside = outside;
        outside += step;
    }
    for (int k = 0; k < BISECTIONS; k++) {
        const double half = 0.5 * (inside + outside);
        *(log_beyond(task, side * half, side) < level ? &outside : &inside) = half;
    }
    return side * outside;
}

/* |z_0 + z'| beyond which nothing is at an end of the range of a; in between there is less. */
static double reach_of(const Task *task, double a, double side)
{
    double least = INFINITY;
    for (int k = 0; k < TILTS; k++) {
        const double tilt = tilt_of(task, k);
        const double bound =
            (cumulant(task, a, side * tilt) + 0.5 * farthest * farthest) / tilt;
        least = isfinite(bound) ? fmin(least, bound) : least;
    }
    return least;
}

/* ---- tables -------------------------------------------------------------------------- */

static void make_room(SoftBlockRoom *room, size_t size, size_t chunks)
{
    if (room->coordinates < size) {
        room->coordinate = checked_realloc(room->coordinate, size, sizeof *room->coordinate);
        room->coordinates = size;
    }
    if (room->chunks < chunks) {
        room->waves = checked_realloc(room->waves, chunks, sizeof *room->waves);
        room->chunks = chunks;
    }
    if (room->nodes < chunks * size) {
        room->nodes = chunks * size;
        room->at_teacher =
            checked_realloc(room->at_teacher, room->nodes, sizeof *room->at_teacher);
        room->at_edge = checked_realloc(room->at_edge, room->nodes, sizeof *room->at_edge);
    }
}

static void fill_wave(BlockLanes *wave, double first, double step)
{
    for (int l = 0; l < BLOCK_LANES; l++) {
        wave->re[l] = cos(first + l * step);
        wave->im[l] = sin(first + l * step);
    }
}

/* e^(i omega x), omega of a chunk. */
static void fill_chunk(const Task *task, size_t chunk, double x, BlockLanes *wave)
{
    fill_wave(wave, (double)(chunk * BLOCK_LANES) * task->step * x, task->step * x);
}

static void fill_waves(const Task *task, size_t chunk, BlockWaves *waves)
{
    const double ratio = task->unit * task->sigma;
    for (int l = 0; l < BLOCK_LANES; l++) {
        const double omega = (double)(chunk * BLOCK_LANES + (size_t)l) * task->step;
        waves->x[l] = omega * ratio * M_SQRT1_2;
        waves->drift[l] = omega * ratio * task->sigma;
        waves->damp[l] = exp(-0.5 * omega * omega * ratio * ratio);
    }
}

static void prepare(Task *task, double middle)
{
    const int size = task->block->size;
    task->low = end_of(task, middle, -1.0);
    task->high = end_of(task, middle, 1.0);
    /* equidistant omega see z_0 modulo 2 pi / step */
    const double period =
        fmax(reach_of(task, task->high, 1.0), reach_of(task, task->low, -1.0));
    task->step = 2.0 * M_PI / fmax(period, 2.0 * farthest);
    task->chunks = (size_t)ceil(farthest / (task->step * BLOCK_LANES)) + 1;
    make_room(task->room, (size_t)size, task->chunks);
    for (size_t k = 0; k < task->chunks; k++) {
        fill_waves(task, k, &task->room->waves[k]);
        for (int j = 0; j < size; j++) {
            const size_t at = k * (size_t)size + (size_t)j;
            fill_chunk(task, k, -task->unit * task->block->teacher[j],
                       &task->room->at_teacher[at]);
            fill_chunk(task, k, task->unit * cut_of(task, j), &task->room->at_edge[at]);
        }
    }
}

/* ---- sums ---------------------------------------------------------------------------- */

static SoftHalf half_at(double mean, double sign, double teacher, double sigma)
{
    const double inside = (mean + sign * teacher) / sigma;
    const double depth = fabs(inside) * M_SQRT1_2;
    return (SoftHalf){.mean = mean,
                      .depth = depth,
                      .weight = 0.5 * exp(-depth * depth),
                      .edge = sigma * normal_density(inside),
                      .beyond = inside > 0.0};
}

static void fill_coordinates(const Task *task, double a)
{
    const double sigma = task->sigma;
    for (int j = 0; j < task->block->size; j++) {
        const double teacher = task->block->teacher[j];
        const double cut = cut_of(task, j);
        task->room->coordinate[j] =
            (SoftCoordinate){.teacher = teacher,
                             .penalty = task->block->penalty[j],
                             .variance = sigma * sigma,
                             .inactive = normal_tail((teacher + a - cut) / sigma) -
                                         normal_tail((teacher + a + cut) / sigma),
                             .half = {half_at(a - cut, 1.0, teacher, sigma),
                                      half_at(-a - cut, -1.0, teacher, sigma)}};
    }
}

/* What one omega adds.  As e^(i omega z - omega^2/2) stands for the density of z_0, z times it
 * is -i omega times that, z^2 times it 1 - omega^2; M = (z - e)/sqrt(rho), e = (1 - rho) a /
 * sqrt(rho); every expectation has the factor d z_0/d a of 1 - rho + rho A. */
static void add_node(const Task *task, double a, double omega, double factor,
                     const double complex t[BLOCK_PRODUCTS], SoftBlockMoments *sum)
{
    const double rho = task->block->correlation;
    const double rest = 1.0 - rho;
    const double e = rest * a / task->unit;
    const double complex wave =
        factor * exp(-0.5 * omega * omega) * (cos(omega * e) + I * sin(omega * e));
    const double complex z = -I * omega;
    const double zz = 1.0 - omega * omega;
    const double complex one = rest * t[BLOCK_ONE] + rho * t[BLOCK_A];
    const double complex trace = rest * t[BLOCK_G] + rho * t[BLOCK_AG];
    const double complex square = rest * t[BLOCK_F] + rho * t[BLOCK_AF];
    sum->norm += creal(wave * one);
    sum->active += creal(wave * (rest * t[BLOCK_A] + rho * t[BLOCK_AA]));
    sum->trace += creal(wave * trace);
    sum->risk += creal(wave * (rest * square + (zz - 2.0 * e * z + e * e) * one));
    sum->trace_b += creal(wave * (rho * t[BLOCK_SS_AV] - rest * t[BLOCK_V])) / rest;
    sum->trace_tau +=
        creal(wave * (task->unit * z * t[BLOCK_S] + rho * t[BLOCK_AZ_NS] + rest * t[BLOCK_Z]));
    const double complex error = task->unit * rest * (z * t[BLOCK_X] + (z - e) * t[BLOCK_N]) +
                                 rho * (zz - e * z) * t[BLOCK_A] +
                                 rest * (rho * t[BLOCK_AY_NX] + rest * t[BLOCK_Y]);
    sum->risk_tau += 2.0 * creal(wave * error);
}

/* Largest of what the products are at the last omega of a chunk on. */
static double largest(const Task *task, size_t chunk, const BlockProducts *products)
{
    const double omega = (double)(chunk * BLOCK_LANES) * task->step;
    double most = 0.0;
    for (int l = 0; l < BLOCK_LANES; l++) {
        for (int k = BLOCK_ONE; k <= BLOCK_A; k++) {
            most = fmax(most, fabs(products->of[k].re[l]) + fabs(products->of[k].im[l]));
        }
    }
    return most * exp(-0.5 * omega * omega);
}

/* Integral over omega at one a; omega and -omega add conjugates. */
static void add_line(const Task *task, double a, double weight, SoftBlockMoments *sum)
{
    const size_t size = (size_t)task->block->size;
    const double factor = weight * task->step / (2.0 * M_PI) / task->unit;
    fill_coordinates(task, a);
    for (size_t chunk = 0; chunk < task->chunks; chunk++) {
        BlockProducts products;
        BlockWaves *waves = &task->room->waves[chunk];
        block_product_begin(&products);
        fill_chunk(task, chunk, task->unit * a, &waves->shift);
        for (size_t j = 0; j < size; j++) {
            block_product_take(&products, &task->room->coordinate[j], waves,
                               &task->room->at_teacher[chunk * size + j],
                               &task->room->at_edge[chunk * size + j]);
        }
        for (int l = 0; l < BLOCK_LANES; l++) {
            const double omega = (double)(chunk * BLOCK_LANES + (size_t)l) * task->step;
            double complex t[BLOCK_PRODUCTS];
            for (int k = 0; k < BLOCK_PRODUCTS; k++) {
                t[k] = products.of[k].re[l] + I * products.of[k].im[l];
            }
            add_node(task, a, omega, omega == 0.0 ? factor : 2.0 * factor, t, sum);
        }
        sum->nodes += BLOCK_LANES;
        if (largest(task, chunk, &products) < negligible) {
            break;
        }
    }
}

static bool near(double x, double y, double scale)
{
    return fabs(x - y) <= content * scale;
}

/* The last r_j is the largest: a scale of |theta|_1. */
static bool agree(const SoftBlock *block, const SoftBlockMoments *x, const SoftBlockMoments *y)
{
    const double few = 1e-6; /* active coefficients, which are of order 1 */
    return near(x->norm, y->norm, 1.0) && near(x->active, y->active, few + x->active) &&
           near(x->risk, y->risk, few + x->risk) &&
           near(x->trace, y->trace, few * block->penalty[block->size - 1] + x->trace);
}

/* Of nodes and those between them. */
static SoftBlockMoments half_of(const SoftBlockMoments *x, const SoftBlockMoments *between)
{
    return (SoftBlockMoments){.norm = 0.5 * (x->norm + between->norm),
                              .risk = 0.5 * (x->risk + between->risk),
                              .active = 0.5 * (x->active + between->active),
                              .trace = 0.5 * (x->trace + between->trace),
                              .risk_tau = 0.5 * (x->risk_tau + between->risk_tau),
                              .trace_tau = 0.5 * (x->trace_tau + between->trace_tau),
                              .trace_b = 0.5 * (x->trace_b + between->trace_b),
                              .nodes = x->nodes + between->nodes};
}

/* `count` nodes of a from `first` on; false when interrupted. */
static bool add_lines(const Task *task, double first, double step, long count,
                      SoftBlockMoments *sum)
{
    for (long k = 0; k < count; k++) {
        if (interrupted(task->interrupt)) {
            return false;
        }
        add_line(task, first + (double)k * step, step, sum);
    }
    return true;
}

/* The step of a is halved until sums over both steps agree; false when interrupted. */
static bool integrate(const Task *task, SoftBlockMoments *sum)
{
    const double rho = task->block->correlation;
    /* the narrowest a can be distributed: all coordinates active */
    const double narrowest = task->sigma * sqrt(rho / (1.0 - rho + rho * task->block->size));
    const double width = task->high - task->low;
    long count = (long)ceil(fmax(width / (3.2 * narrowest), 4.0));
    bool finished = add_lines(task, task->low, width / (double)count, count + 1, sum);
    for (int halving = 0; finished && halving < MAX_HALVINGS; halving++, count *= 2) {
        const SoftBlockMoments last = *sum;
        const double step = width / (double)count;
        SoftBlockMoments between = {0};
        finished = add_lines(task, task->low + 0.5 * step, step, count, &between);
        *sum = half_of(&last, &between);
        const double error = fabs(sum->norm - 1.0);
        if (agree(task->block, sum, &last) &&
            (error < exact || error > 0.5 * fabs(last.norm - 1.0))) {
            break;
        }
    }
    return finished;
}

SoftBlockMoments soft_block_moments(SoftBlockRoom *room, const SoftBlock *block, double b,
                                    const Interrupt *interrupt)
{
    const double rho = block->correlation;
    assert(block->size >= 1 && rho > 0.0 && rho < 1.0 && b > 0.0);
    for (int j = 1; j < block->size; j++) { /* but for rounding */
        assert(block->penalty[j] >= block->penalty[j - 1] * (1.0 - 1e-12));
    }
    Task task = {.block = block,
                 .room = room,
                 .interrupt = interrupt,
                 .sigma = 1.0 / sqrt(1.0 - rho),
                 .unit = sqrt(rho),
                 .b = b};
    const Still still = still_of(&task);
    if (is_settled(&task, &still)) {
        return settled_moments(&task, &still);
    }
    prepare(&task, still.a);
    SoftBlockMoments sum = {0};
    if (!integrate(&task, &sum)) {
        sum.norm = sum.risk = NAN;
    }
    return sum;
}
