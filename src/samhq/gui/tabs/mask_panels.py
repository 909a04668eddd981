"""Steps 1 and 2 of the mask tab: choosing image and model, and finding masks."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QSignalBlocker, Qt, pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from samhq import api
from samhq.errors import SamhqError
from samhq.gui import theme
from samhq.gui.histogram import HistogramMode, HistogramPlot
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.mask_document import TAB, MaskDocument
from samhq.gui.menus import IMAGE_FILTER
from samhq.gui.plane_chooser import PlaneChooser
from samhq.gui.strip import ElidedLabel
from samhq.gui.time_left import TimeLeft, position_of, spoken
from samhq.gui.translate import plain, tr
from samhq.monitor import Event, Monitor

if TYPE_CHECKING:
    from samhq.gui.session import Session

__all__ = ["GeneratePanel", "SetupPanel", "Step", "push_button", "say"]

_CHOOSE_FILE = "\0file"


class Step(QFrame):
    """A card with the number of a step and its title; `body` takes what belongs to it."""

    def __init__(self, number: int, title: str) -> None:
        super().__init__()
        self.setObjectName(f"step_{number}")
        self.setAccessibleName(tr("Step {number}: {title}", number=number, title=title))
        theme.set_role(self, "card")
        head = QLabel(tr("{number}  {title}", number=number, title=title))
        theme.set_role(head, "heading")
        self.body = QVBoxLayout()
        self.body.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 10)
        layout.setSpacing(6)
        layout.addWidget(head)
        layout.addLayout(self.body)


def push_button(
    name: str, text: str, icon: str, slot: Callable[[], object], *, hint: str = "", role: str = ""
) -> QPushButton:
    """A button with everything a control needs. hint: tooltip, with the keys in brackets."""
    button = QPushButton(f" {text}" if icon else text)  # the symbol would touch the text
    button.setObjectName(name)
    button.setAccessibleName(plain(text))
    if icon:
        button.setIcon(theme.icon(icon, "on_accent" if role == "primary" else "text"))
    if hint:
        button.setToolTip(hint)
        button.setAccessibleDescription(hint)
    if role:
        theme.set_role(button, role)
    button.clicked.connect(lambda _checked=False: slot())
    return button


def say(name: str, *, role: str = "muted") -> QLabel:
    """A line of text that wraps."""
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        theme.set_role(label, role)
    return label


class SetupPanel(Step):
    """Image, model, and how the gray levels of the image are distributed."""

    def __init__(self, session: Session) -> None:
        super().__init__(1, tr("Setup"))
        self._session = session
        self._models = ModelChoice(session)
        self._image = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._image.setObjectName("image_name")
        self._facts = say("image_facts")
        self.body.addLayout(self._image_row())
        self.body.addWidget(self._image)
        self.body.addWidget(self._facts)
        self.body.addWidget(PlaneChooser(session))
        self.body.addWidget(self._models)
        self.plot = HistogramPlot(HistogramMode.RANGE)
        self.plot.setObjectName("preview_histogram")
        self.plot.setFixedHeight(10 * self.fontMetrics().height())
        self.plot.log_check.hide()
        self.plot.range_changed.connect(self._on_range)
        self.body.addWidget(self.plot)
        session.image_changed.connect(self._show_image)
        session.image_loading.connect(self._show_loading)
        session.filter_changed.connect(self._show_range)
        session.analysis.changed.connect(self._show_distribution)
        self._show_image()
        self._show_distribution()
        self._show_range()

    def _image_row(self) -> QHBoxLayout:
        self.open_button = push_button(
            "open_image_button",
            tr("Open Image…"),
            "open",
            self.choose_image,
            hint=tr("Open an image (Ctrl+O)"),
        )
        self.recent_button = QPushButton(tr("Recent"))
        self.recent_button.setObjectName("recent_button")
        self.recent_button.setAccessibleName(tr("Recent images and samples"))
        self.recent_button.setToolTip(tr("Images opened before, and samples to try"))
        menu = QMenu(self.recent_button)
        menu.aboutToShow.connect(lambda: self.fill_recent(menu))
        self.recent_button.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(self.open_button, 1)
        row.addWidget(self.recent_button)
        return row

    def choose_image(self) -> None:
        """Ask for an image and open it."""
        pattern = tr("Images ({patterns})", patterns=IMAGE_FILTER)
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Open Image"), self._session.memory.folder("image"), f"{pattern};;{tr('All files')} (*)"
        )
        if name:
            self._session.request_image(Path(name))

    def fill_recent(self, menu: QMenu) -> None:
        """Put recent images and the samples into a menu."""
        menu.clear()
        recent = self._session.memory.recent("image")
        samples = api.sample_images()
        for path in [p for p in recent if p not in samples]:
            self._add_image(menu, path.name, path)
        menu.addSection(tr("Samples"))
        for path in samples:
            self._add_image(menu, tr("{folder}: {name}", folder=path.parent.name, name=path.name), path)

    def _add_image(self, menu: QMenu, text: str, path: Path) -> None:
        action = menu.addAction(text.replace("&", "&&"))
        if action is not None:
            action.setToolTip(str(path))
            action.triggered.connect(partial(self._open, path))

    def _open(self, path: Path, _checked: bool = False) -> None:
        self._session.request_image(path)

    def _show_loading(self, path: Path | None) -> None:
        if path is not None:
            self._image.setText(tr("Reading {name}…", name=path.name))
        else:
            self._show_image()

    def _show_image(self, _image: object = None) -> None:
        opened = self._session.image
        if opened is None:
            self._image.setText(tr("No image yet: open one, or drop it anywhere"))
            self._facts.hide()
            self.plot.hide()
            return
        image = opened.image
        values = {"w": image.width, "h": image.height, "bits": image.bits}
        if image.mode.startswith("gray"):
            facts = tr("{w:,} × {h:,} px · {bits} bit, gray", **values)
        else:
            facts = tr("{w:,} × {h:,} px · {bits} bit, color", **values)
        if image.pixel_size_um is not None:
            facts = tr("{facts} · {um:.4g} µm/px", facts=facts, um=image.pixel_size_um)
        self._image.setText(opened.name)
        self._facts.setText("\n".join([facts, *image.notes]))
        self._facts.show()
        self.plot.show()

    def _show_distribution(self) -> None:
        analysis = self._session.analysis
        self.plot.set_distribution(analysis.distribution, self._session.filter.polarity)
        region = analysis.region_text()
        self.plot.setToolTip(
            tr(
                "Aggregation of {region}. Drag the ends of the range: only pixels inside count.",
                region=region,
            )
        )

    def _show_range(self, _filter: object = None) -> None:
        chosen = self._session.filter
        self.plot.set_range(chosen.min_aggregation, chosen.max_aggregation)

    def _on_range(self, lowest: float, highest: float) -> None:
        self._session.set_filter(min_aggregation=lowest, max_aggregation=highest)


class ModelChoice(QWidget):
    """The model: those known by name, downloaded if need be, or a file. listed: the names were read."""

    listed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._entries: dict[str, Any] = {}
        self.combo = QComboBox()
        self.combo.setObjectName("model_combo")
        self.combo.setAccessibleName(tr("Model"))
        self.combo.setToolTip(tr("The model that finds masks"))
        self.combo.setMinimumContentsLength(12)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        label = QLabel(tr("&Model"))
        label.setBuddy(self.combo)
        self.button = push_button("download_button", tr("Download"), "save", self.download, role="primary")
        self.button.hide()
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self.combo, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.button)
        self.combo.activated.connect(self._on_chosen)
        session.settings_changed.connect(self._show_model)
        self.refresh()

    def refresh(self) -> None:
        """Read anew which models there are."""
        self._fill()
        job = self._session.jobs.submit(tr("Listing the models"), Lane.LIGHT, _models, key="list models")
        job.done.connect(self._on_listed)

    def download(self) -> None:
        """Fetch the model that is chosen in the list, and use it when it is here."""
        from samhq.gui import work

        name = str(self.combo.currentData())
        if name not in self._entries:
            return
        # In the other process, so that the image on the screen can be worked on meanwhile.
        title = tr("Downloading {name}", name=name)
        job = self._session.jobs.submit(title, Lane.BATCH, work.download_model, name, key="download")
        self.button.setEnabled(False)
        job.done.connect(lambda _: self._session.set_model(name))
        job.failed.connect(lambda error: self._on_failed(name, error))
        job.finished.connect(self._on_downloaded)

    def _on_downloaded(self) -> None:
        self.button.setEnabled(True)
        self.refresh()

    def _on_failed(self, name: str, error: JobError) -> None:
        from samhq.gui.session import failure_of

        self._session.report_error(TAB, failure_of(tr("{name} was not downloaded", name=name), error))

    def _on_listed(self, entries: list[Any]) -> None:
        self._entries = {entry.name: entry for entry in entries}
        self._fill()
        self.listed.emit()

    def _fill(self) -> None:
        with QSignalBlocker(self.combo):
            self.combo.clear()
            for entry in self._entries.values():
                self.combo.addItem(_model_text(entry), entry.name)
                self.combo.setItemData(self.combo.count() - 1, entry.title, Qt.ItemDataRole.ToolTipRole)
            self.combo.addItem(tr("A file…"), _CHOOSE_FILE)
        self._show_model()

    def _show_model(self, _settings: object = None) -> None:
        chosen = self._session.settings.segmentation.model
        with QSignalBlocker(self.combo):
            place = self.combo.findData(chosen)
            if place < 0:  # a file, or a name before the list was read
                self.combo.insertItem(0, Path(chosen).name, chosen)
                place = 0
            self.combo.setCurrentIndex(place)
        self.button.hide()

    def _on_chosen(self, place: int) -> None:
        chosen = str(self.combo.itemData(place))
        if chosen == _CHOOSE_FILE:
            self._show_model()
            self._choose_file()
            return
        entry = self._entries.get(chosen)
        missing = entry is not None and not entry.installed
        self.button.setVisible(missing)
        if entry is not None and missing:
            text = tr("Download {name} ({size})", name=chosen, size=_size_text(entry.size_bytes))
            self.button.setText(text)
            self.button.setAccessibleName(text)
        elif chosen != self._session.settings.segmentation.model:
            self._session.set_model(chosen)

    def _choose_file(self) -> None:
        pattern = tr("Models ({patterns})", patterns="*.pth *.safetensors")
        name, _ = QFileDialog.getOpenFileName(
            self, tr("Open Model"), self._session.memory.folder("model"), f"{pattern};;{tr('All files')} (*)"
        )
        if name:
            self._session.memory.remember_file("model", Path(name))
            self._session.set_model(name)


def _models(*, monitor: Monitor, partial: object) -> list[Any]:
    return list(api.list_models())


def _model_text(entry: Any) -> str:
    if entry.installed:
        return tr("{name} ({architecture})", name=entry.name, architecture=entry.architecture)
    return tr("{name} – download {size}", name=entry.name, size=_size_text(entry.size_bytes))


def _size_text(size_bytes: int) -> str:
    if size_bytes >= 10**9:
        return tr("{n:.1f} GB", n=size_bytes / 10**9)
    return tr("{n:.0f} MB", n=size_bytes / 10**6)


class GeneratePanel(Step):
    """The button that finds masks, how far it is, and how to stop it."""

    def __init__(self, document: MaskDocument) -> None:
        super().__init__(2, tr("Generate Masks"))
        self._document = document
        self._watched: Job | None = None
        self._left = TimeLeft()
        self.button = push_button(
            "generate_button",
            tr("&Generate Masks"),
            "generate",
            document.generate,
            hint=tr("Find every object of the image with SAM-HQ (F5)"),
            role="primary",
        )
        self.stop_button = push_button(
            "stop_generate_button",
            tr("Stop"),
            "stop",
            document.stop,
            hint=tr("Stop finding masks (Esc)"),
            role="danger",
        )
        self.bar = QProgressBar()
        self.bar.setObjectName("generate_bar")
        self.bar.setAccessibleName(tr("Progress of finding masks"))
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(max(8, self.fontMetrics().height() * 6 // 10))
        self._text = say("generate_text")
        row = QHBoxLayout()
        row.addWidget(self.button, 1)
        row.addWidget(self.stop_button)
        self.body.addLayout(row)
        self.body.addWidget(self.bar)
        self.body.addWidget(self._text)
        document.state_changed.connect(self._show)
        document.masks_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        document = self._document
        self._watch(document.job)
        running = document.is_generating
        self.button.setEnabled(document.session.image is not None and not running)
        self.stop_button.setVisible(running)
        self.bar.setVisible(running)
        self._text.setText(self._status())

    def _watch(self, job: Job | None) -> None:
        if job is self._watched:
            return
        self._watched = job
        self._left = TimeLeft()
        self.bar.setRange(0, 0)
        if job is not None:
            job.progress.connect(self._on_progress)

    def _on_progress(self, event: Event) -> None:
        self._left.take(event, time.monotonic())
        if event.parts > 1:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * min(1.0, position_of(event) / max(event.total or 1, 1))))
        self._text.setText(self._status())

    def _status(self) -> str:
        document = self._document
        if document.is_generating:
            return self._running_text()
        if document.session.image is None:
            return tr("Open an image first.")
        if document.objects is None:
            return self._estimate()
        if not len(document.objects) and not document.state.edited:
            return tr(
                "No masks were found. More points per side or lower thresholds (SAM-HQ Parameters) find more."
            )
        if document.binding is None:
            return tr("{n} masks drawn by hand", n=len(document.objects))
        found = tr("{n} masks in {s:.1f} s", n=len(document.objects), s=document.binding.elapsed_s)
        if document.state.edited:
            found = tr("{found}, then corrected by hand", found=found)
        if not document.is_current:
            return tr(
                "{found}. The settings or the model changed since: generate again to use them.", found=found
            )
        return found

    def _running_text(self) -> str:
        document = self._document
        left = self._left.left_s(time.monotonic())
        masks = document.masks if document.is_preliminary else None
        if masks is None:
            return tr("Reading the image; the first masks will show soon…")
        so_far = tr("{n} masks so far", n=len(masks))
        return so_far if left is None else tr("{so_far} · {left}", so_far=so_far, left=spoken(left))

    def _estimate(self) -> str:
        session = self._document.session
        if session.image is None:
            return ""
        image = session.image.image
        try:
            seconds = session.speed.estimate(session.settings, height=image.height, width=image.width)
        except SamhqError:
            seconds = None
        if seconds is None:
            return tr("Masks appear on the image as they are found.")
        return tr("About {seconds:.0f} s on this computer.", seconds=max(1.0, seconds))
