"""The table of the objects: sortable, linked with the canvas through the document, with totals and means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PyQt6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.mask_document import MaskDocument
from samhq.gui.mask_state import IntArray
from samhq.gui.translate import tr

__all__ = ["ObjectModel", "ObjectTable", "TotalsModel", "exact_text"]

Column = npt.NDArray[Any]
_MOST_RANGES, _MOST_ROWS = 200, 500


@dataclass(frozen=True, slots=True)
class _Head:
    """A column. name: as in objects.csv. decimals: shown in a cell; the tooltip and copies have all digits."""

    name: str
    title: str
    help: str
    decimals: int
    adds_up: bool = False


def _heads() -> list[_Head]:
    return [
        _Head("object", tr("No."), tr("Number of the object, as on the image and in exported files"), 0),
        _Head("area_px", tr("A (px)"), tr("Final area: pixels in the aggregation range"), 0, adds_up=True),
        _Head(
            "intensity", tr("I"), tr("Final total aggregation, over the pixels in the range"), 1, adds_up=True
        ),
        _Head("ratio", tr("R"), tr("Final mean aggregation: I / A"), 2),
        _Head("initial_area_px", tr("Initial A (px)"), tr("Area of the whole mask"), 0, adds_up=True),
        _Head(
            "initial_intensity", tr("Initial I"), tr("Total aggregation of the whole mask"), 1, adds_up=True
        ),
        _Head("initial_ratio", tr("Initial R"), tr("Mean aggregation of the whole mask"), 2),
        _Head("centroid_x", tr("x"), tr("Centroid of the mask in pixels, from the left"), 1),
        _Head("centroid_y", tr("y"), tr("Centroid of the mask in pixels, from the top"), 1),
        _Head(
            "predicted_iou", tr("Quality"), tr("Predicted IoU: how good the model itself holds the mask"), 3
        ),
        _Head("stability_score", tr("Stability"), tr("How little the mask changes when its cutoff moves"), 3),
    ]


def exact_text(value: Any) -> str:
    """A number as exported files have it: with every digit it needs to be read back, empty for NaN."""
    if isinstance(value, np.floating) and value.dtype == np.float32:
        return "" if np.isnan(value) else str(value)
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, int):
        return str(plain)
    return "" if plain != plain else repr(float(plain))


def _short_text(value: Any, decimals: int) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    return "–" if plain != plain else f"{plain:,.{decimals}f}"


def columns_of(document: MaskDocument) -> dict[str, Column]:
    """The columns of the table, one value for each of document.rows()."""
    objects, filtered, rows = document.objects, document.filtered, document.rows()
    if objects is None or filtered is None:
        return {head.name: np.zeros(0) for head in _heads()}
    return {
        "object": np.arange(1, len(rows) + 1),
        "area_px": filtered.area[rows],
        "intensity": filtered.intensity[rows],
        "ratio": filtered.ratio[rows],
        "initial_area_px": filtered.initial_area[rows],
        "initial_intensity": filtered.initial_intensity[rows],
        "initial_ratio": filtered.initial_ratio[rows],
        "centroid_x": objects.measurements.centroids[rows, 0],
        "centroid_y": objects.measurements.centroids[rows, 1],
        "predicted_iou": objects.masks.predicted_iou[rows],
        "stability_score": objects.masks.stability_score[rows],
    }


class ObjectModel(QAbstractTableModel):
    """The rows of a document under its filter. Sorting moves rows, never the numbers of objects."""

    def __init__(self, document: MaskDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.heads = _heads()
        self.columns = columns_of(document)
        self._order: npt.NDArray[np.intp] = np.arange(len(document.rows()))
        self._sorted_by: tuple[int, Qt.SortOrder] = (0, Qt.SortOrder.AscendingOrder)

    def refresh(self) -> None:
        """Take the rows of the document anew, sorted as before."""
        self.beginResetModel()
        self.columns = columns_of(self._document)
        self._order = self._sorted()
        self.endResetModel()

    # ------------------------------------------------------------ rows and masks

    def masks_at(self, rows: npt.ArrayLike) -> IntArray:
        """Indices of the masks that rows of the table show."""
        return self._document.rows()[self._order[np.asarray(rows, dtype=np.int64)]]

    def selected_rows(self) -> IntArray:
        """Rows of the table whose masks are selected, ascending."""
        return np.flatnonzero(self._document.selected[self._document.rows()][self._order]).astype(np.int64)

    def row_of(self, mask: int) -> int | None:
        """The row that shows a mask, None if there is none."""
        found = np.flatnonzero(self._document.rows()[self._order] == mask)
        return int(found[0]) if len(found) else None

    def value(self, row: int, column: int) -> Any:
        """The exact value of a cell."""
        return self.columns[self.heads[column].name][self._order[row]]

    def as_text(self, rows: IntArray) -> str:
        """Rows with a head, separated by tabs, with every digit."""
        lines = ["\t".join(head.name for head in self.heads)]
        for row in rows:
            lines.append("\t".join(exact_text(self.value(int(row), c)) for c in range(len(self.heads))))
        return "\n".join(lines) + "\n"

    # ------------------------------------------------------------ Qt's side

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """Number of objects."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """Number of columns."""
        return 0 if parent.isValid() else len(self.heads)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text of a cell, its tooltip with all digits, its alignment."""
        if not index.isValid():
            return None
        head = self.heads[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _short_text(self.value(index.row(), index.column()), head.decimals)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.EditRole):
            return exact_text(self.value(index.row(), index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.BackgroundRole and self._document.selected[self.masks_at(index.row())]:
            return theme.colors().selection
        return None

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of the columns and what they mean."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.heads):
            return None
        head = self.heads[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return head.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return tr("{help}. In files: {name}", help=head.help, name=head.name)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal rows and those without a value stay in the order of their numbers."""
        self._sorted_by = (max(column, 0), order)
        # A reset, since the table shows the selection of the document anew anyway: moving what Qt remembers
        # of thousands of rows one by one would take a quarter of a second.
        self.beginResetModel()
        self._order = self._sorted()
        self.endResetModel()

    def _sorted(self) -> npt.NDArray[np.intp]:
        column, order = self._sorted_by
        values = self.columns[self.heads[column].name].astype(np.float64)
        keys = values if order == Qt.SortOrder.AscendingOrder else -values
        return np.argsort(keys, kind="stable")


class TotalsModel(QAbstractTableModel):
    """Two rows below the table: totals, and means over the objects."""

    def __init__(self, objects: ObjectModel) -> None:
        super().__init__(objects)
        self._objects = objects
        objects.modelReset.connect(self._refresh)

    def _refresh(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def value(self, row: int, column: int) -> Any:
        """The exact total (row 0) or mean (row 1) of a column, None where it has none."""
        head = self._objects.heads[column]
        values = self._objects.columns[head.name]
        if head.name == "object":
            return len(values) if row == 0 else None
        if not len(values):
            return None
        if row == 1:
            return None if head.name.startswith("centroid") else np.mean(values, dtype=np.float64)
        if head.adds_up:
            return np.sum(values)
        return self._total_ratio(head.name)

    def _total_ratio(self, name: str) -> float | None:
        """R of all objects together: the sum of I over the sum of A, as in images.csv."""
        names = {"ratio": ("intensity", "area_px"), "initial_ratio": ("initial_intensity", "initial_area_px")}
        if name not in names:
            return None
        intensity, area = (self._objects.columns[n].sum() for n in names[name])
        return float(intensity) / int(area) if area else None

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """Totals and means."""
        return 0 if parent.isValid() else 2

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        """Number of columns."""
        return 0 if parent.isValid() else len(self._objects.heads)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text of a cell, its tooltip with all digits, its alignment."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        value = self.value(index.row(), index.column())
        head = self._objects.heads[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            if head.name == "object":
                return tr("Σ {count}", count=value) if index.row() == 0 else tr("mean")
            return (
                ""
                if value is None
                else _short_text(value, head.decimals if index.row() == 0 else max(head.decimals, 2))
            )
        if role == Qt.ItemDataRole.ToolTipRole and value is not None:
            meaning = tr("Total of all rows") if index.row() == 0 else tr("Mean of all rows")
            return tr("{meaning}: {value}", meaning=meaning, value=exact_text(value))
        return None


class _Rows(QTableView):
    """The table proper; Ctrl+C copies rows with every digit. adds: whether Ctrl was held at the last event."""

    copy_requested = pyqtSignal()
    adds = False

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take note of Ctrl before rows are selected."""
        if event is not None:
            self.adds = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Copy what is selected, or all rows."""
        if event is not None and event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
            return
        if event is not None:
            self.adds = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        super().keyPressEvent(event)


class ObjectTable(QWidget):
    """Shows the objects of a document. zoom_requested(index of a mask): a row was double-clicked."""

    zoom_requested = pyqtSignal(int)

    def __init__(self, document: MaskDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._syncing = False
        self._is_whole = True
        self._current = -1  # id of the mask in the current row
        self.model = ObjectModel(document, self)
        self.totals = TotalsModel(self.model)
        self.view = _Rows()
        self.footer = QTableView()
        self._set_up_view()
        self._set_up_footer()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view, 1)
        below = QHBoxLayout()
        # As wide as the columns above have room, or the totals would not follow to the last column.
        bar = self.view.verticalScrollBar()
        below.setContentsMargins(0, 0, bar.sizeHint().width() if bar is not None else 0, 0)
        below.addWidget(self.footer)
        layout.addLayout(below)
        self.model.modelReset.connect(self._on_reset)
        document.results_changed.connect(self.model.refresh)
        document.selection_changed.connect(self._on_selection)
        self._show_selection()

    def copy(self) -> None:
        """Put the selected rows, or without any all, on the clipboard with every digit."""
        rows = self.model.selected_rows()
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.model.as_text(rows if len(rows) else np.arange(self.model.rowCount())))

    # ------------------------------------------------------------ building

    def _set_up_view(self) -> None:
        view = self.view
        view.setObjectName("object_table")
        view.setAccessibleName(tr("Objects"))
        view.setAccessibleDescription(tr("One row for each object; Enter shows it on the image"))
        view.setModel(self.model)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setAlternatingRowColors(True)
        view.setWordWrap(False)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setSortingEnabled(True)
        view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        rows, columns = _header(view.verticalHeader()), _header(view.horizontalHeader())
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(round(view.fontMetrics().height() * 1.5))
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(theme.letter(view) * 7)
        for number, head in enumerate(self.model.heads):
            widest = max(view.fontMetrics().horizontalAdvance(head.title) + 44, self._width_for(head))
            columns.resizeSection(number, widest)
        view.copy_requested.connect(self.copy)
        view.activated.connect(self._on_activated)
        view.doubleClicked.connect(self._on_activated)
        selection = view.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(self._on_rows_selected)
            selection.currentRowChanged.connect(lambda now, _before: self._on_current(now))

    def _width_for(self, head: _Head) -> int:
        digits = {
            "object": "0,000,000 ",
            "intensity": "00,000,000.0",
            "initial_intensity": "00,000,000.0",
        }.get(head.name, "0,000,000")
        return self.view.fontMetrics().horizontalAdvance(digits) + 12

    def _set_up_footer(self) -> None:
        footer = self.footer
        footer.setObjectName("totals_table")
        footer.setAccessibleName(tr("Totals and means"))
        footer.setModel(self.totals)
        footer.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        footer.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        footer.setShowGrid(False)
        footer.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        footer.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        footer.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        above, own = _header(self.view.horizontalHeader()), _header(footer.horizontalHeader())
        _header(footer.verticalHeader()).hide()
        own.hide()
        height = round(footer.fontMetrics().height() * 1.5)
        _header(footer.verticalHeader()).setDefaultSectionSize(height)
        footer.setFixedHeight(2 * height + 2 * footer.frameWidth())
        for number in range(len(self.model.heads)):
            own.resizeSection(number, above.sectionSize(number))
        above.sectionResized.connect(lambda number, _old, size: own.resizeSection(number, size))
        above_bar, own_bar = self.view.horizontalScrollBar(), footer.horizontalScrollBar()
        if above_bar is not None and own_bar is not None:
            above_bar.valueChanged.connect(own_bar.setValue)

    # ------------------------------------------------------------ both ways

    def _on_reset(self) -> None:
        self._show_selection()
        selection = self.view.selectionModel()
        mask = np.flatnonzero(self._document.state.ids == self._current)
        row = self.model.row_of(int(mask[0])) if len(mask) else None
        if selection is not None and row is not None:  # the keyboard goes on from the same object
            nothing = QItemSelectionModel.SelectionFlag.NoUpdate
            self._quietly(lambda: selection.setCurrentIndex(self.model.index(row, 0), nothing))

    def _on_selection(self) -> None:
        if self._syncing:
            self._repaint()
        else:
            self._show_selection(reveal=True)

    def _show_selection(self, *, reveal: bool = False) -> None:
        selection = self.view.selectionModel()
        if selection is None:
            return
        rows = self.model.selected_rows()
        ranges = _ranges(rows)
        # Many scattered ranges take Qt a third of a second, and with many rows each painting of the header asks
        # for all of them. The colour of the rows shows the selection as well.
        self._is_whole = len(ranges) <= _MOST_RANGES and len(rows) <= _MOST_ROWS
        chosen = QItemSelection()
        last = self.model.columnCount() - 1
        for first, end in ranges if self._is_whole else ():
            chosen.select(self.model.index(first, 0), self.model.index(end, last))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self._quietly(lambda: selection.select(chosen, flag))
        self._repaint()
        if reveal and len(rows) == 1:
            self.view.scrollTo(self.model.index(int(rows[0]), 0))

    def _repaint(self) -> None:
        port = self.view.viewport()
        if port is not None:
            port.update()

    def _on_rows_selected(self, now: QItemSelection, gone: QItemSelection) -> None:
        selection = self.view.selectionModel()
        if self._syncing or selection is None:
            return
        if self.view.adds and not self._is_whole:  # Qt does not know of all selected rows
            selected = self._document.selected.copy()
            selected[self._masks_of(now)] ^= True
            selected[self._masks_of(gone)] = False
            self._quietly(lambda: self._document.select(selected))
            return
        masks = self._masks_of(selection.selection())
        self._is_whole = True
        self._quietly(lambda: self._document.select_indices(masks))
        if len(masks) > _MOST_ROWS:
            self._show_selection()

    def _masks_of(self, chosen: QItemSelection) -> IntArray:
        ranges = [chosen[i] for i in range(len(chosen))]
        rows = [np.arange(r.top(), r.bottom() + 1) for r in ranges]
        return self.model.masks_at(np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64))

    def _on_current(self, index: QModelIndex) -> None:
        if index.isValid() and not self._syncing:
            self._current = int(self._document.state.ids[self.model.masks_at(index.row())])

    def _quietly(self, act: Callable[[], object]) -> None:
        self._syncing = True
        try:
            act()
        finally:
            self._syncing = False

    def _on_activated(self, index: QModelIndex) -> None:
        if index.isValid():
            self.zoom_requested.emit(int(self.model.masks_at(index.row())))


def _ranges(rows: IntArray) -> list[tuple[int, int]]:
    """Ascending numbers as runs of neighbours, both ends included."""
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) != 1)
    first, last = np.concatenate(([0], cuts + 1)), np.concatenate((cuts, [len(rows) - 1]))
    return [(int(rows[a]), int(rows[b])) for a, b in zip(first, last, strict=True)]


def _header(header: QHeaderView | None) -> QHeaderView:
    if header is None:
        raise RuntimeError("the table has no header")
    return header
