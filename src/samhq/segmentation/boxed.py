"""Masks at full size only where they can be: inside the box of what is near the cutoff at low resolution.

Low-resolution logits reach the size of the image by two bilinear steps (postprocess.to_original_size). Two facts
make it unnecessary to do that for whole images:

- Each step is a matrix along the rows and one along the columns, and so are both together:
  full = R low C', with R = R2 R1 and C = C2 C1.
- Bilinear values are convex combinations of those around them. Where all of those are <= -offset, so is the result:
  neither the mask nor either area of its stability score reaches there.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["BoxedMask", "FullSize", "boxed_mask", "full_size"]

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

_BAND = 64  # rows of full-size logits made at once: those of 1024 columns stay in the cache (256 KiB)


@dataclass(frozen=True, slots=True)
class BoxedMask:
    """A mask inside the rectangle that holds it: (h, w) bool whose upper left pixel is (x0, y0).

    stability_score: area of logits > offset / area of logits > -offset.
    """

    mask: BoolArray
    x0: int
    y0: int
    stability_score: np.float32

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Half-open xyxy, without empty rows or columns at its sides."""
        return self.x0, self.y0, self.x0 + self.mask.shape[1], self.y0 + self.mask.shape[0]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Both bilinear steps along one axis.

    matrix: (full, low) fp32; first, last: (full,) int64, the low-resolution places a full-size place depends on.
    """

    matrix: FloatArray
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]

    def around(self, present: npt.ArrayLike) -> tuple[slice, slice] | None:
        """The full-size places that depend on a present low-resolution place, and all they depend on.

        None if there are none: the place lies in the padding, or between the places a small image looks at.
        """
        places = np.flatnonzero(present)
        start = int(np.searchsorted(self.last, places[0])) if len(places) else 0
        stop = int(np.searchsorted(self.first, places[-1], side="right")) if len(places) else 0
        if start >= stop:
            return None
        return slice(start, stop), slice(int(self.first[start]), int(self.last[stop - 1]) + 1)


@dataclass(frozen=True, slots=True)
class FullSize:
    """How low-resolution logits become logits of the image's size."""

    rows: _Axis
    columns: _Axis


@functools.lru_cache(maxsize=32)
def full_size(*, image_size: int, input_size: tuple[int, int], original_size: tuple[int, int]) -> FullSize:
    """The way from (image_size / 4)^2 logits to original_size, both sizes (height, width)."""
    rows, columns = (
        _axis(low=image_size // 4, frame=image_size, used=used, full=full)
        for used, full in zip(input_size, original_size, strict=True)
    )
    return FullSize(rows, columns)


def boxed_mask(
    logits: FloatArray, size: FullSize, *, offset: float, min_stability: float
) -> BoxedMask | None:
    """The mask of low-resolution logits, or None if it is empty or less stable than min_stability.

    logits: (s/4, s/4) fp32 before the cutoff at 0. offset: how far the cutoff moves for the stability score.
    """
    # The mask itself is where logits are above 0, whatever the offset.
    near: BoolArray = logits > min(-offset, 0.0)
    rows_near = size.rows.around(np.any(near, axis=1))
    columns_near = size.columns.around(np.any(near, axis=0))
    if rows_near is None or columns_near is None:
        return None
    (y, low_y), (x, low_x) = rows_near, columns_near
    low, rows, columns = logits[low_y, low_x], size.rows.matrix[y, low_y], size.columns.matrix[x, low_x]
    tall = np.empty((low.shape[1], len(rows)), dtype=np.float32)  # column by column, as masks are kept
    for part, band in _bands(rows):
        tall[:, part] = low[band].T @ rows[part, band].T
    inner, outer, turned = 0, 0, np.empty((len(columns), len(rows)), dtype=np.bool_)
    for part, band in _bands(columns):
        full = columns[part, band] @ tall[band]
        inner += int(np.count_nonzero(full > offset))
        outer += int(np.count_nonzero(full > -offset))
        np.greater(full, 0, out=turned[part])
    if outer == 0:
        return None
    stability = np.float32(inner) / np.float32(outer)
    if not stability >= min_stability:
        return None
    mask = turned.T
    filled_y, filled_x = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(filled_y):
        return None
    y0, x0 = int(filled_y[0]), int(filled_x[0])
    tight = mask[y0 : int(filled_y[-1]) + 1, x0 : int(filled_x[-1]) + 1]
    return BoxedMask(tight, x.start + x0, y.start + y0, stability)


def _bands(matrix: FloatArray) -> Iterator[tuple[slice, slice]]:
    """Some rows of a matrix of bilinear weights at a time, and the columns in which they are not 0.

    A row is 0 but for the few places it lies between, and neighbouring rows have nearly the same ones.
    """
    for start in range(0, len(matrix), _BAND):
        part = slice(start, start + _BAND)
        used = np.flatnonzero(matrix[part].any(axis=0))
        yield part, slice(int(used[0]), int(used[-1]) + 1)


def _axis(*, low: int, frame: int, used: int, full: int) -> _Axis:
    """The matrix of low -> frame, cut to what the image uses of the frame, -> full."""
    matrix = _bilinear(used, full) @ _bilinear(low, frame)[:used]
    touched = matrix != 0
    last = matrix.shape[1] - 1 - touched[:, ::-1].argmax(axis=1)
    return _Axis(matrix.astype(np.float32), touched.argmax(axis=1), last)


def _bilinear(source: int, target: int) -> npt.NDArray[np.float64]:
    """The matrix (target, source) of bilinear resizing with pixel centres at half-integers.

    Places beyond the outermost centres take the outermost value; shrinking takes no average. Source: the
    definition of PyTorch's interpolate with align_corners=False.
    """
    centre = np.clip((np.arange(target) + 0.5) * (source / target) - 0.5, 0, source - 1)
    lower = np.floor(centre).astype(np.int64)
    upper = np.minimum(lower + 1, source - 1)
    matrix = np.zeros((target, source))
    np.add.at(matrix, (np.arange(target), lower), 1 - (centre - lower))
    np.add.at(matrix, (np.arange(target), upper), centre - lower)
    return matrix
