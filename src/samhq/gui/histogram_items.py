"""What HistogramPlot draws: bars with their smoothed line, and numbered dots on peaks and troughs.

Both reduce what they draw to the columns of the screen, so 65,536 bins cost what 1,000 do, and dragging
a handle repaints paths that are already there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPen,
    QTransform,
)

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from samhq.gui.theme import Colors

__all__ = ["Bars", "CountAxis", "Look", "Marks", "Series", "ValueAxis"]

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.int64]
_FLOOR = 0.8
"""Where a logarithmic axis begins: one pixel still has a bar, none has none."""
_BESIDE = 14
"""Pixels free right of the axis, see HistogramPlot."""
_NUMBERS_AT_MOST = 60
_RADIUS = 4.5
_CROWD = 5
"""Pixels between dots that are too many to tell apart: of those nearer only the highest or lowest is drawn."""
_CATCH = 9.0
"""Pixels around a dot in which a click means it."""


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of the plot: bars that count and those that do not, the smoothed line, handles, dots, text."""

    counting: QColor = field(default_factory=lambda: QColor("#7fa3c8"))
    left_out: QColor = field(default_factory=lambda: QColor("#d5d9de"))
    line: QColor = field(default_factory=lambda: QColor("#1f3f6b"))
    handle: QColor = field(default_factory=lambda: QColor("#0072b2"))
    focus: QColor = field(default_factory=lambda: QColor("#0072b2"))
    peak: QColor = field(default_factory=lambda: QColor("#d62728"))
    trough: QColor = field(default_factory=lambda: QColor("#ff8c00"))
    text: QColor = field(default_factory=lambda: QColor("black"))
    ground: QColor = field(default_factory=lambda: QColor("white"))

    @classmethod
    def of(cls, colors: Colors) -> Look:
        """The colours that go with those of the window."""
        return cls(
            counting=_between(colors.accent, colors.base, 0.45),
            left_out=_between(colors.muted, colors.base, 0.68),
            line=_between(colors.accent, colors.text, 0.35),
            handle=QColor(colors.accent),
            focus=QColor(colors.accent),
            peak=QColor(colors.peak),
            trough=QColor(colors.trough),
            text=QColor(colors.text),
            ground=QColor(colors.base),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What is drawn. centers, counts, smoothed: (n,) float64; peaks, troughs: indices of bins, ascending."""

    centers: FloatArray
    counts: FloatArray
    smoothed: FloatArray | None
    peaks: IndexArray
    troughs: IndexArray
    edges: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", np.asarray(self.counts, np.float64))
        object.__setattr__(self, "edges", _edges(self.centers))

    @classmethod
    def empty(cls) -> Series:
        """Nothing to draw."""
        return cls.of_counts(np.zeros(0), np.zeros(0))

    @classmethod
    def of_counts(cls, centers: FloatArray, counts: FloatArray) -> Series:
        """Bars without anything on them. Raises ValueError if the lengths differ."""
        if centers.shape != counts.shape or centers.ndim != 1:
            raise ValueError(f"centers {centers.shape} and counts {counts.shape} must be equal and 1-D")
        none = np.zeros(0, np.int64)
        return cls(centers=centers, counts=counts, smoothed=None, peaks=none, troughs=none)

    def bin_at(self, value: float) -> int:
        """The bin that holds a value, the nearest one outside."""
        place = int(np.searchsorted(self.edges, value, side="right")) - 1
        return min(max(place, 0), len(self.counts) - 1)

    @property
    def line(self) -> FloatArray:
        """Where dots lie: the smoothed line, or the tops of the bars where there is none."""
        return self.counts if self.smoothed is None else self.smoothed


class ValueAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Axis of values, thousands apart and never in powers."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 - pyqtgraph's name
        """Texts of the ticks, with the digits that tell them apart."""
        digits = max(0, math.ceil(-math.log10(spacing * scale) - 1e-9))
        return [f"{v * scale:,.{digits}f}" for v in values]

    def tickSpacing(  # noqa: N802 - pyqtgraph's name
        self, lowest: float, highest: float, size: float
    ) -> list[tuple[float, float]]:
        """Spacing of the ticks with a number, as many as have room beside each other, and of those without."""
        span = abs(highest - lowest)
        if span <= 0 or size <= 0:
            return []
        metrics = QFontMetricsF(QGuiApplication.font())
        power = 10.0 ** math.floor(math.log10(span / size))
        for step, parts in ((power * 10**e * m, p) for e in range(8) for m, p in ((1, 5), (2, 4), (5, 5))):
            first, last = math.ceil(lowest / step) * step, math.floor(highest / step) * step
            texts = self.tickStrings([first, first + step, last - step, last], 1.0, step)
            widths = [metrics.horizontalAdvance(text) for text in texts]
            if step / span * size >= max(sum(widths[:2]), sum(widths[2:])) / 2 + metrics.height():
                return [(step, 0.0), (step / parts, 0.0)]
        return [(span, 0.0)]

    def resizeEvent(self, ev: object = None) -> None:  # noqa: N802 - Qt's name
        """Keep the title within the plot where it is longer than the axis."""
        super().resizeEvent(ev)
        if self.label is not None:
            beyond = self.label.x() + self.label.boundingRect().width() - self.size().width() - _BESIDE
            if beyond > 0:
                self.label.setX(self.label.x() - beyond)


class CountAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Axis of counts: whole numbers only, thousands apart, also on the logarithmic axis."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802 - pyqtgraph's name
        """Texts of the ticks; "" where a count cannot be."""
        if self.logMode:
            # 1, 2 and 5 of every decade are enough to read the others.
            return [_count_text(10.0**v) if _is_round(v) else "" for v in values]
        return [_count_text(v * scale) for v in values]


class _Layer(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """An item that fills the view and paints in pixels of the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.series = Series.empty()
        self.look = Look()
        self.log = False
        self._key: object = None

    def boundingRect(self) -> QRectF:  # noqa: N802 - Qt's name
        """The whole view."""
        return self._view()

    def set_series(self, series: Series, *, log: bool) -> None:
        """Draw something else, on a logarithmic axis or a linear one."""
        self.series, self.log = series, log
        self.redraw()

    def set_look(self, look: Look) -> None:
        """Draw in other colours."""
        self.look = look
        self.redraw()

    def redraw(self) -> None:
        """Forget the paths and paint again."""
        self._key = None
        self.update()

    def viewTransformChanged(self) -> None:  # noqa: N802 - pyqtgraph's name
        """The view shows another part."""
        self.prepareGeometryChange()
        self.redraw()

    def _view(self) -> QRectF:
        # Not viewRect(): pyqtgraph remembers that one, and sometimes for too long.
        box = self.getViewBox()
        return QRectF() if box is None else QRectF(box.viewRect())

    def _y(self, counts: FloatArray) -> FloatArray:
        """Counts as the axis of the view has them."""
        return np.log10(np.maximum(counts, _FLOOR)) if self.log else counts

    def paint(
        self, painter: QPainter | None, option: QStyleOptionGraphicsItem | None, widget: QWidget | None = None
    ) -> None:
        """Draw what lies in view."""
        if painter is None or not len(self.series.counts):
            return
        transform, view = QTransform(painter.worldTransform()), self._view()
        if view.width() <= 0:
            return
        painter.save()
        painter.resetTransform()
        key = (transform, view)
        if key != self._key:
            self._key = key
            self._prepare(transform, view)
        self._draw(painter)
        painter.restore()

    def _prepare(self, transform: QTransform, view: QRectF) -> None:
        raise NotImplementedError

    def _draw(self, painter: QPainter) -> None:
        raise NotImplementedError


class Bars(_Layer):
    """Bars, those in the range that counts in another colour, and the smoothed line."""

    def __init__(self) -> None:
        super().__init__()
        self._counting = (-math.inf, math.inf)
        self._bars = QPainterPath()
        self._line = QPainterPath()
        self._frame = QRectF()
        self._transform = QTransform()

    def set_counting(self, lowest: float, highest: float) -> None:
        """Say which part of the axis counts."""
        self._counting = (lowest, highest)
        self.update()

    def height(self, left: float, right: float) -> tuple[float, float]:
        """Ends of the vertical axis for a part of the horizontal one, as the view has them."""
        series = self.series
        top = 0.0
        if len(series.counts):
            part = slice(series.bin_at(left), series.bin_at(right) + 1)
            top = float(series.counts[part].max())
            if series.smoothed is not None:
                top = max(top, float(series.smoothed[part].max()))
        bottom, top = (
            (math.log10(_FLOOR), math.log10(max(2.0, top * 2.5))) if self.log else (0.0, max(1.0, top) * 1.12)
        )
        # A little room below, so that a dot on an empty bin is seen whole.
        return bottom - (top - bottom) * 0.02, top

    def _prepare(self, transform: QTransform, view: QRectF) -> None:
        series = self.series
        self._transform = transform
        self._frame = transform.mapRect(view)
        columns = max(1, math.ceil(self._frame.width()))
        first = max(0, series.bin_at(view.left()) - 1)
        last = min(len(series.counts), series.bin_at(view.right()) + 2)
        edges, counts = series.edges[first : last + 1], series.counts[first:last]
        starts = _columns(edges[:-1], view, columns)
        x = _mapped_x(transform, np.append(edges[starts], edges[-1]))
        y = _mapped_y(transform, self._y(np.maximum.reduceat(counts, starts)))
        base = float(_mapped_y(transform, self._y(np.zeros(1)))[0])
        corners_x, corners_y = np.repeat(x, 2), np.concatenate(([base], np.repeat(y, 2), [base]))
        self._bars = pg.arrayToQPath(corners_x, corners_y, connect="all")
        self._line = QPainterPath()
        if series.smoothed is not None:
            centers = series.centers[first:last]
            starts = _columns(centers, view, columns)
            tops = np.maximum.reduceat(series.smoothed[first:last], starts)
            self._line = pg.arrayToQPath(
                _mapped_x(transform, centers[starts]), _mapped_y(transform, self._y(tops)), connect="all"
            )

    def _draw(self, painter: QPainter) -> None:
        frame = self._frame
        low, high = (self._edge(v) for v in self._counting)
        inside = QRectF(frame)
        inside.setLeft(low)
        inside.setRight(max(low, high))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        if inside != frame:
            painter.fillPath(self._bars, self.look.left_out)
        painter.save()
        painter.setClipRect(inside, Qt.ClipOperation.IntersectClip)
        painter.fillPath(self._bars, self.look.counting)
        painter.restore()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        painter.setPen(QPen(self.look.line, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._line)

    def _edge(self, value: float) -> float:
        frame = self._frame
        if math.isinf(value):
            return frame.left() if value < 0 else frame.right()
        return float(min(max(self._transform.map(QPointF(value, 0.0)).x(), frame.left()), frame.right()))


@dataclass(frozen=True, slots=True)
class _Dot:
    x: float
    y: float
    peak: bool
    number: int
    label: QRectF | None


class Marks(_Layer):
    """Red dots on peaks, orange ones on troughs, numbered from the left each."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(10)
        self._dots: list[_Dot] = []
        self._ringed: float | None = None
        self._ring_at: QPointF | None = None
        self._pointer: float | None = None
        self._place = (QTransform(), QRectF())
        self._font = QFont()
        self._font.setBold(True)

    def set_ringed(self, value: float | None) -> None:
        """Ring the dot at a value."""
        self._ringed = value
        self.redraw()

    def set_pointer(self, value: float | None) -> None:
        """Draw a thin line at a value."""
        self._pointer = value
        self.update()

    def at(self, position: QPointF) -> tuple[bool, int] | None:
        """The dot at a position of the scene as (is peak?, number from 1), or None."""
        near = [(math.hypot(d.x - position.x(), d.y - position.y()), d) for d in self._dots]
        distance, dot = min(near, key=lambda pair: pair[0], default=(math.inf, None))
        return (dot.peak, dot.number) if dot is not None and distance <= _CATCH else None

    def positions(self, *, peaks: bool) -> list[tuple[float, float]]:
        """Where the dots of a kind were painted, in pixels of the scene."""
        return [(d.x, d.y) for d in self._dots if d.peak is peaks]

    def _prepare(self, transform: QTransform, view: QRectF) -> None:
        series = self.series
        self._place = (transform, transform.mapRect(view))
        self._ring_at = None
        if self._ringed is not None:
            bin_ = series.bin_at(self._ringed)
            height = float(self._y(series.line[bin_ : bin_ + 1])[0])
            self._ring_at = transform.map(QPointF(float(series.centers[bin_]), height))
        frame = transform.mapRect(view)
        placed: list[tuple[float, float, float, bool, int]] = []
        for peak, bins in ((True, series.peaks), (False, series.troughs)):
            placed += self._in_view(
                transform, view, bins, peak=peak, columns=max(1, math.ceil(frame.width() / _CROWD))
            )
        # The highest first: where numbers would overlap, theirs are the ones that stay.
        placed.sort(key=lambda dot: -dot[2])
        self._dots = self._with_labels(placed, frame)

    def _in_view(
        self, transform: QTransform, view: QRectF, bins: IndexArray, *, peak: bool, columns: int
    ) -> list[tuple[float, float, float, bool, int]]:
        """x, y, height, kind and number of the dots of a kind, at most one for each column once they crowd."""
        centers = self.series.centers[bins]
        seen = np.flatnonzero((centers >= view.left()) & (centers <= view.right()))
        if not len(seen):
            return []
        heights = self.series.line[bins[seen]]
        if len(seen) > columns:
            starts = _columns(centers[seen], view, columns)
            ends = np.append(starts[1:], len(seen))
            best = np.argmax if peak else np.argmin
            chosen = [int(a + best(heights[a:b])) for a, b in zip(starts, ends, strict=True)]
            seen, heights = seen[chosen], heights[chosen]
        x = _mapped_x(transform, centers[seen])
        y = _mapped_y(transform, self._y(heights))
        return [
            (float(x[i]), float(y[i]), float(heights[i]), peak, int(seen[i]) + 1) for i in range(len(seen))
        ]

    def _with_labels(self, placed: list[tuple[float, float, float, bool, int]], frame: QRectF) -> list[_Dot]:
        metrics = QFontMetricsF(self._font)
        taken: list[QRectF] = []
        dots = []
        for x, y, _, peak, number in placed:
            label: QRectF | None = None
            if len(taken) < _NUMBERS_AT_MOST:
                size = metrics.boundingRect(str(number)).size()
                box = QRectF(x - size.width() / 2 - 2, 0.0, size.width() + 4, metrics.height())
                above, below = y - _RADIUS - 1 - box.height(), y + _RADIUS + 1
                # Numbers of peaks stand above their dots, those of troughs below, if there is room.
                room_below = below + box.height() <= frame.bottom()
                box.moveTop(above if (peak and above >= frame.top()) or not room_below else below)
                box.moveLeft(min(max(box.left(), frame.left()), frame.right() - box.width()))
                if not any(box.intersects(other) for other in taken):
                    taken.append(box)
                    label = box
            dots.append(_Dot(x, y, peak, number, label))
        return dots

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
        painter.setFont(self._font)
        radius = _RADIUS if len(self._dots) <= 50 else 2.5
        outline = QPen(self.look.ground, 1.2) if radius == _RADIUS else QPen(Qt.PenStyle.NoPen)
        veil = QColor(self.look.ground)
        veil.setAlpha(200)
        for dot in reversed(self._dots):
            color = self.look.peak if dot.peak else self.look.trough
            painter.setPen(outline)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(dot.x, dot.y), radius, radius)
            if dot.label is not None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(veil)
                painter.drawRoundedRect(dot.label, 3, 3)
                # Text colour, since orange on white is too pale to read.
                painter.setPen(self.look.text)
                painter.drawText(dot.label, Qt.AlignmentFlag.AlignCenter, str(dot.number))
        if self._pointer is not None:
            transform, frame = self._place
            x = transform.map(QPointF(self._pointer, 0.0)).x()
            painter.setPen(QPen(self.look.text, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
        if self._ring_at is not None:
            painter.setPen(QPen(self.look.text, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(self._ring_at, radius + 5, radius + 5)


def _edges(centers: FloatArray) -> FloatArray:
    if len(centers) < 2:
        return np.concatenate((centers - 0.5, centers + 0.5))
    middles = (centers[:-1] + centers[1:]) / 2
    return np.concatenate(([2 * centers[0] - middles[0]], middles, [2 * centers[-1] - middles[-1]]))


def _columns(positions: FloatArray, view: QRectF, columns: int) -> IndexArray:
    """Indices at which another column of the screen begins; all of them while there are few."""
    if len(positions) <= columns:
        return np.arange(len(positions))
    column = np.floor((positions - view.left()) / view.width() * columns)
    return np.flatnonzero(np.diff(column, prepend=-math.inf))


def _mapped_x(transform: QTransform, values: FloatArray) -> FloatArray:
    return values * transform.m11() + transform.dx()


def _mapped_y(transform: QTransform, values: FloatArray) -> FloatArray:
    return values * transform.m22() + transform.dy()


def _between(one: QColor | str, other: QColor | str, part: float) -> QColor:
    """The colour a part of the way from one to the other."""
    a, b = QColor(one), QColor(other)
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * part,
        a.greenF() + (b.greenF() - a.greenF()) * part,
        a.blueF() + (b.blueF() - a.blueF()) * part,
    )


def _is_round(exponent: float) -> bool:
    mantissa = 10.0 ** (exponent - math.floor(exponent + 1e-9))
    return any(abs(mantissa - nice) < 1e-6 for nice in (1, 2, 5))


def _count_text(count: float) -> str:
    if count < 0 or abs(count - round(count)) > 1e-6 * max(1.0, count):
        return ""
    return f"{round(count):,}"
