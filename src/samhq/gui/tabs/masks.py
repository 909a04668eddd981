"""The tab Mask Analysis: steps at the left, the image in the middle, the table of objects below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PyQt6.QtCore import QEvent, QObject, Qt, QTimer
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from samhq.gui import theme
from samhq.gui.analysis import native_gray
from samhq.gui.bars import EmptyState
from samhq.gui.canvas import CanvasMode, ImageCanvas, MaskStyle
from samhq.gui.mask_words import table_text, tooltip
from samhq.gui.object_table import ObjectTable
from samhq.gui.tabs.mask_panels import GeneratePanel, SetupPanel, push_button
from samhq.gui.tabs.mask_steps import ResultsPanel, SelectPanel
from samhq.gui.tabs.mask_toolbar import MaskToolBar
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from samhq.gui.mask_document import MaskDocument
    from samhq.gui.session import OpenImage, Session
    from samhq.masks import MaskTable

__all__ = ["MasksTab", "styles_of"]

_LEFT_PX = 340


def styles_of(document: MaskDocument) -> npt.NDArray[np.uint8]:
    """How each mask is drawn, (n,) uint8: those a filter in force, or a proposed one, drops are faded."""
    masks = document.masks
    count = 0 if masks is None else len(masks)
    styles = np.full(count, MaskStyle.NORMAL, np.uint8)
    filtered = document.suggestion.filtered if document.suggestion.is_open else document.filtered
    if document.is_preliminary or filtered is None:
        return styles
    styles[document.selected] = MaskStyle.SELECTED
    styles[~filtered.keep | document.rejected] = MaskStyle.FADED
    return styles


class MasksTab(QWidget):
    """Shows the MaskDocument of a session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.document = session.masks
        self.canvas = ImageCanvas()
        self.table = ObjectTable(self.document)
        self.toolbar = MaskToolBar(self.document, self)
        self.setup = SetupPanel(session)
        self.generate = GeneratePanel(self.document)
        self.select = SelectPanel(self.document)
        self.results = ResultsPanel(self.document)
        self.answer = _AnswerBar(self.document, self.canvas)
        self._pixel: tuple[int, int] | None = None
        self._shown: MaskTable | None = None
        self._opened: OpenImage | None = None
        self._lay_out()
        self._add_keys()
        self._connect_canvas()
        self._connect_document()
        self._show_image()
        self._show_masks()
        self._show_prompt()

    def command(self) -> str:
        """The command line that does what this tab shows."""
        return self.results.command()

    def open_training(self) -> None:
        """Open the dialog that teaches a model the masks that were corrected."""
        from samhq.gui.training_dialog import show_training

        show_training(self, self.session)

    # ------------------------------------------------------------ building

    def _lay_out(self) -> None:
        steps = QWidget()
        column = QVBoxLayout(steps)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for step in (self.setup, self.generate, self.select, self.results):
            column.addWidget(step)
        self.train_button = push_button(
            "open_training_button",
            tr("&Train on My Corrected Masks…"),
            "learn",
            self.open_training,
            hint=tr("Teach a model the objects of your own pictures, so that it finds them by itself"),
        )
        column.addWidget(self.train_button)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("steps")
        scroll.setWidget(steps)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = scroll.verticalScrollBar()
        bar_width = bar.sizeHint().width() if bar is not None else 0
        steps.ensurePolished()
        scroll.setFixedWidth(max(_LEFT_PX, steps.minimumSizeHint().width() + bar_width))
        self.steps = scroll
        self.stack = QStackedWidget()
        self.stack.addWidget(self._empty_state())
        self.stack.addWidget(self._image_side())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll)
        layout.addWidget(self.stack, 1)

    def _empty_state(self) -> QWidget:
        return EmptyState(
            "masks",
            tr("Find and measure the objects of an image"),
            tr(
                "Open an image, or drop one anywhere. Press Generate Masks, choose what counts, take the numbers."
            ),
            [
                (tr("Open Image…"), self.setup.choose_image),
                (tr("Try it on a sample"), self.session.open_sample),
            ],
        )

    def _image_side(self) -> QWidget:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.canvas, 1)
        bottom = QWidget()
        below = QVBoxLayout(bottom)
        below.setContentsMargins(8, 4, 8, 4)
        below.setSpacing(4)
        self._table_text = QLabel()
        self._table_text.setObjectName("table_text")
        theme.set_role(self._table_text, "muted")
        below.addWidget(self._table_text)
        below.addWidget(self.table, 1)
        # Titles, three objects and the totals, also where an error takes a part of the height.
        self.table.setMinimumHeight(11 * self.fontMetrics().lineSpacing())
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setObjectName("masks_splitter")
        self.splitter.addWidget(top)
        self.splitter.addWidget(bottom)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        kept = self.session.memory.recall_bytes("masks/splitter")
        if kept.isEmpty() or not self.splitter.restoreState(kept):
            self.splitter.setSizes([560, 260])
        self.splitter.splitterMoved.connect(
            lambda *_: self.session.memory.remember_bytes("masks/splitter", self.splitter.saveState())
        )
        return self.splitter

    def _add_keys(self) -> None:
        document, prompt = self.document, self.document.prompt
        self._key("F5", document.generate)
        self._key("F6", document.calculate)
        self._key("F7", document.suggestion.ask)
        self._key("Ctrl+A", document.select_all)
        self._key("Ctrl+D", document.select_none)
        self._key("Ctrl+I", document.invert)
        self._key("R", self._reject)
        self._key("Esc", self._escape)
        # Enter and Backspace mean something else in the table and in the forms.
        for keys, slot in (
            ("Return", prompt.accept),
            ("Enter", prompt.accept),
            ("Backspace", prompt.take_back),
        ):
            self._key(keys, slot, owner=self.canvas)

    def _key(self, keys: str, slot: Callable[[], object], *, owner: QWidget | None = None) -> None:
        owner = owner or self
        action = QAction(owner)
        action.setShortcut(QKeySequence(keys))
        # Single letters only where the tab has the keyboard; the others wherever it is, while the tab is shown.
        alone = len(keys) == 1 or owner is not self
        action.setShortcutContext(
            Qt.ShortcutContext.WidgetWithChildrenShortcut if alone else Qt.ShortcutContext.WindowShortcut
        )
        action.triggered.connect(lambda _checked=False: slot())
        owner.addAction(action)

    def _connect_canvas(self) -> None:
        canvas = self.canvas
        canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        canvas.set_tooltips(lambda index: tooltip(self.document, index))
        canvas.hovered.connect(self._on_hovered)
        canvas.clicked.connect(self._on_clicked)
        canvas.cycle_requested.connect(self._on_cycle)
        canvas.region_drawn.connect(self._on_region)
        canvas.box_drawn.connect(self.document.prompt.set_box)
        canvas.stroke_drawn.connect(
            lambda points, radius, erase: self.document.edits.stroke(points, radius, erase=erase)
        )
        canvas.cut_drawn.connect(self.document.edits.cut)
        self.toolbar.mode_chosen.connect(self.set_mode)
        self.toolbar.opacity.setValue(round(canvas.opacity * 100))
        self.toolbar.opacity_chosen.connect(canvas.set_opacity)
        self.toolbar.fit_chosen.connect(canvas.fit)
        self.toolbar.show_brush_size(canvas.brush_radius)
        self.toolbar.brush_size_chosen.connect(canvas.set_brush_radius)
        canvas.brush_radius_changed.connect(self.toolbar.show_brush_size)
        self.table.zoom_requested.connect(self.zoom_to)

    def _connect_document(self) -> None:
        document = self.document
        self.session.image_changed.connect(self._show_image)
        document.masks_changed.connect(self._show_masks)
        document.selection_changed.connect(self._show_styles)
        document.filter_changed.connect(self._show_polarity)
        document.results_changed.connect(self._show_styles)
        document.suggestion.changed.connect(self._show_suggestion)
        document.prompt.changed.connect(self._show_prompt)
        document.state_changed.connect(self._show_table_text)
        document.edits.refused.connect(self._on_refused)

    # ------------------------------------------------------------ showing

    def _show_image(self, _image: object = None) -> None:
        opened = self._opened = self.session.image
        self.stack.setCurrentIndex(0 if opened is None else 1)
        if opened is None:
            self.canvas.set_image(None)
            return
        image = opened.image
        self.canvas.set_image(image.rgb, pixel_size_um=image.pixel_size_um)
        self.canvas.set_levels(image.level, self.session.filter.polarity)
        self.canvas.set_native(native_gray(opened))

    def _show_polarity(self) -> None:
        opened = self.session.image
        if (
            opened is not self._opened
        ):  # masks of before are dropped before it is told that there is another image
            self._show_image()
        elif opened is not None:
            self.canvas.set_levels(opened.image.level, self.session.filter.polarity)

    def _show_masks(self) -> None:
        self._shown = self.document.masks
        self.canvas.set_masks(self._shown, self.document.outlines)
        self._show_styles()

    def _show_styles(self) -> None:
        document = self.document
        if (
            document.masks is not self._shown
        ):  # what belongs to the masks may change before it is told that they did
            self._show_masks()
            return
        styles = styles_of(document)
        self.canvas.set_styles(styles)
        numbers = np.zeros(len(styles), np.int64)
        if not document.is_preliminary:
            numbers[document.selected] = document.numbers()[document.selected]
        self.canvas.set_numbers(numbers)
        self._show_table_text()

    def _show_table_text(self) -> None:
        self._table_text.setText(table_text(self.document))

    def _show_suggestion(self) -> None:
        self._show_styles()
        if self.document.suggestion.is_open:  # after the panel took its new size
            QTimer.singleShot(0, lambda: self.steps.ensureWidgetVisible(self.select.suggest))

    def _show_prompt(self) -> None:
        prompt = self.document.prompt
        self.canvas.set_prompts(prompt.points + 0.5, prompt.labels, prompt.box)
        self.canvas.set_preview(prompt.mask)
        self.answer.refresh()

    def zoom_to(self, index: int) -> None:
        """Show a mask with what is around it."""
        masks = self.document.masks
        if masks is None:
            return
        x0, y0, x1, y1 = (float(v) for v in masks.boxes[index])
        around = max(10.0, 0.75 * max(x1 - x0, y1 - y0))
        self.canvas.zoom_to((x0 - around, y0 - around, x1 + around, y1 + around))

    # ------------------------------------------------------------ what a user does

    def set_mode(self, mode: CanvasMode) -> None:
        """Choose what the left button does; a mask that is being made with clicks is dropped."""
        if mode not in (CanvasMode.POINT, CanvasMode.BOX):
            self.document.prompt.drop()
        self.canvas.set_mode(mode)
        self.toolbar.show_mode(mode)
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_hovered(self, pixel: tuple[int, int] | None) -> None:
        self._pixel = pixel

    def _on_clicked(self, x: int, y: int, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> None:
        mode, prompt = self.canvas.mode, self.document.prompt
        right = button == Qt.MouseButton.RightButton
        if mode in (CanvasMode.POINT, CanvasMode.BOX) and (mode is CanvasMode.POINT or prompt.is_active):
            outside = right or bool(
                modifiers & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier)
            )
            prompt.add_point(x, y, inside=not outside)
        elif right:
            self.document.deselect_at(x, y)
        else:
            self.document.click(x, y)

    def _on_refused(self, why: str) -> None:
        self.session.notice.emit(why)

    def _on_cycle(self) -> None:
        if not self.document.cycle() and self._pixel is not None:
            self.document.click(*self._pixel)

    def _on_region(self, polygon: npt.NDArray[np.float64], modifiers: Qt.KeyboardModifier) -> None:
        add = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        remove = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        self.document.select_region(polygon, add=add, remove=remove)

    def _reject(self) -> None:
        if self._pixel is not None and self.canvas.underMouse():
            self.document.reject_at(*self._pixel)
        else:
            self.document.reject_selected()

    def _escape(self) -> None:
        """Leave the innermost thing that is going on."""
        document = self.document
        if document.prompt.is_active:
            document.prompt.drop()
        elif document.suggestion.is_open:
            document.suggestion.drop()
        elif document.is_generating:
            document.stop()
        elif self.canvas.mode is not CanvasMode.SELECT:
            self.set_mode(CanvasMode.SELECT)
        elif self.canvas.hasFocus() or self.table.view.hasFocus():  # not from a field that is being edited
            document.select_none()


