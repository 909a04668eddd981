"""The steps of the batch tab: input, model, output, filters, and what a start would do."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from samhq import api
from samhq.gui import theme
from samhq.gui.batch_words import plan_lines, skipped_text
from samhq.gui.forms import GroupForm, title_of
from samhq.gui.jobs import JobError, Lane
from samhq.gui.run_model import Phase, RunModel
from samhq.gui.session import Session, failure_of
from samhq.gui.strip import ElidedLabel
from samhq.gui.tabs.mask_panels import ModelChoice, Step, push_button, say
from samhq.gui.translate import joined, tr
from samhq.monitor import Monitor
from samhq.settings import SegmentationSettings

if TYPE_CHECKING:
    from PyQt6.QtGui import QAction

__all__ = ["FilterStep", "InputStep", "ModelStep", "OutputStep", "PlanBox"]

_TAB = "batch"
_FILTERS = (
    "min_area",
    "min_intensity",
    "min_ratio",
    "min_aggregation",
    "max_aggregation",
    "polarity",
    "overlaps",
)


class _PathLabel(ElidedLabel):
    """A path on one line, its end in sight."""

    def __init__(self, name: str, spoken: str) -> None:
        super().__init__(Qt.TextElideMode.ElideLeft)
        self.setObjectName(name)
        self._spoken = spoken
        self.setAccessibleName(spoken)

    def show_path(self, path: Path | None, otherwise: str) -> None:
        """Show a path, or another text where there is none."""
        text = otherwise if path is None else str(path)
        self.setText(text)
        self.setAccessibleName(tr("{what}: {value}", what=self._spoken, value=text))
        theme.set_role(self, "muted" if path is None else "")


class InputStep(Step):
    """1: the folder with the images."""

    def __init__(self, session: Session) -> None:
        super().__init__(1, tr("Input folder"))
        self._session = session
        self._run: RunModel = session.run
        self.setAcceptDrops(True)
        self.path = _PathLabel("input_path", tr("Input folder"))
        self.choose_button = push_button(
            "choose_input_button",
            tr("Choose Folder…"),
            "folder",
            self.choose,
            hint=tr("Choose the folder with your images; subfolders are read too (Ctrl+Shift+O)"),
        )
        self.more_button = QPushButton(tr("Recent"))
        self.more_button.setObjectName("recent_input_button")
        self.more_button.setAccessibleName(tr("Recent folders and runs, a single image, the sample folder"))
        self.more_button.setToolTip(self.more_button.accessibleName())
        menu = QMenu(self.more_button)
        menu.aboutToShow.connect(lambda: self.fill_menu(menu))
        self.more_button.setMenu(menu)
        row = QHBoxLayout()
        row.addWidget(self.choose_button, 1)
        row.addWidget(self.more_button)
        self.note = say("input_note")
        self.settings_button = push_button(
            "use_run_settings_button",
            tr("Use the settings of this run"),
            "reset",
            self._run.use_run_settings,
            hint=tr("Take segmentation and image settings from the stored run, so that its images stay done"),
        )
        self.images_button = push_button(
            "find_images_button", tr("Find the images…"), "search", self.find_images
        )
        for widget in (self.path, self.note, self.settings_button, self.images_button):
            self.body.addWidget(widget)
        self.body.insertLayout(1, row)
        self._run.input_changed.connect(self._show)
        self._run.phase_changed.connect(self._show)
        session.settings_changed.connect(self._show)
        session.model_changed.connect(self._show)
        self._show()

    # ------------------------------------------------------------ choosing

    def choose(self) -> None:
        """Ask for the folder."""
        folder = QFileDialog.getExistingDirectory(
            self, tr("Choose the folder with your images"), self._session.memory.folder("folder")
        )
        if folder:
            self._session.open_paths([Path(folder)])

    def find_images(self) -> None:
        """Ask where the images of a stored run are now."""
        folder = QFileDialog.getExistingDirectory(
            self, tr("Where are the images now?"), self._session.memory.folder("folder")
        )
        if folder:
            self._run.set_images(Path(folder))

    def fill_menu(self, menu: QMenu) -> None:
        """Put recent folders and runs, and the samples, into a menu."""
        menu.clear()
        recent = [*self._session.memory.recent("folder")[:6], *self._session.memory.recent("run")[:4]]
        for path in dict.fromkeys(recent):
            _on(menu.addAction(str(path).replace("&", "&&")), partial(self._session.open_paths, [path]))
        menu.addSeparator()
        _on(menu.addAction(theme.icon("image"), tr("One image…")), self.choose_image)
        _on(menu.addAction(theme.icon("refresh"), tr("A stored run…")), self.choose_run)
        _on(menu.addAction(theme.icon("sample"), tr("Sample folder…")), self.choose_sample)

    def choose_image(self) -> None:
        """Ask for one image to be processed like a folder."""
        name, _ = QFileDialog.getOpenFileName(
            self, tr("One image"), self._session.memory.folder("image"), f"{tr('All files')} (*)"
        )
        if name:
            self._run.set_source(Path(name))

    def choose_run(self) -> None:
        """Ask for a run folder."""
        folder = QFileDialog.getExistingDirectory(
            self,
            tr("Choose a run folder; its name ends in _SAM_HQ_Run"),
            self._session.memory.folder("run"),
        )
        if folder:
            self._run.open_run(Path(folder))

    def choose_sample(self) -> None:
        """Ask where to, and copy the sample micrographs there: results are made beside them."""
        folder = QFileDialog.getExistingDirectory(
            self, tr("Where shall the sample folder be made?"), self._session.memory.folder("folder")
        )
        if folder:
            self.copy_sample(Path(folder))

    def copy_sample(self, parent: Path) -> None:
        """Copy the sample micrographs into a folder of their own and choose it."""
        job = self._session.jobs.submit(
            tr("Copying the samples"), Lane.LIGHT, _copy_sample, parent, key="samples"
        )
        job.done.connect(self._run.set_source)
        job.failed.connect(self._sample_failed)

    def _sample_failed(self, error: JobError) -> None:
        self._session.report_error(_TAB, failure_of(tr("The samples were not copied"), error))

    # ------------------------------------------------------------ showing

    def _show(self) -> None:
        run = self._run
        self.path.show_path(run.source or run.folder, tr("None yet: choose one, or drop it anywhere"))
        running = run.is_running
        self.choose_button.setEnabled(not running)
        self.more_button.setEnabled(not running)
        is_gone = run.facts is not None and run.is_gone
        differing = [] if is_gone else run.differences()
        self.note.setText(self._note(is_gone, differing))
        self.note.setVisible(bool(self.note.text()))
        self.settings_button.setVisible(bool(differing))
        self.images_button.setVisible(is_gone)

    def _note(self, is_gone: bool, differing: list[str]) -> str:
        if is_gone:
            return tr(
                "The images are no longer there. The stored objects can still be filtered and exported."
            )
        if differing:
            names = joined([*map(_title, differing[:4]), *(["…"] if len(differing) > 4 else [])])
            return tr(
                "The stored run was made with other settings ({names}); a start segments its images again.",
                names=names,
            )
        return ""

    # ------------------------------------------------------------ dropping

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take one image too: dropped here it is meant for the batch."""
        if event is not None and (data := event.mimeData()) is not None and data.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 - Qt's name
        """Choose what was dropped as input."""
        data = None if event is None else event.mimeData()
        if event is None or data is None:
            return
        paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
        event.acceptProposedAction()
        images = [p for p in paths if api.kind_of(p) == "image"]
        if len(images) == 1 and len(paths) == 1:
            self._run.set_source(images[0])
        else:
            self._session.open_paths(paths)


