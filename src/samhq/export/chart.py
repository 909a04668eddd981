"""The histogram of aggregation as a chart: PNG, PDF or SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

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
_TITLE_COLUMNS = 100
# Of Windows, macOS and Linux, for titles that DejaVu Sans cannot show.
_OTHER_FONTS = (
    "Microsoft YaHei",
    "SimHei",
    "Yu Gothic",
    "Malgun Gothic",
    "PingFang SC",
    "Hiragino Sans",
    "Arial Unicode MS",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
)


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

    text, families = _drawable(_fitting(title))
    with mpl.rc_context({"svg.hashsalt": "samhq", "font.family": families}):
        figure = _figure(distribution, title=text, polarity=polarity, log=log)
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
    from matplotlib.patheffects import withStroke

    centers, counts, smoothed = distribution.centers, distribution.counts, distribution.smoothed
    halo = [withStroke(linewidth=2, foreground="white")]
    half = (centers[1] - centers[0]) / 2
    # One outline rather than a bar each: there may be 65536 bins.
    chart.stairs(counts, np.append(centers - half, centers[-1] + half), fill=True, color="#b9c6d6")
    chart.plot(centers, smoothed, color="#2b4c7e", linewidth=1.4, label="smoothed")
    if log:
        chart.set_yscale("log")
        chart.set_ylim(0.8, max(2.0, float(max(counts.max(), smoothed.max())) * 2.5))
    else:
        chart.set_ylim(0, max(1.0, float(max(counts.max(), smoothed.max()))) * 1.12)
    chart.set_xlim(-1, 101)
    for kind, indices, color in _kinds(distribution):
        if not len(indices):
            continue
        chart.plot(
            centers[indices],
            smoothed[indices],
            "o",
            color=color,
            markersize=6 if len(indices) <= 50 else 3,
            label=f"{kind}s",
            zorder=5,
        )
        # Those in the table; hundreds of numbers would hide the chart.
        for place in _most_prominent(smoothed, indices, troughs=kind == "trough"):
            i = indices[place]
            chart.annotate(
                str(place + 1),
                (float(centers[i]), float(smoothed[i])),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=8,
                color=color,
                zorder=6,
                path_effects=halo,
            )
    chart.legend(loc="best" if len(centers) <= 1024 else "upper right", fontsize=8, frameon=False)
    chart.spines[["top", "right"]].set_visible(False)
    chart.grid(axis="y", color="#e6e6e6", linewidth=0.7)
    chart.set_axisbelow(True)


def _draw_table(side: Axes, distribution: Distribution) -> None:
    side.axis("off")
    rows, colors, left_out = [], [], 0
    for kind, indices, color in _kinds(distribution):
        shown = _most_prominent(distribution.smoothed, indices, troughs=kind == "trough")
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
        cellText=rows,
        colLabels=["", "aggr.", "pixels"],
        loc="upper center",
        cellLoc="right",
        edges="horizontal",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(8.5)
    table.scale(1, 1.25)
    for row, color in enumerate(colors, start=1):
        table[row, 0].get_text().set_color(color)
    if left_out:
        side.text(0.5, 0.0, f"and {left_out} less prominent ones", ha="center", fontsize=8, color="#444444")


def _kinds(distribution: Distribution) -> tuple[tuple[str, npt.NDArray[np.int64], str], ...]:
    return ("peak", distribution.peaks, _RED), ("trough", distribution.troughs, _ORANGE)


def _most_prominent(
    smoothed: npt.NDArray[np.float64], indices: npt.NDArray[np.int64], *, troughs: bool
) -> Sequence[int]:
    """Places within indices of the most prominent ones that fit into the table, ascending."""
    most = _ROWS_AT_MOST // 2
    if len(indices) <= most:
        return range(len(indices))
    from scipy.signal import peak_prominences

    # Walled as in measure_distribution, which found them: a peak may lie at 0 or 100.
    line = -smoothed if troughs else np.concatenate(([0.0], smoothed, [0.0]))
    prominence = peak_prominences(line, indices if troughs else indices + 1)[0]
    return sorted(int(i) for i in np.argsort(-prominence, kind="stable")[:most])


def _statistics(distribution: Distribution) -> str:
    d = distribution
    return (
        f"{d.pixels:,} pixels · mean {d.mean:.2f} · median {d.median:.2f} · SD {d.sd:.2f} · "
        f"min {d.minimum:.2f} · max {d.maximum:.2f}"
    ).replace(",", " ")


def _fitting(title: str) -> str:
    """The title, with its beginning cut off if it is too long for the chart: the end tells more."""
    width = 0
    for place in range(len(title) - 1, -1, -1):
        width += 2 if east_asian_width(title[place]) in "WF" else 1
        if width > _TITLE_COLUMNS:
            return "…" + title[place + 1 :]
    return title


def _drawable(title: str) -> tuple[str, list[str]]:
    """The title with a box for every character without a glyph, and the fonts that have the others."""
    families = ["DejaVu Sans"]
    if not all(_is_in(families[0], c) for c in title):
        from matplotlib import font_manager

        installed = {font.name for font in font_manager.fontManager.ttflist}
        families += [name for name in _OTHER_FONTS if name in installed]
    text = "".join(c if any(_is_in(family, c) for family in families) else "□" for c in title)
    return text, families


def _is_in(family: str, character: str) -> bool:
    from matplotlib import font_manager

    font = font_manager.get_font(font_manager.findfont(family))
    return font.get_char_index(ord(character)) != 0