class _AnswerBar(QFrame):
    """What to do with the mask that SAM-HQ made of clicks: take it or drop it.

    It lies over the image: beside it the image would move under the pointer between two clicks.
    """

    def __init__(self, document: MaskDocument, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._prompt = document.prompt
        self.setObjectName("answer_bar")
        theme.set_role(self, "info_bar")
        self._text = QLabel()
        self._text.setObjectName("answer_text")
        self._text.setWordWrap(True)
        self.accept_button = push_button(
            "accept_mask_button",
            tr("Add"),
            "check",
            self._prompt.accept,
            hint=tr("Add this mask (Enter)"),
            role="primary",
        )
        self.drop_button = push_button(
            "drop_mask_button", tr("Drop"), "close", self._prompt.drop, hint=tr("Forget it (Esc)")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self._text, 1)
        row.addWidget(self.drop_button)
        row.addWidget(self.accept_button)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Follow the size of the image."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        width = min(self._canvas.width() - 16, 90 * theme.letter(self))
        height = max(self.sizeHint().height(), self.heightForWidth(width))
        self.setGeometry((self._canvas.width() - width) // 2, 8, width, height)

    def refresh(self) -> None:
        """Show what stands."""
        prompt = self._prompt
        self.setVisible(prompt.is_active)
        ready = prompt.mask is not None and not prompt.is_computing
        self.accept_button.setEnabled(ready and prompt.mask is not None and bool(prompt.mask.any()))
        if not ready:
            self._text.setText(tr("SAM-HQ is drawing the mask…"))
        elif prompt.mask is not None:
            area = int(prompt.mask.sum())
            self._text.setText(
                tr(
                    "{n:,} px, quality {q:.2f}. Click: more of it; right click: not this.",
                    n=area,
                    q=prompt.predicted_iou,
                )
            )
        self._place()
