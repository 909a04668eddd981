"""What is said beside the work instead of in dialogs: failures, notices, empty states, the running job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PyQt6.QtCore import QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QGuiApplication, QKeyEvent
from PyQt6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.reasons import in_words
from samhq.gui.strip import JobStrip, ModelChip
from samhq.gui.translate import plain, tr

__all__ = ["EmptyState", "ErrorBar", "Failure", "JobStrip", "ModelChip", "Notice"]

_DETAIL_LINES = 9
_NOTICE_MS = 6000


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that did not work, for the user.

    what: what failed, a short phrase; why: the fault and what it means; remedy: text of the button that
    helps, empty for none; action: what that button does; details: the technical side, to unfold.
    """

    what: str
    why: str
    remedy: str = ""
    action: Callable[[], None] | None = None
    details: str = ""

    def as_text(self) -> str:
        """Everything, to paste into a message."""
        return "\n\n".join(part for part in (self.what, self.why, self.details) if part)


class ErrorBar(QWidget):
    """A bar over a tab with the latest failure; hidden while there is none. closed: the user put it away."""

    closed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_bar")
        theme.set_role(self, "error_bar")
        self._failure: Failure | None = None
        self._symbol = _Symbol("error", "error")
        self._what = _text("error_what", role="heading")
        self._why = _text("error_why")
        self._remedy = QPushButton()
        self._remedy.setObjectName("error_remedy")
        self._details = _tool("error_details", "collapse_down", tr("Show details"), with_text=tr("Details"))
        self._details.setCheckable(True)
        self._copy = _tool("error_copy", "copy", tr("Copy what happened, with the details"))
        self._close = _tool("error_close", "close", tr("Close this message (Esc)"))
        self._more = QPlainTextEdit()
        self._more.setObjectName("error_more")
        self._more.setAccessibleName(tr("Details of the failure"))
        self._more.setReadOnly(True)
        self._more.setTabChangesFocus(True)
        self._more.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._more.setFixedHeight(_DETAIL_LINES * self.fontMetrics().lineSpacing())
        self._lay_out()
        self._remedy.clicked.connect(self._on_remedy)
        self._details.toggled.connect(self._on_details)
        self._copy.clicked.connect(self.copy)
        self._close.clicked.connect(self._on_close)
        self.hide()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._what)
        texts.addWidget(self._why)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._symbol, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        for button in (self._remedy, self._details, self._copy, self._close):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 8)
        column.addLayout(row)
        column.addWidget(self._more)

    @property
    def failure(self) -> Failure | None:
        """What the bar shows."""
        return self._failure

    def show_failure(self, failure: Failure) -> None:
        """Show a failure in place of an earlier one, details folded."""
        self._failure = failure
        self._what.setText(failure.what)
        why = in_words(failure.why)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        helps = bool(failure.remedy) and failure.action is not None
        self._remedy.setText(failure.remedy)
        self._remedy.setAccessibleName(failure.remedy)
        self._remedy.setVisible(helps)
        self._more.setPlainText(failure.details)
        self._details.setChecked(False)
        self._details.setVisible(bool(failure.details))
        self._more.hide()
        self.setAccessibleName(tr("Failure: {what}. {why}", what=failure.what, why=why))
        self.show()

    def clear(self) -> None:
        """Take the failure away."""
        self._failure = None
        self.hide()

    def copy(self) -> None:
        """Put the failure with its details on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None and self._failure is not None:
            clipboard.setText(self._failure.as_text())

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Escape puts the bar away."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self._on_close()
            return
        super().keyPressEvent(event)

    def _on_remedy(self) -> None:
        action = self._failure.action if self._failure is not None else None
        # Cleared first: the remedy may fail in turn and say so here.
        self.clear()
        if action is not None:
            action()

    def _on_details(self, shown: bool) -> None:
        self._more.setVisible(shown)
        self._details.setIcon(theme.icon("collapse_up" if shown else "collapse_down"))
        self._details.setAccessibleName(tr("Hide details") if shown else tr("Show details"))

    def _on_close(self) -> None:
        self.clear()
        self.closed.emit()


class Notice(QWidget):
    """A bar with one sentence that needs no answer, perhaps with an offer; goes away by itself."""

    closed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice_bar")
        self._callback: Callable[[], None] | None = None
        self._symbol = _Symbol("info", "accent")
        self._text = _text("notice_text")
        self._action = QPushButton()
        self._action.setObjectName("notice_action")
        close = _tool("notice_close", "close", tr("Close this message (Esc)"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_time)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 8, 5)
        row.addWidget(self._symbol)
        row.addWidget(self._text, 1)
        row.addWidget(self._action)
        row.addWidget(close)
        self._action.clicked.connect(self._on_action)
        close.clicked.connect(self._on_close)
        self.hide()

    def show_notice(
        self,
        text: str,
        *,
        action: str = "",
        callback: Callable[[], None] | None = None,
        lasting: bool = False,
        level: str = "info",
    ) -> None:
        """Show a sentence. action, callback: a button and what it does. lasting: stays until it is closed.

        level: "info", "warning" or "ok".
        """
        self._callback = callback
        self._text.setText(text)
        symbol, bar, color = {
            "warning": ("warning", "warning_bar", "warning"),
            "ok": ("ok", "info_bar", "ok"),
        }.get(level, ("info", "info_bar", "accent"))
        theme.set_role(self, bar)
        self._symbol.show_icon(symbol, color)
        self._action.setText(action)
        self._action.setAccessibleName(action)
        self._action.setVisible(bool(action) and callback is not None)
        self.setAccessibleName(text)
        self.show()
        if lasting:
            self._timer.stop()
        else:
            self._timer.start(_NOTICE_MS)

    def clear(self) -> None:
        """Take the notice away."""
        self._timer.stop()
        self._callback = None
        self.hide()

    def text(self) -> str:
        """The sentence that was shown last."""
        return self._text.text()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Escape puts the bar away."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self._on_close()
            return
        super().keyPressEvent(event)

    def _on_action(self) -> None:
        callback = self._callback
        self.clear()
        if callback is not None:
            callback()

    def _on_time(self) -> None:
        focus = QApplication.focusWidget()
        if self.underMouse() or (focus is not None and self.isAncestorOf(focus)):
            # No button vanishes from under the pointer or the keyboard.
            self._timer.start(_NOTICE_MS)
            return
        self.clear()

    def _on_close(self) -> None:
        self.clear()
        self.closed.emit()


class EmptyState(QWidget):
    """What stands where nothing is yet: what to do here, and buttons that do it.

    icon: a name for theme.icon. buttons: (text, callback), the first one primary.
    """

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        buttons: Sequence[tuple[str, Callable[[], None]]] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("empty_state")
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        symbol = _Symbol(icon, "muted", lines=3)
        symbol.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = _text("empty_title", role="title")
        body = _text("empty_text", role="muted")
        head.setText(title)
        body.setText(text)
        for label in (head, body):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setMaximumWidth(46 * theme.letter(self) * 2)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch(2)
        column.addWidget(symbol)
        for label in (head, body):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(label, 8)
            row.addStretch(1)
            column.addLayout(row)
        column.addSpacing(4)
        column.addLayout(self._row_of(buttons))
        column.addStretch(3)

    def _row_of(self, buttons: Sequence[tuple[str, Callable[[], None]]]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        for number, (text, callback) in enumerate(buttons):
            button = QPushButton(text)
            button.setObjectName(f"empty_button_{number}")
            button.setAccessibleName(plain(text))
            theme.set_role(button, "" if number else "primary")
            button.clicked.connect(lambda _, call=callback: call())
            row.addWidget(button)
        row.addStretch(1)
        return row


class _Symbol(QLabel):
    """An icon as a picture, drawn anew when the scheme or the screen changes."""

    def __init__(self, name: str, role: str, *, lines: float = 1) -> None:
        super().__init__()
        self._lines = lines
        theme.notifier.changed.connect(self._draw)
        self.show_icon(name, role)

    def show_icon(self, name: str, role: str) -> None:
        """Show another icon. name, role: as for theme.icon."""
        self._icon = theme.icon(name, role)
        self._draw()

    def _draw(self, _: bool = False) -> None:
        size = _line(self)
        self.setPixmap(self._icon.pixmap(size * self._lines, self.devicePixelRatioF()))


def _line(widget: QWidget) -> QSize:
    side = round(widget.fontMetrics().height() * 1.15)
    return QSize(side, side)


def _text(name: str, *, role: str = "") -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    # Error texts hold file names with < and &.
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    if role:
        theme.set_role(label, role)
    return label


def _tool(name: str, icon: str, hint: str, *, with_text: str = "") -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setIcon(theme.icon(icon))
    button.setToolTip(hint)
    button.setAccessibleName(hint)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if with_text:
        button.setText(with_text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
