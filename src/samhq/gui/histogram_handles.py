"""The lines of a histogram that can be dragged: both ends of a range, or one threshold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QColor

from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.gui.histogram_items import Look

__all__ = ["Handles", "number_text", "round_step"]

_THIN, _THICK = 1.6, 3.0


class Handles(QObject):
    """The items of a pyqtgraph plot that stand for a range and a threshold, one of which is shown.

    range_moved(lowest, highest) and threshold_moved(position) come from the mouse alone, unrounded, and
    let_go once it has finished.
    """

    range_moved = pyqtSignal(float, float)
    threshold_moved = pyqtSignal(float)
    let_go = pyqtSignal()

    def __init__(self, plot: pg.PlotWidget) -> None:
        super().__init__(plot)
        self._quiet = False
        self._region = pg.LinearRegionItem((0.0, 1.0), swapMode="block")
        self._line = pg.InfiniteLine(0.0, angle=90, movable=True)
        self._lines = [*self._region.lines, self._line]
        # They hang from the upper edge, also where the plot is low.
        self._labels = [
            pg.InfLineLabel(line, position=0.99, anchors=[(0.0, 0.0), (1.0, 0.0)]) for line in self._lines
        ]
        for item in (self._region, self._line):
            item.setZValue(5)
            plot.addItem(item, ignoreBounds=True)
        self._region.sigRegionChanged.connect(self._on_region)
        self._region.sigRegionChangeFinished.connect(self._on_let_go)
        self._line.sigPositionChanged.connect(self._on_line)
        self._line.sigPositionChangeFinished.connect(self._on_let_go)

    def show(self, *, region: bool, line: bool) -> None:
        """Choose what can be seen and dragged."""
        self._region.setVisible(region)
        self._line.setVisible(line)

    def place(self, region: tuple[float, float], line: float, bounds: tuple[float, float]) -> None:
        """Put the lines without telling anybody. bounds: where they may be dragged."""
        self._quiet = True
        self._region.setBounds(bounds)
        self._region.setRegion(region)
        self._line.setBounds(bounds)
        self._line.setValue(line)
        self._quiet = False

    def mark(self, active: int | None, look: Look, *, off: bool) -> None:
        """Draw the line that the keys move thicker. active: 0 or 1 of the range, 2 the threshold."""
        for i, line in enumerate(self._lines):
            style = Qt.PenStyle.DashLine if off and line is self._line else Qt.PenStyle.SolidLine
            line.setPen(pg.mkPen(look.handle, width=_THICK if i == active else _THIN, style=style))

    def label(self, region: tuple[float, float], threshold: float | None, middle: float) -> None:
        """Write the values beside the lines, on the side where they are not cut off."""
        texts = (
            number_text(region[0]),
            number_text(region[1]),
            tr("off") if threshold is None else tr("≥ {value}", value=number_text(threshold)),
        )
        for line, label, text in zip(self._lines, self._labels, texts, strict=True):
            label.setAnchor((0.0 if line.value() < middle else 1.0, 0.0))
            label.setText(text)

    def set_look(self, look: Look) -> None:
        """Draw in other colours."""
        tint = QColor(look.handle)
        tint.setAlpha(18)
        self._region.setBrush(tint)
        tint.setAlpha(32)
        self._region.setHoverBrush(tint)
        for line in self._lines:
            line.setHoverPen(pg.mkPen(look.focus, width=_THICK))
        for label in self._labels:
            label.setColor(look.text)
            label.fill = pg.mkBrush(look.ground)

    def _on_region(self) -> None:
        if not self._quiet:
            self.range_moved.emit(*(float(v) for v in self._region.getRegion()))

    def _on_line(self) -> None:
        if not self._quiet:
            self.threshold_moved.emit(float(self._line.value()))

    def _on_let_go(self) -> None:
        if not self._quiet:
            self.let_go.emit()


def number_text(value: float) -> str:
    """A number without needless digits, thousands apart as in the tables."""
    return f"{value:,.3f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:,.0f}"


def round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    if step <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * nice for nice in (1, 2, 5, 10) if power * nice >= step * 0.999)
