"""Small schematic pictures of what a low and a high value of a setting do, drawn in 100 x 100 units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QRadialGradient

from samhq.gui.theme import Colors

__all__ = ["draw_scene", "scenes"]


class _Cell(NamedTuple):
    x: float
    y: float
    rx: float
    ry: float

    @property
    def box(self) -> QRectF:
        return QRectF(self.x - self.rx, self.y - self.ry, 2 * self.rx, 2 * self.ry)

    def holds(self, x: float, y: float) -> bool:
        return ((x - self.x) / self.rx) ** 2 + ((y - self.y) / self.ry) ** 2 <= 1


_CELLS = tuple(
    _Cell(*values)
    for values in (
        (24, 26, 13, 11),
        (66, 22, 11, 14),
        (33, 68, 15, 12),
        (77, 70, 12, 13),
        (48, 44, 5, 5),
        (90, 40, 4, 5),
        (17, 49, 4, 4),
        (56, 88, 5, 4),
        (81, 93, 4, 4),
    )
)
_LARGE = _CELLS[:4]


class _Pen:
    """A painter in units of the scene, with the colours of the window."""

    def __init__(self, painter: QPainter, colors: Colors) -> None:
        self.painter = painter
        self.colors = colors

    def cells(self, cells: Sequence[_Cell], *, strength: float = 0.55) -> None:
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(_faint(self.colors.muted, strength))
        for cell in cells:
            self.painter.drawEllipse(cell.box)

    def soft_cell(self, cell: _Cell) -> None:
        """A cell that fades into the background."""
        gradient = QRadialGradient(QPointF(0, 0), 1)
        gradient.setColorAt(0.2, _faint(self.colors.muted, 0.6))
        gradient.setColorAt(1, _faint(self.colors.muted, 0))
        self.painter.save()
        self.painter.translate(cell.x, cell.y)
        self.painter.scale(cell.rx * 1.5, cell.ry * 1.5)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(gradient)
        self.painter.drawEllipse(QRectF(-1, -1, 2, 2))
        self.painter.restore()

    def outline(
        self, cell: _Cell, color: QColor | None = None, *, grow: float = 1.5, dashed: bool = False
    ) -> None:
        self._line(color or self.colors.accent, dashed=dashed)
        self.painter.drawEllipse(cell.box.adjusted(-grow, -grow, grow, grow))

    def box(
        self, box: QRectF, color: QColor | None = None, *, dashed: bool = False, width: float = 2
    ) -> None:
        self._line(color or self.colors.accent, dashed=dashed, width=width)
        self.painter.drawRoundedRect(box, 2, 2)

    def bar(self, box: QRectF, color: QColor) -> None:
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(color)
        self.painter.drawRoundedRect(box, 1.5, 1.5)

    def points(self, points: Sequence[tuple[float, float]], *, size: float = 1.7) -> None:
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(self.colors.peak)
        for x, y in points:
            self.painter.drawEllipse(QPointF(x, y), size, size)

    def line(self, x0: float, y0: float, x1: float, y1: float, color: QColor, *, width: float = 2) -> None:
        self._line(color, width=width)
        self.painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))

    def shape(
        self, points: Sequence[tuple[float, float]], color: QColor, *, fill: QColor | None = None
    ) -> None:
        self._line(color)
        if fill is not None:
            self.painter.setBrush(fill)
        self.painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))

    def _line(self, color: QColor, *, dashed: bool = False, width: float = 2) -> None:
        pen = QPen(color, width)
        if dashed:
            pen.setDashPattern([2.5, 1.8])
        self.painter.setPen(pen)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)


def draw_scene(painter: QPainter, area: QRectF, name: str, *, high: bool, colors: Colors) -> None:
    """Draw what a low or high value of a setting does into a square of the painter.

    Raises KeyError for a setting without a picture.
    """
    scene = _SCENES[name]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    frame = QPainterPath()
    frame.addRoundedRect(area, 6, 6)
    painter.fillPath(frame, colors.base)
    painter.setClipPath(frame)
    painter.translate(area.topLeft())
    painter.scale(area.width() / 100, area.height() / 100)
    scene(_Pen(painter, colors), high)
    painter.restore()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colors.border, 1))
    painter.drawPath(frame)
    painter.restore()


def scenes() -> tuple[str, ...]:
    """Names of the settings that have a picture."""
    return tuple(_SCENES)


def _faint(color: QColor, strength: float) -> QColor:
    faint = QColor(color)
    faint.setAlphaF(strength)
    return faint


def _grid(count: int, *, x0: float = 0, y0: float = 0, side: float = 100) -> list[tuple[float, float]]:
    step = side / count
    return [(x0 + step * (i + 0.5), y0 + step * (j + 0.5)) for j in range(count) for i in range(count)]


def _found(pen: _Pen, points: list[tuple[float, float]], *, size: float = 1.7) -> None:
    pen.cells(_CELLS)
    for cell in _CELLS:
        if any(cell.holds(x, y) for x, y in points):
            pen.outline(cell)
    pen.points(points, size=size)


def _points_per_side(pen: _Pen, high: bool) -> None:
    _found(pen, _grid(13 if high else 5), size=1 if high else 1.7)


def _point_grids(pen: _Pen, high: bool) -> None:
    own = [(cell.x, cell.y) for cell in _CELLS if cell is not _LARGE[3]]
    _found(pen, own if high else _grid(6), size=2.2 if high else 1.5)


def _prompts(pen: _Pen, high: bool) -> None:
    points = _grid(13)
    held = {place for cell in _CELLS for place in points if cell.holds(*place)}
    first = {
        next(p for p in points if cell.holds(*p)) for cell in _CELLS if any(cell.holds(*p) for p in points)
    }
    _found(pen, [p for p in points if not high or p not in held or p in first], size=1.2)


def _prompt_min_aggregation(pen: _Pen, high: bool) -> None:
    pen.bar(QRectF(0, 0, 50, 100), _faint(pen.colors.muted, 0.18))
    pen.cells(_CELLS)
    reach = 2 if high else 50
    near = [
        (x, y)
        for x, y in _grid(13)
        if x < reach or any(cell._replace(rx=cell.rx + 4, ry=cell.ry + 4).holds(x, y) for cell in _CELLS)
    ]
    pen.points(near, size=1.5)


def _prompt_polarity(pen: _Pen, high: bool) -> None:
    pen.bar(QRectF(0, 0, 100, 100), QColor(58, 58, 58) if high else QColor(236, 236, 236))
    pen.painter.setBrush(QColor(236, 236, 236) if high else QColor(58, 58, 58))
    for cell in _CELLS:
        pen.painter.drawEllipse(cell.box)
    pen.points([(cell.x, cell.y) for cell in _CELLS], size=2.2)


def _points_per_batch(pen: _Pen, high: bool) -> None:
    rows = 4 if high else 1
    for first in range(0, 8, rows):
        box = QRectF(8, 4 + first * 11.5, 84, rows * 11.5 - 2)
        pen.bar(box, _faint(pen.colors.palette[first // rows % 3], 0.35))
        pen.box(box, pen.colors.outline, width=1)
    pen.points([(15 + 10 * i, 8.8 + 11.5 * j) for j in range(8) for i in range(8)], size=2)


def _pred_iou_thresh(pen: _Pen, high: bool) -> None:
    pale = _Cell(54, 52, 9, 8)
    pen.cells(_LARGE)
    pen.cells([pale], strength=0.2)
    for cell in _LARGE:
        pen.outline(cell)
    if not high:
        pen.outline(pale)
        for wrong in (_Cell(84, 44, 9, 7), _Cell(10, 90, 14, 9), _Cell(45, 12, 9, 7)):
            pen.outline(wrong, pen.colors.error, dashed=True)


def _stability_score_thresh(pen: _Pen, high: bool) -> None:
    sharp, soft = (_LARGE[0], _LARGE[3]), (_LARGE[1], _LARGE[2])
    pen.cells(sharp, strength=0.7)
    for cell in soft:
        pen.soft_cell(cell)
        if not high:
            pen.outline(cell, grow=2)
    for cell in sharp:
        pen.outline(cell)


def _stability_score_offset(pen: _Pen, high: bool) -> None:
    cell = _Cell(50, 50, 24, 22)
    pen.soft_cell(cell)
    gap = 9 if high else 2.5
    pen.outline(cell, grow=gap, dashed=True)
    pen.outline(cell, grow=-gap)


def _box_nms_thresh(pen: _Pen, high: bool) -> None:
    left, right, alone = _Cell(35, 36, 19, 16), _Cell(60, 54, 18, 17), _Cell(80, 84, 9, 9)
    pen.cells((left, right, alone))
    kept = (left, right, alone) if high else (left, alone)
    for cell in kept:
        pen.outline(cell)
        pen.box(cell.box.adjusted(-3, -3, 3, 3), pen.colors.ok, width=1.5)
    if high:
        double = _Cell(37, 39, 19, 16)
        pen.outline(double, pen.colors.error, dashed=True)
        pen.box(double.box.adjusted(-3, -3, 3, 3), pen.colors.error, dashed=True, width=1.5)


def _crop_nms_thresh(pen: _Pen, high: bool) -> None:
    _two_crops(pen, overlap=26)
    middle = _Cell(50, 46, 10, 12)
    pen.cells((middle, _LARGE[2], _Cell(80, 70, 11, 11)))
    for cell in (middle, _LARGE[2], _Cell(80, 70, 11, 11)):
        pen.outline(cell)
    if high:
        pen.outline(_Cell(52, 48, 11, 12), pen.colors.error, dashed=True)


def _crop_overlap_ratio(pen: _Pen, high: bool) -> None:
    _two_crops(pen, overlap=40 if high else 8)
    middle = _Cell(50, 50, 15, 18)
    pen.cells((middle,))
    if high:
        pen.outline(middle)
    else:
        for start in (70, 250):  # the seam cuts it: two open arcs
            pen.painter.setPen(QPen(pen.colors.error, 2))
            pen.painter.drawArc(middle.box.adjusted(-1.5, -1.5, 1.5, 1.5), (start - 130) * 16, 100 * 16)


def _two_crops(pen: _Pen, *, overlap: float) -> None:
    half = 44 + overlap / 2
    for x, color in ((6.0, pen.colors.palette[0]), (94 - half, pen.colors.palette[1])):
        box = QRectF(x, 8, half, 84)
        pen.bar(box, _faint(color, 0.18))
        pen.box(box, color, dashed=True)


def _crop_n_layers(pen: _Pen, high: bool) -> None:
    pen.cells(_CELLS)
    for cell in _CELLS if high else _LARGE:
        pen.outline(cell)
    pen.box(QRectF(3, 3, 94, 94), pen.colors.ok)
    if high:
        for count, color in ((2, pen.colors.palette[1]), (4, pen.colors.palette[0])):
            side, step = 94 / count + 3, 94 / count
            for i in range(count * count):
                corner = QPointF(3 + step * (i % count) - 1.5, 3 + step * (i // count) - 1.5)
                pen.painter.setPen(QPen(color, 1.2))
                pen.painter.setBrush(Qt.BrushStyle.NoBrush)
                pen.painter.drawRect(QRectF(corner.x(), corner.y(), side, side))


def _crop_n_points_downscale_factor(pen: _Pen, high: bool) -> None:
    pen.cells(_CELLS)
    for x, y in ((4, 4), (51, 4), (4, 51), (51, 51)):
        pen.box(QRectF(x, y, 45, 45), pen.colors.palette[1])
        pen.points(_grid(4 if high else 8, x0=x + 1, y0=y + 1, side=43), size=1.4 if high else 1.1)


def _min_mask_region_area(pen: _Pen, high: bool) -> None:
    body = QPainterPath()
    body.addEllipse(QRectF(18, 20, 52, 56))
    if not high:
        for hole in (QRectF(34, 36, 7, 7), QRectF(50, 52, 5, 5)):
            body.addEllipse(hole)
        for speck in (QRectF(80, 24, 6, 6), QRectF(76, 80, 4, 4), QRectF(10, 82, 5, 5)):
            body.addEllipse(speck)
    pen.painter.setPen(QPen(pen.colors.accent, 2))
    pen.painter.setBrush(_faint(pen.colors.accent, 0.3))
    pen.painter.drawPath(body)


def _model(pen: _Pen, high: bool) -> None:
    angles = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    radius = 29 + 4 * np.cos(5 * angles) + 3 * np.sin(3 * angles)
    shape = list(zip(50 + radius * np.cos(angles), 50 + radius * np.sin(angles), strict=True))
    pen.shape(shape, _faint(pen.colors.muted, 0), fill=_faint(pen.colors.muted, 0.5))
    pen.shape(shape if high else shape[::20], pen.colors.accent)


def _output_mode(pen: _Pen, high: bool) -> None:
    if high:
        for row, runs in enumerate(((8, 30, 16), (14, 20, 26), (6, 44, 10), (20, 12, 30), (10, 34, 12))):
            x = 12.0
            for index, run in enumerate(runs):
                pen.bar(
                    QRectF(x, 16 + row * 15, run, 7), pen.colors.accent if index == 1 else pen.colors.outline
                )
                x += run + 4
        return
    for index, cell in enumerate(_LARGE):
        x, y = 10 + 44 * (index % 2), 10 + 44 * (index // 2)
        pen.bar(QRectF(x, y, 36, 36), QColor("black"))
        pen.bar(
            QRectF(x + 18 - cell.rx * 0.7, y + 18 - cell.ry * 0.7, cell.rx * 1.4, cell.ry * 1.4),
            QColor("white"),
        )


def _table(pen: _Pen) -> None:
    for row in range(6):
        for column in range(3):
            color = pen.colors.accent if row == 0 else pen.colors.outline
            pen.bar(QRectF(14 + column * 26, 14 + row * 13, 20, 5), color)


def _marked(pen: _Pen) -> None:
    pen.cells(_LARGE)
    for cell in _LARGE:
        pen.outline(cell, pen.colors.selected)


def _pictures(pen: _Pen, high: bool) -> None:
    if high:
        _marked(pen)
    else:
        _table(pen)


def _label(pen: _Pen, high: bool) -> None:
    _marked(pen)
    if high:
        for cell in _LARGE:
            for line, length in enumerate((16, 20, 12)):
                x = min(cell.x + 4, 78)
                pen.bar(QRectF(x, cell.y + 4 + line * 5, length, 3), pen.colors.text)


def _contact_sheet(pen: _Pen, high: bool) -> None:
    if not high:
        _marked(pen)
        return
    for index in range(9):
        x, y = 6 + 31 * (index % 3), 6 + 31 * (index // 3)
        pen.box(QRectF(x, y, 26, 26), pen.colors.outline, width=1)
        pen.painter.save()
        pen.painter.translate(x, y)
        pen.painter.scale(0.26, 0.26)
        _marked(pen)
        pen.painter.restore()


def _device(pen: _Pen, high: bool) -> None:
    pen.box(QRectF(28, 12, 44, 44), pen.colors.outline)
    for x, y in _grid(6 if high else 2, x0=32, y0=16, side=36):
        side = 4 if high else 13
        pen.bar(QRectF(x - side / 2, y - side / 2, side, side), pen.colors.accent)
    _time(pen, 0.15 if high else 0.95)


def _precision(pen: _Pen, high: bool) -> None:
    for index in range(16 if high else 32):
        pen.bar(QRectF(12 + 10 * (index % 8), 14 + 11 * (index // 8), 7, 8), pen.colors.accent)
    _time(pen, 0.5 if high else 0.95)


def _threads(pen: _Pen, high: bool) -> None:
    for index in range(8):
        busy = high or index < 2
        color = pen.colors.accent if busy else _faint(pen.colors.outline, 0.5)
        pen.bar(QRectF(14 + 19 * (index % 4), 14 + 24 * (index // 4), 15, 18), color)
    _time(pen, 0.3 if high else 0.95)


def _time(pen: _Pen, part: float) -> None:
    """A bar for the time work takes, under a picture."""
    pen.bar(QRectF(12, 76, 76, 8), _faint(pen.colors.outline, 0.35))
    pen.bar(QRectF(12, 76, 76 * part, 8), pen.colors.warning)


def _page(pen: _Pen, high: bool) -> None:
    for index in range(4):
        box = QRectF(10 + index * 12, 46 - index * 12, 44, 44)
        pen.bar(box, pen.colors.selection if high or index == 2 else pen.colors.base)
        pen.box(box, pen.colors.accent if high or index == 2 else pen.colors.outline, width=1.8)


def _histogram(pen: _Pen, black: float, white: float) -> None:
    """Bars of stored values, and the two values that become black and white."""
    for index in range(20):
        x = index / 19
        height = 46 * np.exp(-(((x - 0.68) / 0.1) ** 2)) + 24 * np.exp(-(((x - 0.36) / 0.08) ** 2)) + 1.5
        inside = black <= x <= white
        color = pen.colors.accent if inside else _faint(pen.colors.outline, 0.5)
        pen.bar(QRectF(9 + 82 * x, 66 - height, 3, height), color)
    for value in (black, white):
        pen.line(10.5 + 82 * value, 10, 10.5 + 82 * value, 70, pen.colors.peak)
    for step in range(24):
        level = int(255 * min(1, max(0, (step / 23 - black) / (white - black))))
        pen.painter.fillRect(QRectF(9 + 82 * step / 24, 78, 4, 10), QColor(level, level, level))


def _range_scene(low: tuple[float, float], high: tuple[float, float]) -> Callable[[_Pen, bool], None]:
    return lambda pen, is_high: _histogram(pen, *(high if is_high else low))


def _stretch(pen: _Pen, high: bool) -> None:
    pen.bar(QRectF(0, 0, 100, 100), QColor(236, 236, 236) if high else QColor(168, 168, 168))
    pen.painter.setBrush(QColor(58, 58, 58) if high else QColor(146, 146, 146))
    for cell in _CELLS:
        pen.painter.drawEllipse(cell.box)


_SCENES: dict[str, Callable[[_Pen, bool], None]] = {
    "model": _model,
    "points_per_side": _points_per_side,
    "points_per_batch": _points_per_batch,
    "pred_iou_thresh": _pred_iou_thresh,
    "stability_score_thresh": _stability_score_thresh,
    "stability_score_offset": _stability_score_offset,
    "box_nms_thresh": _box_nms_thresh,
    "crop_n_layers": _crop_n_layers,
    "crop_nms_thresh": _crop_nms_thresh,
    "crop_overlap_ratio": _crop_overlap_ratio,
    "crop_n_points_downscale_factor": _crop_n_points_downscale_factor,
    "prompts": _prompts,
    "prompt_min_aggregation": _prompt_min_aggregation,
    "prompt_polarity": _prompt_polarity,
    "point_grids": _point_grids,
    "min_mask_region_area": _min_mask_region_area,
    "output_mode": _output_mode,
    "pictures": _pictures,
    "label": _label,
    "contact_sheet": _contact_sheet,
    "device": _device,
    "precision": _precision,
    "threads": _threads,
    "pixel_size": _page,
    "page": _page,
    "scene": _page,
    "channel_measured": _page,
    "channel_shown": _page,
    "z_slice": _page,
    "time_point": _page,
    "intensity_range": _range_scene((0, 1), (0.22, 0.85)),
    "black_point": _range_scene((0.05, 0.9), (0.4, 0.9)),
    "white_point": _range_scene((0.1, 0.55), (0.1, 0.95)),
    "black_percentile": _range_scene((0, 1), (0.2, 1)),
    "white_percentile": _range_scene((0, 0.82), (0, 1)),
    "stretch": _stretch,
}
