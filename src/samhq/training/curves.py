"""Learning curves as SVG, from the history of a training run. Loads no PyTorch and no drawing library."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

__all__ = ["HTML_INK", "PAPER_INK", "Axis", "Ink", "Panel", "Series", "curves_svg", "panel_svg", "panels"]

Axis = Literal["minutes", "steps"]
Row = Mapping[str, Any]
_WIDTH, _HEIGHT = 380, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 44, 38
_FONT = 'font-family="system-ui, sans-serif" font-size="11"'
_SMOOTHED_FROM = 20  # points; shorter curves are shown as they are


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours as CSS knows them: text, muted (axes and grid), and the first and second curve."""

    text: str
    muted: str
    grid: str
    curves: tuple[str, str]
    paper: str


# Okabe and Ito 2008, the blue darker for 4.5:1 on white: told apart with every common colour blindness.
PAPER_INK = Ink("#1a1a1a", "#595959", "#dddddd", ("#0064a4", "#b85000"), "#ffffff")
"""For a file of its own."""
HTML_INK = Ink("var(--text)", "var(--muted)", "var(--line)", ("var(--first)", "var(--second)"), "none")
"""For a page that has these variables."""


@dataclass(frozen=True, slots=True)
class Series:
    """One curve. marked: a few points that were measured, else many that scatter."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    marked: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves on one pair of axes. unit: the axis goes from 0 to 1. breaks: where the run was gone on with."""

    title: str
    series: tuple[Series, ...]
    axis: Axis
    unit: bool = False
    breaks: Sequence[float] = ()


def panels(history: Sequence[Row], axis: Axis) -> list[Panel]:
    """Loss, IoU and AP of a run; what its history does not hold is left out."""

    def place(row: Row) -> float:
        return float(row["step"]) if axis == "steps" else float(row["elapsed_s"]) / 60

    def series(name: str, value: Callable[[Row], Any], *, marked: bool) -> Series:
        known = [(place(row), float(value(row))) for row in history if value(row) is not None]
        return Series(name, [x for x, _ in known], [y for _, y in known], marked)

    def judged(name: str) -> Callable[[Row], Any]:
        return lambda row: row.get("judged", {}).get(name)

    breaks = [place(row) for row in history if "started" in row and row["step"] > 0]
    made = [
        Panel(
            "Loss (lower is better)",
            (series("learnt from", lambda row: row.get("loss"), marked=False),),
            axis,
            breaks=breaks,
        ),
        Panel(
            "IoU of the shown mask",
            (
                series("learnt from", lambda row: row.get("iou"), marked=False),
                series("kept apart", judged("iou"), marked=True),
            ),
            axis,
            unit=True,
            breaks=breaks,
        ),
        Panel(
            "AP of the pictures kept apart",
            (
                series("AP50", judged("ap50"), marked=True),
                series("AP50:95", judged("ap"), marked=True),
            ),
            axis,
            unit=True,
            breaks=breaks,
        ),
    ]
    return [panel for panel in made if any(len(s.x) for s in panel.series)]


def curves_svg(history: Sequence[Row], axis: Axis = "minutes", *, ink: Ink = PAPER_INK) -> str:
    """All panels beside each other as one SVG document. Raises ValueError without anything to draw."""
    drawn = [_drawn(panel, ink) for panel in panels(history, axis)]
    if not drawn:
        raise ValueError("the history holds no numbers to draw")
    width = _WIDTH * len(drawn)
    # Groups and not nested documents, which smaller viewers leave out.
    placed = "".join(f'<g transform="translate({_WIDTH * i} 0)">{part}</g>' for i, part in enumerate(drawn))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" {_FONT} '
        f'viewBox="0 0 {width} {_HEIGHT}"><rect width="100%" height="100%" style="fill:{ink.paper}"/>{placed}</svg>\n'
    )


def panel_svg(panel: Panel, *, ink: Ink = PAPER_INK) -> str:
    """One panel as an SVG element."""
    words = f"{panel.title}: " + ", ".join(s.name for s in panel.series)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(words)}" {_FONT}>{_drawn(panel, ink)}</svg>'
    )


