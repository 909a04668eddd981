"""Train on my corrected masks: a window of its own beside the main one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt, QUrl
from PyQt6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from samhq.gui.bars import ErrorBar, Failure
from samhq.gui.jobs import Job
from samhq.gui.tabs.mask_panels import Step, push_button, say
from samhq.gui.time_left import TimeLeft, position_of
from samhq.gui.training_choices import ChoicesPanel
from samhq.gui.training_curves import TrainingCurves
from samhq.gui.training_model import TrainingModel
from samhq.gui.training_pictures import PicturesPanel
from samhq.gui.training_words import outcome_text, step_text, waiting_text
from samhq.gui.translate import tr
from samhq.monitor import Event

if TYPE_CHECKING:
    from samhq.gui.session import Session

__all__ = ["TrainingDialog", "show_training"]


def show_training(parent: QWidget, session: Session) -> TrainingDialog:
    """Open the dialog, or bring it to the front. parent: with it the dialog goes."""
    dialog = parent.findChild(TrainingDialog)
    if dialog is None:
        dialog = TrainingDialog(session.training, parent)
    session.training.refresh()
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()
    return dialog


class TrainingDialog(QWidget):
    """Pictures at the left; choices, progress and result at the right. Closing it stops nothing."""

    def __init__(self, model: TrainingModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("training_dialog")
        self.setWindowFlag(Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Train on my corrected masks"))
        self.error = ErrorBar()
        self.pictures = PicturesPanel(model)
        self.choices = ChoicesPanel(model)
        self.progress = ProgressPanel(model)
        self._lay_out()
        model.failed.connect(self._on_failed)
        model.changed.connect(self._on_changed)
        self._training = model.is_training
        self._model = model
        QShortcut(QKeySequence("Esc"), self, self.close)
        self.resize(960, 640)

    def _lay_out(self) -> None:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.choices)
        column.addWidget(self.progress, 1)
        inner = QWidget()
        row = QHBoxLayout(inner)
        row.setContentsMargins(8, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(self.pictures, 1)
        row.addWidget(right, 1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.error)
        layout.addWidget(scroll, 1)

    def _on_failed(self, failure: Failure) -> None:
        self.error.show_failure(failure)

    def _on_changed(self) -> None:
        if self._model.is_training and not self._training:
            self.error.clear()
        self._training = self._model.is_training


class ProgressPanel(Step):
    """Train, Stop, how far it is, the curves, and what to do with the result."""

    def __init__(self, model: TrainingModel) -> None:
        super().__init__(3, tr("Train"))
        self._model = model
        self._watched: Job | None = None
        self._left = TimeLeft()
        self._event = Event(stage="")
        self._add_buttons()
        self.bar = QProgressBar()
        self.bar.setObjectName("training_bar")
        self.bar.setAccessibleName(tr("Progress of training"))
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(max(8, self.fontMetrics().height() * 6 // 10))
        self._text = say("training_text", role="")
        self.curves = TrainingCurves()
        buttons = QGridLayout()
        buttons.setSpacing(6)
        buttons.addWidget(self.train_button, 0, 0)
        buttons.addWidget(self.stop_button, 0, 1)
        buttons.addWidget(self.anew_button, 0, 1)
        buttons.addWidget(self.use_button, 1, 0)
        buttons.addWidget(self.report_button, 1, 1)
        self.body.addLayout(buttons)
        self.body.addWidget(self.bar)
        self.body.addWidget(self._text)
        self.body.addWidget(self.curves, 100)
        self.body.addStretch(1)  # keeps the rest at the top while there are no curves
        model.changed.connect(self._show)
        model.advanced.connect(self._show_curves)
        self._show()

    def _add_buttons(self) -> None:
        model = self._model
        self.train_button = push_button(
            "train_button",
            tr("&Train"),
            "generate",
            model.train,
            hint=tr("Teach the model the objects of these pictures"),
            role="primary",
        )
        self.stop_button = push_button(
            "stop_training_button",
            tr("Stop"),
            "stop",
            model.stop,
            hint=tr("Stop; what was learnt is kept, and training can go on later"),
            role="danger",
        )
        self.anew_button = push_button(
            "train_anew_button",
            tr("Drop It"),
            "delete",
            model.forget_checkpoint,
            hint=tr("Forget the training that was stopped; the next one begins anew"),
        )
        self.use_button = push_button(
            "use_model_button",
            tr("&Use This Model"),
            "check",
            model.use_result,
            hint=tr("Find masks with the trained model from now on"),
            role="primary",
        )
        self.report_button = push_button(
            "open_report_button",
            tr("Open &Report"),
            "open",
            self.open_report,
            hint=tr("Curves and pictures before and after, in the browser"),
        )

    def open_report(self) -> None:
        """Show the report in the browser of the system."""
        result = self._model.result
        if result is not None and result.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(result.report).absolute())))

    def _show(self) -> None:
        model = self._model
        self._watch(model.job)
        running, result = model.is_training, model.result
        text = tr("&Go On") if model.can_go_on and not running else tr("&Train")
        self.train_button.setText(f" {text}")
        self.train_button.setAccessibleName(text.replace("&", ""))
        self.train_button.setEnabled(bool(model.pictures) and not running)
        self.stop_button.setVisible(running)
        self.stop_button.setEnabled(running and model.job is not None and not model.job.stopping)
        self.anew_button.setVisible(not running and model.can_go_on)
        self.bar.setVisible(running)
        self.use_button.setVisible(result is not None)
        in_use = result is not None and model.session.settings.segmentation.model == str(result.path)
        self.use_button.setEnabled(not in_use)
        self.report_button.setVisible(result is not None and result.report is not None)
        self._show_text()
        self._show_curves()

    def _show_text(self) -> None:
        model = self._model
        if model.job is not None:
            left = self._left.left_s(time.monotonic())
            self._text.setText(step_text(self._event, left, stopping=model.job.stopping))
        elif model.result is not None:
            self._text.setText(outcome_text(model.result))
        else:
            self._text.setText(waiting_text(model))

    def _show_curves(self) -> None:
        rows = self._model.rows
        self.curves.setVisible(len(rows) > 1)
        self.curves.show_rows(rows)

    def _watch(self, job: Job | None) -> None:
        if job is self._watched:
            return
        self._watched = job
        self._left, self._event = TimeLeft(), Event(stage="")
        self.bar.setRange(0, 0)
        if job is not None:
            job.progress.connect(self._on_progress)

    def _on_progress(self, event: Event) -> None:
        self._left.take(event, time.monotonic())
        if event.total and (
            event.item or event.stage != self._event.stage
        ):  # else it is only said what a look gave
            self._event = event
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * min(1.0, position_of(event) / event.total)))
        self._show_text()
