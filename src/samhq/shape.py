"""Measurements of shape of stored masks, by the definitions of scikit-image.

Everything comes from the run lengths; nothing is segmented again. The definitions are those of
skimage.measure.regionprops (version 0.26, spacing 1); circularity, aspect ratio and roundness, which it lacks, are
those of ImageJ's shape descriptors, from the perimeter and axes of scikit-image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from samhq.export_settings import SHAPE_NAMES
from samhq.masks import MaskTable
from samhq.monitor import SILENT, Monitor

__all__ = ["SHAPE_NAMES", "measure_shapes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
Columns = dict[str, npt.NDArray[Any]]

_AT_ONCE = 2000  # masks whose column pieces are in memory together
_COUNTS = ("euler_number", "area_convex", "area_filled", "area_bbox")  # integers; all others are float64
_AXES = {
    "eccentricity",
    "axis_major_length",
    "axis_minor_length",
    "aspect_ratio",
    "roundness",
    "orientation",
}
_HULLS = {"solidity", "area_convex", "feret_diameter_max"}
_PIXELS = {"perimeter", "perimeter_crofton", "circularity", "euler_number", "area_filled"}

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_BORDER_KERNEL = np.array([[10, 2, 10], [2, 1, 2], [10, 2, 10]], np.float32)
# How far the border runs through a border pixel, by its neighbours on the border: straight, diagonal or half of each.
# Source: K. Benkrid, D. Crookes, "Design and FPGA Implementation of a Perimeter Estimator".
_BORDER_LENGTHS = np.zeros(50)
_BORDER_LENGTHS[[5, 7, 15, 17, 25, 27]] = 1
_BORDER_LENGTHS[[21, 33]] = np.sqrt(2)
_BORDER_LENGTHS[[13, 23]] = (1 + np.sqrt(2)) / 2
# Weights of the 16 patterns of 2 x 2 pixels; the bits are 1 lower right, 2 upper right, 4 lower left, 8 upper left.
# Crofton's formula counts how often lines in four directions enter the object: the patterns in which a line does.
_STRAIGHT, _DIAGONAL = np.pi / 4, np.pi / (4 * np.sqrt(2))
_CROFTON = np.zeros(16)
_CROFTON[[1, 5, 9, 13]] += _STRAIGHT  # beside a pixel of the object stands, above it, none
_CROFTON[[8, 9, 12, 13]] += _STRAIGHT
_CROFTON[[1, 3, 5, 7]] += _DIAGONAL
_CROFTON[[2, 3, 10, 11]] += _DIAGONAL
# The Euler number of an object whose pixels also join at corners, times four: S. B. Gray, 1971.
_EULER = np.zeros(16, np.int64)
_EULER[[1, 2, 4, 8]] = 1
_EULER[[7, 11, 13, 14]] = -1
_EULER[[6, 9]] = -2


def measure_shapes(
    masks: MaskTable, names: Sequence[str] = SHAPE_NAMES, *, monitor: Monitor = SILENT
) -> Columns:
    """Measurements of shape of each mask, whole as it was segmented.

    names: of SHAPE_NAMES. Lengths and areas are in pixels, orientation is in radians (-pi/2 to pi/2, against the
    clock, between the axis of the rows and the major axis).
    Returns for each name (n,) float64, for counts and areas int64; a mask without pixels has NaN or 0, and what would
    divide by zero, as the circularity of a single pixel, is NaN.
    Raises ValueError for an unknown name, Cancelled.
    """
    unknown = sorted(set(names) - set(SHAPE_NAMES))
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no measurement of shape; known are {', '.join(SHAPE_NAMES)}")
    found: Columns = {
        name: np.zeros(len(masks), np.int64) if name in _COUNTS else np.full(len(masks), np.nan)
        for name in names
    }
    areas = masks.areas()
    filled = np.flatnonzero(areas)
    for first in range(0, len(filled), _AT_ONCE):
        monitor.check()
        chosen = filled[first : first + _AT_ONCE]
        part = _measured(masks, chosen, areas[chosen], set(names), monitor)
        for name in names:
            found[name][chosen] = part[name]
    return found


def _measured(
    masks: MaskTable, chosen: IntArray, areas: IntArray, names: set[str], monitor: Monitor
) -> Columns:
    boxes = masks.boxes[chosen].astype(np.int64)
    found: Columns = {"area_bbox": (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])}
    found["extent"] = areas / found["area_bbox"]
    found["equivalent_diameter_area"] = np.sqrt(4 * areas / np.pi)
    if names & (_AXES | _HULLS):
        pieces = _pieces(masks, chosen)
        if names & _AXES:
            found |= _axes(pieces, areas)
        if names & _HULLS:
            found["area_convex"], found["feret_diameter_max"] = _hulls(pieces, len(chosen), monitor)
            found["solidity"] = areas / found["area_convex"]
    if names & _PIXELS:
        found |= _by_pixels(masks, chosen, names, monitor)
        if "perimeter" in found:
            around = found["perimeter"]
            found["circularity"] = _divided(4 * np.pi * areas.astype(np.float64), around**2)
    return found


def _divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """The quotients, NaN where they would divide by zero."""
    result: FloatArray = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return result


# -------------------------------------------------------------------- moments


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The masks cut into columns: pixels (x, y0) to (x, y1 - 1), (k,) int64 each, grouped by owner, then x."""

    owner: IntArray
    x: IntArray
    y0: IntArray
    y1: IntArray


