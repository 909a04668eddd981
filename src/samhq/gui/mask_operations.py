"""Which masks a correction changes, and what becomes of ids and selection; the pixels are the engine's work."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from samhq import editing
from samhq.gui.mask_state import BoolArray, IntArray, MaskState, Objects
from samhq.gui.translate import tr
from samhq.masks import MaskTable
from samhq.regions import masks_under

__all__ = ["Edited", "NothingToDo", "add", "cut", "delete", "merge", "stroke"]

Points = npt.NDArray[np.float64]


class NothingToDo(Exception):  # noqa: N818 - no error: the reason is told to the user
    """Why a correction changes nothing, in the language of the window."""


@dataclass(frozen=True, slots=True, eq=False)
class Edited:
    """The masks after a correction.

    source: (m,) int64, the mask before that each of them is, unchanged, or -1.
    ids: (m,) int64, the id it keeps, or -1 for a new one. replaced: (k,) ids of those that went into new ones.
    selected: (m,) bool, what the correction selects; select_only: and nothing else.
    """

    masks: MaskTable
    source: IntArray
    ids: IntArray
    replaced: IntArray
    selected: BoolArray
    select_only: bool = False


def add(
    state: MaskState, mask: BoolArray, *, predicted_iou: float, point: tuple[float, float] | None
) -> Edited:
    """With a further mask, (h, w) bool, which is then the selected one."""
    objects = _objects(state)
    work = _Work(objects)
    work.take(editing.add_mask(objects.masks, mask, predicted_iou=predicted_iou, point=point))
    return work.result(selected=work.is_new, select_only=True)


def delete(state: MaskState) -> Edited:
    """Without the selected masks."""
    objects = _objects(state)
    if not state.selected.any():
        raise NothingToDo(tr("Select the masks to delete first."))
    work = _Work(objects)
    work.take(editing.delete_masks(objects.masks, state.selected))
    return work.result()


def merge(state: MaskState) -> Edited:
    """With one mask in the place of the selected ones."""
    objects = _objects(state)
    if np.count_nonzero(state.selected) < 2:
        raise NothingToDo(tr("Select two masks or more to merge them."))
    work = _Work(objects)
    work.take(editing.merge_masks(objects.masks, state.selected))
    merged = work.is_changed
    done = work.result(selected=merged, select_only=True, replaced=objects.ids[state.selected])
    # Another mask than any of before, though it stands in the row of one.
    return replace(done, ids=np.where(merged, -1, done.ids))


def stroke(state: MaskState, points: Points, radius: float, *, erase: bool) -> Edited:
    """With paint on a mask, or masks erased, along a line; see MaskEdits.stroke for which."""
    objects = _objects(state)
    work = _Work(objects)
    targets = _to_erase(state, points) if erase else _to_paint(state, points)
    try:
        for target in targets:
            row = None if target is None else work.row_of(target)
            work.take(editing.paint(work.masks, row, points, radius=radius, erase=erase))
    except ValueError as error:
        raise NothingToDo(tr("The stroke lies outside the image.")) from error
    if not work.is_changed.any() and len(work.masks) == len(objects):
        raise NothingToDo(tr("The stroke changed nothing."))
    return work.result(selected=work.is_new, select_only=bool(work.is_new.any()))


def cut(state: MaskState, line: Points) -> Edited:
    """With masks split along a line; see MaskEdits.cut for which."""
    objects = _objects(state)
    work = _Work(objects)
    chosen = np.flatnonzero(state.selected)
    divided: list[int] = []
    for mask in chosen if len(chosen) else masks_under(objects.masks, line):
        try:
            work.take(editing.split_mask(work.masks, work.row_of(int(mask)), line))
        except ValueError:  # the line does not divide this one
            continue
        divided.append(int(mask))
        if not len(chosen):
            break
    if not divided:
        raise NothingToDo(tr("The line divides no mask; draw it from one side of a mask to the other."))
    pieces = work.is_changed
    return work.result(selected=pieces, select_only=not len(chosen), replaced=objects.ids[divided])


class _Work:
    """Corrections of a table one after the other, and where its masks come from."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self.masks = objects.masks
        self._origin: IntArray = np.arange(len(objects), dtype=np.int64)
        self.is_changed: BoolArray = np.zeros(len(objects), np.bool_)

    @property
    def is_new(self) -> BoolArray:
        """(m,) bool, masks that were not there before."""
        return self._origin < 0

    def row_of(self, mask: int) -> int:
        """Where a mask of before is now."""
        return int(np.flatnonzero(self._origin == mask)[0])

    def take(self, edited: editing.Edited) -> None:
        """Go on from what one correction gave."""
        known = edited.origin >= 0
        origin = np.full(len(known), -1, np.int64)
        origin[known] = self._origin[edited.origin[known]]
        changed = np.zeros(len(known), np.bool_)
        changed[known] = self.is_changed[edited.origin[known]]
        changed[edited.rows] = True
        self.masks, self._origin, self.is_changed = edited.masks, origin, changed

    def result(
        self,
        *,
        selected: BoolArray | None = None,
        select_only: bool = False,
        replaced: IntArray | None = None,
    ) -> Edited:
        """What came of all corrections."""
        ids = np.full(len(self._origin), -1, np.int64)
        ids[~self.is_new] = self._objects.ids[self._origin[~self.is_new]]
        return Edited(
            masks=self.masks,
            source=np.where(self.is_changed, -1, self._origin),
            ids=ids,
            replaced=np.zeros(0, np.int64) if replaced is None else replaced,
            selected=np.zeros(len(ids), np.bool_) if selected is None else selected.copy(),
            select_only=select_only,
        )


def _objects(state: MaskState) -> Objects:
    if state.objects is None:
        raise NothingToDo(tr("There are no masks yet."))
    return state.objects


def _to_paint(state: MaskState, points: Points) -> list[int | None]:
    """The selected mask that a stroke meets first, the only selected one, or None for a new mask."""
    chosen = np.flatnonzero(state.selected)
    if not len(chosen):
        return [None]
    if len(chosen) == 1:
        return [int(chosen[0])]
    met = [i for i in masks_under(_objects(state).masks, points) if state.selected[i]]
    if not met:
        raise NothingToDo(tr("Several masks are selected: begin the stroke on the one to paint on."))
    return [met[0]]


def _to_erase(state: MaskState, points: Points) -> list[int | None]:
    """The selected masks, or without any the smallest that a stroke meets first."""
    chosen = np.flatnonzero(state.selected)
    if len(chosen):
        return [int(i) for i in chosen]
    met = masks_under(_objects(state).masks, points)
    if not met:
        raise NothingToDo(tr("There is no mask under the eraser."))
    return [met[0]]
