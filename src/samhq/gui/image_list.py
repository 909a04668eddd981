"""The images of a run as a table: thumbnail, name, state, numbers; sorted and filtered without a stall."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QPixmap

from samhq.gui import theme
from samhq.gui.thumbnails import ThumbnailKey, Thumbnails
from samhq.gui.translate import tr

__all__ = ["Column", "ImageKey", "ImageListModel", "ImageRows", "ImageState", "state_name"]

ImageKey = tuple[str, int]
"""Path relative to the input, with "/", and page, counted from 1."""
IntArray = npt.NDArray[np.int64]
_Index = QModelIndex | QPersistentModelIndex


class ImageState(IntEnum):
    """What became of an image so far, in the order in which they are sorted."""

    RUNNING = 0
    DONE = 1
    ALL_FILTERED = 2
    NONE_FOUND = 3
    FAILED = 4
    WAITING = 5


class Column(IntEnum):
    """Columns of the table."""

    IMAGE = 0
    STATE = 1
    KEPT = 2
    FOUND = 3
    AREA = 4
    RATIO = 5


_ICONS = {
    ImageState.RUNNING: ("play", "accent"),
    ImageState.DONE: ("ok", "ok"),
    ImageState.ALL_FILTERED: ("filter", "warning"),
    ImageState.NONE_FOUND: ("none", "muted"),
    ImageState.FAILED: ("failed", "error"),
    ImageState.WAITING: ("waiting", "muted"),
}


def state_name(state: ImageState) -> str:
    """What a state is called."""
    return {
        ImageState.RUNNING: tr("running"),
        ImageState.DONE: tr("done"),
        ImageState.ALL_FILTERED: tr("all filtered out"),
        ImageState.NONE_FOUND: tr("none found"),
        ImageState.FAILED: tr("failed"),
        ImageState.WAITING: tr("waiting"),
    }[state]


def _no_reason(_: int) -> str:
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class ImageRows:
    """All images of a run in the order of the tables.

    keys: path and page. states: (n,) uint8, ImageState. kept, found: (n,) objects. area: (n,) pixels of
    the kept objects. ratio: (n,) their mean aggregation, NaN without any. pages: of each file.
    reason: gives, for a row, why there is no object. places: row of each key.
    """

    keys: tuple[ImageKey, ...] = ()
    states: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    kept: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    found: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    area: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    ratio: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0, np.float64))
    pages: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    reason: Callable[[int], str] = _no_reason
    places: Mapping[ImageKey, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {key: row for row, key in enumerate(self.keys)})

    def row_of(self, key: ImageKey | None) -> int | None:
        """The row of an image, None if it is not among them."""
        return None if key is None else self.places.get(key)

    @classmethod
    def waiting(cls, keys: Sequence[ImageKey]) -> ImageRows:
        """Images of which nothing is known yet."""
        n = len(keys)
        none = np.zeros(n, np.int64)
        return cls(
            keys=tuple(keys),
            states=np.full(n, ImageState.WAITING, np.uint8),
            kept=none,
            found=none,
            area=none,
            ratio=np.full(n, np.nan),
            pages=np.ones(n, np.int64),
        )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.keys)


class ImageListModel(QAbstractTableModel):
    """ImageRows as Qt sees them. Sorting and filtering are array work here: a proxy would call Python for
    every comparison.

    rows_shown(shown, all): after the rows or the filter changed. symbol_size, device_ratio: of the symbols of
    the states.
    """

    rows_shown = pyqtSignal(int, int)

    def __init__(self, thumbnails: Thumbnails | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = ImageRows()
        self._thumbnails = thumbnails
        self._root: Path | None = None
        self._is_file = False
        self._asked: dict[ThumbnailKey, ImageKey] = {}
        self._order: IntArray = np.zeros(0, np.int64)
        self._shown_at: dict[ImageKey, int] = {}
        self._folded: tuple[str, ...] = ()
        self._running: ImageKey | None = None
        self._text = ""
        self._state: ImageState | None = None
        self._column = Column.IMAGE
        self._descending = False
        self._titles = {
            Column.IMAGE: tr("Image"),
            Column.STATE: tr("State"),
            Column.KEPT: tr("Kept"),
            Column.FOUND: tr("Found"),
            Column.AREA: tr("Area px"),
            Column.RATIO: tr("Ratio R"),
        }
        self._hints = {
            Column.IMAGE: tr("The image file; sorted as in the tables"),
            Column.STATE: tr("What became of the image"),
            Column.KEPT: tr("Objects that the filter keeps"),
            Column.FOUND: tr("Objects found, before the filter"),
            Column.AREA: tr("Pixels of the kept objects together"),
            Column.RATIO: tr("Mean aggregation of the kept objects"),
        }
        self.symbol_size = QSize(16, 16)
        self.device_ratio = 1.0
        self._symbols: dict[tuple[str, str, bool], QPixmap] = {}
        if thumbnails is not None:
            thumbnails.ready.connect(self._on_thumbnail)

    # ------------------------------------------------------------ what is shown

    def set_root(self, root: Path | None, *, is_file: bool = False) -> None:
        """Where the images are, for their thumbnails: the folder they are relative to, or the one file."""
        self._root, self._is_file = root, is_file
        self._asked.clear()

    def set_rows(self, rows: ImageRows) -> None:
        """Show other rows; those of the same images keep their place, selection included."""
        if rows.keys != self.rows.keys:
            self._folded = tuple(path.casefold() for path, _ in rows.keys)
        self._arrange(rows)

    def set_running(self, key: ImageKey | None) -> None:
        """Mark the image that is in work now."""
        if key != self._running:
            self._running = key
            self._arrange(self.rows)

    def set_text(self, text: str) -> None:
        """Show only images whose path holds a text, whatever its case."""
        self._text = text.casefold()
        self._arrange(self.rows)

    def set_state(self, state: ImageState | None) -> None:
        """Show only images in one state; None for all."""
        self._state = state
        self._arrange(self.rows)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; equal rows stay in the order of the tables."""
        self._column = Column(column) if 0 <= column < len(Column) else Column.IMAGE
        self._descending = order == Qt.SortOrder.DescendingOrder
        self._arrange(self.rows)

    def key_at(self, row: int) -> ImageKey | None:
        """The image in a row of the view."""
        return self.rows.keys[int(self._order[row])] if 0 <= row < len(self._order) else None

    def row_of(self, key: ImageKey | None) -> int:
        """The row of the view in which an image stands, -1 if it is not shown."""
        return -1 if key is None else self._shown_at.get(key, -1)

    def state_counts(self) -> dict[ImageState, int]:
        """How many images are in each state, whatever is shown."""
        counts = np.bincount(self._states(self.rows), minlength=len(ImageState))
        return {state: int(counts[state]) for state in ImageState}

    # ------------------------------------------------------------ arranging

    def _states(self, rows: ImageRows) -> npt.NDArray[np.uint8]:
        running = rows.row_of(self._running)
        if running is None:
            return rows.states
        states = rows.states.copy()
        states[running] = ImageState.RUNNING
        return states

    def _state_of(self, source: int) -> ImageState:
        if self.rows.keys[source] == self._running:
            return ImageState.RUNNING
        return ImageState(int(self.rows.states[source]))

    def _arrange(self, rows: ImageRows) -> None:
        order = self._ordered(rows)
        keys = rows.keys
        shown_at = {keys[source]: row for row, source in enumerate(order.tolist())}
        if len(order) != len(self._order):
            self.beginResetModel()
            self.rows, self._order, self._shown_at = rows, order, shown_at
            self.endResetModel()
        elif list(shown_at) == list(self._shown_at):
            self.rows, self._order = rows, order
            if len(order):
                last = self.index(len(order) - 1, len(Column) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
        else:
            self._move(rows, order, shown_at)
        self.rows_shown.emit(len(order), len(rows))

    def _move(self, rows: ImageRows, order: IntArray, shown_at: dict[ImageKey, int]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self.key_at(index.row()) for index in before]
        self.rows, self._order, self._shown_at = rows, order, shown_at
        after = [
            self.createIndex(self.row_of(key), index.column())
            for key, index in zip(keys, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _ordered(self, rows: ImageRows) -> IntArray:
        states = self._states(rows)
        shown = np.ones(len(rows), dtype=np.bool_)
        if self._state is not None:
            shown &= states == self._state
        if self._text:
            shown &= np.fromiter((self._text in path for path in self._folded), np.bool_, len(rows))
        order = np.flatnonzero(shown)
        if self._column is Column.IMAGE:
            return order[::-1] if self._descending else order
        columns: dict[Column, npt.NDArray[Any]] = {
            Column.STATE: states,
            Column.KEPT: rows.kept,
            Column.FOUND: rows.found,
            Column.AREA: rows.area,
            Column.RATIO: rows.ratio,
        }
        values = columns[self._column][order].astype(np.float64)
        # NaN sorts last in both directions.
        return order[np.argsort(-values if self._descending else values, kind="stable")]

    # ------------------------------------------------------------ Qt's side

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        """Images that are shown."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        """Number of columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[Column(section)]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._hints[Column(section)]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What stands in a cell."""
        if not index.isValid() or index.row() >= len(self._order):
            return None
        source, column = int(self._order[index.row()]), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text_of(source, column)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._decoration(source, column)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleDescriptionRole):
            return self._hint(source)
        if role == Qt.ItemDataRole.TextAlignmentRole and column > Column.STATE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.STATE:
            return getattr(theme.colors(), _ICONS[self._state_of(source)][1])
        return None

    def _text_of(self, source: int, column: Column) -> str:
        if column is Column.IMAGE:
            return self._name(source)
        if column is Column.STATE:
            return self._state_text(source)
        if self.rows.states[source] in (ImageState.FAILED, ImageState.WAITING):
            return ""
        if column is Column.RATIO:
            ratio = float(self.rows.ratio[source])
            return "" if np.isnan(ratio) else f"{ratio:.1f}"
        numbers: dict[Column, IntArray] = {
            Column.KEPT: self.rows.kept,
            Column.FOUND: self.rows.found,
            Column.AREA: self.rows.area,
        }
        return f"{int(numbers[column][source]):,}"

    def _name(self, source: int) -> str:
        """Name of the file, and below it where it lies and the page."""
        path, page = self.rows.keys[source]
        folder, _, name = path.rpartition("/")
        lines = [name, folder] if folder else [name]
        if page > 1 or self.rows.pages[source] > 1:
            lines[0] = tr("{name}, page {page}", name=name, page=page)
        return "\n".join(lines)

    def _state_text(self, source: int) -> str:
        """The state, and below it why."""
        state = self._state_of(source)
        if state is ImageState.DONE:
            kept = int(self.rows.kept[source])
            return tr("1 object") if kept == 1 else tr("{n:,} objects", n=kept)
        if state in (ImageState.FAILED, ImageState.ALL_FILTERED):
            return tr("{state}\n{reason}", state=state_name(state), reason=self.rows.reason(source))
        return state_name(state)

    def _decoration(self, source: int, column: Column) -> Any:
        if column is Column.STATE:
            return self._symbol(*_ICONS[self._state_of(source)])
        if column is not Column.IMAGE:
            return None
        return self._thumbnail(source) or self._blank()

    def _symbol(self, name: str, role: str) -> QPixmap:
        key = (name, role, theme.is_dark())
        if key not in self._symbols:
            self._symbols[key] = theme.icon(name, role).pixmap(self.symbol_size, self.device_ratio)
        return self._symbols[key]

    def _blank(self) -> QPixmap:
        """What stands where there is no thumbnail yet, as large as one, so that the names stay in line."""
        key = ("blank", "", theme.is_dark())
        if key not in self._symbols:
            size = self._thumbnails.size if self._thumbnails is not None else self.symbol_size
            picture = QPixmap(size)
            picture.setDevicePixelRatio(self.device_ratio)
            picture.fill(Qt.GlobalColor.transparent)
            self._symbols[key] = picture
        return self._symbols[key]

    def _hint(self, source: int) -> str:
        path, _ = self.rows.keys[source]
        return tr("{path}\n{state}", path=path, state=self._state_text(source))

    def thumbnail_key(self, source: int) -> ThumbnailKey | None:
        """The file and page of a row of `rows`, None while it is not known where the images are."""
        if self._root is None:
            return None
        path, page = self.rows.keys[source]
        many = page > 1 or self.rows.pages[source] > 1
        return (self._root if self._is_file else self._root / path), page if many else None

    def _thumbnail(self, source: int) -> Any:
        key = self.thumbnail_key(source)
        if self._thumbnails is None or key is None:
            return None
        self._asked[key] = self.rows.keys[source]
        return self._thumbnails.get(key)

    def _on_thumbnail(self, key: ThumbnailKey) -> None:
        row = self.row_of(self._asked.get(key))
        if row >= 0:
            index = self.index(row, Column.IMAGE)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
