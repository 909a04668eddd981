"""The log at the right of the window: filter, search, copy, save, open its folder."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from PyQt6.QtCore import (
    QItemSelection,
    QSize,
    Qt,
    QThreadPool,
    QTimer,
    QUrl,
    pyqtSignal,
)
from PyQt6.QtGui import QDesktopServices, QGuiApplication, QKeySequence, QShortcut
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from samhq.errors import SamhqError
from samhq.files import write_text
from samhq.gui import theme
from samhq.gui.log_file import install_log, log_folder, log_model, uninstall_log
from samhq.gui.log_model import LogHandler, LogLine, LogModel
from samhq.gui.translate import tr

__all__ = [
    "LogHandler",
    "LogLine",
    "LogModel",
    "LogPanel",
    "install_log",
    "log_folder",
    "log_model",
    "uninstall_log",
]

_log = logging.getLogger(__name__)
_SEARCH_MS = 150
_NO_LIMIT = 16777215
_WIDTH = 340
_WIDTH_LETTERS = 46
"""First width of the open panel, in pixels and in letters, whichever is more."""


class LogPanel(QWidget):
    """The log with its controls, which folds to a narrow bar.

    model: None for log_model(). saved(Path) and failed(str) tell how saving went;
    collapsed_changed(bool) that the panel was folded or unfolded.
    """

    saved = pyqtSignal(object)
    failed = pyqtSignal(str)
    collapsed_changed = pyqtSignal(bool)

    def __init__(self, model: LogModel | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_panel")
        self.model = model if model is not None else log_model()
        self._following = True
        self._unseen = 0
        self._width = max(_WIDTH, _WIDTH_LETTERS * theme.letter(self))
        self._folder: Path | None = None
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._on_rows()

    # ------------------------------------------------------------ building

    def _make_widgets(self) -> None:
        self.fold = _tool("log_fold", "collapse_right", tr("Fold the log"))
        self._title = QLabel(tr("Log"))
        theme.set_role(self._title, "heading")
        self._count = QLabel()
        self._count.setObjectName("log_count")
        theme.set_role(self._count, "muted")
        self._nothing = QLabel()
        self._nothing.setObjectName("log_nothing")
        self._nothing.setWordWrap(True)
        theme.set_role(self._nothing, "muted")
        self.level = QComboBox()
        self.level.setObjectName("log_level")
        self.level.setAccessibleName(tr("Lowest level shown"))
        self.level.setToolTip(tr("Show only what is at least this important"))
        for text, number in (
            (tr("Everything"), logging.DEBUG),
            (tr("Messages"), logging.INFO),
            (tr("Warnings"), logging.WARNING),
            (tr("Errors"), logging.ERROR),
        ):
            self.level.addItem(text, number)
        self.level.setCurrentIndex(1)
        self.search = QLineEdit()
        self.search.setObjectName("log_search")
        self.search.setPlaceholderText(tr("Search"))
        self.search.setAccessibleName(tr("Search the log"))
        self.search.setClearButtonEnabled(True)
        self.view = _make_view(self.model)
        self._whole = QPlainTextEdit()
        self._whole.setObjectName("log_whole")
        self._whole.setAccessibleName(tr("The selected lines in full"))
        self._whole.setReadOnly(True)
        self._whole.setTabChangesFocus(True)
        self._whole.setFixedHeight(6 * self.fontMetrics().lineSpacing())
        self._whole.hide()
        self._copy = _tool("log_copy", "copy", tr("Copy the selected lines, or all that are shown"))
        self._save = _tool("log_save", "save", tr("Save what is shown as a text file…"))
        self._open = _tool("log_open_folder", "folder", tr("Open the folder of the log files"))
        self._clear = _tool("log_clear", "clear", tr("Empty the log; its file is kept"))
        self.follow = _tool("log_follow", "auto_scroll", tr("Keep the newest line in view"))
        self.follow.setCheckable(True)
        self.follow.setChecked(True)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.fold)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._count)
        filters = QHBoxLayout()
        filters.addWidget(self.level)
        filters.addWidget(self.search, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self._copy, self._save, self._open, self._clear):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.follow)
        self._body = QWidget()
        inner = QVBoxLayout(self._body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(6)
        inner.addLayout(filters)
        inner.addWidget(self._nothing)
        inner.addWidget(self.view, 1)
        inner.addWidget(self._whole)
        inner.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._body, 1)
        # Keeps the button at the top when the body is folded away.
        column.addStretch(0)

    def _connect(self) -> None:
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_SEARCH_MS)
        self._pause.timeout.connect(self._apply_filter)
        self.level.currentIndexChanged.connect(self._apply_filter)
        self.search.textChanged.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self._apply_filter)
        self._copy.clicked.connect(self.copy)
        self._save.clicked.connect(self._choose_and_save)
        self._open.clicked.connect(self._open_folder)
        self._clear.clicked.connect(self.model.clear)
        self.follow.clicked.connect(self._on_follow)
        self.fold.clicked.connect(self.toggle)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.view)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        bar = self.view.verticalScrollBar()
        if bar is not None:
            bar.valueChanged.connect(self._on_scrolled)
            bar.rangeChanged.connect(self._on_range)
        selection = self.view.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(self._on_selected)
        self.model.rowsInserted.connect(self._on_rows)
        self.model.rowsRemoved.connect(self._on_rows)
        self.model.modelReset.connect(self._on_reset)
        self.model.trimmed.connect(self._on_trimmed)
        self.model.arrived.connect(self._on_arrived)
        self.saved.connect(self._on_saved)
        # A panel made anew starts with the same filter as its model is shown under.
        self._apply_filter()

    # ------------------------------------------------------------ folding

    @property
    def collapsed(self) -> bool:
        """Whether only the narrow bar is shown."""
        return self._body.isHidden()

    def set_collapsed(self, collapsed: bool) -> None:
        """Fold the panel to a bar at the edge, or unfold it to the width it had."""
        if collapsed == self.collapsed:
            return
        if collapsed and self.isVisible():  # before, the width is not the one that somebody saw
            self._width = self.width()
        for widget in (self._body, self._title, self._count):
            widget.setHidden(collapsed)
        hint = tr("Show the log") if collapsed else tr("Fold the log")
        self.fold.setToolTip(hint)
        self.fold.setAccessibleName(hint)
        self._unseen = 0
        self._show_unseen()
        self.setMaximumWidth(self.fold.sizeHint().width() + 12 if collapsed else _NO_LIMIT)
        self._take_room(self.maximumWidth() if collapsed else self._width)
        self.collapsed_changed.emit(collapsed)

    def toggle(self) -> None:
        """Fold the panel, or unfold it."""
        self.set_collapsed(not self.collapsed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as it was when it was open last."""
        return QSize(self.maximumWidth() if self.collapsed else self._width, super().sizeHint().height())

    def _take_room(self, width: int) -> None:
        splitter = self.parentWidget()
        if not isinstance(splitter, QSplitter):
            return
        sizes, place = splitter.sizes(), splitter.indexOf(self)
        others = sum(sizes) - sizes[place]
        if others > 0:
            rest = sum(sizes) - width
            sizes = [round(size * rest / others) for size in sizes]
            sizes[place] = width
            splitter.setSizes(sizes)

    def _on_arrived(self, level: int) -> None:
        if self.collapsed and level > self._unseen:
            self._unseen = level
            self._show_unseen()

    def _show_unseen(self) -> None:
        if not self.collapsed:
            self.fold.setIcon(theme.icon("collapse_right"))
        elif self._unseen >= logging.ERROR:
            self.fold.setIcon(theme.icon("error", "error"))
            self.fold.setToolTip(tr("Show the log: there are new errors"))
        elif self._unseen >= logging.WARNING:
            self.fold.setIcon(theme.icon("warning", "warning"))
            self.fold.setToolTip(tr("Show the log: there are new warnings"))
        else:
            self.fold.setIcon(theme.icon("log"))
        self.fold.setAccessibleName(self.fold.toolTip())

    # ------------------------------------------------------------ filter and scrolling

    def _apply_filter(self) -> None:
        self._pause.stop()
        self.model.set_filter(level=self.level.currentData(), needle=self.search.text())

    @property
    def following(self) -> bool:
        """Whether the newest line is kept in view."""
        return self._following

    def _on_scrolled(self, value: int) -> None:
        bar = self.view.verticalScrollBar()
        if bar is not None:
            self._set_following(value >= bar.maximum())

    def _on_range(self, _: int, highest: int) -> None:
        bar = self.view.verticalScrollBar()
        if self._following and bar is not None:
            bar.setValue(highest)

    def _on_follow(self, wanted: bool) -> None:
        self._set_following(wanted)
        if wanted:
            self.view.scrollToBottom()

    def _set_following(self, following: bool) -> None:
        self._following = following
        self.follow.setChecked(following)

    def _on_trimmed(self, count: int) -> None:
        # What is being read stays where it is.
        bar = self.view.verticalScrollBar()
        if not self._following and bar is not None:
            bar.setValue(max(bar.value() - count, 0))

    def _on_reset(self) -> None:
        self._on_rows()
        self._whole.hide()
        self._set_following(True)
        self.view.scrollToBottom()

    def _on_rows(self, *_: object) -> None:
        shown, total = self.model.rowCount(), self.model.total
        if shown == total:
            self._count.setText(tr("{count:,} lines", count=total))
        else:
            self._count.setText(tr("{shown:,} of {count:,} lines", shown=shown, count=total))
        self._nothing.setText(
            tr("No line fits; choose another level or search for something else.")
            if total
            else tr("What samhq does is told here.")
        )
        self._nothing.setVisible(not shown)
        for button in (self._copy, self._save, self._clear):
            button.setEnabled(shown > 0)

    def _on_selected(self, _: QItemSelection, __: QItemSelection) -> None:
        rows = self._selected_rows()
        self._whole.setVisible(bool(rows))
        self._whole.setPlainText("\n".join(self.model.shown[row].text for row in rows[:200]))

    def _selected_rows(self) -> list[int]:
        selection = self.view.selectionModel()
        if selection is None:
            return []
        chosen = selection.selection()
        parts = [chosen[number] for number in range(len(chosen))]
        return sorted(row for part in parts for row in range(part.top(), part.bottom() + 1))

    # ------------------------------------------------------------ taking away

    def copy(self) -> None:
        """Put the selected lines, or all that are shown, on the clipboard."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.model.text(self._selected_rows() or None))

    def save(self, path: Path) -> None:
        """Write the lines that are shown into a file, off the event loop; saved or failed follows."""
        lines = list(self.model.shown)
        pool = QThreadPool.globalInstance()
        if pool is not None:
            pool.start(lambda: self._write(path, lines))

    def _write(self, path: Path, lines: list[LogLine]) -> None:
        try:
            try:
                written = write_text(path, "".join(f"{line.as_text()}\n" for line in lines))
            except SamhqError as error:
                _log.error("%s", error)
                self.failed.emit(str(error))
            else:
                self.saved.emit(written)
        except RuntimeError:
            # The panel is gone; the file is not.
            _log.debug("nobody waits for %s any more", path)

    def _on_saved(self, path: Path) -> None:
        self._folder = path.parent
        _log.info("%s", tr("Log saved as {path}", path=path))

    def _choose_and_save(self) -> None:
        start = (self._folder or Path.home()) / f"samhq-log-{datetime.now().astimezone():%Y%m%d-%H%M%S}.txt"
        name, _ = QFileDialog.getSaveFileName(
            self, tr("Save the log"), str(start), tr("Text files (*.txt);;All files (*)")
        )
        if name:
            self.save(Path(name))

    def _open_folder(self) -> None:
        folder = self._folder or log_folder()
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            _log.warning("%s", tr("The folder {path} cannot be opened", path=folder))


def _make_view(model: LogModel) -> QTableView:
    # A table of one column: a QListView lays all its rows out anew for each line, 0.1 s for 100,000 of them.
    view = QTableView()
    view.setObjectName("log_view")
    view.setAccessibleName(tr("Log"))
    view.setModel(model)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setTextElideMode(Qt.TextElideMode.ElideRight)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    across, down = view.horizontalHeader(), view.verticalHeader()
    if across is not None and down is not None:
        across.hide()
        across.setStretchLastSection(True)
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setMinimumSectionSize(1)
        down.setDefaultSectionSize(view.fontMetrics().height() + 4)
    return view


def _tool(name: str, icon: str, hint: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setIcon(theme.icon(icon))
    button.setToolTip(hint)
    button.setAccessibleName(hint)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
