"""Predicted phase boundaries of the quadratic and diagonal networks (arXiv 2509.24882, p >= d).

Everything in x = log_d n_eff and y = log_d lambda (nuclear weight), where the lines are straight.
"""


def boundaries(gamma, x_range, y_range):
    """Segments ((x0, y0), (x1, y1)); weight decay balances noise on y = (x - 1) / 2."""
    (x0, x1), (y0, y1) = x_range, y_range
    peak = 4 * gamma / (14 * gamma - 5)         # IV / V of the quadratic network
    balance = lambda x: (x - 1) / 2
    inside = lambda x: min(max(x, x0), x1)
    corner = 2 * gamma                          # where II / III meets the balance line
    return [
        ((x0, balance(x0)), (x1, balance(x1))),
        ((0, balance(0)), (inside(y1 + 0.5), inside(y1 + 0.5) - 0.5)),          # Ib / II
        ((corner, balance(corner)), (x1, x1 - gamma - 0.5)),                    # II / III
        ((0, y0), (0, balance(0))),                                             # Ia / IV
        ((peak, y0), (peak, balance(peak))),                                    # IV / V
        ((1, y0), (1, balance(1))),                                             # V / VIa
        ((corner, y0), (corner, balance(corner))),                              # VIa / VIb
    ]


def labels(gamma, x_range, y_range):
    """{phase: (x, y)} of a point well inside every phase."""
    (x0, x1), (y0, y1) = x_range, y_range
    low = y0 + 0.08 * (y1 - y0)
    peak = 4 * gamma / (14 * gamma - 5)
    marks = {
        "Ia": (x0 / 2, (y0 - 0.5) / 2),
        "Ib": (0.5 * (x0 + y1), 0.6 * y1),
        "II": (gamma, 0.5 * ((gamma - 1) / 2 + gamma - 0.5)),
        "III": ((2 * gamma + x1) / 2 + 0.2, ((2 * gamma + x1) / 2 - 0.5 - gamma + (2 * gamma + x1) / 4 - 0.5) / 2),
        "IV": (peak / 2, low),
        "V": ((peak + 1) / 2, low),
        "VIa": ((1 + 2 * gamma) / 2, low),
        "VIb": ((2 * gamma + x1) / 2, low),
    }
    return {name: at for name, at in marks.items() if x0 < at[0] < x1 and y0 < at[1] < y1}
