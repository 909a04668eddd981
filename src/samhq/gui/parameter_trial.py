"""Before and after: the image under the settings in force and under the draft, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.bars import EmptyState
from samhq.gui.canvas import ImageCanvas
from samhq.gui.parameter_words import duration_text
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.gui.parameter_model import ParametersModel, Trial
    from samhq.gui.work import Generated

__all__ = ["TrialPane"]


class _Side(QWidget):
    """One of the two pictures with what was found in it. name: "before" or "after", as in a Trial."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self._name = name
        self._image: object = None
        self._shown: object = None
        heading = QLabel(title)
        theme.set_role(heading, "heading")
        self._result = QLabel()
        self._result.setObjectName(f"{name}_result")
        self._result.setWordWrap(True)
        self.canvas = ImageCanvas()
        self.canvas.setObjectName(f"{name}_canvas")
        self.canvas.setAccessibleName(title)
        self.canvas.setMinimumSize(120, 110)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(heading)
        column.addWidget(self.canvas, 1)
        column.addWidget(self._result)

    def show_trial(self, trial: Trial) -> None:
        """Show the image and what was found in it until now."""
        if self._image is not trial.image:
            self._image = trial.image
            self._shown = None
            self.canvas.set_image(trial.image.image.rgb)
        found: Generated | None = getattr(trial, self._name)
        so_far = trial.so_far.get(self._name)
        shown = found or so_far
        if shown is None:
            self.canvas.set_masks(None, None)
        elif shown is not self._shown:
            self.canvas.set_masks(shown.masks, shown.outlines)
        self._shown = shown
        self._result.setText(self._text(trial, found, len(so_far.masks) if so_far is not None else 0))

    def _text(self, trial: Trial, found: Generated | None, so_far: int) -> str:
        if found is not None:
            kept, time = trial.kept(found), duration_text(found.elapsed_s)
            return tr(
                "{found} masks, {kept} pass the filter; {time}", found=len(found.masks), kept=kept, time=time
            )
        if trial.state == "running":
            return tr("under way: {found} masks so far", found=so_far) if so_far else tr("under way…")
        return tr("failed") if trial.state == "failed" else tr("stopped")


class TrialPane(QWidget):
    """The two sides of the trial of a ParametersModel."""

    def __init__(self, model: ParametersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("trial")
        self._model = model
        self._pages = QStackedLayout(self)
        self._empty = EmptyState(
            "generate",
            tr("Nothing tried yet"),
            tr(
                "Masks of the current image under the settings in force, and under your changes, beside each other."
            ),
            [(tr("Try on Current Image"), model.try_out)],
        )
        self._sides = QWidget()
        self._before = _Side("before", tr("In force"))
        self._after = _Side("after", tr("With your changes"))
        self._stop = QPushButton(theme.icon("stop"), tr("Stop"))
        self._stop.setObjectName("stop_trial_button")
        self._stop.setAccessibleName(tr("Stop trying"))
        self._stop.clicked.connect(model.stop_trial)
        self._outdated = QLabel(tr("The settings were changed after this trial."))
        self._outdated.setObjectName("trial_outdated")
        self._outdated.setWordWrap(True)
        theme.set_role(self._outdated, "warning")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._row.setSpacing(8)
        self._row.addWidget(self._before, 1)
        self._row.addWidget(self._after, 1)
        column = QVBoxLayout(self._sides)
        column.setContentsMargins(10, 8, 10, 8)
        column.addLayout(self._row, 1)
        below = QHBoxLayout()
        below.addWidget(self._outdated, 1)
        below.addWidget(self._stop, 0, Qt.AlignmentFlag.AlignRight)
        column.addLayout(below)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self._sides)
        self._following = False
        before, after = self._before.canvas, self._after.canvas
        before.view_changed.connect(lambda: self._follow(before, after))
        after.view_changed.connect(lambda: self._follow(after, before))
        model.trial_changed.connect(self._refresh)
        model.changed.connect(self._show_outdated)
        self._refresh()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put the pictures anew where they become larger."""
        super().resizeEvent(a0)
        self._arrange()

    def _arrange(self) -> None:
        """Put the pictures beside or below each other, whatever shows the image larger."""
        trial = self._model.trial
        height, width = trial.image.image.level.shape if trial is not None else (1, 1)
        words = self.fontMetrics().height() * 3
        beside = min(self.width() / 2 / width, (self.height() - words) / height)
        below = min(self.width() / width, (self.height() - 2 * words) / 2 / height)
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.LeftToRight if beside >= below else direction.TopToBottom)

    def _follow(self, source: ImageCanvas, target: ImageCanvas) -> None:
        """Let one picture show the place that the user went to in the other."""
        if self._following or not (source.underMouse() or source.hasFocus()):
            return
        self._following = True
        target.zoom_by(source.zoom / target.zoom)
        away = target.sceneRect().center() - source.sceneRect().center()
        scale = target.transform().m11()
        target.pan(away.x() * scale, away.y() * scale)
        self._following = False

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Less than the pictures would like: the page it stands on is also for the explanation."""
        line = self.fontMetrics().height()
        return QSize(line * 10, line * 8)

    def _refresh(self) -> None:
        trial = self._model.trial
        self._pages.setCurrentWidget(self._empty if trial is None else self._sides)
        self._stop.setVisible(trial is not None and trial.state == "running")
        if trial is None:
            return
        for side in (self._before, self._after):
            side.show_trial(trial)
        self._arrange()
        self._show_outdated()

    def _show_outdated(self) -> None:
        self._outdated.setVisible(self._model.is_trial_outdated())
