"""Predicted phases of both networks at width p >= d (arXiv 2509.24882), in the plane of
x = log_d n_eff and y = log_d lambda (the nuclear weight for the quadratic network)."""
import numpy as np

NAMES = ["undefined", "Ia", "Ib", "II", "III", "IV", "V", "VIa", "VIb"]     # by code


MODELS = ("quadratic", "diagonal")  # those that theory.md section 4 is about


def noise_line(model, gamma, dimension):
    """log_d n_eff of the line between IV and V."""
    if model == "quadratic":
        return min(1.0, 4 * gamma / (14 * gamma - 5))
    log = np.log(dimension)
    return min(1.0, np.log(max(np.log(dimension), 1.0)) / log * 2 * gamma / (2 * gamma - 1))


def predicted(model, gamma, dimension, x, y):
    """Codes of the phases at points of the plane."""
    over = np.select([x < y + 0.5, x < y + gamma + 0.5], [2, 3], 4)
    line = noise_line(model, gamma, dimension)
    under = np.select([(x < line) & (x < 0), x < line, x < 1, x < 2 * gamma], [1, 5, 6, 7], 8)
    return np.where(y > 0.5 * (x - 1), over, under)


def boundaries(model, gamma, dimension, x_range, y_range):
    """Segments ((x0, y0), (x1, y1)) that end where their phases do."""
    (x0, x1), (y0, y1) = x_range, y_range

    def balance(x):
        return 0.5 * (x - 1)

    corner = 2 * gamma                          # where II / III meets the balance line
    lines = [((x0, balance(x0)), (x1, balance(x1)))]
    if x1 > 0:
        lines.append(((0, -0.5), (x1, x1 - 0.5)))                       # Ib / II
    if x1 > corner:
        lines.append(((corner, balance(corner)), (x1, x1 - gamma - 0.5)))  # II / III
    for x in (0, noise_line(model, gamma, dimension), 1, corner):
        if x0 < x < x1 and balance(x) > y0:
            lines.append(((x, y0), (x, min(y1, balance(x)))))
    return lines


def labels(model, gamma, dimension, x_range, y_range, cells=48):
    """{phase: (x, y, room)} as `roomiest` has it."""
    u = (np.arange(cells) + 0.5) / cells
    x = x_range[0] + u * (x_range[1] - x_range[0])
    y = y_range[0] + u * (y_range[1] - y_range[0])
    return roomiest(predicted(model, gamma, dimension, *np.meshgrid(x, y, indexing="ij")), x_range, y_range)


def roomiest(codes, x_range, y_range):
    """{phase: (x, y, room)} at the roomiest point of each phase in a square of codes over the view, room as
    a share of it; phases without two cells are left out."""
    cells = len(codes)
    u = (np.arange(cells) + 0.5) / cells
    places = {}
    grid = np.stack(np.meshgrid(u, u, indexing="ij"), axis=-1).reshape(-1, 2)
    flat = codes.reshape(-1)
    for code in np.unique(flat):
        inside, outside = grid[flat == code], grid[flat != code]
        room = np.min(np.minimum(inside, 1 - inside), axis=1)
        if len(outside) > 0:
            gaps = np.abs(inside[:, None, :] - outside[None, :, :]).max(axis=2).min(axis=1)
            room = np.minimum(room, gaps)
        best = int(np.argmax(room))
        if len(inside) > 1:
            at = inside[best]
            places[NAMES[code]] = (x_range[0] + at[0] * (x_range[1] - x_range[0]),
                                   y_range[0] + at[1] * (y_range[1] - y_range[0]), room[best])
    return places
