"""Tab 3: a folder of images is segmented, filtered live, and written out."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PyQt6.QtWidgets import QFrame, QScrollArea, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from samhq.gui import theme
from samhq.gui.bars import EmptyState
from samhq.gui.image_list import ImageKey, ImageState
from samhq.gui.run_model import RunModel
from samhq.gui.session import Session
from samhq.gui.tabs.batch_bar import Actions, RunBar
from samhq.gui.tabs.batch_histograms import HistogramRow
from samhq.gui.tabs.batch_list import ImageListPanel
from samhq.gui.tabs.batch_panels import FilterStep, InputStep, ModelStep, OutputStep, PlanBox
from samhq.gui.tabs.batch_picture import PicturePane
from samhq.gui.translate import tr

__all__ = ["BatchTab"]

_REFRESH_MS = 5000
_SIDE_PX = 340
_SIDE_LETTERS = 44
"""Width of the steps, in pixels and in letters, whichever is more."""


class BatchTab(QWidget):
    """Steps at the left; list, image and histograms beside them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._run: RunModel = session.run
        self.input_step = InputStep(session)
        self.model_step = ModelStep(session)
        self.output_step = OutputStep(session)
        self.filter_step = FilterStep(session)
        self.plan_box = PlanBox(session, self)
        self.actions_box = Actions(session)
        self.run_bar = RunBar(session, self)
        self.images = ImageListPanel(session)
        self.picture = PicturePane(session)
        self.histograms = HistogramRow(session)
        self._stack = QStackedWidget()
        self._refresh = QTimer(self)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self._run.refresh)
        self._build()
        self._connect()
        self._shortcuts()
        self._show()

    def command(self) -> str:
        """The command line that does the same."""
        return self._run.command()

    # ------------------------------------------------------------ building

    def _build(self) -> None:
        self._stack.addWidget(self._empty_state())
        self._stack.addWidget(self._results())
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("batch_splitter")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._side())
        self.splitter.addWidget(self._stack)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.splitter)
        side = self._side_width()
        self.splitter.setSizes([side, 3 * side])
        for splitter in (self.splitter, self.images_splitter, self.histogram_splitter):
            name = f"batch/{splitter.objectName()}"
            state = self._session.memory.recall_bytes(name)
            if not state.isEmpty():
                splitter.restoreState(state)
            splitter.splitterMoved.connect(
                lambda *_, splitter=splitter, name=name: self._session.memory.remember_bytes(
                    name, splitter.saveState()
                )
            )

    def _side(self) -> QWidget:
        steps = QWidget()
        theme.set_role(steps, "side")
        column = QVBoxLayout(steps)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for step in (self.input_step, self.plan_box, self.model_step, self.output_step, self.filter_step):
            column.addWidget(step)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setObjectName("steps_scroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(steps)
        side = QWidget()
        theme.set_role(side, "side")
        whole = QVBoxLayout(side)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        whole.addWidget(self.actions_box)
        return side

    def _side_width(self) -> int:
        return max(_SIDE_PX, round(_SIDE_LETTERS * theme.letter(self)))

    def _results(self) -> QWidget:
        self.images_splitter = QSplitter(Qt.Orientation.Horizontal)
        self.images_splitter.setObjectName("images_splitter")
        self.images_splitter.setChildrenCollapsible(False)
        self.images_splitter.addWidget(self.images)
        self.images_splitter.addWidget(self.picture)
        self.images_splitter.setSizes([570, 430])
        self.images_splitter.setStretchFactor(0, 57)
        self.images_splitter.setStretchFactor(1, 43)
        self.histogram_splitter = QSplitter(Qt.Orientation.Vertical)
        self.histogram_splitter.setObjectName("histogram_splitter")
        self.histogram_splitter.setChildrenCollapsible(False)
        self.histogram_splitter.addWidget(self.images_splitter)
        self.histogram_splitter.addWidget(self.histograms)
        self.histogram_splitter.setSizes([560, 200])
        self.histogram_splitter.setStretchFactor(0, 1)
        results = QWidget()
        column = QVBoxLayout(results)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(6)
        column.addWidget(self.run_bar)
        column.addWidget(self.histogram_splitter, 1)
        return results

    def _empty_state(self) -> EmptyState:
        return EmptyState(
            "batch",
            tr("Drop a folder of images here"),
            tr(
                "samhq finds and measures the objects of all images in it, subfolders too. "
                "You filter them while it works, and get pictures and tables."
            ),
            [
                (tr("Choose Folder…"), self.input_step.choose),
                (tr("Try it on samples…"), self.input_step.choose_sample),
            ],
        )

    def _connect(self) -> None:
        run = self._run
        for signal in (run.input_changed, run.plan_changed, run.phase_changed):
            signal.connect(self._show)
        run.look_changed.connect(self._show)
        self.actions_box.view_asked.connect(self._view_output)
        self.run_bar.failed_asked.connect(lambda: self.images.show_state(ImageState.FAILED))
        self.images.opened.connect(self._open_image)
        self.picture.step_asked.connect(self.images.select_next)

    def _shortcuts(self) -> None:
        keys = {
            "F5": self._run.start,
            "Ctrl+F": self.images.search.setFocus,
            "Alt+Down": lambda: self.images.select_next(1),
            "Alt+Up": lambda: self.images.select_next(-1),
        }
        for key, slot in keys.items():
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(lambda slot=slot: slot())

    # ------------------------------------------------------------ showing

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Follow a run that another process writes, as long as somebody looks."""
        super().showEvent(event)
        self._refresh.start()

    def hideEvent(self, event: QHideEvent | None) -> None:  # noqa: N802 - Qt's name
        """Leave the disk in peace."""
        super().hideEvent(event)
        self._refresh.stop()

    def _show(self) -> None:
        run = self._run
        is_empty = run.source is None and run.folder is None
        self._stack.setCurrentIndex(0 if is_empty else 1)

    def _view_output(self) -> None:
        if self._run.selected is None:
            self.images.select_next(1)
        self.picture.show_mode(1)

    def _open_image(self, key: ImageKey) -> None:
        file = self._file_of(key)
        if file is not None:
            facts = self._run.facts
            self._session.request_image(
                file,
                page=key[1] if self._has_pages(key) else None,
                frozen_scale=None if facts is None else facts.frozen_scale,
            )
            self._session.tab_requested.emit("masks")

    def _has_pages(self, key: ImageKey) -> bool:
        """Whether the file of an image holds others; of a planned image only the list tells."""
        rows = self._run.rows
        row = rows.row_of(key)
        stored = row is not None and int(rows.pages[row]) > 1
        return stored or key[1] > 1 or rows.row_of((key[0], 2)) is not None

    def _file_of(self, key: ImageKey) -> Path | None:
        source = self._run.source
        if source is None:
            return None
        return source if self._run.is_single else source / key[0]
