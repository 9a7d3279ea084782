# SPDX-License-Identifier: MIT
"""The report as a picture, PNG or SVG. Needs matplotlib: ``pip install pic32bench[plot]``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pic32bench.errors import UsageError
from pic32bench.shrink.points import FIGURES, Point, Result
from pic32bench.shrink.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = (".png", ".svg")
# Told apart with any kind of colour vision (Okabe and Ito's palette), and by marker and place as well.
_COLOURS = {"frame_rate": "#009e73", "http": "#0072b2", "websocket": "#e69f00"}
_MARKERS = {"frame_rate": "s", "http": "o", "websocket": "D"}
_FAILED, _SLOW, _WORKS, _INK = "#d55e00", "#999999", "#0072b2", "#333333"
_SETTINGS: Any = {
    "svg.hashsalt": "pic32bench",  # so that the same report makes the same file
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
}


def check_plot(path: Path) -> None:
    """Makes sure, before a long run, that a plot can be made and what kind it is to be. Raises UsageError."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"--plot {path}: expected a name that ends in {' or '.join(FORMATS)}")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"--plot {path}: there is no folder {path.parent}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("--plot needs matplotlib: pip install 'pic32bench[plot]'") from None


def plot(report: Report, path: Path) -> None:
    """Draws the report into a file. Raises UsageError."""
    check_plot(path)
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_SETTINGS):
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        if len(report.options) == 1:
            _draw_one(report, figure)
        else:
            _draw_front(report, figure)
        try:
            metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
            figure.savefig(path, dpi=130, metadata=metadata)
        except OSError as error:
            raise UsageError(f"--plot {path}: {error.strerror}") from None


def _draw_one(report: Report, figure: Any) -> None:
    """Speed and RAM over the option's values; what fails is a cross below."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    points = sorted((one for one in report.points if one.result is not Result.UNBUILT), key=lambda one: one.values)
    shipped = report.shipped.figures
    for name in FIGURES:
        drawn = [point for point in points if name in point.figures and point.works]
        if drawn and shipped.get(name):
            label, unit = FIGURES[name]
            above.plot(
                [point.values[0] for point in drawn],
                [100 * point.figures[name] / shipped[name] for point in drawn],
                color=_COLOURS[name],
                marker=_MARKERS[name],
                markersize=4,
                label=f"{label} (100 %: {shipped[name]:,.1f} {unit})",
            )
            if name in report.floors.least:
                above.axhline(100 * report.floors.least[name] / shipped[name], color=_COLOURS[name], ls=":", lw=1)
    failed = [point.values[0] for point in points if not point.works]
    if failed:
        above.plot(failed, [0] * len(failed), "x", color=_FAILED, label="fails")
    above.set_ylim(-5, 115)
    above.set_ylabel("% of shipped (dotted: floors)")
    sizes = [(point.values[0], point.ram / 1024) for point in points if point.ram is not None]
    below.plot([value for value, _ in sizes], [ram for _, ram in sizes], ".-", color=_INK)
    below.set_ylabel("static RAM, KiB")
    below.set_xlabel(f"{report.options[0].name} (shipped: {report.options[0].shipped})")
    if points[0].values[0] > 0:
        _by_ratio(below)
    if report.minimum is not None:
        for axes in (above, below):
            axes.axvline(report.minimum.values[0], color=_INK, lw=1, ls="--", zorder=0)
        where = (report.minimum.values[0], 12)
        right = above.transAxes.inverted().transform(above.transData.transform(where))[0] > 0.5
        text = f" smallest that passes: {report.minimum.values[0]} "
        above.annotate(text, where, ha="right" if right else "left", color=_INK)
    figure.legend(*above.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)


def _by_ratio(axes: Axes) -> None:
    """Makes equal ratios of values equal distances, with round numbers."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_front(report: Report, figure: Any) -> None:
    """RAM against speed."""
    axes: Axes = figure.subplots()

    def scatter(points: list[Point], label: str, **how: Any) -> None:
        known = [point for point in points if point.ram is not None]
        if known:
            ram = [(point.ram or 0) / 1024 for point in known]
            axes.scatter(ram, [_height(point) for point in known], label=label, **how)

    failed = [point for point in report.points if point.result is Result.FAILED]
    scatter(failed, "fails", marker="x", color=_FAILED, s=20)
    scatter(
        [point for point in report.points if point.result is Result.SLOW], "works, below a floor", color=_SLOW, s=14
    )
    scatter([point for point in report.points if point.passes], "passes", color=_WORKS, s=18)
    front = [point for point in report.front if point.ram is not None]
    axes.step(
        [(point.ram or 0) / 1024 for point in front],
        [_height(point) for point in front],
        where="post",
        color=_INK,
        lw=1,
        label="front: less RAM only for less speed",
    )
    for point, what, offset in ((report.shipped, "shipped", (-8, -14)), (report.minimum, "minimum", (8, 10))):
        if point is not None and point.ram is not None:
            axes.scatter([point.ram / 1024], [_height(point)], marker="*", s=120, color=_INK, zorder=3)
            axes.annotate(
                f"{what}: {point.ram:,} bytes",
                (point.ram / 1024, _height(point)),
                xytext=offset,
                textcoords="offset points",
                ha="right" if what == "shipped" else "left",
                color=_INK,
            )
    axes.set_ylim(-5, 112)
    axes.set_xlabel("static RAM, KiB")
    axes.set_ylabel("speed: the smallest share of a figure of the shipped image, %")
    figure.legend(loc="outside upper center", ncols=4, frameon=False)


def _height(point: Point) -> float:
    return 100 * point.speed if point.works and point.speed is not None else 0.0
