#!/usr/bin/python3
"""Phase diagram of the excess risk with the predicted boundaries, and slices along both axes.

usage: fig_phase_diagram.py ARCHIVE.h5 [OUTPUT_DIRECTORY]
"""
import pathlib
import sys

try:
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np
    import phases
    import sweep
except ImportError as error:
    raise SystemExit(f"{error}; on Debian run this with /usr/bin/python3 and python3-xarray, "
                     "python3-h5netcdf, python3-matplotlib installed")


def draw_map(axes, data, gamma):
    d = float(data.attrs["dimension"])
    x = np.log(data["effective_samples"]) / np.log(d)
    y = np.log(data["resolved_nuclear_weight"]) / np.log(d)
    image = axes.pcolormesh(x, y, np.log10(data["risk"]), cmap="cividis", shading="nearest",
                            vmin=-9, vmax=1, rasterized=True)
    x_range, y_range = (float(x.min()), float(x.max())), (float(y.min()), float(y.max()))
    for (x0, y0), (x1, y1) in phases.boundaries(gamma, x_range, y_range):
        axes.plot([x0, x1], [y0, y1], color="white", lw=1.2, ls="--")
    for name, (x0, y0) in phases.labels(gamma, x_range, y_range).items():
        axes.text(x0, y0, name, ha="center", va="center", weight="bold",
                  bbox=dict(boxstyle="round", facecolor="white", edgecolor="none", alpha=0.75))
    axes.set(xlim=x_range, ylim=y_range, title=rf"$\gamma = {gamma:g}$",
             xlabel=r"$\log_d n_{\mathrm{eff}}$", ylabel=r"$\log_d \tilde\lambda$")
    return image


def draw_slices(axes, data, along, other, symbol, name):
    values = np.linspace(0, data.sizes[other] - 1, 5).astype(int)
    styles = ["-", "--", "-.", ":", (0, (5, 1))]
    for k, (index, style) in enumerate(zip(values, styles)):
        line = data.isel({other: index})
        axes.loglog(line[along], line["risk"], ls=style, color=plt.cm.cividis(k / 5),
                    label=rf"$\log_d$ {name} $= {float(data[other][index]):.2g}$")
    axes.set(xlabel=symbol, ylabel=r"excess risk $R$")
    axes.legend(fontsize=7)


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    for name in sweep.sweep_names(sys.argv[1]):
        data = sweep.open_sweep(sys.argv[1], name)
        gammas = data["source_exponent"].values
        figure, axes = plt.subplots(3, len(gammas), figsize=(4.4 * len(gammas), 11.5),
                                    squeeze=False, constrained_layout=True)
        for column, gamma in enumerate(gammas):
            part = data.isel(source_exponent=column)
            image = draw_map(axes[0, column], part.transpose("weight_decay", "samples"), gamma)
            part = part.assign(n_eff=part["effective_samples"], lt=part["resolved_nuclear_weight"])
            draw_slices(axes[1, column], part, "n_eff", "weight_decay",
                        r"$n_{\mathrm{eff}} = n/d$", r"$\lambda$")
            draw_slices(axes[2, column], part, "lt", "samples",
                        r"$\tilde\lambda$", r"$n_{\mathrm{eff}}$")
        figure.colorbar(image, ax=axes[0, :].tolist(), label=r"$\log_{10} R$")
        figure.suptitle(f"Quadratic network, d = {data.attrs['dimension']:g}, "
                        rf"$\Delta$ = {data.attrs['noise']:g}; dashed: predicted boundaries")
        for ending in ("png", "pdf"):
            path = folder / f"phase_diagram_{name}.{ending}"
            figure.savefig(path, dpi=130)
            print(path)


if __name__ == "__main__":
    main()
