"""The outputs of a run: writing them, finding them, showing what is in them. No widgets."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices

from samhq import api
from samhq.api import OutputState, OutputTable
from samhq.gui import work
from samhq.gui.export_words import format_text
from samhq.gui.image_list import ImageKey, ImageState
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.session import Session, failure_of
from samhq.gui.translate import tr
from samhq.monitor import Monitor
from samhq.settings import FilterSettings, ImageSettings, Settings

if TYPE_CHECKING:
    from samhq.api import ImageRecord, OutputSummary
    from samhq.gui.run_model import RunModel

__all__ = ["Outputs", "Written"]

_log = logging.getLogger(__name__)
_TAB = "batch"
_MOST_ROWS = 20_000
_DONE = (ImageState.DONE, ImageState.NONE_FOUND, ImageState.ALL_FILTERED)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written last. chosen: the filter it was written with."""

    summary: OutputSummary
    chosen: FilterSettings


class Outputs(QObject):
    """Writes and reads output folders of the run.

    changed: folders, folder, written or is_busy. picture_changed(rgb or None, problem); table_changed(OutputTable).
    """

    changed = pyqtSignal()
    picture_changed = pyqtSignal(object, str)
    table_changed = pyqtSignal(object)

    def __init__(self, session: Session, run: RunModel) -> None:
        super().__init__(run)
        self._session = session
        self._run = run
        self.folders: tuple[Path, ...] = ()
        self.folder: Path | None = None
        self.written: Written | None = None
        self._states: dict[Path, OutputState] = {}
        self._job: Job | None = None
        self._once_more = False

    # ------------------------------------------------------------ writing

    @property
    def is_busy(self) -> bool:
        """Whether an output is being written."""
        return self._job is not None

    @property
    def is_current(self) -> bool:
        """Whether the output that is shown holds all the run does now, under the filter in force."""
        return self.folder in self._states and not self.staleness

    @property
    def staleness(self) -> str:
        """Why the output that is shown is not what an export would write now; "" if it is, or not known."""
        state = None if self.folder is None else self._states.get(self.folder)
        if state is None:
            return ""
        chosen, facts, look = self._session.filter, self._run.facts, self._run.look
        made = state.settings
        if state.tag != chosen.folder_tag() or (made is not None and made.filter != chosen):
            return tr("Written with another filter than the one in force.")
        if look is None:
            return ""
        done = int(np.count_nonzero(np.isin(look.rows.states, _DONE)))
        is_same = made is None or facts is None or _finding(made) == _finding(facts.settings)
        if state.done is None or not is_same or (state.done, state.found) != (done, look.found):
            return tr("The run has changed since this was written; export it again.")
        return ""

    @property
    def writes_after_run(self) -> bool:
        """Whether pictures and tables are written as soon as a batch is done."""
        return bool(self._session.memory.recall("batch/write_after_run", True))

    def set_writes_after_run(self, on: bool) -> None:
        """Choose whether pictures and tables are written as soon as a batch is done."""
        self._session.memory.remember("batch/write_after_run", on)

    def after_run(self) -> None:
        """A batch is done: write its output if that is wanted, after the one that is being written now."""
        if self.writes_after_run and not self.export():
            self._once_more = self.is_busy

    def export(self) -> bool:
        """Write pictures and tables of the run under the filter in force."""
        return self._submit(tr("Writing pictures and tables"), work.write_output, self._run.source)

    def export_as(self, format_name: str) -> bool:
        """Write the kept objects in one of RUN_FORMATS."""
        title = tr("Exporting: {format}", format=format_text(format_name))
        return self._submit(title, work.export_run, self._run.source, format_name)

    def _submit(self, title: str, function: Callable[..., Any], *more: object) -> bool:
        folder = self._run.folder
        if folder is None or self.is_busy:
            return False
        settings = self._session.settings
        # A batch of hours must not keep its numbers to itself until it is done.
        lane = Lane.ENGINE if self._run.is_running else Lane.BATCH
        arguments = (folder, self._run.out, settings, *more)
        job = self._session.jobs.submit(title, lane, function, *arguments, key="output")
        self._job = job
        job.done.connect(lambda summary: self._on_written(folder, Written(summary, settings.filter)))
        job.failed.connect(self._on_failed)
        job.finished.connect(lambda: self._on_finished(folder))
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Stop writing; files that are complete stay."""
        self._once_more = False
        if self._job is not None:
            self._job.stop()

    def _on_written(self, run: Path, written: Written) -> None:
        self._session.notice.emit(tr("Written: {folder}", folder=written.summary.folder))
        for warning in written.summary.warnings:
            _log.warning("%s", warning)
        if run != self._run.folder:  # another run was chosen meanwhile
            return
        self.written = written
        self.folder = written.summary.folder
        self._states.pop(self.folder, None)
        self._session.clear_error(_TAB)
        self.find()

    def _on_failed(self, error: JobError) -> None:
        self._session.report_error(_TAB, failure_of(tr("The output was not written"), error))

    def _on_finished(self, run: Path) -> None:
        self._job = None
        again, self._once_more = self._once_more, False
        if again and run == self._run.folder and self.export():
            return
        self.changed.emit()

    # ------------------------------------------------------------ finding and showing

    def forget(self) -> None:
        """Another run is shown."""
        self.folders = ()
        self.folder = self.written = None
        self._states = {}
        self._once_more = False
        self.changed.emit()

    def find(self) -> None:
        """Look for the outputs of the run; changed follows."""
        folder = self._run.folder
        if folder is None:
            return
        job = self._session.jobs.submit(
            tr("Looking for outputs"), Lane.LIGHT, _find, folder, self._run.out, key="find outputs"
        )
        job.done.connect(lambda found: self._set_states(folder, found))
        job.failed.connect(lambda error: _log.warning("%s", error.message))

    def _set_states(self, run: Path, found: dict[Path, OutputState]) -> None:
        if run != self._run.folder:
            return
        self._states = found
        self.folders = tuple(found)
        if self.folder not in found:
            self.folder = next(iter(found), None)
        self.changed.emit()

    def choose(self, folder: Path) -> None:
        """Show another output."""
        self.folder = folder
        self.changed.emit()

    def open_folder(self) -> None:
        """Show the output, or before there is one the run, in the file manager of the system."""
        folder = self.folder or self._run.folder
        if folder is None or not folder.is_dir():
            self._session.fail(
                tr("There is no output yet"), tr("Start the batch, or press Export Data for a stored run.")
            )
            return
        if sys.platform == "win32":
            os.startfile(folder)  # noqa: S606 - a folder, in the file manager
        else:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def read_picture(self, key: ImageKey) -> None:
        """Read the annotated picture of an image; picture_changed follows."""
        look = self._run.look
        if self.folder is None or look is None:
            self.picture_changed.emit(None, tr("There is no output yet."))
            return
        job = self._session.jobs.submit(
            tr("Reading {name}", name=key[0]),
            Lane.LIGHT,
            _read_picture,
            self.folder,
            look.view.records,
            key,
            key="output picture",
        )
        job.done.connect(lambda rgb: self.picture_changed.emit(rgb, "" if rgb is not None else _no_picture()))
        job.failed.connect(lambda error: self.picture_changed.emit(None, error.message))

    def read_table(self, name: str) -> None:
        """Read "objects.csv" or "images.csv" of the output; table_changed follows."""
        if self.folder is None:
            self.table_changed.emit(OutputTable((), (), is_cut=False))
            return
        job = self._session.jobs.submit(
            tr("Reading {name}", name=name), Lane.LIGHT, _read_table, self.folder, name, key="output table"
        )
        job.done.connect(self.table_changed)
        job.failed.connect(
            lambda error: self._session.report_error(_TAB, failure_of(tr("The table cannot be read"), error))
        )


def _no_picture() -> str:
    return tr("This output holds no picture of this image.")


def _finding(settings: Settings) -> tuple[object, ...]:
    """The settings that decide which objects a run finds."""
    return settings.image, settings.segmentation


def _find(folder: Path, out: Path | None, *, monitor: Monitor, partial: object) -> dict[Path, OutputState]:
    """Output folders of a run with what they were made of, the newest first."""
    return {output: api.output_state(output) for output in api.output_folders(folder, out)}


def _read_picture(
    folder: Path, records: Sequence[ImageRecord], key: ImageKey, *, monitor: Monitor, partial: object
) -> npt.NDArray[np.uint8] | None:
    picture = api.output_picture(folder, records, *key)
    return None if picture is None else api.read_image(picture, ImageSettings()).rgb


def _read_table(folder: Path, name: str, *, monitor: Monitor, partial: object) -> OutputTable:
    return api.read_output_table(folder, name, limit=_MOST_ROWS)