def _drawn(panel: Panel, ink: Ink) -> str:
    """What an SVG element of a panel holds."""
    xs = [x for s in panel.series for x in s.x] + list(panel.breaks)
    ys = [y for s in panel.series for y in s.y if math.isfinite(y)]
    right = max(xs, default=1.0) or 1.0
    low, high = (0.0, 1.0) if panel.unit else _span(ys)
    scale = _Scale(right=right, low=low, high=high)
    parts = [
        _text(panel.title, x=_LEFT, y=16, color=ink.text, size=13, weight=600),
        *_axes(panel, scale, ink),
        *(_break(x, scale, ink) for x in panel.breaks),
    ]
    x = float(_LEFT)
    for series, color in zip(panel.series, ink.curves, strict=False):
        if len(series.x):
            parts.append(_curve(series, scale, color))
            parts += _key(series, x=x, color=color, ink=ink)
            x += 34 + 6.5 * len(series.name)
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class _Scale:
    right: float
    low: float
    high: float

    def x(self, value: float) -> float:
        return round(_LEFT + value / self.right * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM), 1)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """From 0 to the highest value, or around the values where all lie close together."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    low = 0.0 if 0 <= low < 0.6 * high else low - 0.1 * abs(high - low)
    return (low, high + 0.05 * (high - low)) if high > low else (low - 0.5, low + 0.5)


def _ticks(low: float, high: float, count: int = 5) -> list[float]:
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _axes(panel: Panel, scale: _Scale, ink: Ink) -> list[str]:
    floor = _HEIGHT - _BOTTOM
    parts = []
    for value in _ticks(scale.low, scale.high):
        y = scale.y(value)
        parts.append(f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" style="stroke:{ink.grid};stroke-width:1"/>')
        parts.append(_text(f"{value:g}", x=_LEFT - 6, y=y + 4, color=ink.muted, anchor="end"))
    for value in _ticks(0, scale.right):
        x = scale.x(value)
        parts.append(f'<path d="M{x} {floor}v4" style="stroke:{ink.muted};stroke-width:1"/>')
        parts.append(_text(f"{value:g}", x=x, y=floor + 16, color=ink.muted, anchor="middle"))
    parts.append(f'<path d="M{_LEFT} {floor}H{_WIDTH - _RIGHT}" style="stroke:{ink.muted};stroke-width:1"/>')
    parts.append(
        _text(panel.axis, x=(_LEFT + _WIDTH - _RIGHT) / 2, y=_HEIGHT - 6, color=ink.muted, anchor="middle")
    )
    return parts


def _break(x: float, scale: _Scale, ink: Ink) -> str:
    style = f"stroke:{ink.muted};stroke-width:1;stroke-dasharray:3 3"
    place = f"M{scale.x(x)} {_TOP}V{_HEIGHT - _BOTTOM}"
    return f'<path d="{place}" style="{style}"><title>gone on after a stop</title></path>'


def _curve(series: Series, scale: _Scale, color: str) -> str:
    places = [(scale.x(x), scale.y(y)) for x, y in zip(series.x, series.y, strict=True) if math.isfinite(y)]
    if series.marked:
        dots = "".join(f'<circle cx="{x}" cy="{y}" r="2.5" style="fill:{color}"/>' for x, y in places)
        return _line(places, f"stroke:{color};stroke-width:2") + dots
    if len(places) < _SMOOTHED_FROM:
        return _line(places, f"stroke:{color};stroke-width:1.5")
    return _line(places, f"stroke:{color};stroke-width:1;stroke-opacity:0.35") + _line(
        _smoothed(places), f"stroke:{color};stroke-width:2"
    )


def _smoothed(places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means over about a tenth of the curve around each point."""
    reach = max(1, len(places) // 20)
    means = []
    for i, (x, _) in enumerate(places):
        near = [y for _, y in places[max(0, i - reach) : i + reach + 1]]
        means.append((x, round(sum(near) / len(near), 1)))
    return means


def _line(places: Sequence[tuple[float, float]], style: str) -> str:
    path = "L".join(f"{x} {y}" for x, y in places)
    return f'<path d="M{path}" style="fill:none;{style};stroke-linejoin:round"/>'


def _key(series: Series, *, x: float, color: str, ink: Ink) -> list[str]:
    return [
        f'<path d="M{x:.1f} 30h16" style="stroke:{color};stroke-width:3"/>',
        _text(series.name, x=x + 21, y=34, color=ink.text),
    ]


def _text(
    text: str, *, x: float, y: float, color: str, size: int = 11, weight: int = 400, anchor: str = "start"
) -> str:
    style = f"fill:{color};font-size:{size}px;font-weight:{weight}"
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">{escape(text)}</text>'
