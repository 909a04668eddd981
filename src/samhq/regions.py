"""Which pixels and masks a drawn line or polygon means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samhq.masks import MaskTable

__all__ = ["inside_polygon", "masks_under", "polygon_mask", "union_of"]

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def polygon_mask(outline: FloatArray, *, height: int, width: int) -> tuple[slice, slice, BoolArray]:
    """Pixels whose centre lies in a polygon.

    outline: (k, 2) float64 x, y on pixel corners, clipped to the image of height x width.
    Returns rows and columns of the box around it, and the mask inside that box (empty if there is none).
    """
    lowest = np.clip(np.floor(outline.min(axis=0)), 0, (width, height)).astype(int)
    highest = np.clip(np.ceil(outline.max(axis=0)), 0, (width, height)).astype(int)
    columns, rows = slice(int(lowest[0]), int(highest[0])), slice(int(lowest[1]), int(highest[1]))
    w, h = columns.stop - columns.start, rows.stop - rows.start
    if w <= 0 or h <= 0:
        return rows, columns, np.zeros((max(h, 0), max(w, 0)), np.bool_)
    # Even-odd rule: each edge flips all pixels to the right of where it crosses the middle of their row.
    flips = np.zeros((h, w + 1), np.uint8)
    corners = outline - (columns.start, rows.start)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        first, last = np.clip(np.ceil(np.sort([y0, y1]) - 0.5), 0, h).astype(int)
        crossed = np.arange(first, last)
        if len(crossed):
            x = x0 + (crossed + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
            flips[crossed, np.clip(np.ceil(x - 0.5), 0, w).astype(int)] ^= 1
    return rows, columns, np.bitwise_xor.accumulate(flips[:, :w], axis=1) > 0


def inside_polygon(points: npt.NDArray[np.float64], polygon: npt.NDArray[np.float64]) -> BoolArray:
    """Which points lie inside a polygon, by the even-odd rule.

    points: (n, 2), polygon: (k, 2), both x, y. Returns (n,) bool; a NaN point is outside.
    """
    x, y = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), dtype=np.bool_)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        crosses = (y0 <= y) != (y1 <= y)
        inside ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return inside


def union_of(masks: MaskTable) -> BoolArray:
    """Pixels that at least one mask covers, (height, width) bool."""
    covered = np.zeros((masks.height, masks.width), np.bool_)
    for i, (x0, y0, x1, y1) in enumerate(masks.boxes.tolist()):
        covered[y0:y1, x0:x1] |= masks.crop(i)
    return covered


def masks_under(masks: MaskTable, line: FloatArray) -> list[int]:
    """Masks that a line, (k, 2) x, y, meets: those it meets first in front, small ones before large ones."""
    found: dict[int, None] = {}
    for x, y in _sampled(line):
        if 0 <= x < masks.width and 0 <= y < masks.height:
            found.update(dict.fromkeys(int(i) for i in masks.hit(x, y)))
    return list(found)


def _sampled(line: FloatArray) -> list[tuple[int, int]]:
    """Pixels along a line, at most about a hundred."""
    steps = np.hypot(*np.diff(line, axis=0).T) if len(line) > 1 else np.zeros(0)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    at = np.linspace(0, along[-1], int(np.clip(along[-1], 1, 100)))
    x, y = np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])
    places = np.floor(np.column_stack((x, y))).astype(np.int64)
    return list(dict.fromkeys((int(a), int(b)) for a, b in places))