def _pieces(masks: MaskTable, chosen: IntArray) -> _Pieces:
    runs = [masks.mask_runs(int(i)) for i in chosen]
    bounds = [np.cumsum(r, dtype=np.int64) for r in runs]
    starts = np.concatenate([b[0:-1:2] for b in bounds])
    stops = np.concatenate([b[1::2] for b in bounds])
    owner = np.repeat(np.arange(len(chosen)), [len(b) // 2 for b in bounds])
    # A run through the bottom of a column goes on at the top of the next.
    height = masks.height
    first = starts // height
    columns = (stops - 1) // height - first + 1
    of_run = np.repeat(np.arange(len(starts)), columns)
    place = np.arange(len(of_run)) - np.repeat(np.cumsum(columns) - columns, columns)
    x = first[of_run] + place
    y0 = np.maximum(starts[of_run] - x * height, 0)
    y1 = np.minimum(stops[of_run] - x * height, height)
    return _Pieces(owner[of_run], x, y0, y1)


def _axes(pieces: _Pieces, areas: IntArray) -> Columns:
    """Axes of the ellipse with the same second moments."""
    owner, pixels = pieces.owner, (pieces.y1 - pieces.y0).astype(np.float64)
    middle = (pieces.y0 + pieces.y1 - 1) / 2

    def summed(values: FloatArray) -> FloatArray:
        return np.bincount(owner, values, minlength=len(areas)).astype(np.float64)

    x = pieces.x - (summed(pixels * pieces.x) / areas)[owner]
    y = middle - (summed(pixels * middle) / areas)[owner]
    rows = summed(pixels * y**2 + pixels * (pixels**2 - 1) / 12) / areas
    columns = summed(pixels * x**2) / areas
    mixed = -summed(pixels * x * y) / areas
    tensor = np.stack((np.stack((columns, mixed), -1), np.stack((mixed, rows), -1)), -2)
    small, large = np.clip(np.linalg.eigvalsh(tensor), 0, None).T
    major, minor = 4 * np.sqrt(large), 4 * np.sqrt(small)
    flat = np.divide(small, large, out=np.ones_like(small), where=large > 0)
    return {
        "axis_major_length": major,
        "axis_minor_length": minor,
        "eccentricity": np.sqrt(1 - flat),
        "aspect_ratio": _divided(major, minor),
        "roundness": _divided(4 * areas.astype(np.float64), np.pi * major**2),
        "orientation": _orientation(columns, mixed, rows),
    }


def _orientation(columns: FloatArray, mixed: FloatArray, rows: FloatArray) -> FloatArray:
    # What rounding leaves of zero must not decide where a symmetric object points.
    least = 1e-12 * (columns + rows)
    mixed = np.where(np.abs(mixed) <= least, 0.0, mixed)
    is_even = np.abs(columns - rows) <= least
    diagonal = np.where(mixed < 0, np.pi / 4, -np.pi / 4)
    result: FloatArray = np.where(is_even, diagonal, 0.5 * np.arctan2(0.0 - 2 * mixed, rows - columns))
    return result


# -------------------------------------------------------------------- convex hulls


def _hulls(pieces: _Pieces, count: int, monitor: Monitor) -> tuple[IntArray, FloatArray]:
    """Pixels of the convex hull of each mask, and its largest diameter."""
    is_first = np.concatenate(
        ([True], (np.diff(pieces.owner) != 0) | (np.diff(pieces.x) != 0))
    )  # of its column
    begins = np.flatnonzero(is_first)
    low = np.minimum.reduceat(pieces.y0, begins)
    high = np.maximum.reduceat(pieces.y1, begins) - 1
    x, owner = pieces.x[begins], pieces.owner[begins]
    borders = np.searchsorted(owner, np.arange(count + 1))
    areas, diameters = np.zeros(count, np.int64), np.zeros(count)
    for i in range(count):
        if i % 500 == 0:
            monitor.check()
        mine = slice(borders[i], borders[i + 1])
        areas[i], diameters[i] = _hull(
            x[mine] - x[mine][0], low[mine] - low[mine].min(), high[mine] - low[mine].min()
        )
    return areas, diameters


def _hull(x: IntArray, low: IntArray, high: IntArray) -> tuple[int, float]:
    """Pixels whose centre lies in or on the hull of the middles of all pixel edges, and its largest diameter.

    The diameter is taken between the middles of the edges of these pixels, as along the contour of their picture.
    """
    hull = _hull_of_columns(x, low, high)
    columns = np.arange(int(x[-1]) + 1)
    one, other = _chains(hull)
    first, second = _at(one, 2 * columns), _at(other, 2 * columns)
    # Of the two chains the lower one is below everywhere.
    below, above = (first, second) if _mean_height(one) <= _mean_height(other) else (second, first)
    least = -((-below[0]) // (2 * below[1]))
    most = above[0] // (2 * above[1])
    rim = _hull_of_columns(columns, least, most).astype(np.int64)
    steps = rim[:, None] - rim[None]
    return int((most - least + 1).sum()), float(np.sqrt((steps**2).sum(axis=2).max() / 4))


def _hull_of_columns(x: IntArray, low: IntArray, high: IntArray) -> npt.NDArray[np.int32]:
    """Hull of the middles of the edges of pixels (x, low..high), (k, 2), in half pixels."""
    points = np.concatenate(
        [
            np.stack((2 * x + dx, 2 * y + dy), -1)
            for y, ends in ((low, (-1, 0, 0)), (high, (1, 0, 0)))
            for dx, dy in zip((0, -1, 1), ends, strict=True)
        ]
    )
    return np.asarray(cv2.convexHull(points.astype(np.int32))[:, 0], np.int32)


def _chains(hull: npt.NDArray[np.int32]) -> tuple[IntArray, IntArray]:
    """The two ways around a hull from its leftmost to its rightmost corner, (k, 2) with ascending x."""
    corners = hull.astype(np.int64)
    corners = np.roll(corners, -int(np.argmin(corners[:, 0])), axis=0)
    far = int(np.argmax(corners[:, 0]))
    back = np.concatenate((corners[far:], corners[:1]))[::-1]
    return corners[: far + 1], back


def _at(chain: IntArray, x: IntArray) -> tuple[IntArray, IntArray]:
    """Height of a chain at x as numerator and denominator, exact."""
    place = np.searchsorted(chain[:, 0], x)
    begin, end = chain[place - 1], chain[place]
    wide = end[:, 0] - begin[:, 0]
    return begin[:, 1] * wide + (end[:, 1] - begin[:, 1]) * (x - begin[:, 0]), wide


def _mean_height(chain: IntArray) -> float:
    wide = np.diff(chain[:, 0])
    return float((wide * (chain[1:, 1] + chain[:-1, 1])).sum())


# -------------------------------------------------------------------- pixels


def _by_pixels(masks: MaskTable, chosen: IntArray, names: set[str], monitor: Monitor) -> Columns:
    """What needs the picture of each mask: perimeters, Euler number, holes."""
    found: Columns = {}
    if names & {"perimeter", "circularity"}:
        found["perimeter"] = np.zeros(len(chosen))
    if names & {"perimeter_crofton", "euler_number"}:
        found["perimeter_crofton"] = np.zeros(len(chosen))
        found["euler_number"] = np.zeros(len(chosen), np.int64)
    if "area_filled" in names:
        found["area_filled"] = np.zeros(len(chosen), np.int64)
    for place, i in enumerate(chosen):
        if place % 500 == 0:
            monitor.check()
        padded = np.pad(masks.crop(int(i)).view(np.uint8), 1)
        if "perimeter" in found:
            found["perimeter"][place] = _perimeter(padded)
        if "euler_number" in found:
            quads = np.bincount(_quads(padded), minlength=16)
            found["perimeter_crofton"][place] = _CROFTON @ quads
            found["euler_number"][place] = (_EULER @ quads) // 4
        if "area_filled" in found:
            found["area_filled"][place] = _filled(padded)
    return found


def _perimeter(padded: ByteArray) -> float:
    border = padded - cv2.erode(padded, _CROSS)
    patterns = cv2.filter2D(border, -1, _BORDER_KERNEL, borderType=cv2.BORDER_CONSTANT)
    return float(np.bincount(patterns.ravel(), minlength=50) @ _BORDER_LENGTHS)


def _quads(padded: ByteArray) -> ByteArray:
    """Which of the 16 patterns each 2 x 2 pixels form, flat."""
    quads = padded[1:, 1:] | padded[:-1, 1:] << 1 | padded[1:, :-1] << 2 | padded[:-1, :-1] << 3
    return np.asarray(quads, np.uint8).ravel()


def _filled(padded: ByteArray) -> int:
    """Pixels of an object with its holes; what touches the outside at a corner is no hole."""
    outside = padded.copy()
    cv2.floodFill(outside, None, (0, 0), 2, flags=8)
    return int(np.count_nonzero(outside != 2))
