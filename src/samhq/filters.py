"""The two filter stages on sparse histograms: exact for any threshold, without pixels or masks.

Aggregation depends on the gray level alone, so an object is fully described, for every filter, by how
many of its pixels have which level. Sums are kept in integers and divided once at the end, so A, I and
R are the correctly rounded values of the exact ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from samhq.settings import FilterSettings

__all__ = [
    "WHITE",
    "FilteredObjects",
    "ObjectFilter",
    "ObjectHistograms",
    "Rejection",
    "aggregation_of_levels",
    "explain_rejection",
    "filter_objects",
    "level_range",
]

WHITE = 65535
"""The gray level of the white point; black is 0."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
_Sums = tuple[IntArray, IntArray]  # pixels of each object, and the sum of their levels

# Entries of the histograms handled at once: temporaries stay in the cache however large a run is.
_BLOCK = 1 << 18


class Rejection(IntFlag):
    """Why an object was dropped; several thresholds of stage 1 may apply at once."""

    NONE = 0
    AREA = 1
    INTENSITY = 2
    RATIO = 4
    RANGE = 8
    NO_PIXELS = 16


@dataclass(frozen=True, slots=True)
class ObjectHistograms:
    """How many pixels of each gray level every object has (compressed sparse rows).

    levels: (m,) uint16, ascending within an object.
    counts: (m,) uint32, pixels of that level, at least 1.
    offsets: (n + 1,) int64; object i owns entries offsets[i]:offsets[i + 1].
    """

    levels: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint32]
    offsets: IntArray

    def __post_init__(self) -> None:
        if self.levels.shape != self.counts.shape or self.levels.ndim != 1:
            raise ValueError(
                f"levels {self.levels.shape} and counts {self.counts.shape} must be equal and 1-D"
            )
        if self.offsets.ndim != 1 or len(self.offsets) < 1 or self.offsets[-1] != len(self.levels):
            raise ValueError(f"offsets must be 1-D and end at {len(self.levels)}")

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.offsets) - 1

    def __getitem__(self, index: npt.ArrayLike) -> ObjectHistograms:
        """The objects chosen by a boolean mask or indices, in that order."""
        chosen = np.arange(len(self))[np.asarray(index)]
        lengths = np.diff(self.offsets)[chosen]
        offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        take = np.arange(offsets[-1]) + np.repeat(self.offsets[chosen] - offsets[:-1], lengths)
        return ObjectHistograms(levels=self.levels[take], counts=self.counts[take], offsets=offsets)

    @classmethod
    def empty(cls) -> ObjectHistograms:
        """Histograms of no object."""
        return cls.concatenate([])

    @staticmethod
    def concatenate(parts: Sequence[ObjectHistograms]) -> ObjectHistograms:
        """All objects of several tables, one table after the other."""
        if not parts:
            return ObjectHistograms(np.zeros(0, np.uint16), np.zeros(0, np.uint32), np.zeros(1, np.int64))
        shifts = np.cumsum([0] + [len(p.levels) for p in parts])
        offsets = [p.offsets[:-1] + shift for p, shift in zip(parts, shifts[:-1], strict=True)]
        return ObjectHistograms(
            levels=np.concatenate([p.levels for p in parts]),
            counts=np.concatenate([p.counts for p in parts]),
            offsets=np.concatenate([*offsets, shifts[-1:]]).astype(np.int64),
        )


@dataclass(frozen=True, slots=True)
class FilteredObjects:
    """What the two stages say about every object, dropped ones included.

    keep: (n,) bool.
    rejection: (n,) uint8, Rejection flags; 0 where kept.
    initial_area, area: (n,) int64 pixels, of the whole mask and of the valid pixels.
    initial_intensity, intensity: (n,) float64, sums of aggregation.
    initial_ratio, ratio: (n,) float64, intensity / area; NaN where the area is 0.
    """

    keep: npt.NDArray[np.bool_]
    rejection: npt.NDArray[np.uint8]
    initial_area: IntArray
    initial_intensity: FloatArray
    initial_ratio: FloatArray
    area: IntArray
    intensity: FloatArray
    ratio: FloatArray

    def __len__(self) -> int:
        """Number of objects, kept and dropped."""
        return len(self.keep)


