"""What was said so far: log lines of all threads in a bounded list model that filters without delay."""

from __future__ import annotations

import itertools
import logging
import threading
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from PyQt6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, QTimer, pyqtSignal

from samhq.gui import theme
from samhq.gui.translate import tr

__all__ = ["LIMIT", "LogHandler", "LogLine", "LogModel"]

LIMIT = 100_000
"""Lines that are kept; the oldest tenth goes when there are more."""

_AT_ONCE = 4000
"""Lines taken per turn of the event loop, so that a flood does not stop it."""

_FLOOD_MS = 5


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. number: counts up; time: seconds since 1970; level: of logging; first: begins a message."""

    number: int
    time: float
    level: int
    text: str
    first: bool = True
    folded: str = field(default="", repr=False)

    def clock(self) -> str:
        """Time of day."""
        return datetime.fromtimestamp(self.time).astimezone().strftime("%H:%M:%S")

    def as_text(self) -> str:
        """The line for a file: date, time, level and text; a line that goes on is indented."""
        if not self.first:
            return f"    {self.text}"
        stamp = datetime.fromtimestamp(self.time).astimezone().isoformat(sep=" ", timespec="seconds")
        return f"{stamp} {logging.getLevelName(self.level):7} {self.text}"


class _Bell(QObject):
    """Rings in the event loop, from whatever thread it is pulled."""

    rung = pyqtSignal()


class LogHandler(logging.Handler):
    """Takes log records of any thread and hands them to a model in the event loop."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        super().__init__()
        self.bell = _Bell()
        self._pending: deque[LogLine] = deque(maxlen=limit)
        self._numbers = itertools.count()
        self._rung = False
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record until the event loop has time. Never raises."""
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - a bad record must not stop the work that wrote it
            text = f"{record.msg!r} {record.args!r}"
        with self._guard:
            for number, line in enumerate(text.splitlines() or [""]):
                self._pending.append(
                    LogLine(
                        number=next(self._numbers),
                        time=record.created,
                        level=record.levelno,
                        text=line,
                        first=number == 0,
                        folded=line.casefold(),
                    )
                )
            ring, self._rung = not self._rung, True
        if ring:
            self._ring()

    def take(self, count: int) -> list[LogLine]:
        """The oldest lines that wait, at most count of them, and no longer kept here."""
        with self._guard:
            lines = [self._pending.popleft() for _ in range(min(count, len(self._pending)))]
            self._rung = bool(self._pending)
        return lines

    @property
    def has_more(self) -> bool:
        """Whether lines wait."""
        return bool(self._pending)

    def _ring(self) -> None:
        try:
            self.bell.rung.emit()
        except RuntimeError:
            # The application is ending; nobody reads any more.
            self._rung = False


class LogModel(QAbstractListModel):
    """The last lines, of which those are rows that pass level and search.

    handler: where the lines come from; add it to a logger. Role LINE gives the LogLine of a row.
    trimmed(count): rows that were taken away at the top because there are too many lines.
    arrived(level): the highest level among lines that just came in, also if they are not shown.
    """

    LINE = int(Qt.ItemDataRole.UserRole) + 1
    trimmed = pyqtSignal(int)
    arrived = pyqtSignal(int)

    def __init__(
        self, handler: LogHandler | None = None, *, limit: int = LIMIT, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.handler = handler if handler is not None else LogHandler(limit=limit)
        self._limit = limit
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._level = logging.INFO
        self._needle = ""
        self.handler.bell.rung.connect(self._on_bell)
        theme.notifier.changed.connect(self._on_theme)

    # ------------------------------------------------------------ the model

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """Lines that are shown."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, colour and symbol of a line."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        line = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{line.clock()}  {_marked(line)}" if line.first else f"          {line.text}"
        if role == Qt.ItemDataRole.ForegroundRole:
            return getattr(theme.colors(), _color(line.level))
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _marked(line)
        return line if role == self.LINE else None

    # ------------------------------------------------------------ lines

    @property
    def total(self) -> int:
        """Lines that are kept, shown or not."""
        return len(self._lines)

    @property
    def shown(self) -> list[LogLine]:
        """Lines that pass the filter, oldest first; not to be changed."""
        return self._shown

    def _on_bell(self) -> None:
        # Later: a line may be written in the middle of anything, also of a change to this model.
        QTimer.singleShot(0, self.take_in)

    def take_in(self) -> None:
        """Show what the handler holds; called in the event loop when something came."""
        fresh = self.handler.take(_AT_ONCE)
        if not fresh:
            return
        self._lines += fresh
        passing = [line for line in fresh if self._passes(line)]
        if passing:
            begin = len(self._shown)
            self.beginInsertRows(QModelIndex(), begin, begin + len(passing) - 1)
            self._shown += passing
            self.endInsertRows()
        if len(self._lines) > self._limit:
            self._trim()
        self.arrived.emit(max(line.level for line in fresh))
        if self.handler.has_more:
            QTimer.singleShot(_FLOOD_MS, self.take_in)

    def clear(self) -> None:
        """Forget all lines."""
        self.beginResetModel()
        self._lines.clear()
        self._shown = []
        self.endResetModel()

    def set_filter(self, *, level: int | None = None, needle: str | None = None) -> None:
        """Show only lines from a level on that hold a text, upper and lower case alike. None keeps as is."""
        level = self._level if level is None else level
        needle = self._needle if needle is None else needle.casefold().strip()
        if (level, needle) == (self._level, self._needle):
            return
        self.beginResetModel()
        self._level, self._needle = level, needle
        self._shown = [line for line in self._lines if line.level >= level and needle in line.folded]
        self.endResetModel()

    def text(self, rows: list[int] | None = None) -> str:
        """Lines as text for a file or the clipboard. rows: those, or None for all that are shown."""
        lines = self._shown if rows is None else [self._shown[row] for row in rows]
        return "".join(f"{line.as_text()}\n" for line in lines)

    def _passes(self, line: LogLine) -> bool:
        return line.level >= self._level and self._needle in line.folded

    def _trim(self) -> None:
        # A tenth at once: taking away one by one would cost a layout for each line.
        surplus = len(self._lines) - self._limit * 9 // 10
        first_kept = self._lines[surplus].number
        del self._lines[:surplus]
        count = bisect_left(self._shown, first_kept, key=lambda line: line.number)
        if count:
            self.beginRemoveRows(QModelIndex(), 0, count - 1)
            del self._shown[:count]
            self.endRemoveRows()
            self.trimmed.emit(count)

    def _on_theme(self, _: bool) -> None:
        if self._shown:
            roles = [int(Qt.ItemDataRole.ForegroundRole)]
            self.dataChanged.emit(self.index(0), self.index(len(self._shown) - 1), roles)


def _marked(line: LogLine) -> str:
    # In words as well as in colour.
    if line.first and line.level >= logging.ERROR:
        return tr("Error: {said}", said=line.text)
    if line.first and line.level >= logging.WARNING:
        return tr("Warning: {said}", said=line.text)
    return line.text


def _color(level: int) -> str:
    if level >= logging.ERROR:
        return "error"
    if level >= logging.WARNING:
        return "warning"
    return "text" if level >= logging.INFO else "muted"
