"""A mask made with SAM-HQ from clicks and a box: shown first, taken or dropped afterwards. No widgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.mask_failures import report
from samhq.gui.translate import tr

if TYPE_CHECKING:
    from samhq.gui.mask_document import MaskDocument

__all__ = ["PromptedMask"]

Box = tuple[int, int, int, int]


class PromptedMask(QObject):
    """Clicks inside (label 1) and outside (label 0) of an object, perhaps a box, and the mask for them.

    changed: other prompts or another preview.
    """

    changed = pyqtSignal()

    def __init__(self, document: MaskDocument) -> None:
        super().__init__(document)
        self._document = document
        self._points: list[tuple[int, int]] = []
        self._labels: list[int] = []
        self._steps: list[str] = []
        self._job: Job | None = None
        self.box: Box | None = None
        self.mask: npt.NDArray[np.bool_] | None = None
        self.predicted_iou = 0.0

    @property
    def points(self) -> npt.NDArray[np.float64]:
        """(k, 2) x, y of the clicked pixels."""
        return np.array(self._points, dtype=np.float64).reshape(-1, 2)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """(k,) 1 for clicks inside the object, 0 for those outside."""
        return np.array(self._labels, dtype=np.int64)

    @property
    def is_active(self) -> bool:
        """Whether there is anything to take or to drop."""
        return bool(self._points) or self.box is not None

    @property
    def is_computing(self) -> bool:
        """Whether the mask for the latest prompts is still to come."""
        return self._job is not None

    def add_point(self, x: int, y: int, *, inside: bool) -> None:
        """One more click, inside or outside of the object."""
        self._points.append((x, y))
        self._labels.append(int(inside))
        self._steps.append("point")
        self._predict()

    def set_box(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """A box around the object, in place of an earlier one; half-open, in pixels."""
        self.box = (x0, y0, x1, y1)
        self._steps = [step for step in self._steps if step != "box"] + ["box"]
        self._predict()

    def take_back(self) -> None:
        """Take the last click or box back."""
        if not self._steps:
            return
        if self._steps.pop() == "box":
            self.box = None
        else:
            self._points.pop()
            self._labels.pop()
        if self.is_active:
            self._predict()
        else:
            self.drop()

    def drop(self) -> None:
        """Forget prompts and preview."""
        was_active = self.is_active or self.mask is not None
        if self._job is not None:
            job, self._job = self._job, None
            job.stop()
        self._points, self._labels, self._steps = [], [], []
        self.box = self.mask = None
        if was_active:
            self.changed.emit()

    def accept(self) -> bool:
        """Make the previewed mask one of the document. Returns False while there is none."""
        mask, predicted_iou = self.mask, self.predicted_iou
        if mask is None or self.is_computing or not mask.any():
            return False
        points = [p for p, label in zip(self._points, self._labels, strict=True) if label]
        self.drop()
        self._document.edits.add(mask, predicted_iou=predicted_iou, point=points[0] if points else None)
        return True

    def _predict(self) -> None:
        from samhq.gui import work

        image = self._document.session.image
        if image is None:
            return
        points = tuple((float(x), float(y)) for x, y in self._points)
        box = None if self.box is None else tuple(float(v) for v in self.box)
        arguments = (
            image.path,
            self._document.settings,
            points,
            tuple(self._labels),
            box,
            self._document.expected,
        )
        title = tr("Asking SAM-HQ for the mask")
        job = self._document.session.jobs.submit(title, Lane.ENGINE, work.predict, *arguments, key="predict")
        job.done.connect(lambda answer: self._on_done(job, answer))
        job.failed.connect(lambda error: self._on_failed(job, error))
        job.cancelled.connect(lambda: self._on_cancelled(job))
        self._job = job
        self.changed.emit()

    def _on_done(self, job: Job, answer: tuple[npt.NDArray[np.bool_], float]) -> None:
        if job is self._job:
            self._job = None
            self.mask, self.predicted_iou = answer
            self.changed.emit()

    def _on_failed(self, job: Job, error: JobError) -> None:
        if job is self._job:
            self._job = None
            report(self._document, tr("SAM-HQ gave no mask"), error)
            self.changed.emit()

    def _on_cancelled(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self.changed.emit()
