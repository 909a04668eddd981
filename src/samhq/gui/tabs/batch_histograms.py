"""Histograms of all objects of the run, with thresholds to drag."""

from __future__ import annotations

import math

import numpy as np
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.batch_look import Bars as BatchBars
from samhq.gui.batch_look import Look
from samhq.gui.histogram import HistogramMode, HistogramPlot
from samhq.gui.histogram_items import Bars, Series
from samhq.gui.run_model import RunModel
from samhq.gui.session import Session
from samhq.gui.translate import tr

__all__ = ["HistogramRow"]

_LETTERS = 21
"""Least width of a histogram."""


class HistogramRow(QWidget):
    """Area, total aggregation and ratio of the objects, and the aggregation of their pixels, side by side."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._run: RunModel = session.run
        self._drawn: dict[str, BatchBars] = {}
        self.plots: dict[str, HistogramPlot] = {
            "area": self._threshold("min_area"),
            "intensity": self._threshold("min_intensity"),
            "ratio": self._threshold("min_ratio"),
            "aggregation": HistogramPlot(HistogramMode.RANGE),
        }
        self._name_plots()
        self.plots["aggregation"].range_changed.connect(self._on_range)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        letter = theme.letter(self)
        for name, plot in self.plots.items():
            plot.setObjectName(f"{name}_histogram")
            plot.setMinimumWidth(_LETTERS * letter)
            row.addWidget(plot, 1)
        scroll = QScrollArea()
        scroll.setObjectName("histogram_scroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)
        self.setMinimumHeight(7 * self.fontMetrics().lineSpacing())
        session.filter_changed.connect(self._show_filter)
        self._run.look_changed.connect(self._show_look)
        self._show_look(self._run.look)
        self._show_filter()

    def _threshold(self, setting: str) -> HistogramPlot:
        plot = KeptHistogram()
        plot.threshold_changed.connect(lambda value: self._session.set_filter(**{setting: value}))
        return plot

    def _name_plots(self) -> None:
        axes = {
            "area": (tr("Area A (px)"), tr("Area {value}: {n} objects")),
            "intensity": (tr("Total aggregation I"), tr("I {value}: {n} objects")),
            "ratio": (tr("Ratio R = I/A"), tr("R {value}: {n} objects")),
            "aggregation": (tr("Aggregation of pixels"), tr("Aggregation {value}: {n} pixels")),
        }
        for name, (bottom, readout) in axes.items():
            self.plots[name].set_axis(bottom, readout=readout)
        names = {
            "area": tr("Areas of all objects, with the minimum area to drag"),
            "intensity": tr("Total aggregation of all objects, with the minimum to drag"),
            "ratio": tr("Ratios of all objects, with the minimum ratio to drag"),
            "aggregation": tr("Aggregation of all pixels of the objects, with the range to drag"),
        }
        for name, plot in self.plots.items():
            plot.setAccessibleName(names[name])
            plot.setToolTip(names[name])

    def _on_range(self, lowest: float, highest: float) -> None:
        self._session.set_filter(min_aggregation=lowest, max_aggregation=highest)

    def _show_look(self, look: Look | None) -> None:
        for name, plot in self.plots.items():
            bars = None if look is None else look.bars[name]
            if bars is None:
                plot.set_counts([], [], limits=(0.0, 100.0))
                if isinstance(plot, KeptHistogram):
                    plot.set_kept(None)
                self._drawn.pop(name, None)
            elif not bars.same_as(self._drawn.get(name)):
                self._drawn[name] = bars
                plot.set_counts(bars.centers, bars.counts, limits=(0.0, bars.end))
                if isinstance(plot, KeptHistogram):
                    plot.set_kept(bars)

    def _show_filter(self) -> None:
        chosen = self._session.filter
        for name in ("area", "intensity", "ratio"):
            value = getattr(chosen, f"min_{name}")
            if self.plots[name].threshold != value:
                self.plots[name].set_threshold(value)
        wanted = (chosen.min_aggregation, chosen.max_aggregation)
        if self.plots["aggregation"].range != wanted:
            self.plots["aggregation"].set_range(*wanted)


class KeptHistogram(HistogramPlot):
    """A histogram with a threshold: in front the objects that all thresholds keep, behind them all others."""

    def __init__(self) -> None:
        self._kept = Bars()
        super().__init__(HistogramMode.THRESHOLD)
        # Over the bars of all objects, under the handles.
        self._kept.setZValue(self._bars.zValue() + 0.5)
        self._plot.addItem(self._kept, ignoreBounds=True)

    def set_kept(self, bars: BatchBars | None) -> None:
        """Show how many of the objects are kept."""
        series = (
            Series.empty() if bars is None else Series.of_counts(bars.centers, bars.kept.astype(np.float64))
        )
        self._kept.set_series(series, log=self.log)

    def _mark_handles(self) -> None:
        super()._mark_handles()
        # While the threshold moves, what falls below it turns gray at once and goes with the next look.
        self._bars.set_counting(math.inf, math.inf)
        self._kept.set_counting(-math.inf if self.threshold is None else self.threshold, math.inf)

    def _restyle(self) -> None:
        super()._restyle()
        self._kept.set_look(self._look)

    def _log_toggled(self, on: bool) -> None:
        self._kept.set_series(self._kept.series, log=on)
        super()._log_toggled(on)
