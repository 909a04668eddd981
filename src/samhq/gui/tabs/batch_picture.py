"""The image beside the list: with its kept and dropped objects, or as the output shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from samhq import api
from samhq.api import OutputTable
from samhq.gui import theme
from samhq.gui.batch_look import Shown, explain
from samhq.gui.canvas import ImageCanvas, MaskStyle
from samhq.gui.reasons import in_words
from samhq.gui.run_model import RunModel
from samhq.gui.session import Session
from samhq.gui.strip import ElidedLabel
from samhq.gui.tabs.mask_panels import say
from samhq.gui.translate import tr

__all__ = ["PicturePane"]

_OBJECTS, _PICTURE, _TABLE = range(3)


class PicturePane(QWidget):
    """What is known of the selected image. step_asked(1 or -1): the next or the previous image."""

    step_asked = pyqtSignal(int)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._run: RunModel = session.run
        self.canvas = ImageCanvas()
        self.canvas.setObjectName("batch_canvas")
        self.output_canvas = ImageCanvas()
        self.output_canvas.setObjectName("output_canvas")
        self.output_canvas.setAccessibleName(tr("Picture of the output"))
        self.table = OutputTableView()
        self.title = ElidedLabel(Qt.TextElideMode.ElideLeft)
        self.title.setObjectName("picture_title")
        self.note = say("picture_note")
        self.stack = QStackedWidget()
        for widget in (self.canvas, self.output_canvas, self.table):
            self.stack.addWidget(widget)
        self._modes = self._make_modes()
        self.folders = self._make_folders()
        self._lay_out()
        run, outputs = self._run, self._run.outputs
        run.shown_changed.connect(self._show_image)
        run.filtered_changed.connect(self._show_filtered)
        outputs.changed.connect(self._show_outputs)
        outputs.picture_changed.connect(self._show_output_picture)
        outputs.table_changed.connect(self.table.set_table)
        session.filter_changed.connect(self._show_note)
        run.look_changed.connect(self._show_note)
        self._show_outputs()
        self._show_image(run.shown)
        self._show_filtered()

    # ------------------------------------------------------------ building

    def _make_modes(self) -> QButtonGroup:
        group = QButtonGroup(self)
        modes = (
            ("show_objects_button", tr("Objects"), tr("The image with kept and dropped objects")),
            ("show_picture_button", tr("Output picture"), tr("The annotated picture as it was written")),
            ("show_table_button", tr("Output table"), tr("The table of objects as it was written")),
        )
        for number, (name, text, hint) in enumerate(modes):
            button = QToolButton(self)
            button.setText(text)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setObjectName(name)
            button.setAccessibleName(text)
            button.setToolTip(hint)
            button.setCheckable(True)
            group.addButton(button, number)
        first = group.button(_OBJECTS)
        if first is not None:
            first.setChecked(True)
        group.idToggled.connect(self._on_mode)
        return group

    def _make_folders(self) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName("output_choice")
        combo.setAccessibleName(tr("Output that is shown"))
        combo.setToolTip(tr("Outputs of this run, one for each filter it was written with"))
        # It takes the room that is left, and never pushes the list aside.
        combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        combo.activated.connect(lambda place: self._run.outputs.choose(combo.itemData(place)))
        return combo

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(2)
        for name, icon, text, step in (
            ("previous_image_button", "collapse_left", tr("Previous image (Alt+Up)"), -1),
            ("next_image_button", "collapse_right", tr("Next image (Alt+Down)"), 1),
        ):
            button = QToolButton()
            button.setObjectName(name)
            button.setIcon(theme.icon(icon))
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(lambda _checked=False, step=step: self.step_asked.emit(step))
            head.addWidget(button)
        head.addWidget(self.title, 1)
        modes = QHBoxLayout()
        modes.setContentsMargins(0, 0, 0, 0)
        modes.setSpacing(2)
        for mode in self._modes.buttons():
            modes.addWidget(mode)
        modes.addWidget(self.folders, 1)
        modes.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(head)
        column.addLayout(modes)
        column.addWidget(self.stack, 1)
        column.addWidget(self.note)

    # ------------------------------------------------------------ what is shown

    @property
    def mode(self) -> int:
        """0 objects, 1 picture of the output, 2 table of the output."""
        return self._modes.checkedId()

    def show_mode(self, mode: int) -> None:
        """Show the objects, or the picture or table of the output."""
        button = self._modes.button(mode)
        if button is not None:
            button.setChecked(True)

    def _on_mode(self, mode: int, on: bool) -> None:
        if not on:
            return
        self.stack.setCurrentIndex(mode)
        self.folders.setVisible(mode != _OBJECTS)
        self._read_output()
        self._show_note()

    def _read_output(self) -> None:
        run = self._run
        if self.mode == _TABLE:
            run.outputs.read_table("objects.csv")
        elif self.mode == _PICTURE and run.selected is not None:
            run.outputs.read_picture(run.selected)

    def _show_outputs(self) -> None:
        outputs = self._run.outputs
        self.folders.clear()
        for folder in outputs.folders:
            self.folders.addItem(api.output_tag(folder), folder)
        self.folders.setCurrentIndex(max(0, self.folders.findData(outputs.folder)))
        for mode in (_PICTURE, _TABLE):
            button = self._modes.button(mode)
            if button is not None:
                button.setEnabled(outputs.folder is not None)
        if outputs.folder is None and self.mode != _OBJECTS:
            self.show_mode(_OBJECTS)
        self.folders.setVisible(self.mode != _OBJECTS)
        self._read_output()
        self._show_note()

    def _show_image(self, shown: Shown | None) -> None:
        self.title.setText("" if shown is None else _title(shown))
        if shown is None:
            self.canvas.set_masks(None, None)
            self.canvas.set_image(None)
            self._show_note()
            return
        rgb = shown.rgb
        if rgb is None and shown.masks is not None:  # the objects alone, where the picture is gone
            rgb = np.full((shown.masks.height, shown.masks.width, 3), 128, np.uint8)
        self.canvas.set_masks(None, None)
        self.canvas.set_image(rgb, pixel_size_um=shown.pixel_size_um, keep_view=True)
        self.canvas.set_levels(shown.level, self._session.filter.polarity)
        if rgb is not None:
            self.canvas.set_masks(shown.masks, shown.outlines)
        self._read_output()
        self._show_note()

    def _show_filtered(self) -> None:
        """Kept objects as usual, dropped ones faded, at once when the filter changes."""
        shown, filtered = self._run.shown, self._run.filtered()
        if shown is None or shown.masks is None:
            self._show_note()
            return
        n = len(shown.masks)
        if filtered is None:
            self.canvas.set_styles(np.full(n, MaskStyle.NORMAL, np.uint8))
            self.canvas.set_tooltips(None)
            self._show_note()
            return
        look = self._run.look
        chosen = self._session.filter if look is None else look.view.settings
        self.canvas.set_styles(np.where(filtered.keep, MaskStyle.NORMAL, MaskStyle.FADED).astype(np.uint8))
        self.canvas.set_tooltips(lambda index: explain(filtered, index, chosen))
        self._show_note()

    def _show_output_picture(self, rgb: npt.NDArray[np.uint8] | None, problem: str) -> None:
        self.output_canvas.set_image(rgb, keep_view=True)
        if problem and self.mode == _PICTURE:
            self._say(problem)

    def _show_note(self) -> None:
        outputs = self._run.outputs
        if self.mode != _OBJECTS:
            self._say(outputs.staleness)
            return
        shown, filtered = self._run.shown, self._run.filtered()
        if shown is None:
            self._say(tr("Choose an image in the list to see its objects.") if len(self._run.rows) else "")
        elif shown.problem:
            self._say(in_words(shown.problem))
        elif filtered is not None:
            kept = int(np.count_nonzero(filtered.keep))
            self._say(
                tr(
                    "{kept:,} of {found:,} objects kept; point at one to see why",
                    kept=kept,
                    found=len(filtered),
                )
            )
        else:
            self._say("")

    def _say(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(bool(text))


class OutputTableView(QTableView):
    """A table of an output, to look at."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("output_table")
        self.setAccessibleName(tr("Table of the output"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self._model = _TableModel()
        self.setModel(self._model)

    def set_table(self, table: OutputTable) -> None:
        """Show a table."""
        self._model.set_table(table)
        self.resizeColumnsToContents()


class _TableModel(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self._table = OutputTable((), (), is_cut=False)

    def set_table(self, table: OutputTable) -> None:
        self.beginResetModel()
        self._table = table
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._table.rows) + self._table.is_cut

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._table.columns)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._table.columns[section] if orientation == Qt.Orientation.Horizontal else section + 1

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or not index.isValid():
            return None
        if index.row() >= len(self._table.rows):
            return tr("… more in the file") if index.column() == 0 else None
        row = self._table.rows[index.row()]
        text = row[index.column()] if index.column() < len(row) else ""
        return _short(text)


def _short(text: str) -> str:
    """Numbers with seventeen digits are for programs."""
    if "." not in text:
        return text
    try:
        return f"{float(text):.6g}"
    except ValueError:
        return text


def _title(shown: Shown) -> str:
    path, page = shown.key
    return path if page == 1 else tr("{path}, page {page}", path=path, page=page)
