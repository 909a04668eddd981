"""Corrections by hand, one after the other: made in a thread, measured where the network runs. No widgets."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from samhq import api
from samhq.gui import mask_operations as operations
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.mask_operations import Edited
from samhq.gui.mask_state import IntArray, MaskState, Objects
from samhq.gui.translate import tr
from samhq.monitor import Monitor
from samhq.outlines import Outlines

if TYPE_CHECKING:
    from samhq.api import ObjectMeasurements
    from samhq.gui.mask_document import MaskDocument

__all__ = ["MaskEdits", "spliced"]


@dataclass(frozen=True, slots=True)
class _Edit:
    """text: for undo. make: gives the masks after the edit, None if there is nothing to do."""

    text: str
    make: Callable[[MaskState], Edited | None]


class MaskEdits(QObject):
    """The corrections of a document. Each becomes one step of undo when it has been measured.

    busy_changed(bool): whether one is on its way. refused(str): why an edit did nothing.
    """

    busy_changed = pyqtSignal(bool)
    refused = pyqtSignal(str)

    def __init__(self, document: MaskDocument) -> None:
        super().__init__(document)
        self._document = document
        self._queue: deque[_Edit] = deque()
        self._current: _Edit | None = None
        document.session.image_changed.connect(lambda _: self.forget())

    @property
    def is_busy(self) -> bool:
        """Whether an edit is on its way."""
        return self._current is not None

    def forget(self) -> None:
        """Drop edits that are not in force yet."""
        self._queue.clear()
        if self._current is not None:
            self._current = None
            self.busy_changed.emit(False)

    # ------------------------------------------------------------ what a user does

    def add(
        self,
        mask: npt.NDArray[np.bool_],
        *,
        predicted_iou: float = 1.0,
        point: tuple[float, float] | None = None,
    ) -> None:
        """Add a mask, (h, w) bool, and select it."""
        self._begin(
            tr("Add Mask"),
            lambda state: operations.add(state, mask, predicted_iou=predicted_iou, point=point),
        )

    def stroke(self, points: npt.NDArray[np.float64], radius: float, *, erase: bool) -> None:
        """Paint along a line, (k, 2) x, y.

        Paint goes to the selected mask the stroke begins on, else to the first selected one, else makes a
        new mask; the eraser takes from the selected masks, without any from the smallest one it begins on.
        """
        text = tr("Eraser") if erase else tr("Brush")
        self._begin(text, lambda state: operations.stroke(state, points, radius, erase=erase))

    def cut(self, line: npt.NDArray[np.float64]) -> None:
        """Split the selected masks, or without any the smallest one that it divides, along a line, (k, 2) x, y."""
        self._begin(tr("Split"), lambda state: operations.cut(state, line))

    def merge(self) -> None:
        """Join the selected masks into one."""
        self._begin(tr("Merge"), operations.merge)

    def delete(self) -> None:
        """Take the selected masks away."""
        self._begin(tr("Delete"), operations.delete)

    # ------------------------------------------------------------ one after the other

    def _begin(self, text: str, make: Callable[[MaskState], Edited | None]) -> None:
        document = self._document
        if document.is_generating:
            self.refused.emit(tr("Masks are being found; stop that first, or wait."))
            return
        if document.session.image is None:
            return
        self._queue.append(_Edit(text, make))
        self._next()

    def _next(self) -> None:
        if self._current is not None or not self._queue:
            return
        edit = self._queue.popleft()
        state = self._document.state
        if state.objects is None:
            state = self._document.empty_state()
        self._current = edit
        self.busy_changed.emit(True)
        job = self._document.session.jobs.submit(edit.text, Lane.LIGHT, _make, edit.make, state)
        job.done.connect(lambda made: self._on_made(edit, state, made))
        self._watch(job, edit)

    def _on_made(self, edit: _Edit, state: MaskState, made: tuple[Edited, Outlines] | str) -> None:
        from samhq.gui import work

        if edit is not self._current:
            return
        if isinstance(made, str):
            self.refused.emit(made)
            self._finish(edit)
            return
        edited, outlines = made
        image = self._document.session.image
        if image is None:
            return
        arguments = (image.path, self._document.settings, edited.masks)
        job = self._document.session.jobs.submit(
            tr("Measuring the corrected masks"), Lane.ENGINE, work.measure, *arguments
        )
        job.done.connect(lambda measured: self._on_measured(edit, state, edited, outlines, measured))
        self._watch(job, edit)

    def _on_measured(
        self, edit: _Edit, state: MaskState, edited: Edited, outlines: Outlines, measured: ObjectMeasurements
    ) -> None:
        if edit is not self._current:
            return
        document = self._document
        if document.objects is not None and document.objects is not state.objects:
            # Something was undone meanwhile: the edit is made anew on what is there now.
            self._queue.appendleft(edit)
        elif not document.is_generating:
            objects = document.new_objects(edited.masks, outlines, measured, edited.ids)
            document.take_edited(_marked(document.state, objects, edited), edited, edit.text)
        self._finish(edit)

    def _watch(self, job: Job, edit: _Edit) -> None:
        job.failed.connect(lambda error: self._on_failed(edit, error))
        job.cancelled.connect(lambda: self._finish(edit))

    def _on_failed(self, edit: _Edit, error: JobError) -> None:
        from samhq.gui.session import failure_of

        if edit is self._current:
            what = tr("{edit} was not possible", edit=edit.text)
            self._document.session.report_error("masks", failure_of(what, error))
            self._finish(edit)

    def _finish(self, edit: _Edit) -> None:
        if edit is not self._current:
            return
        self._current = None
        self.busy_changed.emit(False)
        self._next()


def _make(
    make: Callable[[MaskState], Edited | None], state: MaskState, *, monitor: Monitor, partial: Any
) -> tuple[Edited, Outlines] | str:
    try:
        edited = make(state)
    except operations.NothingToDo as reason:
        return str(reason)
    if edited is None or state.objects is None:
        return tr("That changed nothing.")
    fresh = np.flatnonzero(edited.source < 0)
    return edited, spliced(state.objects.outlines, edited.source, api.outlines(edited.masks[fresh]), fresh)


def _marked(state: MaskState, objects: Objects, edited: Edited) -> MaskState:
    """The marks of the state now in force, carried over by id, and those the edit makes."""
    selected = np.isin(objects.ids, state.ids[state.selected]) | edited.selected
    rejected = np.isin(objects.ids, state.ids[state.rejected]) & ~selected
    if edited.select_only:
        selected = edited.selected.copy()
    return replace(state, objects=objects, selected=selected, rejected=rejected, edited=True)


def spliced(old: Outlines, source: IntArray, new: Outlines, fresh: IntArray) -> Outlines:
    """Contours after an edit, without tracing again what did not change.

    old: before. source: (m,) the mask before for each mask now, -1 for those that were traced anew.
    new: contours of masks fresh[0], fresh[1], ...
    """
    now_at = np.full(int(source.max(initial=-1)) + 1, -1, np.int64)
    unchanged = np.flatnonzero(source >= 0)
    now_at[source[unchanged]] = unchanged
    inside = old.owner < len(now_at)
    owner_old = np.full(len(old.owner), -1, np.int64)
    owner_old[inside] = now_at[old.owner[inside]]
    kept = np.flatnonzero(owner_old >= 0)
    owner = np.concatenate((owner_old[kept], fresh[new.owner]))
    starts = np.concatenate((old.starts[kept], new.starts[:-1] + len(old.points)))
    stops = np.concatenate((old.starts[kept + 1], new.starts[1:] + len(old.points)))
    order = np.argsort(owner, kind="stable")
    starts, lengths = starts[order], (stops - starts)[order]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    take = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    points = np.concatenate((old.points, new.points))[take]
    return Outlines(points=points, starts=offsets, owner=owner[order])
