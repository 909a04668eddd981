"""Contours of thousands of masks drawn into an array: only those in sight, and no finer than can be seen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import compress, pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from samhq.outlines import Outlines

__all__ = ["Care", "Contours", "Placed", "fill", "fill_color", "stroke"]

Buffer = npt.NDArray[np.uint8]
Color = tuple[int, int, int, int]
IntArray = npt.NDArray[np.int64]
Piece = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

_SHIFT = 4
"""Fractional bits of coordinates handed to OpenCV."""

_STAIRS = 2.5
"""From this many device pixels an image pixel, contours follow its edges; below, stairs become slopes."""

_FINE, _SMOOTH = 5_000, 60_000
"""Points in sight up to which lines are drawn with this care. A point of a line without jags costs four times one
of a line with them, a point of a thick one fifty times."""


class Care(IntEnum):
    """How lines are drawn: CROWD with jags, they can hardly be told apart then; SMOOTH; FINE also where thick."""

    CROWD = 0
    SMOOTH = 1
    FINE = 2


@dataclass(frozen=True, slots=True)
class Placed:
    """Contours moved to device pixels, ready for OpenCV.

    pieces: one (m, 2) int32 with _SHIFT fractional bits a contour. owner: (k,) int64 masks, ascending.
    """

    pieces: list[Piece]
    owner: IntArray

    def of(self, masks: BoolArray) -> list[Piece]:
        """The contours of chosen masks, (n,) bool."""
        return list(compress(self.pieces, masks[self.owner].tolist()))

    def by_mask(self, masks: BoolArray, order: IntArray) -> Iterator[tuple[int, list[Piece]]]:
        """Each chosen mask with its contours. masks: (n,) bool. order: (n,), the masks with the smallest first."""
        if not len(self.owner):
            return
        first = np.flatnonzero(np.diff(self.owner, prepend=-1))
        stop = np.append(first[1:], len(self.owner))
        owners = self.owner[first]
        chosen = np.flatnonzero(masks[owners])
        chosen = chosen[np.argsort(order[owners[chosen]], kind="stable")]
        spans = (owners[chosen].tolist(), first[chosen].tolist(), stop[chosen].tolist())
        for owner, a, b in zip(*spans, strict=True):
            yield owner, self.pieces[a:b]


@dataclass(frozen=True, slots=True)
class _Level:
    points: FloatArray
    starts: IntArray


class Contours:
    """The contours of all masks of an image in several finenesses, each made when it is first needed."""

    def __init__(self, outlines: Outlines) -> None:
        self._exact = _Level(np.asarray(outlines.points, np.float32), np.asarray(outlines.starts, np.int64))
        self.owner = np.asarray(outlines.owner, dtype=np.int64)
        self._levels: dict[int, _Level] = {}

    def care(self, masks: BoolArray, *, scale: float) -> Care:
        """How chosen masks, (n,) bool, can be drawn in the time of a frame."""
        points = int(np.diff(self._level(scale).starts)[masks[self.owner]].sum())
        return Care((points <= _FINE) + (points <= _SMOOTH))

    def placed(self, masks: BoolArray, *, scale: float, x: float, y: float, care: Care) -> Placed:
        """The contours of chosen masks in device pixels.

        masks: (n,) bool. scale: device pixels an image pixel. x, y: device pixel of the image's corner.
        """
        level = self._level(scale / 2 if care is Care.CROWD else scale)
        chosen = masks[self.owner]
        points, lengths = level.points, np.diff(level.starts)
        if not chosen.all():
            points, lengths = points[np.repeat(chosen, lengths)], lengths[chosen]
        unit = 1 << _SHIFT
        if level is self._exact:
            # Level and upright edges on whole device pixels are crisp.
            placed = np.rint(points * np.float32(scale)).astype(np.int32)
            placed += np.array([round(x), round(y)], dtype=np.int32)
            placed *= unit
        else:
            # OpenCV counts from the middle of the first pixel, the contours from its corner.
            moved = points * np.float32(scale * unit)
            moved += np.array([(x - 0.5) * unit, (y - 0.5) * unit], dtype=np.float32)
            placed = np.rint(moved).astype(np.int32)
        bounds = [0, *np.cumsum(lengths).tolist()]
        return Placed([placed[a:b] for a, b in pairwise(bounds)], self.owner[chosen])

    def owners(
        self, masks: BoolArray, order: IntArray, *, scale: float, shape: tuple[int, int]
    ) -> FloatArray:
        """Whose each pixel of a smaller image is, (h, w) float32: 1 + the index of the mask, 0 where none lies.

        masks: (n,) bool, those that count. order: (n,), smaller ones lie below. shape: of the result, the
        image's times scale.
        """
        # As float32, exact up to 16 million masks: OpenCV cannot resample integers of that size.
        raster = np.zeros(shape, dtype=np.float32)
        placed = self.placed(masks, scale=scale, x=0, y=0, care=Care.SMOOTH)
        for index, pieces in placed.by_mask(masks, order):
            cv2.fillPoly(raster, pieces, index + 1, cv2.LINE_8, _SHIFT)
        return raster

    def _level(self, scale: float) -> _Level:
        if scale >= _STAIRS:
            return self._exact
        # Half a device pixel is the finest that shows.
        octave = max(0, math.floor(-math.log2(2 * scale)) + 1) if scale < 0.5 else 0
        if octave not in self._levels:
            base = self._levels.get(0) or _without_stairs(self._exact)
            self._levels.setdefault(0, base)
            if octave:
                self._levels[octave] = _thinned(base, float(2**octave) / 2)
        return self._levels[octave]


def _without_stairs(level: _Level) -> _Level:
    """Corners cut by half a pixel: stairs of single pixels become slopes, long edges stay where they are."""
    points, starts = level.points, level.starts
    if not len(points):
        return level
    following = np.empty_like(points)
    following[:-1] = points[1:]
    following[starts[1:] - 1] = points[starts[:-1]]
    edge = following - points
    length = np.abs(edge).max(axis=1)
    reach = np.minimum(0.5, length / 2)
    step = edge * (reach / np.maximum(length, 1))[:, None]
    both = np.stack([points + step, following - step], axis=1).reshape(-1, 2)
    keep = np.ones((len(points), 2), dtype=np.bool_)
    keep[:, 1] = length > 1
    counts = np.concatenate(([0], np.cumsum(keep.sum(axis=1))))
    return _Level(both[keep.ravel()], counts[starts].astype(np.int64))


def _thinned(level: _Level, grid: float) -> _Level:
    """Points of one grid cell that follow each other become one; every contour keeps one at least."""
    cell = np.floor(level.points / np.float32(grid))
    keep = np.ones(len(cell), dtype=np.bool_)
    keep[1:] = (cell[1:] != cell[:-1]).any(axis=1)
    keep[level.starts[:-1]] = True
    counts = np.concatenate(([0], np.cumsum(keep)))
    return _Level(level.points[keep], counts[level.starts].astype(np.int64))


def fill_color(red: int, green: int, blue: int, alpha: float = 1.0) -> Color:
    """A colour as it stands in a premultiplied ARGB buffer: blue, green, red, alpha in 0..255."""
    return round(blue * alpha), round(green * alpha), round(red * alpha), round(255 * alpha)


def fill(buffer: Buffer, contours: list[Piece], color: Color) -> None:
    """Paint the inside of one mask, holes left out. buffer: (h, w, 4) uint8, replaced, not blended."""
    cv2.fillPoly(buffer, contours, color, cv2.LINE_8, _SHIFT)


def stroke(buffer: Buffer, contours: list[Piece], color: Color, *, width: int, care: Care) -> None:
    """Closed lines, width device pixels wide, at nearly the cost of thin ones however many there are."""
    if not contours:
        return
    how = cv2.LINE_8 if care is Care.CROWD else cv2.LINE_AA
    if width <= 1 or care is Care.FINE:
        cv2.polylines(buffer, contours, True, color, width, how, _SHIFT)
        return
    lines = np.zeros(buffer.shape[:2], dtype=np.uint8)
    cv2.polylines(lines, contours, True, 255, 1, how, _SHIFT)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    _cover(buffer, np.asarray(cv2.dilate(lines, brush)), color, smooth=care is not Care.CROWD)


def _cover(buffer: Buffer, amount: Buffer, color: Color, *, smooth: bool) -> None:
    """Lay a colour over a contiguous buffer, (h, w, 4) uint8.

    amount: (h, w) uint8, 0 not at all .. 255 wholly. smooth: blend what lies between, else cover it wholly.
    """
    if smooth:
        places = np.flatnonzero(amount)
        pixels = buffer.reshape(-1, 4)
        below = pixels[places].astype(np.int32)
        weight = amount.ravel()[places].astype(np.int32)[:, None]
        pixels[places] = below + ((np.array(color, dtype=np.int32) - below) * weight + 127) // 255
        return
    # One number a pixel is written four times as fast as four.
    number = np.array(color, dtype=np.uint8).view(np.uint32)[0]
    np.copyto(buffer.view(np.uint32)[..., 0], number, where=amount > 0)
