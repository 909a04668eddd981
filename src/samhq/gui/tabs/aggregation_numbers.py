"""The tables of the aggregation tab: statistics, and peaks and troughs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from samhq.gui import theme
from samhq.gui.histogram_handles import number_text
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.api import Distribution

__all__ = ["MarksTable", "StatisticsTable"]

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_NO_PARENT = QModelIndex()
_ROWS_SEEN = 6


def percentile_names() -> dict[int, str]:
    """The percentiles of a distribution in words."""
    return {
        1: tr("1st percentile"),
        5: tr("5th percentile"),
        25: tr("25th percentile"),
        75: tr("75th percentile"),
        95: tr("95th percentile"),
        99: tr("99th percentile"),
    }


class _Statistics(QAbstractTableModel):
    """Rows of name and value."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, str]] = []
        self.show(None, "dark")

    def show(self, found: Distribution | None, polarity: str) -> None:
        """Take the numbers of another distribution, None for none."""
        self.beginResetModel()
        names = percentile_names()
        dash = "–"
        if found is None:
            numbers = dict.fromkeys(names, dash)
            pixels = mean = median = sd = minimum = maximum = dash
        else:
            numbers = {p: f"{value:.3f}" for p, value in found.percentiles.items()}
            pixels, mean, median = number_text(found.pixels), f"{found.mean:.3f}", f"{found.median:.3f}"
            sd, minimum, maximum = f"{found.sd:.3f}", f"{found.minimum:.3f}", f"{found.maximum:.3f}"
        self._rows = [
            (tr("Pixels"), pixels),
            (tr("Mean"), mean),
            (tr("Median"), median),
            (tr("Standard deviation (SD)"), sd),
            (tr("Minimum"), minimum),
            (tr("Maximum"), maximum),
            *((name, numbers[p]) for p, name in names.items()),
            (tr("Polarity"), tr("dark") if polarity == "dark" else tr("bright")),
        ]
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = _NO_PARENT) -> int:  # noqa: N802 - Qt's name
        """One for each number."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = _NO_PARENT) -> int:  # noqa: N802 - Qt's name
        """Name and value."""
        return 2

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text and alignment of a cell."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == 1:
            return _RIGHT
        return None


class _Marks(QAbstractTableModel):
    """Peaks and troughs from left to right, numbered each."""

    def __init__(self) -> None:
        super().__init__()
        self._found: Distribution | None = None
        self._bins = np.zeros(0, np.int64)
        self._is_peak = np.zeros(0, np.bool_)
        self._number = np.zeros(0, np.int64)
        self._icons: tuple[QIcon, QIcon] = (QIcon(), QIcon())

    def show(self, found: Distribution | None) -> None:
        """Take the peaks and troughs of another distribution, None for none."""
        self.beginResetModel()
        self._found = found
        peaks, troughs = (found.peaks, found.troughs) if found is not None else (self._bins[:0],) * 2
        bins = np.concatenate((peaks, troughs))
        order = np.argsort(bins, kind="stable")
        self._bins = bins[order]
        self._is_peak = (np.arange(len(bins)) < len(peaks))[order]
        self._number = np.concatenate((np.arange(len(peaks)), np.arange(len(troughs))))[order] + 1
        self.endResetModel()

    def paint_dots(self) -> None:
        """Take the colours of the scheme in force."""
        colors = theme.colors()
        self._icons = (_dot(colors.trough), _dot(colors.peak))

    def row_of(self, is_peak: bool, number: int) -> int:
        """The row of a peak or trough, -1 if there is none."""
        rows = np.flatnonzero((self._is_peak == is_peak) & (self._number == number))
        return int(rows[0]) if len(rows) else -1

    def widest(self, column: int) -> str:
        """The longest number of a column."""
        if self._found is None or not len(self._bins):
            return ""
        heights = self._found.counts if column == 2 else self._found.smoothed
        return "100.00" if column == 1 else _height(heights[self._bins].max())

    def center(self, row: int) -> float:
        """The aggregation of a row."""
        return float(self._found.centers[self._bins[row]]) if self._found is not None else 0.0

    def rowCount(self, parent: QModelIndex = _NO_PARENT) -> int:  # noqa: N802 - Qt's name
        """One for each peak and trough."""
        return 0 if parent.isValid() else len(self._bins)

    def columnCount(self, parent: QModelIndex = _NO_PARENT) -> int:  # noqa: N802 - Qt's name
        """Name, aggregation, pixels, smoothed."""
        return 4

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Titles of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return (
                tr("Peaks (red) are hills of the smoothed line, troughs (orange) the valleys between them."),
                tr("Middle of the bin"),
                tr("Pixels counted in that bin"),
                tr("Height of the smoothed line there, where the dot lies"),
            )[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section:
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return ("", tr("Aggregation"), tr("Pixels"), tr("Smoothed"))[section]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, dot and alignment of a cell."""
        found, row, column = self._found, index.row(), index.column()
        if found is None:
            return None
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return self._icons[int(self._is_peak[row])]
        if role == Qt.ItemDataRole.TextAlignmentRole and column:
            return _RIGHT
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        i, number = self._bins[row], int(self._number[row])
        if column == 0:
            return tr("Peak {n}", n=number) if self._is_peak[row] else tr("Trough {n}", n=number)
        if column == 1:
            return f"{found.centers[i]:.2f}"
        return _height(found.counts[i] if column == 2 else found.smoothed[i])


