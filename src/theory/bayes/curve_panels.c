/* Pieces of the boundary curve by Gauss-Legendre panels in phi, halved until they are
 * resolved.  With u = low + (high - low) sin^2(phi/2) the height, which vanishes like a
 * square root at an edge of a band, is a smooth function of phi, and
 *     du = (high - low)/2 sin(phi) dphi.
 * The height v(u) at a node is a root; guesses for it come from the panel that is being
 * halved.
 *
 * Sums are accepted panel by panel at 1e-11 of what has been summed; a field that does not
 * reach a node rejects the whole piece, which is then done by a wider one or by atoms.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "phasesweep/theory/freeconv.h"
#include "boundary_curve.h"
#include "denoiser.h"

enum { NODES = RULE_NODES, MAX_DEPTH = 10 };

/* Of a panel, relative to scale and sum.  Of many panels' errors most cancel. */
static const double accuracy = 1e-11;
static const double rounding = 1e-15; /* of a variance, relative to t */

/* Nodes on a piece and what was found there. */
typedef struct Panel {
    const Grid *grid;
    double y[NODES]; /* v^2 */
    Denoised sum;
    double error; /* estimate of that of sum.risk */
    bool good;    /* the field reaches all nodes */
} Panel;

/* Number k of the heap is one of the 2^level equal parts of (0, pi), level = floor(log2 k). */
Grid panels_grid(const Rule *rule, int k)
{
    const int level = (int)log2(k);
    const double width = ldexp(M_PI, -level);
    const double low = width * (k - (1 << level));
    Grid grid = {.low = low, .high = low + width};
    for (int i = 0; i < NODES; i++) {
        grid.phi[i] = low + 0.5 * width * (1.0 + rule->node[i]);
        grid.sine[i] = sin(grid.phi[i]);
        grid.share[i] = pow(sin(0.5 * grid.phi[i]), 2.0);
    }
    return grid;
}

/* Do all w = u + i sqrt(y) lie where the series of the field holds?  A field without a
 * series is exact everywhere. */
static bool within_reach(const Field *field, const double u[ATOM_NODES],
                         const double y[ATOM_NODES])
{
    double most = 0.0;
    for (int k = 0; field->order > 0 && k < ATOM_NODES; k++) {
        const double x = u[k] - field->center;
        most = fmax(most, x * x + y[k]);
    }
    return most <= field->reach * field->reach;
}

/* Heights over ATOM_NODES values of u by the field or, if that is NULL, by atoms made for them,
 * which are good for the nodes if v^2 is at least a quarter of the guesses: else again. */
static Field heights(const Task *task, const Field *field, const double u[ATOM_NODES],
                     double y[ATOM_NODES])
{
    if (field != NULL) {
        curve_heights(field, task->t, u, y);
        return *field;
    }
    Field own;
    for (bool high = true; high;) {
        double guess[ATOM_NODES];
        double complex w[ATOM_NODES];
        for (int k = 0; k < ATOM_NODES; k++) {
            guess[k] = y[k];
            w[k] = u[k] + I * 0.5 * sqrt(y[k]);
        }
        teacher_atoms_resolvent(task->teacher, w, ATOM_NODES, &task->denoiser->atoms);
        own = field_of_atoms(&task->denoiser->atoms);
        curve_heights(&own, task->t, u, y);
        high = false;
        for (int k = 0; k < ATOM_NODES; k++) {
            high = high || y[k] < 0.25 * guess[k];
        }
    }
    return own;
}

/* Fill the panel; its y are guesses.  field: as above. */
static void solve_panel(const Task *task, const Field *field, const Piece *piece, Panel *panel)
{
    const Rule *rule = &task->denoiser->rule;
    const Grid *grid = panel->grid;
    /* half of du/dphi and half of the panel's length: nodes are in (-1, 1) */
    const double scale = 0.25 * (piece->high - piece->low) * (grid->high - grid->low);
    double values[NODES] = {0};
    panel->sum = (Denoised){0};
    panel->good = true;
    for (int first = 0; first < NODES && panel->good; first += ATOM_NODES) {
        double u[ATOM_NODES], risk[ATOM_NODES], slope[ATOM_NODES];
        for (int k = 0; k < ATOM_NODES; k++) {
            u[k] = piece->low + (piece->high - piece->low) * grid->share[first + k];
        }
        /* in batches of ATOM_NODES, which one sweep over the atoms serves */
        const Field used = heights(task, field, u, panel->y + first);
        panel->good = within_reach(&used, u, panel->y + first);
        curve_variances(&used, task->t, task->missing, u, panel->y + first, risk, slope);
        for (int k = 0; k < ATOM_NODES; k++) {
            const double jacobian = scale * grid->sine[first + k];
            values[first + k] = risk[k] * jacobian;
            panel->sum.risk += values[first + k] * rule->weight[first + k];
            panel->sum.slope += slope[k] * jacobian * rule->weight[first + k];
        }
    }
    panel->error = rule_error(rule, values);
}