class ModelStep(Step):
    """2: the model, and the settings of the parameters tab that are not in force yet."""

    def __init__(self, session: Session) -> None:
        super().__init__(2, tr("Model"))
        self._session = session
        self.models = ModelChoice(session)
        self.facts = say("model_facts")
        self.apply_button = push_button(
            "apply_parameters_button", tr("Apply parameter changes"), "check", session.apply_draft
        )
        for widget in (self.models, self.facts, self.apply_button):
            self.body.addWidget(widget)
        session.model_changed.connect(self._show)
        session.draft_changed.connect(self._show)
        session.settings_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        facts, settings = self._session.model, self._session.settings
        side: object = settings.segmentation.points_per_side
        if facts is None:
            self.facts.setText("")
        else:
            if "points_per_side" not in settings.segmentation.model_fields_set:
                side = facts.info.recommended.get("points_per_side", side)
            self.facts.setText(
                tr(
                    "{device}, {precision}, {n} points per side",
                    device=facts.device,
                    precision=facts.precision,
                    n=side,
                )
                if side is not None
                else tr("{device}, {precision}", device=facts.device, precision=facts.precision)
            )
        self.facts.setVisible(bool(self.facts.text()))
        waiting = len(self._session.unapplied())
        self.apply_button.setVisible(bool(waiting))
        self.apply_button.setText(tr("Apply {n} parameter changes", n=waiting))
        self.apply_button.setAccessibleName(self.apply_button.text())


