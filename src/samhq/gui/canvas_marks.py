"""Small things painted over image and masks: numbers, prompts, the scale bar, what is being drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from samhq.gui.canvas_view import View
from samhq.gui.overlay import NumberPlace
from samhq.gui.tools import CanvasMode, Gesture
from samhq.gui.translate import tr

__all__ = ["paint_brush", "paint_gesture", "paint_numbers", "paint_prompts", "paint_scale_bar", "scale_bar"]

FloatArray = npt.NDArray[np.float64]

GROUND = QColor(0, 0, 0, 185)
"""Behind white text over an image: 4.5:1 even over white."""

_WHITE = QColor(255, 255, 255)
_DARK = QColor(0, 0, 0, 170)
_POSITIVE, _NEGATIVE = QColor("#009E73"), QColor("#D55E00")
_PROMPT_RADIUS = 7.0
_MARGIN = 8.0


def paint_numbers(painter: QPainter, places: Sequence[NumberPlace], ratio: float, color: QColor) -> None:
    """White numbers on dark ground with a coloured frame; one that would lie on another before it is left out.

    ratio: device pixels a pixel of the painter.
    """
    if not places:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    metrics = QFontMetricsF(painter.font())
    height = metrics.height()
    frame = QPen(color, 1.2)
    taken: set[tuple[int, int]] = set()
    for place in places:
        text = str(place.number)
        width = max(metrics.horizontalAdvance(text) + 6, height)
        box = QRectF(place.x / ratio - width / 2, place.y / ratio - height / 2, width, height)
        cells = _cells(box, height / 2)
        if taken & cells:
            continue
        taken |= cells
        painter.setPen(frame)
        painter.setBrush(GROUND)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(_WHITE)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def paint_prompts(
    painter: QPainter,
    view: View,
    ratio: float,
    points: FloatArray,
    labels: npt.NDArray[np.int64],
    box: tuple[float, float, float, float] | None,
) -> None:
    """Clicks as discs with plus (label 1) or minus, and a dashed box. points: (k, 2) image coordinates."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if box is not None:
        corners = np.array([(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])])
        _paint_line(painter, _polygon(corners, view, ratio), closed=True, dashed=True)
    for (x, y), label in zip(points.tolist(), labels.tolist(), strict=True):
        px, py = view.to_view(x, y)
        middle = QPointF(px / ratio, py / ratio)
        painter.setPen(QPen(_WHITE, 1.5))
        painter.setBrush(_POSITIVE if label else _NEGATIVE)
        painter.drawEllipse(middle, _PROMPT_RADIUS, _PROMPT_RADIUS)
        arm = _PROMPT_RADIUS * 0.55
        painter.setPen(QPen(_WHITE, 2))
        painter.drawLine(middle - QPointF(arm, 0), middle + QPointF(arm, 0))
        if label:
            painter.drawLine(middle - QPointF(0, arm), middle + QPointF(0, arm))


def scale_bar(um_per_pixel: float, longest: float) -> tuple[float, float]:
    """Length of a scale bar: the largest of 1, 2, 5, 10, … micrometres that is short enough.

    um_per_pixel: micrometres a pixel of the screen. longest: pixels of the screen.
    Returns micrometres and pixels of the screen.
    """
    most = um_per_pixel * longest
    power = 10.0 ** math.floor(math.log10(most))
    length = max(power * step for step in (0.5, 1, 2, 5) if power * step <= most * (1 + 1e-9))
    return length, length / um_per_pixel


def length_text(um: float) -> str:
    """A length in the unit that keeps its number short: nm, µm or mm."""
    if um < 1:
        return tr("{n} nm", n=f"{um * 1000:g}")
    if um < 1000:
        return tr("{n} µm", n=f"{um:g}")
    return tr("{n} mm", n=f"{um / 1000:g}")