/* Guesses for a grid from a panel that covers it: cubics through four nodes. */
static void interpolate(const Panel *panel, const Grid *grid, double y[NODES])
{
    const double *at = panel->grid->phi;
    int k = 0;
    for (int j = 0; j < NODES; j++) {
        const double phi = grid->phi[j];
        while (k < NODES - 4 && at[k + 2] < phi) {
            k++;
        }
        double sum = 0.0;
        double least = INFINITY;
        for (int i = k; i < k + 4; i++) {
            double lagrange = panel->y[i];
            for (int other = k; other < k + 4; other++) {
                lagrange *= other == i ? 1.0 : (phi - at[other]) / (at[i] - at[other]);
            }
            sum += lagrange;
            least = fmin(least, panel->y[i]);
        }
        /* next to an edge a cubic may go below 0, where no height is */
        y[j] = fmax(sum, 0.1 * least);
    }
}

/* Add the panel on grid k, or its halves if it is not resolved; its y are guesses.  False if
 * the field does not reach some node. */
static bool add_panel(Task *task, const Field *field, const Piece *piece, Panel *panel, int k)
{
    solve_panel(task, field, piece, panel);
    if (!panel->good) {
        return false;
    }
    const double wanted =
        accuracy * (task->scale + task->sum.risk + panel->sum.risk) + rounding * task->t;
    if (panel->error <= wanted || k >= 1 << MAX_DEPTH) {
        task->sum.risk += panel->sum.risk;
        task->sum.slope += panel->sum.slope;
        return true;
    }
    for (int child = 2 * k; child <= 2 * k + 1; child++) {
        /* the first halvings serve all pieces: their sines are kept */
        const bool stored = child < 1 << GRIDS;
        const Grid own = stored ? (Grid){0} : panels_grid(&task->denoiser->rule, child);
        Panel half = {.grid = stored ? &task->denoiser->grid[child] : &own};
        interpolate(panel, half.grid, half.y);
        if (!add_panel(task, field, piece, &half, child)) {
            return false;
        }
    }
    return true;
}

bool panels_add(Task *task, const Field *field, const Piece *piece, const double y[NODES])
{
    Panel panel = {.grid = &task->denoiser->grid[1]};
    memcpy(panel.y, y, sizeof panel.y);
    return add_panel(task, field, piece, &panel, 1);
}

void panels_add_alone(Task *task, const Piece *piece)
{
    const double u = 0.5 * (piece->low + piece->high);
    /* one height in the middle; towards both ends the curve falls about like an ellipse */
    const double v = freeconv_point(task->teacher, task->t, u, &task->denoiser->atoms).v;
    double y[NODES];
    for (int k = 0; k < NODES; k++) {
        y[k] = pow(v * task->denoiser->grid[1].sine[k], 2.0);
    }
    panels_add(task, NULL, piece, y);
}

void panels_add_ellipse(Task *task, const Field *field, const Piece *piece)
{
    /* cos((2 k + 1) pi / 16).  An isolated s_i of mass 1/d has (u - s)^2 + v^2 = t/d nearly,
     * a circle: in phi everything is periodic and the midpoint rule converges exponentially. */
    static const double cosine[ATOM_NODES / 2] = {
        0.98078528040323044913, 0.83146961230254523708, 0.55557023301960222474,
        0.19509032201612826785};
    double u[ATOM_NODES], y[ATOM_NODES], risk[ATOM_NODES], slope[ATOM_NODES];
    const double half = 0.5 * (piece->high - piece->low);
    for (int k = 0; k < ATOM_NODES; k++) {
        const double x = k < ATOM_NODES / 2 ? cosine[k] : -cosine[ATOM_NODES - 1 - k];
        u[k] = piece->low + half * (1.0 - x);
        y[k] = half * half * (1.0 - x * x);
    }
    curve_heights(field, task->t, u, y);
    curve_variances(field, task->t, task->missing, u, y, risk, slope);
    for (int k = 0; k < ATOM_NODES; k++) {
        /* the sine is the other cosine */
        const double jacobian = half * cosine[k < 4 ? 3 - k : k - 4] * (M_PI / ATOM_NODES);
        task->sum.risk += risk[k] * jacobian;
        task->sum.slope += slope[k] * jacobian;
    }
}
