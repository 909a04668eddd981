"""The learning curves of a training that goes on, as a small live plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.translate import tr

__all__ = ["TrainingCurves", "curve_points"]


def curve_points(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[list[float], list[float]]]:
    """Minutes and values of each curve: "learnt" and "apart" (IoU) and "ap50"; see samhq.training.history."""
    found: dict[str, tuple[list[float], list[float]]] = {
        name: ([], []) for name in ("learnt", "apart", "ap50")
    }
    for row in rows:
        judged = row.get("judged", {})
        for name, value in (
            ("learnt", row.get("iou")),
            ("apart", judged.get("iou")),
            ("ap50", judged.get("ap50")),
        ):
            if value is not None:
                found[name][0].append(float(row["elapsed_s"]) / 60)
                found[name][1].append(float(value))
    return found


class TrainingCurves(QWidget):
    """IoU of what is learnt from and of what is kept apart, and AP50, over the minutes of training."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("training_curves")
        self.setAccessibleName(tr("Learning curves"))
        self._rows: Sequence[Mapping[str, Any]] = ()
        self._plot = pg.PlotWidget()
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.setYRange(0, 1)
        self._plot.showGrid(x=False, y=True, alpha=0.2)
        self._legend = self._plot.addLegend(offset=(-8, -8), labelTextSize="9pt")
        self._names = {
            "ap50": tr("AP50, kept apart"),
            "apart": tr("IoU, kept apart"),
            "learnt": tr("IoU, learnt from"),
        }
        self._curves: dict[str, Any] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.setMinimumHeight(9 * self.fontMetrics().lineSpacing())
        theme.notifier.changed.connect(self._color)
        self._color()

    def show_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Draw the rows of a training's history."""
        self._rows = rows
        for name, (x, y) in curve_points(rows).items():
            self._curves[name].setData(x, y)

    def _color(self, _dark: bool = False) -> None:
        colors = theme.colors()
        self._plot.setBackground(colors.base)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(colors.muted))
            axis.setTextPen(pg.mkPen(colors.text))
        self._plot.setLabel("bottom", tr("minutes"), color=colors.text.name())
        self._legend.setLabelTextColor(colors.text)
        self._legend.setBrush(pg.mkBrush(colors.base))
        for curve in self._curves.values():
            self._plot.removeItem(curve)
        inks = {"ap50": colors.accent, "apart": colors.trough, "learnt": colors.muted}
        for name, text in self._names.items():
            marked = None if name == "learnt" else "o"
            self._curves[name] = self._plot.plot(
                [], [], name=text, pen=pg.mkPen(inks[name], width=2), symbol=marked, symbolSize=6,
                symbolBrush=pg.mkBrush(inks[name]), symbolPen=None,
            )  # fmt: skip
        self.show_rows(self._rows)