def _height(pixels: float) -> str:
    return number_text(round(float(pixels), 1))


class _Table(QTableView):
    """A table that is read: rows are selected, the tab key leaves it."""

    def __init__(self, model: QAbstractTableModel, name: str, spoken: str) -> None:
        super().__init__()
        self.setModel(model)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        if rows is not None:
            rows.hide()
            rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            rows.setDefaultSectionSize(self.row_height())
        if columns is not None:
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            columns.setHighlightSections(False)

    def row_height(self) -> int:
        """Height of a row in pixels."""
        return round(self.fontMetrics().height() * 1.35)


class StatisticsTable(_Table):
    """Pixels, mean, median, SD, extremes, percentiles and polarity, all seen at once."""

    def __init__(self) -> None:
        self._rows = _Statistics()
        super().__init__(self._rows, "statistics_table", tr("Statistics of aggregation"))
        columns = self.horizontalHeader()
        if columns is not None:
            columns.hide()
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(self.row_height() * self._rows.rowCount() + 2 * self.frameWidth())

    def show_distribution(self, found: Distribution | None, polarity: str) -> None:
        """Show the numbers of a distribution, dashes for None."""
        self._rows.show(found, polarity)


class MarksTable(_Table):
    """Peaks and troughs from left to right.

    chosen(aggregation): a row was selected by mouse or keyboard. used(aggregation): it was double-clicked, or
    Enter was pressed on it.
    """

    chosen = pyqtSignal(float)
    used = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._marks = _Marks()
        super().__init__(self._marks, "marks_table", tr("Peaks and troughs"))
        # Four columns have to fit beside the steps.
        self.setStyleSheet("QHeaderView::section { font-weight: normal; padding: 3px; }")
        dot = round(self.fontMetrics().height() * 0.8)
        self.setIconSize(QSize(dot, dot))
        self.setMinimumHeight(self.row_height() * _ROWS_SEEN)
        self._fit_columns()
        self._recolor()
        theme.notifier.changed.connect(self._recolor)
        hint = tr("Click to see it in the histogram; double-click to let the range begin there.")
        self.setToolTip(hint)
        self.setAccessibleDescription(hint)
        self.doubleClicked.connect(lambda index: self.used.emit(self._marks.center(index.row())))
        # Also on a second click, after the plot was moved away.
        self.clicked.connect(lambda index: self.chosen.emit(self._marks.center(index.row())))

    def show_distribution(self, found: Distribution | None) -> None:
        """Show the peaks and troughs of a distribution."""
        self._marks.show(found)
        self._fit_columns()

    def select_mark(self, is_peak: bool, number: int) -> None:
        """Select the row of a peak or trough."""
        row = self._marks.row_of(is_peak, number)
        if row >= 0:
            self.selectRow(row)
            self.scrollTo(self._marks.index(row, 0))

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:  # noqa: N802 - Qt's name
        """Tell which row the keyboard came to."""
        super().currentChanged(current, previous)
        if current.isValid():
            self.chosen.emit(self._marks.center(current.row()))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Use the row on Enter."""
        row = self.currentIndex()
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row.isValid():
            self.used.emit(self._marks.center(row.row()))
            return
        super().keyPressEvent(event)

    def _fit_columns(self) -> None:
        """Columns as wide as their largest number; what is left is for the names."""
        columns = self.horizontalHeader()
        if columns is None:
            return
        metrics = self.fontMetrics()
        for column in (1, 2, 3):
            texts = (
                str(self._marks.headerData(column, Qt.Orientation.Horizontal)),
                self._marks.widest(column),
            )
            columns.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            columns.resizeSection(column, max(metrics.horizontalAdvance(text) for text in texts) + 20)

    def _recolor(self, _: bool = False) -> None:
        self._marks.paint_dots()
        port = self.viewport()
        if port is not None:
            port.update()


def _dot(color: QColor) -> QIcon:
    picture = QPixmap(32, 32)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(QRectF(6, 6, 20, 20))
    painter.end()
    return QIcon(picture)
