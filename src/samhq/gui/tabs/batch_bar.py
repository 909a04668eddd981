"""Starting, stopping, exporting; and the bar that tells how the batch stands."""

from __future__ import annotations

import time

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from samhq.gui import theme
from samhq.gui.batch_words import counts_text, finished_text
from samhq.gui.export_menu import ExportMenu
from samhq.gui.export_words import RUN_FORMATS
from samhq.gui.image_list import ImageState
from samhq.gui.run_model import Phase, RunModel
from samhq.gui.session import Session
from samhq.gui.tabs.mask_panels import push_button, say
from samhq.gui.time_left import TimeLeft, position_of, spoken
from samhq.gui.translate import plain, tr
from samhq.monitor import Event

__all__ = ["Actions", "RunBar"]


class Actions(QWidget):
    """The buttons of the batch. view_asked: the output shall be shown in the window."""

    view_asked = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._run: RunModel = session.run
        self.setObjectName("batch_actions")
        self.start_button = push_button("start_button", tr("&Start"), "start", self._start, role="primary")
        self.stop_button = push_button(
            "batch_stop_button",
            tr("S&top"),
            "stop",
            self._stop,
            hint=tr("Stop within a second; everything finished is kept"),
            role="danger",
        )
        self.export_button = push_button(
            "export_button",
            tr("Export &Data"),
            "export",
            self._run.outputs.export,
            hint=tr("Write pictures and tables under the filter in force"),
        )
        self.formats_button = QToolButton()
        self.formats_button.setObjectName("export_formats_button")
        self.formats_button.setToolTip(tr("Other formats, shape measurements, names of columns"))
        self.formats_button.setAccessibleName(tr("Export in another format"))
        self.formats_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.formats_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.formats_button.setMenu(
            ExportMenu(session, RUN_FORMATS, self._run.outputs.export_as, parent=self)
        )
        self.open_button = push_button(
            "open_output_button",
            tr("&Open Output"),
            "open",
            self._run.outputs.open_folder,
            hint=tr("Show the output folder in the file manager"),
        )
        self.view_button = push_button(
            "view_output_button",
            tr("View O&utput"),
            "image",
            self.view_asked.emit,
            hint=tr("Show the written pictures and tables here"),
        )
        self.command_button = push_button(
            "command_button",
            tr("&Copy as Command"),
            "command",
            self.copy_command,
            hint=tr("Copy the command line that does the same"),
        )
        self._lay_out()
        for signal in (self._run.phase_changed, self._run.plan_changed, self._run.input_changed):
            signal.connect(self._show)
        self._run.look_changed.connect(self._show)
        self._run.outputs.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        export = QHBoxLayout()
        export.setSpacing(0)
        export.addWidget(self.export_button, 1)
        export.addWidget(self.formats_button)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 6, 8, 6)
        grid.setSpacing(5)
        grid.addWidget(self.start_button, 0, 0)
        grid.addWidget(self.stop_button, 0, 1)
        grid.addLayout(export, 1, 0)
        grid.addWidget(self.open_button, 1, 1)
        grid.addWidget(self.view_button, 2, 0)
        grid.addWidget(self.command_button, 2, 1)

    def _start(self) -> None:
        self._run.start()

    def _stop(self) -> None:
        self._run.stop()
        self._run.outputs.stop()

    def copy_command(self) -> None:
        """Put the command line that does the same on the clipboard."""
        clipboard, text = QGuiApplication.clipboard(), self._run.command()
        if clipboard is not None and text:
            clipboard.setText(text)
            self._session.notice.emit(tr("Copied: {command}", command=text))

    def _show(self) -> None:
        run, plan = self._run, self._run.plan
        begun = run.phase is Phase.STOPPED or (plan is not None and plan.done > 0 and plan.waiting > 0)
        text, hint = tr("&Start"), tr("Find and measure the objects of all images (F5)")
        if begun:
            text, hint = tr("&Resume"), tr("Go on where the last start stopped (F5)")
        self.start_button.setText(f" {text}")  # as push_button does: the symbol would touch the text
        self.start_button.setAccessibleName(plain(text))
        self.start_button.setToolTip(hint)
        self.start_button.setEnabled(run.source is not None and not run.is_running)
        self.stop_button.setEnabled(run.is_running or run.outputs.is_busy)
        has_objects = run.look is not None and not run.outputs.is_busy
        self.export_button.setEnabled(has_objects)
        self.formats_button.setEnabled(has_objects)
        self.open_button.setEnabled(run.outputs.folder is not None or run.look is not None)
        self.view_button.setEnabled(run.outputs.folder is not None)
        self.command_button.setEnabled(bool(run.command()))


