"""What the window works on: image, model, settings, and the models of the tabs. Views show it and ask it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, QSettings, pyqtSignal
from PyQt6.QtGui import QUndoStack

from samhq import api
from samhq.configuration import save_settings
from samhq.errors import SamhqError
from samhq.gui.bars import Failure
from samhq.gui.jobs import Job, JobError, JobRunner, Lane
from samhq.gui.opening import OpenImage, Wanted, image_settings, read_opened
from samhq.gui.remember import Memory
from samhq.gui.speed import Speed
from samhq.gui.translate import tr
from samhq.gui.undo import ChangeFilter
from samhq.settings import PLACE_SETTINGS, FilterSettings, Settings, iter_fields

if TYPE_CHECKING:
    from samhq.gui.analysis import AnalysisModel
    from samhq.gui.mask_document import MaskDocument
    from samhq.gui.run_model import RunModel
    from samhq.gui.training_model import TrainingModel
    from samhq.gui.work import Facts

__all__ = ["TABS", "OpenImage", "Session", "failure_of"]

_log = logging.getLogger(__name__)
# A correction among 10,000 masks keeps about 15 MB.
_UNDO_STEPS = 200
TABS = ("aggregation", "masks", "batch", "parameters")
"""Names of the tabs in their order."""


class Session(QObject):
    """The state of the window, without any widget.

    settings: in force. draft: what stands in the parameters tab and is not applied yet.
    masks, analysis, run: the models of the tabs, made at first use. failures: what stands over each tab.
    Signals carry the new value; error_reported(tab, Failure) and error_cleared(tab) drive the error bars;
    discard_asked(callback) asks whether corrections may be lost, and calls back if so;
    tab_requested(tab) asks the window to show a tab; notice(text) is a line for the log and status.
    """

    image_changed = pyqtSignal(object)
    image_loading = pyqtSignal(object)
    settings_changed = pyqtSignal(object)
    filter_changed = pyqtSignal(object)
    draft_changed = pyqtSignal()
    model_changed = pyqtSignal(object)
    error_reported = pyqtSignal(str, object)
    error_cleared = pyqtSignal(str)
    tab_requested = pyqtSignal(str)
    notice = pyqtSignal(str)
    discard_asked = pyqtSignal(object)

    def __init__(self, memory: QSettings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.memory = Memory(memory)
        self.jobs = JobRunner(self)
        self.undo = QUndoStack(self)
        self.undo.setUndoLimit(_UNDO_STEPS)
        self.speed = Speed(self.memory)
        self.settings = Settings()
        self.draft = Settings()
        self.image: OpenImage | None = None
        self.failures: dict[str, Failure] = {}
        self._image_failure: Failure | None = None
        self._wanted: Wanted | None = None
        self.model: Facts | None = None
        self.current_tab = TABS[0]

    @cached_property
    def masks(self) -> MaskDocument:
        """The masks of the image, their selection and corrections."""
        from samhq.gui.mask_document import MaskDocument

        return MaskDocument(self)

    @cached_property
    def analysis(self) -> AnalysisModel:
        """The distribution of aggregation in the image."""
        from samhq.gui.analysis import AnalysisModel

        return AnalysisModel(self)

    @cached_property
    def run(self) -> RunModel:
        """The batch: its plan, its progress, its objects under the filter."""
        from samhq.gui.run_model import RunModel

        return RunModel(self)

    @cached_property
    def training(self) -> TrainingModel:
        """Teaching a model the masks that were corrected."""
        from samhq.gui.training_model import TrainingModel

        return TrainingModel(self)

    # ------------------------------------------------------------ opening things

    def open_paths(self, paths: list[Path]) -> None:
        """Open what a user dropped, chose or named: image, folder, run, model or configuration."""
        # What decides how an image is read comes before the image.
        order = ("configuration", "model", "run", "folder", "image", "other", "missing")
        kinds = sorted(((api.kind_of(path), path) for path in paths), key=lambda item: order.index(item[0]))
        images = 0
        for kind, path in kinds:
            images += kind == "image"
            if images < 2 or kind != "image":
                self._open(kind, path)
        if images > 1:
            self.notice.emit(
                tr("Only the first of {n} images was opened; drop their folder to process all.", n=images)
            )

    def _open(self, kind: str, path: Path) -> None:
        if kind == "missing":
            self.fail(tr("{name} cannot be opened", name=path.name), tr("There is no such file or folder."))
        elif kind == "configuration":
            self.load_configuration(path)
        elif kind == "model":
            self.set_model(str(path))
        elif kind == "run":
            self.run.open_run(path)
            self.tab_requested.emit("batch")
        elif kind == "folder":
            self.run.set_source(path)
            self.tab_requested.emit("batch")
        else:
            self.request_image(path)
            if self.current_tab not in ("aggregation", "masks"):
                self.tab_requested.emit("masks")

    @property
    def has_unsaved_edits(self) -> bool:
        """Whether masks were corrected by hand and not exported since."""
        return "masks" in self.__dict__ and self.masks.has_unsaved_edits

    def request_image(
        self,
        path: Path,
        *,
        page: int | None = None,
        frozen_scale: tuple[float, float] | None = None,
        shown: str | None = None,
    ) -> None:
        """Open an image, after asking if corrections of the one that is shown would be lost; see open_image."""
        go_on = partial(self.open_image, path, page=page, frozen_scale=frozen_scale, shown=shown)
        if self.has_unsaved_edits:
            self.discard_asked.emit(go_on)
        else:
            go_on()

    def show_plane(self, page: int, shown: str) -> None:
        """Open another plane of the open file. shown: channel for the network, "" for the one that is measured."""
        if self._wanted is not None:
            wanted = self._wanted
            self.request_image(wanted.path, page=page, frozen_scale=wanted.frozen_scale, shown=shown)

    def open_image(
        self,
        path: Path,
        *,
        page: int | None = None,
        frozen_scale: tuple[float, float] | None = None,
        shown: str | None = None,
    ) -> Job:
        """Read an image off the event loop; image_changed follows, or an error.

        page, frozen_scale: of one image of a run, where they are not those of the settings. shown: channel for the
        network, "" for the one that is measured, None for that of the settings. Of a file with many planes and none
        chosen, the first is opened.
        """
        settings = image_settings(self.settings.image, page=page, frozen_scale=frozen_scale, shown=shown)
        self._wanted = Wanted(path, page, frozen_scale, shown)
        self.image_loading.emit(path)
        job = self.jobs.submit(
            tr("Reading {name}", name=path.name), Lane.LIGHT, read_opened, path, settings, key="open image"
        )
        job.done.connect(self._set_image)
        job.failed.connect(lambda error: self._image_failed(path, error))
        return job

    def _image_failed(self, path: Path, error: JobError) -> None:
        self.image_loading.emit(None)
        self._wanted = None
        failure = failure_of(tr("{name} cannot be read", name=path.name), error)
        self._image_failure = failure
        self.report_error(self.current_tab, failure)

    def _set_image(self, image: OpenImage) -> None:
        self.image = image
        self.image_loading.emit(None)
        self.memory.remember_file("image", image.path)
        for tab, failure in list(self.failures.items()):
            if failure is self._image_failure:  # others still hold
                self.clear_error(tab)
        self.image_changed.emit(image)
        for note in image.image.notes:
            _log.info("%s: %s", image.name, note)

    def settings_for_command(self) -> Settings:
        """The settings in force, with the plane of the open image where its file holds several."""
        opened = self.image
        if opened is None or opened.planes is None or opened.planes.count < 2:
            return self.settings
        names = ("page", "channel_shown", *PLACE_SETTINGS)
        changes = {name: getattr(opened.settings, name) for name in names}
        image = self.settings.image.model_copy(update=changes)
        return self.settings.model_copy(update={"image": image})

    def settings_for_image(self) -> Settings:
        """The settings in force, with those by which the open image was read."""
        if self.image is None:
            return self.settings
        return self.settings.model_copy(update={"image": self.image.settings})

    def open_sample(self) -> None:
        """Open one of the micrographs that come with samhq."""
        self.request_image(api.sample_images()[0])

    # ------------------------------------------------------------ settings

    @property
    def filter(self) -> FilterSettings:
        """The filter in force."""
        return self.settings.filter

    def set_filter(self, **values: Any) -> bool:
        """Change filter settings at once; can be undone. Returns False, and reports why, if they are bad."""
        try:
            changed = self.settings.updated({"filter": values}).filter
        except SamhqError as error:
            self.fail(tr("This filter is not possible"), str(error))
            return False
        if changed != self.filter:
            self.undo.push(ChangeFilter(self._put_filter, before=self.filter, after=changed, names=values))
        return True

    def _put_filter(self, chosen: FilterSettings) -> None:
        self._put(self.settings.model_copy(update={"filter": chosen}))

    def set_values(self, group: str, **values: Any) -> bool:
        """Change settings that are in force at once (analysis, output, export). Returns False if they are bad."""
        try:
            changed = self.settings.updated({group: values})
        except SamhqError as error:
            self.fail(tr("This setting is not possible"), str(error))
            return False
        self.draft = self.draft.updated({group: values})
        self._put(changed)
        return True

    def set_model(self, model: str) -> None:
        """Choose a model by name or file, at once; model_changed follows when it was looked at."""
        values = {"segmentation": {"model": model}}
        self.draft = self.draft.updated(values)
        self._put(self.settings.updated(values))
        self.draft_changed.emit()
        self.look_at_model()

    def look_at_model(self) -> None:
        """Find out what the chosen model is and where it would run."""
        from samhq.gui import work

        job = self.jobs.submit(
            tr("Looking at the model"), Lane.ENGINE, work.facts, self.settings, key="model facts"
        )
        job.done.connect(self._set_facts)
        job.failed.connect(self._model_failed)

    def _set_facts(self, facts: Facts) -> None:
        self.model = facts
        self.model_changed.emit(facts)

    def _model_failed(self, error: JobError) -> None:
        self.model = None
        self.model_changed.emit(None)
        failure = failure_of(tr("The model cannot be used"), error)
        remedy = tr("Use the starter model")
        self.report_error(
            self.current_tab, replace(failure, remedy=remedy, action=lambda: self.set_model("starter"))
        )

    def set_draft(self, group: str, name: str, value: Any) -> None:
        """Change the draft of the parameters tab. Raises SettingsError; the draft stays as it was then."""
        self.draft = self.draft.updated({group: {name: value}})
        self.draft_changed.emit()

    def replace_draft(self, settings: Settings) -> None:
        """Take other settings as the draft, all at once."""
        self.draft = settings
        self.draft_changed.emit()

    def reset_draft_to_defaults(self) -> None:
        """A draft in which nothing but the model, the filter, the analysis and the export is chosen."""
        keep = {name: getattr(self.settings, name) for name in ("filter", "analysis", "export")}
        model = Settings().updated({"segmentation": {"model": self.draft.segmentation.model}})
        self.replace_draft(model.model_copy(update=keep))

    def unapplied(self) -> list[tuple[str, str]]:
        """(group, name) of every setting in which the draft differs from what is in force.

        A value that was chosen and an equal one that was not differ: a model may recommend another one.
        """
        return _differences(self.draft, self.settings)

    def apply_draft(self) -> None:
        """Put the draft in force; the filter, which is always in force at once, stays."""
        before = self.settings
        keep = {name: getattr(before, name) for name in ("filter", "analysis", "export")}
        self.draft = self.draft.model_copy(update=keep)
        self._put(self.draft)
        self.draft_changed.emit()
        if _model_of(self.draft) != _model_of(before):
            self.look_at_model()

    def _put(self, settings: Settings) -> None:
        before = self.settings
        self.settings = settings
        at_once = {name: getattr(settings, name) for name in ("filter", "analysis", "export")}
        self.draft = self.draft.model_copy(update=at_once)
        if settings.filter != before.filter:
            self.filter_changed.emit(settings.filter)
        self.settings_changed.emit(settings)
        if _model_of(settings) != _model_of(before):
            self.model = None  # until it was looked at
            self.model_changed.emit(None)
        if settings.image != before.image and self._wanted is not None:
            wanted = self._wanted
            kept = settings.image.same_planes(before.image)
            self.open_image(
                wanted.path,
                page=wanted.page if kept else None,
                frozen_scale=wanted.frozen_scale,
                shown=wanted.shown if kept else None,
            )

    # ------------------------------------------------------------ configuration

    def save_configuration(self, path: Path) -> bool:
        """Write the settings in force as a configuration file. Returns False, and reports, on failure."""
        try:
            save_settings(self.settings, path)
        except (SamhqError, OSError) as error:
            self.fail(tr("The configuration was not saved"), str(error))
            return False
        self.memory.remember_file("configuration", path)
        self.notice.emit(tr("Configuration saved as {path}", path=path))
        return True

    def load_configuration(self, path: Path) -> bool:
        """Put a configuration file in force. A broken file changes nothing and is reported.

        What the file holds beyond the known settings and ranges is listed; the rest is taken.
        """
        from samhq.configuration import load_leniently

        try:
            loaded = load_leniently(path)
        except SamhqError as error:
            self.fail(tr("The configuration was not loaded; nothing was changed"), str(error))
            return False
        self.memory.remember_file("configuration", path)
        self.take_settings(loaded.settings)
        if loaded.problems:
            what = tr("{name} was loaded, but not all of it", name=path.name)
            self.fail(what, tr("Left out: {problems}", problems="; ".join(loaded.problems)))
        else:
            self.notice.emit(tr("Configuration loaded from {path}", path=path))
        return True

    def take_settings(self, settings: Settings) -> None:
        """Put whole settings in force and in the draft; the filter among them can be undone."""
        before = self.filter
        self.draft = settings
        self._put(settings.model_copy(update={"filter": before}))
        if settings.filter != before:
            names = ("configuration",)
            self.undo.push(ChangeFilter(self._put_filter, before=before, after=settings.filter, names=names))
        self.draft_changed.emit()
        self.look_at_model()

    # ------------------------------------------------------------ errors

    def fail(self, what: str, why: str, remedy: str = "", action: Callable[[], None] | None = None) -> None:
        """Report a failure over the tab that is shown."""
        self.report_error(self.current_tab, Failure(what=what, why=why, remedy=remedy, action=action))

    def report_error(self, tab: str, failure: Failure) -> None:
        """Show a failure over a tab and write it into the log."""
        _log.error("%s: %s", failure.what, failure.why)
        if failure.details:
            _log.debug("%s", failure.details)
        self.failures[tab] = failure
        self.error_reported.emit(tab, failure)

    def clear_error(self, tab: str) -> None:
        """Take the failure over a tab away."""
        self.failures.pop(tab, None)
        self.error_cleared.emit(tab)

    # ------------------------------------------------------------ from one start to the next

    def restore(self, last: Mapping[str, Any]) -> None:
        """Take up what was worked on at the last start, as far as it is still there."""
        try:
            self.take_settings(Settings().updated(last.get("settings", {})))
        except SamhqError as error:
            _log.warning("the settings of the last start do not fit this version: %s", error)
        for name in ("run", "image"):
            path = Path(last.get(name) or "")
            if last.get(name) and api.kind_of(path) != "missing":
                self.open_paths([path])
        tab = last.get("tab", "")
        if tab in TABS:
            self.tab_requested.emit(tab)

    def close(self) -> None:
        """Stop all work and keep what is to be remembered."""
        image = self.image.path if self.image is not None else None
        run = self.run.folder if "run" in self.__dict__ else None  # not made only to ask
        if image is not None or run is not None:  # who only looked in can still go on with the last one
            self.memory.remember_session(self.settings, image=image, run=run, tab=self.current_tab)
        self.jobs.close()


def failure_of(what: str, error: JobError) -> Failure:
    """A failed job as the error bar shows it."""
    why = error.message
    if not error.expected:
        why = tr("samhq itself failed ({error}); please report it with the details.", error=error.message)
    return Failure(what=what, why=why, details=error.details)


def _model_of(settings: Settings) -> tuple[object, object]:
    return settings.segmentation.model, settings.compute


def _differences(one: Settings, other: Settings) -> list[tuple[str, str]]:
    found = []
    for group, name, _ in iter_fields():
        first, second = getattr(one, group), getattr(other, group)
        chosen = [name in values.model_fields_set for values in (first, second)]
        if getattr(first, name) != getattr(second, name) or (
            group == "segmentation" and chosen[0] != chosen[1]
        ):
            found.append((group, name))
    return found
