"""What runs and what it runs on: the job strip and the model chip at the bottom of the window."""

from __future__ import annotations

import time
from typing import Protocol

from PyQt6.QtCore import QSize, Qt, QTimer, pyqtBoundSignal, pyqtSignal
from PyQt6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOption,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.time_left import TimeLeft, position_of, spoken
from samhq.gui.translate import tr
from samhq.monitor import Event

__all__ = ["ElidedLabel", "JobStrip", "ModelChip", "RunningJob"]

_TICK_MS = 500
_STEPS = 1000
_NAME_LETTERS = 24


class RunningJob(Protocol):
    """What the strip asks of a job; samhq.gui.jobs.Job has it."""

    title: str
    stopping: bool

    @property
    def progress(self) -> pyqtBoundSignal:
        """Emitted with a samhq.monitor.Event."""

    @property
    def finished(self) -> pyqtBoundSignal:
        """Emitted once at the end, however it ends."""

    def stop(self) -> None:
        """Ask it to stop."""


class ElidedLabel(QLabel):
    """A line of text that is cut with an ellipsis where it does not fit; the whole of it in the tooltip.

    letters: how many it asks room for at most; it takes more where there is some.
    """

    def __init__(self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight, *, letters: int = 30) -> None:
        super().__init__()
        self._mode = mode
        self._letters = letters
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def setText(self, text: str | None) -> None:  # noqa: N802 - Qt's name
        """Show another text."""
        super().setText(text)
        self._hint()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for the whole text, if it is not a long one."""
        metrics = self.fontMetrics()
        text = min(metrics.horizontalAdvance(self.text()) + 4, self._letters * theme.letter(self))
        return QSize(text, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for a few letters."""
        return QSize(8 * theme.letter(self), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Set the tooltip if the text no longer fits."""
        super().resizeEvent(event)
        self._hint()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 - Qt's name
        """Draw what fits."""
        painter = QPainter(self)
        option = QStyleOption()
        option.initFrom(self)
        style = self.style()
        if style is not None:
            style.drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        painter.drawText(self.contentsRect(), int(self.alignment()), self._shown())

    def _shown(self) -> str:
        return self.fontMetrics().elidedText(self.text(), self._mode, self.contentsRect().width())

    def _hint(self) -> None:
        self.setToolTip("" if self._shown() == self.text() else self.text())


class JobStrip(QWidget):
    """The running job: what it does, how far it is, how long it will take, and Stop.

    stop_pressed: after the job was asked to stop.
    """

    stop_pressed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("job_strip")
        self._job: RunningJob | None = None
        self._event = Event(stage="")
        self._left = TimeLeft()
        self._said_stopping = False
        self._title = ElidedLabel()
        self._title.setObjectName("job_title")
        self._bar = QProgressBar()
        self._bar.setObjectName("job_bar")
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Progress"))
        theme.set_role(self._bar, "thin")
        self._bar.setMinimumWidth(12 * theme.letter(self))
        self._count = QLabel()
        self._count.setObjectName("job_count")
        self._stop = QPushButton(tr("Stop"))
        self._stop.setObjectName("stop_button")
        self._stop.setIcon(theme.icon("stop", "error"))
        self._stop.clicked.connect(self._on_stop)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._show)
        # One above the other: side by side there would be room for neither at 1024 pixels.
        words = QHBoxLayout()
        words.setSpacing(8)
        words.addWidget(self._title, 1)
        words.addWidget(self._count)
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addLayout(words)
        column.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(column, 1)
        row.addWidget(self._stop)
        # The strip keeps its height when nothing runs.
        policy = self._stop.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._stop.setSizePolicy(policy)
        self._show()

    @property
    def job(self) -> RunningJob | None:
        """The job that is shown."""
        return self._job

    def set_job(self, job: RunningJob | None) -> None:
        """Show another job, or that nothing runs."""
        if job is self._job:
            return
        self._let_go()
        self._job = job
        self._event = Event(stage="")
        self._left = TimeLeft()
        if job is not None:
            job.progress.connect(self._on_progress)
            job.finished.connect(self._on_finished)
            self._timer.start()
        self._show()

    def text(self) -> str:
        """What the strip says, in one line."""
        return " ".join(part for part in (self._title.text(), self._count.text()) if part)

    def _let_go(self) -> None:
        self._timer.stop()
        if self._job is None:
            return
        try:
            self._job.progress.disconnect(self._on_progress)
            self._job.finished.disconnect(self._on_finished)
        except (TypeError, RuntimeError):
            # The job is gone already, and its connections with it.
            pass
        self._job = None

    def _on_progress(self, event: Event) -> None:
        self._left.take(event, time.monotonic())
        if event.total is None and not event.parts and event.message:
            return
        self._event = event
        self._show()

    def _on_finished(self) -> None:
        self._let_go()
        self._show()

    def _on_stop(self) -> None:
        job = self._job
        if job is None:
            return
        # Said before asking, for asking may end the job at once and bring the next one.
        self._say_stopping()
        self._stop.repaint()
        job.stop()
        self.stop_pressed.emit()

    def _say_stopping(self) -> None:
        self._stop.setEnabled(False)
        self._stop.setText(tr("Stopping…"))

    # ------------------------------------------------------------ drawing

    def _show(self) -> None:
        job = self._job
        self._bar.setVisible(job is not None)
        self._stop.setVisible(job is not None)
        theme.set_role(self._title, "muted" if job is None else "")
        if job is None:
            self._title.setText(tr("Ready"))
            self._count.setText("")
            self._describe()
            return
        if job.stopping:
            self._say_stopping()
        else:
            self._stop.setEnabled(True)
            self._stop.setText(tr("Stop"))
        self._stop.setAccessibleName(tr("Stop: {title}", title=job.title))
        item = self._event.item
        named = bool(item) and item not in job.title
        self._title.setText(tr("{title}: {item}", title=job.title, item=item) if named else job.title)
        self._show_progress(job)
        self._describe()

    def _show_progress(self, job: RunningJob) -> None:
        event = self._event
        total = event.total if event.total is not None else (1 if event.parts else None)
        if not total:
            # A bar without end, until the job knows how much there is.
            self._bar.setRange(0, 0)
            self._count.setText("")
            return
        share = min(position_of(event) / total, 1.0)
        self._bar.setRange(0, _STEPS)
        self._bar.setValue(round(share * _STEPS))
        left = None if job.stopping else self._left.left_s(time.monotonic())
        done = self._done_text(event, total, share)
        if left is None or share >= 1:
            self._count.setText(done)
        else:
            self._count.setText(tr("{done} · {left}", done=done, left=spoken(left)))

    @staticmethod
    def _done_text(event: Event, total: int, share: float) -> str:
        if event.stage == "download" or total == 1:
            return tr("{percent} %", percent=int(100 * share))
        return tr("{done}/{total}", done=min(event.done, total), total=total)

    def _describe(self) -> None:
        self.setAccessibleName(tr("Running job"))
        self.setAccessibleDescription(self.text())
        self._bar.setAccessibleDescription(self._count.text())


class ModelChip(QToolButton):
    """Which model is used and where: name, architecture, device, precision and state. A click is an intent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_chip")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._name = ""
        self._facts = ""
        self.set_model("", "", "", "", "unknown")

    def set_model(self, name: str, architecture: str, device: str, precision: str, state: str) -> None:
        """Show a model. Empty texts are left out.

        state: "ready", "loading", "failed", or "unknown" while nobody has looked.
        """
        facts = [part for part in (name, architecture, device, precision) if part]
        states = {
            "ready": (tr("ready"), "model", "ok"),
            "loading": (tr("loading…"), "waiting", "accent"),
            "failed": (tr("cannot be used"), "failed", "error"),
        }
        said, symbol, color = states.get(state, ("", "model", "muted"))
        if not name:
            facts = [tr("No model")]
        if state in ("loading", "failed"):
            facts.append(said)
        self._name, self._facts = facts[0], "".join(f" · {fact}" for fact in facts[1:])
        self.setIcon(theme.icon(symbol, color))
        self._fit()
        self.updateGeometry()
        self.setToolTip(
            tr(
                "Model: {name}\nType: {architecture}\nDevice: {device}\nPrecision: {precision}\nState: {state}",
                name=name or tr("none"),
                architecture=architecture or "–",
                device=device or "–",
                precision=precision or "–",
                state=said or tr("not looked at yet"),
            )
        )
        self.setAccessibleName(tr("Model"))
        self.setAccessibleDescription(self.toolTip())

    def whole_text(self) -> str:
        """What the chip says when there is room for it."""
        return f"{self._name}{self._facts}"

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for everything, but not for a very long file name."""
        letters = min(len(self._name), _NAME_LETTERS)
        return self._size_for(self._name[:letters] + self._facts)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for the beginning of the name."""
        return self._size_for(self._name[:8])

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show as much as fits."""
        super().resizeEvent(event)
        self._fit()

    def _size_for(self, text: str) -> QSize:
        usual = super().sizeHint()
        return QSize(self._frame() + self.fontMetrics().horizontalAdvance(text), usual.height())

    def _frame(self) -> int:
        return self.iconSize().width() + 3 * theme.letter(self)

    def _fit(self) -> None:
        room = self.width() - self._frame()
        metrics = self.fontMetrics()
        # The name gives way first: what it is and where it runs is short and tells more.
        for_name = max(room - metrics.horizontalAdvance(self._facts), 8 * theme.letter(self))
        name = metrics.elidedText(self._name, Qt.TextElideMode.ElideMiddle, for_name)
        self.setText(metrics.elidedText(f" {name}{self._facts}", Qt.TextElideMode.ElideRight, room + 8))
