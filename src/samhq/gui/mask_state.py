"""What the masks of an image are made of, and the arithmetic of clicks and regions; plain data, no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from samhq.filters import FilteredObjects, ObjectFilter
from samhq.masks import MaskTable
from samhq.outlines import Outlines
from samhq.settings import Settings

if TYPE_CHECKING:
    from samhq.api import ObjectMeasurements
    from samhq.gui.session import OpenImage

__all__ = [
    "Binding",
    "ClickCycle",
    "MaskState",
    "Objects",
    "Restriction",
    "cycle_order",
    "is_same_image",
]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
_SAME_PLACE_PX = 3


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """Masks of one image with their measurements; row i is the same mask everywhere.

    ids: (n,) int64, ascending or not, each for one mask for as long as the image is open.
    filter: gives A, I and R under any thresholds.
    """

    masks: MaskTable
    outlines: Outlines
    measurements: ObjectMeasurements
    ids: IntArray
    filter: ObjectFilter

    def __len__(self) -> int:
        """Number of masks."""
        return len(self.masks)


@dataclass(frozen=True, slots=True)
class Binding:
    """What masks were made from.

    path: the image; settings: those asked for; resolved: with what the model recommends. elapsed_s: it took.
    model: name, architecture and sha256, known even when its file is gone.
    """

    path: Path
    settings: Settings
    resolved: Settings | None = None
    elapsed_s: float = 0.0
    model: Mapping[str, str] | None = None

    def fits(self, path: Path | None, settings: Settings) -> bool:
        """Whether the same masks would come out under these settings."""
        # What was chosen, not what it amounts to: a model may recommend other values than the defaults.
        mine, chosen = self.settings, settings.segmentation.explicit
        return path == self.path and mine.image == settings.image and mine.segmentation.explicit == chosen


@dataclass(frozen=True, slots=True, eq=False)
class MaskState:
    """What undo goes back to: the objects and how they are marked.

    selected, rejected: (n,) bool; a mask is never both. edited: whether masks were corrected by hand.
    binding: what the masks were made from, None if all are drawn by hand.
    """

    objects: Objects | None = None
    selected: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    rejected: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    edited: bool = False
    binding: Binding | None = None

    @property
    def ids(self) -> IntArray:
        """The ids of the masks, (n,) int64."""
        return self.objects.ids if self.objects is not None else np.zeros(0, np.int64)

    def with_selected(self, selected: BoolArray) -> MaskState:
        """The same objects with others selected; what is selected is no longer rejected."""
        return replace(self, selected=selected, rejected=self.rejected & ~selected)

    def with_rejected(self, rejected: BoolArray) -> MaskState:
        """The same objects with others marked as not wanted; those are no longer selected."""
        return replace(self, rejected=rejected, selected=self.selected & ~rejected)

    def same_marks(self, other: MaskState) -> bool:
        """Whether the same masks are selected and rejected."""
        return np.array_equal(self.selected, other.selected) and np.array_equal(self.rejected, other.rejected)


class Restriction:
    """The masks the table is about, by their ids; those of masks that are gone come back with them."""

    def __init__(self) -> None:
        self.ids: IntArray | None = None
        self._earlier: list[IntArray] = []

    def clear(self) -> None:
        """Forget everything: there is another image."""
        self.ids = None
        self._earlier.clear()

    def extend(self, replaced: IntArray, fresh: IntArray) -> None:
        """What came out of masks in the table is in it as well."""
        if self.ids is not None and np.isin(replaced, self.ids).any():
            self.ids = np.union1d(self.ids, fresh)

    def follow(self, present: IntArray) -> None:
        """Heed only masks with these ids from now on; undo may bring back what was restricted before."""
        if self.ids is not None and not np.isin(present, self.ids).any():
            self._earlier.append(self.ids)
            self.ids = None
        if self.ids is None:
            back = [ids for ids in self._earlier if np.isin(present, ids).any()]
            self._earlier = [ids for ids in self._earlier if not np.isin(present, ids).any()]
            self.ids = back[-1] if back else None


class ClickCycle:
    """Repeated clicks at one place go through the masks that overlap there.

    The first click toggles the first mask; each further one takes that back and toggles the next, and
    after the last nothing is toggled, so that with one mask it is an ordinary toggle.
    """

    def __init__(self) -> None:
        self._place: tuple[int, int] | None = None
        self._hits: list[int] = []
        self._before: list[bool] = []
        self._left: list[bool] = []
        self._step = 0

    @property
    def place(self) -> tuple[int, int] | None:
        """Where the last click was, None if it no longer counts."""
        return self._place

    def forget(self) -> None:
        """The next click is a first one, wherever it is."""
        self._place = None

    def click(self, place: tuple[int, int], hits: Sequence[int], selected: BoolArray) -> BoolArray:
        """The selection after a click. place: x, y. hits: the masks there in the order to go through."""
        order = [int(i) for i in hits]
        if self._is_repeated(place, order, selected):
            self._step = (self._step + 1) % (len(order) + 1)
        else:
            self._hits, self._step = order, 0
            self._before = [bool(selected[i]) for i in order]
        self._place = place
        after = selected.copy()
        after[order] = self._before
        if self._step < len(order):
            after[order[self._step]] = not self._before[self._step]
        self._left = [bool(after[i]) for i in order]
        return after

    def _is_repeated(self, place: tuple[int, int], hits: list[int], selected: BoolArray) -> bool:
        # After an undo the selection is not as the last click left it: then this click is a first one.
        if self._place is None or hits != self._hits or [bool(selected[i]) for i in hits] != self._left:
            return False
        return max(abs(place[0] - self._place[0]), abs(place[1] - self._place[1])) <= _SAME_PLACE_PX


def cycle_order(hits: IntArray, filtered: FilteredObjects) -> IntArray:
    """Masks under the pointer in the order of clicks: those that pass the filter, then the others."""
    keep = filtered.keep[hits]
    return np.concatenate((hits[keep], hits[~keep]))


def is_same_image(one: OpenImage | None, other: OpenImage | None) -> bool:
    """Whether two readings are of the same file and gave the same gray levels."""
    if one is None or other is None or (one.path, one.stamp) != (other.path, other.stamp):
        return False
    return np.array_equal(one.image.level, other.image.level)
