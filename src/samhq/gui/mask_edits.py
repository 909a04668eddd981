"""Corrections by hand, one after the other: made in a thread, measured where the network runs. No widgets."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from samhq import api
from samhq.filters import ObjectHistograms
from samhq.gui import mask_operations as operations
from samhq.gui.jobs import Job, JobError, Lane
from samhq.gui.mask_failures import report
from samhq.gui.mask_operations import Edited
from samhq.gui.mask_state import IntArray, MaskState, Objects
from samhq.gui.translate import tr
from samhq.masks import MaskTable
from samhq.monitor import Monitor
from samhq.outlines import Outlines, spliced

if TYPE_CHECKING:
    from samhq.api import Image, ObjectMeasurements
    from samhq.gui.mask_document import MaskDocument
    from samhq.settings import Settings

__all__ = ["MaskEdits"]


@dataclass(slots=True, eq=False)
class _Edit:
    """What a user asked for, and about which masks.

    text: for undo. make: gives the masks after the edit, None if there is nothing to do. seen: ids of the
    selected masks when it was asked for; meant: what has become of them, through the edits before it.
    goes_on: a stroke that paints on what an earlier one made, which was not there to be selected yet.
    made: ids of the masks that came of it.
    is_local: pixels of masks that stay do not change, so that the gray levels at hand are enough.
    """

    text: str
    make: Callable[[MaskState], Edited | None]
    seen: IntArray
    meant: IntArray
    goes_on: _Edit | None = None
    made: IntArray | None = None
    is_stroke: bool = False
    is_local: bool = False


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
        self._left: IntArray | None = None

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
        make = functools.partial(operations.stroke, points=points, radius=radius, erase=erase)
        self._begin(text, make, is_stroke=not erase)

    def cut(self, line: npt.NDArray[np.float64]) -> None:
        """Split the selected masks, or without any the smallest one that it divides, along a line, (k, 2) x, y."""
        self._begin(tr("Split"), lambda state: operations.cut(state, line))

    def merge(self) -> None:
        """Join the selected masks into one."""
        self._begin(tr("Merge"), operations.merge)

    def delete(self) -> None:
        """Take the selected masks away."""
        self._begin(tr("Delete"), operations.delete, is_local=True)

    # ------------------------------------------------------------ one after the other

    def _begin(
        self,
        text: str,
        make: Callable[[MaskState], Edited | None],
        *,
        is_stroke: bool = False,
        is_local: bool = False,
    ) -> None:
        document = self._document
        if document.is_generating:
            self.refused.emit(tr("Masks are being found; stop that first, or wait."))
            return
        if document.session.image is None:
            return
        seen = _selected_ids(document.state)
        edit = _Edit(text, make, seen, seen, is_stroke=is_stroke, is_local=is_local)
        last = self._queue[-1] if self._queue else self._current
        if is_stroke and last is not None and last.is_stroke and not len(seen) and not len(last.seen):
            edit.goes_on = last
        self._queue.append(edit)
        self._next()

    def _next(self) -> None:
        if self._current is not None or not self._queue:
            return
        edit = self._queue.popleft()
        self._current = edit
        self.busy_changed.emit(True)
        state = self._document.state
        if state.objects is None:
            state = _empty_state(self._document)
        if edit.goes_on is not None:
            edit.meant = edit.goes_on.made if edit.goes_on.made is not None else edit.meant
        meant = np.isin(state.ids, edit.meant)
        if len(edit.meant) and not meant.any():
            self.refused.emit(tr("The masks that were selected for this are no longer there."))
            self._finish(edit)
            return
        state = state.with_selected(meant)
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
        title, jobs = tr("Measuring the corrected masks"), self._document.session.jobs
        settings = self._document.settings
        if edit.is_local:
            job = jobs.submit(title, Lane.LIGHT, _measure, image.image, settings, edited.masks)
        else:
            arguments = (image.path, settings, edited.masks, self._document.expected)
            job = jobs.submit(title, Lane.ENGINE, work.measure, *arguments)
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
            now = _selected_ids(document.state)
            known = [edit.seen] if self._left is None else [edit.seen, self._left]
            is_untouched = any(np.array_equal(now, ids) for ids in known)
            after = _marked(document.state, objects, edited, is_untouched=is_untouched)
            self._left = _selected_ids(after)
            document.take_edited(after, edited, edit.text)
            self._pass_on(edit, edited, objects.ids)
        self._finish(edit)

    def _pass_on(self, edit: _Edit, edited: Edited, ids: IntArray) -> None:
        """Tell the edits that wait what has become of the masks they were meant for."""
        fresh = ids[edited.ids < 0]
        edit.made = ids[edited.selected] if len(ids[edited.selected]) else edit.meant
        for waiting in self._queue:
            if np.isin(waiting.meant, edited.replaced).any():
                waiting.meant = np.union1d(waiting.meant, fresh)

    def _watch(self, job: Job, edit: _Edit) -> None:
        job.failed.connect(lambda error: self._on_failed(edit, error))
        job.cancelled.connect(lambda: self._finish(edit))

    def _on_failed(self, edit: _Edit, error: JobError) -> None:
        if edit is self._current:
            report(self._document, tr("{edit} was not possible", edit=edit.text), error)
            self._finish(edit)

    def _finish(self, edit: _Edit) -> None:
        if edit is not self._current:
            return
        self._current = None
        if not self._queue:
            self._left = None
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


def _empty_state(document: MaskDocument) -> MaskState:
    """A state without masks for the open image, from which masks are made by hand."""
    image = document.session.image
    if image is None:
        return MaskState()
    masks = MaskTable.empty(height=image.image.height, width=image.image.width)
    none = ObjectHistograms.empty()
    measured = api.ObjectMeasurements(none, np.zeros(0, np.int64), none, np.zeros((0, 2)), 0.0)
    return MaskState(document.new_objects(masks, api.outlines(masks), measured))


def _measure(
    image: Image, settings: Settings, masks: MaskTable, *, monitor: Monitor, partial: Any
) -> ObjectMeasurements:
    return api.measured(image, masks, settings).measurements


def _selected_ids(state: MaskState) -> IntArray:
    return state.ids[state.selected]


def _marked(state: MaskState, objects: Objects, edited: Edited, *, is_untouched: bool) -> MaskState:
    """The marks of the state now in force, carried over by id, and those the edit makes.

    is_untouched: nobody chose other masks since the edit was asked for; else what was chosen stays.
    """
    now = _selected_ids(state)
    selected = np.isin(objects.ids, now)
    if is_untouched and edited.select_only:
        selected = edited.selected.copy()
    elif is_untouched or np.isin(edited.replaced, now).any():
        selected |= edited.selected
    rejected = np.isin(objects.ids, state.ids[state.rejected]) & ~selected
    return replace(state, objects=objects, selected=selected, rejected=rejected, edited=True)