def paint_scale_bar(painter: QPainter, um_per_pixel: float, width: float, height: float) -> None:
    """A scale bar in the lower right corner of a viewport of width x height pixels of the screen."""
    um, length = scale_bar(um_per_pixel, width / 5)
    metrics = QFontMetricsF(painter.font())
    text = length_text(um)
    across = max(length, metrics.horizontalAdvance(text))
    ground = QRectF(0, 0, across + 2 * _MARGIN, metrics.height() + 3 + _MARGIN + 2)
    ground.moveBottomRight(QPointF(width - _MARGIN, height - _MARGIN))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(GROUND)
    painter.drawRoundedRect(ground, 4, 4)
    bar = QRectF(0, 0, length, 3)
    bar.moveCenter(QPointF(ground.center().x(), ground.bottom() - _MARGIN / 2 - 2))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.fillRect(bar, _WHITE)
    painter.setPen(_WHITE)
    above = ground.adjusted(0, 1, 0, -_MARGIN / 2 - 3)
    painter.drawText(above, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)


def paint_gesture(
    painter: QPainter, view: View, ratio: float, gesture: Gesture, place: tuple[float, float], radius: float
) -> None:
    """What is being drawn. place: image coordinates of the pointer. radius: of the brush in image pixels."""
    if gesture.moves_image:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    mode = gesture.mode
    if mode in (CanvasMode.BRUSH, CanvasMode.ERASER):
        color = QColor(_POSITIVE if mode is CanvasMode.BRUSH else _NEGATIVE)
        color.setAlpha(120)
        pen = QPen(color, 2 * radius * view.scale / ratio)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        line = gesture.line(place)
        if len(line) == 1:
            painter.drawPoint(_polygon(line, view, ratio).first())
        else:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(_polygon(line, view, ratio))
        return
    if not gesture.dragged:
        return
    if mode in (CanvasMode.RECTANGLE, CanvasMode.BOX):
        (x0, y0), (x1, y1) = gesture.place, place
        line = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    else:
        line = gesture.line(place)
    _paint_line(painter, _polygon(line, view, ratio), closed=mode is not CanvasMode.CUT, dashed=True)


def paint_brush(
    painter: QPainter, view: View, ratio: float, place: tuple[float, float], radius: float
) -> None:
    """The rim of the brush at the pointer."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    x, y = view.to_view(*place)
    size = max(radius * view.scale / ratio, 1.5)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(_DARK, 3), QPen(_WHITE, 1.2)):
        painter.setPen(pen)
        painter.drawEllipse(QPointF(x / ratio, y / ratio), size, size)


def number_font(font: QFont) -> QFont:
    """The font of numbers on masks."""
    bold = QFont(font)
    bold.setBold(True)
    return bold


def _cells(box: QRectF, side: float) -> set[tuple[int, int]]:
    """The cells of a grid that a box covers for the most part: enough to know who overlaps whom."""
    columns = range(round(box.left() / side), max(round(box.right() / side), round(box.left() / side) + 1))
    rows = range(round(box.top() / side), max(round(box.bottom() / side), round(box.top() / side) + 1))
    return {(column, row) for column in columns for row in rows}


def _polygon(points: FloatArray, view: View, ratio: float) -> QPolygonF:
    places = (points * view.scale + (view.left, view.top)) / ratio
    return QPolygonF([QPointF(x, y) for x, y in places.tolist()])


def _paint_line(painter: QPainter, line: QPolygonF, *, closed: bool, dashed: bool) -> None:
    """A line seen over any image: white dashes on a dark one."""
    dark, white = QPen(_DARK, 3), QPen(_WHITE, 1.5)
    if dashed:
        white.setDashPattern([4.0, 3.0])
    painter.setBrush(QColor(255, 255, 255, 30) if closed else Qt.BrushStyle.NoBrush)
    for pen in (dark, white):
        painter.setPen(pen)
        if closed:
            painter.drawPolygon(line)
        else:
            painter.drawPolyline(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