class RunBar(QWidget):
    """One line over the list: how far the batch is, or what it did, with what can be done about failures.

    failed_asked: the failed images shall be shown.
    """

    failed_asked = pyqtSignal()

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._run: RunModel = session.run
        self.setObjectName("run_bar")
        self._event: Event | None = None
        self._left = TimeLeft()
        self._symbol = QLabel()
        self.text = say("run_text", role="")
        self.progress = QProgressBar()
        self.progress.setObjectName("run_progress")
        self.progress.setAccessibleName(tr("Progress of the batch"))
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(round(self.fontMetrics().height() * 0.7))
        self.show_button = push_button(
            "show_failed_button", tr("Show failed"), "failed", self.failed_asked.emit
        )
        self.retry_button = push_button(
            "retry_button",
            tr("Retr&y these"),
            "refresh",
            self._retry,
            hint=tr("Start again: only what failed or is new is segmented"),
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 6, 4)
        row.setSpacing(6)
        row.addWidget(self._symbol)
        row.addWidget(self.text, 3)
        row.addWidget(self.progress, 1)
        row.addWidget(self.show_button)
        row.addWidget(self.retry_button)
        self._run.phase_changed.connect(self._on_phase)
        self._run.look_changed.connect(self._show)
        self._run.progress_changed.connect(self._on_progress)
        theme.notifier.changed.connect(self._on_theme)
        self._show()

    def _retry(self) -> None:
        self._run.start()

    def _on_theme(self, _: bool) -> None:
        self._show()

    def _on_phase(self) -> None:
        if self._run.phase is Phase.RUNNING:
            self._event = None
            self._left = TimeLeft()
        self._show()

    def _on_progress(self, event: Event) -> None:
        self._left.take(event, time.monotonic())
        if not event.message or event.total is not None:
            self._event = event
        self._show()

    def states(self) -> dict[ImageState, int]:
        """How many images are in each state."""
        look = self._run.look
        states = [] if look is None else look.rows.states.tolist()
        return {state: states.count(state) for state in ImageState}

    def _show(self) -> None:
        run = self._run
        states = self.states()
        failed = states[ImageState.FAILED]
        self.progress.setVisible(run.is_running)
        self.show_button.setVisible(bool(failed))
        self.retry_button.setVisible(bool(failed) and not run.is_running and run.source is not None)
        role, symbol, color = "info_bar", "info", "accent"
        if run.is_running:
            self._show_progress()
            symbol = "play"
        elif run.report is not None:
            self.text.setText(finished_text(run.report, states))
            symbol, color = "ok", "ok"
        elif run.look is not None:
            self.text.setText(self._stored_text(states))
        if failed and not run.is_running:
            role, symbol, color = "warning_bar", "warning", "warning"
        if run.look is not None:
            self.text.setText(tr("{what}. {objects}.", what=self.text.text(), objects=counts_text(run.look)))
        self.setVisible(run.is_running or run.look is not None)
        theme.set_role(self, role)
        side = round(self.fontMetrics().height() * 1.1)
        self._symbol.setPixmap(theme.icon(symbol, color).pixmap(QSize(side, side), self.devicePixelRatioF()))
        self.setAccessibleName(self.text.text())

    def _stored_text(self, states: dict[ImageState, int]) -> str:
        waiting, failed = states[ImageState.WAITING], states[ImageState.FAILED]
        total = sum(states.values())
        if failed and waiting:
            return tr(
                "{n:,} images stored, {m:,} still to segment, {k:,} failed", n=total, m=waiting, k=failed
            )
        if failed:
            return tr("{n:,} images stored, {k:,} failed", n=total, k=failed)
        if waiting:
            return tr("{n:,} images stored, {m:,} still to segment", n=total, m=waiting)
        return tr("{n:,} images stored", n=total)

    def _show_progress(self) -> None:
        event = self._event
        if event is None or event.total is None:
            self.progress.setRange(0, 0)
            self.text.setText(tr("Starting"))
            return
        self.progress.setRange(0, 1000 * event.total)
        self.progress.setValue(round(1000 * position_of(event)))
        left = self._left.left_s(time.monotonic())
        if left is None:
            self.text.setText(tr("{done:,} of {total:,} images", done=event.done, total=event.total))
        else:
            self.text.setText(
                tr(
                    "{done:,} of {total:,} images, {left}",
                    done=event.done,
                    total=event.total,
                    left=spoken(left),
                )
            )
