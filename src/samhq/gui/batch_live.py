"""The run as it is now under the filter as it is now, while both change; and the one image that is looked at."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from samhq.filters import FilteredObjects
from samhq.gui.batch_look import Look, Shown, look_at, read_shown
from samhq.gui.image_list import ImageKey
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.session import Session
from samhq.gui.translate import tr
from samhq.monitor import Monitor

if TYPE_CHECKING:
    from samhq.api import RunOverview
    from samhq.gui.run_model import RunModel

__all__ = ["LiveRun", "ShownImage"]

_INTERVAL_S = 1.0
"""A growing run is read again at most this often."""


class LiveRun(QObject):
    """Filters a run in a thread. One look is under way at a time; the next takes the filter then in force, so
    that the latest filter wins and none in between makes it wait.

    changed(Look or None). failed(JobError): the run could not be read.
    """

    changed = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.folder: Path | None = None
        self.look: Look | None = None
        self._overview: RunOverview | None = None
        self._job: Job | None = None
        self._generation = 0
        self._wants_look = False
        self._wants_update = False
        self._last_update = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.update)
        session.filter_changed.connect(self._ask)

    def open(self, folder: Path) -> None:
        """Look into another run folder, or into the same one again if it could not be read before."""
        if folder == self.folder and (self._overview is not None or self._job is not None):
            return
        self.close()
        self.folder = folder
        self.update()

    def close(self) -> None:
        """Look into no run any more."""
        self._generation += 1
        overview, self._overview = self._overview, None
        if overview is not None:
            # It may be reading at this moment; waiting for that is no business of the event loop.
            self._session.jobs.submit(tr("Closing the run"), Lane.LIGHT, _close, overview)
        self.folder = None
        self._wants_look = self._wants_update = False
        self._timer.stop()
        if self.look is not None:
            self.look = None
            self.changed.emit(None)

    def update(self) -> None:
        """Read what was stored since the last time."""
        self._wants_update = True
        self._ask()

    def update_soon(self) -> None:
        """The same, but not more often than once a second."""
        if not self._timer.isActive():
            wait = self._last_update + _INTERVAL_S - time.monotonic()
            self._timer.start(max(0, round(1000 * wait)))

    def _ask(self) -> None:
        self._wants_look = True
        self._next()

    def _next(self) -> None:
        if self._job is not None or not self._wants_look or self.folder is None:
            return
        if self._overview is None and not self._wants_update:
            return  # it could not be opened; another filter changes nothing about that
        is_update, self._wants_look, self._wants_update = self._wants_update, False, False
        if is_update:
            self._last_update = time.monotonic()
        generation = self._generation
        title = tr("Filtering {name}", name=self.folder.name)
        overview = self._overview or self.folder
        known = None if self.look is None else self.look.view.settings
        try:
            job = self._session.jobs.submit(
                title, Lane.LIGHT, look_at, overview, self._session.filter, is_update, known
            )
        except RuntimeError:  # the window is closing
            return
        self._job = job
        job.partial.connect(lambda opened: self._set_overview(opened, generation))
        job.done.connect(lambda look: self._set_look(look, generation))
        job.failed.connect(lambda error: self._on_failed(error, generation))
        job.finished.connect(self._on_finished)

    def _set_overview(self, overview: RunOverview, generation: int) -> None:
        if generation == self._generation:
            self._overview = overview
        else:
            self._session.jobs.submit(tr("Closing the run"), Lane.LIGHT, _close, overview)

    def _set_look(self, look: Look | None, generation: int) -> None:
        if generation == self._generation and look is not None:
            self.look = look
            self.changed.emit(look)

    def _on_failed(self, error: JobError, generation: int) -> None:
        if generation == self._generation:
            self.failed.emit(error)

    def _on_finished(self) -> None:
        self._job = None
        self._next()


class ShownImage(QObject):
    """The image that is looked at, with its objects.

    changed(Shown or None): another image, or new objects of the same. filtered_changed: what the filter says.
    """

    changed = pyqtSignal(object)
    filtered_changed = pyqtSignal()

    def __init__(self, session: Session, run: RunModel, live: LiveRun) -> None:
        super().__init__(run)
        self._session = session
        self._run = run
        self._live = live
        self._reading: tuple[ImageKey, str] | None = None
        self.selected: ImageKey | None = None
        self.shown: Shown | None = None
        live.changed.connect(self._renew)

    def select(self, key: ImageKey | None) -> None:
        """Show an image with its objects; changed follows."""
        if key is None:
            self._session.jobs.stop_all("batch image")
            self.selected = self.shown = self._reading = None
            self.changed.emit(None)
            return
        if key != self.selected:
            self.selected = key
            self._read(key)

    def read_again(self) -> None:
        """Read the image anew: its file may have moved or been mended."""
        if self.selected is not None:
            self._read(self.selected)

    def filtered(self) -> FilteredObjects | None:
        """What the filter says of the objects of the shown image, in the order of its masks."""
        look, shown, row = self._live.look, self.shown, self._row()
        if row is None or look is None or shown is None or shown.masks is None or shown.key != self.selected:
            return None
        found = look.view.image(row)
        return found if len(found) == len(shown.masks) else None

    def _row(self) -> int | None:
        look = self._live.look
        return None if look is None or self.selected is None else look.rows.row_of(self.selected)

    def _stored(self) -> str:
        """What decides the objects of the selected image as the run holds them now; "" for none."""
        look, row = self._live.look, self._row()
        if look is None or row is None:
            return ""
        record = look.view.records[row]
        return record.segment_key if record.status == "done" else ""

    def _renew(self) -> None:
        if self.selected is None:
            return
        stored = self._stored()
        if self._reading is not None and self._reading == (self.selected, stored):
            return
        if self.shown is None or self.shown.key != self.selected or self.shown.segment_key != stored:
            self._read(self.selected)
        else:
            self.filtered_changed.emit()

    def _read(self, key: ImageKey) -> None:
        run = self._run
        settings = run.facts.settings.image if run.facts is not None else self._session.settings.image
        stored = self._stored()
        self._reading = (key, stored)
        job = self._session.jobs.submit(
            tr("Reading {name}", name=key[0]),
            Lane.LIGHT,
            read_shown,
            self._live.folder if stored else None,
            run.source,
            key,
            settings,
            key="batch image",
        )
        job.done.connect(lambda shown: self._set(key, shown))
        job.failed.connect(
            lambda error: self._set(key, Shown(key=key, file=None, segment_key=stored, problem=error.message))
        )

    def _set(self, key: ImageKey, shown: Shown) -> None:
        if key != self.selected:
            return
        self._reading = None
        self.shown = shown
        self.changed.emit(shown)
        self.filtered_changed.emit()


def _close(overview: RunOverview, *, monitor: Monitor, partial: object) -> None:
    overview.close()