def aggregation_of_levels(polarity: str = "dark") -> FloatArray:
    """Aggregation of every gray level, (65536,) float64 in [0, 100].

    polarity: "dark": 100 - level/65535*100; "bright": level/65535*100. Each value is the exact ratio of
    integers rounded once, so for 8-bit data (level = 257 g) it equals 100*(255 - g)/255 to the last bit.
    """
    levels = np.arange(WHITE + 1, dtype=np.int64)
    distance = WHITE - levels if polarity == "dark" else levels
    return (100 * distance) / WHITE


@lru_cache(maxsize=256)
def level_range(settings: FilterSettings) -> tuple[int, int]:
    """First and last gray level whose aggregation lies in the range of the settings, both inclusive.

    Returns (1, 0) if no level does.
    """
    aggregation = aggregation_of_levels(settings.polarity)
    valid = np.flatnonzero(
        (aggregation >= settings.min_aggregation) & (aggregation <= settings.max_aggregation)
    )
    return (int(valid[0]), int(valid[-1])) if len(valid) else (1, 0)


class ObjectFilter:
    """Objects whose filter may change often: what does not depend on the thresholds is computed once.

    The sums over the whole objects and those of the last range are kept, so a change of a stage 1
    threshold compares numbers, and a change of the range reads the histograms once. Threads may share it.
    """

    def __init__(
        self,
        histograms: ObjectHistograms,
        *,
        exclusive_rows: IntArray | None = None,
        exclusive: ObjectHistograms | None = None,
    ) -> None:
        """histograms: those of the whole masks, or of any other pixels that are to be measured.

        exclusive_rows, exclusive: as in ObjectMeasurements, the objects that lose pixels where each pixel
        belongs to one object only, and what is left of them. With them `overlaps` of a filter is heeded;
        without them the histograms are taken as they are.
        """
        self.histograms = histograms
        self._whole = _RangeSums(histograms)
        self._rows = np.zeros(0, np.int64) if exclusive_rows is None else exclusive_rows
        self._owned = None if exclusive is None else _RangeSums(exclusive)

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.histograms)

    def apply(self, settings: FilterSettings) -> FilteredObjects:
        """Measure every object and apply both stages.

        Stage 1 drops objects whose initial A, I or R is below its minimum (comparison >=). Stage 2 keeps
        only pixels with min_aggregation <= aggregation <= max_aggregation and drops objects without any.
        """
        is_exclusive = settings.overlaps == "exclusive"
        initial = self._sums(0, WHITE, is_exclusive=is_exclusive)
        valid = self._sums(*level_range(settings), is_exclusive=is_exclusive)
        return _judged(initial, valid, settings)

    def _sums(self, lowest: int, highest: int, *, is_exclusive: bool) -> _Sums:
        whole = self._whole.between(lowest, highest)
        if not is_exclusive or self._owned is None or not len(self._rows):
            return whole
        owned = self._owned.between(lowest, highest)
        area, level_sum = whole[0].copy(), whole[1].copy()
        area[self._rows], level_sum[self._rows] = owned
        return area, level_sum


class _RangeSums:
    """Areas and sums of levels of objects, in the whole range and in the one that was asked for last."""

    def __init__(self, histograms: ObjectHistograms) -> None:
        self._histograms = histograms
        self._all = _sums(histograms, 0, WHITE)
        self._last = ((0, WHITE), self._all)

    def between(self, lowest: int, highest: int) -> _Sums:
        if (lowest, highest) == (0, WHITE):
            return self._all
        asked, sums = self._last  # read at once: another thread may put its own in its place
        if asked != (lowest, highest):
            sums = _sums(self._histograms, lowest, highest)
            self._last = ((lowest, highest), sums)
        return sums


def filter_objects(histograms: ObjectHistograms, settings: FilterSettings) -> FilteredObjects:
    """Measure every object and apply both stages once; see ObjectFilter.

    histograms: those of the whole masks, or of the exclusive pixels, as `overlaps` asks.
    """
    return ObjectFilter(histograms).apply(settings)


