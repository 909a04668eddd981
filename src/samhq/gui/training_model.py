"""Teaching a model one's own corrected masks: pictures, choices, the running job. No widgets."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtCore import QObject, QStandardPaths, pyqtSignal

from samhq import api
from samhq.errors import SamhqError
from samhq.files import remove_file
from samhq.gui.bars import Failure
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.translate import tr
from samhq.training_settings import TrainingSettings

if TYPE_CHECKING:
    from samhq.api import TrainingPicture
    from samhq.gui.session import Session
    from samhq.gui.training_work import Listed, Trained

__all__ = ["FEWEST", "MINUTES", "TrainingModel"]

_log = logging.getLogger(__name__)
MINUTES = (1.0, 24 * 60.0)
"""Shortest and longest time of training."""
FEWEST = 4
"""Of fewer pictures none is kept apart to judge the model by."""
_DEFAULT_MINUTES = 10.0
_STEPS = 1_000_000  # the clock ends the training, not their number
_SAVED_MINUTES = 0.5  # what a sudden end may cost
_PATIENCE_MS = 30_000  # a step and a checkpoint of a large model


class TrainingModel(QObject):
    """What the training dialog shows and does.

    changed: pictures, choices, or whether training is under way. advanced: a row of the curves or a step.
    failed(Failure): something did not work.
    """

    changed = pyqtSignal()
    advanced = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.session = session
        memory = session.memory
        self.own = Path(memory.recall("training/own", str(_default_own())))
        self.further = [Path(p) for p in memory.recall("training/further", [])]
        self.minutes = float(memory.recall("training/minutes", _DEFAULT_MINUTES))
        self.incomplete = False
        self.start: str | None = None
        self.out = _free_name(api.models_folder() / tr("my model"))
        self.pictures: tuple[TrainingPicture, ...] = ()
        self.problems: dict[Path, str] = {}
        self.job: Job | None = None
        self.rows: list[Mapping[str, Any]] = []
        self.result: Trained | None = None
        session.image_changed.connect(lambda _: self.changed.emit())
        session.model_changed.connect(lambda _: self.changed.emit())
        for signal in (session.masks.masks_changed, session.masks.filter_changed):
            signal.connect(self.changed)
        self.refresh()

    # ------------------------------------------------------------ pictures

    @property
    def folders(self) -> list[Path]:
        """Where pictures come from: the user's own folder first."""
        return [self.own, *(folder for folder in self.further if folder != self.own)]

    def refresh(self) -> None:
        """Read anew which pictures there are."""
        from samhq.gui import training_work

        title = tr("Reading the labelled pictures")
        job = self.session.jobs.submit(
            title, Lane.LIGHT, training_work.list_pictures, self.folders, key="training pictures"
        )
        job.done.connect(self._on_listed)

    def _on_listed(self, listed: Listed) -> None:
        self.pictures, self.problems = listed.pictures, listed.problems
        self.changed.emit()

    def present(self) -> int:
        """How many masks of the open image would be added: those of the table that are not marked as unwanted."""
        return len(self._rows())

    def _rows(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        document = self.session.masks
        if document.objects is None or document.is_preliminary:
            return np.zeros(0, np.int64)
        rows = document.rows()
        return rows[~document.rejected[rows]]

    def add_present(self) -> Job | None:
        """Put the open image with its masks into the user's own folder."""
        from samhq.gui import training_work

        opened, objects, rows = self.session.image, self.session.masks.objects, self._rows()
        if opened is None or objects is None or not len(rows):
            why = tr("Generate masks, correct them until every object has one, then add the picture.")
            self.failed.emit(Failure(tr("There are no masks to learn from"), why))
            return None
        page = opened.settings.page
        name = f"{opened.path.stem}_p{page}" if isinstance(page, int) and page > 1 else opened.path.stem
        what = (self.own, name, opened.image.rgb, objects.masks[rows])
        title = tr("Adding {name} to the training pictures", name=opened.name)
        job = self.session.jobs.submit(title, Lane.LIGHT, training_work.add_picture, *what)
        is_all = len(self.session.masks.rows()) == len(objects.masks)
        job.done.connect(lambda picture: self._on_added(picture, objects if is_all else None))
        job.failed.connect(partial(self._on_failed, tr("The picture was not added")))
        return job

    def _on_added(self, picture: TrainingPicture, written: Any) -> None:
        """written: the objects whose corrections are kept in a file now; None where the filter hides some."""
        if written is not None:
            self.session.masks.set_written(written)
        text = tr("{name}: {n} objects to learn from", name=picture.name, n=picture.objects)
        self.session.notice.emit(text)
        self.refresh()

    def remove(self, pictures: Sequence[TrainingPicture]) -> None:
        """Take pictures that were added out again; those of other folders stay."""
        from samhq.gui import training_work

        own = [picture for picture in pictures if picture.own]
        title = tr("Removing training pictures")
        job = self.session.jobs.submit(title, Lane.LIGHT, training_work.remove_pictures, own)
        job.failed.connect(partial(self._on_failed, tr("The pictures were not removed")))
        job.finished.connect(self.refresh)

    def set_own(self, folder: Path) -> None:
        """Choose the folder to which pictures are added."""
        self.own = folder
        self.session.memory.remember("training/own", str(folder))
        self.refresh()

    def add_folder(self, folder: Path) -> None:
        """Learn from another folder of labelled pictures as well."""
        if folder not in self.folders:
            self._set_further([*self.further, folder])

    def remove_folder(self, folder: Path) -> None:
        """Do not learn from a further folder any more; nothing in it is touched."""
        self._set_further([f for f in self.further if f != folder])

    def _set_further(self, folders: list[Path]) -> None:
        self.further = folders
        self.session.memory.remember("training/further", [str(f) for f in folders])
        self.refresh()

    # ------------------------------------------------------------ choices

    @property
    def starting_model(self) -> str:
        """Name or file of the model that is taught: the one in use unless another was chosen."""
        return self.start or self.session.settings.segmentation.model

    def set_start(self, model: str | None) -> None:
        """Choose the model that is taught; None: the one in use."""
        self.start = model
        self.changed.emit()

    def set_minutes(self, minutes: float) -> None:
        """Choose how long to train."""
        self.minutes = minutes
        self.session.memory.remember("training/minutes", minutes)
        self.changed.emit()

    def set_out(self, path: Path) -> None:
        """Choose the file of the trained model."""
        self.out = (
            path if path.suffix.lower() == ".safetensors" else path.with_name(path.name + ".safetensors")
        )
        self.changed.emit()

    def set_incomplete(self, incomplete: bool) -> None:
        """Say whether some objects have no mask."""
        self.incomplete = incomplete
        self.changed.emit()

    # ------------------------------------------------------------ training

    @property
    def is_training(self) -> bool:
        """Whether a model is being taught now."""
        return self.job is not None

    @property
    def can_go_on(self) -> bool:
        """Whether a training that was stopped lies beside the chosen file."""
        return api.training_checkpoint(self.out).is_file()

    def train(self) -> Job | None:
        """Teach the model, or go on where it was stopped."""
        from samhq.gui import training_work

        if self.is_training:
            return self.job
        if not self.pictures:
            self.failed.emit(Failure(tr("There is nothing to learn from"), tr("Add at least one picture.")))
            return None
        if self.result is not None and self.out == self.result.path and not self.can_go_on:
            self.out = _free_name(self.out.with_suffix(""))  # the model of before stays
        settings = TrainingSettings(
            minutes=self.minutes, steps=_STEPS, checkpoint_minutes=_SAVED_MINUTES,
            device=self.session.settings.compute.device,
        )  # fmt: skip
        folders = [folder for folder in self.folders if any(p.folder == folder for p in self.pictures)]
        what = (folders, self.starting_model, self.out, settings, ("all",) if self.incomplete else ())
        title = tr("Training {name}", name=self.out.stem)
        job = self.session.jobs.submit(title, Lane.TRAINING, training_work.train, *what, key="training")
        job.patience_ms = _PATIENCE_MS
        self.job, self.rows, self.result = job, [], None
        job.partial.connect(self._on_row)
        job.progress.connect(lambda _: self.advanced.emit())
        job.done.connect(self._on_trained)
        job.failed.connect(partial(self._on_failed, tr("The model was not trained")))
        job.finished.connect(self._on_finished)
        self.changed.emit()
        return job

    def stop(self) -> None:
        """Stop; what was learnt is kept and can be gone on with."""
        if self.job is not None:
            self.job.stop()
            self.changed.emit()

    def forget_checkpoint(self) -> None:
        """Drop a training that was stopped, so that the next one begins anew."""
        try:
            remove_file(api.training_checkpoint(self.out))
        except (SamhqError, OSError) as error:
            self.failed.emit(Failure(tr("The stopped training was not dropped"), str(error)))
        self.rows = []
        self.changed.emit()

    def use_result(self) -> None:
        """Find masks with the trained model from now on."""
        if self.result is not None:
            self.session.set_model(str(self.result.path))

    def _on_row(self, row: Mapping[str, Any]) -> None:
        self.rows.append(row)
        self.advanced.emit()

    def _on_trained(self, result: Trained) -> None:
        self.result = result
        _log.info("trained %s in %d steps", result.path, result.steps)
        self.session.notice.emit(tr("The model {name} is trained", name=result.path.name))

    def _on_failed(self, what: str, error: JobError) -> None:
        from samhq.gui.session import failure_of

        failure = failure_of(what, error)
        _log.error("%s: %s", failure.what, failure.why)
        self.failed.emit(failure)

    def _on_finished(self) -> None:
        self.job = None
        self.changed.emit()


def _default_own() -> Path:
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents or Path.home()) / "samhq training"


def _free_name(path: Path) -> Path:
    """The path as a model file that is not there yet."""
    number = 1
    while True:
        name = f"{path.name}.safetensors" if number == 1 else f"{path.name} {number}.safetensors"
        if not (path.parent / name).exists():
            return path.parent / name
        number += 1
