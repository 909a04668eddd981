"""Tab 1: the distribution of aggregation in one image."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication, QResizeEvent
from PyQt6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from samhq.filters import aggregation_of_levels
from samhq.gui import theme
from samhq.gui.analysis import RegionKind, native_gray
from samhq.gui.bars import EmptyState
from samhq.gui.canvas import CanvasMode, ImageCanvas, MaskStyle
from samhq.gui.histogram import HistogramPlot
from samhq.gui.menus import IMAGE_FILTER
from samhq.gui.plane_chooser import PlaneChooser
from samhq.gui.tabs.aggregation_controls import (
    RangeEditor,
    RegionChooser,
    Sensitivity,
    make_button,
    make_label,
)
from samhq.gui.tabs.aggregation_numbers import MarksTable, StatisticsTable
from samhq.gui.translate import tr

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from samhq.gui.session import OpenImage, Session

__all__ = ["AggregationTab"]

_SIDE_WIDTH = 340
_SIDE_LETTERS = 46
_LEAST_WIDTH = 280
_BAR_GAP = 10
_MODES = {RegionKind.RECTANGLE: CanvasMode.RECTANGLE, RegionKind.LASSO: CanvasMode.LASSO}
_EVERYTHING = (0.0, 100.0)


class AggregationTab(QWidget):
    """Shows session.analysis and asks it for things; holds nothing itself but the tool in hand."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._model = session.analysis
        self._drawing: RegionKind | None = None
        self._canvas_image: object = None
        self._build()
        self._connect()
        self._show_image()
        self._show_analysis()
        self._show_region()
        self._show_range()
        self._show_busy(self._model.is_busy)

    def command(self) -> str:
        """The command line that gives the same numbers; "" without an image."""
        return self._model.command()

    # ------------------------------------------------------------ what users want

    def select_image(self) -> None:
        """Ask for an image and open it."""
        images = tr("Images ({patterns})", patterns=IMAGE_FILTER)
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Select Image"), self._session.memory.folder("image"), f"{images};;{tr('All files')} (*)"
        )
        if name:
            self._session.open_paths([Path(name)])

    def save_chart(self) -> None:
        """Ask where to, and write the chart."""
        found = self._model.analysis
        if found is None:
            return
        endings = {
            tr("PNG picture (*.png)"): ".png",
            tr("PDF (*.pdf)"): ".pdf",
            tr("SVG drawing (*.svg)"): ".svg",
        }
        folder = self._session.memory.folder("chart") or str(found.image.path.parent)
        name, chosen = QFileDialog.getSaveFileName(
            self,
            tr("Save Chart"),
            str(Path(folder) / f"{found.image.path.stem}_aggregation.png"),
            ";;".join(endings),
        )
        if name:
            path = Path(name)
            # Some systems do not add the ending of the chosen kind.
            self._model.save_chart(path if path.suffix else path.with_suffix(endings.get(chosen, ".png")))

    def copy_numbers(self) -> None:
        """Put all numbers on the clipboard, for a spreadsheet."""
        self._copy(self._model.numbers_text(), tr("The numbers are on the clipboard."))

    def copy_command(self) -> None:
        """Put the command line on the clipboard."""
        self._copy(self.command(), tr("The command is on the clipboard."))

    def use_range(self) -> None:
        """Filter by the range from now on."""
        if self._model.use_range_as_filter():
            self._session.notice.emit(
                tr("Only pixels in this range count from now on (Ctrl+Z takes it back).")
            )

    def choose_region(self, kind: RegionKind) -> None:
        """Analyse the image or the masks, or take the tool to draw a region."""
        self._drawing = kind if kind in _MODES else None
        if kind is RegionKind.IMAGE:
            self._model.use_image()
        elif kind is RegionKind.MASKS:
            self._model.use_selected_masks()
        self._show_region()
        if self._drawing is not None:
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _region_drawn(self, outline: npt.NDArray[np.float64], _modifiers: object) -> None:
        if self._drawing is not None:
            self._model.use_outline(outline, self._drawing)

    def _begin_range(self, lowest: float) -> None:
        # Rounded down to what the boxes show, so that the bin itself lies inside.
        lowest = math.floor(lowest * 100) / 100
        self._model.set_range(lowest, max(lowest, self._model.range[1]))

    def _point_at(self, pixel: tuple[int, int] | None) -> None:
        """Show in the histogram where the pixel under the pointer is."""
        opened = self._session.image
        if opened is None or pixel is None or self._model.analysis is None:
            self.plot.set_pointer(None)
            return
        level = opened.image.level[pixel[1], pixel[0]]
        self.plot.set_pointer(float(aggregation_of_levels(self._model.analysis.polarity)[level]))

    def _remember_splitter(self, *_: int) -> None:
        self._session.memory.remember_bytes("aggregation/splitter", self._splitter.saveState())

    def _set_log(self, on: bool) -> None:
        self._session.set_values("analysis", log_scale=on)

    def _copy(self, text: str, told: str) -> None:
        clipboard = QGuiApplication.clipboard()
        if text and clipboard is not None:
            clipboard.setText(text)
            self._session.notice.emit(told)

    # ------------------------------------------------------------ showing

    def _show_image(self, _: object = None) -> None:
        opened = self._session.image
        self._pages.setCurrentIndex(0 if opened is None else 1)
        for widget in (self._analyze_button, self._region, self._range, self._use_button):
            widget.setEnabled(opened is not None)
        if opened is not self._canvas_image:
            self._canvas_image = opened
            self._drawing = None
            self.canvas.set_masks(None, None)
            self.canvas.set_image(
                opened.image.rgb if opened is not None else None,
                pixel_size_um=opened.image.pixel_size_um if opened is not None else None,
            )
            self.canvas.set_native(native_gray(opened) if opened is not None else None)
        if opened is not None:
            self.canvas.set_levels(opened.image.level, self._session.filter.polarity)
        self._file_label.setText(_facts(opened))
        self._show_region()

    def _show_loading(self, path: Path | None) -> None:
        loading = tr("Reading {name} …", name=path.name) if path is not None else _facts(self._session.image)
        self._file_label.setText(loading)

    def _show_settings(self, _: object = None) -> None:
        if self._session.image is not None:
            self.canvas.set_levels(self._session.image.image.level, self._session.filter.polarity)
        self.plot.set_log(self._session.settings.analysis.log_scale)
        self._show_range()

    def _show_analysis(self) -> None:
        found = self._model.analysis
        distribution = found.distribution if found is not None else None
        polarity = found.polarity if found is not None else self._session.filter.polarity
        self.plot.set_distribution(distribution, polarity)
        self._statistics.show_distribution(distribution, polarity)
        self._marks.show_distribution(distribution)
        self._no_trough.setVisible(distribution is not None and not len(distribution.troughs))
        shown = found.part.masks if found is not None else None
        self.canvas.set_masks(shown, found.part.outlines if found is not None else None)
        if shown is not None:
            self.canvas.set_styles(_selected(len(shown)))
        for button in (self._save_button, self._clear_button, self._numbers_button):
            button.setEnabled(found is not None)
        self._command_button.setEnabled(self._session.image is not None)
        self._show_count()

    def _show_region(self, _: object = None) -> None:
        kind = self._drawing or self._model.region.kind
        self._region.show_kind(kind, masks=self._model.selected_masks() is not None)
        self.canvas.set_mode(_MODES[self._drawing] if self._drawing is not None else CanvasMode.SELECT)
        if self._drawing is not None and self._model.region.kind is not self._drawing:
            hint = (
                tr("Draw a rectangle on the image.")
                if self._drawing is RegionKind.RECTANGLE
                else tr("Draw around a part of the image.")
            )
        elif self._session.image is None:
            hint = ""
        else:
            hint = tr("Analyzed: {region}.", region=self._model.region_text())
        self._region_hint.setText(hint)

    def _show_range(self, *_: object) -> None:
        lowest, highest = self._model.range
        if self.plot.range != (lowest, highest):
            self.plot.set_range(lowest, highest)
        self._range.show_range(lowest, highest)
        if (lowest, highest) == _EVERYTHING:
            self.canvas.set_highlight_range(None, None)
        else:
            self.canvas.set_highlight_range(*self._model.levels_in_range())
        self._show_count()

    def _show_count(self) -> None:
        found = self._model.distribution
        self._range.show_count(self._model.pixels_in_range(), found.pixels if found is not None else 0)
        used = (self._session.filter.min_aggregation, self._session.filter.max_aggregation)
        self._use_button.setEnabled(self._session.image is not None and self._model.range != used)

    def _show_busy(self, busy: bool) -> None:
        self._busy_label.setText(tr("Analyzing …") if busy else "")

    # ------------------------------------------------------------ building

    def _connect(self) -> None:
        # Methods, not lambdas: Qt lets go of them when the window is made anew, and the session lives on.
        session, model = self._session, self._model
        session.image_changed.connect(self._show_image)
        session.image_loading.connect(self._show_loading)
        session.settings_changed.connect(self._show_settings)
        session.masks.selection_changed.connect(self._show_region)
        session.masks.masks_changed.connect(self._show_region)
        model.changed.connect(self._show_analysis)
        model.region_changed.connect(self._show_region)
        model.range_changed.connect(self._show_range)
        model.busy_changed.connect(self._show_busy)
        self.plot.range_changed.connect(model.set_range)
        self.plot.log_changed.connect(self._set_log)
        self.plot.mark_clicked.connect(self._marks.select_mark)
        self._marks.chosen.connect(self.plot.jump_to)
        self._marks.used.connect(self._begin_range)
        self.canvas.hovered.connect(self._point_at)
        self._splitter.splitterMoved.connect(self._remember_splitter)
        self._range.edited.connect(model.set_range)
        self._region.chosen.connect(self.choose_region)
        self.canvas.region_drawn.connect(self._region_drawn)

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._make_side())
        row.addWidget(self._make_centre(), 1)
        self.plot.set_log(self._session.settings.analysis.log_scale)

    def _make_side(self) -> QWidget:
        side = QWidget()
        theme.set_role(side, "side")
        column = QVBoxLayout(side)
        column.setContentsMargins(10, 10, 8, 10)
        column.setSpacing(6)
        self._add_first_step(column)
        self._add_second_step(column)
        self._add_third_step(column)
        self._statistics = StatisticsTable()
        self._marks = MarksTable()
        self._no_trough = make_label(
            "no_trough", "muted", tr("One hill alone has no trough. A lower prominence finds smaller ones.")
        )
        column.addWidget(_heading(tr("Statistics")))
        column.addWidget(self._statistics)
        column.addWidget(_heading(tr("Peaks and troughs")))
        column.addWidget(self._no_trough)
        column.addWidget(self._marks, 1)
        area = QScrollArea()
        area.setObjectName("aggregation_steps")
        area.setWidget(side)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # As wide as the text needs where letters are larger than usual.
        area.setFixedWidth(max(_SIDE_WIDTH, _SIDE_LETTERS * theme.letter(self)))
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    def _add_first_step(self, column: QVBoxLayout) -> None:
        select = make_button(
            "select_image_button",
            tr("&Select Image…"),
            "open",
            self.select_image,
            hint=tr("Or drop an image anywhere on the window"),
        )
        sample = make_button(
            "sample_button",
            tr("Sa&mple"),
            "sample",
            self._session.open_sample,
            hint=tr("Open a micrograph that comes with samhq"),
        )
        row = QHBoxLayout()
        row.addWidget(select, 1)
        row.addWidget(sample)
        self._file_label = make_label("file_label", "muted")
        column.addWidget(_heading(tr("1  Select image"), first=True))
        column.addLayout(row)
        column.addWidget(self._file_label)
        column.addWidget(PlaneChooser(self._session))

    def _add_second_step(self, column: QVBoxLayout) -> None:
        self._analyze_button = make_button(
            "analyze_button",
            tr("&Analyze"),
            "aggregation",
            self._model.analyze,
            hint=tr("Happens by itself when an image is opened or something is changed"),
            role="primary",
        )
        self._busy_label = make_label("busy_label", "muted")
        row = QHBoxLayout()
        row.addWidget(self._analyze_button)
        row.addWidget(self._busy_label, 1)
        column.addWidget(_heading(tr("2  Analyze")))
        column.addLayout(row)

    def _add_third_step(self, column: QVBoxLayout) -> None:
        self._region = RegionChooser()
        self._region_hint = make_label("region_hint", "muted")
        self._range = RangeEditor()
        self._use_button = make_button(
            "use_range_button",
            tr("&Use as aggregation range"),
            "filter",
            self.use_range,
            hint=tr("From now on only pixels in this range count in the other tabs"),
        )
        self._sensitivity = Sensitivity(self._session)
        column.addWidget(_heading(tr("3  Adjust")))
        column.addWidget(self._region)
        column.addWidget(self._region_hint)
        column.addWidget(self._range)
        column.addWidget(self._use_button)
        column.addWidget(self._sensitivity)

    def _make_centre(self) -> QWidget:
        self.plot = HistogramPlot()
        self.plot.setObjectName("aggregation_plot")
        self.canvas = ImageCanvas()
        # Regions as outlines alone: what is inside them is what is looked at.
        self.canvas.set_opacity(0.0)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setObjectName("aggregation_splitter")
        self._splitter.addWidget(self.plot)
        self._splitter.addWidget(self.canvas)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setSizes([500, 500])
        self._splitter.restoreState(self._session.memory.recall_bytes("aggregation/splitter"))
        page = QWidget()
        # Narrower than the texts of the buttons, which then give way to their icons.
        page.setMinimumWidth(_LEAST_WIDTH)
        column = QVBoxLayout(page)
        column.setContentsMargins(8, 8, 8, 8)
        column.addLayout(self._make_bar())
        column.addWidget(self._splitter, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(
            EmptyState(
                "aggregation",
                tr("How dark are the pixels of an image?"),
                tr(
                    "Select a micrograph, or drop one here, to see the distribution of its gray levels with peaks "
                    "and troughs, and to find the range of aggregation that marks what you look for."
                ),
                [
                    (tr("Select Image…"), self.select_image),
                    (tr("Try it on a sample"), self._session.open_sample),
                ],
            )
        )
        self._pages.addWidget(page)
        return self._pages

    def _make_bar(self) -> QHBoxLayout:
        self._save_button = make_button(
            "save_chart_button", tr("Save &Chart…"), "save", self.save_chart, hint=tr("As PNG, PDF or SVG")
        )
        self._clear_button = make_button(
            "clear_chart_button",
            tr("Clear Char&t"),
            "clear",
            self._model.clear,
            hint=tr("Take the histogram away; Analyze brings it back"),
        )
        self._numbers_button = make_button(
            "copy_numbers_button",
            tr("Copy &Numbers"),
            "copy",
            self.copy_numbers,
            hint=tr("All numbers, to paste into a spreadsheet"),
        )
        self._command_button = make_button(
            "copy_command_button",
            tr("Copy as Comman&d"),
            "command",
            self.copy_command,
            hint=tr("The line that does the same in a terminal"),
        )
        self._bar = (self._save_button, self._clear_button, self._numbers_button, self._command_button)
        self._bar_texts = [button.text() for button in self._bar]
        self._bar_width = sum(button.sizeHint().width() + _BAR_GAP for button in self._bar)
        bar = QHBoxLayout()
        for button in self._bar:
            bar.addWidget(button)
        bar.addStretch(1)
        return bar

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Put the image below the histogram where there is no room beside it, and leave out texts of buttons."""
        super().resizeEvent(event)
        width = self._pages.width()
        # Beside each other both would be narrower than high.
        narrow = width < max(76 * theme.letter(self), round(1.25 * self._pages.height()))
        self._splitter.setOrientation(Qt.Orientation.Vertical if narrow else Qt.Orientation.Horizontal)
        for button, text in zip(self._bar, self._bar_texts, strict=True):
            button.setText(text if width >= self._bar_width else "")


def _heading(text: str, *, first: bool = False) -> QLabel:
    label = make_label("", "heading", text)
    if not first:
        label.setContentsMargins(0, label.fontMetrics().height() // 2, 0, 0)
    return label


def _selected(n: int) -> npt.NDArray[np.uint8]:
    import numpy as np

    return np.full(n, MaskStyle.SELECTED, np.uint8)


def _facts(opened: OpenImage | None) -> str:
    """Name, size and depth of an image in words."""
    if opened is None:
        return tr("No image is open.")
    image = opened.image
    values = {"name": opened.name, "width": image.width, "height": image.height, "bits": image.bits}
    if image.mode.startswith("gray"):
        return tr("{name}\n{width} × {height} pixels, {bits} bit, gray", **values)
    return tr("{name}\n{width} × {height} pixels, {bits} bit, color", **values)
