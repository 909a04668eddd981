"""The outputs of a run: writing them, finding them, showing what is in them. No widgets."""

from __future__ import annotations

import csv
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QUrl, pyqtSignal
from PyQt6.QtGui import QDesktopServices

from samhq import api
from samhq.files import long_path, safe_name
from samhq.gui import work
from samhq.gui.image_list import ImageKey
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.session import Session, failure_of
from samhq.gui.translate import tr
from samhq.monitor import Monitor
from samhq.settings import FilterSettings, ImageSettings

if TYPE_CHECKING:
    from samhq.api import OutputSummary
    from samhq.gui.run_model import RunModel

__all__ = ["FORMATS", "OutputTable", "Outputs", "Written"]

_log = logging.getLogger(__name__)
_TAB = "batch"
_MOST_ROWS = 20_000
FORMATS = ("csv", "txt", "coco", "labels", "masks")
"""Formats beside pictures and tables; see `samhq export`."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written last. chosen: the filter it was written with."""

    summary: OutputSummary
    chosen: FilterSettings


@dataclass(frozen=True, slots=True)
class OutputTable:
    """A table of an output. total: rows in the file, of which the first are held."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_cut: bool


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
        self._job: Job | None = None

    # ------------------------------------------------------------ writing

    @property
    def is_busy(self) -> bool:
        """Whether an output is being written."""
        return self._job is not None

    @property
    def is_current(self) -> bool:
        """Whether the output that is shown was written with the filter in force, as its name says."""
        return self.folder is not None and self.folder.name.endswith(
            f"_SAM_HQ_Output_{self._session.filter.folder_tag()}"
        )

    @property
    def writes_after_run(self) -> bool:
        """Whether pictures and tables are written as soon as a batch is done."""
        return bool(self._session.memory.recall("batch/write_after_run", True))

    def set_writes_after_run(self, on: bool) -> None:
        """Choose whether pictures and tables are written as soon as a batch is done."""
        self._session.memory.remember("batch/write_after_run", on)

    def after_run(self) -> None:
        """A batch is done: write its output if that is wanted."""
        if self.writes_after_run:
            self.export()

    def export(self) -> bool:
        """Write pictures and tables of the run under the filter in force."""
        return self._submit(tr("Writing pictures and tables"), work.write_output, self._run.source)

    def export_as(self, format_name: str) -> bool:
        """Write the kept objects in one of FORMATS."""
        return self._submit(tr("Exporting as {format}", format=format_name), work.export_run, format_name)

    def _submit(self, title: str, function: Callable[..., Any], last: object) -> bool:
        folder = self._run.folder
        if folder is None or self.is_busy:
            return False
        settings = self._session.settings
        # A batch of hours must not keep its numbers to itself until it is done.
        lane = Lane.ENGINE if self._run.is_running else Lane.BATCH
        arguments = (folder, self._run.out, settings, last)
        job = self._session.jobs.submit(title, lane, function, *arguments, key="output")
        self._job = job
        job.done.connect(lambda summary: self._on_written(folder, Written(summary, settings.filter)))
        job.failed.connect(self._on_failed)
        job.finished.connect(self._on_finished)
        self.changed.emit()
        return True

    def stop(self) -> None:
        """Stop writing; files that are complete stay."""
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
        self._session.clear_error(_TAB)
        self.find()

    def _on_failed(self, error: JobError) -> None:
        self._session.report_error(_TAB, failure_of(tr("The output was not written"), error))

    def _on_finished(self) -> None:
        self._job = None
        self.changed.emit()

    # ------------------------------------------------------------ finding and showing

    def forget(self) -> None:
        """Another run is shown."""
        self.folders = ()
        self.folder = self.written = None
        self.changed.emit()

    def find(self) -> None:
        """Look for the outputs of the run; changed follows."""
        folder = self._run.folder
        if folder is None:
            return
        places = [folder.parent] if self._run.out is None else [self._run.out.absolute(), folder.parent]
        job = self._session.jobs.submit(
            tr("Looking for outputs"), Lane.LIGHT, _find, folder, places, key="find outputs"
        )
        job.done.connect(lambda found: self._set_folders(folder, found))

    def _set_folders(self, run: Path, found: tuple[Path, ...]) -> None:
        if run != self._run.folder:
            return
        self.folders = found
        if self.folder not in found:
            self.folder = found[0] if found else None
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

    def read_picture(self, key: ImageKey, *, pages: int) -> None:
        """Read the annotated picture of an image; picture_changed follows."""
        if self.folder is None:
            self.picture_changed.emit(None, tr("There is no output yet."))
            return
        job = self._session.jobs.submit(
            tr("Reading {name}", name=key[0]),
            Lane.LIGHT,
            _read_picture,
            self.folder,
            key,
            pages,
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
            tr("Reading {name}", name=name), Lane.LIGHT, _read_table, self.folder / name, key="output table"
        )
        job.done.connect(self.table_changed)
        job.failed.connect(
            lambda error: self._session.report_error(_TAB, failure_of(tr("The table cannot be read"), error))
        )


def _no_picture() -> str:
    return tr("This output holds no picture of this image.")


def _find(folder: Path, places: list[Path], *, monitor: Monitor, partial: object) -> tuple[Path, ...]:
    """Output folders of a run, the newest first."""
    name = folder.name.removesuffix("_SAM_HQ_Run")
    start = f"{name}_SAM_HQ_Output_"
    found = {}
    for place in places:
        for child in long_path(place).iterdir():
            if child.name.startswith(start) and child.is_dir():
                found[place / child.name] = child.stat().st_mtime
    return tuple(sorted(found, key=lambda path: -found[path]))


def _read_picture(
    folder: Path, key: ImageKey, pages: int, *, monitor: Monitor, partial: object
) -> npt.NDArray[np.uint8] | None:
    path, page = key
    tail = f"_page-{page:02d}" if pages > 1 else ""
    # Images whose names differ in the extension alone keep it; see the manual.
    for stem in (PurePosixPath(path), PurePosixPath(path).with_suffix("")):
        *folders, name = stem.parts
        picture = folder.joinpath(*(safe_name(f) for f in folders), safe_name(name + tail) + "_sam_hq.png")
        if long_path(picture).is_file():
            return api.read_image(picture, ImageSettings()).rgb
    return None


def _read_table(path: Path, *, monitor: Monitor, partial: object) -> OutputTable:
    with long_path(path).open(encoding="utf-8-sig", newline="") as stream:
        lines = csv.reader(stream)
        columns = tuple(next(lines, ()))
        rows = tuple(tuple(row) for row in islice(lines, _MOST_ROWS))
        is_cut = next(lines, None) is not None
    return OutputTable(columns, rows, is_cut)
