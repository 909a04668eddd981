"""The list of images with its search, and the bar over it that tells how the batch stands."""

from __future__ import annotations

import numpy as np
from PyQt6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.image_list import Column, ImageListModel, ImageState, state_name
from samhq.gui.run_model import Phase, RunModel
from samhq.gui.session import Session
from samhq.gui.thumbnails import Thumbnails
from samhq.gui.translate import tr

__all__ = ["ImageListPanel"]

_LINES = 2.7
"""Height of a row in lines of text."""
_WIDE = 1.15
_LETTERS = {Column.IMAGE: 18, Column.STATE: 17}
"""Least width of the columns with words, in letters; those with numbers are as wide as their titles."""


class ImageListPanel(QWidget):
    """Search field, choice of a state, and the table. opened(key): Enter or a double click on an image."""

    opened = pyqtSignal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._run: RunModel = session.run
        self._session = session
        line = self.fontMetrics().lineSpacing()
        ratio = self.devicePixelRatioF()
        self._icon_size = QSize(round(_LINES * _WIDE * line), round(_LINES * line) - 4)
        self.thumbnails = Thumbnails(session.jobs, size=self._icon_size * ratio, parent=self)
        self.thumbnails.device_ratio = ratio
        self.model = ImageListModel(self.thumbnails, self)
        self.model.symbol_size = QSize(line, line)
        self.model.device_ratio = ratio
        self._known: tuple[object, ...] = ()
        self._build(line)
        self.model.rows_shown.connect(self._on_rows_shown)
        self.model.modelReset.connect(self._restore_selection)
        self._run.look_changed.connect(self._show_rows)
        self._run.plan_changed.connect(self._show_rows)
        self._run.input_changed.connect(self._show_root)
        self._run.phase_changed.connect(self._on_phase)
        self._run.running_changed.connect(self.model.set_running)
        self._run.shown_changed.connect(self._restore_selection)
        self._show_root()
        self._show_rows()
        self.model.set_running(self._run.running)
        self._restore_selection()

    # ------------------------------------------------------------ building

    def _build(self, line: int) -> None:
        self.search = QLineEdit()
        self.search.setObjectName("image_search")
        self.search.setPlaceholderText(tr("Search images"))
        self.search.setAccessibleName(tr("Search images by their name"))
        self.search.setToolTip(tr("Show only images whose path holds this text (Ctrl+F)"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.model.set_text)
        self.states = QComboBox()
        self.states.setObjectName("state_filter")
        self.states.setAccessibleName(tr("Show images in this state"))
        self.states.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.states.addItem(tr("All"), None)
        for state in ImageState:
            self.states.addItem(state_name(state), state)
        self.states.currentIndexChanged.connect(lambda _: self.model.set_state(self.states.currentData()))
        self.count = QLabel()
        self.count.setObjectName("image_count")
        theme.set_role(self.count, "muted")
        self.table = self._make_table(line)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.search, 1)
        row.addWidget(self.states)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.count)

    def _make_table(self, line: int) -> QTableView:
        table = _ImageTable(line, self._icon_size)
        # Names of files differ at both ends; why an image failed is read from its beginning.
        table.setItemDelegateForColumn(Column.STATE, _FromTheBeginning(table))
        table.setObjectName("image_table")
        table.setAccessibleName(tr("Images of the batch"))
        table.setModel(self.model)
        table.setIconSize(self._icon_size)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        rows = table.verticalHeader()
        if rows is not None:
            rows.hide()
            # Heights of 3,000 rows are not asked for one by one.
            rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            rows.setDefaultSectionSize(round(_LINES * line) + 4)
        columns = table.horizontalHeader()
        if columns is not None:
            columns.setHighlightSections(False)
            columns.setSortIndicator(Column.IMAGE, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        selection = table.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(self._on_selected)
        table.doubleClicked.connect(self._on_opened)
        table.activated.connect(self._on_opened)
        return table

    # ------------------------------------------------------------ what is shown

    def _show_root(self) -> None:
        facts = self._run.facts
        self.thumbnails.settings = self._session.settings.image if facts is None else facts.settings.image
        self.model.set_root(self._run.source, is_file=self._run.is_single)

    def _show_rows(self) -> None:
        rows = self._run.rows
        self.model.set_rows(rows)
        done = np.flatnonzero(rows.states == ImageState.DONE)
        if self._run.selected is None and len(done):
            self._run.select(rows.keys[int(done[0])])  # something to look at as soon as there is something

    def _on_phase(self) -> None:
        if self._run.phase is Phase.RUNNING:
            self.thumbnails.forget_missing()

    def _on_rows_shown(self, shown: int, total: int) -> None:
        self.count.setText(
            tr("{n:,} images", n=total)
            if shown == total
            else tr("{n:,} of {total:,} images", n=shown, total=total)
        )
        counts = self.model.state_counts()
        self.states.setItemText(0, tr("All ({n:,})", n=total))
        for place, state in enumerate(ImageState, start=1):
            self.states.setItemText(place, tr("{state} ({n:,})", state=state_name(state), n=counts[state]))

    def show_state(self, state: ImageState | None) -> None:
        """Show only images in one state."""
        self.states.setCurrentIndex(max(0, self.states.findData(state)))

    # ------------------------------------------------------------ selection

    def _on_selected(self, selected: QItemSelection, _old: QItemSelection) -> None:
        rows = selected.indexes()
        if rows:
            self._run.select(self.model.key_at(rows[0].row()))

    def _restore_selection(self) -> None:
        """Show in the table which image is looked at, after its rows or the image changed."""
        row = self.model.row_of(self._run.selected)
        selection = self.table.selectionModel()
        if selection is None:
            return
        if row < 0:
            selection.clearSelection()
        elif self.table.currentIndex().row() != row or not selection.hasSelection():
            self.table.selectRow(row)

    def select_next(self, step: int) -> None:
        """Look at the next image of the list, or the one before."""
        row = self.model.row_of(self._run.selected)
        row = max(0, min(self.model.rowCount() - 1, row + step))
        if self.model.rowCount():
            self.table.selectRow(row)
            self.table.scrollTo(self.model.index(row, 0))

    def _on_opened(self, index: QModelIndex) -> None:
        key = self.model.key_at(index.row())
        if key is not None:
            self.opened.emit(key)

    def _show_menu(self, where: QPoint) -> None:
        key = self.model.key_at(self.table.indexAt(where).row())
        viewport = self.table.viewport()
        if key is None or viewport is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        action = menu.addAction(theme.icon("masks"), tr("Open in Mask Analysis"))
        if action is not None:
            action.triggered.connect(lambda _checked=False: self.opened.emit(key))
        menu.popup(viewport.mapToGlobal(where))


class _FromTheBeginning(QStyledItemDelegate):
    """Cuts what does not fit at its end."""

    def initStyleOption(self, option: QStyleOptionViewItem | None, index: QModelIndex) -> None:  # noqa: N802
        """Take the look of the cell."""
        super().initStyleOption(option, index)
        if option is not None:
            option.textElideMode = Qt.TextElideMode.ElideRight


class _ImageTable(QTableView):
    """A table whose columns with words take the room that is left, until somebody drags a column."""

    def __init__(self, line: int, icon: QSize) -> None:
        super().__init__()
        self._line = line
        self._icon = icon
        self._fits = False
        self._by_hand = False

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802 - Qt's name
        """Show a model, and watch whether somebody drags its columns."""
        super().setModel(model)
        header = self.horizontalHeader()
        if header is not None:
            header.sectionResized.connect(self._on_resized)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Give the columns with words the room that is left."""
        super().resizeEvent(event)
        header, viewport = self.horizontalHeader(), self.viewport()
        if self._by_hand or header is None or viewport is None:
            return
        metrics = self.fontMetrics()
        widths = {}
        for column in Column:
            title = self.model().headerData(column, Qt.Orientation.Horizontal)  # type: ignore[union-attr]
            # The arrow of the sorting stands over the title, which is bold.
            widths[column] = round(1.1 * metrics.horizontalAdvance(str(title))) + metrics.height()
        for column, letters in _LETTERS.items():
            widths[column] = letters * theme.letter(self)
        widths[Column.IMAGE] += self._icon.width()
        left = max(0, viewport.width() - sum(widths.values()))
        self._fits = True
        for column, width in widths.items():
            self.setColumnWidth(column, width + (left // len(_LETTERS) if column in _LETTERS else 0))
        self._fits = False

    def _on_resized(self) -> None:
        self._by_hand |= not self._fits