class OutputStep(Step):
    """3: where the run and its outputs are made."""

    def __init__(self, session: Session) -> None:
        super().__init__(3, tr("Output folder"))
        self._session = session
        self._run: RunModel = session.run
        self.path = _PathLabel("output_path", tr("Output folder"))
        self.choose_button = push_button(
            "choose_output_button",
            tr("Choose Folder…"),
            "folder",
            self.choose,
            hint=tr("Where results are made"),
        )
        self.beside_button = push_button(
            "beside_input_button", tr("Beside the input"), "reset", lambda: self._run.set_out(None)
        )
        self.write_check = QCheckBox(tr("Write pictures and tables when done"))
        self.write_check.setObjectName("write_after_run_check")
        self.write_check.setAccessibleName(self.write_check.text())
        self.write_check.setChecked(self._run.outputs.writes_after_run)
        self.write_check.toggled.connect(self._run.outputs.set_writes_after_run)
        row = QHBoxLayout()
        row.addWidget(self.choose_button, 1)
        row.addWidget(self.beside_button)
        self.body.addWidget(self.path)
        self.body.addLayout(row)
        self.body.addWidget(self.write_check)
        self._run.input_changed.connect(self._show)
        self._run.phase_changed.connect(self._show)
        self._show()

    def choose(self) -> None:
        """Ask for the folder."""
        folder = QFileDialog.getExistingDirectory(
            self, tr("Choose where results are made"), self._session.memory.folder("output")
        )
        if folder:
            self._run.set_out(Path(folder))

    def _show(self) -> None:
        run = self._run
        self.path.show_path(run.out, tr("Beside the input"))
        self.choose_button.setEnabled(not run.is_running)
        self.beside_button.setEnabled(not run.is_running)
        self.beside_button.setVisible(run.out is not None)


class FilterStep(Step):
    """4: the filter, in force at once."""

    def __init__(self, session: Session) -> None:
        super().__init__(4, tr("Filters"))
        self._session = session
        self.form = GroupForm([("filter", name) for name in _FILTERS], stacked=True)
        self.form.setObjectName("filter_form")
        self.body.addWidget(self.form)
        self.form.values_changed.connect(self._on_values)
        session.filter_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        self.form.set_settings(self._session.settings)

    def _on_values(self, values: dict[tuple[str, str], Any]) -> None:
        self._session.set_filter(**{name: value for (_, name), value in values.items()})


class PlanBox(QWidget):
    """What a start would do: images, time, disk, and what is passed over and why."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)  # without one it would flash up as a window when a plan is there at once
        self._session = session
        self._run: RunModel = session.run
        self.setObjectName("plan_box")
        self.setAccessibleName(tr("Plan"))
        theme.set_role(self, "card")
        head = say("plan_title", role="heading")
        head.setText(tr("Plan"))
        self.text = say("plan_text", role="")
        self.skipped_button = push_button(
            "skipped_button", tr("What is passed over"), "info", self._toggle_skipped
        )
        self.skipped_button.setCheckable(True)
        theme.set_role(self.skipped_button, "quiet")
        self.skipped = say("skipped_text")
        self.skipped.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(6)
        for widget in (head, self.text, self.skipped_button, self.skipped):
            column.addWidget(widget)
        self._run.plan_changed.connect(self._show)
        self._run.phase_changed.connect(self._show)
        session.model_changed.connect(self._show)
        self._show()

    def _toggle_skipped(self) -> None:
        self.skipped.setVisible(self.skipped_button.isChecked())

    def _show(self) -> None:
        run, plan = self._run, self._run.plan
        self.setVisible(run.source is not None and (run.planning or plan is not None) and not run.is_running)
        if plan is None:
            self.text.setText(tr("Looking at the folder…"))
            self.skipped_button.hide()
            self.skipped.hide()
            return
        if run.phase is Phase.RUNNING:
            return
        self.text.setText("\n".join(plan_lines(plan, self._session, run.look)))
        self.skipped_button.setVisible(bool(plan.skipped))
        self.skipped_button.setText(tr("{n} passed over", n=len(plan.skipped)))
        self.skipped_button.setAccessibleName(self.skipped_button.text())
        self.skipped.setText(skipped_text(plan.skipped))
        self.skipped.setVisible(bool(plan.skipped) and self.skipped_button.isChecked())


def _title(name: str) -> str:
    return title_of("segmentation" if name in SegmentationSettings.model_fields else "image", name)


def _on(action: QAction | None, slot: Any) -> None:
    if action is not None:
        action.triggered.connect(lambda _checked=False: slot())


def _copy_sample(parent: Path, *, monitor: Monitor, partial: object) -> Path:
    """Copy the micrographs; a folder of an earlier time is used again. Returns the copy."""
    target = parent / "samhq_demo" / "micrographs"
    source = api.sample_folder()
    for path in api.sample_images():
        monitor.check()
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return target
