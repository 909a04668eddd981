"""The batch: its plan, its progress, its objects under the filter, its outputs. No widgets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from samhq import api
from samhq.errors import SamhqError
from samhq.filters import FilteredObjects
from samhq.gui import work
from samhq.gui.bars import Failure
from samhq.gui.batch_live import LiveRun, ShownImage
from samhq.gui.batch_look import Look, RunFacts, Shown, open_facts
from samhq.gui.batch_output import Outputs
from samhq.gui.commands import filter_command, run_command
from samhq.gui.image_list import ImageKey, ImageRows
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.session import Session, failure_of
from samhq.gui.translate import tr
from samhq.monitor import Event, Monitor
from samhq.settings import PLACE_SETTINGS, Settings

if TYPE_CHECKING:
    from samhq.api import BatchReport, RunPlan

__all__ = ["Phase", "RunModel"]

_log = logging.getLogger(__name__)
_TAB = "batch"
_PLAN_DELAY_MS = 400


class Phase(StrEnum):
    """Where a batch stands."""

    EMPTY = "empty"
    READY = "ready"
    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


class RunModel(QObject):
    """State of the batch tab; slots of its signals read it anew.

    input_changed: source (is_single: it is one image; is_gone: it is not there), out, folder or facts.
    plan_changed: plan or planning. phase_changed: phase or report.
    look_changed(Look or None): the run under the filter in force.
    running_changed(key or None): the image in work. progress_changed(Event): of the batch.
    shown_changed(Shown or None): the image that is looked at; filtered_changed: its objects under the filter.
    outputs: writes and reads the outputs of the run.
    """

    input_changed = pyqtSignal()
    plan_changed = pyqtSignal()
    phase_changed = pyqtSignal()
    look_changed = pyqtSignal(object)
    running_changed = pyqtSignal(object)
    progress_changed = pyqtSignal(object)
    shown_changed = pyqtSignal(object)
    filtered_changed = pyqtSignal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.source: Path | None = None
        self.is_single = False
        self.is_gone = False
        self._is_own = True
        self.out: Path | None = None
        self.folder: Path | None = None
        self.facts: RunFacts | None = None
        self.plan: RunPlan | None = None
        self.planning = False
        self.phase = Phase.EMPTY
        self.report: BatchReport | None = None
        self.running: ImageKey | None = None
        self.outputs = Outputs(session, self)
        self._live = LiveRun(session, self)
        self._shown = ShownImage(session, self, self._live)
        self._job: Job | None = None
        self._plan_job: Job | None = None
        self._done = -1
        self._planned_with: object = None
        self._plan_timer = QTimer(self)
        self._plan_timer.setSingleShot(True)
        self._plan_timer.timeout.connect(self._plan_now)
        self._live.changed.connect(self.look_changed)
        self._live.failed.connect(self._look_failed)
        self._shown.changed.connect(self.shown_changed)
        self._shown.filtered_changed.connect(self.filtered_changed)
        session.settings_changed.connect(self._on_settings)

    # ------------------------------------------------------------ what there is

    @property
    def is_running(self) -> bool:
        """Whether the batch is under way."""
        return self._job is not None

    @property
    def look(self) -> Look | None:
        """The run under the filter, None while there is none."""
        return self._live.look

    @property
    def rows(self) -> ImageRows:
        """The images: of the run, or before there is one, of the plan."""
        if self.look is not None and len(self.look.rows):
            return self.look.rows
        return ImageRows.waiting(self.plan.keys if self.plan is not None else ())

    @property
    def selected(self) -> ImageKey | None:
        """The image that is looked at."""
        return self._shown.selected

    @property
    def shown(self) -> Shown | None:
        """The image that is looked at, as soon as it was read."""
        return self._shown.shown

    def filtered(self) -> FilteredObjects | None:
        """What the filter says of the objects of the shown image, in the order of its masks."""
        return self._shown.filtered()

    def select(self, key: ImageKey | None) -> None:
        """Look at an image; shown_changed follows."""
        self._shown.select(key)

    def command(self) -> str:
        """The command line that does the same: `run` on an input, `filter` on a run without one."""
        if self.source is not None and self._is_own:
            return run_command(self.source, self._session.settings, out=self.out)
        if self.folder is not None:
            return filter_command(self.folder, self._session.settings, out=self.out)
        return ""

    # ------------------------------------------------------------ input and output

    def set_source(self, path: Path) -> bool:
        """Choose the folder (or image) to segment. Refused while a batch is under way."""
        if self._is_refused():
            return False
        self._forget_run()
        self._is_own = True
        self._set_input(path)
        self._session.memory.remember_file("folder", path)
        self._session.clear_error(_TAB)
        self._set_phase(Phase.READY)
        self._find_folder()
        self.input_changed.emit()
        self.make_plan()
        return True

    def set_out(self, path: Path | None) -> bool:
        """Choose where the run and its outputs are made; None: beside the input. Refused during a batch."""
        if self._is_refused():
            return False
        self.out = path
        if path is not None:
            self._session.memory.remember_file("output", path)
        if self.source is not None:
            self._forget_run()
            self._is_own = True
            self._session.clear_error(_TAB)
            self._set_phase(Phase.READY)
            self._find_folder()
            self.make_plan()
        self.input_changed.emit()
        return True

    def open_run(self, path: Path) -> bool:
        """Show a stored run; its input can be gone on with where it still exists. Refused during a batch."""
        if self._is_refused():
            return False
        self._forget_run()
        self.source = self.out = None
        self._set_phase(Phase.EMPTY)
        self._session.clear_error(_TAB)
        folder = api.named_run(path)
        self._session.memory.remember_file("run", folder)
        self._look_into(folder)
        self.input_changed.emit()
        return True

    def set_images(self, path: Path) -> None:
        """Say where the images of a stored run are now."""
        self._set_input(path)
        self._is_own = self._is_own_folder()
        self.input_changed.emit()
        self._shown.read_again()

    def refresh(self) -> None:
        """Read what another process stored in the run meanwhile."""
        if self.look is not None and not self.is_running:
            self._live.update_soon()

    def use_run_settings(self) -> None:
        """Take the settings with which the run was made, so that going on segments nothing again."""
        if self.facts is not None:
            made = self.facts.settings
            self._session.take_settings(made.model_copy(update={"filter": self._session.filter}))

    def differences(self) -> list[str]:
        """Names of the settings for which going on with the stored run would segment everything again."""
        settings, model = self._session.settings, self._session.model
        if self.facts is None or model is None:  # what a model recommends is not known yet
            return []
        chosen = settings.segmentation.with_recommended(model.info.recommended)
        settings = settings.model_copy(update={"segmentation": chosen})
        return [
            name
            for now, made in (
                (settings.image, self.facts.settings.image),
                (settings.segmentation, self.facts.settings.segmentation),
            )
            for name in type(now).model_fields
            if name not in ("page", *PLACE_SETTINGS) and getattr(now, name) != getattr(made, name)
        ]

    def _set_input(self, path: Path) -> None:
        kind = api.kind_of(path)
        self.source, self.is_single, self.is_gone = path, kind == "image", kind == "missing"

    def _is_refused(self) -> bool:
        if self.is_running:
            self._session.notice.emit(tr("A batch is under way; stop it first."))
        return self.is_running

    def _find_folder(self) -> None:
        """Show what an earlier start stored for this input."""
        if self.source is None:
            return
        try:
            folder = api.run_folder(self.source, self.out)
        except SamhqError as error:
            self._session.report_error(_TAB, Failure(tr("This folder cannot be used"), str(error)))
            return
        if api.kind_of(folder) == "run":
            self._look_into(folder)

    def _look_into(self, folder: Path) -> None:
        self.folder = folder
        self._live.open(folder)
        job = self._session.jobs.submit(
            tr("Opening {name}", name=folder.name), Lane.LIGHT, open_facts, folder, key="run facts"
        )
        job.done.connect(self._set_facts)
        job.failed.connect(lambda error: self._open_failed(folder, error))

    def _set_facts(self, facts: RunFacts) -> None:
        if facts.folder != self.folder:
            return
        self.facts = facts
        if self.source is None:
            self.source, self.is_single, self.is_gone = facts.source, facts.is_single, not facts.is_there
            self.out = None if facts.folder.parent == facts.source.parent else facts.folder.parent
            self._is_own = self._is_own_folder()
            self._set_phase(Phase.READY)
            if facts.is_there and self._is_own:
                self.make_plan()
        self.input_changed.emit()
        self.outputs.find()

    def _is_own_folder(self) -> bool:
        """Whether a start on the input would go on with this very run."""
        try:
            return self.source is not None and api.run_folder(self.source, self.out) == self.folder
        except SamhqError:
            return False

    def _open_failed(self, folder: Path, error: JobError) -> None:
        # A run of which nothing is stored yet cannot be opened; that is no failure while it begins.
        if folder != self.folder or self.is_running:
            return
        if self.source is None:
            self._forget_run()
            self.input_changed.emit()
        self._session.report_error(_TAB, failure_of(tr("This run cannot be opened"), error))

    def _forget_run(self) -> None:
        self._drop_plan()
        self.folder = self.facts = self.plan = self.report = None
        self._shown.select(None)
        self._set_running(None)
        self._live.close()
        self.outputs.forget()
        self.plan_changed.emit()

    # ------------------------------------------------------------ plan

    def make_plan(self, *, is_quiet: bool = False) -> None:
        """Find out what a start would do; plan_changed follows, or an error unless is_quiet."""
        if self.source is None or self.is_running:
            return
        settings, source = self._session.settings, self.source
        self._planned_with = _decisive(settings)
        self.planning = True
        self.plan_changed.emit()
        title = tr("Planning {name}", name=source.name)
        job = self._session.jobs.submit(title, Lane.ENGINE, work.plan, source, self.out, settings, key="plan")
        self._plan_job = job
        job.done.connect(lambda plan: self._set_plan(plan, job))
        job.failed.connect(lambda error: self._plan_failed(source.name, error, job, is_quiet=is_quiet))

    def _drop_plan(self) -> None:
        """Whatever is being planned is not of interest any more."""
        # A job that was asked to stop may still be done; only that of the last request counts.
        self._plan_job = None
        self._plan_timer.stop()
        self._session.jobs.stop_all("plan")
        self.planning = False

    def _set_plan(self, plan: RunPlan | None, job: Job) -> None:
        if job is not self._plan_job:
            return
        self._plan_job = None
        self.plan = plan
        self.planning = False
        self.plan_changed.emit()

    def _plan_failed(self, name: str, error: JobError, job: Job, *, is_quiet: bool) -> None:
        if job is not self._plan_job:
            return
        self._set_plan(None, job)
        if is_quiet:
            _log.debug("%s cannot be planned: %s", name, error.message)
            return
        self._session.report_error(_TAB, failure_of(tr("{name} cannot be processed", name=name), error))

    def _on_settings(self, settings: Settings) -> None:
        if self.source is not None and not self.is_running and _decisive(settings) != self._planned_with:
            self._plan_timer.start(_PLAN_DELAY_MS)

    def _plan_now(self) -> None:
        if _decisive(self._session.settings) != self._planned_with:
            self.make_plan(is_quiet=self.is_gone)  # that it is gone was said already
            self.input_changed.emit()

    # ------------------------------------------------------------ the batch

    def start(self) -> bool:
        """Segment what is not done yet, trying again what failed. False if there is no input or a batch goes on."""
        if self.source is None or self._is_refused():
            return False
        self._drop_plan()
        self._session.clear_error(_TAB)
        self.report = None
        self._done = -1
        title = tr("Segmenting {name}", name=self.source.name)
        job = self._session.jobs.submit(
            title, Lane.BATCH, work.run_folder, self.source, self.out, self._session.settings, key="run"
        )
        self._job = job
        job.partial.connect(self._on_folder)
        job.progress.connect(self._on_progress)
        job.done.connect(self._on_done)
        job.failed.connect(self._on_failed)
        job.cancelled.connect(self._on_cancelled)
        self._set_phase(Phase.RUNNING)
        return True

    resume = start
    """A start goes on where an earlier one stopped."""

    def stop(self) -> None:
        """Stop within a second; everything finished is kept."""
        if self._job is not None:
            self._job.stop()

    def _on_folder(self, folder: Path) -> None:
        self.folder = folder
        self._session.memory.remember_file("run", folder)
        self._look_if_stored()
        self.input_changed.emit()

    def _on_progress(self, event: Event) -> None:
        self.progress_changed.emit(event)
        if event.stage != "segment":
            return
        self._set_gone(False)
        if event.item:
            self._set_running(self._key_of(event.item))
        if event.done != self._done:
            self._done = event.done
            self._look_if_stored()
            self._live.update_soon()

    def _look_if_stored(self) -> None:
        """Look into the run folder as soon as something is stored there."""
        folder = self.folder
        if folder is not None and self.facts is None and api.kind_of(folder) == "run":
            self._look_into(folder)

    def _key_of(self, label: str) -> ImageKey:
        """The image that an event names: its path, with a page beyond the first."""
        path, _, page = label.rpartition(" page ")
        if page.isdecimal() and self.rows.row_of((path, int(page))) is not None:
            return path, int(page)
        return label, 1

    def _set_running(self, key: ImageKey | None) -> None:
        if key != self.running:
            self.running = key
            self.running_changed.emit(key)

    def _on_done(self, report: BatchReport | None) -> None:
        self.report = report
        self._end(Phase.FINISHED)
        self.outputs.after_run()

    def _on_cancelled(self) -> None:
        self._end(Phase.STOPPED)
        self._session.notice.emit(tr("Stopped. Everything finished is kept; Resume goes on from there."))

    def _on_failed(self, error: JobError) -> None:
        # What made the batch fail makes the plan fail too; the one report with its remedy shall stay.
        self._end(Phase.STOPPED, is_quiet=True)
        self._look_for_input()
        failure = failure_of(tr("The batch stopped"), error)
        self._session.report_error(
            _TAB, replace(failure, remedy=tr("Try again"), action=lambda: _call(self.start))
        )

    def _look_for_input(self) -> None:
        """Find out whether the input is still there: its disk may be what made the batch fail."""
        source = self.source
        if source is None:
            return
        title = tr("Looking for {name}", name=source.name)
        job = self._session.jobs.submit(title, Lane.LIGHT, _is_missing, source, key="input")
        job.done.connect(lambda is_missing: self._on_looked_for(source, is_missing))

    def _on_looked_for(self, source: Path, is_missing: bool) -> None:
        if source == self.source and not self.is_running:
            self._set_gone(is_missing)

    def _set_gone(self, is_gone: bool) -> None:
        if is_gone != self.is_gone:
            self.is_gone = is_gone
            self.input_changed.emit()

    def _end(self, phase: Phase, *, is_quiet: bool = False) -> None:
        self._job = None
        self._set_running(None)
        self._set_phase(phase)
        if self.folder is not None and api.kind_of(self.folder) == "run":
            self._look_into(self.folder)  # its settings may be others than before
            self._live.update()
        self.make_plan(is_quiet=is_quiet)

    def _set_phase(self, phase: Phase) -> None:
        self.phase = phase
        self.phase_changed.emit()

    def _look_failed(self, error: JobError) -> None:
        if self.is_running:
            _log.debug("the run could not be read for a moment: %s", error.message)
        else:
            self._session.report_error(_TAB, failure_of(tr("The run cannot be read"), error))


def _call(action: Callable[[], object]) -> None:
    action()


def _is_missing(path: Path, *, monitor: Monitor, partial: object) -> bool:
    return api.kind_of(path) == "missing"


def _decisive(settings: Settings) -> tuple[object, ...]:
    """What a plan depends on."""
    return settings.image, settings.segmentation, settings.compute