def explain_rejection(
    filtered: FilteredObjects, index: int, settings: FilterSettings
) -> list[tuple[str, float, float]]:
    """Which thresholds dropped an object, and by how much.

    settings: those that made `filtered`.
    Returns (name of the setting, the object's value, the threshold), empty for a kept object. For an
    object without a pixel in the range the value is its mean aggregation, against the end of the range
    beyond which it lies, or against both where it has pixels on either side. For one that lost all
    pixels to others it is ("overlaps", 0, 1): the pixels it owns, and the least number.
    """
    rejection = Rejection(int(filtered.rejection[index]))
    mean = float(filtered.initial_ratio[index])
    found: list[tuple[str, float, float]] = []
    stage_one = (
        (Rejection.AREA, "min_area", settings.min_area, filtered.initial_area),
        (Rejection.INTENSITY, "min_intensity", settings.min_intensity, filtered.initial_intensity),
        (Rejection.RATIO, "min_ratio", settings.min_ratio, filtered.initial_ratio),
    )
    for flag, name, minimum, values in stage_one:
        if flag in rejection and minimum is not None:
            found.append((name, float(values[index]), float(minimum)))
    if Rejection.RANGE in rejection:
        low, high = settings.min_aggregation, settings.max_aggregation
        if not mean > high:
            found.append(("min_aggregation", mean, low))
        if not mean < low:
            found.append(("max_aggregation", mean, high))
    if Rejection.NO_PIXELS in rejection:
        found.append(("overlaps", 0.0, 1.0))
    return found


def _judged(initial: _Sums, valid: _Sums, settings: FilterSettings) -> FilteredObjects:
    """Both stages on the sums over whole objects and over their valid pixels."""
    initial_area, area = initial[0], valid[0]
    initial_distance = _distance(*initial, settings.polarity)
    distance = _distance(*valid, settings.polarity)
    initial_intensity = (100 * initial_distance) / WHITE
    initial_ratio = _ratio(initial_distance, initial_area)

    rejection = np.zeros(len(area), dtype=np.uint8)
    thresholds = (
        (Rejection.AREA, settings.min_area, initial_area),
        (Rejection.INTENSITY, settings.min_intensity, initial_intensity),
        (Rejection.RATIO, settings.min_ratio, initial_ratio),
    )
    for flag, minimum, values in thresholds:
        if minimum is not None:
            rejection[~(values >= minimum)] |= np.uint8(flag)
    rejection[(rejection == 0) & (area == 0)] = Rejection.RANGE
    rejection[initial_area == 0] = Rejection.NO_PIXELS
    return FilteredObjects(
        keep=rejection == 0,
        rejection=rejection,
        initial_area=initial_area,
        initial_intensity=initial_intensity,
        initial_ratio=initial_ratio,
        area=area,
        intensity=(100 * distance) / WHITE,
        ratio=_ratio(distance, area),
    )


def _sums(histograms: ObjectHistograms, lowest: int, highest: int) -> _Sums:
    """Pixels of each object with a level in the range, and the sum of their levels, both (n,) int64."""
    n = len(histograms)
    area = np.zeros(n, dtype=np.int64)
    level_sum = np.zeros(n, dtype=np.int64)
    filled = np.flatnonzero(np.diff(histograms.offsets) > 0)
    for rows in _row_blocks(histograms.offsets, filled):
        begin = int(histograms.offsets[rows[0]])
        end = int(histograms.offsets[rows[-1] + 1])
        levels = histograms.levels[begin:end]
        counts = histograms.counts[begin:end].astype(np.int64)
        if (lowest, highest) != (0, WHITE):
            counts *= (levels >= lowest) & (levels <= highest)
        # Empty objects own no entries, so the starts of the others cut the block without gaps.
        starts = histograms.offsets[rows] - begin
        area[rows] = np.add.reduceat(counts, starts)
        counts *= levels
        level_sum[rows] = np.add.reduceat(counts, starts)
    for sums in (area, level_sum):
        sums.flags.writeable = False  # kept and handed out more than once
    return area, level_sum


def _row_blocks(offsets: IntArray, filled: IntArray) -> list[IntArray]:
    if not len(filled):
        return []
    block = offsets[filled] // _BLOCK
    cuts = np.flatnonzero(np.diff(block)) + 1
    return np.split(filled, cuts)


def _distance(area: IntArray, level_sum: IntArray, polarity: str) -> IntArray:
    """How far the pixels of each object are from white (dark) or black (bright), summed, in levels.

    100 * 65535 * area stays below 2**53, where float64 is exact, up to 1.3e9 pixels an object.
    """
    return WHITE * area - level_sum if polarity == "dark" else level_sum


def _ratio(distance: IntArray, area: IntArray) -> FloatArray:
    # Straight from the integers: dividing the rounded intensity would round twice.
    ratio = np.full(len(area), np.nan)
    np.divide(100 * distance, WHITE * area, out=ratio, where=area > 0)
    return ratio
