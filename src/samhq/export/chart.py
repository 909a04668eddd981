"""The histogram of aggregation as a chart: PNG, PDF or SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samhq.errors import ExportError
from samhq.files import write_bytes
from samhq.measure import Distribution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["CHART_SUFFIXES", "save_chart"]

CHART_SUFFIXES = (".png", ".pdf", ".svg")
_UNDATED: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": None, "Creator": "samhq"},
    ".svg": {"Date": None, "Creator": "samhq"},
}
_RED, _ORANGE = "#d62728", "#ff8c00"
_ROWS_AT_MOST = 14


def save_chart(
    distribution: Distribution, path: Path, *, title: str, polarity: str, log: bool = False
) -> Path:
    """Draw a distribution: bars, the smoothed line, numbered peaks (red) and troughs (orange), statistics.

    path: .png, .pdf or .svg. title: of the chart, usually the name of the image. log: logarithmic pixels.
    The same distribution gives the same bytes. Returns where it was written. Raises ExportError.
    """
    suffix = path.suffix.lower()
    if suffix not in CHART_SUFFIXES:
        raise ExportError(
            f"{path}: a chart is written as {', '.join(CHART_SUFFIXES)}; choose one of these endings"
        )
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "samhq", "font.family": _families(title)}):
        figure = _figure(distribution, title=_drawable(title), polarity=polarity, log=log)
        stream = io.BytesIO()
        figure.savefig(stream, format=suffix[1:], dpi=150, metadata=_UNDATED[suffix])
    return write_bytes(path, stream.getvalue())


def _figure(distribution: Distribution, *, title: str, polarity: str, log: bool) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), layout="constrained")
    chart, side = figure.subplots(1, 2, width_ratios=[4, 1.25])
    _draw_histogram(chart, distribution, log=log)
    ground = "0 = white, 100 = black" if polarity == "dark" else "0 = black, 100 = white"
    chart.set_xlabel(f"Aggregation ({ground})")
    chart.set_ylabel("Pixels (logarithmic)" if log else "Pixels")
    figure.suptitle(title, fontsize=13).set_parse_math(False)  # file names may hold dollar signs
    chart.set_title(_statistics(distribution), fontsize=9, color="#444444")
    _draw_table(side, distribution)
    return figure


def _draw_histogram(chart: Axes, distribution: Distribution, *, log: bool) -> None:
    centers, counts, smoothed = distribution.centers, distribution.counts, distribution.smoothed
    width = float(centers[1] - centers[0])
    chart.bar(centers, counts, width=width, color="#b9c6d6", linewidth=0)
    chart.plot(centers, smoothed, color="#2b4c7e", linewidth=1.4, label="smoothed")
    if log:
        chart.set_yscale("log")
        chart.set_ylim(0.8, max(2.0, float(max(counts.max(), smoothed.max())) * 2.5))
    else:
        chart.set_ylim(0, max(1.0, float(max(counts.max(), smoothed.max()))) * 1.12)
    chart.set_xlim(-1, 101)
    for indices, color, name in (
        (distribution.peaks, _RED, "peaks"),
        (distribution.troughs, _ORANGE, "troughs"),
    ):
        chart.plot(centers[indices], smoothed[indices], "o", color=color, markersize=6, label=name, zorder=5)
        for number, i in enumerate(indices, start=1):
            chart.annotate(
                str(number),
                (float(centers[i]), float(smoothed[i])),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=color,
                zorder=6,
            )
    chart.legend(loc="best", fontsize=8, frameon=False)
    chart.spines[["top", "right"]].set_visible(False)
    chart.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    chart.set_axisbelow(True)


def _draw_table(side: Axes, distribution: Distribution) -> None:
    side.axis("off")
    rows, colors, left_out = [], [], 0
    for kind, indices, color in (
        ("peak", distribution.peaks, _RED),
        ("trough", distribution.troughs, _ORANGE),
    ):
        shown = _most_prominent(distribution.smoothed, indices, _ROWS_AT_MOST // 2, troughs=kind == "trough")
        left_out += len(indices) - len(shown)
        for place in shown:
            i = indices[place]
            number = f"{kind} {place + 1}"
            rows.append([number, f"{distribution.centers[i]:.1f}", f"{distribution.counts[i]}"])
            colors.append(color)
    if not rows:
        side.text(0.5, 0.5, "no peaks or troughs", ha="center", va="center", fontsize=9, color="#444444")
        return
    table = side.table(
        cellText=rows, colLabels=["", "aggr.", "pixels"], loc="center", cellLoc="right", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8.5)
    table.scale(1, 1.25)
    for row, color in enumerate(colors, start=1):
        table[row, 0].get_text().set_color(color)
    if left_out:
        side.text(0.5, 0.0, f"and {left_out} less prominent", ha="center", fontsize=8, color="#444444")


def _most_prominent(
    smoothed: npt.NDArray[np.float64], indices: npt.NDArray[np.int64], most: int, *, troughs: bool
) -> Sequence[int]:
    """Places within indices of the most prominent ones, in ascending order."""
    if len(indices) <= most:
        return range(len(indices))
    height = smoothed[indices] * (-1 if troughs else 1)
    return sorted(int(i) for i in np.argsort(-height, kind="stable")[:most])


def _statistics(distribution: Distribution) -> str:
    d = distribution
    return (
        f"{d.pixels:,} pixels · mean {d.mean:.2f} · median {d.median:.2f} · SD {d.sd:.2f} · "
        f"min {d.minimum:.2f} · max {d.maximum:.2f}"
    ).replace(",", " ")


def _families(title: str) -> list[str]:
    """The usual font, and behind it an installed one that has the title's other characters."""
    if all(_is_known(c) for c in title):
        return ["DejaVu Sans"]
    from matplotlib import font_manager

    others = ("Microsoft YaHei", "SimHei", "PingFang SC", "Noto Sans CJK SC", "Yu Gothic", "Malgun Gothic")
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in others if name in installed)]


def _drawable(title: str) -> str:
    """The title with a box for every character that no chosen font has."""
    has_others = len(_families(title)) > 1
    return "".join(c if has_others or _is_known(c) else "□" for c in title)


def _is_known(character: str) -> bool:
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    return font.get_char_index(ord(character)) != 0
