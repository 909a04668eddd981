"""Histogram on the screen, with peaks, troughs, and a range or a threshold to drag."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PyQt6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.histogram_handles import Handles, number_text, round_step
from samhq.gui.histogram_items import Bars, CountAxis, Look, Marks, Series, ValueAxis
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.api import Distribution

__all__ = ["HistogramMode", "HistogramPlot"]

FloatArray = npt.NDArray[np.float64]
_EDGE = 0.01
"""Part of the axis that stays free on both sides, so that a handle at the end can be seen and caught."""


class HistogramMode(StrEnum):
    """What can be dragged."""

    VIEW = "view"
    RANGE = "range"
    THRESHOLD = "threshold"


class HistogramPlot(QWidget):
    """Bars over a smoothed line, numbered peaks (red) and troughs (orange), and handles.

    range_changed(lowest, highest) and threshold_changed(value or None) come with every move of the mouse,
    range_committed and threshold_committed once it is let go. Setting a value from outside emits nothing.
    A threshold at the left end of the axis is off (None). log_changed(bool): the box over the plot.
    hovered(value or None): what lies under the pointer. mark_clicked(is peak?, number from 1).

    Keys: left and right move the active handle (Shift: far, Ctrl: finely), Home and End take it to the ends,
    up and down choose the handle of a range, Delete switches a threshold off.
    """

    range_changed = pyqtSignal(float, float)
    range_committed = pyqtSignal(float, float)
    threshold_changed = pyqtSignal(object)
    threshold_committed = pyqtSignal(object)
    log_changed = pyqtSignal(bool)
    hovered = pyqtSignal(object)
    mark_clicked = pyqtSignal(bool, int)

    def __init__(self, mode: HistogramMode = HistogramMode.RANGE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = mode
        self._series = Series.empty()
        self._readout_text = "{value}: {n}"
        self._limits = (0.0, 100.0)
        self._range = (0.0, 100.0)
        self._threshold: float | None = None
        self._active = 0
        self._zoomed = False
        self._quiet = False
        self._look = Look()
        self._build()
        self.setAccessibleName(tr("Histogram"))
        self._handles = Handles(self._plot)
        self._handles.range_moved.connect(self._range_moved)
        self._handles.threshold_moved.connect(self._threshold_moved)
        self._handles.let_go.connect(self._let_go)
        self._restyle()
        theme.notifier.changed.connect(self._restyle)
        self._show_handles()
        self._fit_x()

    # ------------------------------------------------------------ what is shown

    def set_distribution(self, distribution: Distribution | None, polarity: str = "dark") -> None:
        """Show the aggregation of an image; None shows an empty plot from 0 to 100."""
        ground = (
            tr("Aggregation (0 white, 100 black)")
            if polarity == "dark"
            else tr("Aggregation (0 black, 100 white)")
        )
        self.set_axis(ground, tr("Pixels"), readout=tr("Aggregation {value}: {n} pixels"))
        if distribution is None:
            self._show(Series.empty(), (0.0, 100.0))
            return
        series = Series(
            centers=distribution.centers,
            counts=distribution.counts.astype(np.float64),
            smoothed=distribution.smoothed,
            peaks=distribution.peaks,
            troughs=distribution.troughs,
        )
        self._show(series, (0.0, 100.0))

    def set_counts(
        self, centers: npt.ArrayLike, counts: npt.ArrayLike, *, limits: tuple[float, float] | None = None
    ) -> None:
        """Show bars of any kind.

        centers: (n,) ascending; counts: (n,). limits: ends of the axis, default the outer edges of the bars.
        """
        series = Series.of_counts(np.asarray(centers, np.float64), np.asarray(counts, np.float64))
        if limits is None:
            limits = (float(series.edges[0]), float(series.edges[-1])) if len(series.counts) else (0.0, 1.0)
        self._show(series, limits)

    def set_axis(self, bottom: str, left: str = "", *, readout: str = "") -> None:
        """Titles of the axes, and what stands over the plot for the bin under the pointer.

        readout: a translated text with the fields {value} and {n}, such as tr("Area {value}: {n} objects").
        """
        self._plot.setLabel("bottom", bottom)
        self._plot.setLabel("left", left)
        self._readout_text = readout or "{value}: {n}"
        self.setAccessibleName(tr("Histogram: {axis}", axis=bottom) if bottom else tr("Histogram"))

    def set_log(self, on: bool) -> None:
        """Show the counts on a logarithmic axis or a linear one; emits nothing."""
        self._quiet = True
        self.log_check.setChecked(on)
        self._quiet = False

    @property
    def log(self) -> bool:
        """Whether the counts are shown on a logarithmic axis."""
        return self.log_check.isChecked()

    def jump_to(self, value: float | None) -> None:
        """Ring the peak or trough at a value and bring it into view; None takes the ring away."""
        self._marks.set_ringed(value)
        if value is None:
            return
        (left, right), _ = self._plot.viewRange()
        if not left <= value <= right:
            half = (right - left) / 2
            self._plot.setXRange(value - half, value + half, padding=0)

    def set_pointer(self, value: float | None) -> None:
        """Draw a thin line at a value, such as that of a pixel pointed at elsewhere; None for none."""
        self._marks.set_pointer(value)

    def reset_view(self) -> None:
        """Show everything again after zooming."""
        self._zoomed = False
        self._fit_x()

    def _show(self, series: Series, limits: tuple[float, float]) -> None:
        self._series = series
        self._limits = limits if limits[1] > limits[0] else (limits[0], limits[0] + 1.0)
        self._marks.set_ringed(None)
        self._bars.set_series(series, log=self.log)
        self._marks.set_series(series, log=self.log)
        if self._zoomed:
            self._set_view_limits()
            self._fit_y()
        else:
            self._fit_x()
        self._place_handles()

    # ------------------------------------------------------------ range and threshold

    @property
    def mode(self) -> HistogramMode:
        """What can be dragged."""
        return self._mode

    def set_mode(self, mode: HistogramMode) -> None:
        """Choose what can be dragged."""
        self._mode = mode
        self._active = 0
        self._show_handles()

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value of the range."""
        return self._range

    def set_range(self, lowest: float, highest: float) -> None:
        """Put the handles of the range; emits nothing."""
        self._range = (min(lowest, highest), max(lowest, highest))
        self._place_handles()

    @property
    def threshold(self) -> float | None:
        """The threshold, None while it is off."""
        return self._threshold

    def set_threshold(self, value: float | None) -> None:
        """Put the threshold; None switches it off. Emits nothing."""
        self._threshold = value
        if value is not None and not self._zoomed:
            self._fit_x()
        self._place_handles()

    def _far_end(self) -> float:
        # A threshold beyond every bar must still be seen and caught.
        low, high = self._limits
        beyond = self._mode is HistogramMode.THRESHOLD and self._threshold is not None
        return max(high, self._threshold or low) if beyond else high

    def _place_handles(self) -> None:
        low, high = self._limits[0], self._far_end()
        self._handles.place(self._range, low if self._threshold is None else self._threshold, (low, high))
        self._mark_handles()

    def _range_moved(self, low: float, high: float) -> None:
        was = self._range
        self._range = (self._neat(low), self._neat(high))
        moved = (was[0] != self._range[0], was[1] != self._range[1])
        if moved[0] != moved[1]:
            self._active = 0 if moved[0] else 1
        self._mark_handles()
        self.range_changed.emit(*self._range)

    def _threshold_moved(self, at: float) -> None:
        self._threshold = None if at <= self._limits[0] else self._neat(at)
        self._mark_handles()
        self.threshold_changed.emit(self._threshold)

    def _let_go(self) -> None:
        if self._mode is HistogramMode.RANGE:
            self.range_committed.emit(*self._range)
        else:
            self.threshold_committed.emit(self._threshold)

    def _neat(self, value: float) -> float:
        """A value with no more digits than a pixel of the screen can tell apart."""
        pixel = abs(self._plot.getViewBox().viewPixelSize()[0])
        digits = min(3, math.ceil(-math.log10(pixel))) if pixel > 0 else 3
        low, high = self._limits[0], self._far_end()
        return float(min(max(round(float(value), digits), low), high))

    def _mark_handles(self) -> None:
        """Paint the bars that count, the handle that the keys move, and the values beside the handles."""
        if self._mode is HistogramMode.RANGE:
            self._bars.set_counting(*self._range)
        elif self._mode is HistogramMode.THRESHOLD and self._threshold is not None:
            self._bars.set_counting(self._threshold, math.inf)
        else:
            self._bars.set_counting(-math.inf, math.inf)
        active = self._active if self._mode is HistogramMode.RANGE else 2
        self._handles.mark(active if self.hasFocus() else None, self._look, off=self._threshold is None)
        self._handles.label(self._range, self._threshold, (self._limits[0] + self._far_end()) / 2)
        self._describe()

    # ------------------------------------------------------------ keyboard and pointer

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Move the active handle."""
        if event is None or self._mode is HistogramMode.VIEW or not self._press(event):
            super().keyPressEvent(event)

    def _press(self, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if self._mode is HistogramMode.RANGE and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._active = 1 if key == Qt.Key.Key_Up else 0
            self._mark_handles()
            return True
        low, high = self._limits[0], self._far_end()
        if self._mode is HistogramMode.THRESHOLD:
            now = low if self._threshold is None else self._threshold
        else:
            now = self._range[self._active]
        step = self._step(event.modifiers())
        moved = {
            Qt.Key.Key_Left: now - step,
            Qt.Key.Key_Right: now + step,
            Qt.Key.Key_PageDown: now - 10 * step,
            Qt.Key.Key_PageUp: now + 10 * step,
            Qt.Key.Key_Home: low,
            Qt.Key.Key_End: high,
            Qt.Key.Key_Delete: low,
            Qt.Key.Key_Backspace: low,
        }.get(key)
        deleting = key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if moved is None or (deleting and self._mode is HistogramMode.RANGE):
            return False
        self._move_handle(min(max(float(round(moved, 6)), low), high))
        return True

    def _move_handle(self, value: float) -> None:
        if self._mode is HistogramMode.THRESHOLD:
            self._threshold = None if value <= self._limits[0] else value
            self._place_handles()
            self.threshold_changed.emit(self._threshold)
            self.threshold_committed.emit(self._threshold)
            return
        low, high = self._range
        self._range = (min(value, high), high) if self._active == 0 else (low, max(value, low))
        self._place_handles()
        self.range_changed.emit(*self._range)
        self.range_committed.emit(*self._range)

    def _step(self, modifiers: Qt.KeyboardModifier) -> float:
        part = 0.005
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            part = 0.05
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            part = 0.001
        return round_step((self._limits[1] - self._limits[0]) * part)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Take the focus with a click, show all with two, and notice when the pointer leaves the plot."""
        if event is not None and event.type() == QEvent.Type.MouseButtonPress:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        elif event is not None and event.type() == QEvent.Type.MouseButtonDblClick:
            self.reset_view()
        elif event is not None and event.type() == QEvent.Type.Leave:
            self._readout.clear()
            self.hovered.emit(None)
        return super().eventFilter(watched, event)

    def _pointer_moved(self, position: QPointF) -> None:
        box = self._plot.getViewBox()
        if not box.sceneBoundingRect().contains(position) or not len(self._series.counts):
            self._readout.clear()
            self.hovered.emit(None)
            return
        value = float(box.mapSceneToView(position).x())
        bin_ = self._series.bin_at(value)
        centre, count = self._series.centers[bin_], self._series.counts[bin_]
        self._readout.setText(self._readout_text.format(value=number_text(centre), n=number_text(count)))
        self.hovered.emit(value)

    def _pointer_clicked(self, event: Any) -> None:
        found = self._marks.at(event.scenePos())
        if found is not None:
            self.mark_clicked.emit(*found)

    def focusInEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show which handle the keys move."""
        super().focusInEvent(event)
        self._mark_handles()
        self.update()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show that the keys move nothing any more."""
        super().focusOutEvent(event)
        self._mark_handles()
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """A frame while the plot has the focus."""
        if self.hasFocus():
            painter = QPainter(self)
            painter.setPen(QPen(self._look.focus, 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Wide rather than high."""
        em = self.fontMetrics().height()
        return QSize(30 * em, 17 * em)

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._readout = QLabel()
        self._readout.setObjectName("histogram_readout")
        self._readout.setAccessibleName(tr("Under the pointer"))
        self.log_check = QCheckBox(tr("&Logarithmic"))
        self.log_check.setObjectName("log_check")
        self.log_check.setAccessibleName(tr("Logarithmic axis of counts"))
        self.log_check.setToolTip(tr("Makes small hills beside a huge one visible."))
        self.log_check.toggled.connect(self._log_toggled)
        self._plot = pg.PlotWidget(axisItems={"left": CountAxis("left"), "bottom": ValueAxis("bottom")})
        # Room for the last number of the axis, which stands half beyond its end.
        self._plot.getPlotItem().setContentsMargins(0, 4, 16, 2)
        self._plot.getAxis("bottom").setStyle(hideOverlappingLabels=False, maxTextLevel=0)
        for side in ("left", "bottom"):
            self._plot.getAxis(side).enableAutoSIPrefix(False)
            self._plot.getAxis(side).setStyle(tickLength=4)
        self._plot.setObjectName("histogram_view")
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=True, y=False)
        self._plot.getViewBox().setDefaultPadding(0)
        self._plot.viewport().installEventFilter(self)
        self._bars, self._marks = Bars(), Marks()
        self._plot.addItem(self._bars, ignoreBounds=True)
        self._plot.addItem(self._marks, ignoreBounds=True)
        self._plot.scene().sigMouseMoved.connect(self._pointer_moved)
        self._plot.scene().sigMouseClicked.connect(self._pointer_clicked)
        box = self._plot.getViewBox()
        box.sigXRangeChanged.connect(lambda *_: self._fit_y())
        box.sigRangeChangedManually.connect(self._zoomed_by_hand)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._readout, 1)
        head.addWidget(self.log_check)
        column = QVBoxLayout(self)
        column.setContentsMargins(3, 3, 3, 3)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._plot, 1)

    def _show_handles(self) -> None:
        self._handles.show(
            region=self._mode is HistogramMode.RANGE, line=self._mode is HistogramMode.THRESHOLD
        )
        self._place_handles()

    def _restyle(self) -> None:
        colors = theme.colors(theme.is_dark())
        self._look = Look.of(colors)
        self._plot.setBackground(colors.base)
        for side in ("bottom", "left"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(colors.muted))
            axis.setTextPen(pg.mkPen(colors.text))
        self._bars.set_look(self._look)
        self._marks.set_look(self._look)
        self._handles.set_look(self._look)
        self._mark_handles()

    def _log_toggled(self, on: bool) -> None:
        self._plot.getAxis("left").setLogMode(y=on)
        self._bars.set_series(self._series, log=on)
        self._marks.set_series(self._series, log=on)
        self._fit_y()
        if not self._quiet:
            self.log_changed.emit(on)

    def _zoomed_by_hand(self, *_: object) -> None:
        self._zoomed = True

    def _set_view_limits(self) -> float:
        low, high = self._limits[0], self._far_end()
        room = (high - low) * _EDGE
        self._plot.getViewBox().setLimits(
            xMin=low - room, xMax=high + room, minXRange=(high - low) / 2000, maxXRange=high - low + 2 * room
        )
        return room

    def _fit_x(self) -> None:
        room = self._set_view_limits()
        self._plot.setXRange(self._limits[0] - room, self._far_end() + room, padding=0)
        self._fit_y()

    def _fit_y(self) -> None:
        (left, right), _ = self._plot.viewRange()
        bottom, top = self._bars.height(left, right)
        self._plot.setYRange(bottom, top, padding=0)

    def _describe(self) -> None:
        if self._mode is HistogramMode.RANGE:
            low, high = (number_text(v) for v in self._range)
            text = (
                tr("Range {low} to {high}; the arrow keys move the highest value", low=low, high=high)
                if self._active
                else tr("Range {low} to {high}; the arrow keys move the lowest value", low=low, high=high)
            )
        elif self._mode is HistogramMode.THRESHOLD and self._threshold is None:
            text = tr("The threshold is off; the arrow keys move it")
        elif self._mode is HistogramMode.THRESHOLD:
            text = tr("Threshold {value}; the arrow keys move it", value=number_text(self._threshold or 0.0))
        else:
            text = tr("{n} peaks, {m} troughs", n=len(self._series.peaks), m=len(self._series.troughs))
        self.setAccessibleDescription(text)
