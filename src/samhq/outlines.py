"""Contours of masks along the edges of their pixels, for drawing at any zoom."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from samhq.masks import MaskTable

__all__ = ["Outlines", "outlines", "spliced"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Outlines:
    """Contours of all masks of one image: closed polygons, around the pieces of a mask and around its holes.

    points: (m, 2) float32, x and y of the vertices on pixel corners: the pixel (x, y) is the square from
        (x, y) to (x + 1, y + 1). Neighbouring vertices differ in x or in y alone.
    starts: (k + 1,) int64; contour c has points[starts[c]:starts[c + 1]], the last joined to the first.
    owner: (k,) int64, ascending: the mask each contour belongs to. A mask without pixels has none.
    """

    points: npt.NDArray[np.float32]
    starts: IntArray
    owner: IntArray

    def __len__(self) -> int:
        """Number of contours."""
        return len(self.owner)

    def of(self, index: int) -> list[npt.NDArray[np.float32]]:
        """The contours of one mask, each (m, 2)."""
        first, last = np.searchsorted(self.owner, (index, index + 1))
        return [self.points[self.starts[c] : self.starts[c + 1]] for c in range(first, last)]


def outlines(masks: MaskTable) -> Outlines:
    """The contours of every mask.

    Pixels that touch at a corner only belong to one piece, and holes that do are two, as in OpenCV.
    """
    contours: list[npt.NDArray[np.int32]] = []
    owner: list[int] = []
    for index in range(len(masks)):
        found = _doubled_contours(masks.crop(index))
        contours.extend(found)
        owner.extend([index] * len(found))
    owners = np.array(owner, dtype=np.int64)
    if not contours:
        return Outlines(np.zeros((0, 2), np.float32), np.zeros(1, np.int64), owners)
    lengths = np.array([len(c) for c in contours], dtype=np.int64)
    # With every pixel doubled, its left half is even and its right half odd: both lead to the corner beside them.
    corners = (np.concatenate(contours)[:, 0] + 1) >> 1
    of_contour = np.repeat(np.arange(len(contours)), lengths)
    corners += masks.boxes[owners[of_contour], :2]
    # Around an inner corner the halves of two pixels lead to the same one.
    is_first = np.concatenate(([True], of_contour[1:] != of_contour[:-1]))
    differs = is_first | np.concatenate(([True], (corners[1:] != corners[:-1]).any(axis=1)))
    lengths = np.bincount(of_contour[differs], minlength=len(contours))
    return Outlines(
        points=corners[differs].astype(np.float32),
        starts=np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        owner=owners,
    )


def _doubled_contours(crop: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.int32]]:
    """Contours, (k, 1, 2), in a picture of the mask that is twice as large."""
    if not crop.any():
        return []
    height, width = crop.shape
    doubled = np.empty((height, 2, width, 2), dtype=np.uint8)
    doubled[:] = crop[:, None, :, None]
    picture = doubled.reshape(2 * height, 2 * width)
    contours, _ = cv2.findContours(picture, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return list(contours)


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
